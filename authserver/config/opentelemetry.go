package config

import (
	"slices"
	"strconv"
	"strings"

	"github.com/easyauth-sidecar/easyauth/authserver/secret"
)

const maxPEM = 1 << 20 // bytes

// openTelemetry checks those of OpenTelemetry's own variables that its library reads
// from the environment, and where it takes what it does not know for the default without
// a word. It is for a configuration that traces.
func openTelemetry(environ map[string]string, r *report) {
	const protocol, protocolOfTraces, sampler, argument = "OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_TRACES_SAMPLER", "OTEL_TRACES_SAMPLER_ARG"
	counts := protocol
	if environ[protocolOfTraces] != "" {
		counts = protocolOfTraces
	}
	if value := environ[counts]; value != "" && value != "http/protobuf" && value != "http/json" {
		r.fault(counts, "must be http/protobuf or http/json: traces are sent over HTTP, to port 4318 of most receivers; gRPC is not spoken here")
	}
	for _, name := range []string{
		"OTEL_EXPORTER_OTLP_CERTIFICATE", "OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE",
		"OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", "OTEL_EXPORTER_OTLP_TRACES_CLIENT_CERTIFICATE", "OTEL_EXPORTER_OTLP_CLIENT_KEY", "OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY",
	} {
		if path := environ[name]; path != "" {
			if _, err := secret.ReadFile(path, maxPEM); err != nil {
				r.fault(name, "must name a PEM file that can be read: %v", err)
			}
		}
	}
	kind := strings.ToLower(environ[sampler])
	kinds := []string{"always_on", "always_off", "traceidratio", "parentbased_always_on", "parentbased_always_off", "parentbased_traceidratio"}
	if kind != "" && !slices.Contains(kinds, kind) {
		r.fault(sampler, "must be one of %s", strings.Join(kinds, ", "))
	}
	if value := environ[argument]; value != "" && strings.HasSuffix(kind, "traceidratio") {
		if part, err := strconv.ParseFloat(value, 64); err != nil || !(part >= 0 && part <= 1) { // nor NaN
			r.fault(argument, "must be a share from 0 (none) to 1 (all), such as 0.1")
		}
	}
}

package config

import (
	"path/filepath"
	"testing"
)

func TestOpenTelemetry(t *testing.T) {
	const protocol, sampler, share = "must be http/protobuf or http/json", "must be one of always_on", "must be a share from 0"
	traced := func(more ...string) map[string]string {
		vars := map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"}
		for i := 0; i < len(more); i += 2 {
			vars[more[i]] = more[i+1]
		}
		return vars
	}
	for _, name := range []string{"OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"} {
		checkRefusals(t, name, []refusal{
			{"gRPC", "grpc", "http/protobuf", protocol, traced()},
			{"unknown", marker, "http/json", protocol, traced()},
			{"upper case, which its library does not know", "HTTP/JSON", "", protocol, traced()},
		})
	}
	checkRefusals(t, "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", []refusal{
		{"it counts before the other", "grpc", "http/json", protocol, traced("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")},
	})
	checkRefusals(t, "OTEL_TRACES_SAMPLER", []refusal{
		{"unknown", marker, "parentbased_always_off", sampler, traced()},
		{"a typing error", "traceid_ratio", "TraceIDRatio", sampler, traced()},
		{"of an extension", "jaeger_remote", "always_on", sampler, traced()},
	})
	ratio := traced("OTEL_TRACES_SAMPLER", "parentbased_traceidratio")
	checkRefusals(t, "OTEL_TRACES_SAMPLER_ARG", []refusal{
		{"percent", "10%", "0.1", share, ratio},
		{"more than all", "10", "1", share, ratio},
		{"less than none", "-1", "0", share, ratio},
		{"no number", "NaN", "", share, ratio},
	})
	pem := filepath.Join(t.TempDir(), "pem")
	writeFile(t, pem, "PEM")
	const readable = "must name a PEM file that can be read"
	for _, name := range []string{"OTEL_EXPORTER_OTLP_CERTIFICATE", "OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE", "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", "OTEL_EXPORTER_OTLP_CLIENT_KEY"} {
		checkRefusals(t, name, []refusal{
			{"no file", filepath.Join(t.TempDir(), marker), pem, readable, traced()},
			{"a folder", t.TempDir(), pem, readable, traced()},
			{"a device", "/dev/zero", pem, readable, traced()},
		})
	}
	good(t, with(traced("OTEL_TRACES_SAMPLER", "always_on", "OTEL_TRACES_SAMPLER_ARG", "unused")))
	good(t, with(map[string]string{"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc", "OTEL_TRACES_SAMPLER": "unknown", "OTEL_EXPORTER_OTLP_CERTIFICATE": "/" + marker})) // nothing is traced
}

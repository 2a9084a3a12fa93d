package config

import (
	"strings"
	"testing"
)

func TestObservation(t *testing.T) {
	const share, target = "must be a share from 0", "must be none, stdout or file"
	checkRefusals(t, "EASYAUTH_LOG_ALLOWS", []refusal{
		{"a word", marker, "0.5", share, nil},
		{"less than none", "-0.1", "0", share, nil},
		{"more than all", "1.01", "1", share, nil},
		{"percent", "5%", "5e-2", share, nil},
		{"no number", "NaN", "0.0", share, nil},
		{"without end", "Inf", "1.0", share, nil},
	})
	toFile := map[string]string{"EASYAUTH_AUDIT": "file"}
	checkRefusals(t, "EASYAUTH_AUDIT", []refusal{
		{"unknown", marker, "STDOUT", target, nil},
		{"syslog", "syslog", "none", target, nil},
		{"unknown, with a file", marker, "file", target, map[string]string{"EASYAUTH_AUDIT_FILE": "/var/log/audit"}},
	})
	checkRefusals(t, "EASYAUTH_AUDIT_FILE", []refusal{
		{"absent", "", "/var/log/audit", "is required with EASYAUTH_AUDIT=file", toFile},
		{"without a stream", "/" + marker, "", "needs EASYAUTH_AUDIT=file", nil},
		{"with another stream", "/" + marker, "", "needs EASYAUTH_AUDIT=file", map[string]string{"EASYAUTH_AUDIT": "stdout"}},
	})
	for _, name := range []string{"OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"} {
		const receiver = "must be the URL of a receiver"
		checkRefusals(t, name, []refusal{
			{"a host", "collector:4318", "http://collector:4318", receiver, nil},
			{"gRPC's", "grpc://collector:4317", "https://collector:4318", receiver, nil},
			{"no host", "http:///v1/traces", "http://c/v1/traces", receiver, nil},
			{"a password", "http://u:" + marker + "@c", "http://c", receiver, nil},
			{"no URL", "http://c:%zz", "http://c:1", receiver, nil},
		})
	}
}

// What is said of an audit stream that there is not has no effect.
func TestAuditAllowsWithoutAStream(t *testing.T) {
	const name = "EASYAUTH_AUDIT_ALLOWS"
	for _, row := range []struct {
		name   string
		vars   map[string]string
		warned bool
	}{
		{"no stream", map[string]string{name: "false"}, true},
		{"none", map[string]string{name: "true", "EASYAUTH_AUDIT": "none"}, true},
		{"a stream", map[string]string{name: "false", "EASYAUTH_AUDIT": "stdout"}, false},
		{"a file", map[string]string{name: "false", "EASYAUTH_AUDIT": "file", "EASYAUTH_AUDIT_FILE": "/var/log/audit"}, false},
		{"nobody knows", map[string]string{name: "false", "EASYAUTH_AUDIT": marker}, false},
		{"not said", nil, false},
	} {
		_, warnings, _ := load(t, with(row.vars))
		if row.warned != (len(warnings) == 1) || row.warned && !strings.HasPrefix(string(warnings[0]), name+" has no effect: ") {
			t.Errorf("%s: %q", row.name, warnings)
		}
	}
}

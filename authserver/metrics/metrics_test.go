package metrics_test

import (
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/metrics"
)

func TestCounters(t *testing.T) {
	reg := prometheus.NewRegistry()
	m := metrics.New(reg, "v1")
	m.Decision(access.Decision{})
	m.Decision(access.Decision{Outcome: access.Allow, Reason: access.ReasonOK})
	m.SignIn("login", "ok")
	m.ConfigError("bad_query")
	m.HeaderOverflow()
	m.Answer("callback", metrics.LargeAnswer)
	m.Answer("callback", metrics.LargeAnswer+1)
	want := `
# HELP easyauth_configuration_errors_total Requests refused because of the proxy's configuration: bad_query (auth-url), bad_original_url (X-Original-URL), host_not_served (HOSTS).
# TYPE easyauth_configuration_errors_total counter
easyauth_configuration_errors_total{kind="bad_query"} 1
# HELP easyauth_decisions_total Answers of the auth endpoint, by outcome and reason.
# TYPE easyauth_decisions_total counter
easyauth_decisions_total{outcome="allow",reason="ok"} 1
easyauth_decisions_total{outcome="deny",reason="none"} 1
# HELP easyauth_header_overflow_total Answers whose identity headers did not fit and were left empty in part.
# TYPE easyauth_header_overflow_total counter
easyauth_header_overflow_total 1
# HELP easyauth_large_answers_total Answers with more than 4,000 bytes of headers: nginx needs a proxy_buffer_size above its default.
# TYPE easyauth_large_answers_total counter
easyauth_large_answers_total{endpoint="callback"} 1
# HELP easyauth_signins_total Ended steps of a sign-in or sign-out, by step and result (ok, redirect, or the reason of the refusal).
# TYPE easyauth_signins_total counter
easyauth_signins_total{result="ok",step="login"} 1
`
	names := []string{
		"easyauth_configuration_errors_total", "easyauth_decisions_total", "easyauth_header_overflow_total",
		"easyauth_large_answers_total", "easyauth_signins_total",
	}
	if err := testutil.GatherAndCompare(reg, strings.NewReader(want), names...); err != nil {
		t.Error(err)
	}
	if n, err := testutil.GatherAndCount(reg, "easyauth_build_info", "go_goroutines"); err != nil || n != 2 {
		t.Errorf("%d metrics of the build and the runtime, %v", n, err)
	}
}

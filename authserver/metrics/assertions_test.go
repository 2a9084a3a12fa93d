package metrics_test

import (
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/easyauth-sidecar/easyauth/authserver/metrics"
)

// Who does not sign shows nothing of it; who does, each result from the start.
func TestAssertions(t *testing.T) {
	const name = "easyauth_assertions_total"
	reg := prometheus.NewRegistry()
	m := metrics.New(reg, "v1")
	if n := testutil.CollectAndCount(reg, name); n != 0 {
		t.Errorf("%d series, and nobody signs", n)
	}
	a := m.Assertions()
	for _, result := range []metrics.AssertionResult{metrics.AssertionOK, metrics.AssertionOK, metrics.AssertionTooLong} {
		a.Count(result)
	}
	m.Assertions().Count(metrics.AssertionOK) // another generation goes on
	want := `
# HELP easyauth_assertions_total Requests that may pass, by what became of the signed identity (ok, incomplete, too_long, no_audience, failed).
# TYPE easyauth_assertions_total counter
easyauth_assertions_total{result="failed"} 0
easyauth_assertions_total{result="incomplete"} 0
easyauth_assertions_total{result="no_audience"} 0
easyauth_assertions_total{result="ok"} 3
easyauth_assertions_total{result="too_long"} 1
`
	if err := testutil.GatherAndCompare(reg, strings.NewReader(want), name); err != nil {
		t.Error(err)
	}
	var nobody *metrics.Metrics
	nobody.Assertions().Count(metrics.AssertionOK)
}

package metrics_test

import (
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/easyauth-sidecar/easyauth/authserver/metrics"
)

func TestRemote(t *testing.T) {
	reg := prometheus.NewRegistry()
	m := metrics.New(reg, "v1")
	keys, token := m.Remote(metrics.TargetKeys), m.Remote(metrics.TargetToken)
	keys.Begin().End(metrics.ResultOK)
	keys.Begin().End(metrics.ResultRefused) // keys are not refused
	token.Begin().End(metrics.ResultRefused)
	token.Begin().End("anything that a caller might write")
	want := `
# HELP easyauth_remote_requests_total What the identity provider and Microsoft Graph were asked, by target and result.
# TYPE easyauth_remote_requests_total counter
easyauth_remote_requests_total{result="bad_answer",target="keys"} 1
easyauth_remote_requests_total{result="bad_answer",target="token"} 1
easyauth_remote_requests_total{result="client_refused",target="token"} 0
easyauth_remote_requests_total{result="ok",target="keys"} 1
easyauth_remote_requests_total{result="ok",target="token"} 0
easyauth_remote_requests_total{result="refused",target="token"} 1
`
	for _, result := range []string{"cancelled", "http_4xx", "http_5xx", "not_sent", "throttled", "timeout", "too_large", "unreachable", "untrusted"} {
		for _, target := range []string{"keys", "token"} {
			want += `easyauth_remote_requests_total{result="` + result + `",target="` + target + "\"} 0\n"
		}
	}
	if err := testutil.GatherAndCompare(reg, strings.NewReader(want), "easyauth_remote_requests_total"); err != nil {
		t.Error(err)
	}
	if n, err := testutil.GatherAndCount(reg, "easyauth_remote_request_duration_seconds"); err != nil || n != 2 {
		t.Errorf("times of %d targets, %v", n, err)
	}
}

func TestOfStatus(t *testing.T) {
	for status, want := range map[int]metrics.Result{
		0: metrics.ResultBadAnswer, 100: metrics.ResultBadAnswer, 199: metrics.ResultBadAnswer, 200: metrics.ResultOK, 299: metrics.ResultOK,
		302: metrics.ResultBadAnswer, 400: metrics.ResultHTTP4xx, 404: metrics.ResultHTTP4xx, 429: metrics.ResultThrottled, 499: metrics.ResultHTTP4xx,
		500: metrics.ResultHTTP5xx, 599: metrics.ResultHTTP5xx, 600: metrics.ResultBadAnswer,
	} {
		if got := metrics.OfStatus(status); got != want {
			t.Errorf("%d is %s, want %s", status, got, want)
		}
	}
}

func TestDuration(t *testing.T) {
	reg := prometheus.NewRegistry()
	m := metrics.New(reg, "v1")
	auth := m.Duration(metrics.EndpointAuth)
	auth.Since(time.Now())
	auth.Since(time.Now().Add(-time.Minute))
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() != "easyauth_request_duration_seconds" {
			continue
		}
		h := f.GetMetric()[0].GetHistogram()
		if sum := h.GetSampleSum(); h.GetSampleCount() != 2 || sum < 60 || sum > 90 {
			t.Errorf("%d times of %v s", h.GetSampleCount(), sum)
		}
		if n := len(h.GetBucket()); n > 10 {
			t.Errorf("%d buckets: each is a series of each endpoint", n)
		}
		return
	}
	t.Error("there are no times")
}

// A nil *Metrics counts nothing, and says so by doing nothing.
func TestNil(t *testing.T) {
	var m *metrics.Metrics
	m.Duration(metrics.EndpointAuth).Since(time.Now())
	m.Remote(metrics.TargetToken).Begin().End(metrics.ResultOK)
	m.GraphQuery(metrics.ResultOK)
	m.StoreOperation("get", "ok")
	m.StoreTook("get", time.Now())
	m.Stores("get")
	m.Cache(metrics.CacheTickets, nil)
	m.Keys(nil)
	m.Provider(nil)
	m.ConfigurationLoaded(nil)
	m.ClientCertificate(nil)
	m.ListenerCertificate(time.Now())
	m.AuditFailed()
	m.Show()
	if m.Stage() != nil {
		t.Error("the stage of none is one")
	}
}

package metrics_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/easyauth-sidecar/easyauth/authserver/metrics"
)

// What is built beside the server that runs is not shown until it takes over, and
// what the new one does not know of stays.
func TestStage(t *testing.T) {
	reg := prometheus.NewRegistry()
	m := metrics.New(reg, "v1")
	m.Cache(metrics.CacheTickets, held{100, 1})
	m.Cache(metrics.CacheRevocations, held{200, 2}) // survives
	m.Provider(func() bool { return true })
	m.Keys(func() []metrics.Key {
		return []metrics.Key{{ID: "0a1b2c3d", State: metrics.KeySealing}, {ID: "ffffffff", State: metrics.KeyOpening}}
	})
	shown := func(when, tickets, ready, keys string) {
		t.Helper()
		want := `
# HELP easyauth_cache_bytes Memory that a cache takes.
# TYPE easyauth_cache_bytes gauge
easyauth_cache_bytes{cache="revocations"} 200
easyauth_cache_bytes{cache="tickets"} ` + tickets + `
# HELP easyauth_key_info Always 1; the keys that cookies are sealed and opened with, by id and state (sealing, opening).
# TYPE easyauth_key_info gauge
` + keys + `# HELP easyauth_provider_ready 1 once the identity provider's discovery document was read; until then nobody can sign in.
# TYPE easyauth_provider_ready gauge
easyauth_provider_ready ` + ready + "\n"
		if err := testutil.GatherAndCompare(reg, strings.NewReader(want), "easyauth_cache_bytes", "easyauth_key_info", "easyauth_provider_ready"); err != nil {
			t.Errorf("%s: %v", when, err)
		}
	}
	before := `easyauth_key_info{key="0a1b2c3d",state="sealing"} 1` + "\n" + `easyauth_key_info{key="ffffffff",state="opening"} 1` + "\n"
	after := `easyauth_key_info{key="11111111",state="sealing"} 1` + "\n"
	refused := m.Stage()
	refused.Cache(metrics.CacheTickets, held{999, 9})
	next := m.Stage()
	next.Cache(metrics.CacheTickets, held{300, 3})
	next.Provider(func() bool { return false })
	next.Keys(func() []metrics.Key { return []metrics.Key{{ID: "11111111", State: metrics.KeySealing}} })
	next.HeaderOverflow()
	shown("before the swap", "100", "1", before)
	next.Show()
	shown("after it", "300", "0", after)
	next.Cache(metrics.CacheTickets, held{400, 4})
	shown("later", "400", "0", after)
	m.HeaderOverflow()
	if n := testutil.CollectAndCount(reg, "easyauth_header_overflow_total"); n != 1 {
		t.Errorf("%d counters of one name", n)
	}
	if err := testutil.GatherAndCompare(reg, strings.NewReader(`
# HELP easyauth_header_overflow_total Answers whose identity headers did not fit and were left empty in part.
# TYPE easyauth_header_overflow_total counter
easyauth_header_overflow_total 2
`), "easyauth_header_overflow_total"); err != nil {
		t.Errorf("they do not count together: %v", err)
	}
}

func TestConfiguration(t *testing.T) {
	reg := prometheus.NewRegistry()
	m := metrics.New(reg, "v1")
	gauge := func(name string) float64 {
		t.Helper()
		families, err := reg.Gather()
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range families {
			if f.GetName() == name {
				return f.GetMetric()[0].GetGauge().GetValue()
			}
		}
		return -1
	}
	const lastOK, loaded, ends = "easyauth_configuration_last_load_ok", "easyauth_configuration_loaded_timestamp_seconds", "easyauth_certificate_expiry_timestamp_seconds"
	m.ConfigurationLoaded(nil)
	at := gauge(loaded)
	if now := float64(time.Now().Unix()); gauge(lastOK) != 1 || at < now-60 || at > now+60 {
		t.Errorf("loaded at %v, ok %v", at, gauge(lastOK))
	}
	m.ConfigurationLoaded(errors.New("a fault"))
	if gauge(lastOK) != 0 || gauge(loaded) != at {
		t.Errorf("refused: loaded at %v, ok %v", gauge(loaded), gauge(lastOK))
	}
	m.ConfigurationLoaded(nil)
	if gauge(lastOK) != 1 {
		t.Error("mended, and still refused")
	}
	m.AuditFailed()
	if err := testutil.GatherAndCompare(reg, strings.NewReader(`
# HELP easyauth_audit_failures_total Audit events that could not be written.
# TYPE easyauth_audit_failures_total counter
easyauth_audit_failures_total 1
# HELP easyauth_configuration_loads_total Configurations that were read, and files of it that were refused or are in order again, by result (ok, refused).
# TYPE easyauth_configuration_loads_total counter
easyauth_configuration_loads_total{result="ok"} 2
easyauth_configuration_loads_total{result="refused"} 1
`), "easyauth_audit_failures_total", "easyauth_configuration_loads_total"); err != nil {
		t.Error(err)
	}
	if gauge(ends) != -1 {
		t.Error("without a certificate one ends")
	}
	m.ListenerCertificate(time.Unix(1_900_000_000, 0))
	if gauge(ends) != 1_900_000_000 {
		t.Errorf("ends at %v", gauge(ends))
	}
	m.ListenerCertificate(time.Time{})
	if gauge(ends) != -1 {
		t.Error("the certificate is gone, and ends all the same")
	}
	client := time.Unix(1_800_000_000, 0)
	m.ClientCertificate(func() time.Time { return client })
	if gauge(ends) != 1_800_000_000 {
		t.Errorf("the client's ends at %v", gauge(ends))
	}
	if client = (time.Time{}); gauge(ends) != -1 {
		t.Error("a secret ends")
	}
}

package metrics_test

import (
	"errors"
	"sync"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/easyauth-sidecar/easyauth/authserver/metrics"
)

// lastLoadOK is what the world is told.
func lastLoadOK(t *testing.T, reg *prometheus.Registry) bool {
	t.Helper()
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == "easyauth_configuration_last_load_ok" {
			return f.GetMetric()[0].GetGauge().GetValue() == 1
		}
	}
	t.Fatal("not shown")
	return false
}

// All is well once the configuration and each of its files is, whatever order they are mended in, and whoever of a
// configuration and the one that replaces it tells.
func TestFilesRefused(t *testing.T) {
	const keys, certificate = "EASYAUTH_KEYS_FILE", "EASYAUTH_TLS_CERT_FILE"
	reg := prometheus.NewRegistry()
	m := metrics.New(reg, "v1")
	fault := errors.New("a fault")
	for _, step := range []struct {
		name string
		do   func()
		ok   bool
	}{
		{"at the start", func() {}, true},
		{"a file is refused", func() { m.FileLoaded(keys, fault) }, false},
		{"the configuration is taken", func() { m.ConfigurationLoaded(nil) }, false},
		{"another file is refused", func() { m.FileLoaded(certificate, fault) }, false},
		{"the first is in order", func() { m.FileLoaded(keys, nil) }, false},
		{"the configuration is refused", func() { m.ConfigurationLoaded(fault) }, false},
		{"the other file is in order", func() { m.FileLoaded(certificate, nil) }, false},
		{"the next configuration is taken", func() { m.Stage().ConfigurationLoaded(nil) }, true},
		{"a file of the next is refused", func() { m.Stage().FileLoaded(keys, fault) }, false},
		{"and in order", func() { m.FileLoaded(keys, nil) }, true},
	} {
		step.do()
		if ok := lastLoadOK(t, reg); ok != step.ok {
			t.Errorf("%s: all is well: %v", step.name, ok)
		}
	}
	var both sync.WaitGroup
	for _, of := range []*metrics.Metrics{m, m.Stage(), nil} {
		both.Go(func() {
			for range 50 {
				of.FileLoaded(keys, fault)
				of.FileLoaded(keys, nil)
			}
		})
	}
	both.Wait()
	if n, err := testutil.GatherAndCount(reg, "easyauth_configuration_loads_total"); err != nil || n != 2 {
		t.Errorf("%d results, %v", n, err)
	}
	if series := gathered(t, reg); series[`easyauth_configuration_loads_total{result="refused"}`] != 104 {
		t.Errorf("refused: %v", series[`easyauth_configuration_loads_total{result="refused"}`])
	}
}

package metrics

import (
	"sync"

	"github.com/prometheus/client_golang/prometheus"
)

// CertificateUse is what a certificate of ours is for: a label, from a closed set.
type CertificateUse string

// The uses of a certificate.
const (
	CertificateListener CertificateUse = "listener" // of our own public listener
	CertificateClient   CertificateUse = "client"   // that proves to the provider who we are
)

// configuration counts how often it was loaded, and what hangs on it.
type configuration struct {
	loads        *prometheus.CounterVec
	loaded, good prometheus.Gauge
	audit        prometheus.Counter

	mu      sync.Mutex
	refused map[string]bool // the parts of which the latest was refused
}

// whole is the part that is the configuration itself; the others are its files, by setting.
const whole = ""

func (c *configuration) register(reg prometheus.Registerer) {
	c.loads = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "easyauth_configuration_loads_total", Help: "Configurations that were read, and files of it that were refused or are in order again, by result (ok, refused).",
	}, []string{"result"})
	c.loads.WithLabelValues("ok")
	c.loads.WithLabelValues("refused")
	c.loaded = prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "easyauth_configuration_loaded_timestamp_seconds", Help: "When the configuration in use was loaded, in seconds since 1970.",
	})
	c.good = prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "easyauth_configuration_last_load_ok", Help: "0 while the latest configuration, file of keys or certificate of the listener was refused and the one before is in use, else 1.",
	})
	c.good.Set(1)
	c.audit = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "easyauth_audit_failures_total", Help: "Audit events that could not be written.",
	})
	reg.MustRegister(c.loads, c.loaded, c.good, c.audit)
}

// ConfigurationLoaded counts a configuration that was loaded, or refused with an
// error: then the one before stays in use.
func (m *Metrics) ConfigurationLoaded(err error) {
	if m == nil {
		return
	}
	m.configuration.note(whole, err)
	if err == nil {
		m.configuration.loaded.SetToCurrentTime()
	}
}

// FileLoaded counts a file of the configuration that was refused with an error, or is
// in order again; setting is the variable that names it.
func (m *Metrics) FileLoaded(setting string, err error) {
	if m != nil {
		m.configuration.note(setting, err)
	}
}

// note counts, and shows whether anything is refused.
func (c *configuration) note(part string, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil {
		c.refused[part] = true
		c.loads.WithLabelValues("refused").Inc()
	} else {
		delete(c.refused, part)
		c.loads.WithLabelValues("ok").Inc()
	}
	if len(c.refused) > 0 {
		c.good.Set(0)
	} else {
		c.good.Set(1)
	}
}

// AuditFailed counts an event that could not be written to the audit stream.
func (m *Metrics) AuditFailed() {
	if m != nil {
		m.configuration.audit.Inc()
	}
}

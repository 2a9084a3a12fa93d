package metrics

import "github.com/prometheus/client_golang/prometheus"

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
}

func (c *configuration) register(reg prometheus.Registerer) {
	c.loads = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "easyauth_configuration_loads_total", Help: "Configurations and files of it that were read, by result (ok, refused).",
	}, []string{"result"})
	c.loads.WithLabelValues("ok")
	c.loads.WithLabelValues("refused")
	c.loaded = prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "easyauth_configuration_loaded_timestamp_seconds", Help: "When the configuration in use was loaded, in seconds since 1970.",
	})
	c.good = prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "easyauth_configuration_last_load_ok", Help: "0 while the latest configuration was refused and an older one is in use, else 1.",
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
	switch {
	case m == nil:
	case err != nil:
		m.configuration.loads.WithLabelValues("refused").Inc()
		m.configuration.good.Set(0)
	default:
		m.configuration.loads.WithLabelValues("ok").Inc()
		m.configuration.good.Set(1)
		m.configuration.loaded.SetToCurrentTime()
	}
}

// AuditFailed counts an event that could not be written to the audit stream.
func (m *Metrics) AuditFailed() {
	if m != nil {
		m.configuration.audit.Inc()
	}
}

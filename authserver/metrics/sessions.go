package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// sessions counts what becomes of sessions after a sign-in.
type sessions struct {
	opened      *prometheus.CounterVec
	store       *prometheus.CounterVec
	storeTimes  *prometheus.HistogramVec
	refreshes   *prometheus.CounterVec
	revocations *prometheus.CounterVec
}

func (s *sessions) register(reg prometheus.Registerer) {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		c := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
		reg.MustRegister(c)
		return c
	}
	s.opened = counter("easyauth_tickets_opened_total", "Session cookies that were valid, by the id of the key that sealed them: a key may go when its count stands still.", "key")
	s.store = counter("easyauth_store_operations_total", "Operations of the session store or the revocation list, by operation and result.", "operation", "result")
	s.refreshes = counter("easyauth_refreshes_total", "Attempts to refresh the tokens of a session, by result.", "result")
	s.revocations = counter("easyauth_revocations_total", "Sessions or groups of sessions ended before their time, by scope.", "scope")
	s.storeTimes = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "easyauth_store_operation_duration_seconds", Help: "Time that an operation of the session store or the revocation list took.",
		Buckets: []float64{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.25, 1},
	}, []string{"operation"})
	reg.MustRegister(s.storeTimes)
	for _, result := range []string{"ok", "ended", "not_kept", "failed", "elsewhere"} {
		s.refreshes.WithLabelValues(result)
	}
	for _, scope := range []string{"one", "user", "sid"} {
		s.revocations.WithLabelValues(scope)
	}
}

// TicketsOpened counts session cookies that one key of the ring sealed. A nil
// *TicketsOpened counts nothing.
type TicketsOpened struct{ n prometheus.Counter }

// TicketsOpened returns the counter of the key with this id. Ask for it once for each
// session: to look it up for each request would cost more than to count.
func (m *Metrics) TicketsOpened(key string) *TicketsOpened {
	if m == nil {
		return nil
	}
	return &TicketsOpened{m.sessions.opened.WithLabelValues(key)}
}

// Count counts one.
func (o *TicketsOpened) Count() {
	if o != nil {
		o.n.Inc()
	}
}

// Stores shows these operations, and their failures, from the start.
func (m *Metrics) Stores(ops ...string) {
	if m == nil {
		return
	}
	for _, op := range ops {
		m.sessions.storeTimes.WithLabelValues(op)
		for _, result := range []string{"ok", "error", "timeout"} {
			m.sessions.store.WithLabelValues(op, result)
		}
	}
}

// StoreOperation counts an operation of a store or a revocation list. Both texts
// come from closed sets, as do those of the methods below.
func (m *Metrics) StoreOperation(op, result string) {
	if m != nil {
		m.sessions.store.WithLabelValues(op, result).Inc()
	}
}

// StoreTook takes the time of an operation that began then and ends now.
func (m *Metrics) StoreTook(op string, began time.Time) {
	if m != nil {
		m.sessions.storeTimes.WithLabelValues(op).Observe(time.Since(began).Seconds())
	}
}

// Refresh counts an attempt to refresh the tokens of a session.
func (m *Metrics) Refresh(result string) {
	if m != nil {
		m.sessions.refreshes.WithLabelValues(result).Inc()
	}
}

// Revoked counts sessions that were ended before their time by one call.
func (m *Metrics) Revoked(scope string) {
	if m != nil {
		m.sessions.revocations.WithLabelValues(scope).Inc()
	}
}

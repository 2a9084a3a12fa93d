package metrics

import "github.com/prometheus/client_golang/prometheus"

// sessions counts what becomes of sessions after a sign-in.
type sessions struct {
	opened      *prometheus.CounterVec
	store       *prometheus.CounterVec
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

// StoreOperation counts an operation of a store or a revocation list. Both texts
// come from closed sets, as do those of the methods below.
func (m *Metrics) StoreOperation(op, result string) {
	if m != nil {
		m.sessions.store.WithLabelValues(op, result).Inc()
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

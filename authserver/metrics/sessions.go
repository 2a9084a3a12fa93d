package metrics

import (
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
)

// sessions counts what becomes of sessions after a sign-in.
type sessions struct {
	opened      *prometheus.CounterVec
	store       *prometheus.CounterVec
	refreshes   *prometheus.CounterVec
	cache       *prometheus.CounterVec
	revocations *prometheus.CounterVec

	cacheBytes, cacheEntries, revocationEntries size
}

// size is read whenever the metrics are; 0 until somebody says where from.
type size struct{ from atomic.Pointer[func() int] }

func (s *size) read() float64 {
	if f := s.from.Load(); f != nil {
		return float64((*f)())
	}
	return 0
}

func (s *sessions) register(reg prometheus.Registerer) {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		c := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
		reg.MustRegister(c)
		return c
	}
	gauge := func(name, help string, s *size) {
		reg.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, s.read))
	}
	s.opened = counter("easyauth_tickets_opened_total", "Session cookies opened, by the id of the key that sealed them: a key may go when its count stands still.", "key")
	s.store = counter("easyauth_store_operations_total", "Operations of the session store or the revocation list, by operation and result.", "operation", "result")
	s.refreshes = counter("easyauth_refreshes_total", "Attempts to refresh the tokens of a session, by result.", "result")
	s.cache = counter("easyauth_session_cache_requests_total", "Look-ups in the cache of stored sessions, by result (hit, miss).", "result")
	s.revocations = counter("easyauth_revocations_total", "Sessions or groups of sessions ended before their time, by scope.", "scope")
	gauge("easyauth_session_cache_bytes", "Size of the cache of stored sessions.", &s.cacheBytes)
	gauge("easyauth_session_cache_entries", "Entries of the cache of stored sessions.", &s.cacheEntries)
	gauge("easyauth_revocation_entries", "Entries of the revocation list that have not run out.", &s.revocationEntries)
}

// TicketOpened counts a session cookie that was opened with the ring key of this id.
func (m *Metrics) TicketOpened(key string) {
	if m != nil {
		m.sessions.opened.WithLabelValues(key).Inc()
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

// SessionCache counts a look-up in the cache of stored sessions.
func (m *Metrics) SessionCache(hit bool) {
	if m == nil {
		return
	}
	result := "miss"
	if hit {
		result = "hit"
	}
	m.sessions.cache.WithLabelValues(result).Inc()
}

// Revoked counts sessions that were ended before their time by one call.
func (m *Metrics) Revoked(scope string) {
	if m != nil {
		m.sessions.revocations.WithLabelValues(scope).Inc()
	}
}

// SessionCacheSize says where the size of the cache of stored sessions is read, in
// bytes and in entries. Both functions are quick and safe for concurrent use.
func (m *Metrics) SessionCacheSize(bytes, entries func() int) {
	if m != nil {
		m.sessions.cacheBytes.from.Store(&bytes)
		m.sessions.cacheEntries.from.Store(&entries)
	}
}

// RevocationEntries says where the length of the revocation list is read.
func (m *Metrics) RevocationEntries(entries func() int) {
	if m != nil {
		m.sessions.revocationEntries.from.Store(&entries)
	}
}

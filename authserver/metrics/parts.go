package metrics

import (
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// KeyState says what a key of the ring is for: a label, from a closed set.
type KeyState string

// The states of a key.
const (
	KeySealing KeyState = "sealing" // it seals what is new
	KeyOpening KeyState = "opening" // it only opens: an old one, or the next
)

// Key is one key of the ring, by its id, which is no secret.
type Key struct {
	ID    string
	State KeyState
}

// parts are what is asked when the metrics are read: those of the configuration
// that is in use.
type parts struct {
	mu     sync.Mutex
	caches map[CacheName]Cached
	keys   func() []Key
	ready  func() bool
	client func() time.Time // when the client certificate ends
}

func newParts() *parts { return &parts{caches: make(map[CacheName]Cached)} }

// shown reads the parts whenever the metrics are read.
type shown struct {
	bytes, limit, entries, keys, ready, expires *prometheus.Desc

	parts    atomic.Pointer[parts]
	listener atomic.Pointer[time.Time] // when the listener's certificate ends; nil: there is none
}

func newShown(p *parts) *shown {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc(name, help, labels, nil)
	}
	s := &shown{
		bytes:   desc("easyauth_cache_bytes", "Memory that a cache takes.", "cache"),
		limit:   desc("easyauth_cache_limit_bytes", "Memory that a cache takes at most.", "cache"),
		entries: desc("easyauth_cache_entries", "Entries of a cache.", "cache"),
		keys:    desc("easyauth_key_info", "Always 1; the keys that cookies are sealed and opened with, by id and state (sealing, opening).", "key", "state"),
		ready:   desc("easyauth_provider_ready", "1 once the identity provider's discovery document was read; until then nobody can sign in."),
		expires: desc("easyauth_certificate_expiry_timestamp_seconds", "When a certificate of ours ends, in seconds since 1970, by use (listener, client).", "use"),
	}
	s.parts.Store(p)
	return s
}

// Describe implements prometheus.Collector.
func (s *shown) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{s.bytes, s.limit, s.entries, s.keys, s.ready, s.expires} {
		out <- d
	}
}

// Collect implements prometheus.Collector.
func (s *shown) Collect(out chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	p := s.parts.Load()
	p.mu.Lock()
	defer p.mu.Unlock()
	for name, from := range p.caches {
		gauge(s.bytes, float64(from.Bytes()), string(name))
		gauge(s.limit, float64(from.Limit()), string(name))
		gauge(s.entries, float64(from.Len()), string(name))
	}
	if p.keys != nil {
		for _, k := range p.keys() {
			gauge(s.keys, 1, k.ID, string(k.State))
		}
	}
	if p.ready != nil {
		v := 0.0
		if p.ready() {
			v = 1
		}
		gauge(s.ready, v)
	}
	if at := s.listener.Load(); at != nil {
		gauge(s.expires, float64(at.Unix()), string(CertificateListener))
	}
	if p.client != nil {
		if at := p.client(); !at.IsZero() {
			gauge(s.expires, float64(at.Unix()), string(CertificateClient))
		}
	}
}

// Cache shows the size of a cache, instead of what had this name before.
func (m *Metrics) Cache(name CacheName, from Cached) {
	m.tell(func(p *parts) { p.caches[name] = from })
}

// Keys shows the keys of a ring, which list gives; ids that differ. It is called
// at once, for what TicketsOpened counts, and whenever the metrics are read.
func (m *Metrics) Keys(list func() []Key) {
	m.tell(func(p *parts) { p.keys = list })
	if m == nil || list == nil {
		return
	}
	for _, k := range list() {
		m.sessions.opened.WithLabelValues(k.ID)
	}
}

// Provider shows whether the identity provider can be used. ready is called
// whenever the metrics are read.
func (m *Metrics) Provider(ready func() bool) { m.tell(func(p *parts) { p.ready = ready }) }

// ClientCertificate shows when the certificate ends that proves to the provider who we
// are: ends gives it, or the zero time where there is none, whenever the metrics are
// read.
func (m *Metrics) ClientCertificate(ends func() time.Time) {
	m.tell(func(p *parts) { p.client = ends })
}

// ListenerCertificate shows when the certificate of the public listener ends; the zero
// time: there is none.
func (m *Metrics) ListenerCertificate(ends time.Time) {
	switch {
	case m == nil:
	case ends.IsZero():
		m.shown.listener.Store(nil)
	default:
		m.shown.listener.Store(&ends)
	}
}

func (m *Metrics) tell(of func(*parts)) {
	if m == nil {
		return
	}
	m.parts.mu.Lock()
	defer m.parts.mu.Unlock()
	of(m.parts)
}

// Stage returns Metrics for a server that is being built beside the one that runs.
// Both count together. What the new one tells of its caches, keys and provider is
// not shown before Show; what it does not tell of stays as it is.
func (m *Metrics) Stage() *Metrics {
	if m == nil {
		return nil
	}
	m.parts.mu.Lock()
	defer m.parts.mu.Unlock()
	staged := *m
	staged.parts = &parts{caches: maps.Clone(m.parts.caches), keys: m.parts.keys, ready: m.parts.ready, client: m.parts.client}
	return &staged
}

// Show makes this server the one whose caches, keys and provider are shown.
func (m *Metrics) Show() {
	if m != nil {
		m.shown.parts.Store(m.parts)
	}
}

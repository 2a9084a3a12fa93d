package metrics

import (
	"sync"

	"github.com/prometheus/client_golang/prometheus"
)

// CacheName is one of the caches of a server: a label, from a closed set.
type CacheName string

// The caches. A server has those that its configuration needs.
const (
	CacheTickets       CacheName = "tickets"        // opened session cookies
	CacheSessions      CacheName = "sessions"       // sessions read from a store
	CacheQueries       CacheName = "queries"        // parsed queries of auth-urls
	CacheBearer        CacheName = "bearer"         // verified access tokens
	CacheMembers       CacheName = "members"        // groups of access tokens
	CacheGroupNames    CacheName = "group_names"    // what groups are called
	CacheAttempts      CacheName = "attempts"       // sign-ins that came back
	CacheRevocations   CacheName = "revocations"    // tickets that ended before their time
	CacheRefreshPauses CacheName = "refresh_pauses" // sessions that could not be refreshed a moment ago
)

// Cached is a cache as it is now. Its methods are quick and safe for concurrent use.
type Cached interface {
	Bytes() int64 // never more than Limit
	Limit() int64
	Len() int
}

// caches reads the size of every cache whenever the metrics are read.
type caches struct {
	looked                *prometheus.CounterVec
	bytes, limit, entries *prometheus.Desc

	mu    sync.Mutex
	sizes map[CacheName]Cached
}

func (c *caches) register(reg prometheus.Registerer) {
	c.looked = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "easyauth_cache_requests_total", Help: "Look-ups in a cache, by result (hit, miss).",
	}, []string{"cache", "result"})
	label := []string{"cache"}
	c.bytes = prometheus.NewDesc("easyauth_cache_bytes", "Memory that a cache takes.", label, nil)
	c.limit = prometheus.NewDesc("easyauth_cache_limit_bytes", "Memory that a cache takes at most.", label, nil)
	c.entries = prometheus.NewDesc("easyauth_cache_entries", "Entries of a cache.", label, nil)
	c.sizes = make(map[CacheName]Cached)
	reg.MustRegister(c.looked, c)
}

// Describe implements prometheus.Collector.
func (c *caches) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{c.bytes, c.limit, c.entries} {
		out <- d
	}
}

// Collect implements prometheus.Collector.
func (c *caches) Collect(out chan<- prometheus.Metric) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for name, from := range c.sizes {
		gauge := func(d *prometheus.Desc, v float64) {
			out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, string(name))
		}
		gauge(c.bytes, float64(from.Bytes()))
		gauge(c.limit, float64(from.Limit()))
		gauge(c.entries, float64(from.Len()))
	}
}

// Cache shows the size of a cache, instead of what had this name before.
func (m *Metrics) Cache(name CacheName, from Cached) {
	if m == nil {
		return
	}
	m.caches.mu.Lock()
	defer m.caches.mu.Unlock()
	m.caches.sizes[name] = from
}

// LookUps counts what is asked of one cache. A nil *LookUps counts nothing.
type LookUps struct{ hits, misses prometheus.Counter }

// LookUps returns the counter of a cache.
func (m *Metrics) LookUps(name CacheName) *LookUps {
	if m == nil {
		return nil
	}
	return &LookUps{m.caches.looked.WithLabelValues(string(name), "hit"), m.caches.looked.WithLabelValues(string(name), "miss")}
}

// Count counts one look-up.
func (l *LookUps) Count(hit bool) {
	switch {
	case l == nil:
	case hit:
		l.hits.Inc()
	default:
		l.misses.Inc()
	}
}

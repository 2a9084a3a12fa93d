package metrics

import "github.com/prometheus/client_golang/prometheus"

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
	CacheRateLimits    CacheName = "rate_limits"    // who asked the token endpoints lately
	CacheAssertions    CacheName = "assertions"     // signed identities
)

// Cached is a cache as it is now. Its methods are quick and safe for concurrent use.
type Cached interface {
	Bytes() int64 // never more than Limit
	Limit() int64
	Len() int
}

func newLooked() *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "easyauth_cache_requests_total", Help: "Look-ups in the caches tickets, sessions and bearer, by result (hit, miss).",
	}, []string{"cache", "result"})
}

// LookUps counts what is asked of one cache. A nil *LookUps counts nothing.
type LookUps struct{ hits, misses prometheus.Counter }

// LookUps returns the counter of a cache.
func (m *Metrics) LookUps(name CacheName) *LookUps {
	if m == nil {
		return nil
	}
	return &LookUps{m.looked.WithLabelValues(string(name), "hit"), m.looked.WithLabelValues(string(name), "miss")}
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

package metrics_test

import (
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/metrics"
)

func TestCounters(t *testing.T) {
	reg := prometheus.NewRegistry()
	m := metrics.New(reg, "v1")
	m.Decision(access.Decision{})
	m.Decision(access.Decision{Outcome: access.Allow, Reason: access.ReasonOK})
	m.SignIn("login", "ok")
	m.ConfigError("bad_query")
	m.HeaderOverflow()
	m.Answer("callback", metrics.LargeAnswer)
	m.Answer("callback", metrics.LargeAnswer+1)
	want := `
# HELP easyauth_configuration_errors_total Requests refused because of the proxy's configuration: bad_query, policy_unknown (auth-url), bad_original_url (X-Original-URL and the like), host_not_served (HOSTS), proxy_secret (PROXY_SECRET_FILE).
# TYPE easyauth_configuration_errors_total counter
easyauth_configuration_errors_total{kind="bad_original_url"} 0
easyauth_configuration_errors_total{kind="bad_query"} 1
easyauth_configuration_errors_total{kind="host_not_served"} 0
easyauth_configuration_errors_total{kind="policy_unknown"} 0
easyauth_configuration_errors_total{kind="proxy_secret"} 0
# HELP easyauth_decisions_total Answers of the auth endpoint, by outcome and reason.
# TYPE easyauth_decisions_total counter
easyauth_decisions_total{outcome="allow",reason="ok"} 1
easyauth_decisions_total{outcome="deny",reason="bad_original_url"} 0
easyauth_decisions_total{outcome="deny",reason="bad_query"} 0
easyauth_decisions_total{outcome="deny",reason="host_not_served"} 0
easyauth_decisions_total{outcome="deny",reason="none"} 1
easyauth_decisions_total{outcome="deny",reason="policy_unknown"} 0
easyauth_decisions_total{outcome="deny",reason="proxy_secret"} 0
easyauth_decisions_total{outcome="unsure",reason="groups_unknown"} 0
easyauth_decisions_total{outcome="unsure",reason="internal"} 0
easyauth_decisions_total{outcome="unsure",reason="keys_unknown"} 0
easyauth_decisions_total{outcome="unsure",reason="not_refreshed"} 0
easyauth_decisions_total{outcome="unsure",reason="store"} 0
# HELP easyauth_header_overflow_total Answers whose identity headers did not fit and were left empty in part.
# TYPE easyauth_header_overflow_total counter
easyauth_header_overflow_total 1
# HELP easyauth_large_answers_total Answers with more than 4,000 bytes of headers: nginx needs a proxy_buffer_size above its default.
# TYPE easyauth_large_answers_total counter
easyauth_large_answers_total{endpoint="backchannel_logout"} 0
easyauth_large_answers_total{endpoint="callback"} 1
easyauth_large_answers_total{endpoint="frontchannel_logout"} 0
easyauth_large_answers_total{endpoint="login"} 0
easyauth_large_answers_total{endpoint="logo"} 0
easyauth_large_answers_total{endpoint="logout"} 0
easyauth_large_answers_total{endpoint="me"} 0
easyauth_large_answers_total{endpoint="other"} 0
easyauth_large_answers_total{endpoint="signed_out"} 0
`
	names := []string{
		"easyauth_configuration_errors_total", "easyauth_decisions_total", "easyauth_header_overflow_total",
		"easyauth_large_answers_total",
	}
	if err := testutil.GatherAndCompare(reg, strings.NewReader(want), names...); err != nil {
		t.Error(err)
	}
	if series := gathered(t, reg); series[`easyauth_signins_total{result="ok",step="login"}`] != 1 || series[`easyauth_signins_total{result="loop",step="login"}`] != 0 {
		t.Errorf("sign-ins: %v", series)
	}
	if n, err := testutil.GatherAndCount(reg, "easyauth_build_info", "go_goroutines"); err != nil || n != 2 {
		t.Errorf("%d metrics of the build and the runtime, %v", n, err)
	}
}

func TestSessionCounters(t *testing.T) {
	reg := prometheus.NewRegistry()
	m := metrics.New(reg, "v1")
	first := m.TicketsOpened("0a1b2c3d")
	first.Count()
	first.Count()
	m.TicketsOpened("ffffffff").Count()
	m.StoreOperation("get", "ok")
	m.StoreOperation("get", "error")
	m.Refresh("ok")
	m.Revoked("user")
	want := `
# HELP easyauth_refreshes_total Attempts to refresh the tokens of a session, by result.
# TYPE easyauth_refreshes_total counter
easyauth_refreshes_total{result="elsewhere"} 0
easyauth_refreshes_total{result="ended"} 0
easyauth_refreshes_total{result="failed"} 0
easyauth_refreshes_total{result="not_kept"} 0
easyauth_refreshes_total{result="ok"} 1
# HELP easyauth_revocations_total Sessions or groups of sessions ended before their time, by scope.
# TYPE easyauth_revocations_total counter
easyauth_revocations_total{scope="one"} 0
easyauth_revocations_total{scope="sid"} 0
easyauth_revocations_total{scope="user"} 1
# HELP easyauth_store_operations_total Operations of the session store or the revocation list, by operation and result.
# TYPE easyauth_store_operations_total counter
easyauth_store_operations_total{operation="get",result="error"} 1
easyauth_store_operations_total{operation="get",result="ok"} 1
# HELP easyauth_tickets_opened_total Session cookies that were valid, by the id of the key that sealed them: a key may go when its count stands still.
# TYPE easyauth_tickets_opened_total counter
easyauth_tickets_opened_total{key="0a1b2c3d"} 2
easyauth_tickets_opened_total{key="ffffffff"} 1
`
	names := []string{
		"easyauth_refreshes_total", "easyauth_revocations_total",
		"easyauth_store_operations_total", "easyauth_tickets_opened_total",
	}
	if err := testutil.GatherAndCompare(reg, strings.NewReader(want), names...); err != nil {
		t.Error(err)
	}
}

// held is a cache of a size.
type held struct{ bytes, entries int64 }

func (h held) Bytes() int64 { return h.bytes }
func (h held) Limit() int64 { return 1 << 20 }
func (h held) Len() int     { return int(h.entries) }

func TestCaches(t *testing.T) {
	reg := prometheus.NewRegistry()
	m := metrics.New(reg, "v1")
	m.Cache(metrics.CacheTickets, held{1, 1})
	m.Cache(metrics.CacheTickets, held{7000, 7}) // the last one counts
	m.Cache(metrics.CacheQueries, held{500, 1})
	looked := m.LookUps(metrics.CacheTickets)
	looked.Count(true)
	looked.Count(false)
	m.LookUps(metrics.CacheTickets).Count(false)
	if err := testutil.GatherAndCompare(reg, strings.NewReader(`
# HELP easyauth_cache_bytes Memory that a cache takes.
# TYPE easyauth_cache_bytes gauge
easyauth_cache_bytes{cache="queries"} 500
easyauth_cache_bytes{cache="tickets"} 7000
# HELP easyauth_cache_entries Entries of a cache.
# TYPE easyauth_cache_entries gauge
easyauth_cache_entries{cache="queries"} 1
easyauth_cache_entries{cache="tickets"} 7
# HELP easyauth_cache_limit_bytes Memory that a cache takes at most.
# TYPE easyauth_cache_limit_bytes gauge
easyauth_cache_limit_bytes{cache="queries"} 1.048576e+06
easyauth_cache_limit_bytes{cache="tickets"} 1.048576e+06
# HELP easyauth_cache_requests_total Look-ups in the caches tickets, sessions and bearer, by result (hit, miss).
# TYPE easyauth_cache_requests_total counter
easyauth_cache_requests_total{cache="tickets",result="hit"} 1
easyauth_cache_requests_total{cache="tickets",result="miss"} 2
`), "easyauth_cache_bytes", "easyauth_cache_entries", "easyauth_cache_limit_bytes", "easyauth_cache_requests_total"); err != nil {
		t.Error(err)
	}
}

// Who counts need not ask whether somebody wants the figures.
func TestNilCountsNothing(_ *testing.T) {
	var m *metrics.Metrics
	m.Decision(access.Decision{})
	m.SignIn("login", "ok")
	m.ConfigError("bad_query")
	m.HeaderOverflow()
	m.Answer("callback", metrics.LargeAnswer+1)
	m.TicketsOpened("0a1b2c3d").Count()
	m.StoreOperation("get", "ok")
	m.Refresh("ok")
	m.Revoked("user")
	m.Cache(metrics.CacheTickets, nil)
	m.LookUps(metrics.CacheTickets).Count(true)
}

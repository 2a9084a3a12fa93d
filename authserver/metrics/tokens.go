package metrics

import "github.com/prometheus/client_golang/prometheus"

// Grant is what a program asks of the token endpoints: a label, from a closed set.
type Grant string

// The grants. Revoke and session are endpoints of their own.
const (
	GrantExchange Grant = "token_exchange"
	GrantClassic  Grant = "id_token"
	GrantRefresh  Grant = "refresh_token"
	GrantCode     Grant = "authorization_code"
	GrantRevoke   Grant = "revoke"
	GrantSession  Grant = "session"
	GrantOther    Grant = "other" // unknown, or refused before it was read
)

func newTokens() *prometheus.CounterVec {
	tokens := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "easyauth_token_requests_total", Help: "Requests of programs, by grant (or revoke, session) and result (ok, unknown, or the reason of the refusal).",
	}, []string{"grant", "result"})
	for _, grant := range []Grant{GrantExchange, GrantClassic, GrantRefresh, GrantCode, GrantRevoke, GrantSession, GrantOther} {
		for _, result := range []string{"ok", "store", "internal"} {
			if grant != GrantOther {
				tokens.WithLabelValues(string(grant), result)
			}
		}
	}
	for grant, results := range map[Grant][]string{
		GrantExchange: {"idp_unavailable", "rate_limited"}, GrantClassic: {"idp_unavailable", "rate_limited"},
		GrantRefresh: {"token_reused"}, GrantCode: {"code_used", "rate_limited"}, GrantOther: {"rate_limited"}, GrantRevoke: {"rate_limited"},
	} {
		for _, result := range results {
			tokens.WithLabelValues(string(grant), result)
		}
	}
	return tokens
}

// TokenRequest counts a request of a program. Both texts come from closed sets.
func (m *Metrics) TokenRequest(grant Grant, result string) {
	if m != nil {
		m.tokens.WithLabelValues(string(grant), result).Inc()
	}
}

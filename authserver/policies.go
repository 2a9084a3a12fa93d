package authserver

import (
	"net/http"
	"slices"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/policy"
)

// Policies finds named policies.
type Policies interface {
	// Find returns nil if there is none of this name.
	Find(name string) *policy.Policy
}

// noPolicies has none.
type noPolicies struct{}

func (noPolicies) Find(string) *policy.Policy { return nil }

// decide decides about v.identity by the query of the auth-url and by the policy that it
// names: both must let pass.
func (s *Server) decide(r *http.Request, req *access.Requirement, v *verdict) {
	now := s.Sessions.Now()
	v.decision = access.Decide(v.identity, req, now)
	if v.policy == nil {
		return
	}
	in := policy.Input{
		Identity: v.identity, Bearer: v.bearer, URI: v.ask.Original.RequestURI, Source: v.ask.Client(r, s.TrustedProxies), Now: now,
	}
	if v.ask.MethodTold {
		in.Method = v.ask.Method
	}
	if v.identity != nil {
		in.Client = clientOf(v.identity)
		if v.bearer {
			in.AppOnly, in.AppUnknown = appOnly(v.identity)
		}
	}
	ruling := v.policy.Decide(&in)
	v.rule, v.why = ruling.Rule, ruling.Why
	if s.Explain && ruling.Decision.Outcome == access.Forbid {
		ruling.Decision.Explanation = v.explanation(ruling.Decision.Reason)
	}
	v.decision = access.Both(v.decision, ruling.Decision)
}

// clientOf is the client for which a token was issued: what the first of the claims that
// may say so says; "" when that says it twice, or was left out.
func clientOf(id *access.Identity) string {
	for _, name := range []string{"azp", "appid", "client_id", "cid"} {
		if values := claimOf(id, name); len(values) == 1 {
			return values[0]
		} else if values != nil || leftOut(id, name) {
			return ""
		}
	}
	return ""
}

// appOnly reports whether a verified token speaks for an application: see
// entra.RelyingParty.Bearer. Nobody knows it of another provider's tokens.
func appOnly(id *access.Identity) (is, unknown bool) {
	switch values := claimOf(id, "idtyp"); {
	case values != nil:
		return len(values) == 1 && values[0] == "app", false
	case id.Object == "" || leftOut(id, "idtyp"):
		return false, true
	}
	return len(id.Scopes) == 0 && id.Subject == id.Object, false
}

func claimOf(id *access.Identity, name string) []string {
	for i := range id.Claims {
		if id.Claims[i].Name == name {
			return id.Claims[i].Values
		}
	}
	return nil
}

// leftOut reports whether a claim may have been there, and was too large, or not clear.
func leftOut(id *access.Identity, name string) bool {
	return slices.ContainsFunc(id.Dropped, func(d string) bool { return d == name || d == "claims" })
}

// lack names what the rule that decided would have had to know; "" when it knew all.
func (v *verdict) lack() string {
	if v.why == policy.WhyNone {
		return ""
	}
	return v.why.String()
}

// explanation names the policy, the rule that refused, and why; a policy of which no rule
// let pass refuses by itself.
func (v *verdict) explanation(reason access.Reason) access.Explanation {
	e := access.Explanation{Policy: v.policy.Name(), Rule: v.rule, Reason: reason.String()}
	if lack := v.lack(); lack != "" {
		e.Reason += ", " + lack
	}
	return e
}

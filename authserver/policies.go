package authserver

import (
	"net/http"
	"net/netip"

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
		Identity: v.identity, Bearer: v.bearer, URI: v.ask.Original.RequestURI, Source: s.source(r), Now: now,
	}
	if v.ask.MethodTold {
		in.Method = v.ask.Method
	}
	if v.identity != nil {
		in.Client, in.AppOnly = clientOf(v.identity), v.bearer && appOnly(v.identity)
	}
	verdict := v.policy.Decide(&in)
	v.rule, v.why = verdict.Rule, verdict.Why
	if s.Explain && verdict.Decision.Outcome == access.Forbid {
		verdict.Decision.Rule = explanation(v, verdict.Decision.Reason)
	}
	v.decision = access.Both(v.decision, verdict.Decision)
}

// source is the client's address, if a proxy that we trust names it; else the zero Addr.
// The adapter's proxy sets X-Real-IP itself, but a configuration may forget to.
func (s *Server) source(r *http.Request) netip.Addr {
	lines := r.Header["X-Real-Ip"]
	if len(lines) != 1 || !s.trusted(r.RemoteAddr) {
		return netip.Addr{}
	}
	addr, err := netip.ParseAddr(lines[0])
	if err != nil || addr.Zone() != "" {
		return netip.Addr{}
	}
	return addr.Unmap()
}

// trusted reports whether a peer may say whose request it hands on.
func (s *Server) trusted(peer string) bool {
	from, err := netip.ParseAddrPort(peer)
	if err != nil {
		return false
	}
	addr := from.Addr().Unmap().WithZone("")
	for _, prefix := range s.TrustedProxies {
		if prefix.Contains(addr) {
			return true
		}
	}
	return false
}

// clientOf is the client for which a token was issued; "" when it does not say, or says it
// twice.
func clientOf(id *access.Identity) string {
	for _, name := range []string{"azp", "appid", "client_id", "cid"} {
		for i := range id.Claims {
			if c := &id.Claims[i]; c.Name == name && len(c.Values) == 1 {
				return c.Values[0]
			}
		}
	}
	return ""
}

// appOnly reports whether a verified access token speaks for an application: see
// entra.RelyingParty.Bearer.
func appOnly(id *access.Identity) bool {
	for i := range id.Claims {
		if c := &id.Claims[i]; c.Name == "idtyp" {
			return len(c.Values) == 1 && c.Values[0] == "app"
		}
	}
	return len(id.Scopes) == 0 && id.Object != "" && id.Subject == id.Object
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
func explanation(v *verdict, reason access.Reason) string {
	text, why := v.policy.Name(), reason.String()
	if v.rule != "" {
		text += ": " + v.rule
	}
	if lack := v.lack(); lack != "" {
		why += ", " + lack
	}
	return text + " (" + why + ")"
}

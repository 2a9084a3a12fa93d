// Package access decides. It holds who is asking (Identity), what is asked
// for (Requirement) and the answer (Decision), and knows nothing of HTTP,
// cookies, tokens or Entra ID. It imports the standard library only.
package access

import (
	"slices"
	"strings"
)

// Outcome is the kind of an answer. The zero value is Deny, so that a decision
// that nobody made never lets a request pass.
type Outcome uint8

// The outcomes. When several apply the order is SignIn, Unsure, Forbid, StepUp.
const (
	Deny   Outcome = iota // never decided: a bug; answered 403
	Allow                 // the request may pass
	SignIn                // no valid identity
	Forbid                // terminal: a role is missing that a new sign-in cannot bring
	StepUp                // signed in, but a scope or a graph result is missing that a new sign-in can bring
	Unsure                // could not be told: something failed here; the session stays
)

var outcomeNames = [...]string{"deny", "allow", "sign_in", "forbid", "step_up", "unsure"}

// String returns the outcome's name as logs and metrics show it.
func (o Outcome) String() string {
	if int(o) < len(outcomeNames) {
		return outcomeNames[o]
	}
	return "deny"
}

// Reason says why a decision is what it is. Only the constants below are used,
// so that a reason can label a metric.
type Reason string

// The closed set of reasons.
const (
	ReasonNone            Reason = ""                 // Deny: nobody decided
	ReasonOK              Reason = "ok"               // Allow
	ReasonNoTicket        Reason = "no_ticket"        // SignIn: no ticket cookie came
	ReasonTicketInvalid   Reason = "ticket_invalid"   // SignIn: a ticket that does not open
	ReasonTicketExpired   Reason = "ticket_expired"   // SignIn: past its expiry or the absolute lifetime
	ReasonTicketEarly     Reason = "ticket_early"     // SignIn: issued in the future
	ReasonTicketAmbiguous Reason = "ticket_ambiguous" // SignIn: several ticket cookies that do not agree
	ReasonIdle            Reason = "idle"             // SignIn: not used for longer than SESSION_IDLE
	ReasonRoleMissing     Reason = "role_missing"     // Forbid
	ReasonScopeMissing    Reason = "scope_missing"    // StepUp
	ReasonGraphMissing    Reason = "graph_missing"    // StepUp
	ReasonInternal        Reason = "internal"         // Unsure: a panic or another fault of ours
	ReasonBadQuery        Reason = "bad_query"        // Deny: the auth-url cannot be read
	ReasonBadOriginalURL  Reason = "bad_original_url" // Deny: X-Original-URL is absent or unusable
)

// String returns the reason's name, "none" for the zero value.
func (r Reason) String() string {
	if r == ReasonNone {
		return "none"
	}
	return string(r)
}

// Decision is the answer to one question. Its zero value denies.
type Decision struct {
	Outcome Outcome
	Reason  Reason
	Missing Missing // what would have to be there: roles for Forbid; for SignIn and StepUp graph results, and the scopes to ask for
}

// Missing lists what a requirement asked for and the identity did not have.
type Missing struct {
	Roles  []Clause
	Scopes []Clause
	Graph  []string // relative Graph URLs, resolved from names
}

// Empty reports whether nothing is missing.
func (m Missing) Empty() bool {
	return len(m.Roles) == 0 && len(m.Scopes) == 0 && len(m.Graph) == 0
}

// Decide compares an identity with a requirement. A nil identity is SignIn; a
// nil requirement is Deny, because "no rule" must be an explicit, parsed one.
// Names are compared byte by byte: case differs, the name differs.
func Decide(id *Identity, req *Requirement) Decision {
	switch {
	case req == nil:
		return Decision{Outcome: Deny, Reason: ReasonNone}
	case id == nil:
		// One sign-in can bring all scopes and graph results at once.
		m := Unmet(&Identity{}, req)
		return Decision{Outcome: SignIn, Reason: ReasonNoTicket, Missing: Missing{Scopes: m.Scopes, Graph: m.Graph}}
	}
	m := Unmet(id, req)
	switch {
	case len(m.Roles) > 0:
		return Decision{Outcome: Forbid, Reason: ReasonRoleMissing, Missing: Missing{Roles: m.Roles}}
	case len(m.Scopes) > 0:
		return Decision{Outcome: StepUp, Reason: ReasonScopeMissing, Missing: m}
	case len(m.Graph) > 0:
		m.Scopes = graphScopes(req)
		return Decision{Outcome: StepUp, Reason: ReasonGraphMissing, Missing: m}
	}
	return Decision{Outcome: Allow, Reason: ReasonOK}
}

// graphScopes are the clauses of a rule whose scopes are Microsoft Graph's: its
// queries need a token with them, also when they were granted before. Graph's
// scopes are the names without a slash (CanonicalScope).
func graphScopes(req *Requirement) []Clause {
	var out []Clause
	for _, c := range req.Scopes {
		if !slices.ContainsFunc(c, func(name string) bool { return strings.Contains(name, "/") }) {
			out = append(out, c)
		}
	}
	return out
}

// Unmet returns everything in req that id does not satisfy. A graph query that
// was answered but dropped from a ticket for its size counts as answered, or a
// sign-in would be repeated for ever.
func Unmet(id *Identity, req *Requirement) Missing {
	var m Missing
	for _, c := range req.Roles {
		if !c.metBy(id.Roles) {
			m.Roles = append(m.Roles, c)
		}
	}
	for _, c := range req.Scopes {
		if !c.metBy(id.Scopes) {
			m.Scopes = append(m.Scopes, c)
		}
	}
	for _, q := range req.Graph {
		if id.GraphResult(q) == nil && !slices.Contains(m.Graph, q) {
			m.Graph = append(m.Graph, q)
		}
	}
	return m
}

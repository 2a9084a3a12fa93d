// Package access decides. It holds who is asking (Identity), what is asked
// for (Requirement) and the answer (Decision), and knows nothing of HTTP,
// cookies, tokens or Entra ID. It imports the standard library only.
package access

import (
	"slices"
	"strings"
	"time"
)

// Outcome is the kind of an answer. The zero value is Deny, so that a decision
// that nobody made never lets a request pass.
type Outcome uint8

// The outcomes. When several apply the order is SignIn, Unsure, Forbid, StepUp.
const (
	Deny   Outcome = iota // never decided: a bug; answered 403
	Allow                 // the request may pass
	SignIn                // no valid identity
	Forbid                // terminal: a role or group is missing that a new sign-in cannot bring
	StepUp                // signed in, but something is missing that a new sign-in can bring: a scope, a graph result, groups, a stronger or fresher sign-in
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
	ReasonTenant          Reason = "tenant_refused"   // SignIn: a ticket of a tenant that is no longer allowed
	ReasonRenew           Reason = "renew"            // SignIn: the session ends soon and a page is being opened
	ReasonSessionEnded    Reason = "session_ended"    // SignIn: the store has no such session: signed out, revoked or expired
	ReasonSessionRevoked  Reason = "session_revoked"  // SignIn: a ticket that was signed out or revoked
	ReasonSessionOld      Reason = "session_old"      // SignIn: the store's record is older than the cookie
	ReasonSessionRefused  Reason = "session_refused"  // SignIn: the provider does not prolong the session
	ReasonInteraction     Reason = "interaction"      // SignIn: the provider wants to see the person before it does
	ReasonStore           Reason = "store"            // Unsure: the store of sessions, or the list of revoked ones, could not be asked
	ReasonNotRefreshed    Reason = "not_refreshed"    // Unsure: the provider could not be asked for longer than STALE_OK
	ReasonRoleMissing     Reason = "role_missing"     // Forbid
	ReasonGroupMissing    Reason = "group_missing"    // Forbid
	ReasonScopeMissing    Reason = "scope_missing"    // StepUp
	ReasonGraphMissing    Reason = "graph_missing"    // StepUp
	ReasonGroupsUnasked   Reason = "groups_unasked"   // StepUp: nobody has asked for these groups yet
	ReasonContextMissing  Reason = "acr_missing"      // StepUp: an authentication context
	ReasonMethodMissing   Reason = "amr_missing"      // StepUp: an authentication method
	ReasonTooLongAgo      Reason = "auth_time_old"    // StepUp: the sign-in is older than max_age, or its time is not known
	ReasonGroupsUnknown   Reason = "groups_unknown"   // Unsure: the groups could not be asked for
	ReasonKeysUnknown     Reason = "keys_unknown"     // Unsure: a bearer token, and the keys to check it could not be had
	ReasonBearerInvalid   Reason = "bearer_invalid"   // SignIn: malformed, not signed by the provider, no access token, or of another policy (B2C)
	ReasonBearerExpired   Reason = "bearer_expired"   // SignIn: out of its time
	ReasonBearerAudience  Reason = "bearer_audience"  // SignIn: an access token for another API
	ReasonBearerTenant    Reason = "bearer_tenant"    // SignIn: tid and issuer do not agree
	ReasonBearerAmbiguous Reason = "bearer_ambiguous" // SignIn: several Authorization headers
	ReasonTokenReused     Reason = "token_reused"     // SignIn: a refresh token of ours that was used before: its session has ended
	ReasonInternal        Reason = "internal"         // Unsure: a panic or another fault of ours
	ReasonPolicyDenied    Reason = "policy_denied"    // Forbid: a deny rule of the policy matches, or what it asks about is not known
	ReasonPolicyUnmatched Reason = "policy_unmatched" // Forbid: no allow rule of the policy matches
	ReasonPolicyStepUp    Reason = "policy_step_up"   // StepUp: all that the policy misses can be brought by a new sign-in
	ReasonPolicyError     Reason = "policy_error"     // Forbid: an expression of the policy failed
	ReasonPolicyPath      Reason = "policy_path"      // Forbid: the policy asks about the path, and it has several readings
	ReasonPolicyUnknown   Reason = "policy_unknown"   // Deny: the auth-url names a policy that there is not
	ReasonBadQuery        Reason = "bad_query"        // Deny: the auth-url cannot be read
	ReasonBadOriginalURL  Reason = "bad_original_url" // Deny: what the proxy must say of where the request was going is absent or unusable
	ReasonHostNotServed   Reason = "host_not_served"  // Deny: nobody can be sent to a sign-in on the host of the request
	ReasonProxySecret     Reason = "proxy_secret"     // Deny: the question did not bring the secret of our proxy
)

// OfPolicy reports whether a named policy decided.
func (r Reason) OfPolicy() bool {
	switch r {
	case ReasonPolicyDenied, ReasonPolicyUnmatched, ReasonPolicyStepUp, ReasonPolicyError, ReasonPolicyPath:
		return true
	}
	return false
}

// String returns the reason's name, "none" for the zero value.
func (r Reason) String() string {
	if r == ReasonNone {
		return "none"
	}
	return string(r)
}

// CouldNotTell reports whether nobody knows if the identity is valid: the outcome
// is then Unsure, and its session is neither believed nor ended.
func (r Reason) CouldNotTell() bool {
	return r == ReasonStore || r == ReasonNotRefreshed || r == ReasonKeysUnknown || r == ReasonInternal
}

// Decision is the answer to one question. Its zero value denies.
type Decision struct {
	Outcome Outcome
	Reason  Reason
	Missing Missing // what would have to be there: for Forbid roles and groups; for SignIn and StepUp what a sign-in has to ask for; for Unsure groups

	Explanation Explanation // of a policy's Forbid, if whoever was refused may know it
}

// Explanation says which policy refused, which rule of it ("" where none let pass), and
// the words for why. The zero value says nothing.
type Explanation struct{ Policy, Rule, Reason string }

// Missing lists what a requirement asked for and the identity did not have.
type Missing struct {
	Roles    []Clause
	Groups   []Clause // of Forbid: not a member; else: to be asked for
	Scopes   []Clause
	Graph    []string      // relative Graph URLs, resolved from names
	Contexts []Clause      // authentication contexts (acr)
	Methods  []Clause      // authentication methods (amr)
	MaxAge   time.Duration // the sign-in may be no older; 0: any
}

// Empty reports whether nothing is missing.
func (m Missing) Empty() bool {
	return len(m.Roles) == 0 && len(m.Groups) == 0 && len(m.Scopes) == 0 && len(m.Graph) == 0 &&
		len(m.Contexts) == 0 && len(m.Methods) == 0 && m.MaxAge == 0
}

// Requirement asks for what is missing, and for nothing else.
func (m Missing) Requirement() *Requirement {
	return &Requirement{
		Roles: m.Roles, Groups: m.Groups, Scopes: m.Scopes, Graph: m.Graph,
		Contexts: m.Contexts, Methods: m.Methods, MaxAge: m.MaxAge,
	}
}

// Decide compares an identity with a requirement. A nil identity is SignIn; a
// nil requirement is Deny, because "no rule" must be an explicit, parsed one.
// Names are compared byte by byte: case differs, the name differs. now is for
// max_age alone.
func Decide(id *Identity, req *Requirement, now time.Time) Decision {
	switch {
	case req == nil:
		return Decision{Outcome: Deny, Reason: ReasonNone}
	case id == nil:
		// One sign-in can bring all of this at once.
		return Decision{Outcome: SignIn, Reason: ReasonNoTicket, Missing: Missing{
			Groups: req.Groups, Scopes: req.Scopes, Graph: unique(req.Graph), Contexts: req.Contexts, Methods: req.Methods, MaxAge: req.MaxAge,
		}}
	}
	m := Unmet(id, req, now)
	denied, unknown := id.Memberships(m.Groups)
	switch {
	case len(unknown) > 0 && id.GroupsFailed:
		return Decision{Outcome: Unsure, Reason: ReasonGroupsUnknown, Missing: Missing{Groups: unknown}}
	case len(m.Roles) > 0:
		return Decision{Outcome: Forbid, Reason: ReasonRoleMissing, Missing: Missing{Roles: m.Roles, Groups: denied}}
	case len(denied) > 0:
		return Decision{Outcome: Forbid, Reason: ReasonGroupMissing, Missing: Missing{Groups: denied}}
	case m.Empty():
		return Decision{Outcome: Allow, Reason: ReasonOK}
	}
	reason := m.reason()
	if len(m.Graph) > 0 && len(m.Scopes) == 0 {
		m.Scopes = graphScopes(req)
	}
	return Decision{Outcome: StepUp, Reason: reason, Missing: m}
}

// reason is why a sign-in is needed, the first of several.
func (m Missing) reason() Reason {
	switch {
	case len(m.Contexts) > 0:
		return ReasonContextMissing
	case len(m.Methods) > 0:
		return ReasonMethodMissing
	case m.MaxAge > 0:
		return ReasonTooLongAgo
	case len(m.Scopes) > 0:
		return ReasonScopeMissing
	case len(m.Graph) > 0:
		return ReasonGraphMissing
	}
	return ReasonGroupsUnasked
}

// graphScopes are the clauses of a rule whose scopes are Microsoft Graph's: its
// queries need a token with them, also when they were granted before. Graph's
// scopes are the names without a slash (ScopeNames).
func graphScopes(req *Requirement) []Clause {
	var out []Clause
	for _, c := range req.Scopes {
		if slices.ContainsFunc(c, func(name string) bool { return !strings.Contains(name, "/") }) {
			out = append(out, c)
		}
	}
	return out
}

// Unmet returns everything in req that id does not satisfy; its groups are those
// of which id is not known to be a member. A graph query that was answered but
// dropped from a ticket for its size counts as answered, or a sign-in would be
// repeated for ever.
func Unmet(id *Identity, req *Requirement, now time.Time) Missing {
	m := Missing{
		Roles: unmet(req.Roles, id.Roles), Groups: unmet(req.Groups, id.Groups), Scopes: unmet(req.Scopes, id.Scopes),
		Contexts: unmet(req.Contexts, id.Contexts), Methods: unmet(req.Methods, id.Methods),
	}
	for _, q := range unique(req.Graph) {
		if id.GraphResult(q) == nil {
			m.Graph = append(m.Graph, q)
		}
	}
	if req.MaxAge > 0 && (id.AuthTime.IsZero() || now.Sub(id.AuthTime) > req.MaxAge) {
		// Strong and fresh must be true of one sign-in.
		m.MaxAge, m.Contexts, m.Methods = req.MaxAge, req.Contexts, req.Methods
	}
	return m
}

func unmet(clauses []Clause, have []string) []Clause {
	var out []Clause
	for _, c := range clauses {
		if !c.metBy(have) {
			out = append(out, c)
		}
	}
	return out
}

func unique(list []string) []string {
	var out []string
	for _, s := range list {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

package authserver

import (
	"strconv"
	"strings"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/audit"
	"github.com/easyauth-sidecar/easyauth/authserver/tracing"
)

// denied reports whether a decision belongs into the audit stream: somebody who is
// known may not, or a bearer token was refused. A request without a valid session is
// everyday, and a decision that could not be made says nothing of anybody.
func (v *verdict) denied() bool {
	switch v.decision.Outcome {
	case access.Forbid, access.StepUp:
		return true
	case access.SignIn:
		return v.bearer
	case access.Allow, access.Deny, access.Unsure:
	}
	return false
}

// recorded reports whether a decision belongs into the audit stream: what is denied, and
// every decision of a policy about somebody who is known.
func (s *Server) recorded(v *verdict) bool {
	switch {
	case v.denied():
		return true
	case v.policy == nil || v.identity == nil:
		return false
	case v.decision.Outcome == access.Allow:
		return s.AuditAllows
	}
	return true
}

// event is the decision for the audit stream.
func (v *verdict) event(origin tracing.Origin) audit.Event {
	e := audit.Event{
		Event: audit.Denied, Outcome: v.decision.Outcome.String(), Reason: v.decision.Reason.String(), Bearer: v.bearer,
		Missing: lacking(v.decision.Missing), Policy: v.policy.Name(), Rule: v.rule, Why: v.lack(), Method: v.ask.Method, Host: v.ask.Original.Host, Path: v.path(),
		Client: origin.Client, RequestID: origin.RequestID, TraceID: origin.TraceID,
	}
	if v.decision.Outcome == access.Allow {
		e.Event = audit.Allowed
	}
	if v.identity != nil {
		key := v.identity.Key()
		e.Person(key.Authority, key.ID)
	}
	return e
}

// lacking lists what a rule asked for and did not find, as "role Admin|Owner".
func lacking(m access.Missing) []string {
	var out []string
	add := func(what string, clauses []access.Clause) {
		for _, c := range clauses {
			out = append(out, what+" "+strings.Join(c, "|"))
		}
	}
	add("role", m.Roles)
	add("group", m.Groups)
	add("scope", m.Scopes)
	add("acr", m.Contexts)
	add("amr", m.Methods)
	if m.MaxAge > 0 {
		out = append(out, "max_age "+strconv.FormatInt(int64(m.MaxAge/time.Second), 10))
	}
	for _, query := range m.Graph {
		path, _, _ := strings.Cut(query, "?")
		out = append(out, "graph "+path)
	}
	return out
}

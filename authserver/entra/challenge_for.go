package entra

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
)

// ChallengeFor says what a client without a browser can do about a decision.
// tokenCame: a token of ours decided; without one it is only told how to get one.
// err is BearerResult.Err; of any other error nothing is shown. Where it could
// not be told whether the token is good there is no Error: it would be thrown
// away.
func ChallengeFor(d access.Decision, tokenCame bool, err error) Challenge {
	c := Challenge{Scopes: flat(d.Missing.Scopes)}
	if !tokenCame {
		return c
	}
	switch d.Outcome {
	case access.SignIn:
		c.Error = errInvalidToken
		var e *Error
		if errors.As(err, &e) {
			c.Description = e.err.Error()
		}
	case access.Forbid:
		c.Error = InsufficientScope
		c.Description = lacks(wanted("the role", d.Missing.Roles), wanted("the group", d.Missing.Groups))
	case access.StepUp:
		c.stepUp(d.Missing)
	case access.Unsure, access.Allow, access.Deny:
	}
	c.Description = shortened(c.Description)
	return c
}

// stepUp names the one thing that a new token has to bring first. What none can
// bring goes before all of it.
func (c *Challenge) stepUp(m access.Missing) {
	c.Error = errInsufficientAuth
	switch {
	case len(m.Graph) > 0:
		c.Error = InsufficientScope
		c.Description = "a bearer token brings no results of graph queries, which this address needs: open it in a browser"
	case len(m.Contexts) > 0:
		c.Error, c.Contexts, c.MaxAge = errInsufficientClaims, m.Contexts, m.MaxAge
		c.Description = lacks(wanted("the authentication context", m.Contexts)) + "; ask for a new one with these claims"
	case len(m.Methods) > 0:
		c.MaxAge = m.MaxAge
		c.Description = lacks(wanted("the authentication method", m.Methods))
	case m.MaxAge > 0:
		c.MaxAge = m.MaxAge
		c.Description = fmt.Sprintf("the sign-in must not be older than %d seconds, as the claim auth_time of the access token says", m.MaxAge/time.Second)
	default:
		c.Error = InsufficientScope
		c.Description = lacks(wanted("the scope", m.Scopes), wanted("the group", m.Groups))
	}
}

// wanted names clauses: the role A or B, the role C. "" if there are none.
func wanted(what string, clauses []access.Clause) string {
	var out []string
	for _, c := range clauses {
		out = append(out, what+" "+strings.Join(c, " or "))
	}
	return strings.Join(out, ", ")
}

// lacks says what is missing. A policy that refuses, for all but what a token could
// bring, names nothing.
func lacks(texts ...string) string {
	var out []string
	for _, s := range texts {
		if s != "" {
			out = append(out, s)
		}
	}
	if len(out) == 0 {
		return "the rules of this address do not let this token pass"
	}
	return "the access token lacks " + strings.Join(out, ", ")
}

// shortened cuts a description, not inside of a character.
func shortened(s string) string {
	const limit = 500
	if len(s) <= limit {
		return s
	}
	return strings.ToValidUTF8(s[:limit], "") + "..."
}

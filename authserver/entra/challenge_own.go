package entra

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
)

// OwnChallenge gives the value of the WWW-Authenticate header for programs that have
// tokens of ours, or none: it does not say where to get one of the provider's. tokenCame:
// one of ours decided. A token that has run out is described by the word expired, another
// bad one by its reason.
func OwnChallenge(d access.Decision, tokenCame bool) string {
	c := ChallengeFor(d, tokenCame, nil)
	switch {
	case c.Error == errInvalidToken && d.Reason == access.ReasonBearerExpired:
		c.Description = "expired"
	case c.Error == errInvalidToken:
		c.Description = d.Reason.String()
	case c.Error == errInsufficientClaims: // only a sign-in at the provider is asked for those
		c.Error = errInsufficientAuth
		c.Description = shortened(lacks(wanted("the authentication context", d.Missing.Contexts)) + ": it must come from a sign-in that has it")
	case c.Error == errInsufficientAuth && len(d.Missing.Methods) == 0: // a token of ours shows no claims
		c.Description = fmt.Sprintf("the sign-in that the access token comes from must not be older than %d seconds", c.MaxAge/time.Second)
	}
	maxAge := ""
	if c.MaxAge > 0 {
		maxAge = strconv.FormatInt(int64(c.MaxAge/time.Second), 10)
	}
	header := join(append(
		ownParams(c.Error, c.Description),
		param{"max_age", maxAge},
		param{"acr_values", strings.Join(flat(c.Contexts), " ")},
	))
	if len(header) > maxChallengeHeader {
		header = OwnError(c.Error, "")
	}
	return header
}

// OwnError gives the value of the WWW-Authenticate header of an endpoint for tokens of
// ours that judges for itself (RFC 6750, section 3); either text may be empty.
func OwnError(code, description string) string { return join(ownParams(code, description)) }

func ownParams(code, description string) []param {
	return []param{{"realm", realm}, {"error", code}, {"error_description", noQuotes.Replace(description)}}
}

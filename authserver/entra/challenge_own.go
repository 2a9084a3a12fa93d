package entra

import (
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
	}
	maxAge := ""
	if c.MaxAge > 0 {
		maxAge = strconv.FormatInt(int64(c.MaxAge/time.Second), 10)
	}
	params := []param{
		{"realm", realm},
		{"error", c.Error},
		{"error_description", noQuotes.Replace(c.Description)},
		{"max_age", maxAge},
		{"acr_values", strings.Join(flat(c.Contexts), " ")},
	}
	header := join(params)
	if len(header) > maxChallengeHeader {
		header = join(params[:2])
	}
	return header
}

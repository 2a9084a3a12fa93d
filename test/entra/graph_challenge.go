package entra

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// capabilityCP1 is the client capability, as the claim xms_cc of a token tells
// it, without which Graph sends no claims challenge.
const capabilityCP1 = "cp1"

// challenge is what a claims challenge asks of the next access token. Members
// that are not here do not matter, as information beside what is asked.
type challenge struct {
	AccessToken struct {
		Acrs *claimMember `json:"acrs"`
		Nbf  *claimMember `json:"nbf"`
	} `json:"access_token"`
}

// mustAnswer reports whether the caller is sent the challenge: its token is of a
// client that can handle one, and does not satisfy it. A text that is no claims
// request, or asks neither acrs nor nbf, is satisfied by no token.
func (c caller) mustAnswer(text string) bool {
	able := slices.ContainsFunc(c.capabilities, func(have string) bool { return strings.EqualFold(have, capabilityCP1) })
	return text != "" && able && !c.satisfies(text)
}

// satisfies: acrs needs one of the contexts asked for; nbf needs a token that was
// issued then or later, whose nbf lies five minutes back.
func (c caller) satisfies(text string) bool {
	var ask challenge
	if json.Unmarshal([]byte(text), &ask) != nil {
		return false
	}
	acrs, nbf := ask.AccessToken.Acrs, ask.AccessToken.Nbf
	if acrs == nil && nbf == nil {
		return false
	}
	if acrs != nil && len(both(acrs.contexts(), c.acrs)) == 0 {
		return false
	}
	if nbf != nil {
		earliest, err := strconv.ParseInt(nbf.value(), 10, 64)
		return err == nil && c.notBefore+int64(backdated.Seconds()) >= earliest
	}
	return true
}

// bearerRealm is how each WWW-Authenticate of Graph begins.
func (s *Server) bearerRealm() string {
	return `Bearer realm="", authorization_uri="` + s.BaseURL() + `/common/oauth2/authorize"`
}

// insufficientClaims is a claims challenge; the text goes out as it is, as base64.
func (s *Server) insufficientClaims(text string) graphReply {
	reply := graphError(http.StatusUnauthorized, "InvalidAuthenticationToken", "Continuous access evaluation resulted in challenge with result: InteractionRequired.")
	reply.header = map[string]string{
		"WWW-Authenticate": s.bearerRealm() + `, error="insufficient_claims", claims="` + base64.StdEncoding.EncodeToString([]byte(text)) + `"`,
	}
	return reply
}

// CapableToken is UserToken for Graph's scopes, as a client of capability cp1 gets
// it after a sign-in that satisfied these authentication contexts (c1 to c99).
func (s *Server) CapableToken(userID, clientID, scope string, acrs ...string) (string, error) {
	raw, err := s.UserToken(userID, clientID, scope)
	if err != nil {
		return "", err
	}
	claims, err := s.openGraphToken(raw)
	if err != nil {
		return "", fmt.Errorf("scope %q: %w", scope, err)
	}
	claims["xms_cc"] = []string{capabilityCP1}
	if len(acrs) > 0 {
		claims["acrs"] = acrs
	}
	return s.signForGraph(claims), nil
}

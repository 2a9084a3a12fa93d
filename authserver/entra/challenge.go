package entra

import (
	"encoding/base64"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
)

// Challenge is what a WWW-Authenticate header says, apart from who we are.
type Challenge struct {
	Error       string          // one of the constants below; "" when no token came, or nothing is wrong with it
	Description string          // for whoever wrote the client; at most a few hundred bytes
	Scopes      []string        // to ask for, kept names (access.ScopeNames)
	Contexts    []access.Clause // authentication contexts, any one of each
	MaxAge      time.Duration   // the sign-in may be no older; 0: any
}

// InsufficientScope is the error of a token that is good and lacks something: no
// other sign-in of the same person brings it (RFC 6750, section 3.1).
const InsufficientScope = "insufficient_scope"

// The other values of error: of RFC 6750, of RFC 9470, and of Entra ID's claims challenge.
const (
	errInvalidToken       = "invalid_token"
	errInsufficientClaims = "insufficient_claims"
	errInsufficientAuth   = "insufficient_user_authentication"
)

const (
	realm              = "easyauth"
	maxChallengeHeader = 1500 // bytes of the header's value
)

// Challenge gives the value of the WWW-Authenticate header: printable ASCII, at
// most 1,500 bytes. What does not fit is left out, the description first, then
// scope, claims, the address and the client id.
//
// A claims challenge is base64 (RFC 4648, section 5, with padding). Another
// provider than Entra ID is asked for contexts as RFC 9470 has it (acr_values).
// authorization_uri is there once the provider has been found.
func (rp *RelyingParty) Challenge(c Challenge) string {
	hints := rp.tokenHints(c.Scopes)
	claims, contexts := base64.URLEncoding.EncodeToString([]byte(rp.ClaimsJSON(c))), ""
	if rp.cfg.Kind == Plain && c.Error == errInsufficientClaims {
		c.Error, contexts = errInsufficientAuth, strings.Join(flat(c.Contexts), " ")
	}
	maxAge := ""
	if c.MaxAge > 0 {
		maxAge = strconv.FormatInt(int64(c.MaxAge/time.Second), 10)
	}
	params := []param{
		{"realm", realm},
		{"authorization_uri", hints.AuthorizationURI},
		{"client_id", hints.ClientID},
		{"scope", strings.Join(hints.Scopes, " ")},
		{"error", c.Error},
		{"claims", claims},
		{"acr_values", contexts},
		{"max_age", maxAge},
		{"error_description", noQuotes.Replace(c.Description)},
	}
	header := join(params)
	for _, name := range []string{"error_description", "scope", "claims", "acr_values", "authorization_uri", "client_id"} {
		if len(header) <= maxChallengeHeader {
			break
		}
		params = slices.DeleteFunc(params, func(p param) bool { return p.name == name })
		header = join(params)
	}
	return header
}

// noQuotes: a description has neither double quotes nor backslashes, not even
// escaped ones (RFC 6750, section 3).
var noQuotes = strings.NewReplacer(`"`, "'", `\`, "/")

type param struct{ name, value string }

// join writes a challenge. Empty values are left out.
func join(params []param) string {
	var b strings.Builder
	b.WriteString("Bearer ")
	first := true
	for _, p := range params {
		if p.value == "" {
			continue
		}
		if !first {
			b.WriteString(", ")
		}
		first = false
		b.WriteString(p.name + `="`)
		for _, r := range p.value {
			switch {
			case r == '"' || r == '\\':
				b.WriteByte('\\')
			case r < ' ' || r > '~':
				r = '?'
			}
			b.WriteRune(r)
		}
		b.WriteByte('"')
	}
	return b.String()
}

// ClaimsJSON returns what the sign-in of an insufficient_claims challenge has to
// ask for, as the claims parameter of an authorization request; "" for any other,
// and for another provider than Entra ID.
func (rp *RelyingParty) ClaimsJSON(c Challenge) string {
	names := flat(c.Contexts)
	if rp.cfg.Kind == Plain || c.Error != errInsufficientClaims || len(names) == 0 {
		return ""
	}
	acrs := struct {
		Essential bool     `json:"essential"`
		Value     string   `json:"value,omitempty"`
		Values    []string `json:"values,omitempty"`
	}{Essential: true, Values: names}
	if len(names) == 1 {
		acrs.Value, acrs.Values = names[0], nil
	}
	text, err := json.Marshal(map[string]any{accessTokenMember: map[string]any{"acrs": acrs}})
	if err != nil { // texts and a truth
		return ""
	}
	return string(text)
}

// flat gives all names of clauses, each once.
func flat(clauses []access.Clause) []string {
	var out []string
	for _, c := range clauses {
		out = appendNew(out, c...)
	}
	return out
}

// TokenHints say where and how to get an access token.
type TokenHints struct {
	AuthorizationURI string   // "" before discovery
	ClientID         string   // of this API, not of the program that wants a token
	Scopes           []string // to ask for, as the provider understands them
}

// TokenHints returns what a program needs to get a token that has what is missing.
func (rp *RelyingParty) TokenHints(m access.Missing) TokenHints { return rp.tokenHints(flat(m.Scopes)) }

func (rp *RelyingParty) tokenHints(scopes []string) TokenHints {
	hints := TokenHints{ClientID: rp.cfg.ClientID, Scopes: rp.bearerScopes(scopes)}
	if p := rp.provider.Load(); p != nil {
		hints.AuthorizationURI = p.authorize.String()
	}
	return hints
}

// bearerScopes gives the scopes to ask for when some are missing: ours, as
// "<client id>/<name>", because a token for us can have no others; without any,
// all that was consented to before, which Azure AD B2C has no scope for. Another
// provider's scopes stay as they are, also none.
func (rp *RelyingParty) bearerScopes(names []string) []string {
	if rp.cfg.Kind == Plain || rp.cfg.Scopes == nil {
		return slices.DeleteFunc(slices.Clone(names), func(s string) bool { return !access.IsScope(s) })
	}
	var own []string
	for _, name := range names {
		switch {
		case !rp.cfg.Scopes.IsOwn(name) || !access.IsScope(name):
		case isDefault(name): // goes with no other
			return []string{name}
		default:
			own = append(own, name)
		}
	}
	if len(own) > 0 || rp.cfg.Kind == B2C {
		return own
	}
	return []string{rp.cfg.ClientID + "/" + access.DefaultScope}
}

package entra

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/oauth2"
)

// AuthRequest is one trip to the provider.
type AuthRequest struct {
	State       string   // required; Entra ID fails beyond about 1,800 characters
	Nonce       string   // required
	Verifier    string   // required; 43 to 128 characters, of which only the S256 challenge is sent
	RedirectURI string   // required; as registered
	Scopes      []string // as Plan gives them
	Prompt      string   // none, login or select_account; empty sends none
	LoginHint   string   // empty sends none

	Claims   string        // a claims challenge: a JSON object of at most 4 KB; empty is none
	Contexts []string      // authentication contexts (acr), of which the ID token must tell one
	Methods  []string      // authentication methods (amr), likewise; of a plain provider alone
	MaxAge   time.Duration // the person may have signed in no longer ago, in whole seconds; 0 is any
}

// AuthorizationURL returns where to send the browser. The answer will come as a
// query (response_mode=query). Each parameter is there once, also where the
// provider's own URL has a query; there ours win. Claims, Contexts, Methods and
// the client's capabilities become one parameter "claims". Errors: ErrNotReady,
// or a field that is missing or cannot be.
func (rp *RelyingParty) AuthorizationURL(r AuthRequest) (string, error) {
	p := rp.provider.Load()
	switch {
	case p == nil:
		return "", ErrNotReady
	case r.State == "" || r.Nonce == "" || r.RedirectURI == "" || len(r.Scopes) == 0:
		return "", errors.New("authorization request: state, nonce, redirect URI and scopes are required")
	case len(r.Verifier) < 43 || len(r.Verifier) > 128:
		return "", errors.New("authorization request: a verifier has 43 to 128 characters (RFC 7636)")
	case !slices.Contains([]string{"", "none", "login", "select_account"}, r.Prompt):
		return "", errors.New("authorization request: prompt is none, login or select_account")
	case len(r.Methods) > 0 && rp.cfg.Kind != Plain:
		return "", errors.New("authorization request: Entra ID does not tell methods of authentication")
	case r.MaxAge < 0 || r.MaxAge > 0 && r.MaxAge < time.Second:
		return "", errors.New("authorization request: max_age is whole seconds")
	}
	claims, err := rp.claimsParam(r.Claims, r.Contexts, r.Methods)
	if err != nil {
		return "", fmt.Errorf("authorization request: %w", err)
	}
	maxAge := ""
	if r.MaxAge > 0 {
		maxAge = strconv.FormatInt(int64(r.MaxAge/time.Second), 10)
	}
	return withQuery(p.authorize, map[string]string{
		"response_type":         "code",
		"response_mode":         "query",
		"client_id":             rp.cfg.ClientID,
		"redirect_uri":          r.RedirectURI,
		"scope":                 strings.Join(r.Scopes, " "),
		"state":                 r.State,
		"nonce":                 r.Nonce,
		"code_challenge":        oauth2.S256ChallengeFromVerifier(r.Verifier),
		"code_challenge_method": "S256",
		"domain_hint":           rp.cfg.DomainHint,
		"login_hint":            r.LoginHint,
		"prompt":                r.Prompt,
		"claims":                claims,
		"max_age":               maxAge,
	}), nil
}

// CheckIssuerParam checks the iss parameter of an authorization response (RFC
// 9207), which a mix-up attack would betray. Empty means that there was none:
// that is fine unless the provider announced that it always sends one. The
// error is ErrNotReady or an *Error with ReasonIssuer.
func (rp *RelyingParty) CheckIssuerParam(iss string) error {
	p := rp.provider.Load()
	switch {
	case p == nil:
		return ErrNotReady
	case iss == p.issuer, iss == "" && !p.issParam:
		return nil
	case iss == "":
		return refuse(ReasonIssuer, "authorization response: iss is missing, which the provider promises to send")
	}
	return refuse(ReasonIssuer, "authorization response: iss is not %q", p.issuer)
}

// withQuery sets parameters in the query of a provider's address; empty ones
// are left out.
func withQuery(endpoint *url.URL, params map[string]string) string {
	u, q := *endpoint, endpoint.Query()
	for name, value := range params {
		q.Del(name)
		if value != "" {
			q.Set(name, value)
		}
	}
	u.RawQuery = q.Encode()
	return u.String()
}

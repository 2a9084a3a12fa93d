package entra

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"net/url"
	"slices"
	"time"
)

// grant is what a user's sign-in gave to a client. Codes and refresh tokens carry it.
type grant struct {
	clientID string
	tenant   string
	policy   string // of B2C, else ""
	oid      string
	scopes   askedScopes // all that the authorization request asked
	nonce    string
	sid      string
	line     string // of refresh tokens: all that came of one code
	authTime time.Time
	acrs     []string // of the ID token

	satisfied    []string // contexts of the session
	accessACRs   []string // of access tokens
	capabilities []string // of the client: claim xms_cc of access tokens
}

// code is an authorization code.
type code struct {
	grant             grant
	authority         string // where it was issued, canonical
	redirectURI       string
	challenge, method string
	expires           time.Time
	used              bool
}

// token is the token endpoint.
func (s *Server) token(w http.ResponseWriter, r *http.Request, at authority) {
	r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
	if err := r.ParseForm(); err != nil {
		s.writeTokenError(w, malformed("the body cannot be read"))
		return
	}
	form := r.PostForm
	for name, values := range form {
		if len(values) > 1 {
			s.writeTokenError(w, malformed("the parameter '"+clip(name)+"' is duplicated"))
			return
		}
	}
	client, proof, fail := s.authenticateClient(r, form, at)
	s.seen.sawToken(proof.request(form))
	if fail != nil {
		if proof.method == AuthBasic {
			w.Header().Set("WWW-Authenticate", `Basic realm="`+s.BaseURL()+`"`)
		}
		s.writeTokenError(w, fail)
		return
	}
	if form.Get("grant_type") == grantRefresh {
		s.refreshTokens(w, r, at, client, form)
		return
	}
	s.hold(r, form.Get("grant_type"))
	var answer map[string]any
	switch form.Get("grant_type") {
	case "authorization_code":
		answer, fail = s.redeemCode(at, client, form)
	case "client_credentials":
		answer, fail = s.appTokenAnswer(at, client, form.Get("scope"))
	case "":
		fail = missingParameter("grant_type")
	default:
		fail = &stsError{code: 70003, oauth: "unsupported_grant_type", text: "The app requested an unsupported grant type '" + clip(form.Get("grant_type")) + "'."}
	}
	s.writeTokens(w, answer, fail)
}

// writeTokens answers with tokens, or with a refusal.
func (s *Server) writeTokens(w http.ResponseWriter, answer map[string]any, fail *stsError) {
	if fail != nil {
		s.writeTokenError(w, fail)
		return
	}
	if edit := s.faults.get().TokenEdit; edit != nil {
		edit(answer)
	}
	writeJSON(w, http.StatusOK, answer)
}

// redeemCode checks everything about a code before it uses it up.
func (s *Server) redeemCode(at authority, client Client, form url.Values) (map[string]any, *stsError) {
	id := form.Get("code")
	if id == "" {
		return nil, missingParameter("code")
	}
	c, ok := s.codes.get(id)
	if !ok {
		return nil, &stsError{code: 70000, oauth: "invalid_grant", text: "The provided value for the 'code' parameter is not valid."}
	}
	if fail := s.checkCode(at, c, client, form); fail != nil {
		return nil, fail
	}
	if fail := s.standing(client, c.grant.oid); fail != nil {
		return nil, fail
	}
	asked, fail := s.tokenScopes(client, c.grant, form.Get("scope"), "")
	if fail != nil {
		return nil, fail
	}
	g, fail := c.grant.withClaims(form.Get("claims"))
	if fail != nil {
		return nil, fail
	}
	if before, _ := s.codes.swap(id, func(v *code) { v.used = true }); before.used {
		return nil, alreadyRedeemed()
	}
	g.line = token(12)
	return s.delegatedAnswer(client, g, asked), nil
}

func alreadyRedeemed() *stsError {
	return &stsError{code: 54005, oauth: "invalid_grant", text: "OAuth2 Authorization code was already redeemed, please retry with a new valid code or use an existing refresh token."}
}

func (s *Server) checkCode(at authority, c code, client Client, form url.Values) *stsError {
	switch {
	case c.used:
		return alreadyRedeemed()
	case c.grant.policy != at.policy:
		return &stsError{b2c: true, code: 90088, oauth: "invalid_grant", text: "The provided grant has not been issued for this endpoint. Actual Value : " + c.grant.policy + " and Expected Value : " + at.policy}
	case c.authority != at.canonical():
		return &stsError{code: 700005, oauth: "invalid_grant", text: "Provided Authorization Code is intended to use against other tenant, thus rejected."}
	case c.grant.clientID != client.ID:
		return &stsError{code: 700005, oauth: "invalid_grant", text: "Provided Authorization Code is intended to use against other client."}
	case !s.now().Before(c.expires):
		return &stsError{code: 70008, oauth: "invalid_grant", text: "The provided authorization code or refresh token has expired due to inactivity. Send a new interactive authorization request for this user and resource."}
	case form.Get("redirect_uri") != c.redirectURI:
		return &stsError{code: 500112, oauth: "invalid_grant", text: "The reply address '" + clip(form.Get("redirect_uri")) + "' does not match the reply address '" + c.redirectURI + "' provided when requesting Authorization code."}
	case c.challenge != "" && form.Get("code_verifier") == "":
		return &stsError{code: 501481, oauth: "invalid_grant", text: "The Code_Verifier does not match the code_challenge supplied in the authorization request."}
	case c.challenge == "" && form.Get("code_verifier") != "":
		return &stsError{code: 50148, oauth: "invalid_grant", text: "The code_verifier was sent but the authorization request had no code_challenge."}
	case !verifies(c, form.Get("code_verifier")):
		return &stsError{code: 501481, oauth: "invalid_grant", text: "The Code_Verifier does not match the code_challenge supplied in the authorization request."}
	}
	return nil
}

func verifies(c code, verifier string) bool {
	if c.challenge == "" {
		return true
	}
	if !challengeForm.MatchString(verifier) {
		return false
	}
	if c.method == "S256" {
		sum := sha256.Sum256([]byte(verifier))
		verifier = b64(sum[:])
	}
	return subtle.ConstantTimeCompare([]byte(verifier), []byte(c.challenge)) == 1
}

// tokenScopes decides for which resource and scopes a token is. Without a scope
// parameter it is the resource of before, or the first of the authorization request.
func (s *Server) tokenScopes(client Client, g grant, text, last string) (askedScopes, *stsError) {
	if g.policy != "" {
		return s.policyRequest(client, g, text)
	}
	asked, fail := s.parseScopes(text)
	if fail != nil {
		if fail.code == 650053 {
			fail.code = 70011
		}
		return asked, fail
	}
	if len(asked.resources) > 1 {
		return asked, &stsError{code: 28000, oauth: "invalid_request", text: "Provided value for the input parameter scope is not valid because it contains more than one resource. Scope " + clip(text) + " is not valid."}
	}
	if len(s.missingConsent(client, g.oid, asked)) > 0 {
		return asked, consentMissing(client, "invalid_grant")
	}
	if len(asked.resources) == 0 && text == "" && len(g.scopes.resources) > 0 {
		i := slices.IndexFunc(g.scopes.resources, func(r askedResource) bool { return r.id == last })
		asked.resources = []askedResource{g.scopes.resources[max(i, 0)]}
	}
	if len(asked.resources) == 0 {
		asked.resources = []askedResource{{resource: graphResource()}}
	}
	asked.oidc = appendNew(slices.Clone(g.scopes.oidc), asked.oidc...)
	return asked, nil
}

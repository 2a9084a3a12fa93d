package entra

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

// MaxState is the longest state, in characters, that the authorization endpoint accepts.
const MaxState = 1800

// authRequest is an authorization request that was found good.
type authRequest struct {
	authority   authority
	client      Client
	redirectURI string
	mode        string // query, fragment or form_post
	state       string
	nonce       string
	challenge   string
	method      string // S256 or plain; "" without PKCE
	prompt      string
	loginHint   string
	scopes      askedScopes
	claims      askedClaims
	hasMaxAge   bool
	maxAge      time.Duration
}

// authorize reads a request and goes on with the first step that it needs.
func (s *Server) authorize(w http.ResponseWriter, r *http.Request, a authority) {
	r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
	if err := r.ParseForm(); err != nil {
		s.errorPage(w, malformed("the parameters cannot be read"))
		return
	}
	s.seen.sawAuthorize(r.Form)
	req, fail := s.readRedirect(a, r.Form)
	if fail != nil {
		s.errorPage(w, fail)
		return
	}
	if fail := s.readAuthorize(&req, r.Form); fail != nil {
		s.refuse(w, r, req, fail)
		return
	}
	f := flow{id: token(24), req: req, expires: s.now().Add(flowLifetime)}
	s.flows.put(f.id, f)
	s.proceed(w, r, f)
}

// readRedirect checks what must be right before anything may be sent to the
// redirect URI. Its refusals are pages.
func (s *Server) readRedirect(a authority, v url.Values) (authRequest, *stsError) {
	req := authRequest{authority: a, redirectURI: v.Get("redirect_uri"), state: v.Get("state")}
	if len(req.state) > MaxState {
		return req, &stsError{code: 90015, oauth: "invalid_request", text: "Requested query string is too long."}
	}
	for name, values := range v {
		if len(values) > 1 {
			return req, &stsError{code: 9000411, oauth: "invalid_request", text: "The request is not properly formatted. The parameter '" + clip(name) + "' is duplicated."}
		}
	}
	id := v.Get("client_id")
	if id == "" {
		return req, missingParameter("client_id")
	}
	client, ok := s.client(id)
	if !ok {
		return req, unknownClient(id, s.orgName)
	}
	req.client = client
	if req.redirectURI == "" {
		return req, missingParameter("redirect_uri")
	}
	if !slices.Contains(client.RedirectURIs, req.redirectURI) {
		return req, &stsError{code: 50011, oauth: "invalid_request", text: "The redirect URI '" + clip(req.redirectURI) +
			"' specified in the request does not match the redirect URIs configured for the application '" + client.ID + "'."}
	}
	req.mode = v.Get("response_mode")
	switch req.mode {
	case "":
		req.mode = "query"
	case "query", "fragment", "form_post":
	default:
		return req, &stsError{code: 90023, oauth: "invalid_request", text: "Unsupported 'response_mode' value."}
	}
	return req, nil
}

func unknownClient(id, tenant string) *stsError {
	return &stsError{code: 700016, oauth: "unauthorized_client", text: "Application with identifier '" + clip(id) + "' was not found in the directory '" + tenant + "'."}
}

// readAuthorize checks the rest. Its refusals go to the redirect URI.
func (s *Server) readAuthorize(req *authRequest, v url.Values) *stsError {
	switch v.Get("response_type") {
	case "code":
	case "":
		return missingParameter("response_type")
	case "id_token", "token", "code id_token", "id_token token":
		return &stsError{code: 700054, oauth: "unsupported_response_type", text: "response_type '" + v.Get("response_type") + "' is not enabled for the application."}
	default:
		return &stsError{code: 70005, oauth: "unsupported_response_type", text: "The provided value for the input parameter 'response_type' is not allowed for this client."}
	}
	if strings.TrimSpace(v.Get("scope")) == "" {
		return missingParameter("scope")
	}
	var fail *stsError
	if req.authority.policy != "" {
		req.scopes, fail = s.policyScopes(req.client, v.Get("scope"))
	} else {
		req.scopes, fail = s.parseScopes(v.Get("scope"))
	}
	if fail != nil {
		return fail
	}
	if fail := req.readPKCE(v); fail != nil {
		return fail
	}
	req.nonce, req.loginHint = v.Get("nonce"), v.Get("login_hint")
	req.prompt = v.Get("prompt")
	switch req.prompt {
	case "", "none", "login", "select_account", "consent":
	default:
		return &stsError{code: 90023, oauth: "invalid_request", text: "Unsupported 'prompt' value."}
	}
	if fail := req.readMaxAge(v.Get("max_age")); fail != nil {
		return fail
	}
	req.claims, fail = readClaims(v.Get("claims"))
	return fail
}

var challengeForm = regexp.MustCompile(`^[A-Za-z0-9._~-]{43,128}$`)

func (req *authRequest) readPKCE(v url.Values) *stsError {
	req.challenge, req.method = v.Get("code_challenge"), v.Get("code_challenge_method")
	switch {
	case req.challenge == "" && req.method != "":
		return missingParameter("code_challenge")
	case req.challenge == "" && req.client.public():
		return &stsError{code: 9002325, oauth: "invalid_request", text: "Proof Key for Code Exchange is required for cross-origin authorization code redemption."}
	case req.challenge == "":
		return nil
	case req.method == "":
		req.method = "plain"
	}
	if !challengeForm.MatchString(req.challenge) || (req.method != "S256" && req.method != "plain") {
		return &stsError{code: 501471, oauth: "invalid_request", text: "Invalid size or method of code_challenge parameter."}
	}
	return nil
}

package entra

import (
	"maps"
	"net/http"
	"net/url"
)

// How a client proved itself, as TokenRequest.ClientAuth tells.
const (
	AuthNone      = "none"
	AuthPost      = "client_secret_post"
	AuthBasic     = "client_secret_basic"
	AuthAssertion = "private_key_jwt" // signed with a certificate's key
	AuthFederated = "federated"       // another issuer's token
)

// Parameters of the token endpoint that prove who the client is.
const (
	formSecret     = "client_secret"
	formAssertion  = "client_assertion"
	formAssertType = "client_assertion_type"
)

// proof is what a token request says about its client.
type proof struct {
	id        string
	secret    string
	method    string // of the Auth… constants, before anything was verified
	assertion *assertion
}

// authenticateClient takes one proof: a secret from the body or from Basic, or an
// assertion from the body. It returns the proof also when it refuses.
func (s *Server) authenticateClient(r *http.Request, form url.Values, at authority) (Client, proof, *stsError) {
	p, fail := readProof(r, form)
	if fail != nil {
		return Client{}, p, fail
	}
	if p.id == "" {
		return Client{}, p, missingParameter("client_id")
	}
	client, ok := s.client(p.id)
	switch {
	case !ok:
		return client, p, unknownClient(p.id, s.orgName)
	case client.public() && (p.secret != "" || p.assertion != nil):
		return client, p, refusedClient(700025, "Client is public so neither 'client_assertion' nor 'client_secret' should be presented.")
	case client.public():
		return client, p, nil
	case p.assertion != nil:
		fail := s.checkAssertion(client, at, &p)
		return client, p, fail
	case p.secret == "":
		return client, p, refusedClient(7000218, "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.")
	case !client.takes(p.secret):
		return client, p, refusedClient(7000215, "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '"+client.ID+"'.")
	}
	return client, p, nil
}

// checkAssertion verifies an assertion: another issuer's where its iss is not the
// client and the client has federated credentials, else the client's own.
func (s *Server) checkAssertion(client Client, at authority, p *proof) *stsError {
	if len(client.Federated) > 0 && stringClaim(p.assertion.claims, "iss") != client.ID {
		p.method = AuthFederated
		return s.checkFederated(client, *p.assertion)
	}
	return s.checkCertificateAssertion(client, at, *p.assertion)
}

func readProof(r *http.Request, form url.Values) (proof, *stsError) {
	p := proof{id: form.Get("client_id"), secret: form.Get(formSecret), method: AuthNone}
	if p.secret != "" {
		p.method = AuthPost
	}
	if user, password, ok := r.BasicAuth(); ok {
		p.method = AuthBasic
		id, err1 := url.QueryUnescape(user)
		secret, err2 := url.QueryUnescape(password)
		switch {
		case p.secret != "" || form.Has(formAssertion):
			return p, malformed("more than one client authentication")
		case err1 != nil || err2 != nil || (p.id != "" && p.id != id):
			return p, malformed("the Authorization header does not fit")
		}
		p.id, p.secret = id, secret
	}
	if !form.Has(formAssertion) {
		return p, nil
	}
	if p.secret != "" {
		return p, malformed("more than one client authentication")
	}
	p.method = AuthAssertion
	switch form.Get(formAssertType) {
	case AssertionType:
	case "":
		return p, missingParameter(formAssertType)
	default:
		return p, &stsError{code: 90023, oauth: "invalid_request", text: "Unsupported 'client_assertion_type' value."}
	}
	a, fail := readAssertion(form.Get(formAssertion))
	if fail != nil {
		return p, fail
	}
	p.assertion = &a
	if p.id == "" {
		p.id = stringClaim(a.claims, "sub")
	}
	return p, nil
}

// request is the proof as TokenRequest tells it.
func (p proof) request(form url.Values) TokenRequest {
	form = maps.Clone(form)
	for _, name := range []string{formSecret, formAssertion, "password"} {
		form.Del(name)
	}
	out := TokenRequest{Form: form, ClientAuth: p.method}
	if p.assertion != nil {
		out.AssertionHeader, out.AssertionClaims = maps.Clone(p.assertion.header), maps.Clone(p.assertion.claims)
	}
	return out
}

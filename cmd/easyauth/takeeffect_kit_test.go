package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/test/entra"
)

const (
	callerClient = "44444444-0000-4000-8000-000000000004" // asks for tokens for otherClient

	exchangeGrant = "urn:ietf:params:oauth:grant-type:token-exchange"
	idTokenType   = "urn:ietf:params:oauth:token-type:id_token"
	accessType    = "urn:ietf:params:oauth:token-type:access_token"
)

// startProviderOfTwo is a provider with two applications, and a client of the other one.
func startProviderOfTwo(t *testing.T) (idp *entra.Server, address string) {
	t.Helper()
	idp = entra.New(entra.Config{Clients: []entra.Client{
		{ID: clientID, Secret: "s3cret", RedirectURIs: []string{"http://" + host + "/easyauth/signin-oidc"}},
		{ID: otherClient, Secret: "another", API: entra.API{Scopes: []string{"Orders.Read"}}},
		{ID: callerClient, Secret: "the caller's"},
	}})
	address = freeAddress(t)
	stop, err := idp.Start(context.Background(), address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	return idp, address
}

// at is a running server, and the provider that it asks.
type at struct {
	*server

	idp *entra.Server
}

// started runs a server with these settings, and waits until it knows the provider.
// An empty setting is none; policies, when there are any, stand in a file.
func started(t *testing.T, idp *entra.Server, address, policies string, settings ...map[string]string) at {
	t.Helper()
	vars := with(t, append([]map[string]string{laptop(t, address), {"EASYAUTH_READ_REGISTRATION": "false"}}, settings...)...)
	if policies != "" {
		file := filepath.Join(t.TempDir(), "easyauth.yaml")
		overwrite(t, file, policies)
		vars["EASYAUTH_CONFIG_FILE"] = file
	}
	s := start(t, vars)
	waitFor(t, "discovery", func() bool { return !strings.Contains(s.get(s.admin, "/readyz", nil).body, "degraded") })
	return at{s, idp}
}

// answered is what an endpoint of programs says.
type answered struct {
	Access      string `json:"access_token"`
	ExpiresIn   int    `json:"expires_in"`
	Error       string `json:"error"`
	Description string `json:"error_description"`

	status int
}

// String is the status, and the word that says why.
func (a *answered) String() string {
	word, _, _ := strings.Cut(a.Description, ":")
	return strings.TrimSpace(fmt.Sprint(a.status, " ", word))
}

// post asks the token endpoint, as a client with this address would through a proxy.
func (s at) post(realIP string, form url.Values) *answered {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, "http://"+s.public+"/easyauth/api/v1/token", strings.NewReader(form.Encode()))
	if err != nil {
		s.t.Fatal(err)
	}
	r.Host = host
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("X-Real-Ip", realIP)
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		s.t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	if err := errors.Join(err, resp.Body.Close()); err != nil {
		s.t.Fatal(err)
	}
	a := &answered{status: resp.StatusCode}
	if err := json.Unmarshal(body, a); err != nil {
		s.t.Fatalf("%d, %v\n%s", resp.StatusCode, err, body)
	}
	return a
}

// exchange brings a token of the provider's.
func (s at) exchange(kind, token string, err error) *answered {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
	return s.post("192.0.2.7", url.Values{"grant_type": {exchangeGrant}, "subject_token": {token}, "subject_token_type": {kind}})
}

// own exchanges an ID token of Adele's for our application.
func (s at) own() *answered {
	s.t.Helper()
	token, err := s.idp.IDToken(entra.Adele, clientID, "")
	return s.exchange(idTokenType, token, err)
}

// foreign exchanges an access token of Adele's for the other application.
func (s at) foreign() *answered {
	s.t.Helper()
	token, err := s.idp.UserToken(entra.Adele, callerClient, "api://"+otherClient+"/Orders.Read")
	return s.exchange(accessType, token, err)
}

// check asks the auth endpoint with a token of ours, as nginx does for a client with this address.
func (s at) check(a *answered, realIP, query string) *response {
	s.t.Helper()
	if a.Access == "" {
		s.t.Fatalf("no token: %v", a)
	}
	h := asNginx(page)
	h.Set("Authorization", "Bearer "+a.Access)
	h.Set("X-Real-Ip", realIP)
	return s.get(s.public, "/easyauth/auth"+query, h)
}

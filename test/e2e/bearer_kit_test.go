package e2e

import (
	"net/http"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/test/entra"
	"github.com/easyauth-sidecar/easyauth/test/stand"
)

const (
	// callerID is another application, which calls ours.
	callerID = "22222222-2222-4333-8444-555555555555"
	ownAPI   = "api://" + stand.ClientID
	ownScope = ownAPI + "/Orders.Read"
)

// withBearer is one host that takes access tokens. edits change the registration.
func withBearer(edits ...func(*entra.Client)) stand.Config {
	cfg := oneHost()
	cfg.Env = map[string]string{"EASYAUTH_ALLOW_BEARER": "true", "EASYAUTH_READ_REGISTRATION": "false"}
	cfg.Registration = func(c *entra.Client) {
		c.API = entra.API{Scopes: []string{"Orders.Read", "Orders.Delete"}}
		for _, edit := range edits {
			edit(c)
		}
	}
	cfg.Emulator = func(c *entra.Config) {
		c.Clients = append(c.Clients, entra.Client{
			ID: callerID, Secret: "the-caller's", Name: "Nightly import",
			AppPermissions: map[string][]string{ownAPI: {"Orders.Process"}},
		})
	}
	cfg.Rules = []stand.Rule{
		{Path: "/api/orders", Query: "scope=" + ownScope, API: true},
		{Path: "/api/process", Query: "role=Orders.Process", API: true},
		{Path: "/api/strong", Query: "acr=c1", API: true},
		{Path: "/api/recent", Query: "max_age=15m", API: true},
		{Path: "/api/finance", Query: "group=" + entra.GroupID(2), API: true},
		{Path: "/api/graph", Query: "graph=boss", API: true},
	}
	return cfg
}

// userToken is an access token for our API that a user let the caller have.
func userToken(t *testing.T, s *stand.Stand, user string) string {
	t.Helper()
	token, err := s.Entra.UserToken(user, callerID, ownScope)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// appToken is an access token of the caller itself.
func appToken(t *testing.T, s *stand.Stand) string {
	t.Helper()
	token, err := s.Entra.AppToken(callerID, ownAPI+"/.default")
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// idToken is an ID token of our own registration.
func idToken(t *testing.T, s *stand.Stand, nonce string) string {
	t.Helper()
	token, err := s.Entra.IDToken(entra.Adele, stand.ClientID, nonce)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// faulty makes a token while the emulator misbehaves.
func faulty(s *stand.Stand, f entra.Faults, mint func() string) string {
	s.Entra.SetFaults(f)
	defer s.Entra.ClearFaults()
	return mint()
}

// bearing is what a program sends along.
func bearing(token string) http.Header {
	return http.Header{"Authorization": {"Bearer " + token}, "Accept": {"application/json"}}
}

// program is nobody's browser: it keeps no cookies.
func program(t *testing.T, s *stand.Stand) *visitor {
	t.Helper()
	v := newVisitor(t, s, "")
	v.client.Jar = nil
	return v
}

// call asks for a path with a bearer token.
func (v *visitor) call(path, token string) *reply {
	v.t.Helper()
	return v.do(http.MethodGet, path, bearing(token))
}

// challenge reads the one WWW-Authenticate header of an answer.
func (r *reply) challenge(t *testing.T) map[string]string {
	t.Helper()
	lines := r.header["Www-Authenticate"]
	if len(lines) != 1 {
		t.Fatalf("%s: %d with %d WWW-Authenticate headers: %q", r.url, r.status, len(lines), lines)
	}
	rest, isBearer := strings.CutPrefix(lines[0], "Bearer ")
	if !isBearer {
		t.Fatalf("%s: %q", r.url, lines[0])
	}
	params := map[string]string{}
	for rest != "" {
		name, after, found := strings.Cut(rest, `="`)
		value, more, closed := strings.Cut(after, `"`)
		if !found || !closed || params[name] != "" {
			t.Fatalf("%s: %q", r.url, lines[0])
		}
		params[name], rest = value, strings.TrimPrefix(more, ", ")
	}
	return params
}

// refuses wants a 401 that says that the token is no good, and with what words.
func (r *reply) refuses(t *testing.T, what string, words ...string) {
	t.Helper()
	if r.status != http.StatusUnauthorized {
		t.Errorf("%s: %d\n%.300s", what, r.status, r.body)
		return
	}
	c := r.challenge(t)
	if c["error"] != "invalid_token" || c["realm"] == "" || c["client_id"] != stand.ClientID || !strings.HasSuffix(c["authorization_uri"], "/oauth2/v2.0/authorize") {
		t.Errorf("%s: %v", what, c)
	}
	for _, word := range words {
		if !strings.Contains(c["error_description"], word) {
			t.Errorf("%s: the description does not say %q: %q", what, word, c["error_description"])
		}
	}
}

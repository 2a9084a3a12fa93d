package e2e

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/test/entra"
	"github.com/easyauth-sidecar/easyauth/test/stand"
)

// withOwnScopes is an application that exposes scopes of its own, one of which
// has the name of one of Microsoft Graph's.
func withOwnScopes() stand.Config {
	cfg := oneHost()
	cfg.Registration = func(c *entra.Client) {
		c.API = entra.API{URI: "api://orders.contoso.example", Scopes: []string{"Orders.Read", "Files.Read"}}
		c.AppPermissions = map[string][]string{entra.GraphURI: {"Application.Read.All"}}
	}
	cfg.Rules = []stand.Rule{
		{Path: "/orders", Query: "scope=Orders.Read"},
		{Path: "/own-files", Query: "scope=Files.Read"},
		{Path: "/both", Query: "scope=Orders.Read&scope=User.Read.All&graph=boss"},
		{Path: "/full", Query: "scope=api://orders.contoso.example/Orders.Read"},
	}
	return cfg
}

// The registration says which scopes are ours: they are asked for as Entra ID
// needs them, and those of Graph's with the same name never stand for them.
func TestOwnScopesAndGraph(t *testing.T) {
	t.Parallel()
	s := start(t, withOwnScopes())
	waitUntil(t, "the registration", func() bool { return strings.Contains(s.Log(), registrationRead) })
	v := newVisitor(t, s, entra.Adele)
	asked := func() []string { return strings.Fields(s.Entra.LastAuthorize().Get("scope")) }
	if r := v.open("/orders"); r.shownURI() != "/orders" {
		t.Errorf("%d\n%.300s", r.status, r.body)
	}
	if got := asked(); !slices.Contains(got, stand.ClientID+"/Orders.Read") || slices.Contains(got, "Orders.Read") || got[0] != "openid" {
		t.Errorf("asked for %q", got)
	}
	v.get("/echo").tells(t, "Adele", map[string]string{"scp": "Orders.Read"})
	trips := s.Entra.Requests(entra.EndpointAuthorize)
	if r := v.open("/full"); r.shownURI() != "/full" || s.Entra.Requests(entra.EndpointAuthorize) != trips {
		t.Errorf("its full name: %d", r.status)
	}
	// One sign-in, two resources: the code for ours, the refresh token for Graph.
	w := newVisitor(t, s, entra.Adele)
	trips = s.Entra.Requests(entra.EndpointAuthorize)
	if r := w.open("/both"); r.shownURI() != "/both" || !strings.Contains(r.body, "Grace Hopper") {
		t.Errorf("both: %d\n%.300s", r.status, r.body)
	}
	if n := s.Entra.Requests(entra.EndpointAuthorize) - trips; n != 1 || !slices.Contains(asked(), "offline_access") || s.Entra.Grants("refresh_token") == 0 {
		t.Errorf("%d trips, asked for %q, %d refreshes", n, asked(), s.Entra.Grants("refresh_token"))
	}
	for _, c := range w.jar() {
		if strings.Contains(c.Name, "refresh") || len(c.Value) > 3800 {
			t.Errorf("cookie %s of %d bytes", c.Name, len(c.Value))
		}
	}
	// Graph's Files.Read is not ours.
	x := newVisitor(t, s, entra.Adele)
	s.Entra.SetFaults(entra.Faults{TokenEdit: func(answer map[string]any) { answer["scope"] = "openid profile email User.Read Files.Read" }})
	if r := x.open("/own-files"); r.status != http.StatusForbidden || !strings.Contains(r.body, "A permission was not granted") {
		t.Errorf("Graph's scope of the same name: %d\n%.300s", r.status, r.body)
	}
	s.Entra.ClearFaults()
	if r := x.open("/own-files"); r.shownURI() != "/own-files" {
		t.Errorf("ours: %d\n%.300s", r.status, r.body)
	}
}

// Without the permission to read the registration a rule writes the scope's full
// name, and the page opens.
func TestOwnScopesWithoutTheRegistration(t *testing.T) {
	t.Parallel()
	cfg := withOwnScopes()
	described := cfg.Registration
	cfg.Registration = func(c *entra.Client) {
		described(c)
		c.API.URI, c.AppPermissions = "", nil // api://<client id>
	}
	cfg.Rules = []stand.Rule{{Path: "/orders", Query: "scope=" + ownScope}}
	s := start(t, cfg)
	v := newVisitor(t, s, entra.Adele)
	if r := v.open("/orders"); r.shownURI() != "/orders" {
		t.Errorf("%d\n%.300s", r.status, r.body)
	}
	if r := v.open("/mail"); r.shownURI() != "/mail" {
		t.Errorf("Graph's as before: %d", r.status)
	}
}

// With EASYAUTH_CLIENT_CAPABILITIES=cp1, what Graph wants of the sign-in first
// is asked for at once.
func TestClaimsChallengeOfGraph(t *testing.T) {
	t.Parallel()
	const challenge = `{"access_token":{"acrs":{"essential":true,"value":"c3"}}}`
	for capability, wantTrips := range map[string]int{"cp1": 2, "": 1} {
		cfg := oneHost()
		cfg.Env = map[string]string{"EASYAUTH_CLIENT_CAPABILITIES": capability}
		s := start(t, cfg)
		v := newVisitor(t, s, entra.Adele)
		s.Entra.SetFaults(entra.Faults{GraphChallenge: challenge})
		trips := s.Entra.Requests(entra.EndpointAuthorize)
		if r := v.open("/graph"); r.shownURI() != "/graph" || strings.Contains(r.body, "error_status") || !strings.Contains(r.body, "Retail Manager") {
			t.Errorf("%q: %d\n%.500s", capability, r.status, r.body)
		}
		if n := s.Entra.Requests(entra.EndpointAuthorize) - trips; n != wantTrips {
			t.Errorf("%q: %d trips, want %d", capability, n, wantTrips)
		}
		if got := s.Entra.LastAuthorize().Get("claims"); strings.Contains(got, "c3") != (capability != "") {
			t.Errorf("%q: claims %s", capability, got)
		}
	}
}

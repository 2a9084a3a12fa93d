package e2e

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/test/entra"
	"github.com/easyauth-sidecar/easyauth/test/stand"
)

const policy = "B2C_1_SignUpSignIn"

func withB2C(env map[string]string) stand.Config {
	cfg := oneHost()
	cfg.Env = map[string]string{"EASYAUTH_INSTANCE": "{entra}", "EASYAUTH_SIGNUP_SIGNIN_POLICY": policy, "EASYAUTH_GRAPH_QUERIES": "", "EASYAUTH_GRAPH_URL": ""}
	for name, value := range env {
		cfg.Env[name] = value
	}
	cfg.Emulator = func(c *entra.Config) {
		c.KeysPerTenant, c.B2C = true, entra.B2C{Policies: []string{policy, "B2C_1_PasswordReset"}}
		c.Users = append(entra.DefaultUsers(), entra.User{
			ID: "carla", ObjectID: "ca000000-0000-4000-8000-0000000000ca", Username: "carla@customer.example", Name: "Carla Customer",
			Claims: map[string]any{"extension_Plan": "gold"},
		})
	}
	return cfg
}

func TestB2C(t *testing.T) {
	t.Parallel()
	for name, env := range map[string]map[string]string{
		"as configured": {}, "in another case": {"EASYAUTH_SIGNUP_SIGNIN_POLICY": strings.ToLower(policy)},
	} {
		s := start(t, withB2C(env))
		v := newVisitor(t, s, "carla")
		if r := v.open("/page?x=1"); r.shownURI() != "/page?x=1" {
			t.Fatalf("%s: %d\n%.600s", name, r.status, r.body)
		}
		id := v.get("/api/x").echo(t)
		if id.Headers.Get("X-Injected-Sub") == "" || id.Headers.Get("X-Injected-Roles") != "" {
			t.Errorf("%s: %v", name, id.identity())
		}
		if r := v.get("/api/admin/x"); r.status != http.StatusUnauthorized {
			t.Errorf("%s: a page for administrators: %d", name, r.status)
		}
	}
}

// Another policy of the same tenant shares issuer and, often, keys.
func TestB2CPolicyMustMatch(t *testing.T) {
	t.Parallel()
	s := start(t, withB2C(nil))
	for name, claim := range map[string]any{"another policy": "B2C_1_PasswordReset", "no policy": nil, "empty": "", "a list": []string{policy}} {
		s.Entra.SetFaults(entra.Faults{EditClaims: func(c map[string]any) {
			delete(c, "acr")
			if c["tfp"] = claim; claim == nil {
				delete(c, "tfp")
			}
		}})
		v := newVisitor(t, s, "carla")
		if r := v.open("/page"); r.status != http.StatusForbidden || v.cookie(ticketCookie) != "" || !strings.Contains(r.body, "This sign-in cannot be completed") {
			t.Errorf("%s: %d\n%.300s", name, r.status, r.body)
		}
		s.Entra.SetFaults(entra.Faults{EditClaims: func(c map[string]any) { delete(c, "tfp"); c["acr"] = strings.ToLower(policy) }})
		if r := v.follow(v.get("/easyauth/login?retry=1&rd=/page")); r.shownURI() != "/page" {
			t.Errorf("%s, the sibling: %d", name, r.status)
		}
		s.Entra.ClearFaults()
	}
	v := newVisitor(t, s, "carla")
	r := v.get("/page")
	back, err := entra.Cancel(t.Context(), v.client, v.get(v.next(r)).header.Get("Location"), "")
	if err != nil {
		t.Fatal(err)
	}
	if r := v.get(back); r.status != http.StatusForbidden || !strings.Contains(r.body, "Sign-in was cancelled") {
		t.Errorf("cancelled: %d\n%.300s", r.status, r.body)
	}
}

// Any OIDC provider: the emulator's tenant, as one that is not Microsoft's.
func withIssuer(env map[string]string) stand.Config {
	cfg := withBearer()
	for name, value := range map[string]string{
		"EASYAUTH_ISSUER": "{entra}/" + entra.DefaultTenantID + "/v2.0", "EASYAUTH_TENANT_ID": "", "EASYAUTH_INSTANCE": "",
		"EASYAUTH_GRAPH_URL": "", "EASYAUTH_GRAPH_QUERIES": "", "EASYAUTH_READ_REGISTRATION": "",
	} {
		cfg.Env[name] = value
	}
	for name, value := range env {
		cfg.Env[name] = value
	}
	return cfg
}

func TestOtherProvider(t *testing.T) {
	t.Parallel()
	s := start(t, withIssuer(nil))
	v := newVisitor(t, s, entra.Adele)
	if r := v.open("/admin?x=1"); r.shownURI() != "/admin?x=1" {
		t.Fatalf("%d\n%.600s", r.status, r.body)
	}
	v.get("/api/x").tells(t, "Adele", map[string]string{"name": "Adele+Vance", "roles": "Admin|Orders.Write", "email": "adele.vance%40contoso.example"})
	if r := newVisitor(t, s, entra.Bob).open("/admin"); r.status != http.StatusForbidden {
		t.Errorf("Bob: %d", r.status)
	}
	for _, fault := range []entra.TokenFault{entra.WrongIssuer, entra.WrongAudience, entra.WrongNonce, entra.Expired, entra.WrongSignature, entra.AlgNone} {
		s.Entra.SetFaults(entra.Faults{IDToken: fault})
		who := newVisitor(t, s, entra.Adele)
		if r := who.open("/echo"); r.status != http.StatusForbidden || who.cookie(ticketCookie) != "" {
			t.Errorf("%s: %d", fault, r.status)
		}
		s.Entra.ClearFaults()
	}
	if r := newVisitor(t, s, entra.Bob).open("/echo"); r.status != http.StatusOK {
		t.Errorf("the sibling: %d", r.status)
	}
	// Signed out there too.
	if r, err := v.ask(http.MethodPost, "/easyauth/logout?rd=/public", http.Header{"Accept": {"text/html"}}, ""); err != nil || v.follow(r).status != http.StatusOK || v.cookie(ticketCookie) != "" {
		t.Errorf("sign-out: %v", err)
	}
}

// The claims of roles, groups and scopes have other names there.
func TestOtherProviderMapsClaims(t *testing.T) {
	t.Parallel()
	cfg := withIssuer(map[string]string{
		"EASYAUTH_ROLES_CLAIM": "realm_access.roles", "EASYAUTH_GROUPS_CLAIM": "https://contoso.example/teams", "EASYAUTH_SCOPES_CLAIM": "scope",
	})
	cfg.Rules = []stand.Rule{
		{Path: "/manager", Query: "role=manager"},
		{Path: "/team", Query: "group=" + url.QueryEscape("/north")},
		{Path: "/mfa", Query: "amr=mfa"},
		{Path: "/api/manager", Query: "role=manager", API: true},
		{Path: "/api/read", Query: "scope=orders:read", API: true},
	}
	s := start(t, cfg)
	claims := func(c map[string]any) {
		delete(c, "roles")
		c["realm_access"] = map[string]any{"roles": []string{"manager"}}
		c["https://contoso.example/teams"] = []string{"/north", "/south"}
		c["amr"] = []string{"pwd", "mfa"}
		c["scope"] = "orders:read profile"
	}
	s.Entra.SetFaults(entra.Faults{EditClaims: claims})
	v := newVisitor(t, s, entra.Adele)
	for _, path := range []string{"/manager", "/team", "/mfa"} {
		if r := v.open(path); r.shownURI() != path {
			t.Errorf("%s: %d\n%.300s", path, r.status, r.body)
		}
	}
	if r := v.open("/admin"); r.status != http.StatusForbidden { // her role in the claim roles
		t.Errorf("the claim roles counts: %d", r.status)
	}
	s.Entra.ClearFaults()
	if r := newVisitor(t, s, entra.Adele).open("/manager"); r.status != http.StatusForbidden {
		t.Errorf("without the claim: %d", r.status)
	}
	w := program(t, s)
	adele := func() string { return userToken(t, s, entra.Adele) }
	w.call("/api/manager", faulty(s, entra.Faults{EditAccess: claims}, adele)).tells(t, "a token", map[string]string{"roles": "manager"})
	if r := w.call("/api/read", faulty(s, entra.Faults{EditAccess: claims}, adele)); r.status != http.StatusOK {
		t.Errorf("a scope: %d %v", r.status, r.header["Www-Authenticate"])
	}
	w.call("/api/manager", adele()).refuses(t, "a token without a claim of scopes", "scope")
	w.call("/api/manager", idToken(t, s, "")).refuses(t, "an ID token")
}

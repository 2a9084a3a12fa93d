package e2e

import (
	"net/http"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/test/entra"
	"github.com/easyauth-sidecar/easyauth/test/stand"
)

// Two more tenants, each with one person.
const (
	fabrikam = "7e57ab1e-0000-4000-8000-0000000000fa"
	evilCorp = "bad0bad0-0000-4000-8000-000000000bad"
	olga     = "olga"
	eve      = "eve"
	olgaOID  = "0a000000-0000-4000-8000-00000000001a"
)

func withTenants(env map[string]string) stand.Config {
	cfg := withBearer()
	for name, value := range env {
		cfg.Env[name] = value
	}
	caller := cfg.Emulator
	cfg.Emulator = func(c *entra.Config) {
		caller(c)
		c.KeysPerTenant = true
		c.Domains = map[string]string{"fabrikam.example": fabrikam}
		c.Users = append(entra.DefaultUsers(),
			entra.User{ID: olga, ObjectID: olgaOID, TenantID: fabrikam, Username: "olga@fabrikam.example", Name: "Olga Petrova", Roles: []string{"Admin"}},
			entra.User{ID: eve, ObjectID: "e1000000-0000-4000-8000-00000000000e", TenantID: evilCorp, Username: "eve@evil.example", Name: "Eve", Roles: []string{"Admin"}},
		)
	}
	return cfg
}

func organizations() map[string]string {
	return map[string]string{"EASYAUTH_TENANT_ID": "organizations", "EASYAUTH_ALLOWED_TENANTS": entra.DefaultTenantID + "," + strings.ToUpper(fabrikam)}
}

func TestSeveralTenants(t *testing.T) {
	t.Parallel()
	cfg := withTenants(organizations())
	s := start(t, cfg)
	keysOfTenants(t, s)
	for user, tenant := range map[string]string{entra.Adele: entra.DefaultTenantID, olga: fabrikam} {
		v := newVisitor(t, s, user)
		if r := v.open("/admin?x=1"); r.shownURI() != "/admin?x=1" {
			t.Errorf("%s: %d\n%.300s", user, r.status, r.body)
		}
		v.get("/api/x").tells(t, user, map[string]string{"tid": tenant})
	}
	v := newVisitor(t, s, eve)
	r := v.open("/page")
	if r.status != http.StatusForbidden || v.cookie(ticketCookie) != "" || !strings.Contains(r.body, "Your organization has no access") || !strings.Contains(r.body, "Sign in as someone else") {
		t.Errorf("a tenant that is not allowed: %d\n%.600s", r.status, r.body)
	}
	waitUntil(t, "the tenant in the log", func() bool { return strings.Contains(s.Log(), evilCorp) })
	v.user = olga // and the button works
	if r := v.follow(v.get("/easyauth/login?prompt=select_account&rd=/page")); r.shownURI() != "/page" {
		t.Errorf("as someone else: %d", r.status)
	}
	olgas := v
	// A list that became shorter ends the sessions of who is no longer on it.
	adele := signedIn(t, s, entra.Adele)
	if err := s.EasyAuthProcess().Stop(patience); err != nil {
		t.Fatal(err)
	}
	cfg.Env["EASYAUTH_ALLOWED_TENANTS"] = entra.DefaultTenantID
	if err := s.RestartEasyAuth(t.Context()); err != nil {
		t.Fatal(err)
	}
	if r := olgas.get("/api/x"); r.status != http.StatusUnauthorized {
		t.Errorf("a session of a tenant that was removed: %d", r.status)
	}
	if r := adele.get("/api/x"); r.status != http.StatusOK {
		t.Errorf("a session of a tenant that stayed: %d", r.status)
	}
	waitUntil(t, "discovery", func() bool { return newVisitor(t, s, "").get("/easyauth/login").status == http.StatusFound })
	if r := newVisitor(t, s, olga).open("/page"); r.status != http.StatusForbidden {
		t.Errorf("a sign-in from a tenant that was removed: %d", r.status)
	}
}

// keysOfTenants waits for the keys of both tenants.
func keysOfTenants(t *testing.T, s *stand.Stand) {
	t.Helper()
	v := program(t, s)
	for _, user := range []string{entra.Adele, olga} {
		waitUntil(t, "the keys of "+user, func() bool { return v.call("/api/x", userToken(t, s, user)).status == http.StatusOK })
	}
}

// The keys of one tenant sign for no other, in ID tokens and in access tokens.
func TestKeysOfTenants(t *testing.T) {
	t.Parallel()
	s := start(t, withTenants(organizations()))
	keysOfTenants(t, s)
	v := program(t, s)
	claims := func(tenant string) func(c map[string]any) {
		issuer := strings.Replace(s.Entra.Issuer(), entra.DefaultTenantID, tenant, 1)
		return func(c map[string]any) { c["tid"], c["iss"] = tenant, issuer }
	}
	adele := func() string { return userToken(t, s, entra.Adele) } // signed by the default tenant's key
	v.call("/api/x", faulty(s, entra.Faults{EditAccess: claims(fabrikam)}, adele)).refuses(t, "the other tenant's claims", "key")
	v.call("/api/x", faulty(s, entra.Faults{EditAccess: func(c map[string]any) { c["tid"] = fabrikam }}, adele)).refuses(t, "the other tenant's tid", "tid")
	if r := v.call("/api/x", userToken(t, s, eve)); r.status != http.StatusUnauthorized || r.challenge(t)["error"] != "" {
		t.Errorf("a token of a tenant that is not allowed is not ours: %d %v", r.status, r.challenge(t))
	}
	for tenant, want := range map[string]int{entra.DefaultTenantID: http.StatusOK, fabrikam: http.StatusForbidden, evilCorp: http.StatusForbidden} {
		s.Entra.SetFaults(entra.Faults{EditClaims: claims(tenant)})
		who := newVisitor(t, s, entra.Adele)
		if r := who.open("/echo"); r.status != want || (who.cookie(ticketCookie) != "") != (want == http.StatusOK) {
			t.Errorf("an ID token that says it is of %s: %d, want %d", tenant, r.status, want)
		}
	}
}

// One tenant, named by its domain.
func TestTenantByDomain(t *testing.T) {
	t.Parallel()
	s := start(t, withTenants(map[string]string{"EASYAUTH_TENANT_ID": "fabrikam.example"}))
	v := newVisitor(t, s, olga)
	if r := v.open("/admin"); r.shownURI() != "/admin" {
		t.Errorf("%d\n%.300s", r.status, r.body)
	}
	v.get("/api/x").tells(t, "Olga", map[string]string{"tid": fabrikam, "oid": olgaOID})
	w := program(t, s)
	if r := w.call("/api/x", userToken(t, s, olga)); r.status != http.StatusOK {
		t.Errorf("Olga's token: %d %v", r.status, r.header["Www-Authenticate"])
	}
	if r := w.call("/api/x", userToken(t, s, entra.Adele)); r.status != http.StatusUnauthorized {
		t.Errorf("a token of another tenant: %d", r.status)
	}
}

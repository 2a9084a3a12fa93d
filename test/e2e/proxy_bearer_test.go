package e2e

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/test/entra"
	"github.com/easyauth-sidecar/easyauth/test/stand"
)

// tells compares the identity headers that the application saw.
func (r *reply) tells(t *testing.T, what string, want map[string]string) {
	t.Helper()
	h := r.echo(t).Headers
	for name, value := range want {
		if got := h.Get("X-Injected-" + name); got != value {
			t.Errorf("%s: x-injected-%s is %q, want %q", what, name, got, value)
		}
	}
}

// Each kind of token passes, and the application is told who it speaks for.
func TestBearerIdentities(t *testing.T) {
	t.Parallel()
	for version, edit := range map[string]func(*entra.Client){
		"v2": func(*entra.Client) {},
		"v1": func(c *entra.Client) { c.API.V1Tokens = true },
	} {
		s := start(t, withBearer(edit))
		v := program(t, s)
		user, app := userToken(t, s, entra.Adele), appToken(t, s)
		for range 2 { // the second time the token is known
			v.call("/api/x", user).tells(t, version+" of a user", map[string]string{
				"oid": entra.AdeleOID, "tid": s.Entra.TenantID(), "name": "Adele+Vance", "preferred-username": "adele%40contoso.example",
				"roles": "Admin|Orders.Write", "scp": "Orders.Read", "groups": entra.GroupID(1) + "|" + entra.GroupID(2), "graph": "", "overflow": "",
			})
			for _, path := range []string{"/api/admin/x", "/api/orders/7", "/api/finance"} {
				if r := v.call(path, user); r.status != http.StatusOK {
					t.Errorf("%s of a user at %s: %d %v", version, path, r.status, r.header["Www-Authenticate"])
				}
			}
			r := v.call("/api/process", app)
			r.tells(t, version+" of an application", map[string]string{
				"tid": s.Entra.TenantID(), "roles": "Orders.Process", "scp": "", "name": callerID, "preferred-username": "", "email": "",
			})
			if h := r.echo(t).Headers; h.Get("X-Injected-Oid") == "" || h.Get("X-Injected-Sub") != h.Get("X-Injected-Oid") || len(r.header["Set-Cookie"]) > 0 {
				t.Errorf("%s of an application: oid %q, sub %q", version, h.Get("X-Injected-Oid"), h.Get("X-Injected-Sub"))
			}
		}
		// What one has the other has not.
		for path, token := range map[string]string{"/api/admin/x": app, "/api/orders": app, "/api/process": user} {
			if c := v.call(path, token).challenge(t); c["error"] != "insufficient_scope" {
				t.Errorf("%s at %s: %v", version, path, c)
			}
		}
	}
}

// Without EASYAUTH_ALLOW_BEARER no token counts.
func TestBearerOff(t *testing.T) {
	t.Parallel()
	cfg := withBearer()
	delete(cfg.Env, "EASYAUTH_ALLOW_BEARER")
	s := start(t, cfg)
	if r := program(t, s).call("/api/x", userToken(t, s, entra.Adele)); r.status != http.StatusUnauthorized || len(r.header["Www-Authenticate"]) > 0 {
		t.Errorf("%d %v", r.status, r.header["Www-Authenticate"])
	}
	v := signedIn(t, s, entra.Bob)
	v.call("/api/x", userToken(t, s, entra.Adele)).tells(t, "with Bob's cookie", map[string]string{"oid": entra.BobOID})
}

func TestAttack20BearerRefusals(t *testing.T) {
	t.Parallel()
	s := start(t, withBearer())
	v := program(t, s)
	user := func() string { return userToken(t, s, entra.Adele) }
	app := func() string { return appToken(t, s) }
	edited := func(edit func(claims map[string]any)) entra.Faults { return entra.Faults{EditAccess: edit} }
	tests := []struct {
		name   string
		faults entra.Faults
		mint   func() string
		words  string // in the description
	}{
		{"wrong audience", entra.Faults{AccessToken: entra.WrongAudience}, user, stand.ClientID},
		{"wrong audience, an application", entra.Faults{AccessToken: entra.WrongAudience}, app, stand.ClientID},
		{"audience in another case", entra.Faults{AccessToken: entra.AudienceOtherCase}, user, ""},
		{"two audiences", entra.Faults{AccessToken: entra.TwoAudiences}, user, ""},
		{"another tenant's tid", entra.Faults{AccessToken: entra.WrongTenant}, user, ""},
		{"missing exp", entra.Faults{AccessToken: entra.MissingExpiry}, user, "exp"},
		{"future nbf", entra.Faults{AccessToken: entra.FutureNotBefore}, user, "not valid"},
		{"expired", entra.Faults{AccessToken: entra.Expired}, user, "expired"},
		{"an application without roles", entra.Faults{Roles: []string{}}, app, "role"},
		{"an ID token", entra.Faults{}, func() string { return idToken(t, s, "") }, "ID token"},
		{"an ID token with a nonce", entra.Faults{}, func() string { return idToken(t, s, "n-0S6_WzA2Mj") }, "ID token"},
		{"an access token with a nonce", edited(func(c map[string]any) { c["nonce"] = "n" }), user, "ID token"},
		{"no scp and no application", edited(func(c map[string]any) { delete(c, "scp") }), user, "scp"},
		{"a wrong signature", entra.Faults{AccessToken: entra.WrongSignature}, user, "signature"},
		{"alg none", entra.Faults{AccessToken: entra.AlgNone}, user, ""},
		{"HS256 with the public key", entra.Faults{AccessToken: entra.HS256PublicKey}, user, ""},
		{"an unknown kid", entra.Faults{AccessToken: entra.UnknownKid}, user, "key"},
		{"no kid", entra.Faults{AccessToken: entra.MissingKid}, user, "key"},
		{"missing oid", entra.Faults{AccessToken: entra.MissingOID}, user, "oid"},
		{"missing sub", entra.Faults{AccessToken: entra.MissingSubject}, user, "sub"},
		{"no client", edited(func(c map[string]any) { delete(c, "azp") }), user, "ID token"},
		{"ver of another issuer", edited(func(c map[string]any) { c["ver"] = "1.0" }), user, "ver"},
	}
	for _, tt := range tests {
		good := tt.mint
		if strings.Contains(tt.name, "ID token") || strings.Contains(tt.name, "nonce") {
			good = user
		}
		if r := v.call("/api/x", good()); r.status != http.StatusOK {
			t.Errorf("%s: the sibling: %d %v", tt.name, r.status, r.header["Www-Authenticate"])
		}
		r := v.call("/api/x", faulty(s, tt.faults, tt.mint))
		r.refuses(t, tt.name, tt.words)
		if got := r.challenge(t)["scope"]; got != stand.ClientID+"/.default" {
			t.Errorf("%s: scope %q", tt.name, got)
		}
		if tt.name == "wrong audience" && !strings.Contains(r.challenge(t)["error_description"], "its audience is") {
			t.Errorf("the audience seen is not told: %v", r.challenge(t))
		}
	}
}

// A token of Microsoft Graph is of our tenant, and never for us.
func TestAttack20BearerOfGraph(t *testing.T) {
	t.Parallel()
	s := start(t, withBearer())
	token, err := s.Entra.UserToken(entra.Adele, callerID, "User.Read")
	if err != nil {
		t.Fatal(err)
	}
	program(t, s).call("/api/x", token).refuses(t, "Graph's", "it is for Microsoft Graph")
}

// Tokens that are not of our tenant, or no JWT, mean nothing: as without.
func TestBearerOfOthers(t *testing.T) {
	t.Parallel()
	s := start(t, withBearer())
	v := program(t, s)
	foreign := faulty(s, entra.Faults{AccessToken: entra.OtherTenant}, func() string { return userToken(t, s, entra.Adele) })
	for name, h := range map[string]string{
		"another tenant": "Bearer " + foreign, "another issuer": "Bearer " + faulty(s, entra.Faults{AccessToken: entra.WrongIssuer}, func() string { return userToken(t, s, entra.Adele) }),
		"opaque": "Bearer 0123456789abcdef", "Basic": "Basic YWRlbGU6ZGVtbw==", "Negotiate": "Negotiate YII", "empty": "Bearer ", "nothing": "",
	} {
		r := v.do(http.MethodGet, "/api/x", http.Header{"Authorization": {h}})
		c := r.challenge(t)
		if r.status != http.StatusUnauthorized || c["error"] != "" || c["authorization_uri"] == "" || c["scope"] != stand.ClientID+"/.default" {
			t.Errorf("%s: %d %v", name, r.status, c)
		}
	}
	if r := v.call("/api/x", userToken(t, s, entra.Adele)); r.status != http.StatusOK {
		t.Errorf("ours: %d", r.status)
	}
}

// What a good token lacks is told so that its program can get it.
func TestBearerStepUp(t *testing.T) {
	t.Parallel()
	s := start(t, withBearer())
	v := program(t, s)
	bob := userToken(t, s, entra.Bob)
	want := map[string]map[string]string{
		"/api/admin":   {"error": "insufficient_scope", "error_description": "the access token lacks the role Admin"},
		"/api/finance": {"error": "insufficient_scope", "error_description": "the access token lacks the group " + entra.GroupID(2)},
		"/api/strong": {
			"error": "insufficient_claims", "claims": base64.URLEncoding.EncodeToString([]byte(`{"access_token":{"acrs":{"essential":true,"value":"c1"}}}`)),
		},
		"/api/recent": {"error": "insufficient_user_authentication", "max_age": "900"},
		"/api/graph":  {"error": "insufficient_scope"},
	}
	for path, params := range want {
		r := v.call(path, bob)
		c := r.challenge(t)
		for name, value := range params {
			if r.status != http.StatusUnauthorized || c[name] != value {
				t.Errorf("%s: %d, %s is %q, want %q", path, r.status, name, c[name], value)
			}
		}
	}
	// The same with what was asked for.
	better := faulty(s, entra.Faults{EditAccess: func(c map[string]any) { c["acrs"], c["auth_time"] = []string{"c1"}, c["iat"] }}, func() string { return userToken(t, s, entra.Adele) })
	for _, path := range []string{"/api/admin/x", "/api/finance", "/api/strong", "/api/recent"} {
		if r := v.call(path, better); r.status != http.StatusOK {
			t.Errorf("%s: %d %v", path, r.status, r.header["Www-Authenticate"])
		}
	}
	// Another scope than the one it has.
	token, err := s.Entra.UserToken(entra.Adele, callerID, ownAPI+"/Orders.Delete")
	if err != nil {
		t.Fatal(err)
	}
	if c := v.call("/api/orders", token).challenge(t); c["error"] != "insufficient_scope" || c["scope"] != stand.ClientID+"/Orders.Read" {
		t.Errorf("a scope missing: %v", c)
	}
}

// More groups than a token holds: could-not-tell, which is no refusal of the
// token; with the application's own permission the answer is found.
func TestBearerGroups(t *testing.T) {
	t.Parallel()
	cfg := withBearer()
	s := start(t, cfg)
	r := program(t, s).call("/api/finance", userToken(t, s, entra.Grace))
	if c := r.challenge(t); r.status != http.StatusUnauthorized || c["error"] != "" {
		t.Errorf("without Graph: %d %v", r.status, c)
	}
	if r := program(t, s).call("/api/finance", userToken(t, s, entra.Adele)); r.status != http.StatusOK { // two, both in the token
		t.Errorf("Adele: %d", r.status)
	}
	cfg = withBearer(func(c *entra.Client) {
		c.AppPermissions = map[string][]string{entra.GraphURI: {"GroupMember.Read.All", "User.Read.All"}}
	})
	cfg.Env["EASYAUTH_GROUPS_APP_ONLY"] = "true"
	s = start(t, cfg)
	v := program(t, s)
	grace := userToken(t, s, entra.Grace)
	for range 3 {
		if r := v.call("/api/finance", grace); r.status != http.StatusOK {
			t.Errorf("with Graph: %d %v", r.status, r.header["Www-Authenticate"])
		}
	}
	if n := s.Entra.Requests(entra.EndpointGraph); n != 1 {
		t.Errorf("Graph was asked %d times for one token", n)
	}
	s.Entra.SetFaults(entra.Faults{Endpoints: map[entra.Endpoint]entra.EndpointFault{entra.EndpointGraph: {Status: http.StatusServiceUnavailable}}})
	r = v.call("/api/finance", userToken(t, s, entra.Grace)) // another token of hers
	if c := r.challenge(t); r.status != http.StatusUnauthorized || c["error"] != "" {
		t.Errorf("Graph is away: %d %v", r.status, c)
	}
}

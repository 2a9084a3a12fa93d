package authserver_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	emulator "github.com/easyauth-sidecar/easyauth/test/entra"
)

// otherID is another application, whose API has scopes of the same names as ours.
const otherID = "22222222-0000-4000-8000-000000000002"

// ourAPI is a registration that is known: our API exposes these scopes under
// these identifiers, beside api://<client id>.
func ourAPI(scopes []string, uris ...string) options {
	n := access.NewScopeNames(clientID, nil, graphURL)
	n.Learn(append([]string{"api://" + clientID}, uris...), scopes)
	return options{names: n, emulator: exposes(scopes, uris...)}
}

// exposes makes the emulator's client, and another one, expose scopes.
func exposes(scopes []string, uris ...string) func(*emulator.Config) {
	return func(c *emulator.Config) {
		api := emulator.API{Scopes: scopes}
		if len(uris) > 0 {
			api.URI = uris[0]
		}
		c.Clients[0].API = api
		c.Clients = append(c.Clients, emulator.Client{ID: otherID, Secret: "other", Name: "Other", API: emulator.API{Scopes: []string{"Admin.Read", "Orders.Read"}}})
	}
}

func ours(name string) string { return clientID + "/" + name }

// Scopes are written as Entra ID needs them: OpenID Connect's first, then our own
// with the client id, then Graph's and others; each in its own sign-in or together.
func TestScopesByTheRegistration(t *testing.T) {
	const signIn = "openid profile email "
	tests := []struct {
		name, query string
		asked       string
		shown       string // scp; "" is not looked at
	}{
		{"a bare name of ours", "scope=Orders.Read", signIn + ours("Orders.Read"), "Orders.Read"},
		{"with the client id", "scope=" + ours("Orders.Read"), signIn + ours("Orders.Read"), "Orders.Read"},
		{"with api://", "scope=api://" + clientID + "/Orders.Read", signIn + ours("Orders.Read"), "Orders.Read"},
		{"with the App ID URI", "scope=https://orders.contoso.example/Orders.Read", signIn + ours("Orders.Read"), "Orders.Read"},
		{"a bare name of Graph's", "scope=Mail.Read", signIn + "Mail.Read", "Mail.Read"},
		{"with Graph's address", "scope=https://graph.microsoft.com/Mail.Read", signIn + "Mail.Read", "Mail.Read"},
		{"ours and Graph's", "scope=Mail.Read&scope=Orders.Read", signIn + "offline_access " + ours("Orders.Read") + " Mail.Read", ""},
		{"ours and another API's", "scope=api://" + otherID + "/Admin.Read&scope=Orders.Read", signIn + "offline_access " + ours("Orders.Read") + " api://" + otherID + "/Admin.Read", ""},
		{"all three", "scope=api://" + otherID + "/Admin.Read&scope=Mail.Read&scope=Orders.Read", signIn + "offline_access " + ours("Orders.Read") + " Mail.Read api://" + otherID + "/Admin.Read", ""},
		{"two of ours", "scope=Orders.Read&scope=Admin.Read", signIn + ours("Orders.Read") + " " + ours("Admin.Read"), ""},
		{"a name that both have", "scope=User.Read", signIn + ours("User.Read"), "User.Read"},
		{"and Graph's by its address", "scope=https://graph.microsoft.com/User.Read", signIn + "User.Read", "https%3A%2F%2Fgraph.microsoft.com%2FUser.Read"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			k := newKit(t, ourAPI([]string{"Orders.Read", "Admin.Read", "User.Read"}, "https://orders.contoso.example"))
			b := k.browser(emulator.Adele)
			resp := b.open(app+"/page", tt.query)
			if resp.StatusCode != 202 {
				t.Fatalf("%d\n%s\n%s", resp.StatusCode, resp.text(), k.log)
			}
			if got := k.idp.LastAuthorize().Get("scope"); got != tt.asked || k.idp.Requests(emulator.EndpointAuthorize) != 1 {
				t.Errorf("asked for %q, want %q", got, tt.asked)
			}
			scp := strings.Split(resp.Header.Get("X-Injected-Scp"), "|")
			if tt.shown != "" && !slices.Contains(scp, tt.shown) {
				t.Errorf("scp %q has no %q", scp, tt.shown)
			}
		})
	}
}

// A scope of ours and a Graph query come with one sign-in: the code for our API,
// one use of the refresh token for Graph, which nothing keeps.
func TestOwnScopeAndGraphInOneSignIn(t *testing.T) {
	k := newKit(t, ourAPI([]string{"Orders.Read"}))
	b := k.browser(emulator.Adele)
	resp := b.open(app+"/page", "scope=Orders.Read&graph=/me")
	if resp.StatusCode != 202 || !strings.Contains(resp.Header.Get("X-Injected-Graph"), "Retail+Manager") {
		t.Fatalf("%d, graph %q\n%s\n%s", resp.StatusCode, resp.Header.Get("X-Injected-Graph"), resp.text(), k.log)
	}
	if authorize, codes, refreshed := k.idp.Requests(emulator.EndpointAuthorize), k.idp.Grants("authorization_code"), k.idp.Grants("refresh_token"); authorize != 1 || codes != 1 || refreshed != 1 {
		t.Errorf("%d trips, %d codes and %d refresh tokens", authorize, codes, refreshed)
	}
	if got := k.idp.LastAuthorize().Get("scope"); got != "openid profile email offline_access "+ours("Orders.Read")+" User.Read" {
		t.Errorf("asked for %q", got)
	}
	last := k.idp.LastToken()
	if last.Form.Get("grant_type") != "refresh_token" || last.Form.Get("scope") != "User.Read" || last.Form.Get("refresh_token") == "" {
		t.Errorf("the last token request: %v", last.Form)
	}
	for _, secret := range []string{last.Form.Get("refresh_token"), "eyJ"} {
		if strings.Contains(k.log.String(), secret) {
			t.Errorf("%.20q is in the log", secret)
		}
	}
	if scp := strings.Split(resp.Header.Get("X-Injected-Scp"), "|"); !slices.Contains(scp, "Orders.Read") || !slices.Contains(scp, "User.Read") || slices.Contains(scp, "offline_access") {
		t.Errorf("scp %q", scp)
	}
	// The next check asks nobody.
	if resp := b.check(app+"/page", "scope=Orders.Read&graph=/me"); resp.StatusCode != 202 || k.idp.Requests(emulator.EndpointToken) != 2 {
		t.Errorf("again: %d", resp.StatusCode)
	}
}

// One resource needs no refresh token, and none is asked for.
func TestNoRefreshTokenWithoutNeed(t *testing.T) {
	for query, asked := range map[string]bool{"scope=Orders.Read": false, "graph=/me": false, "scope=Mail.Read&graph=/me": false, "": false, "scope=Orders.Read&scope=Mail.Read": true} {
		k := newKit(t, ourAPI([]string{"Orders.Read"}))
		resp := k.browser(emulator.Adele).open(app+"/page", query)
		if got := slices.Contains(strings.Fields(k.idp.LastAuthorize().Get("scope")), "offline_access"); resp.StatusCode != 202 || got != asked || k.idp.Grants("refresh_token") > 0 != asked {
			t.Errorf("%q: %d, offline_access %v, %d uses of the refresh token", query, resp.StatusCode, got, k.idp.Grants("refresh_token"))
		}
	}
}

// The second token cannot be had: signed in all the same, with what came.
func TestSecondResourceFails(t *testing.T) {
	for name, tt := range map[string]struct {
		query  string
		status int
		says   string
	}{
		"a scope of Graph's": {"scope=Orders.Read&scope=Mail.Read", 403, "Mail.Read"},
		"a query":            {"scope=Orders.Read&graph=/me", 202, ""},
	} {
		t.Run(name, func(t *testing.T) {
			k := newKit(t, ourAPI([]string{"Orders.Read"}))
			k.idp.SetFaults(emulator.Faults{TokenEdit: func(answer map[string]any) { delete(answer, "refresh_token") }})
			b := k.browser(emulator.Adele)
			resp := b.open(app+"/page", tt.query)
			if resp.StatusCode != tt.status || !strings.Contains(resp.body, tt.says) {
				t.Fatalf("%d, want %d\n%s", resp.StatusCode, tt.status, resp.text())
			}
			if tt.status == 202 && !strings.Contains(resp.Header.Get("X-Injected-Graph"), "error_status") {
				t.Errorf("graph %q", resp.Header.Get("X-Injected-Graph"))
			}
			if resp := b.check(app+"/own", "scope=Orders.Read"); resp.StatusCode != 202 {
				t.Errorf("the scope of ours: %d", resp.StatusCode)
			}
			k.idp.ClearFaults()
			if resp := b.open(app+"/mail", "scope=Orders.Read&scope=Mail.Read&graph=/me"); resp.StatusCode != 202 {
				t.Errorf("without the fault: %d\n%s", resp.StatusCode, resp.text())
			}
		})
	}
}

// Another API's Admin.Read never satisfies ours, whatever the answer calls it.
func TestScopeOfAnotherAPI(t *testing.T) {
	foreign := "api://" + otherID + "/Admin.Read"
	k := newKit(t, ourAPI([]string{"Admin.Read"}))
	b := k.browser(emulator.Adele)
	resp := b.open(app+"/page", "scope="+foreign)
	if resp.StatusCode != 202 || !slices.Contains(strings.Split(resp.Header.Get("X-Injected-Scp"), "|"), "api%3A%2F%2F"+otherID+"%2FAdmin.Read") {
		t.Fatalf("%d, scp %q\n%s", resp.StatusCode, resp.Header.Get("X-Injected-Scp"), resp.text())
	}
	for query, status := range map[string]int{
		"scope=Admin.Read": 401, "scope=" + ours("Admin.Read"): 401, "scope=api://" + clientID + "/Admin.Read": 401,
		"scope=https://graph.microsoft.com/Admin.Read": 401, "scope=api://" + otherID + "/Orders.Read": 401, "scope=" + foreign: 202,
	} {
		if resp := b.check(app+"/admin", query); resp.StatusCode != status {
			t.Errorf("%s: %d, want %d", query, resp.StatusCode, status)
		}
	}
	// The sign-in for ours asks for ours; a grant of the other's again is a page.
	k.idp.SetFaults(emulator.Faults{TokenEdit: func(answer map[string]any) { answer["scope"] = "openid profile email " + foreign }})
	resp = b.open(app+"/admin", "scope=Admin.Read")
	if resp.StatusCode != 403 || !strings.Contains(resp.body, ">Admin.Read<") || !slices.Contains(strings.Fields(k.idp.LastAuthorize().Get("scope")), ours("Admin.Read")) {
		t.Errorf("%d, asked for %q\n%s", resp.StatusCode, k.idp.LastAuthorize().Get("scope"), resp.text())
	}
	k.idp.ClearFaults()
	if resp := b.open(app+"/admin", "scope=Admin.Read"); resp.StatusCode != 202 {
		t.Errorf("granted: %d\n%s", resp.StatusCode, resp.text())
	}
}

// What the token endpoint may call a granted scope, and what it is then.
func TestGrantedScopes(t *testing.T) {
	for granted, met := range map[string]string{
		ours("Orders.Read"):                                  "scope=Orders.Read",
		"api://" + clientID + "/Orders.Read":                 "scope=Orders.Read",
		"https://orders.contoso.example/Orders.Read":         "scope=Orders.Read",
		"https://graph.microsoft.com/Mail.Read":              "scope=Mail.Read",
		"Mail.Read":                                          "scope=Mail.Read",
		"Orders.Read":                                        "", // Graph's, of which a rule cannot speak by its bare name
		"api://" + otherID + "/Orders.Read":                  "",
		otherID + "/Orders.Read":                             "",
		"https://orders.contoso.example.evil/Orders.Read":    "",
		"https://orders.contoso.example/more/Orders.Read":    "",
		"https://graph.microsoft.com.evil.example/Mail.Read": "",
		"https://graph.microsoft.us/Mail.Read":               "",
		"api://" + clientID + "/orders.read":                 "",
		"mail.read":                                          "",
	} {
		t.Run(granted, func(t *testing.T) {
			k := newKit(t, ourAPI([]string{"Orders.Read"}, "https://orders.contoso.example"))
			k.idp.SetFaults(emulator.Faults{TokenEdit: func(answer map[string]any) { answer["scope"] = "openid " + granted }})
			b := k.browser(emulator.Adele)
			if resp := b.open(app+"/", ""); resp.StatusCode != 202 {
				t.Fatalf("%d\n%s", resp.StatusCode, resp.text())
			}
			for _, query := range []string{"scope=Orders.Read", "scope=Mail.Read"} {
				want := http.StatusUnauthorized
				if query == met {
					want = http.StatusAccepted
				}
				if resp := b.check(app+"/page", query); resp.StatusCode != want {
					t.Errorf("%s: %d, want %d", query, resp.StatusCode, want)
				}
			}
		})
	}
}

// While the registration is not known, a bare name is Graph's, as Entra ID has it;
// ours are written with api://.
func TestScopesWithoutTheRegistration(t *testing.T) {
	unread := func() options {
		return options{names: access.NewScopeNames(clientID, nil, graphURL), emulator: exposes([]string{"Orders.Read", "User.Read"})}
	}
	tests := []struct {
		name, query string
		status      int
		asked       string // the last of the scopes
		says        string
	}{
		{"a bare name of Graph's", "scope=Mail.Read", 202, "Mail.Read", ""},
		{"a bare name of ours", "scope=Orders.Read", 403, "Orders.Read", "a permission that does not exist"},
		{"a name that both have", "scope=User.Read", 202, "User.Read", ""},
		{"ours with api://", "scope=api://" + clientID + "/Orders.Read", 202, ours("Orders.Read"), ""},
		{"ours with the client id", "scope=" + ours("Orders.Read"), 202, ours("Orders.Read"), ""},
		{"ours and Graph's", "scope=api://" + clientID + "/Orders.Read&scope=Mail.Read", 202, "Mail.Read", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			k := newKit(t, unread())
			resp := k.browser(emulator.Adele).open(app+"/page", tt.query)
			if resp.StatusCode != tt.status || !strings.Contains(resp.body, tt.says) {
				t.Errorf("%d, want %d\n%s", resp.StatusCode, tt.status, resp.text())
			}
			asked := strings.Fields(k.idp.LastAuthorize().Get("scope"))
			if asked[len(asked)-1] != tt.asked {
				t.Errorf("asked for %q", asked)
			}
		})
	}
	t.Run("and once it is known", func(t *testing.T) {
		o := unread()
		k := newKit(t, o)
		b := k.browser(emulator.Adele)
		if resp := b.open(app+"/page", "scope=Orders.Read"); resp.StatusCode != 403 {
			t.Fatal(resp.StatusCode)
		}
		o.names.Learn([]string{"api://" + clientID}, []string{"Orders.Read"})
		if resp := b.open(app+"/page", "scope=Orders.Read"); resp.StatusCode != 202 || !strings.HasSuffix(k.idp.LastAuthorize().Get("scope"), " "+ours("Orders.Read")) {
			t.Errorf("%d, asked for %q\n%s", resp.StatusCode, k.idp.LastAuthorize().Get("scope"), resp.text())
		}
	})
}

// A scope that was granted while the registration was not known is worth the same
// after it is: the session does not ask again.
func TestScopesKeptWhenTheRegistrationIsLearned(t *testing.T) {
	names := access.NewScopeNames(clientID, nil, graphURL)
	k := newKit(t, options{names: names, emulator: exposes([]string{"Orders.Read"})})
	b := k.browser(emulator.Adele)
	if resp := b.open(app+"/page", "scope=api://"+clientID+"/Orders.Read&scope=Mail.Read"); resp.StatusCode != 202 {
		t.Fatalf("%d\n%s", resp.StatusCode, resp.text())
	}
	names.Learn([]string{"api://" + clientID}, []string{"Orders.Read"})
	for query, status := range map[string]int{"scope=Orders.Read": 202, "scope=Mail.Read": 202, "scope=Mail.Send": 401} {
		if resp := b.check(app+"/page", query); resp.StatusCode != status {
			t.Errorf("%s: %d, want %d", query, resp.StatusCode, status)
		}
	}
}

// Scopes of every sign-in may be ours too, in any spelling.
func TestScopesOfEverySignIn(t *testing.T) {
	for _, name := range []string{"Orders.Read", ours("Orders.Read"), "api://" + clientID + "/Orders.Read"} {
		o := ourAPI([]string{"Orders.Read"})
		o.scopes = []string{"openid", "profile", "email", name}
		k := newKit(t, o)
		resp := k.browser(emulator.Adele).open(app+"/page", "")
		if got := k.idp.LastAuthorize().Get("scope"); resp.StatusCode != 202 || got != "openid profile email "+ours("Orders.Read") || resp.Header.Get("X-Injected-Scp") == "" {
			t.Errorf("%s: %d, asked for %q, scp %q", name, resp.StatusCode, got, resp.Header.Get("X-Injected-Scp"))
		}
	}
}

package authserver_test

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	emulator "github.com/easyauth-sidecar/easyauth/test/entra"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
)

// daemonID is a client that calls the application's API.
const daemonID = "22222222-0000-4000-8000-000000000002"

// tokenKind is one kind of token that an application can be reached with.
type tokenKind struct {
	name string
	v1   bool
	// headers asks with a token whose claims were edited, and returns the identity
	// headers that an application would get.
	headers func(t *testing.T, edit func(map[string]any)) http.Header
}

// claimsKit is a kit whose registration exposes an API, and a client of it.
func claimsKit(t *testing.T, v1 bool) *kit {
	t.Helper()
	names := access.NewScopeNames(clientID, nil, graphURL)
	names.Learn(nil, []string{"Orders.Read"})
	return newKit(t, options{bearer: true, names: names, emulator: func(c *emulator.Config) {
		c.Clients[0].API.V1Tokens = v1
		c.Clients = append(c.Clients, emulator.Client{
			ID: daemonID, Secret: "s3cret", Name: "Daemon",
			AppPermissions: map[string][]string{"api://" + clientID: {"Orders.Write.All"}},
		})
	}})
}

func tokenKinds(t *testing.T) []tokenKind {
	t.Helper()
	v1, v2 := claimsKit(t, true), claimsKit(t, false)
	idToken := func(_ *testing.T, edit func(map[string]any)) http.Header {
		v2.idp.SetFaults(emulator.Faults{EditClaims: edit})
		defer v2.idp.ClearFaults()
		b := v2.browser(emulator.Adele)
		b.open(app+"/page", "")
		return b.check(app+"/page", "").Header
	}
	bearer := func(k *kit, mint func() (string, error)) func(*testing.T, func(map[string]any)) http.Header {
		return func(t *testing.T, edit func(map[string]any)) http.Header {
			k.idp.SetFaults(emulator.Faults{EditAccess: edit})
			defer k.idp.ClearFaults()
			token, err := mint()
			if err != nil {
				t.Fatal(err)
			}
			return k.ask("GET", "", nginx("", "Authorization", "Bearer "+token)).Header
		}
	}
	user := func(k *kit) func() (string, error) {
		return func() (string, error) {
			return k.idp.UserToken(emulator.Adele, daemonID, "api://"+clientID+"/Orders.Read")
		}
	}
	daemon := func(k *kit) func() (string, error) {
		return func() (string, error) { return k.idp.AppToken(daemonID, "api://"+clientID+"/.default") }
	}
	return []tokenKind{
		{"id token", false, idToken},
		{"v2 access token of a user", false, bearer(v2, user(v2))},
		{"v1 access token of a user", true, bearer(v1, user(v1))},
		{"v2 access token of an application", false, bearer(v2, daemon(v2))},
		{"v1 access token of an application", true, bearer(v1, daemon(v1))},
	}
}

// TestClaimsToHeaders follows each claim of each kind of token to the header in
// which the application finds it. What it should be is written down here.
func TestClaimsToHeaders(t *testing.T) {
	const (
		idToken = 1 << iota
		user2
		user1
		app2
		app1

		users   = idToken | user2 | user1
		bearers = user2 | user1 | app2 | app1
		all     = users | app2 | app1
		none    = "(none)"
	)
	tests := []struct {
		kinds  int
		claim  string
		value  any // nil: as the emulator makes it
		header string
		want   string // none: there is no such header; encoded as a query
	}{
		{all, "oid", nil, "oid", "*"},
		{users, "oid", nil, "oid", emulator.AdeleOID},
		{all, "tid", nil, "tid", emulator.DefaultTenantID},
		{users, "sub", "pairwise", "sub", "pairwise"},
		{users, "name", "Zoë | 李", "name", "Zoë | 李"},
		{users, "name", "", "name", ""},
		{users, "email", "a@b.example", "email", "a@b.example"},
		{idToken | user2, "preferred_username", "ann@contoso.example", "preferred-username", "ann@contoso.example"},
		{user1, "upn", "ann@contoso.example", "preferred-username", "ann@contoso.example"},
		{all, "roles", []string{"Admin", "a|b"}, "roles", "Admin¦a|b"},
		{all, "roles", []string{"admin"}, "roles", "admin"},
		{users, "groups", []string{"aaaaaaaa-0000-4000-8000-000000000001", "Name"}, "groups", "aaaaaaaa-0000-4000-8000-000000000001¦Name"},
		{users, "groups", []string{}, "groups", ""},
		{user2 | user1, "scp", "Orders.Read Orders.List", "scp", "Orders.Read¦Orders.List"},
		{user2 | user1, "scp", "User.Read", "scp", "User.Read"},
		{app2 | app1, "scp", nil, "scp", ""},
		{all, "department", "Sales", "department", "Sales"},
		{all, "https://contoso.example/claims/cost_center", 42, "cost-center", "42"},
		{all, "ctry", []string{"DE", "FR"}, "ctry", "DE¦FR"},
		{all, "flag", true, "flag", "true"},
		{all, "nested", map[string]any{"a": 1}, "nested", `{"a":1}`},

		{all, "ROLES", []string{"Admin2"}, "roles", "*"},
		{all, "https://evil.example/roles", []string{"Evil"}, "roles", "*"},
		{all, "x-injected-roles", "Evil", "x-injected-roles", "Evil"}, // x-injected-x-injected-roles: no danger
		{all, "Scp", "Evil", "scp", "*"},

		{all, "iss", nil, "iss", none},
		{all, "aud", nil, "aud", none},
		{all, "exp", nil, "exp", none},
		{all, "iat", nil, "iat", none},
		{all, "nbf", nil, "nbf", none},
		{idToken, "nonce", nil, "nonce", none},
		{all, "ver", nil, "ver", none},
		{all, "uti", nil, "uti", none},
		{all, "rh", nil, "rh", none},
		{all, "aio", nil, "aio", none},
	}
	kinds := tokenKinds(t)
	rows := 0
	for _, tt := range tests {
		for i, kind := range kinds {
			if tt.kinds&(1<<i) == 0 {
				continue
			}
			rows++
			t.Run(kind.name+" "+tt.claim, func(t *testing.T) {
				h := kind.headers(t, func(claims map[string]any) {
					if tt.value != nil {
						claims[tt.claim] = tt.value
					}
				})
				got, there := h[http.CanonicalHeaderKey("x-injected-"+tt.header)]
				switch {
				case h.Get("x-injected-oid") == "":
					t.Fatalf("nobody passed: %v", h)
				case tt.want == none && there:
					t.Errorf("the header is %q", got)
				case tt.want == none:
				case len(got) != 1:
					t.Errorf("%d headers", len(got))
				case tt.want == "*" && (got[0] == "" && tt.header == "oid" || strings.Contains(got[0], "Evil") || strings.Contains(got[0], "Admin2")):
					t.Errorf("the header is %q", got[0])
				case tt.want == "*":
				default:
					if text := decoded(t, got[0]); text != tt.want {
						t.Errorf("the header is %q, want %q", text, tt.want)
					}
				}
			})
		}
	}
	t.Attr("claims", strconv.Itoa(rows))
}

// decoded undoes UrlEncode for each value of a list; values stand between broken
// bars, because a bar may be in them.
func decoded(t *testing.T, header string) string {
	t.Helper()
	var values []string
	for value := range strings.SplitSeq(header, "|") {
		text, err := url.QueryUnescape(value)
		if err != nil {
			t.Fatal(err)
		}
		values = append(values, text)
	}
	return strings.Join(values, "¦")
}

// TestNoOtherHeaders: an identity has the fixed headers and those of claims that
// are listed above, and no header of the protocol.
func TestNoOtherHeaders(t *testing.T) {
	fixed := []string{"Userinfo", "Name", "Oid", "Preferred-Username", "Sub", "Tid", "Email", "Groups", "Scp", "Roles", "Graph", "Overflow"}
	known := map[string]bool{"Sid": true, "Idtyp": true, "Azp": true, "Azpacr": true, "Appid": true, "Appidacr": true, "Upn": true}
	for _, kind := range tokenKinds(t) {
		for name := range kind.headers(t, nil) {
			short, ours := strings.CutPrefix(name, "X-Injected-")
			if ours && !slices.Contains(fixed, short) && !known[short] {
				t.Errorf("%s: %s", kind.name, name)
			}
		}
	}
}

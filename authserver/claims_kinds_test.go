package authserver_test

import (
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	emulator "github.com/easyauth-sidecar/easyauth/test/entra"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/entra"
	"github.com/easyauth-sidecar/easyauth/authserver/secret"
)

// The kinds of tokens that an application can be reached with, as a set.
const (
	idToken  = 1 << iota // of one tenant
	user2                // access tokens of one tenant: version 2 or 1, of a person or an application
	user1                //
	app2                 //
	app1                 //
	manyID               // of organizations, of another tenant
	manyUser             //
	externalID
	externalUser
	b2cID
	b2cUser
	plainID // of another provider, with roles, groups and scopes where Keycloak could have them
	plainUser

	persons2 = idToken | user2 | manyID | manyUser | externalID | externalUser // who are in version 2 tokens of Entra ID
	apps     = app2 | app1
	b2c      = b2cID | b2cUser
	plain    = plainID | plainUser
	people   = persons2 | user1 | b2c | plain
	bearers  = user2 | user1 | apps | manyUser | externalUser | b2cUser | plainUser
	all      = people | apps
	entraID  = persons2 | user1 | apps // Entra ID of all sorts
)

const (
	daemonID    = "22222222-0000-4000-8000-000000000002" // a client that calls the application's API
	otherTenant = "33333333-0000-4000-8000-000000000003"
	fayOID      = "fa000000-0000-4000-8000-0000000000fa"
	userFlow    = "B2C_1_SignIn"
	ownAPI      = "api://" + clientID
)

// tokenKind is one kind of token, and the server that it is for.
type tokenKind struct {
	bit  int
	name string
	k    *kit
	user string
	mint func(t *testing.T) (string, error) // nil: the ID token of a sign-in
	base func(claims map[string]any)        // done to every token; nil: nothing
}

// reached is what a token comes to.
type reached struct {
	token    map[string]any // as the provider made it, before edit
	identity access.Identity
	header   http.Header // that the application gets
}

// reach asks with a token whose claims were edited.
func (kind *tokenKind) reach(t *testing.T, edit func(map[string]any)) (r reached) {
	t.Helper()
	hook := func(claims map[string]any) {
		if kind.base != nil {
			kind.base(claims)
		}
		r.token = maps.Clone(claims)
		edit(claims)
	}
	k := kind.k
	defer k.idp.ClearFaults()
	if kind.mint == nil {
		k.idp.SetFaults(emulator.Faults{EditClaims: hook})
		b := k.browser(kind.user)
		if resp := b.open(app+"/page", ""); resp.StatusCode != http.StatusAccepted {
			t.Fatalf("signing in ended with %d (%s)", resp.StatusCode, k.lastReason())
		}
		r.header = b.check(app+"/page", "").Header
		u, err := url.Parse(app + basePath + "/signin-oidc")
		if err != nil {
			t.Fatal(err)
		}
		h := &http.Request{Header: http.Header{}}
		for _, c := range b.client.Jar.Cookies(u) {
			h.AddCookie(c)
		}
		s, reason, err := k.sessions.Read(t.Context(), h.Header)
		if s == nil {
			t.Fatal(reason, err)
		}
		r.identity = s.Identity
		return r
	}
	k.idp.SetFaults(emulator.Faults{EditAccess: hook})
	token, err := kind.mint(t)
	if err != nil {
		t.Fatal(err)
	}
	authorization := "Bearer " + token
	verified := k.provider.Bearer(t.Context(), http.Header{"Authorization": {authorization}})
	if verified.Identity == nil {
		t.Fatal(verified.Reason, verified.Err)
	}
	r.identity = *verified.Identity
	r.header = k.ask("GET", "", nginx("", "Authorization", authorization)).Header
	return r
}

// claimsKit is a kit whose registration exposes an API, and a client of it.
func claimsKit(t *testing.T, idp func(*emulator.Config), party func(*entra.Config)) *kit {
	t.Helper()
	names := access.NewScopeNames(clientID, nil, graphURL)
	names.Learn(nil, []string{"Orders.Read"})
	return newKit(t, options{bearer: true, names: names, edit: party, emulator: func(c *emulator.Config) {
		c.Clients = append(c.Clients, emulator.Client{
			ID: daemonID, Secret: "s3cret", Name: "Daemon",
			AppPermissions: map[string][]string{ownAPI: {"Orders.Write.All"}},
		})
		if idp != nil {
			idp(c)
		}
	}})
}

func manyTenantsKit(t *testing.T) *kit {
	fay := emulator.DefaultUsers()[0]
	fay.ID, fay.ObjectID, fay.TenantID, fay.Username = "fay", fayOID, otherTenant, "fay@fabrikam.example"
	k := claimsKit(t, func(c *emulator.Config) {
		c.Users = append(emulator.DefaultUsers(), fay)
	}, func(c *entra.Config) {
		c.Kind, c.Authority = entra.MultiTenant, strings.Replace(c.Authority, c.TenantID, "organizations", 1)
		c.TenantID, c.AllowedTenants = "organizations", []string{otherTenant, emulator.DefaultTenantID}
	})
	waitFor(t, "the keys of the other tenant", func() bool {
		token, err := k.idp.UserToken("fay", daemonID, ownAPI+"/Orders.Read")
		return err == nil && k.provider.Bearer(t.Context(), http.Header{"Authorization": {"Bearer " + token}}).Identity != nil
	})
	return k
}

func b2cKit(t *testing.T) *kit {
	return claimsKit(t, func(c *emulator.Config) { c.B2C.Policies = []string{userFlow} }, func(c *entra.Config) {
		c.Kind, c.Policy, c.V1Issuer = entra.B2C, userFlow, ""
		c.Authority = strings.TrimSuffix(c.Authority, "v2.0") + userFlow + "/v2.0"
	})
}

func plainKit(t *testing.T) *kit {
	return claimsKit(t, nil, func(c *entra.Config) {
		c.Kind, c.TenantID, c.V1Issuer, c.Scopes = entra.Plain, "", "", nil
		c.Claims = entra.ClaimNames{Roles: "realm_access.roles", Groups: "https://idp.example/groups", Scopes: "api.scopes"}
	})
}

// plainClaims is where a plain provider has what Entra ID has in roles, groups and scp.
func plainClaims(claims map[string]any) {
	claims["realm_access"] = map[string]any{"roles": []string{"Admin", "Orders.Write"}}
	claims["https://idp.example/groups"] = []string{"staff"}
	claims["api"] = map[string]any{"scopes": "orders:read"}
}

// redeemed is the access token of a sign-in: B2C gives none without.
func (k *kit) redeemed(t *testing.T) (string, error) {
	t.Helper()
	plan := k.provider.Plan([]string{clientID + "/Orders.Read"}, access.Missing{}, entra.PlanOptions{})
	const verifier, callback = "a-verifier-of-at-least-forty-three-characters", app + basePath + "/signin-oidc"
	target, err := k.provider.AuthorizationURL(entra.AuthRequest{State: "s", Nonce: "n", Verifier: verifier, RedirectURI: callback, Scopes: plan.Scopes})
	if err != nil {
		return "", err
	}
	back, err := url.Parse(k.browser(emulator.Adele).atEntra(target))
	if err != nil {
		return "", err
	}
	tokens, err := k.provider.Redeem(t.Context(), secret.New(back.Query().Get("code")), verifier, callback, plan)
	if err != nil {
		return "", err
	}
	if tokens.AccessToken.Empty() {
		return "", errors.New("there is no access token")
	}
	return tokens.AccessToken.Reveal(), nil
}

func tokenKinds(t *testing.T) []*tokenKind {
	t.Helper()
	user := func(k *kit, id string) func(*testing.T) (string, error) {
		return func(*testing.T) (string, error) { return k.idp.UserToken(id, daemonID, ownAPI+"/Orders.Read") }
	}
	daemon := func(k *kit) func(*testing.T) (string, error) {
		return func(*testing.T) (string, error) { return k.idp.AppToken(daemonID, ownAPI+"/.default") }
	}
	v2, many, b2c, other := claimsKit(t, nil, nil), manyTenantsKit(t), b2cKit(t), plainKit(t)
	v1 := claimsKit(t, func(c *emulator.Config) { c.Clients[0].API.V1Tokens = true }, nil)
	external := claimsKit(t, func(c *emulator.Config) { c.ExternalID = true }, func(c *entra.Config) { c.Kind, c.V1Issuer = entra.ExternalID, "" })
	return []*tokenKind{
		{idToken, "id token", v2, emulator.Adele, nil, nil},
		{user2, "v2 access token of a user", v2, emulator.Adele, user(v2, emulator.Adele), nil},
		{user1, "v1 access token of a user", v1, emulator.Adele, user(v1, emulator.Adele), nil},
		{app2, "v2 access token of an application", v2, "", daemon(v2), nil},
		{app1, "v1 access token of an application", v1, "", daemon(v1), nil},
		{manyID, "id token of organizations", many, "fay", nil, nil},
		{manyUser, "access token of organizations", many, "fay", user(many, "fay"), nil},
		{externalID, "id token of External ID", external, emulator.Adele, nil, nil},
		{externalUser, "access token of External ID", external, emulator.Adele, user(external, emulator.Adele), nil},
		{b2cID, "id token of B2C", b2c, emulator.Adele, nil, nil},
		{b2cUser, "access token of B2C", b2c, emulator.Adele, b2c.redeemed, nil},
		{plainID, "id token of another provider", other, emulator.Adele, nil, plainClaims},
		{plainUser, "access token of another provider", other, emulator.Adele, user(other, emulator.Adele), plainClaims},
	}
}

// TestNoOtherHeaders: an identity has the fixed headers and those of claims that
// are listed here, and no header of the protocol.
func TestNoOtherHeaders(t *testing.T) {
	fixed := []string{"Userinfo", "Name", "Oid", "Preferred-Username", "Sub", "Tid", "Email", "Groups", "Scp", "Roles", "Graph", "Overflow"}
	known := []string{"Sid", "Idtyp", "Azp", "Azpacr", "Appid", "Appidacr", "Upn", "Tfp", "Auth-Time", "Emails"}
	for _, kind := range tokenKinds(t) {
		for name := range kind.reach(t, func(map[string]any) {}).header {
			short, ours := strings.CutPrefix(name, "X-Injected-")
			if ours && !slices.Contains(fixed, short) && !slices.Contains(known, short) {
				t.Errorf("%s: %s", kind.name, name)
			}
		}
	}
}

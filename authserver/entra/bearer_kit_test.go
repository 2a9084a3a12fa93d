package entra

import (
	"maps"
	"net/http"
	"testing"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
)

const (
	testCaller  = "12121212-3434-4565-8787-909090909090" // the program that has the token
	testObject  = "0b0b0b0b-1c1c-4d2d-8e3e-4f4f4f4f4f4f"
	testV1      = "https://sts.windows.net/" + testTenant + "/"
	testAPI     = "https://api.example/orders"
	plainIssuer = "https://login.example/realms/shop"
)

// call is one request with an access token.
type call struct {
	*attempt
	lines func(token string) []string // the Authorization headers; nil: as it should be
}

// bearerCall is a call with a v2 token of a person at one tenant.
func bearerCall() *call {
	c := &call{attempt: newAttempt()}
	c.cfg.AcceptBearer, c.cfg.Audiences = true, []string{testAPI}
	c.cfg.Scopes = access.NewScopeNames(testClient, c.cfg.Audiences, defaultGraphURL)
	c.claims = map[string]any{
		"iss": testIssuer, "aud": testClient, "ver": "2.0", "azp": testCaller, "azpacr": "1", "sub": "subject", "tid": testTenant, "oid": testObject,
		"exp": startTime.Unix() + 3600, "nbf": startTime.Unix(), "iat": startTime.Unix(), "scp": "Read Write",
		"name": "Ann", "preferred_username": "ann@example.test", "roles": []string{"Admin"}, "aio": "x", "rh": "x", "uti": "x",
	}
	return c
}

// asV1 turns the token into a v1 one.
func asV1(c *call) {
	c.claims["iss"], c.claims["ver"], c.claims["appid"] = testV1, "1.0", testCaller
	c.claims["aud"], c.claims["upn"], c.claims["unique_name"] = "api://"+testClient, "ann@example.test", "live.com#ann"
	c.claims["acr"], c.claims["amr"] = "1", []string{"pwd", "mfa"}
	c.remove("azp", "azpacr", "preferred_username")
}

// asApp turns the token into one of an application.
func asApp(c *call) {
	c.claims["sub"], c.claims["idtyp"] = testObject, "app"
	c.remove("scp", "name", "preferred_username", "upn", "unique_name")
}

// asB2C turns the token into one of Azure AD B2C, as its documentation shows it.
func asB2C(c *call) {
	b2cAttempt(c.attempt)
	c.claims["ver"], c.claims["nonce"], c.claims["tfp"] = "1.0", "of-the-sign-in", c.cfg.Policy
	c.remove("tid", "preferred_username", "azpacr")
}

// asPlain turns the token into one of another provider.
func asPlain(c *call) {
	c.cfg.Kind, c.cfg.TenantID, c.cfg.Scopes, c.cfg.V1Issuer, c.cfg.Authority = Plain, "", nil, "", plainIssuer
	c.cfg.Claims = ClaimNames{Roles: "realm_access.roles"}
	c.idp.metadata["issuer"], c.claims["iss"] = plainIssuer, plainIssuer
	c.claims["aud"], c.claims["scope"] = []string{"account", testAPI}, "openid orders:read"
	c.claims["realm_access"] = map[string]any{"roles": []string{"Admin"}}
	c.remove("ver", "tid", "oid", "scp", "roles", "azpacr")
}

func asExternal(c *call) { externalAttempt(c.attempt) }

func asMulti(c *call) { manyTenants(c.attempt) }

func (c *call) remove(names ...string) {
	for _, name := range names {
		delete(c.claims, name)
	}
}

// set gives claims other values; nil removes one.
func set(claims map[string]any) func(*call) {
	return func(c *call) {
		maps.Copy(c.claims, claims)
		for name, value := range claims {
			if value == nil {
				delete(c.claims, name)
			}
		}
	}
}

// all does several things to a call.
func all(steps ...func(*call)) func(*call) {
	return func(c *call) {
		for _, step := range steps {
			step(c)
		}
	}
}

// sends is the header of the request.
func (c *call) sends() http.Header {
	token := c.jwt()
	if c.lines != nil {
		return http.Header{"Authorization": c.lines(token)}
	}
	return authorization(token)
}

func authorization(token string) http.Header {
	return http.Header{"Authorization": {"Bearer " + token}}
}

// run makes a call after edits.
func run(t *testing.T, edits ...func(*call)) BearerResult {
	t.Helper()
	c := bearerCall()
	all(edits...)(c)
	rp := c.party(t)
	if c.signed != nil {
		c.signed(c.attempt)
	}
	return rp.Bearer(t.Context(), c.sends())
}

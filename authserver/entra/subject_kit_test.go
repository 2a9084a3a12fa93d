package entra

import (
	"encoding/json"
	"testing"

	"github.com/easyauth-sidecar/easyauth/authserver/secret"
)

const (
	testNeighbour = "abababab-cdcd-4efe-8f0f-121212121212" // another application of the tenant, whose tokens may be exchanged
	testStranger  = "21212121-4343-4656-8878-090909090909" // one whose tokens may not
	testBilling   = "api://billing"                        // an API of the neighbour's, by its App ID URI
)

// exchanging lets Subject accept the neighbour's tokens. AcceptBearer is off, because
// it must not matter.
func exchanging(c *call) {
	c.cfg.AcceptBearer = false
	c.cfg.ExchangeAudiences = []string{testNeighbour, testBilling}
	c.cfg.ExchangeClients = []string{testCaller}
	c.cfg.ExchangeRoles = []RoleMap{{testNeighbour, "Chief", "Boss"}, {testNeighbour, "Chief", "Reader"}, {testBilling, "Clerk", "Payer"}}
}

// inOrganizations is asMulti, where roles of an App ID URI are worth nothing.
func inOrganizations(c *call) {
	asMulti(c)
	c.cfg.ExchangeRoles = c.cfg.ExchangeRoles[:2]
}

// bringAccess is a call with an access token of ours.
func bringAccess() *call {
	c := bearerCall()
	exchanging(c)
	return c
}

// bringID is a call with an ID token of ours.
func bringID() *call {
	c := bringAccess()
	c.claims = goodClaims()
	return c
}

// forNeighbour makes the token one for the neighbour, with all that an ID token or an
// access token can say of a person there.
func forNeighbour(c *call) {
	c.claims["aud"], c.claims["sub"], c.claims["oid"] = testNeighbour, "pairwise-of-the-neighbour", testObject
	c.claims["roles"], c.claims["groups"] = []string{"Admin", "Owner"}, []string{"0a0a0a0a-0b0b-4c0c-8d0d-0e0e0e0e0e0e"}
	c.claims["email"], c.claims["hasgroups"] = "ann@mail.example", true
	c.claims["acrs"], c.claims["auth_time"], c.claims["sid"], c.claims["dept"] = []string{"c1"}, startTime.Unix(), "session", "x"
}

// asNeighbourApp turns the token into one of an application for the neighbour, with a
// role that is worth something here.
func asNeighbourApp(c *call) {
	forNeighbour(c)
	asApp(c)
	c.claims["roles"] = []string{"Chief"}
	c.remove("email", "acrs", "auth_time", "sid", "hasgroups", "groups")
}

// bring gives what Subject says of a call's token.
func (c *call) bring(t *testing.T, kind SubjectKind) (*Subject, error) {
	t.Helper()
	rp, err := New(c.cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.find(t, rp); err != nil {
		return nil, err
	}
	if c.signed != nil {
		c.signed(c.attempt)
	}
	return rp.Subject(t.Context(), kind, secret.New(c.jwt()))
}

// appended adds a claim behind all others, also one that is there.
func appended(name string, value any) func(*call) {
	return func(c *call) {
		good := must(json.Marshal(c.claims))
		member := must(json.Marshal(map[string]any{name: value}))
		c.payload = append(append(good[:len(good)-1:len(good)-1], ','), member[1:]...)
	}
}

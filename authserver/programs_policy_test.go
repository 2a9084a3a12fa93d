package authserver_test

import (
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	emulator "github.com/easyauth-sidecar/easyauth/test/entra"
)

// An application's token that was exchanged is an application's in every policy, also
// when it was for another audience and says nothing but tenant, object and idtyp.
func TestAttack20PoliciesOfExchangedTokens(t *testing.T) {
	k := newKit(t, options{programs: true, noDiscovery: true, policies: `
policies:
  people:
    deny:
      - {name: applications, app_only: {is: true}}
    allow:
      - {name: everybody, signed_in: {is: true}}
  robots:
    allow:
      - {name: robots, app_only: {is: true}}
`})
	idtyp := []access.Claim{{Name: "idtyp", Values: []string{"app"}}}
	for name, row := range map[string]struct {
		id  access.Identity
		app bool
	}{
		"a person":                          {access.Identity{Tenant: emulator.DefaultTenantID, Object: "o", Subject: "s"}, false},
		"a person, for another audience":    {access.Identity{Tenant: emulator.DefaultTenantID, Object: "o"}, false},
		"an application":                    {access.Identity{Tenant: emulator.DefaultTenantID, Object: "o", Subject: "o", Roles: []string{"R"}}, true},
		"an application that says so":       {access.Identity{Tenant: emulator.DefaultTenantID, Object: "o", Subject: "s", Claims: idtyp, Roles: []string{"R"}}, true},
		"an application's, for another one": {access.Identity{Tenant: emulator.DefaultTenantID, Object: "o", Claims: idtyp, Roles: []string{"R"}}, true},
	} {
		token := "Bearer " + k.token(row.id, time.Hour).Access.Reveal()
		for policy, want := range map[string]bool{"people": !row.app, "robots": row.app} {
			if resp := k.ask("GET", "policy="+policy, asProgram("", token)); (resp.StatusCode == 202) != want {
				t.Errorf("%s by %s: %d %s", name, policy, resp.StatusCode, k.lastReason())
			}
		}
	}
}

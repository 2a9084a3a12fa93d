package authserver_test

import (
	"strconv"
	"strings"
	"testing"

	emulator "github.com/easyauth-sidecar/easyauth/test/entra"
)

const none = "(none)" // there is no such header

// claimRow follows one claim to where an application finds it.
type claimRow struct {
	kinds int
	claim string
	value any // nil: as the provider makes it; a function edits the claims

	// field of access.Identity, which holds want or what follows "=". "Claims" is
	// the claim of this name among the others; empty: it is in no such list.
	field  string
	header string
	want   string // {oid} and {iss} are those of the token; values of a list have ¦ between them
}

func claimRows() []claimRow {
	type object = map[string]any
	drop := func(names ...string) func(object) {
		return func(claims object) {
			for _, name := range names {
				delete(claims, name)
			}
		}
	}
	without := func(claim string, value any) func(object) { // groups
		return func(claims object) { delete(claims, "groups"); claims[claim] = value }
	}
	elsewhere := func(list string) func(object) {
		return func(claims object) {
			without("_claim_names", object{list: "src1"})(claims)
			claims["_claim_sources"] = object{"src1": object{"endpoint": "https://evil.example/"}}
		}
	}
	const (
		group = "aaaaaaaa-0000-4000-8000-000000000001"
		read  = clientID + "/Orders.Read"
		when  = "1700000000"
	)
	return []claimRow{
		// Who it is.
		{apps, "oid", nil, "Object", "oid", "{oid}"},
		{idToken | user2 | user1 | externalID | externalUser, "oid", nil, "Object", "oid", emulator.AdeleOID},
		{manyID | manyUser, "oid", nil, "Object", "oid", fayOID},
		{b2c, "oid", nil, "Object", "oid", ""},
		{b2c, "oid", emulator.BobOID, "Object", "oid", emulator.BobOID},
		{plain, "oid", "chosen-by-the-user", "Object", "oid", ""},
		{idToken | user2 | user1 | apps | externalID | externalUser, "tid", nil, "Tenant", "tid", emulator.DefaultTenantID},
		{manyID | manyUser, "tid", nil, "Tenant", "tid", otherTenant},
		{b2c, "tid", nil, "Tenant", "tid", ""},
		{b2c, "tid", emulator.DefaultTenantID, "Tenant", "tid", emulator.DefaultTenantID},
		{plain, "tid", "chosen-by-the-user", "Tenant", "tid", ""},
		{people, "sub", "pairwise", "Subject", "sub", "pairwise"},
		{b2c, "sub", nil, "Subject", "sub", emulator.AdeleOID},
		{apps, "sub", nil, "Subject", "sub", "{oid}"},
		{people, "name", "Zoë | 李", "Name", "name", "Zoë | 李"},
		{people, "name", "", "Name", "name", ""},
		{apps, "name", nil, "Name", "name", daemonID},
		{apps, "name", "Somebody", "Name", "name", daemonID},
		{apps, "app_displayname", "The | daemon", "Name", "name", "The | daemon"},
		{all, "app_displayname", "Daemon", "Claims", "app-displayname", "Daemon"},
		{people, "email", "a@b.example", "Email", "email", "a@b.example"},
		{b2c, "emails", []string{"a@b.example", "c@d.example"}, "Claims", "emails", "a@b.example¦c@d.example"},
		{all &^ user1, "preferred_username", "ann@contoso.example", "PreferredUsername", "preferred-username", "ann@contoso.example"},
		{user1, "upn", "ann@contoso.example", "PreferredUsername", "preferred-username", "ann@contoso.example"},
		{user1, "unique_name", drop("upn"), "PreferredUsername", "preferred-username", "adele@contoso.example"},
		{all, "upn", "ann@contoso.example", "Claims", "upn", "ann@contoso.example"},
		{all, "unique_name", "live.com#ann", "", "unique-name", none},

		// What it may do.
		{entraID | b2c, "roles", []string{"Admin", "a|b"}, "Roles", "roles", "Admin¦a|b"},
		{entraID | b2c, "roles", []string{"admin"}, "Roles", "roles", "admin"},
		{apps, "roles", nil, "Roles", "roles", "Orders.Write.All"},
		{b2c, "roles", nil, "Roles", "roles", ""},
		{plain, "realm_access", object{"roles": []string{"Admin", "a|b"}}, "Roles", "roles", "Admin¦a|b"},
		{plain, "realm_access", nil, "", "realm-access", none},
		{plain, "roles", []string{"Evil"}, "Roles", "roles", "Admin¦Orders.Write"},
		{plain, "realm_access.roles", []string{"Exact"}, "Roles", "roles", "Exact"},
		{people &^ plain, "groups", []string{strings.ToUpper(group), "Name"}, "Groups", "groups", group + "¦Name"},
		{people &^ plain, "groups", []string{}, "Groups", "groups", ""},
		{plain, "https://idp.example/groups", []string{"/staff", "a|b"}, "Groups", "groups", "/staff¦a|b"},
		{plain, "groups", []string{"Evil"}, "Groups", "groups", "staff"},
		{people, "_claim_names", elsewhere("groups"), "GroupsUnknown=true", "overflow", "groups"},
		{people &^ plain, "_claim_names", elsewhere("groups"), "Groups", "groups", ""},
		{people &^ plain, "hasgroups", without("hasgroups", true), "GroupsUnknown=true", "overflow", "groups"},
		{people &^ plain, "hasgroups", without("hasgroups", true), "Groups", "groups", ""},
		{people &^ plain, "hasgroups", without("hasgroups", false), "GroupsUnknown=false", "overflow", ""},
		{people, "_claim_names", elsewhere("other"), "GroupsUnknown=false", "overflow", ""},
		{all, "_claim_names", elsewhere("other"), "", "-claim-names", none},
		{all, "_claim_sources", object{"src1": object{"endpoint": "https://evil.example/"}}, "", "-claim-sources", none},
		{user2 | user1 | manyUser | externalUser | b2cUser, "scp", nil, "Scopes=" + read, "scp", "Orders.Read"},
		{user2 | user1 | manyUser | externalUser | b2cUser, "scp", "Orders.Read Orders.List", "Scopes=" + read + "¦" + clientID + "/Orders.List", "scp", "Orders.Read¦Orders.List"},
		{user2 | user1 | manyUser | externalUser | b2cUser, "scp", "User.Read", "Scopes=" + clientID + "/User.Read", "scp", "User.Read"},
		{apps, "scp", nil, "Scopes", "scp", ""},
		{plainUser, "api", object{"scopes": "orders:read orders:write"}, "Scopes", "scp", "orders:read¦orders:write"},
		{plainUser, "scp", "Evil", "Scopes", "scp", "orders:read"},

		// How and for which client it came.
		{entraID | b2c, "acrs", []string{"c1", "c2"}, "Contexts", "acrs", "c1¦c2"},
		{entraID | b2c, "acr", "1", "Contexts=", "acr", "1"},
		{plain, "acr", "urn:gold", "Contexts", "acr", "urn:gold"},
		{plain, "acrs", []string{"c1"}, "Contexts=", "acrs", "c1"},
		{entraID | b2c, "amr", []string{"pwd", "mfa"}, "Methods=", "amr", "pwd¦mfa"},
		{plain, "amr", []string{"pwd", "mfa"}, "Methods", "amr", "pwd¦mfa"},
		{all, "auth_time", 1700000000, "AuthTime", "auth-time", when},
		{user2 | app2 | manyUser | externalUser | plainUser, "azp", nil, "Claims", "azp", daemonID},
		{b2cUser, "azp", nil, "Claims", "azp", clientID},
		{idToken | manyID | externalID | b2cID | plainID, "azp", clientID, "Claims", "azp", clientID},
		{user1 | app1, "appid", nil, "Claims", "appid", daemonID},
		{apps, "idtyp", nil, "Claims", "idtyp", "app"},
		{persons2 | user1, "idtyp", "user", "Claims", "idtyp", "user"},
		{all, "sid", "of-the-session", "Claims", "sid", "of-the-session"},
		{b2c, "tfp", nil, "Claims", "tfp", userFlow},
		{all &^ b2c, "tfp", "of-no-meaning", "Claims", "tfp", "of-no-meaning"},

		// What means nothing here.
		{all, "department", "Sales", "Claims", "department", "Sales"},
		{all, "https://contoso.example/claims/cost_center", 42, "Claims", "cost-center", "42"},
		{all, "ctry", []string{"DE", "FR"}, "Claims", "ctry", "DE¦FR"},
		{all, "flag", true, "Claims", "flag", "true"},
		{all, "nested", object{"a": 1}, "Claims", "nested", `{"a":1}`},
		{persons2 | user1, "ROLES", []string{"Evil"}, "Roles", "roles", "Admin¦Orders.Write"},
		{plain, "ROLES", []string{"Evil"}, "Roles", "roles", "Admin¦Orders.Write"},
		{apps, "ROLES", []string{"Evil"}, "Roles", "roles", "Orders.Write.All"},
		{b2c, "ROLES", []string{"Evil"}, "Roles", "roles", ""},
		{persons2 | user1, "https://evil.example/roles", []string{"Evil"}, "Roles", "roles", "Admin¦Orders.Write"},
		{apps, "https://evil.example/roles", []string{"Evil"}, "Roles", "roles", "Orders.Write.All"},
		{user2 | user1 | manyUser | externalUser | b2cUser, "Scp", "Evil", "Scopes=" + read, "scp", "Orders.Read"},
		{apps, "Scp", "Evil", "Scopes", "scp", ""},
		{plainUser, "Scp", "Evil", "Scopes", "scp", "orders:read"},
		{idToken | manyID | externalID | b2cID | plainID, "Scp", "Evil", "Scopes", "scp", "openid¦profile¦email"},
		{idToken | manyID | externalID | b2cID | plainID, "scp", "Evil", "Scopes", "scp", "openid¦profile¦email"},
		{all, "x-injected-roles", "Evil", "Claims", "x-injected-roles", "Evil"}, // x-injected-x-injected-roles: no danger

		// The protocol's own.
		{all, "iss", nil, "Issuer={iss}", "iss", none},
		{all, "aud", nil, "", "aud", none},
		{all, "exp", nil, "", "exp", none},
		{all, "iat", nil, "", "iat", none},
		{all, "nbf", nil, "", "nbf", none},
		{idToken | manyID | externalID | b2cID | plainID, "nonce", nil, "", "nonce", none},
		{all, "ver", nil, "", "ver", none},
		{all, "uti", "x", "", "uti", none},
		{all, "rh", "x", "", "rh", none},
		{all, "aio", "x", "", "aio", none},
		{all, "idp", "x", "", "idp", none},
	}
}

// TestClaimsToHeaders follows each claim of each kind of token to the field of an
// identity, and to the header in which the application finds it. What it should
// be is written down above.
func TestClaimsToHeaders(t *testing.T) {
	rows, kinds := 0, tokenKinds(t)
	for _, tt := range claimRows() {
		for _, kind := range kinds {
			if tt.kinds&kind.bit == 0 {
				continue
			}
			rows++
			t.Run(kind.name+" "+tt.claim, func(t *testing.T) {
				got := kind.reach(t, func(claims map[string]any) {
					switch value := tt.value.(type) {
					case nil:
					case func(map[string]any):
						value(claims)
					default:
						claims[tt.claim] = value
					}
				})
				if got.header.Get("x-injected-sub") == "" {
					t.Fatalf("nobody passed: %v", got.header)
				}
				tt.check(t, got)
			})
		}
	}
	t.Attr("claims", strconv.Itoa(rows))
}

package entra

import (
	"net/http"
	"slices"
	"testing"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/secret"
	emulator "github.com/easyauth-sidecar/easyauth/test/entra"
)

const ownScope = testClient + "/access_as_user"

func bearerOf(token secret.String) http.Header { return authorization(token.Reveal()) }

// exposing lets the registration expose an API and have a role of it.
func exposing(api emulator.API) func(*emulator.Config) {
	return func(cfg *emulator.Config) {
		api.Scopes = []string{"access_as_user"}
		cfg.Clients[0].API = api
		cfg.Clients[0].AppPermissions = map[string][]string{testClient: {"Job"}}
		cfg.B2C.Policies = []string{signInPolicy}
	}
}

// TestBearerOfEmulatedKinds makes the tokens where they come from, for every kind
// of provider: the person is the same as with a session.
func TestBearerOfEmulatedKinds(t *testing.T) {
	c := newClock()
	for _, tt := range []struct {
		name, tenant string // "" is the tenant's GUID
		kind         Kind
		api          emulator.API
		external     bool
	}{
		{"v2", "", SingleTenant, emulator.API{}, false},
		{"v1", "", SingleTenant, emulator.API{V1Tokens: true}, false},
		{"by domain", "contoso.example", SingleTenant, emulator.API{}, false},
		{"several tenants", "organizations", MultiTenant, emulator.API{}, false},
		{"several tenants, v1", "common", MultiTenant, emulator.API{V1Tokens: true}, false},
		{"External ID", "", ExternalID, emulator.API{}, true},
		{"B2C", "", B2C, emulator.API{}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			idp := emulate(t, c, func(cfg *emulator.Config) {
				exposing(tt.api)(cfg)
				cfg.ExternalID = tt.external
			})
			cfg := Config{Kind: tt.kind, TenantID: tt.tenant, AcceptBearer: true}
			if tt.tenant == "" {
				cfg.TenantID = idp.TenantID()
			}
			cfg.Authority = idp.BaseURL() + "/" + cfg.TenantID + "/v2.0"
			if tt.kind == B2C {
				cfg.Policy, cfg.Authority = signInPolicy, idp.BaseURL()+"/"+cfg.TenantID+"/"+signInPolicy+"/v2.0"
			}
			if tt.kind == MultiTenant {
				cfg.AllowedTenants = []string{idp.TenantID(), otherTenant}
			}
			rp := emulatedParty(t, c, cfg)
			tokens, id, err := signIn(t, rp, emulator.Adele, rp.Plan([]string{ownScope}, access.Missing{}, PlanOptions{}))
			if err != nil {
				t.Fatal(err)
			}
			r := rp.Bearer(t.Context(), bearerOf(tokens.AccessToken))
			if r.Identity == nil {
				t.Fatalf("%v", r.Err)
			}
			got := r.Identity
			if got.Key() != id.Key() || got.Name != id.Name || got.PreferredUsername != id.PreferredUsername || !slices.Equal(got.Scopes, []string{ownScope}) {
				t.Errorf("%+v\n%+v", got, id)
			}
			if r := rp.Bearer(t.Context(), bearerOf(tokens.IDToken)); r.Identity != nil || r.Reason != access.ReasonBearerInvalid {
				t.Errorf("the ID token: %+v", r)
			}
			if tt.kind == B2C { // its policies give none
				return
			}
			app, err := rp.AppToken(t.Context(), "", testClient)
			if err != nil {
				t.Fatal(err)
			}
			if r := rp.Bearer(t.Context(), bearerOf(app)); r.Identity == nil || !slices.Equal(r.Identity.Roles, []string{"Job"}) || r.Identity.Name != testClient {
				t.Errorf("the application's own: %+v", r)
			}
		})
	}
}

// TestBearerOfMisbehavingEmulator: every fault of an access token is refused, or
// is no token of ours.
func TestBearerOfMisbehavingEmulator(t *testing.T) {
	c := newClock()
	idp := emulate(t, c, exposing(emulator.API{}))
	rp := emulatedParty(t, c, Config{Kind: SingleTenant, TenantID: idp.TenantID(), Authority: idp.Issuer(), AcceptBearer: true})
	want := map[emulator.TokenFault]access.Reason{
		emulator.WrongAudience: access.ReasonBearerAudience, emulator.WrongTenant: access.ReasonBearerTenant, emulator.MissingTenant: access.ReasonBearerTenant,
		emulator.Expired: access.ReasonBearerExpired, emulator.FutureNotBefore: access.ReasonBearerExpired,
	}
	ignored := []emulator.TokenFault{emulator.WrongIssuer, emulator.OtherTenant, emulator.NotAJWT}
	harmless := []emulator.TokenFault{emulator.MissingNonce, emulator.MissingIssuedAt}
	plan := rp.Plan([]string{ownScope}, access.Missing{}, PlanOptions{})
	for _, fault := range emulator.TokenFaults() {
		t.Run(string(fault), func(t *testing.T) {
			idp.SetFaults(emulator.Faults{AccessToken: fault})
			tokens, _, err := signIn(t, rp, emulator.Adele, plan)
			idp.ClearFaults()
			if err != nil {
				t.Fatal(err)
			}
			r := rp.Bearer(t.Context(), bearerOf(tokens.AccessToken))
			reason := want[fault]
			if reason == "" {
				reason = access.ReasonBearerInvalid
			}
			switch {
			case slices.Contains(harmless, fault):
				if r.Identity == nil {
					t.Errorf("%+v", r)
				}
			case slices.Contains(ignored, fault):
				if r.Claimed {
					t.Errorf("%+v", r)
				}
			case r.Identity != nil || r.Reason != reason:
				t.Errorf("%+v, want %s", r, reason)
			}
		})
	}
}

// A token for Microsoft Graph of the same tenant is none for us.
func TestBearerOfEmulatedGraphToken(t *testing.T) {
	c := newClock()
	idp := emulate(t, c, exposing(emulator.API{}))
	for ignore, reason := range map[bool]access.Reason{false: access.ReasonBearerAudience, true: ""} {
		rp := emulatedParty(t, c, Config{Kind: SingleTenant, TenantID: idp.TenantID(), Authority: idp.Issuer(), AcceptBearer: true, IgnoreForeignAudience: ignore})
		tokens, _, err := signIn(t, rp, emulator.Adele, rp.Plan([]string{"User.Read"}, access.Missing{}, PlanOptions{Graph: true}))
		if err != nil {
			t.Fatal(err)
		}
		if r := rp.Bearer(t.Context(), bearerOf(tokens.Graph)); r.Claimed == ignore || r.Identity != nil || r.Reason != reason {
			t.Errorf("ignored %v: %+v", ignore, r)
		}
	}
}

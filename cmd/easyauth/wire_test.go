package main

import (
	"log/slog"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/config"
	"github.com/easyauth-sidecar/easyauth/authserver/entra"
	emulator "github.com/easyauth-sidecar/easyauth/test/entra"
)

const (
	wiredTenant = "22222222-0000-4000-8000-000000000002"
	wiredGroup  = "33333333-0000-4000-8000-000000000003"
)

// loaded is the configuration of an environment; a variable set to "" is not set.
func loaded(t *testing.T, changes map[string]string) *config.Config {
	t.Helper()
	cfg, _, err := config.Load(environ(with(t, changes)), config.Roles{})
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

// oidc are the changes for a provider that is not Microsoft's.
func oidc(more map[string]string) map[string]string {
	changes := map[string]string{"EASYAUTH_ISSUER": "https://idp.example/", "EASYAUTH_INSTANCE": "", "EASYAUTH_TENANT_ID": ""}
	for name, value := range more {
		changes[name] = value
	}
	return changes
}

// TestProviderWiring: what of the configuration the provider gets. A field that
// is not in want has the value that the smallest configuration gives it.
func TestProviderWiring(t *testing.T) {
	const login, authority = "https://login.microsoftonline.com/", "https://login.microsoftonline.com/" + emulator.DefaultTenantID
	public := func(changes map[string]string) map[string]string {
		if _, ok := changes["EASYAUTH_INSTANCE"]; !ok {
			changes["EASYAUTH_INSTANCE"] = login
		}
		return changes
	}
	tests := []struct {
		name    string
		changes map[string]string
		want    func(*entra.Config)
	}{
		{"one tenant", nil, func(*entra.Config) {}},
		{"several tenants", map[string]string{
			"EASYAUTH_TENANT_ID": "organizations", "EASYAUTH_ALLOWED_TENANTS": wiredTenant + "," + emulator.DefaultTenantID,
		}, func(c *entra.Config) {
			c.Kind, c.Authority, c.TenantID = entra.MultiTenant, login+"organizations/v2.0", "organizations"
			c.AllowedTenants = []string{wiredTenant, emulator.DefaultTenantID}
		}},
		{"B2C", map[string]string{
			"EASYAUTH_INSTANCE": "https://contoso.b2clogin.com/", "EASYAUTH_SIGNUP_SIGNIN_POLICY": "B2C_1_SignIn",
		}, func(c *entra.Config) {
			c.Kind, c.Authority = entra.B2C, "https://contoso.b2clogin.com/"+emulator.DefaultTenantID+"/B2C_1_SignIn/v2.0"
			c.Policy, c.V1Issuer = "B2C_1_SignIn", ""
		}},
		{"External ID", map[string]string{"EASYAUTH_INSTANCE": "https://contoso.ciamlogin.com/"}, func(c *entra.Config) {
			c.Kind, c.Authority, c.V1Issuer = entra.ExternalID, "https://contoso.ciamlogin.com/"+emulator.DefaultTenantID+"/v2.0", ""
		}},
		{"another provider", oidc(nil), func(c *entra.Config) {
			c.Kind, c.Authority, c.TenantID, c.V1Issuer = entra.Plain, "https://idp.example/", "", ""
			c.Claims = entra.ClaimNames{Roles: "roles", Groups: "groups", Scopes: "scope"}
		}},
		{"another provider's claims", oidc(map[string]string{
			"EASYAUTH_ROLES_CLAIM": "realm_access.roles", "EASYAUTH_GROUPS_CLAIM": "grp", "EASYAUTH_SCOPES_CLAIM": "scp",
		}), func(c *entra.Config) {
			c.Kind, c.Authority, c.TenantID, c.V1Issuer = entra.Plain, "https://idp.example/", "", ""
			c.Claims = entra.ClaimNames{Roles: "realm_access.roles", Groups: "grp", Scopes: "scp"}
		}},
		{"another cloud", map[string]string{"EASYAUTH_INSTANCE": "https://login.microsoftonline.us/", "EASYAUTH_CLOUD": "usgov"}, func(c *entra.Config) {
			c.Authority = "https://login.microsoftonline.us/" + emulator.DefaultTenantID + "/v2.0"
			c.V1Issuer, c.GraphURL = "https://sts.windows.net/", "https://graph.microsoft.us"
		}},
		{"bearer tokens", map[string]string{
			"EASYAUTH_ALLOW_BEARER": "true", "EASYAUTH_AUDIENCES": "https://api.example/orders", "EASYAUTH_BEARER_CACHE_MB": "32",
		}, func(c *entra.Config) {
			c.AcceptBearer, c.Audiences, c.CacheBytes = true, []string{"https://api.example/orders"}, 32<<20
		}},
		{"tokens for others", map[string]string{"EASYAUTH_ALLOW_BEARER": "true", "EASYAUTH_BEARER_FOREIGN_AUDIENCE": "ignore"}, func(c *entra.Config) {
			c.AcceptBearer, c.IgnoreForeignAudience = true, true
		}},
		{"capabilities", map[string]string{"EASYAUTH_CLIENT_CAPABILITIES": "cp1"}, func(c *entra.Config) { c.Capabilities = []string{"cp1"} }},
		{"a domain", map[string]string{"EASYAUTH_DOMAIN_HINT": "contoso.com"}, func(c *entra.Config) { c.DomainHint = "contoso.com" }},
		{"Graph elsewhere", map[string]string{"EASYAUTH_GRAPH_URL": "https://graph.example/"}, func(c *entra.Config) { c.GraphURL = "https://graph.example" }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.changes == nil {
				tt.changes = map[string]string{}
			}
			cfg := loaded(t, public(tt.changes))
			proof, err := newCredential(cfg, cfg.ClientID, nil)
			if err != nil {
				t.Fatal(err)
			}
			names, log := access.NewScopeNames(clientID, nil, ""), slog.New(slog.DiscardHandler)
			want := entra.Config{
				Kind: entra.SingleTenant, Authority: authority + "/v2.0", TenantID: emulator.DefaultTenantID, V1Issuer: "https://sts.windows.net/",
				ClientID: clientID, Credential: proof, Scopes: names, GraphURL: "https://graph.microsoft.com", CacheBytes: 16 << 20, Log: log,
			}
			tt.want(&want)
			renderer, err := wireHeaders(cfg, names, log)
			if err != nil {
				t.Fatal(err)
			}
			want.Headers = renderer
			got := entraConfig(cfg, proof, &ground{names: names, headers: renderer}, log)
			if got.Client == nil || got.Client.Timeout != remoteTimeout {
				t.Error("the client is not the bounded one")
			}
			got.Client = nil
			same(t, got, want)
			parts, err := wire(t.Context(), cfg, outside{log: log, version: testVersion})
			if err != nil {
				t.Fatalf("nothing can be made of it: %v", err)
			}
			parts.close()
		})
	}
}

// same compares two structures field by field, and names those that differ.
func same(t *testing.T, got, want any) {
	t.Helper()
	g, w := reflect.ValueOf(got), reflect.ValueOf(want)
	for i := range g.NumField() {
		a, b := g.Field(i), w.Field(i)
		if a.Kind() == reflect.Slice && a.Len() == 0 && b.Len() == 0 { // nil or empty
			continue
		}
		if !reflect.DeepEqual(a.Interface(), b.Interface()) {
			t.Errorf("%s is %+v, want %+v", g.Type().Field(i).Name, a.Interface(), b.Interface())
		}
	}
}

func TestSessionWiring(t *testing.T) {
	for _, tt := range []struct {
		name                   string
		changes                map[string]string
		lifetime, idle, before time.Duration
		shared                 bool
	}{
		{"nothing set", nil, 8 * time.Hour, 0, 5 * time.Minute, false},
		{"all set", map[string]string{
			"EASYAUTH_SESSION_LIFETIME": "2h", "EASYAUTH_SESSION_IDLE": "30m", "EASYAUTH_RENEW_BEFORE": "7m", "EASYAUTH_COOKIE_DOMAIN": "example.com",
		}, 2 * time.Hour, 30 * time.Minute, 7 * time.Minute, true},
		{"renewal off", map[string]string{"EASYAUTH_RENEW_BEFORE": "0"}, 8 * time.Hour, 0, 0, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cfg := loaded(t, tt.changes)
			g, err := wireGround(cfg, slog.New(slog.DiscardHandler))
			if err != nil {
				t.Fatal(err)
			}
			got := sessionConfig(cfg, g, func(tenant string) bool { return tenant == wiredTenant })
			if got.Lifetime != tt.lifetime || got.Idle != tt.idle || got.RenewBefore != tt.before || got.Shared != tt.shared {
				t.Errorf("lifetime %v, idle %v, renewal %v, shared %v", got.Lifetime, got.Idle, got.RenewBefore, got.Shared)
			}
			if got.StaleOK != cfg.StaleOK || got.CacheBytes != int64(cfg.SessionCacheBytes) || got.StaleOK == 0 || got.CacheBytes == 0 {
				t.Errorf("stale sessions for %v, %d bytes of cache", got.StaleOK, got.CacheBytes)
			}
			if got.Codec != g.codec || got.Ring != g.ring || !reflect.DeepEqual(got.Cookies, g.cookies) || got.Allowed == nil || !got.Allowed(wiredTenant) || got.Allowed("") {
				t.Error("codec, keys, cookies or tenants are not those that are shared")
			}
		})
	}
}

func TestServerWiring(t *testing.T) {
	const origin = "https://spa.example"
	for _, tt := range []struct {
		name            string
		changes         map[string]string
		bearer, members bool
		origins         []string
		anyContext      bool // acr= of a rule may be any word
	}{
		{"nothing set", nil, false, false, nil, false},
		{"bearer tokens", map[string]string{"EASYAUTH_ALLOW_BEARER": "true", "EASYAUTH_CORS_ORIGINS": origin}, true, false, []string{origin}, false},
		{"groups of applications", map[string]string{"EASYAUTH_ALLOW_BEARER": "true", "EASYAUTH_GROUPS_APP_ONLY": "true"}, true, true, nil, false},
		{"another provider", oidc(nil), false, false, nil, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cfg := loaded(t, tt.changes)
			g, err := wireGround(cfg, slog.New(slog.DiscardHandler))
			if err != nil {
				t.Fatal(err)
			}
			provider := &entra.RelyingParty{}
			got := serverConfig(cfg, g, provider, nil, nil)
			if (got.Bearer == provider) != tt.bearer || (got.Members != nil) != tt.members || !slices.Equal(got.CORSOrigins, tt.origins) {
				t.Errorf("bearer %v, members %v, origins %q", got.Bearer != nil, got.Members != nil, got.CORSOrigins)
			}
			if got.AuthPath != cfg.AuthPath || got.LogoPath != cfg.LogoPath || got.SuccessStatus != cfg.SuccessStatus || (g.names == nil) != (cfg.Kind == config.KindOIDC) {
				t.Errorf("%q, %q, %d, names %v", got.AuthPath, got.LogoPath, got.SuccessStatus, g.names != nil)
			}
			if _, err := got.Parser.Parse("acr=gold"); (err == nil) != tt.anyContext {
				t.Errorf("acr=gold: %v", err)
			}
		})
	}
}

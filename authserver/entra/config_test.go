package entra

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/secret"
)

func TestNew(t *testing.T) {
	const host, path = "https://login.example", "/" + testTenant + "/v2.0"
	several := func(tenant string, allowed ...string) func(*Config) {
		return func(c *Config) {
			c.Kind, c.TenantID, c.Authority, c.AllowedTenants = MultiTenant, tenant, host+"/"+tenant+"/v2.0", allowed
		}
	}
	b2c := func(policy string) func(*Config) {
		return func(c *Config) { c.Kind, c.Policy, c.Authority = B2C, policy, host+"/"+testTenant+"/"+policy+"/v2.0" }
	}
	exchange := func(audiences, clients []string, roles ...RoleMap) func(*Config) {
		return func(c *Config) { c.ExchangeAudiences, c.ExchangeClients, c.ExchangeRoles = audiences, clients, roles }
	}
	tests := []struct {
		name string
		edit func(*Config)
		want string // in the error; empty: accepted
	}{
		{"complete", func(*Config) {}, ""},
		{"no issuer", func(c *Config) { c.Authority = "" }, "issuer:"},
		{"issuer is no URL", func(c *Config) { c.Authority = "login.example" }, "issuer:"},
		{"issuer over http", func(c *Config) { c.Authority = "http://login.example/x" }, "issuer: want https"},
		{"issuer over http on 127.0.0.1", func(c *Config) { c.Authority = "http://127.0.0.1:8080" + path }, ""},
		{"issuer over http on [::1]", func(c *Config) { c.Authority = "http://[::1]:8080" + path }, ""},
		{"issuer over http on localhost", func(c *Config) { c.Authority = "http://idp.localhost" + path }, ""},
		{"issuer over http on a host that looks local", func(c *Config) { c.Authority = "http://localhost.example/x" }, "issuer: want https"},
		{"issuer over ftp", func(c *Config) { c.Authority = "ftp://login.example/x" }, "issuer: want https"},
		{"issuer with userinfo", func(c *Config) { c.Authority = "https://a:b@login.example/x" }, "issuer:"},
		{"issuer with a fragment", func(c *Config) { c.Authority = "https://login.example/x#y" }, "issuer:"},
		{"no tenant is a plain provider", func(c *Config) { c.Kind, c.TenantID = Plain, "" }, ""},
		{"tenant is a domain", func(c *Config) {
			c.TenantID, c.Authority = "contoso.onmicrosoft.com", host+"/contoso.onmicrosoft.com/v2.0"
		}, ""},
		{"tenant in upper case", func(c *Config) { c.TenantID, c.Authority = "Contoso.Com", host+"/Contoso.Com/v2.0" }, ""},
		{"audience of Graph", func(c *Config) { c.Audiences = []string{"api://a", "https://graph.microsoft.com/"} }, "audiences:"},
		{"audience of Graph in another case", func(c *Config) { c.GraphURL, c.Audiences = "https://Graph.example/", []string{"https://graph.Example"} }, "audiences:"},
		{"issuer of another tenant", func(c *Config) { c.Authority = host + "/" + otherTenant + "/v2.0" }, "issuer: want scheme and host, and then the path /" + testTenant},
		{"issuer with more path", func(c *Config) { c.Authority = host + "/x" + path }, "issuer: want scheme and host"},
		{"issuer of v1", func(c *Config) { c.Authority = host + "/" + testTenant }, "issuer: want scheme and host"},
		{"issuer with a slash", func(c *Config) { c.Authority += "/" }, "issuer: want scheme and host"},
		{"issuer with a query", func(c *Config) { c.Authority += "?p=x" }, "issuer: want scheme and host"},
		{"plain issuer with any path", func(c *Config) { c.Kind, c.TenantID, c.Authority = Plain, "", host+"/realms/x/" }, ""},
		{"plain with a tenant", func(c *Config) { c.Kind = Plain }, "tenant id: another provider has none"},
		{"common", func(c *Config) { c.TenantID = "common" }, "tenant id: it must name one tenant"},
		{"Organizations", func(c *Config) { c.TenantID = "Organizations" }, "tenant id: it must name one tenant"},
		{"consumers", func(c *Config) { c.TenantID = "consumers" }, "tenant id: it must name one tenant"},
		{"tenant is a word", func(c *Config) { c.TenantID = "contoso" }, "tenant id: want a GUID"},
		{"tenant with a slash", func(c *Config) { c.TenantID = "contoso.com/x" }, "tenant id: want a GUID"},

		{"organizations with a list", several("organizations", testTenant), ""},
		{"common with a list", several("common", testTenant, strings.ToUpper(otherTenant)), ""},
		{"organizations without a list", several("organizations"), "allowed tenants: there is none"},
		{"organizations with a list of a domain", several("organizations", "contoso.com"), "allowed tenants: want GUIDs"},
		{"organizations with a list of a word", several("organizations", "*"), "allowed tenants: want GUIDs"},
		{"consumers with a list", several("consumers", testTenant), "tenant id: want organizations or common"},
		{"a tenant and a list", several(testTenant, testTenant), "tenant id: want organizations or common"},
		{"one tenant with a list", func(c *Config) { c.AllowedTenants = []string{testTenant} }, "allowed tenants: with one tenant"},
		{"organizations as one tenant", func(c *Config) { several("organizations", testTenant)(c); c.Kind = SingleTenant }, "tenant id: it must name one tenant"},

		{"B2C", b2c("B2C_1_signin"), ""},
		{"B2C by domain", func(c *Config) {
			b2c("p")(c)
			c.TenantID, c.Authority = "contoso.onmicrosoft.com", host+"/contoso.onmicrosoft.com/p/v2.0"
		}, ""},
		{"B2C without a policy", func(c *Config) { b2c("x")(c); c.Policy = "" }, "policy: want the name"},
		{"B2C with a slash in its policy", b2c("a/b"), "policy: want the name"},
		{"B2C with a policy of 129", b2c(strings.Repeat("p", 129)), "policy: want the name"},
		{"B2C with a policy of 128", b2c(strings.Repeat("p", 128)), ""},
		{"B2C of organizations", func(c *Config) { b2c("p")(c); c.TenantID = "organizations" }, "tenant id: it must name one tenant"},
		{"B2C with an issuer without its policy", func(c *Config) { b2c("p")(c); c.Authority = host + path }, "issuer: want scheme and host"},
		{"a policy without B2C", func(c *Config) { c.Policy = "p" }, "policy: only B2C has policies"},
		{"External ID", func(c *Config) { c.Kind = ExternalID }, ""},
		{"External ID of many", func(c *Config) { c.Kind, c.TenantID = ExternalID, "common" }, "tenant id: it must name one tenant"},

		{"exchange", exchange([]string{testCaller, "api://billing"}, []string{testCaller, testClient}, RoleMap{testCaller, "a", "b"}, RoleMap{testCaller, "a", "c"}), ""},
		{"exchange with External ID", func(c *Config) { exchange([]string{testCaller}, nil)(c); c.Kind = ExternalID }, ""},
		{"exchange with organizations", func(c *Config) { several("organizations", testTenant)(c); exchange([]string{testCaller}, nil)(c) }, ""},
		{"exchange of an App ID URI with organizations", func(c *Config) { several("organizations", testTenant)(c); exchange([]string{"api://a"}, nil)(c) }, ""},
		{"exchange of its roles", func(c *Config) {
			several("organizations", testTenant)(c)
			exchange([]string{"api://a"}, nil, RoleMap{"api://a", "x", "y"})(c)
		}, "exchange role 1: with several tenants its audience must be a client id"},
		{"exchange of a client's roles with organizations", func(c *Config) {
			several("organizations", testTenant)(c)
			exchange([]string{testCaller}, nil, RoleMap{testCaller, "x", "y"})(c)
		}, ""},
		{"exchange with organizations without a list", func(c *Config) { several("organizations")(c); exchange([]string{testCaller}, nil)(c) }, "allowed tenants: there is none"},
		{"exchange with B2C", func(c *Config) { b2c("p")(c); exchange([]string{testCaller}, nil)(c) }, "exchange audiences: only Entra ID and External ID"},
		{"exchange of clients with B2C", func(c *Config) { b2c("p")(c); exchange(nil, []string{testCaller})(c) }, ""},
		{"exchange with a plain provider", func(c *Config) { c.Kind, c.TenantID = Plain, ""; exchange([]string{testCaller}, nil)(c) }, "exchange audiences: only Entra ID and External ID"},
		{"exchange of clients with a plain provider", func(c *Config) { c.Kind, c.TenantID = Plain, ""; exchange(nil, []string{testCaller})(c) }, ""},
		{"exchange of Graph's tokens", exchange([]string{"a", "00000003-0000-0000-C000-000000000000"}, nil), "exchange audience 2: any program"},
		{"exchange of Graph's tokens, in its own cloud", func(c *Config) {
			c.GraphURL = "https://graph.example"
			exchange([]string{"https://Graph.example/"}, nil)(c)
		}, "exchange audience 1: any program"},
		{"exchange of Azure's tokens", exchange([]string{"https://management.azure.com/"}, nil), "exchange audience 1: any program"},
		{"exchange of Azure's tokens of another cloud", exchange([]string{"https://management.chinacloudapi.cn"}, nil), "exchange audience 1: any program"},
		{"exchange of tokens to be exchanged at Entra ID", exchange([]string{"api://AzureADTokenExchange"}, nil), "exchange audience 1: any program"},
		{"exchange of our own tokens", exchange([]string{strings.ToUpper(testClient)}, nil), "exchange audience 1: it is this application's own"},
		{"exchange of our own tokens by their URI", exchange([]string{"api://" + testClient}, nil), "exchange audience 1: it is this application's own"},
		{"exchange of tokens of our own audiences", func(c *Config) { c.Audiences = []string{"api://a"}; exchange([]string{"api://a"}, nil)(c) }, "exchange audience 1: it is this application's own"},
		{"exchange of one audience twice", exchange([]string{"a", "a"}, nil), "exchange audience 2: it is there twice"},
		{"exchange of an audience with a space", exchange([]string{"a b"}, nil), "exchange audience 1: want printable text"},
		{"exchange of an empty audience", exchange([]string{""}, nil), "exchange audience 1: want printable text"},
		{"exchange of one client twice", exchange(nil, []string{"a", "b", "a"}), "exchange client 3: it is there twice"},
		{"exchange of a client with a line end", exchange(nil, []string{"a\n"}), "exchange client 1: want printable text"},
		{"exchange of a client of 256", exchange(nil, []string{strings.Repeat("c", 256)}), "exchange client 1: want printable text"},
		{"exchange of a client of 255", exchange(nil, []string{strings.Repeat("c", 255)}), ""},
		{"exchange of roles of an audience that is not listed", exchange([]string{"a"}, nil, RoleMap{"A", "x", "y"}), "exchange role 1: its audience is not among"},
		{"exchange of an empty role", exchange([]string{"a"}, nil, RoleMap{"a", "", "y"}), "exchange role 1: of both roles want"},
		{"exchange for an empty role", exchange([]string{"a"}, nil, RoleMap{"a", "x", ""}), "exchange role 1: of both roles want"},
		{"exchange of one role twice", exchange([]string{"a"}, nil, RoleMap{"a", "x", "y"}, RoleMap{"a", "x", "y"}), "exchange role 2: it is there twice"},

		{"no client id", func(c *Config) { c.ClientID = "" }, "client id:"},
		{"client id with a space", func(c *Config) { c.ClientID = "a b" }, "client id:"},
		{"no secret", func(c *Config) { c.Credential = nil }, "client credential:"},
		{"no http client", func(c *Config) { c.Client = nil }, "http client:"},
		{"negative leeway", func(c *Config) { c.Leeway = -1 }, "leeway:"},
		{"two minutes of leeway", func(c *Config) { c.Leeway = 2 * time.Minute }, ""},
		{"more leeway", func(c *Config) { c.Leeway = 2*time.Minute + 1 }, "leeway:"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cfg := testConfig(http.DefaultTransport, nil)
			tt.edit(&cfg)
			_, err := New(cfg)
			switch {
			case tt.want == "" && err != nil:
				t.Errorf("refused: %v", err)
			case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
				t.Errorf("error %v, want one with %q", err, tt.want)
			}
		})
	}
}

func TestNewReportsAllFaults(t *testing.T) {
	_, err := New(Config{Kind: SingleTenant, TenantID: "common", Leeway: -1})
	if err == nil || strings.Count(err.Error(), "\n") != 5 {
		t.Errorf("want six faults, one a line, got: %v", err)
	}
}

func TestTenantInUpperCase(t *testing.T) {
	cfg := testConfig(newIDP(public(rsaKey().Public(), "k")), nil)
	const upper = "AAAAAAAA-2222-4333-8444-555555555555"
	cfg.TenantID = upper
	cfg.Authority = strings.Replace(testIssuer, testTenant, upper, 1)
	rp, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if rp.cfg.TenantID != strings.ToLower(upper) || !strings.Contains(rp.cfg.Authority, strings.ToLower(upper)) {
		t.Errorf("tenant %q, issuer %q: want lower case, as tokens have it", rp.cfg.TenantID, rp.cfg.Authority)
	}
}

func TestNotReady(t *testing.T) {
	rp, err := New(testConfig(newIDP(), nil))
	if err != nil {
		t.Fatal(err)
	}
	_, authorize := rp.AuthorizationURL(AuthRequest{})
	_, redeem := rp.Redeem(t.Context(), secret.New("c"), "v", "r", Plan{})
	_, verify := rp.Verify(t.Context(), secret.New("t"), "n", testAccess)
	for name, err := range map[string]error{"AuthorizationURL": authorize, "Redeem": redeem, "Verify": verify, "CheckIssuerParam": rp.CheckIssuerParam("")} {
		if err != ErrNotReady { //nolint:errorlint // exactly this one
			t.Errorf("%s: %v, want ErrNotReady", name, err)
		}
		if got := reasonOf(t, err); got != ReasonUnavailable {
			t.Errorf("%s: reason %q", name, got)
		}
	}
	if u, ok := rp.EndSessionURL(EndSession{ReturnURI: "https://app.example/", State: "s"}); ok || u != "" {
		t.Errorf("EndSessionURL: %q, %v", u, ok)
	}
	if rp.Ready() {
		t.Error("ready before discovery")
	}
}

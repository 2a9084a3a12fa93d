package entra

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/secret"
)

func TestNew(t *testing.T) {
	tests := []struct {
		name string
		edit func(*Config)
		want string // in the error; empty: accepted
	}{
		{"complete", func(*Config) {}, ""},
		{"no issuer", func(c *Config) { c.Issuer = "" }, "issuer:"},
		{"issuer is no URL", func(c *Config) { c.Issuer = "login.example" }, "issuer:"},
		{"issuer over http", func(c *Config) { c.Issuer = "http://login.example/x" }, "issuer: want https"},
		{"issuer over http on 127.0.0.1", func(c *Config) { c.Issuer = "http://127.0.0.1:8080/x" }, ""},
		{"issuer over http on [::1]", func(c *Config) { c.Issuer = "http://[::1]:8080/x" }, ""},
		{"issuer over http on localhost", func(c *Config) { c.Issuer = "http://idp.localhost/x" }, ""},
		{"issuer over http on a host that looks local", func(c *Config) { c.Issuer = "http://localhost.example/x" }, "issuer: want https"},
		{"issuer over ftp", func(c *Config) { c.Issuer = "ftp://login.example/x" }, "issuer: want https"},
		{"issuer with userinfo", func(c *Config) { c.Issuer = "https://a:b@login.example/x" }, "issuer:"},
		{"issuer with a fragment", func(c *Config) { c.Issuer = "https://login.example/x#y" }, "issuer:"},
		{"no tenant is a plain provider", func(c *Config) { c.TenantID = "" }, ""},
		{"tenant is a domain", func(c *Config) { c.TenantID = "contoso.onmicrosoft.com" }, ""},
		{"common", func(c *Config) { c.TenantID = "common" }, "tenant id: it must name one tenant"},
		{"Organizations", func(c *Config) { c.TenantID = "Organizations" }, "tenant id: it must name one tenant"},
		{"consumers", func(c *Config) { c.TenantID = "consumers" }, "tenant id: it must name one tenant"},
		{"tenant is a word", func(c *Config) { c.TenantID = "contoso" }, "tenant id: want a GUID"},
		{"tenant with a slash", func(c *Config) { c.TenantID = "contoso.com/x" }, "tenant id: want a GUID"},
		{"no client id", func(c *Config) { c.ClientID = "" }, "client id:"},
		{"client id with a space", func(c *Config) { c.ClientID = "a b" }, "client id:"},
		{"no secret", func(c *Config) { c.ClientSecret = secret.String{} }, "client secret:"},
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
	_, err := New(Config{TenantID: "common", Leeway: -1})
	if err == nil || strings.Count(err.Error(), "\n") != 5 {
		t.Errorf("want six faults, one a line, got: %v", err)
	}
}

func TestTenantInUpperCase(t *testing.T) {
	cfg := testConfig(newIDP(public(rsaKey().Public(), "k")), nil)
	const upper = "AAAAAAAA-2222-4333-8444-555555555555"
	cfg.TenantID = upper
	cfg.Issuer = strings.Replace(testIssuer, testTenant, upper, 1)
	rp, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if rp.tenant != strings.ToLower(upper) || !strings.Contains(rp.issuer, strings.ToLower(upper)) {
		t.Errorf("tenant %q, issuer %q: want lower case, as tokens have it", rp.tenant, rp.issuer)
	}
}

func TestNotReady(t *testing.T) {
	rp, err := New(testConfig(newIDP(), nil))
	if err != nil {
		t.Fatal(err)
	}
	_, authorize := rp.AuthorizationURL(AuthRequest{})
	_, redeem := rp.Redeem(t.Context(), secret.New("c"), "v", "r", nil)
	_, verify := rp.Verify(t.Context(), secret.New("t"), "n")
	for name, err := range map[string]error{"AuthorizationURL": authorize, "Redeem": redeem, "Verify": verify, "CheckIssuerParam": rp.CheckIssuerParam("")} {
		if err != ErrNotReady { //nolint:errorlint // exactly this one
			t.Errorf("%s: %v, want ErrNotReady", name, err)
		}
		if got := reasonOf(t, err); got != ReasonUnavailable {
			t.Errorf("%s: reason %q", name, got)
		}
	}
	if u, ok := rp.EndSessionURL("https://app.example/", "s"); ok || u != "" {
		t.Errorf("EndSessionURL: %q, %v", u, ok)
	}
	if rp.Ready() {
		t.Error("ready before discovery")
	}
}

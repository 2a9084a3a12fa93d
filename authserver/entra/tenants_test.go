package entra

import (
	"context"
	"crypto/rsa"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/easyauth-sidecar/easyauth/authserver/secret"
)

// manyTenants turns a single tenant's sign-in into one of organizations, in which
// every tenant has a document and keys of its own: testTenant k1, otherTenant o1,
// and the tenant of personal accounts c1.
func manyTenants(a *attempt) {
	a.cfg.Kind, a.cfg.TenantID, a.cfg.AllowedTenants = MultiTenant, "organizations", []string{testTenant, otherTenant}
	a.cfg.Authority = "https://login.example/organizations/v2.0"
	for name, value := range a.idp.metadata {
		if s, ok := value.(string); ok {
			a.idp.metadata[name] = strings.Replace(s, testTenant, "organizations", 1)
		}
	}
	a.idp.metadata["issuer"] = "https://login.example/{tenantid}/v2.0"
	a.idp.answer = tenantAnswers
}

// tenantAnswers serves the documents and keys of tenants, and leaves those of
// organizations to the usual answer.
func tenantAnswers(r *http.Request) (*http.Response, error) {
	id, _, _ := strings.Cut(r.URL.Path[1:], "/")
	keys := map[string]jose.JSONWebKey{
		testTenant: public(rsaKey().Public(), "k1"), otherTenant: public(otherRSA().Public(), "o1"), consumers: public(rsaKey().Public(), "c1"),
	}
	key, ok := keys[id]
	switch {
	case ok && strings.HasSuffix(r.URL.Path, documentPath):
		metadata := newIDP().metadata
		for name, value := range metadata {
			if s, isText := value.(string); isText {
				metadata[name] = strings.Replace(s, testTenant, id, 1)
			}
		}
		return reply(http.StatusOK, string(must(json.Marshal(metadata)))), nil
	case ok && strings.HasSuffix(r.URL.Path, keysPath):
		return reply(http.StatusOK, string(must(json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{key}})))), nil
	}
	return nil, nil //nolint:nilnil // the usual answer
}

func TestTenantAllowed(t *testing.T) {
	byDomain := func(a *attempt) {
		a.cfg.TenantID, a.cfg.Authority = "contoso.example", "https://login.example/contoso.example/v2.0"
	}
	plain := func(a *attempt) { a.cfg.Kind, a.cfg.TenantID = Plain, "" }
	upper := strings.ToUpper(testTenant)
	for _, tt := range []struct {
		name   string
		edit   func(*attempt)
		found  bool // discovery has succeeded
		tenant string
		want   bool
	}{
		{"ours", func(*attempt) {}, false, testTenant, true},
		{"ours in upper case", func(*attempt) {}, false, upper, true},
		{"another", func(*attempt) {}, false, otherTenant, false},
		{"none", func(*attempt) {}, false, "", false},
		{"by domain, not found yet", byDomain, false, otherTenant, true},
		{"by domain, not found yet, none", byDomain, false, "", false},
		{"by domain, ours", byDomain, true, testTenant, true},
		{"by domain, another", byDomain, true, otherTenant, false},
		{"of several", manyTenants, false, otherTenant, true},
		{"of several, another", manyTenants, false, consumers, false},
		{"of several, none", manyTenants, false, "", false},
		{"of several, the word", manyTenants, false, "organizations", false},
		{"B2C, ours", b2cAttempt, false, testTenant, true},
		{"B2C, another", b2cAttempt, false, otherTenant, false},
		{"B2C, none: its tokens need not name it", b2cAttempt, false, "", true},
		{"External ID, ours", externalAttempt, false, testTenant, true},
		{"External ID, none", externalAttempt, false, "", false},
		{"plain, none", plain, false, "", true},
		{"plain, one", plain, false, testTenant, false},
	} {
		a := newAttempt()
		tt.edit(a)
		rp := must(New(a.cfg))
		if tt.found {
			rp.adopt(must(rp.discover(t.Context())))
		}
		if got := rp.TenantAllowed(tt.tenant); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

func externalAttempt(a *attempt) {
	const issuer = "https://" + testTenant + ".ciamlogin.com/" + testTenant + "/v2.0"
	a.cfg.Kind, a.cfg.Authority = ExternalID, "https://contoso.ciamlogin.com/"+testTenant+"/v2.0"
	for name, value := range a.idp.metadata {
		if s, ok := value.(string); ok {
			a.idp.metadata[name] = strings.Replace(s, "login.example", "contoso.ciamlogin.com", 1)
		}
	}
	a.idp.metadata["issuer"], a.claims["iss"] = issuer, issuer
}

func TestIssuersOfKinds(t *testing.T) {
	const base = "https://login.example/" + testTenant
	issuer := func(s string) func(*attempt) {
		return func(a *attempt) { a.idp.metadata["issuer"], a.claims["iss"] = s, s }
	}
	domain := func(a *attempt) {
		a.cfg.Authority = strings.Replace(a.cfg.Authority, "/"+testTenant+"/", "/contoso.onmicrosoft.com/", 1)
		a.cfg.TenantID = "contoso.onmicrosoft.com"
	}
	cloud := func(host, v1 string) func(*attempt) {
		return func(a *attempt) {
			a.cfg.Authority, a.cfg.V1Issuer = "https://"+host+"/"+testTenant+"/v2.0", v1
			issuer(a.cfg.Authority)(a)
		}
	}
	const external = "https://" + testTenant + ".ciamlogin.com/" + testTenant + "/v2.0"
	for _, tt := range []struct {
		name   string
		edit   func(*attempt)
		want   Reason
		v2, v1 string
	}{
		{"one tenant", func(*attempt) {}, "", testIssuer, v1OfTenant},
		{"one tenant without v1", func(a *attempt) { a.cfg.V1Issuer = "" }, "", testIssuer, ""},
		{"one tenant by domain", domain, "", testIssuer, v1OfTenant},
		{"US government", cloud("login.microsoftonline.us", "https://sts.windows.net/"), "", "https://login.microsoftonline.us/" + testTenant + "/v2.0", v1OfTenant},
		{
			"China", cloud("login.partner.microsoftonline.cn", "https://sts.chinacloudapi.cn/"), "",
			"https://login.partner.microsoftonline.cn/" + testTenant + "/v2.0", "https://sts.chinacloudapi.cn/" + testTenant + "/",
		},
		{"B2C", b2cAttempt, "", base + "/v2.0/", ""},
		{"B2C by domain", both(b2cAttempt, domain), "", base + "/v2.0/", ""},
		{"B2C by domain, with the policy", both(b2cAttempt, domain, issuer("https://login.example/tfp/"+testTenant+"/b2c_1_signin/v2.0/")), "", "https://login.example/tfp/" + testTenant + "/b2c_1_signin/v2.0/", ""},
		{"B2C by domain, with another policy", both(b2cAttempt, domain, issuer("https://login.example/tfp/"+testTenant+"/b2c_1_reset/v2.0/")), ReasonIssuer, "", ""},
		{"B2C by domain, no slash", both(b2cAttempt, domain, issuer(base+"/v2.0")), ReasonIssuer, "", ""},
		{"B2C by domain, another host", both(b2cAttempt, domain, issuer("https://evil.example/"+testTenant+"/v2.0/")), ReasonIssuer, "", ""},
		{"one tenant with B2C's issuer", issuer(base + "/v2.0/"), ReasonIssuer, "", ""},
		{"one tenant with a policy", issuer("https://login.example/tfp/" + testTenant + "//v2.0/"), ReasonIssuer, "", ""},
		{"External ID", externalAttempt, "", external, ""},
		{"External ID by domain", both(externalAttempt, domain), "", external, ""},
		{"External ID by its name", both(externalAttempt, issuer("https://contoso.ciamlogin.com/"+testTenant+"/v2.0")), ReasonIssuer, "", ""},
		{"External ID of another tenant", both(externalAttempt, issuer(strings.ReplaceAll(external, testTenant, otherTenant))), ReasonIssuer, "", ""},
		{"External ID of two tenants", both(externalAttempt, domain, issuer(strings.Replace(external, testTenant, otherTenant, 1))), ReasonIssuer, "", ""},
		{"External ID as one tenant", both(externalAttempt, func(a *attempt) { a.cfg.Kind = SingleTenant }), ReasonIssuer, "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := newAttempt()
			tt.edit(a)
			rp := must(New(a.cfg))
			p, err := rp.discover(t.Context())
			if got := reasonOf(t, err); got != tt.want {
				t.Fatalf("reason %q (%v), want %q", got, err, tt.want)
			}
			if err != nil {
				return
			}
			rp.adopt(p)
			found := rp.tenants.Load().all[0]
			if found.id != testTenant || found.v2 != tt.v2 || found.v1 != tt.v1 || rp.tenantOf(tt.v2) != found {
				t.Errorf("tenant %q, issuers %q and %q", found.id, found.v2, found.v1)
			}
			if id, err := a.run(t); err != nil || id.Issuer != tt.v2 {
				t.Errorf("a token of it: %+v, %v", id, err)
			}
		})
	}
}

func TestTenantsAreFoundByThemselves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, log := newAttempt(), &logBuffer{}
		manyTenants(a)
		a.cfg.Now, a.cfg.Log = nil, log.logger()
		a.idp.answer = func(r *http.Request) (*http.Response, error) {
			if strings.HasPrefix(r.URL.Path, "/"+otherTenant+"/") {
				return reply(http.StatusServiceUnavailable, ""), nil
			}
			return tenantAnswers(r)
		}
		rp := must(New(a.cfg))
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { rp.Run(ctx); close(ended) }()
		synctest.Wait()
		verify := func(id string, key *rsa.PrivateKey, kid string) error {
			claims := goodClaims()
			claims["tid"], claims["iss"] = id, strings.Replace(testIssuer, testTenant, id, 1)
			claims["iat"], claims["exp"], claims["nbf"] = time.Now().Unix(), time.Now().Add(time.Hour).Unix(), nil
			_, err := rp.Verify(t.Context(), secret.New(sign(t, jose.RS256, key, kid, claims)), testNonce, testAccess)
			return err
		}
		if !rp.Ready() {
			t.Error("not ready although the authority's document is there")
		}
		if err := verify(testTenant, rsaKey(), "k1"); err != nil {
			t.Errorf("the tenant that answers: %v", err)
		}
		if err := verify(otherTenant, otherRSA(), "o1"); reasonOf(t, err) != ReasonUnavailable {
			t.Errorf("the tenant that does not answer: %v", err)
		}
		sleepFor(10 * time.Minute)
		if n := a.idp.count("/" + otherTenant + "/v2.0" + documentPath); n < 10 || n > 40 {
			t.Errorf("%d attempts in ten minutes", n)
		}
		if n := a.idp.count("/" + testTenant + "/v2.0" + documentPath); n != 1 {
			t.Errorf("the other tenant's document was read %d times", n)
		}
		a.idp.set(func(f *fakeIDP) { f.answer = tenantAnswers })
		sleepFor(maxBackoff)
		if err := verify(otherTenant, otherRSA(), "o1"); err != nil {
			t.Errorf("after it came back: %v", err)
		}
		if err := verify(otherTenant, rsaKey(), "k1"); reasonOf(t, err) != ReasonToken {
			t.Errorf("with the key of the first tenant: %v", err)
		}
		if !strings.Contains(log.String(), `"issuer":"https://login.example/`+otherTenant+`/v2.0"`) {
			t.Errorf("no line names the tenant: %s", log)
		}
		cancel()
		<-ended
	})
}

func TestReadyNeedsTheAuthority(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAttempt()
		manyTenants(a)
		a.cfg.Now = nil
		a.idp.answer = func(r *http.Request) (*http.Response, error) {
			if strings.HasPrefix(r.URL.Path, "/organizations/") {
				return reply(http.StatusServiceUnavailable, ""), nil
			}
			return tenantAnswers(r)
		}
		rp := must(New(a.cfg))
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { rp.Run(ctx); close(ended) }()
		if sleepFor(time.Hour); rp.Ready() {
			t.Error("ready without the authority's document")
		}
		for _, tenant := range rp.tenants.Load().all {
			if doc := tenant.doc.Load(); doc == nil || len(doc.keys.current()) != 1 {
				t.Errorf("tenant %s has no keys", tenant.id)
			}
		}
		a.idp.set(func(f *fakeIDP) { f.answer = tenantAnswers })
		if sleepFor(maxBackoff); !rp.Ready() {
			t.Error("not ready although the authority's document is there")
		}
		cancel()
		<-ended
	})
}

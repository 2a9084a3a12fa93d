package entra

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	emulator "github.com/easyauth-sidecar/easyauth/test/entra"
)

const signInPolicy, resetPolicy = "B2C_1_SignIn", "B2C_1_Reset"

// emulate starts Entra ID as edit wants it; emulatedParty a party that cfg makes of
// the address, once its Run has found everything.
func emulate(t *testing.T, c *clock, edit func(*emulator.Config)) *emulator.Server {
	t.Helper()
	cfg := emulator.Config{
		SigningKey: rsaKey(), Now: c.Now, KeysPerTenant: true, Tenants: []string{otherTenant}, Domains: map[string]string{"contoso.example": emulator.DefaultTenantID},
		Clients: []emulator.Client{{ID: testClient, Secret: testSecret, RedirectURIs: []string{callbackURI}}},
		Users: append(emulator.DefaultUsers(), emulator.User{
			ID: "fay", ObjectID: "fa000000-0000-4000-8000-0000000000fa", TenantID: otherTenant, Username: "fay@fabrikam.example",
		}),
	}
	edit(&cfg)
	return emulator.StartTest(t, cfg)
}

func emulatedParty(t *testing.T, c *clock, cfg Config) *RelyingParty {
	t.Helper()
	cfg.ClientID, cfg.Credential, cfg.V1Issuer = testClient, testCredential(testSecret), "https://sts.windows.net/"
	cfg.Scopes = access.NewScopeNames(testClient, nil, defaultGraphURL)
	cfg.Client, cfg.Now = NewHTTPClient(5*time.Second, 0), c.Now
	rp := must(New(cfg))
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); rp.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-ended })
	eventually(t, func() bool {
		if !rp.Ready() {
			return false
		}
		for _, tenant := range rp.tenants.Load().all {
			if doc := tenant.doc.Load(); doc == nil || len(doc.keys.current()) == 0 {
				return false
			}
		}
		return true
	})
	return rp
}

func TestTenantsOfOrganizations(t *testing.T) {
	c := newClock()
	idp := emulate(t, c, func(*emulator.Config) {})
	for _, word := range []string{"organizations", "common"} {
		multi := func(allowed ...string) *RelyingParty {
			return emulatedParty(t, c, Config{
				Kind: MultiTenant, TenantID: word, Authority: idp.BaseURL() + "/" + word + "/v2.0", AllowedTenants: allowed,
			})
		}
		everybody, ours := multi(idp.TenantID(), otherTenant), multi(idp.TenantID())
		plan := everybody.Plan(nil, access.Missing{}, PlanOptions{})
		for _, tt := range []struct {
			name, user string
			rp         *RelyingParty
			want       Reason
			tenant     string
		}{
			{"our tenant", emulator.Adele, everybody, "", idp.TenantID()},
			{"the other tenant", "fay", everybody, "", otherTenant},
			{"our tenant, alone", emulator.Adele, ours, "", idp.TenantID()},
			{"a tenant that is not allowed", "fay", ours, ReasonTenant, ""},
		} {
			t.Run(word+" "+tt.name, func(t *testing.T) {
				_, id, err := signIn(t, tt.rp, tt.user, plan)
				if reasonOf(t, err) != tt.want || err == nil && (id.Tenant != tt.tenant || id.Issuer != idp.BaseURL()+"/"+tt.tenant+"/v2.0") {
					t.Errorf("%+v, %v; want %q", id, err, tt.want)
				}
				if err != nil && !strings.Contains(err.Error(), otherTenant) {
					t.Errorf("the tenant is not named: %v", err)
				}
			})
		}
		t.Run(word+" keys of one tenant", func(t *testing.T) {
			kid := idp.RotateKeysOf(otherTenant, "")
			c.Advance(keyCoolDown)
			if _, _, err := signIn(t, everybody, "fay", plan); err != nil {
				t.Errorf("after the roll-over: %v", err)
			}
			set := everybody.tenants.Load()
			if !set.byID(otherTenant).doc.Load().keys.has(kid) || set.byID(idp.TenantID()).doc.Load().keys.has(kid) {
				t.Error("the new key must be the other tenant's alone")
			}
		})
	}
}

func TestTenantByDomain(t *testing.T) {
	c := newClock()
	idp := emulate(t, c, func(*emulator.Config) {})
	rp := emulatedParty(t, c, Config{Kind: SingleTenant, TenantID: "Contoso.Example", Authority: idp.BaseURL() + "/Contoso.Example/v2.0"})
	if _, id, err := signIn(t, rp, emulator.Adele, rp.Plan(nil, access.Missing{}, PlanOptions{})); err != nil || id.Tenant != idp.TenantID() {
		t.Errorf("%+v, %v", id, err)
	}
	if !rp.TenantAllowed(idp.TenantID()) || rp.TenantAllowed(otherTenant) {
		t.Error("the domain's tenant alone is allowed")
	}
}

func TestExternalIDSignIn(t *testing.T) {
	c := newClock()
	idp := emulate(t, c, func(cfg *emulator.Config) { cfg.ExternalID = true })
	for _, tenant := range []string{idp.TenantID(), "contoso.example"} {
		rp := emulatedParty(t, c, Config{Kind: ExternalID, TenantID: tenant, Authority: idp.BaseURL() + "/" + tenant + "/v2.0"})
		plan := rp.Plan(nil, access.Missing{}, PlanOptions{})
		_, id, err := signIn(t, rp, emulator.Adele, plan)
		if err != nil || id.Issuer != "https://"+idp.TenantID()+".ciamlogin.com/"+idp.TenantID()+"/v2.0" || id.Object != emulator.AdeleOID {
			t.Errorf("%s: %+v, %v", tenant, id, err)
		}
		idp.SetFaults(emulator.Faults{EditClaims: func(claims map[string]any) { claims["iss"] = idp.BaseURL() + "/" + idp.TenantID() + "/v2.0" }})
		if _, _, err := signIn(t, rp, emulator.Adele, plan); reasonOf(t, err) != ReasonIssuer {
			t.Errorf("%s, the issuer of an ordinary tenant: %v", tenant, err)
		}
		idp.ClearFaults()
	}
}

func TestB2CSignIn(t *testing.T) {
	for name, edit := range map[string]func(*emulator.B2C){
		"tfp":             func(*emulator.B2C) {},
		"acr":             func(b *emulator.B2C) { b.ACR = true },
		"with object ids": func(b *emulator.B2C) { b.ObjectIDs = true },
	} {
		t.Run(name, func(t *testing.T) {
			c := newClock()
			idp := emulate(t, c, func(cfg *emulator.Config) {
				cfg.KeysPerTenant = false // all policies sign with one key, which is why they must be told apart
				cfg.B2C.Policies = []string{signInPolicy, resetPolicy}
				edit(&cfg.B2C)
			})
			party := func(tenant, policy string) *RelyingParty {
				return emulatedParty(t, c, Config{Kind: B2C, TenantID: tenant, Policy: policy, Authority: idp.BaseURL() + "/" + tenant + "/" + policy + "/v2.0"})
			}
			for _, rp := range []*RelyingParty{party(idp.TenantID(), signInPolicy), party("contoso.example", strings.ToLower(signInPolicy))} {
				plan := rp.Plan([]string{testClient}, access.Missing{}, PlanOptions{})
				_, id, err := signIn(t, rp, emulator.Adele, plan)
				if err != nil || id.Issuer != idp.PolicyIssuer() || id.Key() == (access.Key{}) || (id.Tenant != "") != (name == "with object ids") || !rp.TenantAllowed(id.Tenant) {
					t.Errorf("%+v, %v", id, err)
				}
				idp.SetFaults(emulator.Faults{EditClaims: func(claims map[string]any) {
					for _, member := range []string{"tfp", "acr"} {
						if claims[member] != nil {
							claims[member] = resetPolicy
						}
					}
				}})
				if _, _, err := signIn(t, rp, emulator.Adele, plan); reasonOf(t, err) != ReasonPolicy {
					t.Errorf("a token of another policy: %v", err)
				}
				idp.ClearFaults()
			}
		})
	}
}

// TestEntraMisbehavesInOtherWays is TestEntraMisbehaves for the further faults.
func TestEntraMisbehavesInOtherWays(t *testing.T) {
	want := map[emulator.TokenFault]Reason{
		emulator.MissingIssuer: ReasonIssuer, emulator.IssuerWithSlash: ReasonIssuer, emulator.IssuerOtherCase: ReasonIssuer,
		emulator.MissingAudience: ReasonAudience, emulator.AudienceOtherCase: ReasonAudience, emulator.TwoAudiences: ReasonAudience,
		emulator.TwoAudiencesForeign: ReasonAudience, emulator.ForeignAZP: ReasonAudience, emulator.FutureIssuedAt: ReasonExpired,
		emulator.NonceOtherCase: ReasonNonce, emulator.OldIssuedAt: ReasonExpired,
		emulator.AudienceList: "", emulator.TwoAudiencesOurs: "", emulator.RightATHash: "",
	}
	idp, rp := startEmulator(t, newClock(), &logBuffer{})
	plan := rp.Plan(nil, access.Missing{}, PlanOptions{})
	for _, fault := range append(emulator.AdversarialTokenFaults(), emulator.TokenVariants()...) {
		t.Run(string(fault), func(t *testing.T) {
			expected, known := want[fault]
			if !known {
				expected = ReasonToken
			}
			idp.SetFaults(emulator.Faults{IDToken: fault})
			if _, id, err := signIn(t, rp, emulator.Adele, plan); reasonOf(t, err) != expected || (id == nil) != (err != nil) {
				t.Errorf("%v, %+v; want %q", err, id, expected)
			}
			idp.ClearFaults()
			if _, _, err := signIn(t, rp, emulator.Adele, plan); err != nil {
				t.Errorf("without the fault: %v", err)
			}
		})
	}
}

// TestEntraDocumentsMisbehave breaks one member of one document of a real server.
func TestEntraDocumentsMisbehave(t *testing.T) {
	c := newClock()
	idp := emulate(t, c, func(*emulator.Config) {})
	document := func(edit func(map[string]any)) emulator.Faults { return emulator.Faults{DiscoveryEdit: edit} }
	keys := func(edit func(map[string]any)) emulator.Faults { return emulator.Faults{JWKSEdit: edit} }
	endpoint := func(e emulator.Endpoint, f emulator.EndpointFault) emulator.Faults {
		return emulator.Faults{Endpoints: map[emulator.Endpoint]emulator.EndpointFault{e: f}}
	}
	for name, tt := range map[string]struct {
		faults emulator.Faults
		want   Reason
	}{
		"as it is":                    {emulator.Faults{}, ""},
		"another issuer":              {document(func(m map[string]any) { m["issuer"] = "https://evil.example" }), ReasonIssuer},
		"issuer with a slash":         {document(func(m map[string]any) { m["issuer"] = idp.Issuer() + "/" }), ReasonIssuer},
		"no token endpoint":           {document(func(m map[string]any) { delete(m, tokenMember) }), ReasonIDPError},
		"keys over http elsewhere":    {document(func(m map[string]any) { m[keysMember] = "http://evil.example/keys" }), ReasonIDPError},
		"none alone":                  {document(func(m map[string]any) { m["id_token_signing_alg_values_supported"] = []string{"none"} }), ReasonIDPError},
		"document: 500":               {endpoint(emulator.EndpointDiscovery, emulator.EndpointFault{Status: 500}), ReasonIDPError},
		"document: 429":               {endpoint(emulator.EndpointDiscovery, emulator.EndpointFault{Status: 429, RetryAfter: 30}), ReasonUnavailable},
		"document: garbage":           {endpoint(emulator.EndpointDiscovery, emulator.EndpointFault{Garbage: true}), ReasonIDPError},
		"document: huge":              {endpoint(emulator.EndpointDiscovery, emulator.EndpointFault{HugeBytes: 64 << 20}), ReasonIDPError},
		"document: dropped":           {endpoint(emulator.EndpointDiscovery, emulator.EndpointFault{Drop: true}), ReasonUnavailable},
		"document: sent elsewhere":    {endpoint(emulator.EndpointDiscovery, emulator.EndpointFault{Location: "https://evil.example/"}), ReasonIDPError},
		"document: a page":            {endpoint(emulator.EndpointDiscovery, emulator.EndpointFault{Body: "<html>", ContentType: "text/html"}), ReasonIDPError},
		"keys: none":                  {keys(func(m map[string]any) { m["keys"] = []any{} }), ReasonIDPError},
		"keys: an object":             {keys(func(m map[string]any) { m["keys"] = map[string]any{} }), ReasonIDPError},
		"keys: all for encryption":    {keys(eachKey(func(k map[string]any) { k["use"] = "enc" })), ReasonIDPError},
		"keys: all private":           {keys(eachKey(func(k map[string]any) { k["d"] = "AQAB" })), ReasonIDPError},
		"keys: all symmetric":         {keys(eachKey(func(k map[string]any) { k["kty"] = "oct" })), ReasonIDPError},
		"keys: without names":         {keys(eachKey(func(k map[string]any) { delete(k, "kid") })), ReasonToken},
		"keys: of another algorithm":  {keys(eachKey(func(k map[string]any) { k["alg"] = "RS512" })), ReasonToken},
		"keys: certificates are none": {keys(eachKey(func(k map[string]any) { k["x5c"] = []string{"AAAA"} })), ""},
		"keys: 503":                   {endpoint(emulator.EndpointKeys, emulator.EndpointFault{Status: 503}), ReasonIDPError},
		"keys: garbage":               {endpoint(emulator.EndpointKeys, emulator.EndpointFault{Garbage: true}), ReasonIDPError},
		"keys: dropped":               {endpoint(emulator.EndpointKeys, emulator.EndpointFault{Drop: true}), ReasonUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			rp := must(New(Config{
				Kind: SingleTenant, TenantID: idp.TenantID(), Authority: idp.Issuer(), ClientID: testClient, Credential: testCredential(testSecret),
				Client: NewHTTPClient(5*time.Second, 0), Now: c.Now,
			}))
			idp.SetFaults(tt.faults)
			defer idp.ClearFaults()
			if err := tryOnce(t, rp); reasonOf(t, err) != tt.want {
				t.Errorf("%v, want %q", err, tt.want)
			}
			idp.ClearFaults()
			if err := tryOnce(t, rp); err != nil {
				t.Errorf("without the fault: %v", err)
			}
		})
	}
}

func eachKey(edit func(map[string]any)) func(map[string]any) {
	return func(set map[string]any) {
		list, _ := set["keys"].([]any)
		for _, entry := range list {
			if key, ok := entry.(map[string]any); ok {
				edit(key)
			}
		}
	}
}

// tryOnce does what Run does, without its patience, and signs Adele in.
func tryOnce(t *testing.T, rp *RelyingParty) error {
	t.Helper()
	p, err := rp.discover(t.Context())
	if err != nil {
		return err
	}
	rp.adopt(p)
	if err := keysOf(rp).refresh(t.Context()); err != nil {
		return err
	}
	_, _, err = signIn(t, rp, emulator.Adele, rp.Plan(nil, access.Missing{}, PlanOptions{}))
	return err
}

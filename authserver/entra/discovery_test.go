package entra

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

func TestParseDiscovery(t *testing.T) {
	const domain = "contoso.onmicrosoft.com"
	byDomain := func(c *Config) {
		c.TenantID, c.Authority = domain, "https://login.example/"+domain+"/v2.0"
	}
	set := func(name string, v any) func(map[string]any) { return func(m map[string]any) { m[name] = v } }
	tests := []struct {
		name string
		cfg  func(*Config)
		doc  func(map[string]any)
		want Reason
	}{
		{"as configured", nil, nil, ""},
		{"another issuer", nil, set("issuer", "https://login.example/other/v2.0"), ReasonIssuer},
		{"another host", nil, set("issuer", strings.Replace(testIssuer, "login.", "evil.", 1)), ReasonIssuer},
		{"issuer with a slash", nil, set("issuer", testIssuer+"/"), ReasonIssuer},
		{"issuer of many tenants", nil, set("issuer", "https://login.example/{tenantid}/v2.0"), ReasonIssuer},
		{"no issuer", nil, func(m map[string]any) { delete(m, "issuer") }, ReasonIDPError},
		{"issuer is a number", nil, set("issuer", 5), ReasonIDPError},

		{"tenant by domain", byDomain, nil, ""},
		{"tenant by domain, another host", byDomain, set("issuer", strings.Replace(testIssuer, "login.", "evil.", 1)), ReasonIssuer},
		{"tenant by domain, http", byDomain, set("issuer", strings.Replace(testIssuer, "https", "http", 1)), ReasonIssuer},
		{"tenant by domain, no GUID", byDomain, set("issuer", "https://login.example/"+domain+"/v2.0"), ReasonIssuer},
		{"tenant by domain, template", byDomain, set("issuer", "https://login.example/{tenantid}/v2.0"), ReasonIssuer},
		{"tenant by domain, more path", byDomain, set("issuer", "https://login.example/x/"+testTenant+"/v2.0"), ReasonIssuer},
		{"tenant by domain, v1", byDomain, set("issuer", "https://login.example/"+testTenant), ReasonIssuer},

		{"token endpoint over http", nil, set(tokenMember, "http://login.example/token"), ReasonIDPError},
		{"token endpoint on loopback, provider not", nil, set(tokenMember, "http://127.0.0.1/token"), ReasonIDPError},
		{"token endpoint missing", nil, set(tokenMember, nil), ReasonIDPError},
		{"authorization endpoint relative", nil, set(authorizeMember, "/authorize"), ReasonIDPError},
		{"authorization endpoint javascript", nil, set(authorizeMember, "javascript:alert(1)"), ReasonIDPError},
		{"key set with userinfo", nil, set(keysMember, "https://a@login.example/keys"), ReasonIDPError},
		{"key set elsewhere over https", nil, set(keysMember, "https://keys.example/keys"), ""},
		{"no end of session", nil, func(m map[string]any) { delete(m, endSessionMember) }, ""},
		{"end of session over http", nil, set(endSessionMember, "http://login.example/logout"), ReasonIDPError},

		{"none alone", nil, set("id_token_signing_alg_values_supported", []string{"none"}), ReasonIDPError},
		{"HMAC alone", nil, set("id_token_signing_alg_values_supported", []string{"HS256", "HS512"}), ReasonIDPError},
		{"algorithms are no list", nil, set("id_token_signing_alg_values_supported", "RS256"), ReasonIDPError},
		{"no algorithms", nil, func(m map[string]any) { delete(m, "id_token_signing_alg_values_supported") }, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			idp := newIDP()
			cfg := testConfig(idp, nil)
			if tt.cfg != nil {
				tt.cfg(&cfg)
			}
			if tt.doc != nil {
				tt.doc(idp.metadata)
			}
			rp, err := New(cfg)
			if err != nil {
				t.Fatal(err)
			}
			p, err := rp.parseDiscovery(must(json.Marshal(idp.metadata)))
			if got := reasonOf(t, err); got != tt.want {
				t.Fatalf("reason %q (%v), want %q", got, err, tt.want)
			}
			if err == nil && (p.tenant != testTenant || p.issuer != testIssuer || slices.Contains(p.algs, "none") || slices.Contains(p.algs, "HS256")) {
				t.Errorf("tenant %q, issuer %q, algorithms %v", p.tenant, p.issuer, p.algs)
			}
		})
	}
}

func TestDiscoveryOnLoopback(t *testing.T) {
	idp := newIDP()
	for name, v := range idp.metadata {
		if s, ok := v.(string); ok {
			idp.metadata[name] = strings.Replace(s, "https://login.example", "http://127.0.0.1:8080", 1)
		}
	}
	cfg := testConfig(idp, nil)
	cfg.Authority = strings.Replace(testIssuer, "https://login.example", "http://127.0.0.1:8080", 1)
	rp := must(New(cfg))
	if _, err := rp.parseDiscovery(must(json.Marshal(idp.metadata))); err != nil {
		t.Errorf("all on loopback: %v", err)
	}
	idp.metadata[tokenMember] = "http://login.example/token"
	if _, err := rp.parseDiscovery(must(json.Marshal(idp.metadata))); err == nil {
		t.Error("http elsewhere was accepted")
	}
}

func TestDiscoveryIsReadByExactNames(t *testing.T) {
	rp := must(New(testConfig(newIDP(), nil)))
	good := string(must(json.Marshal(newIDP().metadata)))
	for name, tt := range map[string]struct {
		body string
		want Reason
	}{
		"as it is":         {good, ""},
		"another spelling": {strings.Replace(good, "{", `{"Issuer":"https://evil.example",`, 1), ""},
		"issuer twice":     {strings.Replace(good, "{", `{"issuer":"https://evil.example",`, 1), ReasonIDPError},
		"something after":  {good + "{}", ReasonIDPError},
		"cut":              {good[:len(good)-1], ReasonIDPError},
		"an array":         {"[" + good + "]", ReasonIDPError},
		"empty":            {"", ReasonIDPError},
	} {
		if _, err := rp.parseDiscovery([]byte(tt.body)); reasonOf(t, err) != tt.want {
			t.Errorf("%s: %v, want %q", name, err, tt.want)
		}
	}
}

func TestUnlistedAlgorithmsMeanRS256(t *testing.T) {
	doc := must(parseObject([]byte(`{}`)))
	if got := algorithms(doc); len(got) != 1 || got[0] != "RS256" {
		t.Errorf("algorithms %v, want RS256 alone", got)
	}
}

package entra

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
)

// What is not ours says nothing; the cookie decides.
func TestBearerIgnores(t *testing.T) {
	lines := func(f func(token string) []string) func(*call) { return func(c *call) { c.lines = f } }
	text := func(s string) func(*call) { return lines(func(string) []string { return []string{s} }) }
	send := func(f func(header, payload, signature string) string) func(*call) {
		return edit(sent(func(good string) string { return f(parts(good)) }))
	}
	iss := func(v any) func(*call) { return set(map[string]any{"iss": v}) }
	for name, edits := range map[string][]func(*call){
		"bearer tokens are not accepted": {func(c *call) { c.cfg.AcceptBearer = false }},
		"no header":                      {lines(func(string) []string { return nil })},
		"an empty header":                {text("")},
		"Basic":                          {lines(func(token string) []string { return []string{"Basic " + token} })},
		"Digest with commas":             {text(`Digest username="bearer", realm="x", uri="/"`)},
		"no scheme":                      {lines(func(token string) []string { return []string{token} })},
		"no blank":                       {lines(func(token string) []string { return []string{"Bearer" + token} })},
		"no token":                       {text("Bearer")},
		"an empty token":                 {text("Bearer ")},
		"an opaque token":                {text("Bearer 0123456789")},
		"a huge opaque token":            {text("Bearer " + strings.Repeat("x", 60_000))},
		"an encrypted token":             {send(func(h, p, s string) string { return h + "." + p + "." + s + "." + s + "." + s })},
		"a token without signature":      {send(func(h, p, _ string) string { return h + "." + p })},
		"no base64":                      {send(func(h, _, s string) string { return h + ".%%%." + s })},
		"no JSON":                        {send(func(h, _, s string) string { return h + "." + encoded([]byte("iss")) + "." + s })},
		"an array":                       {send(func(h, _, s string) string { return h + "." + encoded([]byte("[]")) + "." + s })},
		"iss missing":                    {iss(nil)},
		"iss a list":                     {iss([]string{testIssuer})},
		"iss twice":                      {edit(repeated("iss", "https://login.example"))},
		"another issuer":                 {iss("https://accounts.example")},
		"our issuer with a slash":        {iss(testIssuer + "/")},
		"our issuer in another case":     {iss(strings.ToUpper(testIssuer))},
		"our issuer over http":           {iss(strings.Replace(testIssuer, "https", "http", 1))},
		"v1 without its slash":           {asV1, iss(strings.TrimSuffix(testV1, "/"))},
		"v1 of another cloud":            {asV1, iss("https://sts.chinacloudapi.cn/" + testTenant + "/")},
		"v1 where none is accepted":      {asV1, func(c *call) { c.cfg.V1Issuer = "" }},
		"another tenant":                 {iss(strings.Replace(testIssuer, testTenant, otherTenant, 1))},
		"a tenant that is not allowed":   {asMulti, iss(strings.Replace(testIssuer, testTenant, consumers, 1))},
		"the template of all tenants":    {asMulti, iss("https://login.example/{tenantid}/v2.0")},
		"B2C with a policy in iss":       {asB2C, iss("https://login.example/tfp/" + testTenant + "/b2c_1_signin/v2.0/")},
		"External ID by its name":        {asExternal, iss("https://contoso.ciamlogin.com/" + testTenant + "/v2.0")},
		"plain: v1 of Entra ID":          {asPlain, iss(testV1)},
		"another scheme, then a comma":   {text("Basic eA==, x")},
		"in another header":              {func(c *call) { c.lines = func(string) []string { return []string{} } }},
	} {
		r := run(t, edits...)
		if r.Claimed || r.Identity != nil || r.Err != nil || r.Reason != "" {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

// A single-page application may send a token for Microsoft Graph along: with the
// option the cookie decides then.
func TestBearerForeignAudience(t *testing.T) {
	ignore := func(c *call) { c.cfg.IgnoreForeignAudience = true }
	aud := func(v any) func(*call) { return set(map[string]any{"aud": v}) }
	// As Graph's really are: v1, and signed in a way that nobody else can check.
	graph := all(asV1, aud("https://graph.microsoft.com"), func(c *call) { c.key = otherRSA() })
	for _, tt := range []struct {
		name  string
		edit  func(*call)
		other access.Reason // without the option, or when it changes nothing; "": accepted
		same  bool          // the option changes nothing
	}{
		{"Graph", graph, access.ReasonBearerAudience, false},
		{"Graph, expired", all(graph, set(map[string]any{"exp": 1})), access.ReasonBearerAudience, false},
		{"another API", aud("api://orders"), access.ReasonBearerAudience, false},
		{"several other APIs", aud([]string{"a", "b"}), access.ReasonBearerAudience, false},
		{"several APIs, ours too", aud([]string{"a", testClient}), access.ReasonBearerAudience, true},
		{"no audience", aud(nil), access.ReasonBearerInvalid, true},
		{"audience twice", edit(repeated("aud", "a")), access.ReasonBearerInvalid, true},
		{"audience with a number", aud([]any{"a", 1}), access.ReasonBearerInvalid, true},
		{"ours", func(*call) {}, "", true},
		{"ours, expired", set(map[string]any{"exp": 1}), access.ReasonBearerExpired, true},
		{"ours, not signed", func(c *call) { c.key = otherRSA() }, access.ReasonBearerInvalid, true},
		{"plain: another API", all(asPlain, aud([]string{"account"})), access.ReasonBearerAudience, false},
		{"plain: several APIs, ours too", all(asPlain, aud([]string{"account", testAPI})), "", true},
	} {
		if r := run(t, tt.edit); !r.Claimed || r.Reason != tt.other {
			t.Errorf("%s, refused: %+v", tt.name, r)
		}
		if r := run(t, tt.edit, ignore); r.Claimed != tt.same || tt.same && r.Reason != tt.other {
			t.Errorf("%s, ignored: %+v", tt.name, r)
		}
	}
}

// Before discovery it is not known who may come in: nobody does, and nobody is
// told that the token is bad.
func TestBearerBeforeDiscovery(t *testing.T) {
	const domain = "contoso.example"
	byDomain := func(c *call) {
		c.cfg.TenantID, c.cfg.Authority = domain, "https://login.example/"+domain+"/v2.0"
	}
	external := func(c *call) {
		asExternal(c)
		c.cfg.TenantID, c.cfg.Authority = domain, "https://contoso.ciamlogin.com/"+domain+"/v2.0"
	}
	tfp := set(map[string]any{"iss": "https://login.example/tfp/" + testTenant + "/b2c_1_signin/v2.0/"})
	iss := func(s string) func(*call) { return set(map[string]any{"iss": s}) }
	graph := set(map[string]any{"aud": defaultGraphURL})
	ignore := func(c *call) { c.cfg.IgnoreForeignAudience = true }
	for _, tt := range []struct {
		name    string
		edits   []func(*call)
		claimed bool
	}{
		{"one tenant", nil, true},
		{"one tenant, v1", []func(*call){asV1}, true},
		{"one tenant, another issuer", []func(*call){iss("https://login.example/" + otherTenant + "/v2.0")}, false},
		{"by domain", []func(*call){byDomain}, true},
		{"by domain, v1", []func(*call){byDomain, asV1}, true},
		{"by domain, perhaps another tenant", []func(*call){byDomain, iss("https://login.example/" + otherTenant + "/v2.0")}, true},
		{"by domain, another host", []func(*call){byDomain, iss("https://login.example.evil/" + testTenant + "/v2.0")}, false},
		{"by domain, for Graph", []func(*call){byDomain, graph}, true},
		{"by domain, for Graph, ignored", []func(*call){byDomain, graph, ignore}, false},
		{"several tenants", []func(*call){asMulti}, true},
		{"several tenants, another", []func(*call){asMulti, iss("https://login.example/" + consumers + "/v2.0")}, false},
		{"B2C", []func(*call){asB2C}, true},
		{"B2C with a policy in iss", []func(*call){asB2C, tfp}, true},
		{"B2C, another host", []func(*call){asB2C, iss("https://other.example/" + testTenant + "/v2.0/")}, false},
		{"External ID", []func(*call){asExternal}, true},
		{"External ID by domain", []func(*call){external}, true},
		{"External ID by domain, another host", []func(*call){external, iss("https://" + testTenant + ".evil.example/" + testTenant + "/v2.0")}, false},
		{"plain", []func(*call){asPlain}, true},
		{"plain, another issuer below the same", []func(*call){asPlain, iss(plainIssuer + "/x")}, false},
	} {
		c := bearerCall()
		all(tt.edits...)(c)
		r := must(New(c.cfg)).Bearer(t.Context(), c.sends())
		if r.Claimed != tt.claimed || r.Identity != nil || tt.claimed && r.Reason != access.ReasonKeysUnknown {
			t.Errorf("%s: %+v", tt.name, r)
		}
		if tt.claimed && reasonOf(t, r.Err) != ReasonUnavailable {
			t.Errorf("%s: %v", tt.name, r.Err)
		}
	}
}

// A token that was refused before discovery is accepted after it, also when only
// then the issuer is known.
func TestBearerAfterDiscovery(t *testing.T) {
	const authority = "https://login.example/contoso.example/v2.0"
	c := bearerCall()
	c.cfg.TenantID, c.cfg.Authority = "contoso.example", authority
	rp := must(New(c.cfg))
	h := c.sends()
	if r := rp.Bearer(t.Context(), h); r.Reason != access.ReasonKeysUnknown {
		t.Fatalf("before: %+v", r)
	}
	rp.adopt(must(rp.discover(t.Context())))
	if r := rp.Bearer(t.Context(), h); r.Identity == nil {
		t.Fatalf("after: %+v", r)
	}
	c.claims["iss"], c.claims["tid"] = strings.Replace(testIssuer, testTenant, otherTenant, 1), otherTenant
	if r := rp.Bearer(t.Context(), c.sends()); r.Claimed {
		t.Errorf("another tenant, after: %+v", r)
	}
}

// Errors and results hold nothing of a token beyond what they quote of its claims.
func TestBearerErrorsHoldNoToken(t *testing.T) {
	for name, edit := range map[string]func(*call){
		"not signed": func(c *call) { c.key = otherRSA() },
		"an ID token": set(map[string]any{
			"azp": nil,
		}),
		"an application's": all(asApp, set(map[string]any{"roles": nil})),
	} {
		c := bearerCall()
		edit(c)
		token := c.jwt()
		r := c.party(t).Bearer(t.Context(), http.Header{"Authorization": {"Bearer " + token}})
		text := r.Err.Error() + string(must(json.Marshal(r)))
		for part := range strings.SplitSeq(token, ".") {
			if strings.Contains(text, part[:12]) {
				t.Errorf("%s: %s", name, text)
			}
		}
	}
}

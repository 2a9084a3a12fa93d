package entra_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/test/entra"
)

func TestEdits(t *testing.T) {
	w := start(t)
	w.SetFaults(entra.Faults{
		DiscoveryEdit: func(d map[string]any) { d["issuer"] = "https://evil.example"; delete(d, "jwks_uri") },
		JWKSEdit:      func(set map[string]any) { set["keys"] = set["keys"].([]any)[:1] },
		TokenEdit:     func(answer map[string]any) { answer["token_type"] = "mac" },
		EditHeader:    func(h map[string]any) { h["typ"] = "at+jwt" },
		EditAccess:    func(c map[string]any) { c["ver"] = "3.0" },
	})
	doc := w.get(w.Issuer() + "/.well-known/openid-configuration").json(t)
	if _, ok := doc["jwks_uri"]; ok || doc["issuer"] != "https://evil.example" || doc["token_endpoint"] == nil {
		t.Errorf("discovery %v", doc)
	}
	if _, raw := w.keySet(); len(raw) != 1 {
		t.Errorf("%d keys", len(raw))
	}
	code := w.signIn(entra.Adele, w.authorizeURL(oidcScopes+" "+apiScope)).Get("code")
	form := []string{"grant_type", "authorization_code", "code", code, "redirect_uri", callback, "code_verifier", verifier}
	body := w.tokenForm(form...).json(t)
	id, _ := body["id_token"].(string)
	access, _ := body["access_token"].(string)
	if body["token_type"] != "mac" || decodePart(t, id, 0)["typ"] != "at+jwt" || decodePart(t, access, 0)["typ"] != "JWT" || decode(t, access)["ver"] != "3.0" || decode(t, id)["ver"] != "2.0" {
		t.Errorf("answer %v", body)
	}
	set, _ := w.keySet()
	w.ClearFaults()
	whole, _ := w.keySet()
	if verifies(t, set, w.idToken()) || !verifies(t, whole, w.idToken()) {
		t.Error("the first key alone is the one that never signs")
	}
	if doc := w.get(w.Issuer() + "/.well-known/openid-configuration").json(t); doc["issuer"] != w.Issuer() || doc["jwks_uri"] == nil {
		t.Errorf("an edit must not last: %v", doc)
	}
}

func TestEditedPolicyDocument(t *testing.T) {
	w := b2c(t, func(*entra.Config) {})
	w.SetFaults(entra.Faults{DiscoveryEdit: func(d map[string]any) { d["issuer"] = "x" }, EditAccess: func(c map[string]any) { c["tfp"] = "y" }})
	if doc := w.get(w.PolicyAuthority(signUp) + "/v2.0/.well-known/openid-configuration").json(t); doc["issuer"] != "x" {
		t.Errorf("document %v", doc)
	}
	access, _ := w.redeemAt(signUp, w.signIn(entra.Bob, w.at(signUp, w.authorizeURL("openid "+apiScope))).Get("code")).json(t)["access_token"].(string)
	if decode(t, access)["tfp"] != "y" {
		t.Errorf("access token %v", decode(t, access))
	}
}

func TestThrottledTokenEndpoint(t *testing.T) {
	w := start(t)
	w.SetFaults(entra.Faults{Endpoints: map[entra.Endpoint]entra.EndpointFault{entra.EndpointToken: {Status: 429, RetryAfter: 9, Times: 1}}})
	code := w.signIn(entra.Adele, w.authorizeURL(oidcScopes)).Get("code")
	form := []string{"grant_type", "authorization_code", "code", code, "redirect_uri", callback, "code_verifier", verifier}
	got := w.tokenForm(form...)
	refused(t, got, 429, "temporarily_unavailable", "AADSTS90055")
	if body := got.json(t); got.header.Get("Retry-After") != "9" || body["error_codes"].([]any)[0] != 90055.0 || body["trace_id"] == nil || body["correlation_id"] == nil {
		t.Errorf("%v %s", got.header, got.body)
	}
	if got := w.tokenForm(form...); got.status != http.StatusOK {
		t.Errorf("the second time: %s", got.body)
	}
}

func TestRawAnswers(t *testing.T) {
	w := start(t)
	for _, row := range []struct {
		name         string
		fault        entra.EndpointFault
		status       int
		header, want string // a header and its beginning
		body         string
	}{
		{"a text", entra.EndpointFault{Body: `{"keys":[]}`}, 200, "Content-Type", "application/json", `{"keys":[]}`},
		{"a text with status", entra.EndpointFault{Body: "[]", Status: 503, RetryAfter: 3}, 503, "Retry-After", "3", "[]"},
		{"a text of another type", entra.EndpointFault{Body: "<p>", ContentType: "text/html"}, 200, "Content-Type", "text/html", "<p>"},
		{"a redirect", entra.EndpointFault{Location: "https://evil.example/"}, 302, "Location", "https://evil.example/", ""},
		{"a redirect with status", entra.EndpointFault{Location: "http://169.254.169.254/", Status: 307}, 307, "Location", "http://169.254.169.254/", ""},
	} {
		for _, endpoint := range []entra.Endpoint{entra.EndpointKeys, entra.EndpointDiscovery, entra.EndpointToken} {
			t.Run(row.name+" "+string(endpoint), func(t *testing.T) {
				w.SetFaults(entra.Faults{Endpoints: map[entra.Endpoint]entra.EndpointFault{endpoint: row.fault}})
				got, err := w.endpoints()[endpoint]()
				if err != nil || got.status != row.status || got.body != row.body || !strings.HasPrefix(got.header.Get(row.header), row.want) {
					t.Errorf("%d %v %q %v", got.status, got.header, got.body, err)
				}
			})
		}
	}
}

package entra_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/test/entra"
)

const oidcScopes = "openid profile email"

func TestAuthorizeErrorsThatAreAPage(t *testing.T) {
	w := start(t)
	for _, row := range []struct {
		name   string
		edits  []string
		aadsts string // "" means that the sign-in page comes
	}{
		{"nothing wrong", nil, ""},
		{"no client", []string{"client_id", ""}, "AADSTS900144"},
		{"unknown client", []string{"client_id", "nobody"}, "AADSTS700016"},
		{"no redirect URI", []string{"redirect_uri", ""}, "AADSTS900144"},
		{"longer redirect URI", []string{"redirect_uri", callback + "/"}, "AADSTS50011"},
		{"redirect URI in another case", []string{"redirect_uri", strings.ToUpper(callback)}, "AADSTS50011"},
		{"another client's redirect URI", []string{"redirect_uri", "https://other.test/cb"}, "AADSTS50011"},
		{"redirect URI with script", []string{"redirect_uri", "javascript:alert(1)"}, "AADSTS50011"},
		{"unknown response mode", []string{"response_mode", "smoke"}, "AADSTS90023"},
		{"state of 1,801", []string{"state", strings.Repeat("s", entra.MaxState+1)}, "AADSTS90015"},
		{"state of 1,800", []string{"state", strings.Repeat("s", entra.MaxState)}, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			got := w.get(w.authorizeURL(oidcScopes, row.edits...))
			if row.aadsts == "" {
				if got.status != http.StatusOK || !strings.Contains(got.body, `data-step="pick"`) {
					t.Fatalf("got %d %s", got.status, got.body)
				}
				return
			}
			if got.status != http.StatusBadRequest || got.header.Get("Location") != "" || !strings.Contains(got.body, row.aadsts+": ") {
				t.Errorf("got %d, Location %q, want a page with %s:\n%s", got.status, got.header.Get("Location"), row.aadsts, got.body)
			}
		})
	}
	t.Run("a parameter twice", func(t *testing.T) {
		if got := w.get(w.authorizeURL(oidcScopes) + "&state=again"); got.status != http.StatusBadRequest || !strings.Contains(got.body, "AADSTS9000411") {
			t.Errorf("got %d %s", got.status, got.body)
		}
	})
	t.Run("unknown tenant", func(t *testing.T) {
		if got := w.get(strings.Replace(w.authorizeURL(oidcScopes), w.TenantID(), entra.OtherTenantID, 1)); got.status != http.StatusBadRequest || !strings.Contains(got.body, "AADSTS90002") {
			t.Errorf("got %d %s", got.status, got.body)
		}
	})
}

func TestAuthorizeErrorsThatAreARedirect(t *testing.T) {
	w := start(t)
	for _, row := range []struct {
		name        string
		edits       []string
		err, aadsts string
	}{
		{"no response type", []string{"response_type", ""}, "invalid_request", "AADSTS900144"},
		{"implicit", []string{"response_type", "id_token"}, "unsupported_response_type", "AADSTS700054"},
		{"unknown response type", []string{"response_type", "cod"}, "unsupported_response_type", "AADSTS70005"},
		{"no scope", []string{"scope", ""}, "invalid_request", "AADSTS900144"},
		{"unknown Graph scope", []string{"scope", "openid Usr.Read"}, "invalid_scope", "AADSTS650053"},
		{"unknown scope of our API", []string{"scope", "openid api://" + webID + "/nothing"}, "invalid_scope", "AADSTS650053"},
		{"unknown resource", []string{"scope", "openid api://nobody/x"}, "invalid_scope", "AADSTS500011"},
		{"default beside another", []string{"scope", "openid https://graph.microsoft.com/.default User.Read"}, "invalid_scope", "AADSTS70011"},
		{"short challenge", []string{"code_challenge", "short"}, "invalid_request", "AADSTS501471"},
		{"unknown challenge method", []string{"code_challenge_method", "S512"}, "invalid_request", "AADSTS501471"},
		{"method without challenge", []string{"code_challenge", ""}, "invalid_request", "AADSTS900144"},
		{"unknown prompt", []string{"prompt", "please"}, "invalid_request", "AADSTS90023"},
		{"claims no JSON", []string{"claims", "{"}, "invalid_request", "AADSTS9002313"},
		{"nobody signed in", []string{"prompt", "none"}, "login_required", "AADSTS50058"},
	} {
		t.Run(row.name, func(t *testing.T) {
			got := w.get(w.authorizeURL(oidcScopes, row.edits...))
			if got.status != http.StatusFound || !strings.HasPrefix(got.header.Get("Location"), callback+"?") {
				t.Fatalf("got %d to %q\n%s", got.status, got.header.Get("Location"), got.body)
			}
			v := query(t, got.header.Get("Location"))
			if v.Get("error") != row.err || v.Get("state") != "the-state" || v.Has("code") || v.Has("iss") {
				t.Errorf("got %v, want %s", v, row.err)
			}
			form := regexp.MustCompile(`^` + row.aadsts + `: .+ Trace ID: [0-9a-f-]{36} Correlation ID: [0-9a-f-]{36} Timestamp: 2026-03-01 12:00:00Z$`)
			if !form.MatchString(v.Get("error_description")) {
				t.Errorf("description %q", v.Get("error_description"))
			}
			if uri := v.Get("error_uri"); uri != w.BaseURL()+"/error?code="+strings.TrimPrefix(row.aadsts, "AADSTS") {
				t.Errorf("error_uri %q", uri)
			} else if page := w.get(uri); page.status != http.StatusOK || !strings.Contains(page.body, row.aadsts) {
				t.Errorf("error page: %d %s", page.status, page.body)
			}
		})
	}
}

func TestPublicClientNeedsPKCE(t *testing.T) {
	w := start(t)
	edits := []string{"client_id", spaID, "redirect_uri", "http://localhost/cb"}
	if got := w.get(w.authorizeURL(oidcScopes, edits...)); got.status != http.StatusOK {
		t.Errorf("with PKCE: %d %s", got.status, got.body)
	}
	got := w.get(w.authorizeURL(oidcScopes, append(edits, "code_challenge", "", "code_challenge_method", "")...))
	if v := query(t, got.header.Get("Location")); v.Get("error") != "invalid_request" {
		t.Errorf("without: %v", v)
	}
}

func TestSignInAnswer(t *testing.T) {
	w := start(t)
	got := w.signIn(entra.Bob, w.authorizeURL(oidcScopes, "domain_hint", "contoso.example", "login_hint", "bob@contoso.example", "claims", `{"id_token":{"given_name":null}}`))
	if got.Get("state") != "the-state" || got.Get("session_state") == "" || got.Has("iss") || got.Has("error") {
		t.Errorf("answer: %v", got)
	}
	if n := len(got.Get("code")); n < 700 || n > 1500 {
		t.Errorf("code of %d characters", n)
	}
	last := w.LastAuthorize()
	for name, want := range map[string]string{
		"scope": oidcScopes, "domain_hint": "contoso.example", "login_hint": "bob@contoso.example", "nonce": "the-nonce",
		"claims": `{"id_token":{"given_name":null}}`, "response_type": "code", "code_challenge_method": "S256",
	} {
		if last.Get(name) != want {
			t.Errorf("LastAuthorize %s = %q, want %q", name, last.Get(name), want)
		}
	}
	if w.Requests(entra.EndpointAuthorize) != 1 || w.Requests("sign-in") != 2 || w.Requests(entra.EndpointToken) != 0 {
		t.Errorf("requests: authorize %d, sign-in %d, token %d", w.Requests("authorize"), w.Requests("sign-in"), w.Requests("token"))
	}
}

func TestResponseModes(t *testing.T) {
	w := start(t)
	for _, row := range []struct{ mode, redirectURI, prefix string }{
		{"query", callback, callback + "?"},
		{"query", callback + "?keep=1", callback + "?keep=1&"},
		{"fragment", callback, callback + "#"},
		{"form_post", callback, callback + "?"},
	} {
		t.Run(row.mode, func(t *testing.T) {
			back, err := entra.SignIn(t.Context(), w.browser, w.authorizeURL(oidcScopes, "response_mode", row.mode, "redirect_uri", row.redirectURI), entra.Bob)
			if err != nil || !strings.HasPrefix(back, row.prefix) || !strings.Contains(back, "code=1.") || !strings.Contains(back, "state=the-state") {
				t.Errorf("got %q, %v", back, err)
			}
		})
	}
	page := w.get(w.authorizeURL(oidcScopes, "response_mode", "form_post", "state", `"><script>`))
	if !strings.Contains(page.body, `<form method="post" action="`+callback+`">`) || strings.Contains(page.body, "<script") || !strings.Contains(page.body, `id="continue"`) {
		t.Errorf("form_post page:\n%s", page.body)
	}
}

func TestRegisterRedirectURILater(t *testing.T) {
	w := start(t)
	late := "https://late.test/cb"
	target := w.authorizeURL(oidcScopes, "redirect_uri", late)
	if got := w.get(target); got.status != http.StatusBadRequest {
		t.Fatalf("before: %d", got.status)
	}
	w.RegisterRedirectURI(webID, late)
	if back, err := entra.SignIn(t.Context(), w.browser, target, entra.Bob); err != nil || !strings.HasPrefix(back, late+"?code=") {
		t.Errorf("after: %q %v", back, err)
	}
	defer func() {
		if recover() == nil {
			t.Error("an unknown client is accepted")
		}
	}()
	w.RegisterRedirectURI("nobody", late)
}

package entra_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/test/entra"
)

// step returns the page that a request shows, or the error or "code" of its redirect.
func (w *world) step(target string) string {
	w.t.Helper()
	got := w.get(target)
	if at := got.header.Get("Location"); at != "" {
		v := query(w.t, at)
		if v.Has("code") {
			return "code"
		}
		return v.Get("error")
	}
	_, rest, _ := strings.Cut(got.body, `<main data-step="`)
	name, _, _ := strings.Cut(rest, `"`)
	return name
}

func TestSingleSignOn(t *testing.T) {
	w := start(t)
	w.signIn(entra.Adele, w.authorizeURL(oidcScopes+" User.Read"))
	essential := `{"id_token":{"acrs":{"essential":true,"value":"c1"}}}`
	for _, row := range []struct {
		name  string
		edits []string
		want  string
	}{
		{"second sign-in is silent", nil, "code"},
		{"prompt=none", []string{"prompt", "none"}, "code"},
		{"fewer scopes", []string{"scope", "openid", "prompt", "none"}, "code"},
		{"prompt=login", []string{"prompt", "login"}, "pick"},
		{"prompt=select_account", []string{"prompt", "select_account"}, "pick"},
		{"prompt=consent", []string{"prompt", "consent"}, "consent"},
		{"hint at the same user", []string{"login_hint", "ADELE@contoso.example", "prompt", "none"}, "code"},
		{"hint at another user", []string{"login_hint", "bob@contoso.example"}, "pick"},
		{"hint at another user, silently", []string{"login_hint", "bob@contoso.example", "prompt", "none"}, "interaction_required"},
		{"a new scope", []string{"scope", "openid Mail.Read"}, "consent"},
		{"a new scope, silently", []string{"scope", "openid Mail.Read", "prompt", "none"}, "consent_required"},
		{"a scope of another resource", []string{"scope", "openid User.Read " + apiScope}, "consent"},
		{"another client", []string{"client_id", otherID, "redirect_uri", "https://other.test/cb", "scope", "openid profile"}, "code"},
		{"another client without consent", []string{"client_id", otherID, "redirect_uri", "https://other.test/cb"}, "consent"},
		{"authentication context", []string{"claims", essential}, "approve"},
		{"authentication context, silently", []string{"claims", essential, "prompt", "none"}, "interaction_required"},
		{"voluntary context", []string{"claims", `{"id_token":{"acrs":{"value":"c1"}}}`, "prompt", "none"}, "code"},
	} {
		t.Run(row.name, func(t *testing.T) {
			edits := append([]string{"scope", oidcScopes + " User.Read"}, row.edits...)
			if got := w.step(w.authorizeURL(oidcScopes, edits...)); got != row.want {
				t.Errorf("got %q, want %q", got, row.want)
			}
		})
	}
}

func TestSessionEnds(t *testing.T) {
	silent := func(w *world) string { return w.step(w.authorizeURL(oidcScopes, "prompt", "none")) }
	for _, row := range []struct {
		name string
		do   func(*world)
		want string
	}{
		{"nothing", func(*world) {}, "code"},
		{"23 hours", func(w *world) { w.clock.add(23 * time.Hour) }, "code"},
		{"24 hours", func(w *world) { w.clock.add(24 * time.Hour) }, "login_required"},
		{"revoked", func(w *world) { w.RevokeSessions(entra.Adele) }, "login_required"},
		{"another's revoked", func(w *world) { w.RevokeSessions(entra.Bob); w.RevokeSessions("nobody") }, "code"},
		{"consents forgotten", func(w *world) { w.ForgetConsents() }, "consent_required"},
		{"logout", func(w *world) { w.get(w.Authority() + "/oauth2/v2.0/logout") }, "login_required"},
		{"another browser", func(w *world) { w.browser = browser(w.t) }, "login_required"},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := start(t)
			w.signIn(entra.Adele, w.authorizeURL(oidcScopes))
			row.do(w)
			if got := silent(w); got != row.want {
				t.Errorf("got %q, want %q", got, row.want)
			}
		})
	}
}

func TestCancel(t *testing.T) {
	w := start(t)
	for name, user := range map[string]string{"on the sign-in page": "", "on the consent page": entra.Bob} {
		t.Run(name, func(t *testing.T) {
			back, err := entra.Cancel(t.Context(), nil, w.authorizeURL(oidcScopes), user)
			if err != nil {
				t.Fatal(err)
			}
			v := query(t, back)
			if v.Get("error") != "access_denied" || v.Get("error_subcode") != "cancel" || !strings.HasPrefix(v.Get("error_description"), "AADSTS65004: ") || v.Get("state") != "the-state" {
				t.Errorf("got %v", v)
			}
		})
	}
}

func TestPasswordForm(t *testing.T) {
	w := start(t)
	for _, row := range []struct{ name, username, password, want string }{
		{"right", "adele@contoso.example", entra.Password, ""},
		{"by id", "adele", entra.Password, ""},
		{"wrong password", "adele@contoso.example", "wrong", "AADSTS50126"},
		{"empty password", "adele@contoso.example", "", "AADSTS50126"},
		{"unknown user", "eve@contoso.example", entra.Password, "AADSTS50126"},
	} {
		t.Run(row.name, func(t *testing.T) {
			back, err := entra.SignInWithPassword(t.Context(), browser(t), w.authorizeURL(oidcScopes), row.username, row.password)
			switch {
			case row.want == "" && (err != nil || !query(t, back).Has("code")):
				t.Errorf("got %q, %v", back, err)
			case row.want != "" && (err == nil || !strings.Contains(err.Error(), row.want)):
				t.Errorf("got %q, %v, want %s", back, err, row.want)
			}
		})
	}
}

func TestPages(t *testing.T) {
	w := start(t)
	page := w.get(w.authorizeURL(oidcScopes, "login_hint", `x"><script>alert(1)</script>`))
	for _, want := range []string{
		`id="user-adele"`, `id="user-bob"`, `id="user-grace"`, `id="user-zoe"`, `id="user-nomail"`, `id="user-mallory"`, `id="user-max"`,
		`id="username"`, `id="password"`, `id="sign-in"`, `id="cancel"`, "Zoë Müller-Łukasz 李", "nomail@contoso.example",
	} {
		if !strings.Contains(page.body, want) {
			t.Errorf("the sign-in page lacks %s", want)
		}
	}
	if strings.Contains(page.body, "<script") || !strings.Contains(page.header.Get("Content-Security-Policy"), "default-src 'none'") || page.header.Get("Cache-Control") == "" {
		t.Errorf("headers %v or a script in\n%s", page.header, page.body)
	}
	w.signIn(entra.Adele, w.authorizeURL("openid"))
	consent := w.get(w.authorizeURL("openid Mail.Read")).body
	if !strings.Contains(consent, `id="consent"`) || !strings.Contains(consent, `id="cancel"`) || !strings.Contains(consent, "<li>https://graph.microsoft.com/Mail.Read</li>") || strings.Contains(consent, "<li>openid</li>") {
		t.Errorf("consent page:\n%s", consent)
	}
}

func TestInteraction(t *testing.T) {
	w := start(t)
	login := w.Authority() + "/login"
	if got := w.post(login, url.Values{"ctx": {"unknown"}, "user": {entra.Adele}}); got.status != http.StatusBadRequest || !strings.Contains(got.body, "AADSTS50089") {
		t.Errorf("unknown flow: %d %s", got.status, got.body)
	}
	ctx := func() string {
		_, rest, _ := strings.Cut(w.get(w.authorizeURL(oidcScopes)).body, `name="ctx" value="`)
		id, _, _ := strings.Cut(rest, `"`)
		return id
	}
	for name, form := range map[string]url.Values{
		"unknown user":       {"user": {"eve"}},
		"consent of nobody":  {"consent": {"1"}},
		"approval by nobody": {"approve": {"1"}},
		"no button":          {},
	} {
		form.Set("ctx", ctx())
		if got := w.post(login, form); got.status != http.StatusOK || !strings.Contains(got.body, `data-step="pick"`) {
			t.Errorf("%s: %d %s", name, got.status, got.body)
		}
	}
	late := ctx()
	w.clock.add(15 * time.Minute)
	if got := w.post(login, url.Values{"ctx": {late}, "user": {entra.Adele}}); got.status != http.StatusBadRequest {
		t.Errorf("late: %d", got.status)
	}
}

func TestNewSessionAtEverySignIn(t *testing.T) {
	w := start(t)
	base, err := url.Parse(w.BaseURL())
	if err != nil {
		t.Fatal(err)
	}
	cookie := func() *http.Cookie { return w.browser.Jar.Cookies(base)[0] }
	w.signIn(entra.Adele, w.authorizeURL(oidcScopes))
	first := cookie()
	w.signIn(entra.Adele, w.authorizeURL(oidcScopes, "prompt", "login"))
	if second := cookie(); first.Name != entra.SessionCookie || first.Value == second.Value {
		t.Errorf("first %v, second %v", first, second)
	}
	old := &http.Client{CheckRedirect: w.browser.CheckRedirect}
	got, err := do(t.Context(), t, old, http.MethodGet, w.authorizeURL(oidcScopes, "prompt", "none"), "", "Cookie", first.String())
	if err != nil || query(t, got.header.Get("Location")).Get("error") != "login_required" {
		t.Errorf("the old session is alive: %v %v", got.header, err)
	}
}

func TestAuthenticationContext(t *testing.T) {
	w := start(t)
	asked := w.authorizeURL(oidcScopes, "claims", `{"id_token":{"acrs":{"essential":true,"values":["c1","c7","nonsense"]}}}`)
	if acrs := idClaims(t, w.redeem(w.signIn(entra.Adele, w.authorizeURL(oidcScopes))))["acrs"]; acrs != nil {
		t.Errorf("acrs %v without asking", acrs)
	}
	claims := idClaims(t, w.redeem(w.signIn(entra.Adele, asked)))
	if got := list(claims["acrs"]); got != "c1 c7" {
		t.Errorf("acrs %q", got)
	}
	if got := w.step(asked); got != "code" {
		t.Errorf("second time: %s", got)
	}
	voluntary := w.authorizeURL(oidcScopes, "claims", `{"id_token":{"acrs":{"values":["c7","c9"]}}}`)
	if got := list(idClaims(t, w.redeem(w.signIn(entra.Adele, voluntary)))["acrs"]); got != "c7" {
		t.Errorf("voluntary acrs %q", got)
	}
}

func TestLogout(t *testing.T) {
	w := start(t)
	end := w.Authority() + "/oauth2/v2.0/logout?"
	idToken, err := w.IDToken(entra.Adele, otherID, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		name string
		v    url.Values
		want string // Location; "" is the page
	}{
		{"registered", url.Values{"post_logout_redirect_uri": {goodbye}, "state": {"a&b"}}, goodbye + "?state=a%26b"},
		{"registered, of the client", url.Values{"post_logout_redirect_uri": {goodbye}, "client_id": {webID}}, goodbye},
		{"nothing", url.Values{}, ""},
		{"longer", url.Values{"post_logout_redirect_uri": {goodbye + "/"}}, ""},
		{"a redirect URI", url.Values{"post_logout_redirect_uri": {callback}}, ""},
		{"of another client", url.Values{"post_logout_redirect_uri": {goodbye}, "client_id": {otherID}}, ""},
		{"of another client by hint", url.Values{"post_logout_redirect_uri": {goodbye}, "id_token_hint": {idToken}}, ""},
		{"of the hinted client", url.Values{"post_logout_redirect_uri": {"https://other.test/bye"}, "id_token_hint": {idToken}}, "https://other.test/bye"},
	} {
		t.Run(row.name, func(t *testing.T) {
			got := w.get(end + row.v.Encode())
			if got.header.Get("Location") != row.want {
				t.Errorf("Location %q, want %q", got.header.Get("Location"), row.want)
			}
			if row.want == "" && !strings.Contains(got.body, `id="signed-out"`) {
				t.Errorf("no signed-out page: %s", got.body)
			}
			if !strings.Contains(got.header.Get("Set-Cookie"), entra.SessionCookie+"=; ") {
				t.Errorf("cookie %q", got.header.Get("Set-Cookie"))
			}
		})
	}
	w.RegisterPostLogoutURI(webID, "https://late.test/")
	if got := w.post(w.Authority()+"/oauth2/v2.0/logout", url.Values{"post_logout_redirect_uri": {"https://late.test/"}}); got.header.Get("Location") != "https://late.test/" {
		t.Errorf("registered later, by POST: %v", got)
	}
}

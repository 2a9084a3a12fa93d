package e2e

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"github.com/easyauth-sidecar/easyauth/test/entra"
	"github.com/easyauth-sidecar/easyauth/test/stand"
)

func oneHost() stand.Config { return stand.Config{Hosts: []string{"app.test"}} }

func TestBrowserSignIn(t *testing.T) {
	t.Parallel()
	s := start(t, oneHost())
	b := newProfile(t).tab(t)
	deep := s.URL("app.test", "/a%2Fb/%E2%82%AC;p=1?x=%7C&y=a+b&z=%26&q=100%25#frag")
	b.open(deep)
	if !strings.HasPrefix(b.url(), s.Entra.BaseURL()) {
		t.Fatalf("not at Entra ID but at %s: %s", b.url(), b.body())
	}
	b.shot("entra")
	if status := b.signInAs(entra.Adele); status != 200 {
		t.Errorf("status %d", status)
	}
	want, _, _ := strings.Cut(deep, "#")
	if got := b.text("#uri"); s.URL("app.test", got) != want {
		t.Errorf("the application saw %s, want %s", s.URL("app.test", got), want)
	}
	if got, _, _ := strings.Cut(b.url(), "#"); got != want {
		t.Errorf("the browser is at %s, want %s", got, want)
	}
	for id, want := range map[string]string{
		"x-injected-oid": entra.AdeleOID, "x-injected-name": "Adele Vance", "x-injected-roles": "AdminOrders.Write", "x-injected-department": "",
	} {
		if got := b.text("#" + id + " td:nth-child(2)"); got != want {
			t.Errorf("%s: %q, want %q", id, got, want)
		}
	}
	b.shot("application")
	if status := b.open(s.URL("app.test", "/admin")); status != 200 {
		t.Errorf("/admin: %d", status)
	}
	if status := b.open(s.URL("app.test", "/easyauth/me")); status != 200 || !strings.Contains(b.body(), "Adele Vance") {
		t.Errorf("me: %d %s", status, b.body())
	}
	b.shot("me")
	checkCookies(t, b, map[string]bool{"__Host-easyauth": true, "__Host-easyauth-browser": true, "__Host-easyauth-state": true})
}

// checkCookies looks at what the browser stored for the application's host.
func checkCookies(t *testing.T, b *tab, want map[string]bool) {
	t.Helper()
	stored, err := chromedp.Run(b.ctx, func(ctx context.Context, target *chromedp.Target) (network.GetCookiesResult, error) {
		return cdp.Call(ctx, target, network.GetCookies, network.GetCookiesParams{})
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range stored.Cookies {
		if !want[c.Name] {
			t.Errorf("unexpected cookie %s", c.Name)
			continue
		}
		delete(want, c.Name)
		if !c.Secure || !c.HTTPOnly || c.SameSite != network.CookieSameSiteLax || c.Path != "/" || strings.HasPrefix(c.Domain, ".") {
			t.Errorf("%s: secure %v, httpOnly %v, sameSite %s, path %s, domain %s", c.Name, c.Secure, c.HTTPOnly, c.SameSite, c.Path, c.Domain)
		}
	}
	for name := range want {
		t.Errorf("no cookie %s", name)
	}
}

func TestBrowserRoleRefused(t *testing.T) {
	t.Parallel()
	s := start(t, oneHost())
	b := newProfile(t).tab(t)
	b.open(s.URL("app.test", "/admin"))
	if status := b.signInAs(entra.Bob); status != 403 {
		t.Errorf("status %d", status)
	}
	b.shot("403")
	for _, want := range []string{"You may not open this page", "Admin", "app.test", "Correlation id", "Try again", "Sign in as someone else"} {
		if !strings.Contains(b.body(), want) {
			t.Errorf("%q is not on the page:\n%s", want, b.body())
		}
	}
	if status := b.open(s.URL("app.test", "/auditor")); status != 403 || !strings.Contains(b.body(), "Auditor or Owner") {
		t.Errorf("role-any: %d %s", status, b.body())
	}
	b.open(s.URL("app.test", "/admin"))
	b.click("a.button") // Try again: silent at Entra ID, and refused again
	if !strings.Contains(b.body(), "You may not open this page") {
		t.Errorf("after Try again: %s", b.body())
	}
	b.click("a.quiet") // Sign in as someone else
	if step, err := b.step(); err != nil || step != "pick" {
		t.Fatalf("after Sign in as someone else at %s: %q, %v\n%s", b.url(), step, err, b.body())
	}
	if status := b.signInAs(entra.Adele); status != 200 || b.text("#uri") != "/admin" {
		t.Errorf("as Adele: %d at %s", status, b.url())
	}
}

func TestBrowserStepUp(t *testing.T) {
	t.Parallel()
	s := start(t, oneHost())
	b := newProfile(t).tab(t)
	b.open(s.URL("app.test", "/"))
	b.signInAs(entra.Adele)
	b.open(s.URL("app.test", "/mail?folder=1"))
	if step, err := b.step(); err != nil || step != "consent" || !strings.Contains(b.body(), "Mail.Read") {
		t.Fatalf("no consent for the new scope: %q, %v\n%s", step, err, b.body())
	}
	b.shot("consent")
	if status := b.click("#consent"); status != 200 || b.text("#uri") != "/mail?folder=1" {
		t.Errorf("%d at %s", status, b.url())
	}
	if got := b.text("#x-injected-scp td:nth-child(2)"); !strings.Contains(got, "Mail.Read") {
		t.Errorf("scp %q", got)
	}
	b.open(s.URL("app.test", "/tab/0/"))
	if status := b.click("#cancel"); status != 403 || !strings.Contains(b.body(), "cancelled") {
		t.Errorf("declined: %d %s", status, b.body())
	}
	b.shot("declined")
	if status := b.open(s.URL("app.test", "/")); status != 200 {
		t.Errorf("still signed in: %d", status)
	}
}

func TestBrowserGraph(t *testing.T) {
	t.Parallel()
	s := start(t, oneHost())
	b := newProfile(t).tab(t)
	b.open(s.URL("app.test", "/graph"))
	if status := b.signInAs(entra.Adele); status != 200 {
		t.Fatalf("%d at %s: %s", status, b.url(), b.body())
	}
	graph := b.js(`Array.from(document.querySelectorAll(".graph")).map(e => e.textContent).join("\n")`)
	me, boss, found := strings.Cut(graph, "\n")
	if !found || !strings.Contains(me, `"jobTitle":"Retail Manager"`) || !strings.Contains(boss, `"displayName":"Grace Hopper"`) || strings.Contains(graph, "@odata") {
		t.Errorf("%s", graph)
	}
	b.shot("graph")
}

func TestBrowserWrongPasswordAndCancel(t *testing.T) {
	t.Parallel()
	s := start(t, oneHost())
	b := newProfile(t).tab(t)
	b.open(s.URL("app.test", "/"))
	enter := func(selector, text string) {
		t.Helper()
		if err := b.try(chromedp.SendKeys(chromedp.CSS(selector), text)); err != nil {
			t.Fatal(err)
		}
	}
	enter("#username", "adele@contoso.example")
	enter("#password", "wrong")
	b.click("#sign-in")
	if b.text("#problem") == "" || !strings.HasPrefix(b.url(), s.Entra.BaseURL()) {
		t.Errorf("a wrong password: at %s\n%s", b.url(), b.body())
	}
	if b.js(`document.querySelector("#username").value`) == "" {
		enter("#username", "adele@contoso.example")
	}
	enter("#password", entra.Password)
	b.click("#sign-in")
	if status := b.signInAs(entra.Adele); status != 200 || b.text("#user") != "Adele Vance" {
		t.Errorf("the right one: %d at %s", status, b.url())
	}
	b = newProfile(t).tab(t)
	b.open(s.URL("app.test", "/page"))
	if status := b.click("#cancel"); status != 403 || !strings.Contains(b.body(), "Sign-in was cancelled") {
		t.Errorf("cancelled: %d %s", status, b.body())
	}
	b.shot("cancelled")
	b.click("a.button")
	if status := b.signInAs(entra.Bob); status != 200 || b.text("#uri") != "/page" {
		t.Errorf("tried again: %d at %s", status, b.url())
	}
}

func TestBrowserSignOut(t *testing.T) {
	t.Parallel()
	s := start(t, oneHost())
	p := newProfile(t)
	b := p.tab(t)
	b.open(s.URL("app.test", "/"))
	b.signInAs(entra.Adele)
	if status := b.click("#sign-out"); status != 200 || b.text("#uri") != "/public" {
		t.Errorf("a click: %d at %s\n%s", status, b.url(), b.body())
	}
	b.open(s.URL("app.test", "/"))
	if step, err := b.step(); err != nil || step != "pick" {
		t.Fatalf("after sign-out the page does not ask: %s, %v", b.url(), err)
	}
	b.signInAs(entra.Adele)
	// Typed into the address bar, or a link elsewhere: no click on a page of ours.
	if status := b.open(s.URL("app.test", "/easyauth/logout?rd=/public%3Fbye")); status != 200 || !strings.Contains(b.body(), "Do you want to sign out") {
		t.Fatalf("%d %s", status, b.body())
	}
	b.shot("sign-out")
	if status := b.open(s.URL("app.test", "/")); status != 200 || b.text("#user") != "Adele Vance" {
		t.Errorf("still signed in: %d at %s", status, b.url())
	}
	b.open(s.URL("app.test", "/easyauth/logout?rd=/public%3Fbye"))
	// The form's redirects go through Entra ID and back, under form-action.
	if status := b.click("button"); status != 200 || b.text("#uri") != "/public?bye" {
		t.Errorf("confirmed: %d at %s\n%s", status, b.url(), b.body())
	}
	b.open(s.URL("app.test", "/"))
	if step, err := b.step(); err != nil || step != "pick" {
		t.Errorf("after the second sign-out: %s, %v", b.url(), err)
	}
	b.signInAs(entra.Adele)
	b.open(s.URL("app.test", "/easyauth/logout"))
	if b.click("button"); !strings.Contains(b.body(), "You are signed out") {
		t.Errorf("without rd: at %s\n%s", b.url(), b.body())
	}
	b.shot("signed-out")
}

func TestBrowserOneSignInHostForMany(t *testing.T) {
	t.Parallel()
	s := start(t, stand.Config{
		Hosts: []string{"one.apps.test", "two.apps.test", "login.apps.test"},
		Env:   map[string]string{"EASYAUTH_CALLBACK_HOST": "login.apps.test:{port}", "EASYAUTH_COOKIE_DOMAIN": "apps.test"},
	})
	b := newProfile(t).tab(t)
	b.open(s.URL("one.apps.test", "/mail?a=1"))
	if got := s.Entra.LastAuthorize().Get("redirect_uri"); got != s.URL("login.apps.test", "/easyauth/signin-oidc") {
		t.Errorf("redirect URI %s", got)
	}
	if status := b.signInAs(entra.Adele); status != 200 || b.url() != s.URL("one.apps.test", "/mail?a=1") {
		t.Fatalf("%d at %s\n%s", status, b.url(), b.body())
	}
	trips := s.Entra.Requests(entra.EndpointAuthorize)
	if status := b.open(s.URL("two.apps.test", "/admin?b=2")); status != 200 || b.text("#uri") != "/admin?b=2" || b.text("#user") != "Adele Vance" {
		t.Errorf("the second application: %d at %s", status, b.url())
	}
	if n := s.Entra.Requests(entra.EndpointAuthorize); n != trips {
		t.Errorf("%d more trips to Entra ID", n-trips)
	}
	if b.click("#sign-out"); b.text("#uri") != "/public" {
		t.Errorf("sign-out ended at %s", b.url())
	}
	b.open(s.URL("one.apps.test", "/"))
	if step, err := b.step(); err != nil || step != "pick" {
		t.Errorf("the first application after the sign-out at the second: %s, %v", b.url(), err)
	}
}

// Ten tabs at once, each with another scope, in a browser that has no cookie of
// ours yet: every navigation has begun, and waits at Entra ID, before any goes on.
func TestBrowserTenTabs(t *testing.T) {
	t.Parallel()
	s := start(t, oneHost())
	p := newProfile(t)
	t.Run("never signed in", func(t *testing.T) { tenTabs(t, s, p, "first", true) })
	s.Entra.ForgetConsents()
	p2 := newProfile(t)
	b := p2.tab(t)
	b.open(s.URL("app.test", "/"))
	b.signInAs(entra.Adele)
	t.Run("signed in", func(t *testing.T) { tenTabs(t, s, p2, "second", false) })
}

func tenTabs(t *testing.T, s *stand.Stand, p *profile, mark string, fresh bool) {
	scopes := stand.TabScopes()
	tabs := make([]*tab, len(scopes))
	for i := range tabs {
		tabs[i] = p.tab(t)
		if err := tabs[i].try(); err != nil {
			t.Fatal(err)
		}
	}
	var atEntra, done sync.WaitGroup
	atEntra.Add(len(tabs))
	errs := make([]error, len(tabs))
	begin := make(chan struct{})
	for i, b := range tabs {
		done.Go(func() {
			<-begin
			err := b.try(chromedp.Navigate(s.URL("app.test", fmt.Sprintf("/tab/%d/%s?x=%%7C", i, mark))))
			atEntra.Done()
			atEntra.Wait()
			if err == nil {
				_, err = b.signIn(entra.Adele)
			}
			errs[i] = err
		})
	}
	close(begin)
	done.Wait()
	for i, b := range tabs {
		want := fmt.Sprintf("/tab/%d/%s?x=%%7C", i, mark)
		if errs[i] != nil || b.text("#uri") != want || !strings.Contains(b.text("#x-injected-scp"), scopes[i]) {
			t.Errorf("tab %d: at %s, scp %q, %v\n%s", i, b.url(), b.text("#x-injected-scp"), errs[i], b.body())
		}
	}
	if n := s.Entra.Requests(entra.EndpointToken); fresh && n < len(tabs) {
		t.Errorf("%d token requests for ten scopes", n)
	}
}

// No line of the list leaves our hosts, as Chromium itself resolves it.
func TestBrowserOpenRedirects(t *testing.T) {
	t.Parallel()
	s := start(t, oneHost())
	b := newProfile(t).tab(t)
	b.open(s.URL("app.test", "/"))
	b.signInAs(entra.Adele)
	text, err := os.ReadFile("../../authserver/hosts/testdata/open-redirects.txt")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	if len(lines) < 290 {
		t.Fatalf("only %d lines", len(lines))
	}
	b.open(s.URL("app.test", "/public"))
	ours := strings.TrimSuffix(s.URL("app.test", "/"), "/")
	// fetch follows login, Entra ID (silent) and the callback only in a page
	// that CORS lets read; so Chromium navigates for a sample, and for each line
	// judges the Location that the callback would use.
	client := newJarClient(t)
	client.signIn(t, s.URL("app.test", "/"), entra.Adele)
	began := time.Now()
	for i, line := range lines {
		for _, rd := range []string{line, unescapeOnce(line)} {
			location := client.returnTo(t, s, "app.test", rd)
			judged := b.js(`new URL(` + jsString(location) + `, "` + s.URL("app.test", "/easyauth/signin-oidc") + `").origin`)
			if judged != ours {
				t.Errorf("line %d %q: Chromium would go to %s", i+1, rd, judged)
			}
		}
		if i%40 == 0 {
			b.forget("__Host-easyauth-browser", s.URL("app.test", "/"))
			b.open(s.URL("app.test", "/easyauth/login?retry=1&rd="+url.QueryEscape(line)))
			if !strings.HasPrefix(b.url(), ours+"/") {
				t.Errorf("line %d %q: Chromium went to %s", i+1, line, b.url())
			}
			b.open(s.URL("app.test", "/public"))
		}
	}
	t.Logf("%d lines, each raw and unescaped once, in %s", len(lines), time.Since(began).Round(time.Second))
}

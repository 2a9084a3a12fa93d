package e2e

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/easyauth-sidecar/easyauth/test/entra"
)

// aPage is a page of ours that is shown to everybody, signed in or not.
const aPage = "/easyauth/login?prompt=other"

// brand is the text and the picture at the top of a page of ours.
func (b *tab) brand() (name, logo string, loaded bool) {
	b.t.Helper()
	name = strings.TrimSpace(b.text("header.brand"))
	logo = b.js(`(document.querySelector("header.brand img") || {getAttribute: () => ""}).getAttribute("src")`)
	width := b.js(`String((document.querySelector("header.brand img") || {naturalWidth: 0}).naturalWidth)`)
	return name, logo, width != "0"
}

func TestBrowserBrand(t *testing.T) {
	t.Parallel()
	cfg := oneHost()
	file := filepath.Join(t.TempDir(), "logo.png")
	logo := drawLogo(t, 96, 96)
	if err := os.WriteFile(file, logo, 0o600); err != nil {
		t.Fatal(err)
	}
	cfg.Env = map[string]string{
		"EASYAUTH_BRAND_NAME": "Contoso <Freight>", "EASYAUTH_BRAND_COLOR": "#0b6e4f", "EASYAUTH_BRAND_LOGO_FILE": file,
		"EASYAUTH_BRAND_SUPPORT_URL": "https://help.contoso.example/easyauth", "EASYAUTH_READ_REGISTRATION": "false",
	}
	s := start(t, cfg)
	b := newProfile(t).tab(t)
	b.open(s.URL(appHost, "/admin"))
	b.signInAs(entra.Bob)
	b.shows("You may not open this page", "Contoso <Freight>", "Support")
	b.shot("branded-403")
	name, path, loaded := b.brand()
	if name != "Contoso <Freight>" || !strings.HasPrefix(path, "/easyauth/logo?v=") || !loaded {
		t.Errorf("name %q, logo %q, shown %v", name, path, loaded)
	}
	if got := b.js(`document.querySelector("footer.foot a").href`); got != "https://help.contoso.example/easyauth" {
		t.Errorf("support %q", got)
	}
	if got := b.js(`document.title`); !strings.HasSuffix(got, "· Contoso <Freight>") {
		t.Errorf("title %q", got)
	}
	if got := b.js(`getComputedStyle(document.querySelector("` + tryAgain + `")).backgroundColor`); got != "rgb(11, 110, 79)" {
		t.Errorf("the button's colour is %s", got)
	}
	ours := b.js(`performance.getEntriesByType("resource").every(e => new URL(e.name).origin === location.origin) ? "ours" : "others too"`)
	if ours != "ours" {
		t.Errorf("the page loads from %s", ours)
	}
	// Past the browser: the picture's bytes and what guards them.
	v := newVisitor(t, s, "")
	r := v.get(path)
	if r.status != http.StatusOK || r.header.Get("Content-Type") != "image/png" || !bytes.Equal([]byte(r.body), logo) || r.header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("logo: %d %v", r.status, r.header)
	}
	if again := v.do(http.MethodGet, path, http.Header{"If-None-Match": {r.header.Get("ETag")}}); again.status != http.StatusNotModified {
		t.Errorf("the same logo again: %d", again.status)
	}
	// Every kind of page wears it: the question at sign-out, and who is signed in.
	for _, page := range []string{"/easyauth/me", "/easyauth/logout", aPage} {
		b.open(s.URL(appHost, page))
		if name, _, loaded := b.brand(); name != "Contoso <Freight>" || !loaded {
			t.Errorf("%s: %q, logo %v", page, name, loaded)
		}
	}
}

// Without any of it pages say EasyAuth, and there is no logo.
func TestBrowserNoBrand(t *testing.T) {
	t.Parallel()
	cfg := oneHost()
	cfg.Env = map[string]string{"EASYAUTH_READ_REGISTRATION": "false"}
	s := start(t, cfg)
	b := newProfile(t).tab(t)
	b.open(s.URL(appHost, aPage))
	if name, logo, _ := b.brand(); name != "EasyAuth" || logo != "" || b.text("footer.foot") != "" {
		t.Errorf("%q, logo %q, footer %q", name, logo, b.text("footer.foot"))
	}
	if r := newVisitor(t, s, "").get("/easyauth/logo"); r.status != http.StatusNotFound {
		t.Errorf("logo: %d", r.status)
	}
}

// describedApp is a registration that says what the application is called and
// looks like. A user may read none of it; the application itself may.
func describedApp(logo []byte) func(*entra.Client) {
	return func(c *entra.Client) {
		c.Name, c.Logo = "Orders of Contoso", logo
		c.SupportURL, c.PrivacyURL = "https://help.contoso.example/", "https://contoso.example/privacy"
		c.AppPermissions = map[string][]string{entra.GraphURI: {"Application.Read.All"}}
	}
}

const registrationRead = "app registration: read"

func TestBrowserBrandOfTheRegistration(t *testing.T) {
	t.Parallel()
	cfg := oneHost()
	cfg.Registration = describedApp(drawLogo(t, 240, 60))
	cfg.Env = map[string]string{"EASYAUTH_READ_REGISTRATION": "true"}
	s := start(t, cfg)
	waitUntil(t, "the registration", func() bool { return strings.Contains(s.Log(), registrationRead) })
	b := newProfile(t).tab(t)
	b.open(s.URL(appHost, "/admin"))
	b.signInAs(entra.Bob)
	_, logo, loaded := b.brand()
	alt := b.js(`(document.querySelector("header.brand img") || {alt: ""}).alt`)
	if alt != "Orders of Contoso" || !strings.HasPrefix(logo, "/easyauth/logo?v=") || !loaded {
		t.Errorf("name %q, logo %q, shown %v", alt, logo, loaded)
	}
	links := b.js(`Array.from(document.querySelectorAll("footer.foot a")).map(a => a.textContent + " " + a.href).join(", ")`)
	if links != "Support https://help.contoso.example/, Privacy https://contoso.example/privacy" {
		t.Errorf("links: %s", links)
	}
	b.shot("registration-403")
	// What was read stays while the identity provider is away.
	s.StopEntra()
	b.open(s.URL(appHost, aPage))
	if _, _, loaded := b.brand(); !loaded {
		t.Error("the logo is fetched from elsewhere")
	}
}

// What is configured goes before what the registration says.
func TestBrowserBrandGoesFirst(t *testing.T) {
	t.Parallel()
	cfg := oneHost()
	cfg.Registration = describedApp(drawLogo(t, 240, 60))
	cfg.Env = map[string]string{"EASYAUTH_BRAND_NAME": "Ours", "EASYAUTH_BRAND_SUPPORT_URL": "mailto:help@contoso.example"}
	s := start(t, cfg)
	waitUntil(t, "the registration", func() bool { return strings.Contains(s.Log(), registrationRead) })
	b := newProfile(t).tab(t)
	b.open(s.URL(appHost, aPage))
	links := b.js(`Array.from(document.querySelectorAll("footer.foot a")).map(a => a.textContent + " " + a.href).join(", ")`)
	if got := b.js(`document.title`); !strings.HasSuffix(got, "· Ours") || links != "Support mailto:help@contoso.example, Privacy https://contoso.example/privacy" {
		t.Errorf("title %q, links %s", got, links)
	}
}

// Without the permission to read it: one warning, and everything works.
func TestBrowserRegistrationNotReadable(t *testing.T) {
	t.Parallel()
	cfg := oneHost()
	cfg.Registration = func(c *entra.Client) {
		describedApp(drawLogo(t, 96, 96))(c)
		c.AppPermissions = nil
	}
	s := start(t, cfg)
	waitUntil(t, "the warning", func() bool { return strings.Contains(s.Log(), "app registration: it may not be read") })
	b := newProfile(t).tab(t)
	b.open(s.URL(appHost, "/page"))
	b.isOn(b.signInAs(entra.Adele), "/page")
	b.open(s.URL(appHost, aPage))
	if name, _, _ := b.brand(); name != "EasyAuth" {
		t.Errorf("name %q at %s", name, b.url())
	}
	if n := strings.Count(s.Log(), "app registration: it may not be read"); n != 1 {
		t.Errorf("%d warnings", n)
	}
}

// On a phone, in the dark, nothing is wider than the screen.
func TestBrowserPageOnAPhone(t *testing.T) {
	t.Parallel()
	s := start(t, oneHost())
	b := newProfile(t).tab(t)
	if err := b.try(chromedp.EmulateViewport(360, 640)); err != nil {
		t.Fatal(err)
	}
	s.Entra.SetFaults(callbackError("access_denied", "AADSTS90094: "+strings.Repeat("Longish", 40)))
	b.open(s.URL(appHost, "/"+strings.Repeat("long", 50)))
	b.signInAs(entra.Adele)
	b.shows("An administrator must agree first")
	if got := b.js(`String(document.documentElement.scrollWidth <= innerWidth)`); got != "true" {
		t.Errorf("the page is wider than the screen: %s", b.js(`document.documentElement.scrollWidth + " > " + innerWidth`))
	}
	b.shot("phone")
	s.Entra.ClearFaults()
	if status := b.click(tryAgain); status != http.StatusOK || !strings.HasPrefix(b.text("#uri"), "/long") {
		t.Errorf("%d at %s", status, b.url())
	}
}

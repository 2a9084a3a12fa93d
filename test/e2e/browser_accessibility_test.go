package e2e

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/pages"
)

// kindsOfPage are pages as people meet them, with the awkward contents that an
// identity provider may bring.
func kindsOfPage() map[string]func(*pages.Pages, http.ResponseWriter) {
	message := func(m pages.Message) func(*pages.Pages, http.ResponseWriter) {
		return func(p *pages.Pages, w http.ResponseWriter) { p.Message(w, m) }
	}
	again := []pages.Link{{Text: "Try again", URL: "/arrived"}, {Text: "Sign in as someone else", URL: "/arrived?prompt=select_account"}}
	var many []string
	for i := range 250 {
		many = append(many, fmt.Sprintf("%08x-0000-4000-8000-%012x", i, i*i))
	}
	host := pages.Detail{Label: "Application", Values: []string{"orders.apps.contoso.example.com"}}
	at := time.Date(2026, 3, 4, 5, 6, 0, 0, time.UTC)
	return map[string]func(*pages.Pages, http.ResponseWriter){
		"bad-request": message(pages.Message{
			Status: 400, Title: "This sign-in cannot be completed", Text: "Your sign-in took too long. Please start again.",
			Details: []pages.Detail{host}, Links: again, Correlation: "4f1c2b3a9d8e7f60",
		}),
		"forbidden": message(pages.Message{
			Status: 403, Title: "You may not open this page", Links: again, Correlation: "4f1c2b3a9d8e7f60",
			Text:    "You are signed in, but your account does not have the role that this page needs. Ask the owner of the application for it, or sign in as someone else.",
			Details: []pages.Detail{{Label: "Missing role", Values: []string{"Orders.Admin or Orders.Owner", "Auditor"}}, host},
		}),
		"unavailable": message(pages.Message{
			Status: 503, Title: "Sign-in is not available right now", Text: "The sign-in service cannot be reached.", RetryAfter: 5 * time.Second,
			Details: []pages.Detail{host}, Links: again[:1], Correlation: "4f1c2b3a9d8e7f60",
		}),
		"loop": message(pages.Message{
			Status: 403, Title: "Signing in again and again", Details: []pages.Detail{host}, Links: again, Correlation: "4f1c2b3a9d8e7f60",
			Text: "You were signed in, but the application's host did not see it. The session cookie does not come back: its domain may not cover this host, " +
				"it may be marked Secure while the page is opened over http, or it may be too large for the proxy in between.",
		}),
		"long": message(pages.Message{
			Status: 403, Title: "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft", Links: again[:1],
			Text:    strings.Repeat("https://identity.example.com/", 12),
			Details: []pages.Detail{{Label: "Missing group", Values: many}, {Label: strings.Repeat("L", 60), Values: many[:12]}, {Label: "One word", Values: []string{strings.Repeat("x", 500)}}},
		}),
		"bare":       message(pages.Message{Status: 404, Title: "There is nothing here"}),
		"signed-out": message(pages.Message{Status: 200, Title: "You are signed out", Text: "Close the browser window if other people use this computer.", Links: []pages.Link{{Text: "Sign in again", URL: "/arrived"}}}),
		"confirm": func(p *pages.Pages, w http.ResponseWriter) {
			p.ConfirmSignOut(w, pages.ConfirmSignOut{Action: "/arrived", ReturnURL: "/arrived?rd", User: "adele.vance.of.the.northern.branch@contoso.example.com"})
		},
		"me": func(p *pages.Pages, w http.ResponseWriter) {
			p.Me(w, pages.Me{
				Name: "Adele Vance", PreferredUsername: "adele.vance@contoso.example.com", Email: "adele@contoso.example.com",
				Tenant: many[3], Object: many[4], Roles: []string{"Orders.Admin", "Auditor"}, Scopes: []string{"Orders.Read", "User.Read"}, Groups: many,
				SignedIn: at, Expires: at.Add(8 * time.Hour), SignOutURL: "/arrived",
			})
		},
		"me-unknown": func(p *pages.Pages, w http.ResponseWriter) {
			p.Me(w, pages.Me{Name: "أديل فانس", GroupsUnknown: true})
		},
	}
}

// brands are no brand, and two whose colours cannot be used as they are.
func brands(t *testing.T) map[string]pages.Brand {
	return map[string]pages.Brand{
		"plain": {},
		"yellow": {
			Name: "Contoso Logistics and Freight Forwarding", Logo: drawLogo(t, 96, 96), Color: "#ffff00",
			SupportURL: "https://help.test/", PrivacyURL: "https://help.test/privacy",
		},
		"grey": {
			Name: "The Northern Branch of the Contoso Logistics and Freight Forwarding Corporation", Logo: drawLogo(t, 900, 120), Color: "#777777",
			SupportURL: "mailto:help@contoso.example.com",
		},
	}
}

// drawLogo is a dark picture on a transparent ground.
func drawLogo(t *testing.T, w, h int) []byte {
	t.Helper()
	m := image.NewNRGBA(image.Rect(0, 0, w, h))
	draw.Draw(m, image.Rect(h/8, h/8, w-h/8, h-h/8), image.NewUniform(color.NRGBA{0x20, 0x20, 0x40, 0xff}), image.Point{}, draw.Src)
	draw.Draw(m, image.Rect(h/3, h/3, w-h/3, h-h/3), image.NewUniform(color.NRGBA{0xff, 0xff, 0x00, 0xff}), image.Point{}, draw.Src)
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// gallery serves each kind of page in each brand: /<brand>/<kind>.
func gallery(t *testing.T) (origin string) {
	t.Helper()
	mux := http.NewServeMux()
	for name, brand := range brands(t) {
		logo := "/" + name + "/logo"
		p, err := pages.New(pages.Config{Brand: brand, LogoPath: logo})
		if err != nil {
			t.Fatal(err)
		}
		mux.Handle(logo, p.Logo())
		for kind, write := range kindsOfPage() {
			mux.HandleFunc("/"+name+"/"+kind, func(w http.ResponseWriter, _ *http.Request) { write(p, w) })
		}
	}
	mux.HandleFunc("/arrived", func(w http.ResponseWriter, r *http.Request) {
		how := "by a link"
		if r.Method == http.MethodPost && r.FormValue("rd") == "/arrived?rd" {
			how = "by the form"
		}
		_, _ = fmt.Fprint(w, how) // the browser may be gone
	})
	return serveLocalhost(t, mux)
}

func serveLocalhost(t *testing.T, h http.Handler) (origin string) {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	return strings.Replace(srv.URL, "127.0.0.1", "localhost", 1)
}

func sorted[V any](m map[string]V) []string {
	var names []string
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// No kind of page has a barrier that axe-core finds, on a desktop and on a
// phone, in the light and in the dark, and whatever the brand's colour.
func TestBrowserAccessibility(t *testing.T) {
	t.Parallel()
	source, origin := axeSource(t), gallery(t)
	for _, brand := range sorted(brands(t)) {
		for _, s := range []screen{
			{name: "desktop-light", width: 1280, height: 800},
			{name: "desktop-dark", width: 1280, height: 800, dark: true},
			{name: "phone-light", width: 390, height: 844, phone: true},
			{name: "phone-dark", width: 390, height: 844, phone: true, dark: true},
		} {
			t.Run(brand+"/"+s.name, func(t *testing.T) {
				t.Parallel()
				b := newProfile(t).tab(t)
				b.look(s)
				kinds := sorted(kindsOfPage())
				if brand == "grey" { // the frame is what differs
					kinds = []string{"confirm", "forbidden", "me"}
				}
				for _, kind := range kinds {
					b.open(origin + "/" + brand + "/" + kind)
					b.checkPainted(s.dark, brand != "plain")
					b.shot(strings.Join([]string{"page", kind, brand, s.name}, "-"))
					b.flatten()
					checkFindings(t, kind, b.axe(source))
				}
			})
		}
	}
}

// checkFindings also allows axe-core nothing that it could not decide.
func checkFindings(t *testing.T, kind string, f findings) {
	t.Helper()
	for _, v := range f.Violations {
		t.Errorf("%s: %v", kind, v)
	}
	for _, v := range f.Incomplete {
		t.Errorf("%s: undecided: %v", kind, v)
	}
	if f.Passes < 15 {
		t.Errorf("%s: only %d rules were passed", kind, f.Passes)
	}
}

// flatten puts the gradient's own colour behind the whole page: axe-core cannot
// tell a contrast on a gradient. The pages' tests compute those on the other end.
func (b *tab) flatten() {
	b.t.Helper()
	b.js(`document.body.style.background = "var(--glow)"`)
}

// checkPainted proves that the policy lets the style sheet and the logo
// through, and that the scheme is the one that was asked for.
func (b *tab) checkPainted(dark, logo bool) {
	b.t.Helper()
	got := b.js(`[getComputedStyle(document.body).display, matchMedia("(prefers-color-scheme: dark)").matches,
		[...document.images].map(i => i.naturalWidth > 0 && i.getBoundingClientRect().height <= 48)].join(" ")`)
	want := fmt.Sprintf("flex %v ", dark)
	if logo {
		want += "true"
	}
	if got != want {
		b.t.Errorf("%s: %q, want %q", b.url(), got, want)
	}
}

// The sibling of TestBrowserAccessibility: axe-core does run, under our policy,
// and what it must find it finds.
func TestBrowserAccessibilityFindsBarriers(t *testing.T) {
	t.Parallel()
	source := axeSource(t)
	const head, foot = `<!doctype html><html lang="en"><head><title>Barriers</title></head><body><main><h1>Barriers</h1>`, `</main></body></html>`
	origin := serveLocalhost(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		pages.SecurityHeaders(w.Header())
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		body := map[string]string{
			"/none":     `<img src="data:," alt="Contoso"><p>Text</p>`,
			"/image":    `<img src="data:,"><p>Text</p>`,
			"/contrast": `<p><font color="#999999">Text</font></p>`,
			"/name":     `<a href="/none"></a>`,
		}[r.URL.Path]
		_, _ = fmt.Fprint(w, head, body, foot) // the browser may be gone
	}))
	b := newProfile(t).tab(t)
	for path, want := range map[string]string{"/none": "", "/image": "image-alt", "/contrast": "color-contrast", "/name": "link-name"} {
		b.open(origin + path)
		var got []string
		for _, v := range b.axe(source).Violations {
			got = append(got, v.ID)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
}

package e2e

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"net/http"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/authserver/pages"
)

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
				for _, kind := range kindsIn(brand) {
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

package pages

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strings"
	"sync"
	"testing"
)

const testLogoPath = "/easyauth/logo"

func branded(t *testing.T, b Brand) *Pages {
	t.Helper()
	p, err := New(Config{Brand: b, LogoPath: testLogoPath})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// threeKinds renders each kind of page.
func threeKinds(t *testing.T, p *Pages) map[string]page {
	t.Helper()
	return map[string]page{
		"message": render(t, func(w http.ResponseWriter) { p.Message(w, Message{Status: 403, Title: "No"}) }),
		"confirm": render(t, func(w http.ResponseWriter) { p.ConfirmSignOut(w, ConfirmSignOut{Action: "/x"}) }),
		"me":      render(t, func(w http.ResponseWriter) { p.Me(w, Me{Name: "Ada"}) }),
	}
}

func TestBrandMembers(t *testing.T) {
	svg := []byte(`<svg xmlns="http://www.w3.org/2000/svg"/>`)
	for _, tt := range []struct {
		name string
		brand,
		fixed Brand // as brand, with one thing changed back
	}{
		{"a long name", Brand{Name: strings.Repeat("x", 81)}, Brand{Name: strings.Repeat("x", 80)}},
		{"a line break in the name", Brand{Name: "a\nb"}, Brand{Name: "a b"}},
		{"a zero byte in the name", Brand{Name: "a\x00b"}, Brand{Name: "ab"}},
		{"a name that turns its direction", Brand{Name: "a\u202eb"}, Brand{Name: "ab"}},
		{"a colour's name", Brand{Color: "red"}, Brand{Color: "#ff0000"}},
		{"a short colour", Brand{Color: "#f00"}, Brand{Color: "#FF0000"}},
		{"a colour that ends the rule", Brand{Color: "#fff;}*"}, Brand{Color: "#ffffff"}},
		{"an SVG", Brand{Logo: svg}, Brand{Logo: pngOf(t, 3, 2)}},
		{"a wrong type", Brand{Logo: pngOf(t, 3, 2), LogoType: "image/jpeg"}, Brand{Logo: pngOf(t, 3, 2), LogoType: "image/png"}},
		{"support over http", Brand{SupportURL: "http://help.example.com/"}, Brand{SupportURL: "https://help.example.com/"}},
		{"support by script", Brand{SupportURL: "javascript:alert(1)"}, Brand{SupportURL: "HTTPS://help.example.com/a?b=c"}},
		{"support by telephone", Brand{SupportURL: "tel:+123"}, Brand{SupportURL: "mailto:help@example.com"}},
		{"support on a path", Brand{SupportURL: "/help"}, Brand{SupportURL: "https://example.com/help"}},
		{"mail to nobody", Brand{SupportURL: "mailto:"}, Brand{SupportURL: "mailto:help@example.com?subject=Sign-in%20help"}},
		{"mail to no address", Brand{SupportURL: "mailto:help"}, Brand{SupportURL: "mailto:h%2Bx@example.com"}},
		{"mail with a line break", Brand{SupportURL: "mailto:help%0a@example.com"}, Brand{SupportURL: "mailto:help@example.com"}},
		{"mail to several", Brand{SupportURL: "mailto:a@example.com,b@example.com"}, Brand{SupportURL: "mailto:a@example.com"}},
		{"privacy by mail", Brand{PrivacyURL: "mailto:help@example.com"}, Brand{PrivacyURL: "https://example.com/privacy"}},
		{"privacy with a user", Brand{PrivacyURL: "https://a@example.com/"}, Brand{PrivacyURL: "https://example.com/"}},
		{"privacy without a host", Brand{PrivacyURL: "https://"}, Brand{PrivacyURL: "https://a"}},
	} {
		if _, err := New(Config{Brand: tt.brand, LogoPath: testLogoPath}); err == nil {
			t.Errorf("%s: accepted", tt.name)
		}
		if _, err := New(Config{Brand: tt.fixed, LogoPath: testLogoPath}); err != nil {
			t.Errorf("%s, changed back: %v", tt.name, err)
		}
	}
}

func TestAllFaultsAreNamed(t *testing.T) {
	_, err := New(Config{Brand: Brand{Name: "a\nb", Logo: []byte("x"), Color: "red", SupportURL: "x", PrivacyURL: "x"}})
	for _, want := range []string{"name", "logo", "colour", "support", "privacy"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in %v", want, err)
		}
	}
}

func TestLogoPath(t *testing.T) {
	for _, bad := range []string{"logo", "//evil.example/logo", "https://evil.example/logo", "/a b", "/logo?x", "/logo#x"} {
		if _, err := New(Config{LogoPath: bad}); err == nil {
			t.Errorf("%q is accepted", bad)
		}
	}
	if _, err := New(Config{Brand: Brand{Logo: pngOf(t, 3, 2)}}); err == nil {
		t.Error("a logo without a path is accepted")
	}
	p, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	p.Adopt(Brand{Name: "Contoso", Logo: pngOf(t, 3, 2)})
	if pg := threeKinds(t, p)["me"]; len(pg.all("img")) != 0 || !strings.Contains(pg.text, "Contoso") || askLogo(t, p, http.MethodGet).Code != 404 {
		t.Error("without a path an adopted logo is shown")
	}
}

func TestBrandIsOnEveryPage(t *testing.T) {
	b := Brand{
		Name: "Müller & Söhne", Logo: pngOf(t, 40, 40), Color: "#FFFF00",
		SupportURL: "mailto:help@example.com?subject=a&body=b", PrivacyURL: "https://example.com/privacy",
	}
	for name, pg := range threeKinds(t, branded(t, b)) {
		if got := textOf(pg.all("title")[0]); !strings.HasSuffix(got, " · Müller & Söhne") {
			t.Errorf("%s: title %q", name, got)
		}
		img := pg.all("img")
		if len(img) != 1 || attr(img[0], "alt") != b.Name || !strings.HasPrefix(attr(img[0], "src"), testLogoPath+"?v=") {
			t.Errorf("%s: logo %v", name, img)
		}
		var links []string
		for _, a := range pg.all("a") {
			links = append(links, textOf(a)+" "+attr(a, "href"))
		}
		if got := strings.Join(links, " "); !strings.HasSuffix(got, "Support "+b.SupportURL+" Privacy "+b.PrivacyURL) {
			t.Errorf("%s: links %s", name, got)
		}
		css := textOf(pg.all("style")[0])
		if !strings.Contains(css, "--button: #ffff00; ") {
			t.Errorf("%s: the colour is not in the style sheet", name)
		}
		sum := sha256.Sum256([]byte(css))
		policy := pg.Header().Get("Content-Security-Policy")
		for _, want := range []string{"style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "';", "; img-src 'self' data:;", "default-src 'none';"} {
			if !strings.Contains(policy, want) {
				t.Errorf("%s: %s is not in %s", name, want, policy)
			}
		}
	}
	for name, pg := range threeKinds(t, branded(t, Brand{})) {
		if policy := pg.Header().Get("Content-Security-Policy"); len(pg.all("img")) != 0 || !strings.Contains(policy, "; img-src data:;") {
			t.Errorf("%s: without a brand: %v, %s", name, pg.all("img"), policy)
		}
		if !strings.HasSuffix(textOf(pg.all("title")[0]), " · EasyAuth") || strings.Contains(pg.text, "Support") || strings.Contains(pg.text, "Privacy") {
			t.Errorf("%s: without a brand: %q", name, pg.text)
		}
	}
}

// A wide logo holds the name in letters: it is not written again, and not used
// as the tab's picture, where nobody could read it.
func TestWideLogo(t *testing.T) {
	for _, tt := range []struct {
		w, h int
		wide bool
	}{{40, 40, false}, {79, 40, false}, {80, 40, true}, {10, 90, false}} {
		pg := threeKinds(t, branded(t, Brand{Name: "Contoso", Logo: pngOf(t, tt.w, tt.h)}))["me"]
		header, icon := textOf(pg.all("header")[0]), attr(pg.all("link")[0], "href")
		if strings.Contains(header, "Contoso") == tt.wide || strings.HasPrefix(icon, testLogoPath) == tt.wide {
			t.Errorf("%d × %d: header %q, tab %.40s", tt.w, tt.h, header, icon)
		}
		for _, span := range pg.all("span") {
			if textOf(span) == "Contoso" && attr(span, "aria-hidden") != "true" {
				t.Errorf("%d × %d: the name is read aloud twice", tt.w, tt.h)
			}
		}
	}
}

func TestBrandIsEscaped(t *testing.T) {
	for _, payload := range []string{`"><script>alert(1)</script>`, `' onerror='alert(1)`, `</title><script>x</script>`, `{{.House.Logo}}`} {
		for _, b := range []Brand{{Name: payload}, {Name: payload, Logo: pngOf(t, 4, 4)}, {Name: payload, Logo: pngOf(t, 9, 4)}} {
			for name, pg := range threeKinds(t, branded(t, b)) {
				if len(pg.all("script")) != 0 || !strings.Contains(textOf(pg.all("title")[0]), payload) {
					t.Errorf("%s: %q is not text", name, payload)
				}
				for _, img := range pg.all("img") {
					if attr(img, "onerror") != "" || attr(img, "alt") != payload {
						t.Errorf("%s: %q made %v", name, payload, img.Attr)
					}
				}
			}
		}
	}
}

func TestAdopt(t *testing.T) {
	own := Brand{Name: "Own", Color: "#123456", SupportURL: "https://own.example.com/", PrivacyURL: "https://own.example.com/privacy", Logo: pngOf(t, 9, 9)}
	theirs := Brand{Name: "Theirs", Color: "#654321", SupportURL: "https://theirs.example.com/", PrivacyURL: "https://theirs.example.com/privacy", Logo: pngOf(t, 8, 8)}
	parts := map[string]func(b *Brand){
		"name":    func(b *Brand) { b.Name = "" },
		"colour":  func(b *Brand) { b.Color = "" },
		"support": func(b *Brand) { b.SupportURL = "" },
		"privacy": func(b *Brand) { b.PrivacyURL = "" },
		"logo":    func(b *Brand) { b.Logo = nil },
	}
	shown := func(p *Pages) map[string]string {
		pg := threeKinds(t, p)["me"]
		_, css, _ := strings.Cut(textOf(pg.all("style")[0]), "\n:root { ") // what follows the sheet itself
		got := map[string]string{"name": textOf(pg.all("title")[0]), "colour": css, "logo": askLogo(t, p, http.MethodGet).Body.String()}
		for _, a := range pg.all("a") {
			got[strings.ToLower(textOf(a))] = attr(a, "href")
		}
		return got
	}
	wantOwn, wantTheirs := shown(branded(t, own)), shown(branded(t, theirs))
	for empty, clear := range parts {
		b := own
		clear(&b)
		p := branded(t, b)
		p.Adopt(theirs)
		got := shown(p)
		for part := range parts {
			want := wantOwn[part]
			if part == empty {
				want = wantTheirs[part]
			}
			if got[part] != want {
				t.Errorf("with an empty %s: %s is %.60q, want %.60q", empty, part, got[part], want)
			}
		}
		p.Adopt(Brand{})
		if got := shown(p)[empty]; got == wantTheirs[empty] {
			t.Errorf("%s stays after the registration lost it: %.60q", empty, got)
		}
	}
}

// What a registration says is never a reason to fail; the rest of it counts.
func TestAdoptLeavesOutWhatCannotBeUsed(t *testing.T) {
	p := branded(t, Brand{})
	p.Adopt(Brand{
		Name: strings.Repeat("x", 100), Logo: []byte("<svg/>"), Color: "red", SupportURL: "javascript:alert(1)", PrivacyURL: "https://example.com/privacy",
	})
	pg := threeKinds(t, p)["me"]
	if got := textOf(pg.all("title")[0]); !strings.HasSuffix(got, " "+strings.Repeat("x", 79)+"…") {
		t.Errorf("title %q", got)
	}
	if len(pg.all("img")) != 0 || askLogo(t, p, http.MethodGet).Code != 404 {
		t.Error("an SVG is shown")
	}
	if a := pg.all("a"); len(a) != 1 || attr(a[0], "href") != "https://example.com/privacy" {
		t.Errorf("links %v", a)
	}
}

func TestAdoptWhileServing(t *testing.T) {
	p := branded(t, Brand{})
	brands := []Brand{{Name: "One", Color: "#ff0000", Logo: pngOf(t, 9, 9)}, {Name: "Two"}}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for i := range 20 {
				p.Adopt(brands[i%2])
			}
		})
		wg.Go(func() {
			for range 20 {
				pg := threeKinds(t, p)["me"]
				red := strings.Contains(textOf(pg.all("style")[0]), "--button: #ff0000")
				if one := strings.Contains(textOf(pg.all("title")[0]), "One"); one != red || one != (len(pg.all("img")) == 1) {
					t.Error("a page shows two brands at once")
				}
				askLogo(t, p, http.MethodGet)
			}
		})
	}
	wg.Wait()
}

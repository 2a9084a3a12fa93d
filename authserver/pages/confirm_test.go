package pages

import (
	"net/http"
	"slices"
	"strings"
	"testing"
)

func asks() ConfirmProgram {
	return ConfirmProgram{
		Action: "/easyauth/api/v1/authorize", Request: "req-1", Proof: "proof-1", Target: "http://127.0.0.1:8123", Local: true,
		Application: "app.example.com", Name: "Adele Vance", Account: "adele@example.com",
	}
}

func TestConfirmProgramNamesWhatAsks(t *testing.T) {
	p := newPages(t)
	pg := render(t, func(w http.ResponseWriter) { p.ConfirmProgram(w, asks()) })
	for _, want := range []string{"On this computer, http://127.0.0.1:8123", "app.example.com", "Adele Vance, adele@example.com", "as you", "cancel", "Do not give anybody the address of the page that comes next"} {
		if !strings.Contains(pg.text, want) {
			t.Errorf("%q is not on the page", want)
		}
	}
	var posted []string
	for _, n := range append(pg.all("input"), pg.all("button")...) {
		posted = append(posted, attr(n, "type")+" "+attr(n, "name")+"="+attr(n, "value"))
	}
	want := []string{"hidden request=req-1", "hidden token=proof-1", "submit decision=allow", "submit decision=cancel"}
	if !slices.Equal(posted, want) {
		t.Errorf("posts %q, want %q", posted, want)
	}
	if pg.Header().Get("Cross-Origin-Opener-Policy") != "same-origin" || pg.Header().Get("X-Frame-Options") != "DENY" {
		t.Errorf("headers %v", pg.Header())
	}
	form := pg.all("form")
	if len(form) != 1 || attr(form[0], "action") != asks().Action || attr(form[0], "method") != "post" {
		t.Errorf("form %v", form)
	}
	if len(pg.all("a")) != 0 {
		t.Error("a link leads away")
	}
	elsewhere := asks()
	elsewhere.Local, elsewhere.Target = false, "https://tool.example.com"
	if pg := render(t, func(w http.ResponseWriter) { p.ConfirmProgram(w, elsewhere) }); strings.Contains(pg.text, "this computer") || !strings.Contains(pg.text, elsewhere.Target) {
		t.Errorf("%q", pg.text)
	}
	long := asks()
	long.Proof = strings.Repeat("x", maxPosted+1)
	if pg := render(t, func(w http.ResponseWriter) { p.ConfirmProgram(w, long) }); len(pg.all("form")) != 0 {
		t.Error("a form carries any length")
	}
	for _, action := range []string{"", "javascript:alert(1)", "//evil.test"} {
		c := asks()
		c.Action = action
		if pg := render(t, func(w http.ResponseWriter) { p.ConfirmProgram(w, c) }); len(pg.all("form")) != 0 {
			t.Errorf("action %q has a form", action)
		}
	}
}

// Chromium holds the redirect that answers a form against form-action too.
func TestConfirmProgramPolicy(t *testing.T) {
	p := newPages(t)
	for _, tt := range []struct{ target, want string }{
		{"http://127.0.0.1:8123", "'self' http://127.0.0.1:8123"},
		{"http://127.0.0.1", "'self' http://127.0.0.1"},
		{"https://tool.example.com", "'self' https://tool.example.com"},
		{"http://[::1]:8123", "'self' http:"}, // no policy can hold it
		{"https://[2001:db8::1]", "'self' https:"},
		{"http://[::1]; script-src *", "'self' http:"},
		{"javascript://[x]", "'self'"},
		{"x[http://", "'self'"},
		{"http://127.0.0.1; script-src *", "'self'"},
		{"http://a b", "'self'"},
		{"", "'self'"},
		{"*", "'self'"},
	} {
		c := asks()
		c.Target = tt.target
		pg := render(t, func(w http.ResponseWriter) { p.ConfirmProgram(w, c) })
		policy := pg.Header().Get("Content-Security-Policy")
		if !strings.Contains(policy, "; form-action "+tt.want+"; frame-ancestors 'none'") {
			t.Errorf("%q: %s", tt.target, policy)
		}
		checkPolicy(t, pg.Header())
	}
}

// FuzzConfirmProgram puts any text into every field of the page: a browser finds the
// elements of the template and no other.
func FuzzConfirmProgram(f *testing.F) {
	for _, s := range []string{"Adele", "<script>alert(1)</script>", `"><img src=x onerror=alert(1)>`, "javascript:alert(1)", "http://[::1]:1", "</form><form action=//x>", "{{.}}", "\x00\xff\u202e"} {
		f.Add(s)
	}
	p, err := New(Config{})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, s string) {
		c := ConfirmProgram{Action: "/easyauth/x", Request: s, Proof: s, Target: s, Application: s, Name: s, Account: s}
		pg := render(t, func(w http.ResponseWriter) { p.ConfirmProgram(w, c) })
		for _, n := range pg.nodes {
			checkElement(t, n)
		}
		checkPolicy(t, pg.Header())
		if len(s) > maxPosted {
			return
		}
		if len(pg.all("form")) != 1 || len(pg.all("input")) != 2 || len(pg.all("button")) != 2 || len(pg.all("a")) != 0 {
			t.Errorf("the form is another: %q", s)
		}
	})
}

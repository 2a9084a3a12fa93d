package pages

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// FuzzPages puts any text into every field of every page. A browser that reads the
// page finds the elements and attributes of the template and no other, no script, no
// link that is not one, and the policies of every page.
func FuzzPages(f *testing.F) {
	for _, s := range []string{
		"Adele Vance", "<script>alert(1)</script>", `"><img src=x onerror=alert(1)>`, "javascript:alert(1)", "https://app.test/?a=b&c=d#e", "'><svg/onload=x>", "</style><style>*{}", "{{.}}", "\x00\xff\u202e\r\nX: y",
		"https://me@app.test/", "//evil.test", "/\\evil.test", "https://app.test;script-src *", "&lt;script&gt;", "data:text/html,x", "/a b", strings.Repeat("é", 900),
	} {
		f.Add(s)
	}
	p, err := New(Config{})
	if err != nil {
		f.Fatal(err)
	}
	var plain [3]string
	f.Fuzz(func(t *testing.T, s string) {
		if plain[0] == "" {
			named, nameless := three(t, p, "x"), three(t, p, "?") // whose picture has a letter, and whose has none
			for i := range plain {
				plain[i] = tags(named[i]) + " " + tags(nameless[i])
			}
		}
		for i, pg := range three(t, p, s) {
			for _, n := range pg.nodes {
				checkElement(t, n)
			}
			// A field that is empty, or no link, leaves elements out. None is new.
			for tag := range strings.FieldsSeq(tags(pg)) {
				if !slices.Contains(strings.Fields(plain[i]+" a form input button"), tag) {
					t.Errorf("page %d: a new element %s", i, tag)
				}
			}
			checkPolicy(t, pg.Header())
		}
	})
}

// three are a message, the question whether to sign out, and the signed-in user.
func three(t *testing.T, p *Pages, s string) [3]page {
	t.Helper()
	return [3]page{
		render(t, func(w http.ResponseWriter) {
			p.Message(w, Message{Status: 403, Title: s, Text: s, Correlation: s, Links: []Link{{s, "/x"}, {s, s}}, Details: []Detail{{s, []string{s, s}}}})
		}),
		render(t, func(w http.ResponseWriter) {
			p.ConfirmSignOut(w, ConfirmSignOut{Action: s, ReturnURL: s, User: s, Everywhere: true, FormOrigins: []string{s}})
		}),
		render(t, func(w http.ResponseWriter) {
			p.Me(w, Me{
				Name: s, PreferredUsername: s, Email: s, Tenant: s, Object: s, Roles: []string{s}, Scopes: []string{s}, Groups: []Group{{s, s}, {ID: s}},
				Methods: []string{s}, Contexts: []string{s}, SignOutURL: s, Action: "/easyauth/me", FormOrigins: []string{s},
				Sessions: []Session{{Handle: s, Label: s}, {Handle: "h-1", Label: s, Current: true}, {Handle: "h-2"}},
			})
		}),
	}
}

func checkPolicy(t *testing.T, h http.Header) {
	t.Helper()
	for name, values := range h {
		if len(values) != 1 || strings.ContainsAny(values[0], "\r\n\x00") {
			t.Errorf("header %s is %q", name, values)
		}
	}
	policy := h.Get("Content-Security-Policy")
	directives := map[string]string{}
	for directive := range strings.SplitSeq(policy, ";") {
		name, sources, _ := strings.Cut(strings.TrimSpace(directive), " ")
		if _, twice := directives[name]; twice {
			t.Errorf("policy %q has %s twice", policy, name)
		}
		directives[name] = sources
	}
	for _, name := range []string{"default-src", "frame-ancestors", "base-uri"} {
		if directives[name] != "'none'" {
			t.Errorf("policy %q", policy)
		}
	}
	_, script := directives["script-src"]
	_, form := directives["form-action"]
	if script || !form || len(directives) != 6 || strings.Contains(policy, "'unsafe") {
		t.Errorf("policy %q", policy)
	}
}

// tags are the names of a page's elements, each once.
func tags(pg page) string {
	var names []string
	for _, n := range pg.nodes {
		if !slices.Contains(names, n.Data) {
			names = append(names, n.Data)
		}
	}
	return strings.Join(names, " ")
}

func checkElement(t *testing.T, n *html.Node) {
	t.Helper()
	if slices.Contains([]string{"script", "iframe", "object", "embed", "base", "img"}, n.Data) && (n.Data != "img" || attr(n, "src") != "") {
		t.Fatalf("an element %s", n.Data)
	}
	for _, a := range n.Attr {
		switch {
		case strings.HasPrefix(a.Key, "on"), a.Key == "style", a.Key == "srcdoc":
			t.Fatalf("%s has %s=%q", n.Data, a.Key, a.Val)
		case n.Data == "link" && attr(n, "rel") == "icon" && strings.HasPrefix(a.Val, "data:image/svg+xml,%3Csvg%20"): // the template's own
		case a.Key == "href" || a.Key == "action" || a.Key == "formaction" || a.Key == "src":
			u, err := url.Parse(a.Val)
			if err != nil || u.Scheme != "" && u.Scheme != "http" && u.Scheme != "https" || u.User != nil || strings.HasPrefix(a.Val, "//") || strings.ContainsAny(a.Val, "\\\r\n\t ") {
				t.Fatalf("%s has %s=%q", n.Data, a.Key, a.Val)
			}
		}
	}
}

// FuzzLinkURL judges any text as a link. What is one is as it came, and a web address
// or a path.
func FuzzLinkURL(f *testing.F) {
	for _, s := range []string{"/x?a=b#c", "https://app.test/", "http://localhost:8080", "//x", `/\x`, "https://me@x/", "javascript:x", "HTTPS://X", "https:x", "/\tx", "mailto:a@b.test", "https://[::1", "/%zz"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		got := linkURL(raw)
		if got == "" {
			return
		}
		lower := strings.ToLower(raw)
		if got != raw || len(raw) > maxURL || strings.HasPrefix(raw, "//") || strings.ContainsAny(raw, "\\ \t\r\n\x00") ||
			!strings.HasPrefix(raw, "/") && !strings.HasPrefix(lower, "https://") && !strings.HasPrefix(lower, "http://") {
			t.Errorf("%q became %q", raw, got)
		}
	})
}

package pages

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"
)

func newPages(t *testing.T) *Pages {
	t.Helper()
	p, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// page is an answer, parsed as a browser would.
type page struct {
	*httptest.ResponseRecorder
	nodes []*html.Node // all elements in order
	text  string       // all text outside the style sheet
}

func render(t *testing.T, f func(http.ResponseWriter)) page {
	t.Helper()
	w := httptest.NewRecorder()
	f(w)
	root, err := html.Parse(strings.NewReader(w.Body.String()))
	if err != nil {
		t.Fatal(err)
	}
	pg := page{ResponseRecorder: w}
	for n := range root.Descendants() {
		switch {
		case n.Type == html.ElementNode:
			pg.nodes = append(pg.nodes, n)
		case n.Type == html.TextNode && n.Parent.Data != "style":
			pg.text += n.Data
		}
	}
	return pg
}

func (p page) all(tag string) []*html.Node {
	var found []*html.Node
	for _, n := range p.nodes {
		if n.Data == tag {
			found = append(found, n)
		}
	}
	return found
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func textOf(n *html.Node) string {
	var s string
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			s += d.Data
		}
	}
	return s
}

// every renders each kind of page with s in every field that takes a text.
func every(t *testing.T, s string) map[string]page {
	t.Helper()
	p := newPages(t)
	many := slices.Repeat([]string{s}, 20)
	return map[string]page{
		"message": render(t, func(w http.ResponseWriter) {
			p.Message(w, Message{
				Status: 403, Title: s, Text: s, Correlation: s, Links: []Link{{s, "/x"}, {s, s}},
				Details: []Detail{{s, []string{s}}, {s, many}},
			})
		}),
		"confirm": render(t, func(w http.ResponseWriter) {
			p.ConfirmSignOut(w, ConfirmSignOut{Action: s, ReturnURL: s, User: s, Everywhere: true, FormOrigins: []string{s}})
		}),
		"me": render(t, func(w http.ResponseWriter) {
			p.Me(w, Me{
				Name: s, PreferredUsername: s, Email: s, Tenant: s, Object: s, Roles: []string{s}, Scopes: many, Groups: []Group{{s, s}, {ID: s}},
				Methods: []string{s}, Contexts: []string{s}, SignOutURL: s, Action: s, FormOrigins: []string{s},
				Sessions: []Session{{Handle: s, Label: s}},
			})
		}),
		"program": render(t, func(w http.ResponseWriter) {
			p.ConfirmProgram(w, ConfirmProgram{Action: "/easyauth/x", Request: s, Proof: s, Target: s, Application: s, Name: s, Account: s})
		}),
		"me with forms": render(t, func(w http.ResponseWriter) {
			p.Me(w, Me{
				Name: s, Action: "/easyauth/sessions", SignOutURL: "/easyauth/logout", FormOrigins: []string{s},
				Sessions: slices.Repeat([]Session{{Handle: s, Label: s}, {Handle: "h-1", Label: s}, {Handle: s, Label: s, Current: true}}, 20),
			})
		}),
	}
}

func TestEveryFieldIsEscaped(t *testing.T) {
	allowed := strings.Fields("html head meta title link style body header svg path rect circle span main div h1 p dl dt dd " +
		"details summary ul li a footer code strong form input button time section h2")
	for _, payload := range []string{
		`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `' onmouseover='alert(1)`, `</title><svg/onload=alert(1)>`,
		`</style><script>alert(1)</script>`, `{{.House.Name}}`, "javascript:alert(1)", `<!--`, "&lt;script&gt;",
	} {
		for name, pg := range every(t, payload) {
			if !strings.Contains(pg.text, payload) {
				t.Errorf("%s: %q is not on the page as text", name, payload)
			}
			for _, n := range pg.nodes {
				if !slices.Contains(allowed, n.Data) {
					t.Errorf("%s: %q made an element <%s>", name, payload, n.Data)
				}
				for _, a := range n.Attr {
					if strings.HasPrefix(a.Key, "on") || a.Key == "style" || strings.HasPrefix(strings.ToLower(a.Val), "javascript:") && a.Key != "value" {
						t.Errorf("%s: %q made the attribute %s=%q", name, payload, a.Key, a.Val)
					}
				}
			}
		}
	}
}

func TestPolicyIsStrict(t *testing.T) {
	for name, pg := range every(t, "harmless") {
		styles := pg.all("style")
		if len(styles) != 1 {
			t.Fatalf("%s: %d style sheets", name, len(styles))
		}
		sum := sha256.Sum256([]byte(textOf(styles[0])))
		form := "form-action 'none'"
		if name == "confirm" || name == "me with forms" || name == "program" {
			form = "form-action 'self'"
		}
		want := "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
			"'; img-src data:; base-uri 'none'; " + form + "; frame-ancestors 'none'"
		if got := pg.Header().Get("Content-Security-Policy"); got != want {
			t.Errorf("%s: policy\n got %s\nwant %s", name, got, want)
		}
		for key, want := range map[string]string{
			"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
			"X-Frame-Options": "DENY", "Content-Type": "text/html; charset=utf-8",
		} {
			if got := pg.Header()[key]; !slices.Equal(got, []string{want}) {
				t.Errorf("%s: %s: %q", name, key, got)
			}
		}
	}
}

func TestPagesAreAccessible(t *testing.T) {
	for name, pg := range every(t, "harmless") {
		if h1 := pg.all("h1"); len(h1) != 1 {
			t.Errorf("%s: %d headings of the first level", name, len(h1))
		}
		if lang := attr(pg.all("html")[0], "lang"); lang != "en" {
			t.Errorf("%s: lang=%q", name, lang)
		}
		if len(pg.all("main")) != 1 || len(pg.all("title")) != 1 {
			t.Errorf("%s: wants one main and one title", name)
		}
		if !slices.ContainsFunc(pg.all("meta"), func(n *html.Node) bool { return attr(n, "name") == "viewport" }) {
			t.Errorf("%s: no viewport for phones", name)
		}
		for _, svg := range pg.all("svg") {
			if attr(svg, "aria-hidden") != "true" {
				t.Errorf("%s: a picture is read aloud", name)
			}
		}
	}
}

func TestStatusIsNeverAnAccidentalSuccess(t *testing.T) {
	p := newPages(t)
	for status, want := range map[int]int{0: 500, -1: 500, 99: 500, 100: 500, 199: 500, 600: 500, 1000: 500, 200: 200, 400: 400, 403: 403, 503: 503} {
		if pg := render(t, func(w http.ResponseWriter) { p.Message(w, Message{Status: status}) }); pg.Code != want {
			t.Errorf("page with status %d is answered %d, want %d", status, pg.Code, want)
		}
		w := httptest.NewRecorder()
		if WriteJSON(w, status, "x"); w.Code != want {
			t.Errorf("JSON with status %d is answered %d, want %d", status, w.Code, want)
		}
	}
}

func TestRetryAfter(t *testing.T) {
	p := newPages(t)
	for d, want := range map[time.Duration]string{0: "", -time.Second: "", 1: "1", time.Second: "1", 1001 * time.Millisecond: "2", 2 * time.Minute: "120"} {
		pg := render(t, func(w http.ResponseWriter) { p.Message(w, Message{Status: 503, RetryAfter: d}) })
		if got := pg.Header().Get("Retry-After"); got != want {
			t.Errorf("%v: Retry-After %q, want %q", d, got, want)
		}
		if pg.Header().Get("Refresh") != "" || strings.Contains(pg.Body.String(), "http-equiv") {
			t.Errorf("%v: the page reloads by itself", d)
		}
	}
}

func TestRetryAfterIsOnThePage(t *testing.T) {
	p := newPages(t)
	for d, want := range map[time.Duration]string{
		1: "Try again in 1 second.", time.Second: "Try again in 1 second.", 5 * time.Second: "Try again in 5 seconds.",
		2 * time.Minute: "Try again in 120 seconds.", 121 * time.Second: "Try again in 3 minutes.", time.Hour: "Try again in 60 minutes.",
	} {
		if pg := render(t, func(w http.ResponseWriter) { p.Message(w, Message{Status: 503, RetryAfter: d}) }); !strings.Contains(pg.text, want) {
			t.Errorf("%v: %q", d, pg.text)
		}
	}
	for _, d := range []time.Duration{0, -time.Second} {
		if pg := render(t, func(w http.ResponseWriter) { p.Message(w, Message{Status: 503, RetryAfter: d}) }); strings.Contains(pg.text, "Try again") {
			t.Errorf("%v: %q", d, pg.text)
		}
	}
}

func TestHeadAnswersWithLengthAndNoBody(t *testing.T) {
	p := newPages(t)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		p.Message(w, Message{Status: 403, Title: "No"})
	}))
	defer srv.Close()
	var lengths []int64
	for _, method := range []string{http.MethodHead, http.MethodGet} {
		req, err := http.NewRequestWithContext(t.Context(), method, srv.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := srv.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		if err := resp.Body.Close(); err != nil {
			t.Fatal(err)
		}
		if resp.StatusCode != 403 {
			t.Errorf("%s: status %d", method, resp.StatusCode)
		}
		lengths = append(lengths, resp.ContentLength)
	}
	if lengths[0] != lengths[1] || lengths[0] < 1000 {
		t.Errorf("lengths of HEAD and GET: %v", lengths)
	}
}

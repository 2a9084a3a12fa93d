package pages

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestMessageSaysWhatIsMissing(t *testing.T) {
	p := newPages(t)
	pg := render(t, func(w http.ResponseWriter) {
		p.Message(w, Message{
			Status: 403, Title: "You may not open this page", Text: "Ask the owner.",
			Details: []Detail{{"Missing role", []string{"Admin or Owner", "Auditor"}}, {"Never shown", nil}},
			Links:   []Link{{"Try again", "/easyauth/login?rd=%2Fa%252Fb%3Fx%3D1%26y"}}, Correlation: "c-1",
		})
	})
	for _, want := range []string{"You may not open this page", "Ask the owner.", "Missing role", "Admin or Owner", "Auditor", "Error 403", "Correlation id c-1"} {
		if !strings.Contains(pg.text, want) {
			t.Errorf("%q is not on the page", want)
		}
	}
	if strings.Contains(pg.text, "Never shown") {
		t.Error("a detail without values is shown")
	}
	if a := pg.all("a"); len(a) != 1 || attr(a[0], "href") != "/easyauth/login?rd=%2Fa%252Fb%3Fx%3D1%26y" {
		t.Errorf("links: %v", a)
	}
	done := render(t, func(w http.ResponseWriter) { p.Message(w, Message{Status: 200, Title: "You are signed out"}) })
	if strings.Contains(done.text, "Error") || len(done.all("footer")) != 0 {
		t.Errorf("a success looks like an error: %q", done.text)
	}
}

func TestLinks(t *testing.T) {
	p := newPages(t)
	for _, tt := range []struct {
		url  string
		kept bool
	}{
		{"javascript:alert(1)", false},
		{"JavaScript:alert(1)", false},
		{" javascript:alert(1)", false},
		{"java\tscript:alert(1)", false},
		{"data:text/html,x", false},
		{"vbscript:x", false},
		{"//evil.example", false},
		{"/\\evil.example", false},
		{"https:/\\evil.example", false},
		{"https:evil.example", false},
		{"https://", false},
		{"https://user@app.example.com/", false},
		{"ftp://app.example.com/", false},
		{"https://app.example.com;x/", false},
		{"https://app<b>.example.com/", false},
		{"https://app\xed.example.com/", false},
		{"https://[::1]:8443/a", true},
		{"relative", false},
		{"?x", false},
		{"/a\nb", false},
		{"/%zz", false},
		{"", false},
		{"/" + strings.Repeat("a", maxURL), false},
		{"/a", true},
		{"/", true},
		{"/a%2Fb?x=%7C&y=javascript:z#f", true},
		{"https://app.example.com/", true},
		{"HTTPS://app.example.com/", true},
		{"http://localhost:8080/a", true},
		{"/" + strings.Repeat("a", maxURL-1), true},
	} {
		pg := render(t, func(w http.ResponseWriter) { p.Message(w, Message{Status: 400, Links: []Link{{"go", tt.url}}}) })
		a := pg.all("a")
		switch {
		case !tt.kept && len(a) > 0:
			t.Errorf("%.60q became a link to %.60q", tt.url, attr(a[0], "href"))
		case tt.kept && (len(a) != 1 || attr(a[0], "href") != tt.url):
			t.Errorf("%.60q is not a link as it stands", tt.url)
		}
	}
}

func TestConfirmSignOut(t *testing.T) {
	p := newPages(t)
	rd := `https://app.example.com/a%2Fb?x=1&y="2"`
	pg := render(t, func(w http.ResponseWriter) {
		p.ConfirmSignOut(w, ConfirmSignOut{Action: "/easyauth/logout", ReturnURL: rd, User: "ada@example.com"})
	})
	form, input := pg.all("form"), pg.all("input")
	if len(form) != 1 || attr(form[0], "method") != "post" || attr(form[0], "action") != "/easyauth/logout" {
		t.Errorf("form: %v", form)
	}
	if len(input) != 1 || attr(input[0], "type") != "hidden" || attr(input[0], "name") != "rd" || attr(input[0], "value") != rd {
		t.Errorf("input: %v", input)
	}
	if !strings.Contains(pg.text, "ada@example.com") || !strings.Contains(pg.text, "Stay signed in") {
		t.Errorf("text: %q", pg.text)
	}
	bare := render(t, func(w http.ResponseWriter) { p.ConfirmSignOut(w, ConfirmSignOut{Action: "javascript:x"}) })
	if len(bare.all("input")) != 0 || len(bare.all("a")) != 0 || attr(bare.all("form")[0], "action") != "" {
		t.Error("an empty return URL or a bad action leaves a trace")
	}
}

func TestFormOrigins(t *testing.T) {
	var many, mixed []string
	for i := range 200 {
		many = append(many, fmt.Sprintf("https://app-%d.example.com", i))
	}
	mixed = append([]string{"http://localhost:8080"}, many...)
	for _, tt := range []struct {
		name    string
		origins []string
		want    string
	}{
		{"none", nil, "'self'"},
		{"two", []string{"https://*.apps.example.com:8443", "http://localhost:8080"}, "'self' https://*.apps.example.com:8443 http://localhost:8080"},
		{"twice the same", []string{"https://a.example", "https://a.example"}, "'self' https://a.example"},
		{"a prefix of another", []string{"https://a.example.com", "https://a.example"}, "'self' https://a.example.com https://a.example"},
		{"another directive", []string{"https://a.example; script-src *", "https://b.example"}, "'self' https://b.example"},
		{"another policy", []string{"https://a.example,script-src"}, "'self'"},
		{"a keyword", []string{"'unsafe-inline'", "*", "https:", "data:", "javascript:", ""}, "'self'"},
		{"header injection", []string{"https://a.example\r\nX: y"}, "'self'"},
		{"a path", []string{"https://a.example/"}, "'self'"},
		{"too many", many, "'self' https:"},
		{"too many of both schemes", mixed, "'self' http: https:"},
	} {
		if got := formAction(tt.origins); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}

func TestLongListsAreFolded(t *testing.T) {
	p := newPages(t)
	for _, tt := range []struct{ n, folded, shown int }{{0, 0, 0}, {12, 0, 12}, {13, 1, 13}, {250, 1, 250}, {1500, 1, 1001}} {
		var groups []Group
		for i := range tt.n {
			groups = append(groups, Group{ID: fmt.Sprintf("group-%d", i)})
		}
		pg := render(t, func(w http.ResponseWriter) { p.Me(w, Me{Groups: groups}) })
		if got := len(pg.all("details")); got != tt.folded {
			t.Errorf("%d groups: %d folded lists, want %d", tt.n, got, tt.folded)
		}
		if got := len(pg.all("li")); got != tt.shown {
			t.Errorf("%d groups: %d entries, want %d", tt.n, got, tt.shown)
		}
		if tt.folded == 1 && !strings.Contains(pg.text, fmt.Sprintf("Show all %d", tt.n)) {
			t.Errorf("%d groups: the number is not shown", tt.n)
		}
	}
}

func TestMe(t *testing.T) {
	p := newPages(t)
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.FixedZone("", 3600))
	me := Me{
		Name: "Ada", PreferredUsername: "ada@example.com", Email: "a@example.com", Tenant: "t-1", Object: "o-1",
		Roles: []string{"Admin"}, SignedIn: at, Expires: at.Add(8 * time.Hour), SignOutURL: "/easyauth/logout",
	}
	pg := render(t, func(w http.ResponseWriter) { p.Me(w, me) })
	for _, want := range []string{"Ada", "ada@example.com", "a@example.com", "t-1", "o-1", "Admin", "2 January 2026, 02:04 UTC", "10:04 UTC", "Sign out", "none"} {
		if !strings.Contains(pg.text, want) {
			t.Errorf("%q is not on the page", want)
		}
	}
	if pg.Code != 200 || attr(pg.all("time")[0], "datetime") != "2026-01-02T02:04:05Z" {
		t.Errorf("status %d, time %v", pg.Code, pg.all("time"))
	}

	me.GroupsUnknown = true
	unknown := render(t, func(w http.ResponseWriter) { p.Me(w, me) })
	if strings.Contains(pg.text, "Not known") || !strings.Contains(unknown.text, "Not known") {
		t.Error("unknown groups must not look like none, nor none like unknown")
	}

	empty := render(t, func(w http.ResponseWriter) { p.Me(w, Me{}) })
	if len(empty.all("time")) != 0 || len(empty.all("a")) != 0 || strings.Contains(empty.text, "0001") || textOf(empty.all("h1")[0]) != "You are signed in" {
		t.Errorf("a user without claims: %q", empty.text)
	}
	noName := render(t, func(w http.ResponseWriter) { p.Me(w, Me{PreferredUsername: "ada@example.com"}) })
	if got := textOf(noName.all("h1")[0]); got != "ada@example.com" {
		t.Errorf("heading %q", got)
	}
}

func TestHugeTextsAreCapped(t *testing.T) {
	for name, pg := range every(t, strings.Repeat("€", 64<<10)) {
		if n := pg.Body.Len(); n > 64<<10 && name != "confirm" { // the return URL there is bounded by its own rules
			t.Errorf("%s: %d bytes", name, n)
		}
		if !strings.Contains(pg.text, "…") {
			t.Errorf("%s: nothing says that a text was cut", name)
		}
	}
}

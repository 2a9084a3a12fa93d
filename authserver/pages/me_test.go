package pages

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"
)

func renderMe(t *testing.T, m Me) page {
	t.Helper()
	p := newPages(t)
	return render(t, func(w http.ResponseWriter) { p.Me(w, m) })
}

// rowOf is what stands beside a label, and whether the label is there.
func rowOf(pg page, label string) (*html.Node, bool) {
	for _, dt := range pg.all("dt") {
		if textOf(dt) == label {
			return dt.NextSibling, true
		}
	}
	return nil, false
}

func itemsOf(n *html.Node) []string {
	var items []string
	for d := range n.Descendants() {
		if d.Type == html.ElementNode && d.Data == "li" {
			items = append(items, strings.TrimSpace(textOf(d)))
		}
	}
	return items
}

func TestHowThePersonSignedIn(t *testing.T) {
	me := Me{
		AuthTime: time.Date(2026, 1, 2, 3, 4, 0, 0, time.UTC), Methods: []string{"pwd", "mfa", "ngcmfa", "own-method", "", "PWD"},
		Contexts: []string{"c1", "phr"},
	}
	pg := renderMe(t, me)
	for label, want := range map[string][]string{
		"Signed in with":  {"Password", "Several factors", "own-method", "PWD"}, // the values are case-sensitive; nothing is said twice
		"Sign-in context": {"c1", "Resistant to phishing"},
	} {
		row, ok := rowOf(pg, label)
		if !ok {
			t.Errorf("%s is missing", label)
		} else if got := itemsOf(row); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", label, got, want)
		}
	}
	if row, ok := rowOf(pg, "Identity checked"); !ok || textOf(row) != "2 January 2026, 03:04 UTC" {
		t.Error("the time of the proof is not shown")
	}
	bare := renderMe(t, Me{Methods: []string{""}})
	for _, label := range []string{"Identity checked", "Signed in with", "Sign-in context", "Signed in", "Session ends"} {
		if _, ok := rowOf(bare, label); ok {
			t.Errorf("%s is shown although it is not known", label)
		}
	}
}

// No words may be mistaken for others, and a value of one list means nothing in
// the other.
func TestWordsAreForTheirList(t *testing.T) {
	pg := renderMe(t, Me{Methods: []string{"phr"}, Contexts: []string{"pwd"}})
	for label, want := range map[string]string{"Signed in with": "phr", "Sign-in context": "pwd"} {
		if row, ok := rowOf(pg, label); !ok || !slices.Equal(itemsOf(row), []string{want}) {
			t.Errorf("%s does not show %s as it is", label, want)
		}
	}
	for _, words := range []map[string]string{methodWords(), contextWords()} {
		for value, word := range words {
			if word == "" || Cap(word, maxLabel) != word || value == "" {
				t.Errorf("%q is %q", value, word)
			}
		}
	}
}

func TestGroupsByName(t *testing.T) {
	for _, tt := range []struct {
		name   string
		groups []Group
		want   []string
	}{
		{"with names first, by name", []Group{{"3", ""}, {"1", "beta"}, {"2", "Alpha"}, {"0", ""}}, []string{"Alpha 2", "beta 1", "3", "0"}},
		{"a name alone", []Group{{"", "Alpha"}}, []string{"Alpha"}},
		{"two of one name", []Group{{"2", "Alpha"}, {"1", "Alpha"}}, []string{"Alpha 2", "Alpha 1"}},
		{"a long name", []Group{{"1", strings.Repeat("n", maxGroup+1)}}, []string{strings.Repeat("n", maxGroup-1) + "… 1"}},
	} {
		before := slices.Clone(tt.groups)
		row, ok := rowOf(renderMe(t, Me{Groups: tt.groups}), "Groups")
		if !ok {
			t.Fatalf("%s: no groups", tt.name)
		}
		if got := itemsOf(row); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
		if !slices.Equal(tt.groups, before) {
			t.Errorf("%s: the caller's list was sorted", tt.name)
		}
	}
}

func TestInitialsOnThePage(t *testing.T) {
	for _, tt := range []struct {
		name string
		me   Me
		want string // "": the picture of a person
	}{
		{"name", Me{Name: "Adele Vance", PreferredUsername: "x@example.com"}, "AV"},
		{"user name", Me{PreferredUsername: "ada.lovelace@example.com"}, "AL"},
		{"a name of blanks", Me{Name: " \t", PreferredUsername: "ada@example.com"}, "A"},
		{"a name without letters", Me{Name: "🙂"}, ""},
		{"no name", Me{}, ""},
	} {
		pg := renderMe(t, tt.me)
		var got []string
		for _, div := range pg.all("div") {
			if attr(div, "class") == "badge initials" {
				got = append(got, textOf(div))
				if attr(div, "aria-hidden") != "true" {
					t.Errorf("%s: the initials are read aloud before the name", tt.name)
				}
			}
		}
		if strings.Join(got, " ") != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestMeFormsNeedAnAction(t *testing.T) {
	sessions := []Session{{Handle: "h-0", Current: true}, {Handle: "h-1"}}
	for _, tt := range []struct {
		name, action string
		origins      []string
		policy       string
		buttons      []string
	}{
		{"none", "", []string{"https://login.example.com"}, "form-action 'none'", nil},
		{"a script", "javascript:alert(1)", []string{"https://login.example.com"}, "form-action 'none'", nil},
		{"another scheme's host", "//evil.example/", nil, "form-action 'none'", nil},
		{"ours", "/easyauth/me", nil, "form-action 'self'", []string{"session=h-1", "everywhere=1"}},
		{
			"ours, and on to the provider", "/easyauth/me",
			[]string{"https://login.example.com", "https://evil.example; script-src *"},
			"form-action 'self' https://login.example.com",
			[]string{"session=h-1", "everywhere=1"},
		},
	} {
		pg := renderMe(t, Me{Action: tt.action, FormOrigins: tt.origins, Sessions: sessions})
		if policy := pg.Header().Get("Content-Security-Policy"); !strings.Contains(policy, "; "+tt.policy+"; ") {
			t.Errorf("%s: %s", tt.name, policy)
		}
		var got []string
		for _, b := range pg.all("button") {
			got = append(got, attr(b, "name")+"="+attr(b, "value"))
			if attr(b, "type") != "submit" {
				t.Errorf("%s: a button does nothing", tt.name)
			}
		}
		if !slices.Equal(got, tt.buttons) {
			t.Errorf("%s: buttons %v, want %v", tt.name, got, tt.buttons)
		}
		for _, f := range pg.all("form") {
			if attr(f, "method") != "post" || attr(f, "action") != tt.action {
				t.Errorf("%s: form %v", tt.name, f.Attr)
			}
		}
		if !strings.Contains(pg.text, "This session") {
			t.Errorf("%s: the sessions are not shown", tt.name)
		}
	}
}

func TestSignOutStaysALink(t *testing.T) {
	for _, action := range []string{"", "/easyauth/me"} {
		pg := renderMe(t, Me{Action: action, SignOutURL: "/easyauth/logout"})
		if a := pg.all("a"); len(a) != 1 || attr(a[0], "href") != "/easyauth/logout" || textOf(a[0]) != "Sign out" {
			t.Errorf("with the action %q: %v", action, a)
		}
		if pg := renderMe(t, Me{Action: action, SignOutURL: "javascript:x"}); len(pg.all("a")) != 0 {
			t.Errorf("with the action %q: a script became a link", action)
		}
	}
}

func TestManyGroupsStayWithinBounds(t *testing.T) {
	var groups []Group
	for i := range 20_000 {
		groups = append(groups, Group{fmt.Sprintf("%036d", i), strings.Repeat("g", 300)})
	}
	pg := renderMe(t, Me{Groups: groups})
	if n := pg.Body.Len(); n > 512<<10 {
		t.Errorf("%d bytes", n)
	}
	if !strings.Contains(pg.text, "Show all 20000") || !strings.Contains(pg.text, "and 19000 more") {
		t.Error("nothing says how many there are")
	}
}

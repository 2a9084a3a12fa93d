package e2e

import (
	"fmt"
	"html"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/pages"
)

// writePage answers with one kind of page.
type writePage func(*pages.Pages, http.ResponseWriter)

// kindsOfPage are pages as people meet them, with the awkward contents that an
// identity provider may bring.
func kindsOfPage() map[string]writePage {
	kinds := kindsOfMessage()
	maps.Copy(kinds, kindsOfMe())
	for name, everywhere := range map[string]bool{"confirm": false, "confirm-everywhere": true} {
		kinds[name] = func(p *pages.Pages, w http.ResponseWriter) {
			p.ConfirmSignOut(w, pages.ConfirmSignOut{
				Action: "/arrived", ReturnURL: "/arrived?rd", User: "adele.vance.of.the.northern.branch@contoso.example.com", Everywhere: everywhere,
			})
		}
	}
	return kinds
}

func kindsOfMessage() map[string]writePage {
	message := func(m pages.Message) writePage {
		return func(p *pages.Pages, w http.ResponseWriter) { p.Message(w, m) }
	}
	again := []pages.Link{{Text: "Try again", URL: "/arrived"}, {Text: "Sign in as someone else", URL: "/arrived?prompt=select_account"}}
	host := pages.Detail{Label: "Application", Values: []string{"orders.apps.contoso.example.com"}}
	var many []string
	for i := range 250 {
		many = append(many, someID(i))
	}
	return map[string]writePage{
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
	}
}

// kindsOfMe are pages about a person, from one who has next to nothing to one of
// whom there is too much.
func kindsOfMe() map[string]writePage {
	at := time.Date(2026, 3, 4, 5, 6, 0, 0, time.UTC)
	groups := someGroups()
	me := pages.Me{
		Name: "Adele Vance", PreferredUsername: "adele.vance@contoso.example.com", Email: "adele@contoso.example.com",
		Tenant: someID(3), Object: someID(4), Roles: []string{"Orders.Admin", "Auditor"}, Scopes: []string{"Orders.Read", "User.Read"}, Groups: groups[:5],
		SignedIn: at, AuthTime: at.Add(-time.Minute), Expires: at.Add(8 * time.Hour), SignOutURL: "/arrived", Action: "/arrived",
		Methods: []string{"pwd", "mfa", "x-own"}, Contexts: []string{"c1"}, Sessions: someSessions(at, 3),
	}
	with := func(change func(*pages.Me)) writePage {
		m := me
		change(&m)
		return func(p *pages.Pages, w http.ResponseWriter) { p.Me(w, m) }
	}
	return map[string]writePage{
		"me":            with(func(*pages.Me) {}),
		"me-alone":      with(func(m *pages.Me) { m.Action, m.Sessions, m.Groups = "", nil, nil }),
		"me-everywhere": with(func(m *pages.Me) { m.Sessions = nil }),
		"me-many":       with(func(m *pages.Me) { m.Groups, m.Sessions = groups, someSessions(at, 14) }),
		longest:         with(func(m *pages.Me) { m.Sessions = someSessions(at, 150) }),
		"me-not-listed": with(func(m *pages.Me) { m.Sessions, m.SessionsUnknown, m.Groups, m.GroupsUnknown = nil, true, nil, true }),
		"me-long": with(func(m *pages.Me) {
			m.Name = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft Vorsitzende"
			m.PreferredUsername = strings.Repeat("a", 300) + "@contoso.example.com"
			m.Groups = []pages.Group{{ID: someID(9), Name: strings.Repeat("Gruppe", 60)}}
			m.Methods = []string{strings.Repeat("x", 300)}
			m.Sessions = []pages.Session{{Handle: "h", Label: strings.Repeat("w", 90), Seen: at}}
		}),
		"me-right-to-left": with(func(m *pages.Me) {
			m.Name = "أديل فانس"
			m.Groups = []pages.Group{{ID: someID(9), Name: "مجموعة المبيعات"}, {ID: someID(10), Name: "קבוצת המכירות"}}
			m.Roles = []string{"مدير الطلبات"}
		}),
		"me-hostile": with(func(m *pages.Me) {
			text := "<script>alert(1)</script>" + strings.Repeat("H̷̤ ", 3) + strings.Repeat("\u202e<b>x", 2500)
			m.Name, m.PreferredUsername, m.Email, m.Roles = text, text, text, []string{text}
			m.Groups = []pages.Group{{ID: text, Name: text}}
			m.Methods, m.Contexts = []string{text}, []string{text}
			m.Sessions = []pages.Session{{Handle: "h", Label: text, Seen: at, SignedIn: at}, {Current: true, Label: text}}
		}),
		"me-unknown": func(p *pages.Pages, w http.ResponseWriter) {
			p.Me(w, pages.Me{Name: "أديل فانس", GroupsUnknown: true})
		},
	}
}

// someID is like the id of an object.
func someID(i int) string { return fmt.Sprintf("%08x-0000-4000-8000-%012x", i*7919, i*i) }

// someGroups are more than a page shows unasked, with names of many kinds and without.
func someGroups() []pages.Group {
	names := []string{"Orders – Readers", "All employees", "SG-APP-ORDERS-PROD-ADMINS", "Vertrieb Süd", "مجموعة المبيعات", "営業部"}
	var groups []pages.Group
	for i := range 200 {
		g := pages.Group{ID: someID(i)}
		if i%5 != 4 {
			g.Name = fmt.Sprintf("%s %d", names[i%len(names)], i)
		}
		groups = append(groups, g)
	}
	return groups
}

func someSessions(at time.Time, n int) []pages.Session {
	browsers := []string{"Firefox on Linux", "Edge on Windows", "Safari on iPhone", "Samsung Internet on Android", ""}
	var list []pages.Session
	for i := range n {
		list = append(list, pages.Session{
			Handle: fmt.Sprintf("h-%d", i), Label: browsers[i%len(browsers)], Current: i == 1,
			SignedIn: at.Add(-time.Duration(i) * time.Hour), Seen: at.Add(-time.Duration(i) * time.Minute), Expires: at.Add(8 * time.Hour),
		})
	}
	return list
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
		if r.Method == http.MethodPost && r.ParseForm() == nil {
			how = "posted " + r.PostForm.Encode()
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = fmt.Fprint(w, html.EscapeString(how)) // the browser may be gone
	})
	return serveLocalhost(t, mux)
}

func serveLocalhost(t *testing.T, h http.Handler) (origin string) {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	return strings.Replace(srv.URL, "127.0.0.1", "localhost", 1)
}

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// longest is me-many with a hundred buttons instead of a dozen.
const longest = "me-more"

// kindsIn are the kinds to look at in a brand: all but the longest in none, and in the
// others those that have something of each colour.
func kindsIn(brand string) []string {
	switch brand {
	case "plain":
		return slices.DeleteFunc(sorted(kindsOfPage()), func(kind string) bool { return kind == longest })
	case "yellow":
		return []string{"bad-request", "confirm-everywhere", "forbidden", "long", "me", "me-many", "signed-out"}
	}
	return []string{"confirm", "forbidden", "me"} // the frame is what differs
}

package pages

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"
)

// shownSessions are the entries of the list, each as its text in one line.
func shownSessions(pg page) []string {
	var shown []string
	for _, section := range pg.all("section") {
		for d := range section.Descendants() {
			if d.Type == html.ElementNode && d.Data == "li" {
				shown = append(shown, strings.Join(strings.Fields(textOf(d)), " "))
			}
		}
	}
	return shown
}

func TestSessions(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 0, 0, time.UTC)
	sessions := []Session{
		{Handle: "old", Label: "Edge on Windows", Seen: at.Add(-time.Hour)},
		{Handle: "new", Label: "Firefox on Linux", SignedIn: at.Add(-time.Hour), Seen: at, Expires: at.Add(time.Hour)},
		{Handle: "this", Label: "Safari on iPhone", Current: true, Seen: at.Add(-2 * time.Hour)},
		{Handle: "bare"},
	}
	pg := renderMe(t, Me{Action: "/x", Sessions: sessions})
	want := []string{
		"Safari on iPhone This session Last used 2 January 2026, 01:04 UTC",
		"Firefox on Linux Signed in 2 January 2026, 02:04 UTC Last used 2 January 2026, 03:04 UTC Ends 2 January 2026, 04:04 UTC End session",
		"Edge on Windows Last used 2 January 2026, 02:04 UTC End session",
		"Unknown browser End session",
	}
	if got := shownSessions(pg); !slices.Equal(got, want) {
		t.Errorf("%q\nwant %q", got, want)
	}
	if sessions[0].Handle != "old" {
		t.Error("the caller's list was sorted")
	}
	names := map[string]bool{}
	for _, b := range pg.all("button") {
		if attr(b, "name") == "session" {
			names[attr(b, "aria-label")] = true
		}
	}
	for _, want := range []string{
		"End session: Firefox on Linux, signed in 2 January 2026, 02:04 UTC", "End session: Edge on Windows", "End session: Unknown browser",
	} {
		if !names[want] {
			t.Errorf("no button is called %q: %v", want, names)
		}
	}
}

// No list, one that could not be read, and an empty one are three things.
func TestSessionsUnknownIsNotNone(t *testing.T) {
	const cannot = "cannot be listed"
	for _, tt := range []struct {
		name           string
		me             Me
		section, fault bool
		sessions       int
	}{
		{"no list", Me{}, false, false, 0},
		{"no list, but everything can be ended", Me{Action: "/x"}, false, false, 0},
		{"unknown", Me{SessionsUnknown: true}, true, true, 0},
		{"unknown wins", Me{SessionsUnknown: true, Sessions: []Session{{Label: "Firefox"}}}, true, true, 0},
		{"this one alone", Me{Sessions: []Session{{Current: true}}}, true, false, 1},
	} {
		pg := renderMe(t, tt.me)
		if got := strings.Contains(pg.text, "Your sessions"); got != tt.section {
			t.Errorf("%s: section %v", tt.name, got)
		}
		if got := strings.Contains(pg.text, cannot); got != tt.fault {
			t.Errorf("%s: fault %v", tt.name, got)
		}
		if got := len(shownSessions(pg)); got != tt.sessions {
			t.Errorf("%s: %d sessions", tt.name, got)
		}
	}
}

func TestManySessions(t *testing.T) {
	for _, tt := range []struct{ n, folded, shown, more int }{{1, 0, 1, 0}, {13, 0, 13, 0}, {14, 1, 14, 0}, {100, 87, 100, 0}, {101, 87, 100, 1}, {5000, 87, 100, 4900}} {
		sessions := make([]Session, tt.n)
		for i := range sessions {
			sessions[i] = Session{Handle: fmt.Sprintf("h-%d", i), Label: strings.Repeat("x", 300), Current: i == tt.n-1}
		}
		pg := renderMe(t, Me{Action: "/x", Sessions: sessions})
		shown := shownSessions(pg)
		if len(shown) != tt.shown || !strings.Contains(shown[0], "This session") {
			t.Errorf("%d sessions: %d are shown", tt.n, len(shown))
		}
		if got := strings.Contains(pg.text, fmt.Sprintf("Show %d more", tt.folded)); got != (tt.folded > 0) {
			t.Errorf("%d sessions: folded %v", tt.n, got)
		}
		if got := strings.Contains(pg.text, fmt.Sprintf("and %d more", tt.more)); got != (tt.more > 0) {
			t.Errorf("%d sessions: more %v", tt.n, got)
		}
		if n := pg.Body.Len(); n > 128<<10 {
			t.Errorf("%d sessions: %d bytes", tt.n, n)
		}
	}
}

// A handle that is none gets no button, and never becomes part of the page.
func TestHandles(t *testing.T) {
	for _, tt := range []struct {
		handle string
		button bool
	}{
		{"", false},
		{" ", false},
		{"a b", false},
		{"a\"b", false},
		{"<b>", false},
		{"a=b", false},
		{"a&everywhere", false},
		{"ä", false},
		{"a\x00", false},
		{strings.Repeat("a", maxHandle+1), false},
		{strings.Repeat("a", maxHandle), true},
		{"0aZ-_9", true},
	} {
		pg := renderMe(t, Me{Action: "/x", Sessions: []Session{{Handle: tt.handle}}})
		var got []string
		for _, b := range pg.all("button") {
			if attr(b, "name") == "session" {
				got = append(got, attr(b, "value"))
			}
		}
		if want := []string{tt.handle}; tt.button && !slices.Equal(got, want) || !tt.button && len(got) > 0 {
			t.Errorf("%.40q: buttons %.40q", tt.handle, got)
		}
	}
}

package pages

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Session is one of a person's sessions. Times that are zero are not shown.
type Session struct {
	Handle                  string // what the button posts: at most 128 of A-Z, a-z, 0-9, "-" and "_"; anything else has no button
	Label                   string // which browser: see AgentLabel; "" if that is not known
	SignedIn, Seen, Expires time.Time
	Current                 bool // the session of this very browser; it has no button
}

// Limits of the list of sessions.
const (
	maxHandle         = 128 // bytes
	maxSessions       = 100 // the rest is counted
	foldSessionsAbove = 13  // this one and a dozen others; more are folded away
)

// sessionList is sessions for the template: this one first, then the latest used.
type sessionList struct {
	Shown, Folded []sessionView
	Count         int // before cutting
	More          int // how many are in neither
	Unknown       bool
}

type sessionView struct {
	Handle                  string // "": it has no button
	Label                   string
	SignedIn, Seen, Expires moment
	Current                 bool
}

// newSessionList makes buttons only where there is a form.
func newSessionList(sessions []Session, unknown, form bool) sessionList {
	l := sessionList{Count: len(sessions), Unknown: unknown}
	sorted := slices.Clone(sessions)
	slices.SortStableFunc(sorted, func(a, b Session) int {
		if a.Current != b.Current {
			if a.Current {
				return -1
			}
			return 1
		}
		return cmp.Or(b.Seen.Compare(a.Seen), b.SignedIn.Compare(a.SignedIn))
	})
	if len(sorted) > maxSessions {
		l.More = len(sorted) - maxSessions
		sorted = sorted[:maxSessions]
	}
	for i, s := range sorted {
		v := sessionView{
			Label: cmp.Or(Cap(s.Label, maxLabel), "Unknown browser"), Current: s.Current,
			SignedIn: newMoment(s.SignedIn), Seen: newMoment(s.Seen), Expires: newMoment(s.Expires),
		}
		if form && !s.Current && isHandle(s.Handle) {
			v.Handle = s.Handle
		}
		if i < foldSessionsAbove {
			l.Shown = append(l.Shown, v)
		} else {
			l.Folded = append(l.Folded, v)
		}
	}
	return l
}

func isHandle(s string) bool {
	return s != "" && len(s) <= maxHandle && !strings.ContainsFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '_'
	})
}

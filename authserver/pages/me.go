package pages

import (
	"net/http"
	"strings"
	"time"
)

// Me is what a signed-in user may read about themselves. What is empty or zero
// is not shown, except that roles, scopes and groups say "none".
type Me struct {
	Name, PreferredUsername, Email, Tenant, Object string

	Roles, Scopes []string
	Groups        []Group
	GroupsUnknown bool // the token could not hold them: not the same as none

	AuthTime time.Time // when the person last proved who they are; may be before SignedIn
	Methods  []string  // how, in the words of amr: those of RFC 8176 are put in plain English
	Contexts []string  // authentication contexts, acrs or acr

	SignedIn, Expires time.Time
	SignOutURL        string

	Sessions        []Session // all of the person's, in any order; empty: there is no list of them
	SessionsUnknown bool      // they could not be asked for: not the same as none
	Action          string    // where the forms post to; "": nothing can be ended here but this session, by SignOutURL
	FormOrigins     []string  // origins that the answer to a form may redirect to, as in ConfirmSignOut
}

// Group is a group with its display name, or without one where it is not known.
type Group struct{ ID, Name string }

type meView struct {
	Rows       []row
	SignOutURL string
	Action     string // "": no forms
	Sessions   sessionList
}

// row is a label with what is shown beside it: one of the others.
type row struct {
	Label  string
	Text   string
	Time   *moment
	List   *list
	Groups *groupList
}

// moment is a time for people and for machines.
type moment struct{ Text, ISO string }

func newMoment(t time.Time) moment {
	if t.IsZero() {
		return moment{}
	}
	t = t.UTC()
	return moment{t.Format("2 January 2006, 15:04 UTC"), t.Format(time.RFC3339)}
}

// Me answers 200 with the page about the signed-in user. Its forms post
// session=<Session.Handle>, or everywhere=1, to m.Action; without an Action the
// Content-Security-Policy lets no form go anywhere.
func (p *Pages) Me(w http.ResponseWriter, m Me) {
	v := meView{Rows: m.rows(), SignOutURL: linkURL(m.SignOutURL), Action: linkURL(m.Action)}
	v.Sessions = newSessionList(m.Sessions, m.SessionsUnknown, v.Action != "")
	f := frame{Title: "You are signed in", Icon: "person", Wide: true, Page: v}
	if name := m.shownName(); name != "" {
		f.Title, f.Initials = name, initials(name)
	}
	policy := "'none'"
	if v.Action != "" {
		policy = formAction(m.FormOrigins)
	}
	p.write(w, http.StatusOK, kindMe, f, policy)
}

// shownName is what the person is called, perhaps "".
func (m *Me) shownName() string {
	if name := strings.TrimSpace(Cap(m.Name, maxTitle)); name != "" {
		return name
	}
	return strings.TrimSpace(Cap(m.PreferredUsername, maxTitle))
}

// rows are who the person is, what they may do, and how they signed in.
func (m *Me) rows() []row {
	var rows []row
	text := func(label, s string) {
		if s = Cap(s, maxValue); s != "" {
			rows = append(rows, row{Label: label, Text: s})
		}
	}
	list := func(label string, values []string, always bool) {
		if l := newList(values); always || l.Count > 0 {
			rows = append(rows, row{Label: label, List: &l})
		}
	}
	moment := func(label string, t time.Time) {
		if at := newMoment(t); at.Text != "" {
			rows = append(rows, row{Label: label, Time: &at})
		}
	}
	text("User name", m.PreferredUsername)
	text("Email", m.Email)
	text("Tenant id", m.Tenant)
	text("Object id", m.Object)
	list("Roles", m.Roles, true)
	groups := newGroupList(m.Groups, m.GroupsUnknown)
	rows = append(rows, row{Label: "Groups", Groups: &groups})
	list("Scopes", m.Scopes, true)
	moment("Signed in", m.SignedIn)
	moment("Identity checked", m.AuthTime)
	list("Signed in with", plainMethods(m.Methods), false)
	list("Sign-in context", plainContexts(m.Contexts), false)
	moment("Session ends", m.Expires)
	return rows
}

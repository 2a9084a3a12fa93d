package pages

import (
	"net/http"
	"time"
)

// ConfirmSignOut is the question before a sign-out that the person may not have
// asked for.
type ConfirmSignOut struct {
	Action      string   // where the form posts to: our logout path
	ReturnURL   string   // posted as "rd" as it is; also the way back, if it may be a link
	User        string   // who is signed in; may be empty
	FormOrigins []string // origins that the answer to the form may redirect to, "https://*.apps.example.com"
}

type confirmView struct {
	Action, ReturnURL, Back, User string
}

// ConfirmSignOut answers 200 with a form that posts rd to c.Action. The
// Content-Security-Policy lets the form go to our own origin and FormOrigins.
func (p *Pages) ConfirmSignOut(w http.ResponseWriter, c ConfirmSignOut) {
	v := confirmView{
		Action:    linkURL(c.Action), // empty: the form posts to the page's own address
		ReturnURL: c.ReturnURL,
		Back:      linkURL(c.ReturnURL),
		User:      Cap(c.User, maxValue),
	}
	f := frame{Title: "Do you want to sign out?", Icon: "door", Page: v}
	p.write(w, http.StatusOK, kindConfirm, f, formAction(c.FormOrigins))
}

// Me is what a signed-in user may read about themselves.
type Me struct {
	Name, PreferredUsername, Email, Tenant, Object string

	Roles, Scopes, Groups []string
	GroupsUnknown         bool // the token could not hold them: not the same as none

	SignedIn, Expires time.Time // not shown when zero
	SignOutURL        string
}

type meView struct {
	Facts             []fact
	Lists             []meList
	SignedIn, Expires moment
	SignOutURL        string
}

type fact struct{ Label, Value string }

type meList struct {
	Label, Unit string
	List        list
	Unknown     bool
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

// Me answers 200 with the page about the signed-in user.
func (p *Pages) Me(w http.ResponseWriter, m Me) {
	v := meView{
		SignedIn: newMoment(m.SignedIn), Expires: newMoment(m.Expires),
		SignOutURL: linkURL(m.SignOutURL),
		Lists: []meList{
			{Label: "Roles", Unit: "roles", List: newList(m.Roles)},
			{Label: "Scopes", Unit: "scopes", List: newList(m.Scopes)},
			{Label: "Groups", Unit: "groups", List: newList(m.Groups), Unknown: m.GroupsUnknown},
		},
	}
	for _, f := range []fact{
		{"User name", m.PreferredUsername},
		{"Email", m.Email},
		{"Tenant id", m.Tenant},
		{"Object id", m.Object},
	} {
		if f.Value = Cap(f.Value, maxValue); f.Value != "" {
			v.Facts = append(v.Facts, f)
		}
	}
	title := Cap(m.Name, maxTitle)
	if title == "" {
		title = Cap(m.PreferredUsername, maxTitle)
	}
	if title == "" {
		title = "You are signed in"
	}
	p.write(w, http.StatusOK, kindMe, frame{Title: title, Icon: "person", Wide: true, Page: v}, "'none'")
}

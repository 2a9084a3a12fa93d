package pages

import "net/http"

// ConfirmSignOut is the question before a sign-out that the person may not have
// asked for.
type ConfirmSignOut struct {
	Action      string   // where the form posts to: our logout path
	ReturnURL   string   // posted as "rd" as it is; also the way back, if it may be a link
	User        string   // who is signed in; may be empty
	Everywhere  bool     // offer to end the person's other sessions too: a second button posts everywhere=1
	FormOrigins []string // origins that the answer to the form may redirect to, "https://*.apps.example.com"
}

type confirmView struct {
	Action, ReturnURL, Back, User string
	Everywhere                    bool
}

// ConfirmSignOut answers 200 with a form that posts rd to c.Action. The
// Content-Security-Policy lets the form go to our own origin and FormOrigins.
func (p *Pages) ConfirmSignOut(w http.ResponseWriter, c ConfirmSignOut) {
	v := confirmView{
		Action:     linkURL(c.Action), // empty: the form posts to the page's own address
		ReturnURL:  c.ReturnURL,
		Back:       linkURL(c.ReturnURL),
		User:       Cap(c.User, maxValue),
		Everywhere: c.Everywhere,
	}
	f := frame{Title: "Do you want to sign out?", Icon: "door", Page: v}
	p.write(w, http.StatusOK, kindConfirm, f, formAction(c.FormOrigins))
}

package pages

import (
	"net/http"
	"strings"
)

// ConfirmProgram is the question whether a program may act for the person.
type ConfirmProgram struct {
	Action         string // where the form posts to: a path of ours; anything else shows no form
	Request, Proof string // posted as "request" and "token" as they are; with more than 4,000 bytes in one there is no form
	Target         string // where the answer goes: scheme, host and port of the program's address
	Local          bool   // that is this computer
	Application    string // host of the application that the program will use
	Name, Account  string // of the person; either may be empty
}

const maxPosted = 4000 // bytes of what a form carries for us

type confirmProgramView struct {
	Action, Request, Proof, Target, Application, Name, Account string
	Local                                                      bool
}

// ConfirmProgram answers 200 with a form that posts request, token and decision, which
// is "allow" or "cancel". The Content-Security-Policy lets the form go to our own
// origin, and its answer to c.Target.
func (p *Pages) ConfirmProgram(w http.ResponseWriter, c ConfirmProgram) {
	v := confirmProgramView{
		Action: linkURL(c.Action), Request: c.Request, Proof: c.Proof, Target: Cap(c.Target, maxValue), Local: c.Local,
		Application: Cap(c.Application, maxValue), Name: Cap(c.Name, maxValue), Account: Cap(c.Account, maxValue),
	}
	if len(c.Request) > maxPosted || len(c.Proof) > maxPosted {
		v.Action, v.Request, v.Proof = "", "", ""
	}
	// Pages of the application are of the same origin: none may reach into this one, or
	// press its buttons, because it opened it.
	w.Header().Set("Cross-Origin-Opener-Policy", "same-origin")
	f := frame{Title: "Do you want to let a program in?", Icon: "person", Page: v}
	p.write(w, http.StatusOK, kindProgram, f, formActionTo(c.Target))
}

// formActionTo is formAction for one origin, which may be an IPv6 address: that cannot be
// written in a policy, and a browser would leave it out and stop the redirect, so its
// scheme stands for it.
func formActionTo(origin string) string {
	if scheme, found := strings.CutSuffix(origin[:strings.IndexByte(origin+"[", '[')], "//"); found && (scheme == "http:" || scheme == "https:") {
		return "'self' " + scheme
	}
	return formAction([]string{origin})
}

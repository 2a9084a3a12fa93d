package signin

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/entra"
	"github.com/easyauth-sidecar/easyauth/authserver/fault"
	"github.com/easyauth-sidecar/easyauth/authserver/hosts"
)

const (
	promptSelect = "select_account"
	promptNone   = "none"
)

// intent is what a person who comes to login wants.
type intent struct {
	page    string         // absolute URL to return to, checked
	denial  *Denial        // why the page was refused, if known
	missing access.Missing // what to ask the IdP for
	retry   bool           // sign in even so
	prompt  string         // of the authorization request
	claims  string         // a claims challenge of Microsoft Graph
	browser *browser       // nil: the request's
}

// silent reports whether the provider is asked to show nothing.
func (in *intent) silent() bool { return in.prompt == promptNone }

// Login starts a sign-in: GET /easyauth/login?rd=<page>.
func (h *Handler) Login() http.Handler { return h.step("login", h.login) }

func (h *Handler) login(w http.ResponseWriter, r *http.Request, v *visit) error {
	if host, _, _ := strings.Cut(r.Host, ":"); strings.HasSuffix(host, ".") {
		// The callback is on the host without the dot, and cookies set here would
		// not get there.
		v.result = "redirected"
		redirect(w, v.self.Origin()+h.Paths.Login+"?"+r.URL.RawQuery)
		return nil
	}
	in, err := h.intent(r, v)
	if err != nil {
		return err
	}
	v.back = in.page
	if in.denial == nil { // it may have been lost: whose session cannot be told is not signed out
		if _, err := h.session(r); err != nil {
			return err
		}
	}
	if !v.navigation {
		return h.loginElsewhere(w, r, v, in)
	}
	if d := in.denial; d != nil && !in.retry {
		done, err := h.answerDenial(w, r, v, in)
		if done || err != nil {
			return err
		}
	}
	if !h.ready(r.Context()) {
		return errUnavailable(entra.ErrNotReady)
	}
	if h.CallbackHost != (hosts.Host{}) && v.self != h.CallbackHost {
		return h.handOver(w, r, v, in)
	}
	return h.begin(w, r, v, in, 0)
}

// recheckAfter is how old a could-not-tell must be not to be believed any more. It
// is more than clocks should differ.
const recheckAfter = 30 * time.Second

// readyWait is how long a process that has just started lets somebody wait for the
// provider's document.
const readyWait = 2 * time.Second

// ready reports whether the provider's document has been read, and waits a moment
// for it.
func (h *Handler) ready(ctx context.Context) bool {
	const look = 20 * time.Millisecond
	for wait := readyWait; ; wait -= look {
		switch {
		case h.Provider.Ready():
			return true
		case wait <= 0:
			return false
		}
		select {
		case <-ctx.Done():
			return false
		case <-time.After(look):
		}
	}
}

// answerDenial answers a page that was refused for a known reason, as far as
// that needs no sign-in. It reports whether it did.
func (h *Handler) answerDenial(w http.ResponseWriter, r *http.Request, v *visit, in *intent) (done bool, err error) {
	d := in.denial
	switch {
	case d.Outcome == access.Forbid:
		return true, errForbidden(d, in.page)
	case h.settled(r, d):
		return true, h.goBack(w, r, v, in.page)
	case d.Outcome == access.Unsure && len(in.missing.Groups) == 0 && h.Now().Sub(d.At) >= recheckAfter:
		// The page of a while ago, reloaded: ask again instead of repeating it. Where
		// clocks are further apart than that, the denial may be new all the same.
		looping, err := h.returns(w, r, targetOf(in.page, "checked again"))
		switch {
		case err != nil:
			return true, err
		case looping:
			return true, errUnsure(unsurePause)
		}
		v.result = "checked_again"
		redirect(w, in.page)
		return true, nil
	case d.Outcome == access.Unsure:
		return h.renewGroups(r, in)
	case d.Renew:
		return h.renew(w, r, v, in)
	case d.Outcome == access.StepUp && d.Truncated && d.Missing.Empty():
		return true, errTooMuchAsked(in.page, errors.New("nothing of it fits into the denial cookie"))
	}
	return false, nil
}

// intent reads rd (or a hand-over of another host) and the page's denial.
func (h *Handler) intent(r *http.Request, v *visit) (*intent, error) {
	q, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, errRequest("The address of this page is malformed.", errors.New("malformed query"))
	}
	for _, name := range []string{"rd", "for", "h", "prompt", "retry"} {
		if len(q[name]) > 1 {
			return nil, errRequest("The address of this page is malformed.", errors.New("parameter "+name+" is repeated"))
		}
	}
	if q.Has("h") {
		if v.self != h.CallbackHost {
			return nil, errState(fault.StateInvalid, errors.New("a hand-over for another host"))
		}
		return h.openHandOver(r, q.Get("h"))
	}
	in := &intent{retry: q.Get("retry") == "1", prompt: q.Get("prompt")}
	if in.prompt != "" && in.prompt != promptSelect { // "none" is ours alone to choose
		return nil, errRequest("The address of this page is malformed.", errors.New("prompt must be "+promptSelect))
	}
	in.retry = in.retry || in.prompt != ""
	in.page, _ = h.Hosts.ReturnURL(q.Get("rd"), v.self)
	denied := q.Get("rd")
	if q.Has("for") { // a script was refused, and the person returns to its page
		denied = q.Get("for")
	}
	if in.denial = h.findDenial(r.Header, denied, v.self); in.denial != nil {
		in.missing = in.denial.Missing
		in.missing.Roles = nil // no sign-in asks for roles
	}
	return in, nil
}

func errRequest(text string, err error) *fault.Error {
	return &fault.Error{Status: http.StatusBadRequest, Reason: fault.BadRequest, Title: "Bad request", Text: text, Err: err}
}

// findDenial looks up what a page was refused for by the text of rd itself: also
// of a page that rd may not lead back to.
func (h *Handler) findDenial(header http.Header, rd string, self hosts.Host) *Denial {
	if strings.HasPrefix(rd, "/") {
		uri, _, _ := strings.Cut(rd, "#")
		return h.Denials.Find(header, self.Name, uri)
	}
	uri, _, _ := strings.Cut(rd, "#")
	original, err := hosts.ParseOriginal([]string{uri})
	if err != nil {
		return nil
	}
	return h.Denials.Find(header, original.Host, original.RequestURI)
}

// settled reports whether a valid ticket that is newer than the denial has what
// was missing: another tab signed in meanwhile.
func (h *Handler) settled(r *http.Request, d *Denial) bool {
	s, _, _ := h.Sessions.Read(r.Context(), r.Header)
	return s != nil && s.Issued.After(d.At) && h.unmet(s, d.Missing).Empty()
}

// goBack returns to the page of a person who is signed in. It counts as a
// completed sign-in and as the start of the next: if the page goes on to refuse
// (clocks that differ, cookies that nginx does not pass on), that ends on a page.
func (h *Handler) goBack(w http.ResponseWriter, r *http.Request, v *visit, page string) error {
	looping, err := h.returns(w, r, pageTarget(page))
	switch {
	case err != nil:
		return err
	case looping:
		return errLoop(page)
	}
	v.result = "signed_in_already"
	redirect(w, page)
	return nil
}

// returns counts that this browser is sent back to a page, and reports whether that
// happens again and again.
func (h *Handler) returns(w http.ResponseWriter, r *http.Request, page target) (looping bool, err error) {
	b := h.browsers.read(r.Header)
	if b == nil {
		b = h.browsers.create()
	}
	now := h.Now()
	b.complete(page, now)
	if looping = !b.start(page, now); looping {
		b.forget(page)
	}
	line, err := h.browsers.set(b)
	if err != nil {
		return false, err
	}
	w.Header().Add("Set-Cookie", line)
	return looping, nil
}

// defaultOf is the default page of the host that a page is on.
func (h *Handler) defaultOf(page string, self hosts.Host) string {
	if host, served := h.Hosts.Host(application(page)); served {
		self = host
	}
	return h.Hosts.Default(self)
}

func (h *Handler) redirectURI(v *visit) string { return v.self.Origin() + h.Paths.Callback }

func pageTarget(page string) target { return targetOf(page, "") }

func errTooMuchAsked(page string, err error) *fault.Error {
	return &fault.Error{
		Status: http.StatusInternalServerError, Reason: fault.TooMuchAsked, Err: err,
		Title:   "This page asks for too much",
		Text:    "The scopes and graph queries of this page do not fit into one sign-in. An administrator can shorten them, or give queries a name in EASYAUTH_GRAPH_QUERIES.",
		Details: describe(access.Missing{}, application(page)),
	}
}

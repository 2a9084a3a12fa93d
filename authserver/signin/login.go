package signin

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/cookie"
	"github.com/easyauth-sidecar/easyauth/authserver/entra"
	"github.com/easyauth-sidecar/easyauth/authserver/fault"
	"github.com/easyauth-sidecar/easyauth/authserver/hosts"
	"github.com/easyauth-sidecar/easyauth/authserver/seal"
	"github.com/easyauth-sidecar/easyauth/authserver/wire"
)

const (
	handoverLifetime = time.Minute
	maxHandover      = 3000 // characters: a Location that fits nginx's 4k buffer
	handoverName     = "handover"
	handoverToken    = 32 // characters
	// maxHandoverTokens: a sibling host may plant cookies beside ours.
	maxHandoverTokens = 4
	promptSelect      = "select_account"
	promptNone        = "none"
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
	if !v.navigation {
		return h.loginElsewhere(w, r, v, in)
	}
	if d := in.denial; d != nil && !in.retry {
		done, err := h.answerDenial(w, r, v, in)
		if done || err != nil {
			return err
		}
	}
	if !h.Provider.Ready() {
		return errUnavailable(entra.ErrNotReady)
	}
	if h.CallbackHost != (hosts.Host{}) && v.self != h.CallbackHost {
		return h.handOver(w, r, v, in)
	}
	return h.begin(w, r, v, in, 0)
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
	case d.Outcome == access.Unsure:
		return h.renewGroups(r, in)
	case d.Renew:
		return h.renew(w, r, v, in), nil
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
	s, _, _ := h.Sessions.Read(r.Header)
	return s != nil && s.Issued.After(d.At) && h.unmet(s, d.Missing).Empty()
}

// goBack returns to the page of a person who is signed in. It counts as a
// completed sign-in and as the start of the next: if the page goes on to refuse
// (clocks that differ, cookies that nginx does not pass on), that ends on a page.
func (h *Handler) goBack(w http.ResponseWriter, r *http.Request, v *visit, page string) error {
	b := h.browsers.read(r.Header)
	if b == nil {
		b = h.browsers.create()
	}
	now, target := h.Now(), pageTarget(page)
	b.complete(target, now)
	looping := !b.start(target, now)
	if looping {
		b.forget(target)
	}
	line, err := h.browsers.set(b)
	if err != nil {
		return err
	}
	w.Header().Add("Set-Cookie", line)
	if looping {
		return errLoop(page)
	}
	v.result = "signed_in_already"
	redirect(w, page)
	return nil
}

// handOver sends the person to the one host that signs in for all. What is
// missing goes along, sealed, and a short-lived cookie of both hosts proves that
// the same browser brings it: nobody can make another ask for more.
func (h *Handler) handOver(w http.ResponseWriter, r *http.Request, v *visit, in *intent) error {
	var token string
	if tokens := cookie.Values(r.Header, h.Cookies.HandOver.Name, 1); len(tokens) > 0 && len(tokens[0]) == handoverToken {
		token = tokens[0] // the tabs of a browser share one
	} else {
		var b [16]byte
		_, _ = rand.Read(b[:]) // never fails: crypto/rand
		token = hex.EncodeToString(b[:])
	}
	sealed, err := h.sealHandOver(token, in)
	if errors.Is(err, seal.ErrTooLong) { // a very long page
		in.page = h.defaultOf(in.page, v.self)
		sealed, err = h.sealHandOver(token, in)
	}
	if errors.Is(err, seal.ErrTooLong) {
		return errTooMuchAsked(in.page, err)
	}
	if err != nil {
		return err
	}
	w.Header().Add("Set-Cookie", h.Cookies.HandOver.Set(token, handoverLifetime))
	v.result = "handed_over"
	redirect(w, h.CallbackHost.Origin()+h.Paths.Login+"?"+url.Values{"h": {sealed}}.Encode())
	return nil
}

func (h *Handler) sealHandOver(token string, in *intent) (string, error) {
	var p wire.Writer
	p.Time(h.Now())
	p.Text(token)
	p.Text(in.page)
	p.Text(in.prompt)
	writeMissing(&p, h.names.short(in.missing))
	return h.handovers.Seal(handoverName, p)
}

func (h *Handler) openHandOver(r *http.Request, sealed string) (*intent, error) {
	plain, err := h.handovers.Open(handoverName, sealed)
	if err != nil {
		return nil, errState(fault.StateInvalid, err)
	}
	p := wire.NewReader(plain)
	at, token := p.Time(), p.Text()
	in := &intent{page: p.Text(), prompt: p.Text(), missing: h.names.long(readMissing(p))}
	if err := p.End(); err != nil {
		return nil, err
	}
	if age := h.Now().Sub(at); age > handoverLifetime || age < -handoverLifetime {
		return nil, errState(fault.StateExpired, errors.New("the hand-over is older than a minute"))
	}
	if !slices.Contains(cookie.Values(r.Header, h.Cookies.HandOver.Name, maxHandoverTokens), token) {
		// Another browser's: only the page is taken, as from any link.
		return &intent{page: in.page}, nil
	}
	return in, nil
}

// defaultOf is the default page of the host that a page is on.
func (h *Handler) defaultOf(page string, self hosts.Host) string {
	if host, served := h.Hosts.Host(application(page)); served {
		self = host
	}
	return h.Hosts.Default(self)
}

// begin sends the person to the IdP.
func (h *Handler) begin(w http.ResponseWriter, r *http.Request, v *visit, in *intent, restarts int) error {
	now := h.Now()
	a := &attempt{
		ID: newAttemptID(), Started: now, Return: in.page, Restarts: restarts,
		Silent: in.silent(), Challenged: in.claims != "", Groups: h.Groups.any(in.missing, h.groupsBefore(r)),
	}
	b := in.browser
	if b == nil {
		b = h.browsers.read(r.Header)
	}
	if b == nil {
		b = h.browsers.create()
	}
	if a.Silent && len(in.missing.Groups) > 0 {
		if now.Sub(b.Renewed) < groupsPause {
			return errUnsure(groupsPause)
		}
		b.Renewed = now
	}
	if page := pageTarget(in.page); !b.start(page, now) {
		b.forget(page)
		if line, err := h.browsers.set(b); err == nil {
			w.Header().Add("Set-Cookie", line)
		}
		return errLoop(in.page)
	}
	plan := h.plan(in.missing, a.Groups)
	a.Missing = asked(in.missing, plan)
	d, err := derive(b.Secret, a.ID)
	if err != nil {
		return err
	}
	a.Binder = d.binder
	state, returnCookie, err := h.attempts.seal(r.Header, a, h.defaultOf(in.page, v.self))
	if errors.Is(err, errTooMuch) {
		return errTooMuchAsked(in.page, err)
	}
	if err != nil {
		return err
	}
	target, err := h.Provider.AuthorizationURL(entra.AuthRequest{
		State: state, Nonce: d.nonce, Verifier: d.verifier, RedirectURI: h.redirectURI(v), Scopes: plan.Scopes,
		Prompt: in.prompt, LoginHint: h.loginHint(r, in), Claims: in.claims,
		Contexts: slices.Concat(a.Missing.Contexts...), Methods: slices.Concat(a.Missing.Methods...), MaxAge: a.Missing.MaxAge,
	})
	if err != nil {
		return err
	}
	line, err := h.browsers.set(b)
	if err != nil {
		return err
	}
	w.Header().Add("Set-Cookie", line)
	if returnCookie != "" {
		w.Header().Add("Set-Cookie", returnCookie)
	}
	v.result = "redirected"
	redirect(w, target)
	return nil
}

// plan is the same before and after the trip: it follows from what the attempt
// carries.
func (h *Handler) plan(m access.Missing, groups bool) entra.Plan {
	return h.Provider.Plan(h.Scopes, m, entra.PlanOptions{
		Graph:  len(m.Graph) > 0 || groups && h.Groups.Ask == AskAlways,
		Groups: groups,
	})
}

// groupsBefore are the groups that the request's session was asked for.
func (h *Handler) groupsBefore(r *http.Request) []string {
	s, _, _ := h.Sessions.Read(r.Header)
	if s == nil {
		return nil
	}
	return s.Identity.GroupsChecked
}

// loginHint names the person whose session a silent sign-in renews: a browser
// that is signed in as several could otherwise not be silent.
func (h *Handler) loginHint(r *http.Request, in *intent) string {
	if !in.silent() {
		return ""
	}
	s, _, _ := h.Sessions.Read(r.Header)
	if s == nil {
		return ""
	}
	return s.Identity.PreferredUsername
}

// asked is the part of what is missing that this trip asks for: scopes of more
// resources than one trip has room for wait for the next one.
func asked(m access.Missing, plan entra.Plan) access.Missing {
	out := m
	out.Scopes = nil
	for _, clause := range m.Scopes {
		if slices.ContainsFunc(clause, func(name string) bool { return slices.Contains(plan.Scopes, name) }) {
			out.Scopes = append(out.Scopes, clause)
		}
	}
	return out
}

func (h *Handler) redirectURI(v *visit) string { return v.self.Origin() + h.Paths.Callback }

func pageTarget(page string) target { return targetOf(page, "") }

func errTooMuchAsked(page string, err error) *fault.Error {
	return &fault.Error{
		Status: http.StatusInternalServerError, Reason: fault.GraphTooLong, Err: err,
		Title:   "This page asks for too much",
		Text:    "The scopes and graph queries of this page do not fit into one sign-in. An administrator can shorten them, or give queries a name in EASYAUTH_GRAPH_QUERIES.",
		Details: describe(access.Missing{}, application(page)),
	}
}

package signin

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
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
	promptSelect     = "select_account"
)

// intent is what a person who comes to login wants.
type intent struct {
	page    string         // absolute URL to return to, checked
	denial  *Denial        // why the page was refused, if known
	missing access.Missing // what to ask the IdP for
	retry   bool           // sign in even so
	prompt  string         // of the authorization request
}

// Login starts a sign-in: GET /easyauth/login?rd=<page>.
func (h *Handler) Login() http.Handler { return h.step("login", h.login) }

func (h *Handler) login(w http.ResponseWriter, r *http.Request, v *visit) error {
	in, err := h.intent(r, v)
	if err != nil {
		return err
	}
	v.back = in.page
	if !v.navigation {
		return h.loginElsewhere(r, v, in)
	}
	if d := in.denial; d != nil && !in.retry {
		switch {
		case d.Outcome == access.Forbid:
			return errRole(d, in.page)
		case d.Outcome == access.Unsure:
			return errUnsure()
		case h.settled(r, d):
			v.result = "signed_in_already"
			redirect(w, in.page)
			return nil
		}
	}
	if !h.Provider.Ready() {
		return errUnavailable(entra.ErrNotReady)
	}
	if h.CallbackHost != (hosts.Host{}) && v.self != h.CallbackHost {
		return h.handOver(w, v, in)
	}
	return h.begin(w, r, v, in, 0)
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
		return h.openHandOver(q.Get("h"))
	}
	in := &intent{retry: q.Get("retry") == "1", prompt: q.Get("prompt")}
	if in.prompt != "" && in.prompt != promptSelect {
		return nil, errRequest("The address of this page is malformed.", errors.New("prompt must be "+promptSelect))
	}
	in.retry = in.retry || in.prompt != ""
	in.page, _ = h.Hosts.ReturnURL(q.Get("rd"), v.self)
	denied := in.page
	if q.Has("for") { // a script was refused, and the person returns to its page
		denied, _ = h.Hosts.ReturnURL(q.Get("for"), v.self)
	}
	if in.denial = h.findDenial(r.Header, denied); in.denial != nil {
		in.missing = access.Missing{Scopes: in.denial.Missing.Scopes, Graph: in.denial.Missing.Graph}
	}
	return in, nil
}

func errRequest(text string, err error) *fault.Error {
	return &fault.Error{Status: http.StatusBadRequest, Reason: fault.BadRequest, Title: "Bad request", Text: text, Err: err}
}

func (h *Handler) findDenial(header http.Header, page string) *Denial {
	_, rest, _ := strings.Cut(page, "://")
	host, uri := rest, "/"
	if i := strings.IndexByte(rest, '/'); i >= 0 {
		host, uri = rest[:i], rest[i:]
	}
	uri, _, _ = strings.Cut(uri, "#")
	return h.Denials.Find(header, host, uri)
}

// settled reports whether a valid ticket that is newer than the denial has what
// was missing: another tab signed in meanwhile.
func (h *Handler) settled(r *http.Request, d *Denial) bool {
	s, _, _ := h.Sessions.Read(r.Header)
	return s != nil && s.Issued.After(d.At) && unmet(s, d.Missing).Empty()
}

// loginElsewhere answers a request that is no navigation: it can show no page
// and must not follow a redirect to the IdP.
func (h *Handler) loginElsewhere(r *http.Request, v *visit, in *intent) error {
	denied := in.page
	// The person should return to the page whose script asked.
	v.back, _ = h.Hosts.ReturnURL(r.Header.Get("Referer"), v.self)
	d := in.denial
	if d != nil {
		v.missing = d.Missing
	}
	switch {
	case d != nil && d.Outcome == access.Forbid:
		return errRole(d, denied)
	case d != nil && d.Outcome == access.Unsure:
		return errUnsure()
	case !h.Provider.Ready():
		return errUnavailable(entra.ErrNotReady)
	}
	e := &fault.Error{
		Status: http.StatusUnauthorized, Reason: fault.LoginRequired,
		Text: "Sign in by opening login_url in a browser.",
	}
	if d != nil && d.Outcome == access.StepUp {
		e.Reason, e.Text = fault.ScopeMissing, "Another permission is needed: open login_url in a browser."
	}
	if !in.missing.Empty() {
		v.denied = denied
	}
	return e
}

// handOver sends the person to the one host that signs in for all.
func (h *Handler) handOver(w http.ResponseWriter, v *visit, in *intent) error {
	var p wire.Writer
	p.Time(h.Now())
	p.Text(in.page)
	p.Text(in.prompt)
	writeMissing(&p, in.missing)
	sealed, err := h.handovers.Seal(handoverName, p)
	if errors.Is(err, seal.ErrTooLong) { // a very long page: the check there will ask again
		return errTooMuchAsked(in.page, err)
	}
	if err != nil {
		return err
	}
	v.result = "handed_over"
	redirect(w, h.CallbackHost.Origin()+h.Paths.Login+"?"+url.Values{"h": {sealed}}.Encode())
	return nil
}

func (h *Handler) openHandOver(sealed string) (*intent, error) {
	plain, err := h.handovers.Open(handoverName, sealed)
	if err != nil {
		return nil, errState(fault.StateInvalid, err)
	}
	r := wire.NewReader(plain)
	at := r.Time()
	in := &intent{page: r.Text(), prompt: r.Text(), missing: readMissing(r), retry: true}
	if err := r.End(); err != nil {
		return nil, err
	}
	if age := h.Now().Sub(at); age > handoverLifetime || age < -handoverLifetime {
		return nil, errState(fault.StateExpired, errors.New("the hand-over is older than a minute"))
	}
	return in, nil
}

// begin sends the person to the IdP.
func (h *Handler) begin(w http.ResponseWriter, r *http.Request, v *visit, in *intent, restarts int) error {
	now := h.Now()
	a := &attempt{ID: newAttemptID(), Started: now, Return: in.page, Restarts: restarts}
	b := h.browsers.read(r.Header)
	if b == nil {
		b = h.browsers.create()
	}
	if page := pageTarget(in.page); !b.start(page, now) {
		b.forget(page)
		if line, err := h.browsers.set(b); err == nil {
			w.Header().Add("Set-Cookie", line)
		}
		return errLoop(in.page)
	}
	plan := h.Provider.Plan(h.Scopes, in.missing.Scopes, len(in.missing.Graph) > 0)
	a.Missing = asked(in.missing, plan)
	d, err := derive(b.Secret, a.ID)
	if err != nil {
		return err
	}
	a.Binder = d.binder
	state, returnCookie, err := h.attempts.seal(r.Header, a, h.Hosts.Default(v.self))
	if errors.Is(err, errTooMuch) {
		return errTooMuchAsked(in.page, err)
	}
	if err != nil {
		return err
	}
	target, err := h.Provider.AuthorizationURL(entra.AuthRequest{
		State: state, Nonce: d.nonce, Verifier: d.verifier, RedirectURI: h.redirectURI(v),
		Scopes: plan.Scopes, Prompt: in.prompt,
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

// asked is the part of what is missing that this trip asks for: what belongs to
// another resource waits for the next one.
func asked(m access.Missing, plan entra.Plan) access.Missing {
	var out access.Missing
	for _, clause := range m.Scopes {
		for _, name := range clause {
			if slices.Contains(plan.Scopes, name) {
				out.Scopes = append(out.Scopes, clause)
				break
			}
		}
	}
	if plan.Graph {
		out.Graph = m.Graph
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

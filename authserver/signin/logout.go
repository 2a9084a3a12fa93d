package signin

import (
	"cmp"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/entra"
	"github.com/easyauth-sidecar/easyauth/authserver/fault"
	"github.com/easyauth-sidecar/easyauth/authserver/hosts"
	"github.com/easyauth-sidecar/easyauth/authserver/pages"
	"github.com/easyauth-sidecar/easyauth/authserver/session"
	"github.com/easyauth-sidecar/easyauth/authserver/wire"
)

const (
	signOutLifetime = 10 * time.Minute
	maxSignOutState = maxState
	signOutName     = "signout"
	maxForm         = 16 << 10 // bytes
)

// Logout signs out: GET and POST /easyauth/logout?rd=<page>.
//
// A GET acts at once only if a person clicked on a page of the same origin, as
// Fetch Metadata tells; else it asks, because an image elsewhere could be the
// caller. A POST must come from the same origin.
func (h *Handler) Logout() http.Handler {
	return h.sameOrigin("logout", h.logout, "You were not signed out", "Another site asked to sign you out. You are still signed in.")
}

// sameOrigin is a step whose POSTs must come from a page of ours; title and text are
// shown when one does not.
func (h *Handler) sameOrigin(name string, fn step, title, text string) http.Handler {
	protection := http.NewCrossOriginProtection()
	protection.SetDenyHandler(h.step(name, func(http.ResponseWriter, *http.Request, *visit) error {
		return &fault.Error{
			Status: http.StatusForbidden, Reason: fault.CrossOrigin, Title: title, Text: text, Err: errors.New("a cross-origin POST"),
		}
	}))
	return protection.Handler(h.step(name, fn))
}

func (h *Handler) logout(w http.ResponseWriter, r *http.Request, v *visit) error {
	rd := r.URL.Query().Get("rd")
	if r.Method == http.MethodPost {
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		if err := r.ParseForm(); err != nil {
			return errRequest("The form could not be read.", errors.New("unreadable form")) // its error quotes the form
		}
		if r.PostForm.Has("rd") {
			rd = r.PostForm.Get("rd")
		}
	}
	page := "" // empty: our own signed-out page
	if rd != "" {
		page, _ = h.Hosts.ReturnURL(rd, v.self)
	}
	s, reason, err := h.Sessions.Read(r.Context(), r.Header)
	if reason.CouldNotTell() {
		return storeFault(&session.StoreError{Err: cmp.Or(err, errors.New(reason.String()))}, titleNotSignedOut, textNotSignedOut)
	}
	if s != nil {
		v.user = s.Identity.Key()
	}
	clicked := v.navigation && r.Header.Get("Sec-Fetch-Site") == "same-origin" && r.Header.Get("Sec-Fetch-Mode") == "navigate" && r.Header.Get("Sec-Fetch-User") == "?1"
	if r.Method != http.MethodPost && !clicked {
		v.result = "asked"
		c := pages.ConfirmSignOut{Action: h.Paths.Logout, ReturnURL: page, FormOrigins: h.formOrigins(), Everywhere: s != nil && h.Sessions.CanEnd()}
		if s != nil {
			c.User = s.Identity.PreferredUsername
		}
		h.Pages.ConfirmSignOut(w, c)
		return nil
	}
	// Ending more than this session takes a form of ours: a POST of the same origin.
	everywhere := r.Method == http.MethodPost && r.PostForm.Get("everywhere") == "1"
	return h.signOut(w, r, v, s, page, everywhere)
}

const (
	titleNotSignedOut = "You are still signed in"
	textNotSignedOut  = "Your session could not be ended, because what keeps it cannot be reached. Until it can, close the browser if other people use this computer."
)

// signOut ends the session here, with everywhere all of the person's, and goes on to the
// provider. If a session could not be ended nothing is: the cookie stays, so that
// the person can try again.
func (h *Handler) signOut(w http.ResponseWriter, r *http.Request, v *visit, s *session.Session, page string, everywhere bool) error {
	if everywhere && !h.Sessions.CanEnd() {
		return errRequest("Other sessions cannot be ended from here.", errors.New("everywhere, without a store or a list of revoked tickets"))
	}
	if everywhere && s != nil {
		if err := h.Sessions.EndUser(r.Context(), s.Identity.Key()); err != nil {
			return storeFault(err, titleNotSignedOut, textNotSignedOut)
		}
		h.Metrics.Revoked("user")
		h.recordRevoked(r, v, "user")
	}
	lines, err := h.Sessions.End(r.Context(), r.Header)
	if err != nil {
		return storeFault(err, titleNotSignedOut, textNotSignedOut)
	}
	for _, line := range lines {
		w.Header().Add("Set-Cookie", line)
	}
	if s != nil {
		h.recordSignOut(r, v)
	}
	if everywhere && s == nil {
		return errOthersGoOn()
	}
	var p wire.Writer
	p.Time(h.Now())
	p.Text(page)
	state, err := h.signouts.Seal(signOutName, p)
	if err != nil { // a page too long for state: our own page instead
		var short wire.Writer
		short.Time(h.Now())
		short.Text("")
		if state, err = h.signouts.Seal(signOutName, short); err != nil {
			return err
		}
	}
	host := v.self
	if h.CallbackHost != (hosts.Host{}) {
		host = h.CallbackHost
	}
	end := entra.EndSession{ReturnURI: host.Origin() + h.Paths.SignedOut, State: state}
	if s != nil {
		end.Hint = loginHintOf(&s.Identity)
		if s.Tokens != nil {
			end.IDToken = s.Tokens.ID
		}
	}
	if target, ok := h.Provider.EndSessionURL(end); ok {
		v.result = "redirected"
		redirect(w, target)
		return nil
	}
	return h.leave(w, v, page)
}

// SignedOut is where the IdP returns to: GET /easyauth/signout-callback-oidc.
func (h *Handler) SignedOut() http.Handler { return h.step("signed_out", h.signedOut) }

func (h *Handler) signedOut(w http.ResponseWriter, r *http.Request, v *visit) error {
	v.navigation = true
	plain, err := h.signouts.Open(signOutName, r.URL.Query().Get("state"))
	if err != nil {
		return h.leave(w, v, "") // some IdPs return without state
	}
	p := wire.NewReader(plain)
	at, page := p.Time(), p.Text()
	if age := h.Now().Sub(at); p.End() != nil || age > signOutLifetime || age < -time.Minute {
		page = ""
	}
	return h.leave(w, v, page)
}

// leave ends a sign-out. page was checked when it was sealed.
func (h *Handler) leave(w http.ResponseWriter, v *visit, page string) error {
	if page != "" {
		redirect(w, page)
		return nil
	}
	h.Pages.Message(w, pages.Message{
		Status: http.StatusOK, Title: "You are signed out",
		Text:  "Close the browser window if other people use this computer.",
		Links: []pages.Link{{Text: "Sign in again", URL: h.Hosts.Default(v.self)}},
	})
	return nil
}

// formOrigins is where the form of the confirmation may lead: Chromium applies
// form-action to each redirect that follows.
func (h *Handler) formOrigins() []string {
	origins := h.Hosts.Origins()
	if target, ok := h.Provider.EndSessionURL(entra.EndSession{}); ok {
		origins = append(origins, originOf(target))
	}
	return origins
}

// errOthersGoOn is the page when the session that should tell whose others to end
// had ended by itself.
func errOthersGoOn() *fault.Error {
	return &fault.Error{
		Status: http.StatusUnauthorized, Reason: fault.LoginRequired,
		Title: "Your other sessions go on",
		Text:  "The session of this browser had ended already, so that it is not known whose other sessions to end. Sign in again, and then sign out everywhere.",
		Err:   errors.New("everywhere, without a session"),
	}
}

// loginHintOf is what names a person to Entra ID at a sign-out: the optional claim
// login_hint. A user name is not taken for it there.
func loginHintOf(id *access.Identity) string {
	for _, c := range id.Claims {
		if c.Name == "login_hint" && len(c.Values) == 1 {
			return c.Values[0]
		}
	}
	return ""
}

// storeFault is the page when a session could not be written or ended.
func storeFault(err error, title, text string) error {
	if err == nil {
		return nil
	}
	var store *session.StoreError
	if !errors.As(err, &store) {
		return err
	}
	return &fault.Error{
		Status: http.StatusServiceUnavailable, Reason: fault.Store, RetryAfter: unsurePause, Title: title, Text: text, Err: err,
	}
}

func originOf(target string) string {
	u, err := url.Parse(target)
	if err != nil {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

package signin

import (
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/fault"
	"github.com/easyauth-sidecar/easyauth/authserver/hosts"
	"github.com/easyauth-sidecar/easyauth/authserver/pages"
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
	protection := http.NewCrossOriginProtection()
	protection.SetDenyHandler(h.step("logout", func(http.ResponseWriter, *http.Request, *visit) error {
		return &fault.Error{
			Status: http.StatusForbidden, Reason: fault.CrossOrigin,
			Title: "You were not signed out", Text: "Another site asked to sign you out. You are still signed in.",
			Err: errors.New("a cross-origin POST"),
		}
	}))
	return protection.Handler(h.step("logout", h.logout))
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
	s, _, _ := h.Sessions.Read(r.Header)
	if s != nil {
		v.user = s.Identity.Key()
	}
	clicked := r.Header.Get("Sec-Fetch-Site") == "same-origin" && r.Header.Get("Sec-Fetch-Mode") == "navigate" && r.Header.Get("Sec-Fetch-User") == "?1"
	if r.Method != http.MethodPost && !clicked {
		v.result = "asked"
		c := pages.ConfirmSignOut{Action: h.Paths.Logout, ReturnURL: page, FormOrigins: h.formOrigins()}
		if s != nil {
			c.User = s.Identity.PreferredUsername
		}
		h.Pages.ConfirmSignOut(w, c)
		return nil
	}
	return h.signOut(w, v, page)
}

func (h *Handler) signOut(w http.ResponseWriter, v *visit, page string) error {
	for _, line := range h.Sessions.End() {
		w.Header().Add("Set-Cookie", line)
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
	if target, ok := h.Provider.EndSessionURL(host.Origin()+h.Paths.SignedOut, state); ok {
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
	if target, ok := h.Provider.EndSessionURL("", ""); ok {
		origins = append(origins, originOf(target))
	}
	return origins
}

func originOf(target string) string {
	u, err := url.Parse(target)
	if err != nil {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

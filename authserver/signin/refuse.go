package signin

import (
	"net/http"
	"net/url"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/fault"
	"github.com/easyauth-sidecar/easyauth/authserver/hosts"
	"github.com/easyauth-sidecar/easyauth/authserver/pages"
	"github.com/easyauth-sidecar/easyauth/authserver/tracing"
)

// Refused is a request that was refused, and that the proxy leaves to us to answer. Its host is one that is served.
type Refused struct {
	Original   hosts.Original
	Navigation bool
	Decision   access.Decision // SignIn, Forbid, StepUp or Unsure
}

// Refuse answers such a request: a person who opens a page is sent to login, with the page as rd; everything else is
// answered as login would answer it, with JSON. The caller has set the denial cookie, counted and logged the decision.
func (h *Handler) Refuse(w http.ResponseWriter, r *http.Request, refused Refused) {
	pages.SecurityHeaders(w.Header())
	self, _ := h.Hosts.Host(refused.Original.Host)
	v := &visit{step: "refused", self: self, navigation: refused.Navigation, origin: tracing.OriginOf(r), back: h.Hosts.Default(self)}
	page := self.Origin() + refused.Original.RequestURI
	if refused.Navigation {
		redirect(w, h.loginURL(v, url.Values{"rd": {page}}))
		return
	}
	// As login reads it back from the cookie that was set.
	d := &Denial{
		At: h.Now(), Outcome: refused.Decision.Outcome, Missing: refused.Decision.Missing,
		Policy: refused.Decision.Reason.OfPolicy(), Explanation: refused.Decision.Explanation,
	}
	in := &intent{page: page, denial: d, missing: d.Missing}
	in.missing.Roles = nil // no sign-in asks for roles
	h.failJSON(w, v, fault.From(h.loginElsewhere(w, r, v, in)))
}

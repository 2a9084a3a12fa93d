package signin

import (
	"errors"
	"net/http"
	"slices"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/entra"
)

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
		Groups: groups, Offline: h.Sessions.CanList(),
	})
}

// groupsBefore are the groups that the request's session was asked for.
func (h *Handler) groupsBefore(r *http.Request) []string {
	s, _, _ := h.Sessions.Read(r.Context(), r.Header)
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
	s, _, _ := h.Sessions.Read(r.Context(), r.Header)
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

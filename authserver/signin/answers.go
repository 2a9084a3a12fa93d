package signin

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/entra"
	"github.com/easyauth-sidecar/easyauth/authserver/fault"
	"github.com/easyauth-sidecar/easyauth/authserver/pages"
)

// jsonError is what a request that is no navigation gets.
type jsonError struct {
	Error       string       `json:"error"`
	Description string       `json:"error_description"`
	LoginURL    string       `json:"login_url,omitempty"`
	Missing     *jsonMissing `json:"missing,omitempty"`
	Correlation string       `json:"correlation_id"`

	// How to get a token, where bearer tokens are accepted.
	AuthorizationURI string `json:"authorization_uri,omitempty"`
	ClientID         string `json:"client_id,omitempty"`
	Scope            string `json:"scope,omitempty"`
	Claims           string `json:"claims,omitempty"` // of the sign-in that is needed
}

// jsonMissing lists clauses: each inner list needs one of its names.
type jsonMissing struct {
	Roles    []access.Clause `json:"roles,omitempty"`
	Groups   []access.Clause `json:"groups,omitempty"`
	Scopes   []access.Clause `json:"scopes,omitempty"`
	Graph    []string        `json:"graph,omitempty"`
	Contexts []access.Clause `json:"acr,omitempty"`
	Methods  []access.Clause `json:"amr,omitempty"`
	MaxAge   int64           `json:"max_age,omitempty"` // seconds
}

func (h *Handler) failJSON(w http.ResponseWriter, v *visit, e *fault.Error) {
	body := jsonError{Error: string(e.Reason), Description: e.Text, Correlation: v.origin.RequestID}
	if e.Status == http.StatusUnauthorized {
		query := url.Values{"rd": {v.back}}
		if v.denied != "" {
			query.Set("for", v.denied)
		}
		body.LoginURL = h.loginURL(v, query)
	}
	if m := h.shown(v.missing); !m.Empty() {
		body.Missing = &jsonMissing{
			Roles: m.Roles, Groups: m.Groups, Scopes: m.Scopes, Graph: m.Graph,
			Contexts: m.Contexts, Methods: m.Methods, MaxAge: int64(m.MaxAge / time.Second),
		}
	}
	if h.AcceptBearer {
		hints := h.Provider.TokenHints(v.missing)
		body.AuthorizationURI, body.ClientID, body.Scope = hints.AuthorizationURI, hints.ClientID, strings.Join(hints.Scopes, " ")
		body.Claims = v.claims
	}
	if e.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int((e.RetryAfter+time.Second-1)/time.Second)))
	}
	pages.WriteJSON(w, e.Status, body)
}

// shown names scopes as people know them.
func (h *Handler) shown(m access.Missing) access.Missing {
	scopes := m.Scopes
	m.Scopes = nil
	for _, clause := range scopes {
		m.Scopes = append(m.Scopes, h.ScopeNames.ShownAll(clause))
	}
	return m
}

const labelApplication = "Application"

// describe turns what is missing into the lines of a page.
func describe(m access.Missing, application string) []fault.Detail {
	var out []fault.Detail
	add := func(label string, clauses []access.Clause) {
		var values []string
		for _, c := range clauses {
			values = append(values, strings.Join(c, " or "))
		}
		if len(values) > 0 {
			out = append(out, fault.Detail{Label: label, Values: values})
		}
	}
	add("Missing role", m.Roles)
	add("Missing group", m.Groups)
	add("Missing permission", m.Scopes)
	add("Missing authentication context", m.Contexts)
	add("Missing authentication method", m.Methods)
	if application != "" {
		out = append(out, fault.Detail{Label: labelApplication, Values: []string{application}})
	}
	return out
}

// application names the application of a page: its host.
func application(page string) string {
	u, err := url.Parse(page)
	if err != nil {
		return ""
	}
	return u.Host
}

// errForbidden is the page for what no sign-in of this account brings.
func errForbidden(d *Denial, page string) *fault.Error {
	e := &fault.Error{
		Status: http.StatusForbidden, Reason: fault.RoleMissing,
		Title:   "You may not open this page",
		Text:    "You are signed in, but your account does not have the role that this page needs. Ask the owner of the application for it, or sign in as someone else.",
		Details: describe(access.Missing{Roles: d.Missing.Roles, Groups: d.Missing.Groups}, application(page)),
	}
	switch {
	case d.Policy:
		e.Reason = fault.PolicyRefused
		e.Text = "You are signed in, but the rules of this page do not let you in. Ask the owner of the application, or sign in as someone else."
		e.Details = append(e.Details, explain(d.Explanation)...)
	case len(d.Missing.Roles) == 0 && len(d.Missing.Groups) > 0:
		e.Reason = fault.GroupMissing
		e.Text = "You are signed in, but your account is not in the group that this page needs. Ask the owner of the application, or sign in as someone else."
	}
	return e
}

// explain gives the lines of a page about a policy, of what may be told.
func explain(e access.Explanation) (out []fault.Detail) {
	for _, row := range []struct{ label, text string }{{"Policy", e.Policy}, {"Rule", e.Rule}, {"Reason", e.Reason}} {
		if row.text != "" {
			out = append(out, fault.Detail{Label: row.label, Values: []string{row.text}})
		}
	}
	return out
}

// errNotGranted is the page after a sign-in that did not bring what it was for.
func errNotGranted(id *access.Identity, m access.Missing, page string) *fault.Error {
	e := &fault.Error{
		Status: http.StatusForbidden, Reason: fault.ScopeNotGranted,
		Title:   "A permission was not granted",
		Text:    "You are signed in, but the permission that this page needs was not granted. An administrator may have to consent to it first.",
		Details: describe(m, application(page)),
	}
	switch {
	case m.MaxAge > 0 && id.AuthTime.IsZero():
		e.Reason, e.Title = fault.AuthTimeUnknown, "It is not known when you signed in"
		e.Text = "This page needs a recent sign-in, but the sign-in service does not say when yours was. An administrator must add the optional claim auth_time to the ID tokens of this application's registration."
	case m.MaxAge > 0:
		e.Reason, e.Title = fault.StepUpFailed, "A recent sign-in is needed"
		e.Text = "This page needs a sign-in of the last minutes, and the sign-in service did not ask you for one. If this happens again, tell an administrator: the clocks may differ."
	case len(m.Contexts) > 0 || len(m.Methods) > 0:
		e.Reason, e.Title = fault.StepUpFailed, "A stronger sign-in is needed"
		e.Text = "You are signed in, but not in the way that this page needs. An administrator can look at the Conditional Access policy for the authentication context below."
	case len(m.Groups) > 0 && len(m.Scopes) == 0:
		e.Reason, e.Title = fault.GroupsUnknown, "Your groups are not known"
		e.Text = "This page is for members of a group that cannot be looked up. An administrator must name it by its object id."
	}
	return e
}

func errUnavailable(err error) *fault.Error {
	e := &fault.Error{
		Status: http.StatusServiceUnavailable, Reason: fault.IDPUnavailable, RetryAfter: 5 * time.Second,
		Title: "Sign-in is not available right now",
		Text:  "The sign-in service cannot be reached.",
		Err:   err,
	}
	var idp *entra.Error
	if errors.As(err, &idp) && idp.RetryAfter > 0 {
		e.RetryAfter = idp.RetryAfter
	}
	return e
}

func errUnsure(retryAfter time.Duration) *fault.Error {
	return &fault.Error{
		Status: http.StatusServiceUnavailable, Reason: fault.Unsure, RetryAfter: retryAfter,
		Title: "We could not check your access",
		Text:  "Something failed while your access was checked. You are still signed in.",
	}
}

// unsurePause is what a page says to wait after a fault of ours.
const unsurePause = 5 * time.Second

func errLoop(page string) *fault.Error {
	return &fault.Error{
		Status: http.StatusForbidden, Reason: fault.Loop,
		Title: "Signing in again and again",
		Text: "You were signed in, but the application's host did not see it. The session cookie does not come back: " +
			"its domain may not cover this host, it may be marked Secure while the page is opened over http, or it may be too large for the proxy in between.",
		Details: describe(access.Missing{}, application(page)),
	}
}

func errState(reason fault.Reason, err error) *fault.Error {
	e := &fault.Error{
		Status: http.StatusBadRequest, Reason: reason, Err: err,
		Title: "This sign-in cannot be completed",
		Text:  "The link is not valid, or it was used before. Please start again.",
	}
	switch reason {
	case fault.StateExpired:
		e.Text = "Your sign-in took too long. Please start again."
	case fault.BrowserMismatch:
		e.Text = "This sign-in was begun in another browser, or this browser does not keep our cookies. Please start again."
	}
	return e
}

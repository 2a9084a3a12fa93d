package signin

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
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
}

// jsonMissing lists clauses: each inner list needs one of its names.
type jsonMissing struct {
	Roles  []access.Clause `json:"roles,omitempty"`
	Scopes []access.Clause `json:"scopes,omitempty"`
	Graph  []string        `json:"graph,omitempty"`
}

func (h *Handler) failJSON(w http.ResponseWriter, v *visit, e *fault.Error) {
	body := jsonError{Error: string(e.Reason), Description: e.Text, Correlation: v.correlation}
	if e.Status == http.StatusUnauthorized {
		query := url.Values{"rd": {v.back}}
		if v.denied != "" {
			query.Set("for", v.denied)
		}
		body.LoginURL = h.loginURL(v, query)
	}
	if !v.missing.Empty() {
		body.Missing = &jsonMissing{Roles: v.missing.Roles, Scopes: v.missing.Scopes, Graph: v.missing.Graph}
	}
	if e.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int((e.RetryAfter+time.Second-1)/time.Second)))
	}
	pages.WriteJSON(w, e.Status, body)
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
	add("Missing permission", m.Scopes)
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

func errRole(d *Denial, page string) *fault.Error {
	return &fault.Error{
		Status: http.StatusForbidden, Reason: fault.RoleMissing,
		Title:   "You may not open this page",
		Text:    "You are signed in, but your account does not have the role that this page needs. Ask the owner of the application for it, or sign in as someone else.",
		Details: describe(access.Missing{Roles: d.Missing.Roles}, application(page)),
	}
}

func errNotGranted(m access.Missing, page string) *fault.Error {
	return &fault.Error{
		Status: http.StatusForbidden, Reason: fault.ScopeNotGranted,
		Title:   "A permission was not granted",
		Text:    "You are signed in, but the permission that this page needs was not granted. An administrator may have to consent to it first.",
		Details: describe(m, application(page)),
	}
}

func errUnavailable(err error) *fault.Error {
	return &fault.Error{
		Status: http.StatusServiceUnavailable, Reason: fault.IDPUnavailable, RetryAfter: 5 * time.Second,
		Title: "Sign-in is not available right now",
		Text:  "The sign-in service cannot be reached. Please try again in a moment.",
		Err:   err,
	}
}

func errUnsure() *fault.Error {
	return &fault.Error{
		Status: http.StatusServiceUnavailable, Reason: fault.Unsure, RetryAfter: 5 * time.Second,
		Title: "We could not check your access",
		Text:  "Something failed while your access was checked. You are still signed in. Please try again in a moment.",
	}
}

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

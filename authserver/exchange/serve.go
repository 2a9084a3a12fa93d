package exchange

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/audit"
	"github.com/easyauth-sidecar/easyauth/authserver/entra"
	"github.com/easyauth-sidecar/easyauth/authserver/fault"
	"github.com/easyauth-sidecar/easyauth/authserver/hosts"
	"github.com/easyauth-sidecar/easyauth/authserver/metrics"
	"github.com/easyauth-sidecar/easyauth/authserver/pages"
	"github.com/easyauth-sidecar/easyauth/authserver/tracing"
	"github.com/easyauth-sidecar/easyauth/ingress"
)

// What the log calls the endpoints. Metrics count the last two as steps of a sign-in, and
// the others as requests for tokens, by their grant.
const (
	nameToken     = "token"
	nameRevoke    = "revoke"
	nameSession   = "session"
	stepLogin     = "program_login"
	stepAuthorize = "program_authorize"
)

// visit is one request.
type visit struct {
	step       string
	grant      metrics.Grant // of an endpoint that is no step; known better once the form was read
	self       hosts.Host
	origin     tracing.Origin
	navigation bool
	user       access.Key
	client     string      // that the token was issued to, or the redirect URI's origin
	result     string      // of a visit that ended well
	logged     []slog.Attr // in the log, beside what is above
}

type step func(w http.ResponseWriter, r *http.Request, v *visit) error

// api serves a program: errors are JSON. A step has no grant.
func (h *Handler) api(name string, grant metrics.Grant, fn step, methods ...string) http.Handler {
	return h.serve(name, grant, func(w http.ResponseWriter, r *http.Request, v *visit) error {
		if !slices.Contains(methods, r.Method) {
			return &refusal{
				status: http.StatusMethodNotAllowed, code: codeInvalidRequest, reason: ReasonMethod, allow: strings.Join(methods, ", "),
				text: "the method must be " + strings.Join(methods, " or "),
			}
		}
		return fn(w, r, v)
	}, func(w http.ResponseWriter, r *http.Request, v *visit, err error) {
		f := refusalOf(err)
		h.refused(r, v, f)
		f.write(w)
	})
}

// form serves a program that posts a form: no page in a browser, no credentials of a
// client, and not more often than its address may.
func (h *Handler) form(name string, grant metrics.Grant, fn func(w http.ResponseWriter, r *http.Request, v *visit, p params) error) http.Handler {
	return h.api(name, grant, func(w http.ResponseWriter, r *http.Request, v *visit) error {
		if err := fromProgram(r.Header); err != nil {
			return err
		}
		key := addressKey(h.address(r))
		if wait := h.limits.take(key, addressRate(), costAsked); wait > 0 {
			return limited(wait)
		}
		p, err := readForm(w, r)
		if err == nil {
			err = noCredentials(r.Header, p)
		}
		if err == nil {
			err = fn(w, r, v, p)
		}
		if err != nil {
			if f := refusalOf(err); f.status < http.StatusInternalServerError && f.reason != ReasonRateLimited {
				h.limits.charge(key, addressRate(), costRefused)
			}
		}
		return err
	}, http.MethodPost)
}

// page serves a person: errors are a page, for a script JSON.
func (h *Handler) page(name string, fn step) http.Handler {
	return h.serve(name, "", fn, func(w http.ResponseWriter, r *http.Request, v *visit, err error) {
		e := fault.From(err)
		h.refused(r, v, refusalOf(e))
		if !v.navigation {
			refusalOf(e).write(w)
			return
		}
		h.Pages.Message(w, pages.Message{
			Status: e.Status, Title: e.Title, Text: e.Text, Correlation: v.origin.RequestID, RetryAfter: e.RetryAfter,
		})
	})
}

func (h *Handler) serve(name string, grant metrics.Grant, fn step, fail func(w http.ResponseWriter, r *http.Request, v *visit, err error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v := &visit{step: name, grant: grant, origin: tracing.OriginOf(r), navigation: ingress.OpensPage(r), result: "ok"}
		r = r.WithContext(v.origin.Into(r.Context()))
		pages.SecurityHeaders(w.Header())
		if err := h.run(w, r, v, fn); err != nil {
			fail(w, r, v, err)
			return
		}
		h.ended(r, v)
	})
}

// run calls a step for a host that is served, and turns a panic into an error.
func (h *Handler) run(w http.ResponseWriter, r *http.Request, v *visit, fn step) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	var served bool
	if v.self, served = h.Hosts.Host(r.Host); !served {
		h.Metrics.ConfigError(string(fault.HostNotServed))
		return &fault.Error{
			Status: http.StatusMisdirectedRequest, Reason: fault.HostNotServed,
			Title: "This address is not served here",
			Text:  "Sign-in is not set up for this host name (and port). An administrator can add it to EASYAUTH_HOSTS.",
			Err:   fmt.Errorf("host %q is not in EASYAUTH_HOSTS; a port other than 443 belongs to it", audit.Text(r.Host)),
		}
	}
	return fn(w, r, v)
}

// fromProgram refuses what a page in a browser sends: nobody but programs uses these
// endpoints, so that no page can use them with what it has found.
func fromProgram(h http.Header) error {
	site := h.Values("Sec-Fetch-Site")
	for _, s := range site {
		if s != "none" && s != "same-origin" {
			return crossOrigin()
		}
	}
	if len(h.Values("Origin")) > 0 {
		return crossOrigin()
	}
	return nil
}

func crossOrigin() *refusal {
	return &refusal{
		status: http.StatusForbidden, code: codeInvalidRequest, reason: ReasonCrossOrigin, text: "pages in a browser may not ask this, programs may",
	}
}

// noCredentials refuses a program that proves to be a client: there are none here, and
// what cannot be checked must not look as if it had been (RFC 6749, section 5.2).
func noCredentials(h http.Header, p params) error {
	f := &refusal{
		status: http.StatusUnauthorized, code: codeInvalidClient, reason: ReasonCredentials,
		text: "programs have no credentials of their own here: send none",
	}
	if values := h.Values("Authorization"); len(values) > 0 {
		f.challenge = entra.OwnError("", "")
		if scheme, _, _ := strings.Cut(values[0], " "); strings.EqualFold(scheme, "Basic") {
			f.challenge = `Basic realm="none"`
		}
		return f
	}
	for _, name := range []string{"client_secret", "client_assertion", "client_assertion_type"} {
		if p[name] != "" {
			f.challenge = entra.OwnError("", "")
			return f
		}
	}
	return nil
}

// limitSubject refuses a person, known by what was just verified, who asks too often.
func (h *Handler) limitSubject(who access.Key) error {
	if who == (access.Key{}) {
		return internal(errors.New("nobody to count for"))
	}
	if wait := h.limits.take(subjectKey(who), subjectRate(), costAsked); wait > 0 {
		return limited(wait)
	}
	return nil
}

package signin

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"runtime/debug"
	"slices"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/audit"
	"github.com/easyauth-sidecar/easyauth/authserver/cookie"
	"github.com/easyauth-sidecar/easyauth/authserver/entra"
	"github.com/easyauth-sidecar/easyauth/authserver/fault"
	"github.com/easyauth-sidecar/easyauth/authserver/graph"
	"github.com/easyauth-sidecar/easyauth/authserver/hosts"
	"github.com/easyauth-sidecar/easyauth/authserver/metrics"
	"github.com/easyauth-sidecar/easyauth/authserver/pages"
	"github.com/easyauth-sidecar/easyauth/authserver/seal"
	"github.com/easyauth-sidecar/easyauth/authserver/secret"
	"github.com/easyauth-sidecar/easyauth/authserver/session"
	"github.com/easyauth-sidecar/easyauth/authserver/tracing"
	"github.com/easyauth-sidecar/easyauth/ingress"
)

// Graph asks Microsoft Graph with a user's token: for the results of relative
// URLs (one for each, in their order; errors are results too), and for the groups
// that the user is in. An empty user is the token's own.
type Graph interface {
	Ask(ctx context.Context, token secret.String, queries []string) graph.Answer
	CheckMemberGroups(ctx context.Context, token secret.String, user string, ids []string) ([]string, error)
	MemberGroups(ctx context.Context, token secret.String, user string) ([]string, error)
}

// Paths are where the endpoints are.
type Paths struct {
	Login, Callback, Logout, SignedOut, Me string

	// FrontChannel and BackChannel are where the identity provider says that a
	// session of its own has ended. They are served only where sessions can be ended
	// from outside: with a store, or a list of revoked tickets.
	FrontChannel, BackChannel string
}

// Config of a Handler. All fields are required unless they say otherwise.
type Config struct {
	Provider *entra.RelyingParty
	Graph    Graph
	Sessions *session.Manager
	Denials  *Denials
	Hosts    *hosts.Set
	Pages    *pages.Pages
	Ring     *seal.Ring
	Cookies  cookie.Set
	Metrics  *metrics.Metrics
	Log      *slog.Logger
	Audit    *audit.Stream // nil records nothing
	Paths    Paths
	Scopes   []string // asked for at every sign-in
	Groups   Groups

	// ScopeNames is how scopes are shown; nil: as they are kept.
	ScopeNames *access.ScopeNames
	// AcceptBearer: a request that is no navigation is told how to get a token.
	AcceptBearer bool

	// AcceptTokens: a token of ours counts as a session does.
	AcceptTokens bool

	// SubjectIsKey: a person is iss and sub, as with a provider other than Entra ID.
	SubjectIsKey bool

	// GroupNames looks up how groups are called, for the page of the signed-in user;
	// nil: they are shown by their ids.
	GroupNames *GroupNames

	// GraphQueries are the configured names of graph queries; may be empty.
	GraphQueries map[string]string

	// CallbackHost is the one host that signs people in for all; zero: each host
	// does so for itself.
	CallbackHost hosts.Host

	// Used are the attempts that came back to this process: handlers that follow one
	// another share them. nil: the handler has its own.
	Used *UsedIDs

	Now func() time.Time // nil means time.Now
}

// Handler serves the sign-in endpoints. Make one with New.
type Handler struct {
	Config

	asker     *groupAsker
	knocks    chan struct{} // holds one for each who says, unproven, that a session ended
	redeems   chan struct{} // holds one for each callback that asks the provider
	attempts  *attempts
	browsers  *browsers
	handovers *seal.Box
	signouts  *seal.Box
	names     queryNames
}

// New returns a handler.
func New(cfg Config) (*Handler, error) {
	if cfg.Provider == nil || cfg.Graph == nil || cfg.Sessions == nil || cfg.Denials == nil || cfg.Hosts == nil ||
		cfg.Pages == nil || cfg.Ring == nil || cfg.Metrics == nil || cfg.Log == nil {
		return nil, errors.New("make the sign-in handler: a required field of its Config is missing")
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Used == nil {
		cfg.Used = NewUsedIDs()
	}
	h := &Handler{
		Config: cfg, names: newQueryNames(cfg.GraphQueries), knocks: make(chan struct{}, knocksAtOnce),
		redeems: make(chan struct{}, redeemsAtOnce),
		asker:   &groupAsker{Groups: cfg.Groups, provider: cfg.Provider, graph: cfg.Graph, log: cfg.Log},
	}
	cfg.Metrics.Cache(metrics.CacheAttempts, h.Used)
	var err error
	if h.attempts, err = newAttempts(cfg.Ring, cfg.Cookies.Return, h.names, cfg.Now); err != nil {
		return nil, fmt.Errorf("make the sign-in handler: %w", err)
	}
	if h.browsers, err = newBrowsers(cfg.Ring, cfg.Cookies.Browser, cfg.Now); err != nil {
		return nil, fmt.Errorf("make the sign-in handler: %w", err)
	}
	if h.handovers, err = cfg.Ring.Box(seal.Config{Purpose: "handover", MaxLength: maxHandover, Hourly: true, Now: cfg.Now}); err != nil {
		return nil, fmt.Errorf("make the sign-in handler: %w", err)
	}
	if h.signouts, err = cfg.Ring.Box(seal.Config{Purpose: "signout", MaxLength: maxSignOutState, Hourly: true, Now: cfg.Now}); err != nil {
		return nil, fmt.Errorf("make the sign-in handler: %w", err)
	}
	return h, nil
}

// visit is one request to a sign-in endpoint.
type visit struct {
	step       string
	self       hosts.Host
	navigation bool
	origin     tracing.Origin
	back       string // the page that the person wanted; for "Try again"
	result     string // of a visit that ended well
	user       access.Key
	missing    access.Missing // for the JSON of a request that is no navigation
	signedIn   bool           // a session was made, whatever the answer is
	denied     string         // and the URL that was refused, if a sign-in for it asks for more
	claims     string         // and the claims that a sign-in for a token must ask for, as JSON
}

type step func(w http.ResponseWriter, r *http.Request, v *visit) error

func (h *Handler) step(name string, fn step) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v := &visit{
			step: name, origin: tracing.OriginOf(r), result: "ok",
			navigation: ingress.OpensPage(r),
		}
		r = r.WithContext(v.origin.Into(r.Context()))
		pages.SecurityHeaders(w.Header())
		err := h.run(w, r, v, fn)
		if err != nil {
			h.fail(w, r, v, fault.From(err))
			return
		}
		h.Metrics.SignIn(name, v.result)
		tracing.Ended(r.Context(), "", v.result, false)
		h.Log.LogAttrs(r.Context(), slog.LevelInfo, name, v.attrs(slog.String("result", v.result))...)
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
	v.back = h.Hosts.Default(v.self)
	return fn(w, r, v)
}

// fail answers an error: a page for a person, JSON for everything else.
func (h *Handler) fail(w http.ResponseWriter, r *http.Request, v *visit, e *fault.Error) {
	h.Metrics.SignIn(v.step, string(e.Reason))
	tracing.Ended(r.Context(), "", string(e.Reason), e.Status >= http.StatusInternalServerError)
	h.recordRefused(r, v, e)
	level := slog.LevelWarn
	if e.Status >= http.StatusInternalServerError {
		level = slog.LevelError
	}
	attrs := v.attrs(slog.String("result", string(e.Reason)), slog.Int("status", e.Status))
	if e.Err != nil {
		attrs = append(attrs, slog.String("error", e.Err.Error()))
	}
	h.Log.LogAttrs(r.Context(), level, v.step, attrs...)
	if !v.navigation {
		h.failJSON(w, v, e)
		return
	}
	m := pages.Message{
		Status: e.Status, Title: e.Title, Text: e.Text, Correlation: v.origin.RequestID, RetryAfter: e.RetryAfter,
	}
	for _, d := range e.Details {
		m.Details = append(m.Details, pages.Detail(d))
	}
	if app := application(v.back); app != "" && !slices.ContainsFunc(e.Details, func(d fault.Detail) bool { return d.Label == labelApplication }) {
		m.Details = append(m.Details, pages.Detail{Label: labelApplication, Values: []string{app}})
	}
	switch {
	case v.back == "":
	case e.Reason == fault.Store && v.step == "logout":
		m.Links = []pages.Link{{Text: "Try again", URL: v.self.Origin() + h.Paths.Logout}}
	case v.step == "me" && e.Reason != fault.LoginRequired:
		m.Links = []pages.Link{{Text: "Try again", URL: v.self.Origin() + h.Paths.Me}}
	case v.step == "me":
		m.Links = []pages.Link{{Text: "Sign in", URL: h.loginURL(v, url.Values{"rd": {v.back}})}}
	case e.Reason == fault.Unsure: // still signed in: the page itself may open now
		m.Links = []pages.Link{{Text: "Try again", URL: v.back}}
	default:
		m.Links = []pages.Link{
			{Text: "Try again", URL: h.loginURL(v, url.Values{"rd": {v.back}, "retry": {"1"}})},
			{Text: "Sign in as someone else", URL: h.loginURL(v, url.Values{"rd": {v.back}, "prompt": {promptSelect}})},
		}
	}
	h.Pages.Message(w, m)
}

// loginURL is the login endpoint of this host.
func (h *Handler) loginURL(v *visit, query url.Values) string {
	return v.self.Origin() + h.Paths.Login + "?" + query.Encode()
}

// redirect answers 302. The target is one of ours or the IdP's: never a
// client's text.
func redirect(w http.ResponseWriter, target string) {
	w.Header().Set("Location", target)
	w.WriteHeader(http.StatusFound)
}

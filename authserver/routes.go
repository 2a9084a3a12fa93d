// Package authserver is the HTTP server: which URL is answered by whom
// (routes.go), the endpoint that nginx asks about every request (auth.go; with a
// bearer token bearer.go and members.go, with a program's programs.go), those of other proxies (adapters.go,
// envoygrpc.go), and the administrators' listener (admin.go).
package authserver

import (
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/rs/cors"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/assertion"
	"github.com/easyauth-sidecar/easyauth/authserver/audit"
	"github.com/easyauth-sidecar/easyauth/authserver/entra"
	"github.com/easyauth-sidecar/easyauth/authserver/exchange"
	"github.com/easyauth-sidecar/easyauth/authserver/headers"
	"github.com/easyauth-sidecar/easyauth/authserver/metrics"
	"github.com/easyauth-sidecar/easyauth/authserver/pages"
	"github.com/easyauth-sidecar/easyauth/authserver/secret"
	"github.com/easyauth-sidecar/easyauth/authserver/session"
	"github.com/easyauth-sidecar/easyauth/authserver/signin"
	"github.com/easyauth-sidecar/easyauth/authserver/tracing"
)

// Config of a Server. All fields are required unless they say otherwise.
type Config struct {
	Roles         Roles
	Adapters      Adapters
	AuthPath      string          // the auth_request endpoint
	ForwardPath   string          // … of proxies that say X-Forwarded-*; with Adapters.Forward
	EnvoyPath     string          // … in front of Envoy's rules and paths; with Adapters.Envoy
	ProxySecrets  []secret.String // of which every question of a proxy must bring one; nil: none
	Paths         signin.Paths
	SuccessStatus int // of a request that may pass: 200, 202 or 204

	Parser   *access.Parser
	Sessions *session.Manager
	Denials  *signin.Denials
	SignIn   *signin.Handler
	Headers  *headers.Renderer
	Pages    *pages.Pages
	Metrics  *metrics.Metrics
	Log      *slog.Logger

	// Bearer lets scripts in by an access token; nil: Authorization is ignored.
	Bearer *entra.RelyingParty
	// Programs gives programs tokens of ours, which then count wherever a session cookie
	// does; nil: there are none.
	Programs     *exchange.Handler
	ProgramPaths exchange.Paths
	// Members asks for the groups of bearer tokens that could not hold them; nil:
	// a rule about groups is then answered as could-not-tell.
	Members Members
	// Policies are those that auth-urls name; nil: there is none.
	Policies Policies
	// Explain has the page of somebody who may not tell which policy and rule refused.
	Explain bool
	// TrustedProxies may say with X-Real-IP whose request they hand on; nil: none may, and
	// the address of a client is not known.
	TrustedProxies []netip.Prefix
	// Assertion signs identities for applications, for that which the auth-url names with
	// app=, else for AssertionAudience; "": then for none. nil: nobody does.
	Assertion         *assertion.Signer
	AssertionAudience string
	JWKSPath          string // where its public keys are
	// CORSOrigins may read the answers of login and me from a page of theirs.
	CORSOrigins []string
	LogoPath    string // of the pages' logo; empty: there is none

	// LogAllows is the share of allowed requests, 0 to 1, whose lines are logged at
	// level info; the others' are at debug.
	LogAllows float64
	Random    func() float64 // at least 0, less than 1, for LogAllows; nil: math/rand
	Audit     *audit.Stream  // hears of denials, and of what policies decide; nil: nobody does
	// AuditAllows has it hear of requests that a policy let pass too.
	AuditAllows bool
	Tracing     *tracing.Tracing // makes spans; nil: nobody does
}

// Roles say which URLs a server answers. The zero value is all of them.
type Roles struct {
	Auth   bool // the auth endpoint
	SignIn bool // all others
}

func (r Roles) all() bool { return !r.Auth && !r.SignIn }

// Server answers the public listener. Make one with New.
type Server struct {
	Config

	router      http.Handler
	traced      struct{ nginx, forward, envoy, grpc http.Handler } // the endpoints that proxies ask
	bearerLooks *metrics.LookUps
	asserted    *metrics.Asserted
	authTimes   *metrics.Duration
	tokens      bool // are handed over: answers may be large
}

// New returns a server.
func New(cfg Config) (*Server, error) {
	switch {
	case cfg.Parser == nil || cfg.Sessions == nil || cfg.Denials == nil || cfg.SignIn == nil || cfg.Headers == nil ||
		cfg.Pages == nil || cfg.Metrics == nil || cfg.Log == nil:
		return nil, errors.New("make a server: a required field of its Config is missing")
	case cfg.Adapters.Forward && cfg.ForwardPath == "", cfg.Adapters.Envoy && cfg.EnvoyPath == "":
		return nil, errors.New("make a server: an adapter that is asked for has no path")
	case cfg.SuccessStatus != http.StatusOK && cfg.SuccessStatus != http.StatusAccepted && cfg.SuccessStatus != http.StatusNoContent:
		return nil, errors.New("make a server: the success status must be 200, 202 or 204")
	}
	if cfg.Policies == nil {
		cfg.Policies = noPolicies{}
	}
	s := &Server{Config: cfg, tokens: cfg.Headers.MaxBytes() > metrics.LargeAnswer}
	s.Metrics.Cache(metrics.CacheQueries, s.Parser.Parsed())
	if s.Bearer != nil {
		s.Metrics.Cache(metrics.CacheBearer, s.Bearer.VerifiedTokens())
		s.bearerLooks = s.Metrics.LookUps(metrics.CacheBearer)
	}
	if s.Assertion != nil {
		s.Metrics.Cache(metrics.CacheAssertions, s.Assertion)
		s.asserted = s.Metrics.Assertions()
	}
	s.authTimes = s.Metrics.Duration(metrics.EndpointAuth)
	if s.Adapters == (Adapters{}) {
		s.Adapters.Nginx = true
	}
	asked := func(h http.HandlerFunc) http.Handler { return s.Tracing.Handler(string(metrics.EndpointAuth), h) }
	s.traced.nginx, s.traced.forward, s.traced.envoy, s.traced.grpc = asked(s.auth), asked(s.forward), asked(s.envoy), asked(s.envoyGRPC)
	s.router = s.nothing()
	if cfg.Roles.SignIn || cfg.Roles.all() {
		s.router = s.routes()
	}
	return s, nil
}

// routes is the whole URL map of the public listener but the auth endpoint,
// which ServeHTTP answers for any method.
func (s *Server) routes() http.Handler {
	r := chi.NewRouter()
	get := func(path string, name metrics.Endpoint, h http.Handler) {
		r.Method(http.MethodGet, path, s.measured(name, h))
		r.Method(http.MethodHead, path, s.measured(name, h))
	}
	// A page of another origin may ask these two who is signed in, and how to.
	shared := s.crossOrigin()
	getShared := func(path string, name metrics.Endpoint, h http.Handler) {
		get(path, name, shared(h))
		if len(s.CORSOrigins) > 0 { // a browser's preflight
			r.Method(http.MethodOptions, path, s.measured(name, shared(http.NotFoundHandler())))
		}
	}
	getShared(s.Paths.Login, metrics.EndpointLogin, s.SignIn.Login())
	r.Method(http.MethodGet, s.Paths.Callback, s.measured(metrics.EndpointCallback, s.SignIn.Callback())) // no HEAD: it would use the attempt up
	get(s.Paths.SignedOut, metrics.EndpointSignedOut, s.SignIn.SignedOut())
	getShared(s.Paths.Me, metrics.EndpointMe, s.SignIn.Me())
	r.Method(http.MethodPost, s.Paths.Me, s.measured(metrics.EndpointMe, s.SignIn.Me()))
	if s.LogoPath != "" {
		get(s.LogoPath, metrics.EndpointLogo, s.Pages.Logo())
	}
	if s.Assertion != nil {
		get(s.JWKSPath, metrics.EndpointJWKS, s.Assertion.JWKS())
	}
	if s.Programs != nil {
		s.programs(r)
	}
	get(s.Paths.Logout, metrics.EndpointLogout, s.SignIn.Logout())
	r.Method(http.MethodPost, s.Paths.Logout, s.measured(metrics.EndpointLogout, s.SignIn.Logout()))
	if s.Sessions.CanEnd() { // the provider says that a session of its own has ended
		r.Method(http.MethodGet, s.Paths.FrontChannel, s.measured(metrics.EndpointFrontChannel, s.SignIn.FrontChannel()))
		r.Method(http.MethodPost, s.Paths.BackChannel, s.measured(metrics.EndpointBackChannel, s.SignIn.BackChannel()))
	}
	r.NotFound(s.nothing().ServeHTTP)
	notAllowed := s.message(http.StatusMethodNotAllowed, "Method not allowed", "This address does not take requests of this kind.")
	r.MethodNotAllowed(s.measured(metrics.EndpointOther, notAllowed).ServeHTTP)
	return r
}

// nothing is what an address that is not served answers.
func (s *Server) nothing() http.Handler {
	nothing := s.message(http.StatusNotFound, "There is nothing here", "This address belongs to the sign-in service, which has no such page.")
	return s.measured(metrics.EndpointOther, nothing)
}

// crossOrigin lets the scripts of CORSOrigins read an answer, with the person's
// cookies or a token of their own. No other origin is told anything.
func (s *Server) crossOrigin() func(http.Handler) http.Handler {
	if len(s.CORSOrigins) == 0 {
		return func(h http.Handler) http.Handler { return h }
	}
	return cors.New(cors.Options{
		AllowedOrigins: s.CORSOrigins, AllowedMethods: []string{http.MethodGet, http.MethodHead},
		AllowedHeaders: []string{"Authorization", "Accept"}, ExposedHeaders: []string{"WWW-Authenticate", "Retry-After"},
		AllowCredentials: true, MaxAge: corsMaxAge,
	}).Handler
}

const corsMaxAge = 600 // seconds that a browser keeps the answer to a preflight

// ServeHTTP answers the public listener. The endpoints that proxies ask stand before the
// router: the router would answer 405 to a method it does not know, which nginx
// turns into 500.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s.Roles.Auth || s.Roles.all() {
		if h := s.adapter(r); h != nil {
			s.answerProxy(h, w, r)
			return
		}
	}
	s.router.ServeHTTP(w, r)
}

// ServeSignIn answers as ServeHTTP does but where proxies ask: there is nothing there. It is for the
// listener of a process that is the proxy itself.
func (s *Server) ServeSignIn(w http.ResponseWriter, r *http.Request) { s.router.ServeHTTP(w, r) }

func (s *Server) message(status int, title, text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		s.Pages.Message(w, pages.Message{Status: status, Title: title, Text: text})
	}
}

// measured takes the times of an endpoint, and counts answers whose header block may
// not fit nginx's buffer.
func (s *Server) measured(name metrics.Endpoint, h http.Handler) http.Handler {
	times := s.Metrics.Duration(name)
	h = s.Tracing.Handler(string(name), h)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		h.ServeHTTP(w, r)
		times.Since(began)
		s.Metrics.Answer(name, headerBytes(w.Header()))
	})
}

// headerBytes is the size of an answer's header block: the lines, and what
// net/http adds (status line, Date, Content-Length).
func headerBytes(h http.Header) int {
	const status, date, length = len("HTTP/1.1 302 Found\r\n"), len("Date: ") + len(http.TimeFormat) + 2, len("Content-Length: 12345\r\n")
	n := status + date + length + len("\r\n")
	for name, values := range h {
		for _, v := range values {
			n += len(name) + len(": ") + len(v) + len("\r\n")
		}
	}
	return n
}

// Limits of the public listener.
const (
	// MaxHeaderBytes is beyond what nginx sends (four buffers of 8k), so that
	// the server's own 431, which nginx turns into 500, stays out of reach.
	MaxHeaderBytes = 64 << 10

	readHeaderTimeout = 10 * time.Second
	readTimeout       = 30 * time.Second // forms of 16 KB, nothing larger
	writeTimeout      = 60 * time.Second // a callback waits for the IdP and Graph
	idleTimeout       = 120 * time.Second
)

// HTTPServer returns a server with timeouts and limits for a handler of this
// package. The caller gives it a listener.
func HTTPServer(h http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           h,
		MaxHeaderBytes:    MaxHeaderBytes,
		ReadHeaderTimeout: readHeaderTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
}

package exchange

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/audit"
	"github.com/easyauth-sidecar/easyauth/authserver/entra"
	"github.com/easyauth-sidecar/easyauth/authserver/hosts"
	"github.com/easyauth-sidecar/easyauth/authserver/metrics"
	"github.com/easyauth-sidecar/easyauth/authserver/pages"
	"github.com/easyauth-sidecar/easyauth/authserver/seal"
	"github.com/easyauth-sidecar/easyauth/authserver/secret"
	"github.com/easyauth-sidecar/easyauth/authserver/session"
	"github.com/easyauth-sidecar/easyauth/authserver/ticket"
)

// Provider verifies a token of the identity provider's that a program brings. An
// *entra.Error says why one is refused, or that it could not be told.
type Provider interface {
	Subject(ctx context.Context, kind entra.SubjectKind, token secret.String) (*entra.Subject, error)
}

// Paths are where the endpoints are.
type Paths struct{ Token, Revoke, Session, Login, Authorize string }

// Config of a Handler. All fields are required unless they say otherwise.
type Config struct {
	Provider Provider
	Sessions *session.Manager
	Codec    *ticket.Codec // as Sessions has it
	Ring     *seal.Ring
	Hosts    *hosts.Set
	Pages    *pages.Pages
	Log      *slog.Logger
	Metrics  *metrics.Metrics // nil: nothing is counted
	Audit    *audit.Stream    // nil: nothing is recorded
	Paths    Paths

	// SignIn answers a browser that has no session: it begins a sign-in that comes back
	// to returnTo, an absolute URL of Authorize on the host of the request. Nobody but
	// this package makes such a URL, so the rules for return URLs of clients are not for
	// it. Security headers are set already.
	SignIn func(w http.ResponseWriter, r *http.Request, returnTo string)

	// Life is how long an access token is good; 0: an hour.
	Life time.Duration

	// Audiences are what a program may call us in audience: the client id, and the
	// identifiers of our API. May be empty.
	Audiences []string

	// Redirects are the https addresses, beside this computer's own, that a code may be
	// sent to. They are compared as texts. May be empty.
	Redirects []string

	// TrustedProxies may say in X-Real-IP who asks; with none it is the peer, and behind
	// a proxy all programs share one limit.
	TrustedProxies []netip.Prefix

	// Used remembers codes beyond this handler, which a change of the configuration
	// replaces; nil: it does itself.
	Used *UsedCodes

	Now func() time.Time // nil means time.Now
}

// Handler serves the endpoints of programs. Make one with New.
type Handler struct {
	Config

	redirects     *redirects
	requests      *requests
	confirmations *confirmations
	codes         *codes
	limits        *limiter
}

// defaultLife is how long an access token is good without a configuration.
const defaultLife = time.Hour

// New returns a handler.
func New(cfg Config) (*Handler, error) {
	switch {
	case cfg.Provider == nil || cfg.Sessions == nil || cfg.Codec == nil || cfg.Ring == nil || cfg.Hosts == nil || cfg.Pages == nil ||
		cfg.Log == nil || cfg.SignIn == nil || cfg.Paths.Authorize == "":
		return nil, errors.New("make the handler of programs: a required field of its Config is missing")
	case cfg.Life < 0 || cfg.Life > 0 && cfg.Life < time.Second:
		return nil, errors.New("make the handler of programs: an access token must be good for a second at least")
	}
	if cfg.Life == 0 {
		cfg.Life = defaultLife
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Used == nil {
		cfg.Used = NewUsedCodes(cfg.Now)
	}
	h := &Handler{Config: cfg, limits: newLimiter(cfg.Now)}
	cfg.Metrics.Cache(metrics.CacheRateLimits, h.limits.full)
	var err error
	if h.codes, err = newCodes(cfg.Codec, cfg.Ring, cfg.Sessions, cfg.Used, cfg.Now); err != nil {
		return nil, fmt.Errorf("make the handler of programs: %w", err)
	}
	if h.redirects, err = newRedirects(cfg.Redirects); err != nil {
		return nil, fmt.Errorf("make the handler of programs: %w", err)
	}
	if h.requests, err = newRequests(cfg.Ring, cfg.Now); err != nil {
		return nil, fmt.Errorf("make the handler of programs: %w", err)
	}
	if h.confirmations, err = newConfirmations(cfg.Ring, cfg.Now); err != nil {
		return nil, fmt.Errorf("make the handler of programs: %w", err)
	}
	return h, nil
}

// Package registration learns what the app registration says of itself, in the
// background: the scopes that our own API exposes and its identifiers, and the
// name, logo and links for the pages. Everything works without it. It knows
// nothing of people and their sign-ins.
package registration

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/entra"
	"github.com/easyauth-sidecar/easyauth/authserver/graph"
	"github.com/easyauth-sidecar/easyauth/authserver/pages"
	"github.com/easyauth-sidecar/easyauth/authserver/secret"
)

const (
	refresh      = 24 * time.Hour   // between two reads that worked
	forbidden    = time.Hour        // after a read for which a permission is missing
	firstBackoff = 5 * time.Second  // after the first failure, doubling
	maxBackoff   = 10 * time.Minute // up to this
	notReady     = time.Second      // while the identity provider has not been found
	readTimeout  = 30 * time.Second
)

// Tokens gives tokens of the client itself for Microsoft Graph; the empty tenant
// is the first.
type Tokens interface {
	GraphAppToken(ctx context.Context, tenant string) (secret.String, error)
}

// Directory is Microsoft Graph.
type Directory interface {
	Registration(ctx context.Context, token secret.String, clientID string) (*graph.Registration, error)
	Image(ctx context.Context, url string) (data []byte, contentType string, err error)
}

// Config of a Reader. All fields but Wait are required.
type Config struct {
	ClientID  string
	Tokens    Tokens
	Directory Directory
	Names     *access.ScopeNames                              // learns the scopes
	Adopt     func(b pages.Brand)                             // takes name, logo and links
	Wait      func(ctx context.Context, d time.Duration) bool // false when ctx ended first; nil: a timer
	Log       *slog.Logger
}

// Reader reads one registration. Make it with New and call Run once.
type Reader struct {
	cfg    Config
	warned bool // that a permission is missing
	fails  int  // in a row
	last   atomic.Pointer[answer]
}

// answer is what a read has brought. It does not change.
type answer struct {
	appIDURIs, scopes []string
	brand             pages.Brand
}

// New returns a Reader, or an error when a field is missing.
func New(cfg Config) (*Reader, error) {
	if cfg.ClientID == "" || cfg.Tokens == nil || cfg.Directory == nil || cfg.Names == nil || cfg.Adopt == nil || cfg.Log == nil {
		return nil, errors.New("read the app registration: a required field of the Config is missing")
	}
	if cfg.Wait == nil {
		cfg.Wait = wait
	}
	return &Reader{cfg: cfg}, nil
}

// Known reports whether the registration was read, or inherited.
func (r *Reader) Known() bool { return r.last.Load() != nil }

// Inherit takes over what another Reader of the same registration has read last, if
// anything: it counts until this one has read. It is called before Run.
func (r *Reader) Inherit(old *Reader) {
	if last := old.last.Load(); last != nil && r.cfg.ClientID == old.cfg.ClientID {
		r.cfg.Names.Learn(last.appIDURIs, last.scopes)
		r.cfg.Adopt(last.brand)
		r.last.Store(last)
	}
}

// Run reads the registration at once and every 24 hours until ctx ends. While it
// cannot be reached it is asked again after 5 s, doubling to 10 minutes, or when a
// Retry-After says, 10 minutes at most; while the identity provider has not been
// found, after a second. When a permission is missing there is one warning, and a
// quiet try every hour.
func (r *Reader) Run(ctx context.Context) {
	for {
		next := r.once(ctx)
		if ctx.Err() != nil || !r.cfg.Wait(ctx, next) {
			return
		}
	}
}

// once reads the registration and says when to do so again.
func (r *Reader) once(ctx context.Context) time.Duration {
	err := r.read(ctx)
	if ctx.Err() != nil {
		return 0
	}
	var refused *graph.Error
	switch {
	case err == nil:
		r.cfg.Log.Info("app registration: read")
		r.warned, r.fails = false, 0
		return refresh
	case errors.As(err, &refused) && (refused.Reason == graph.ReasonForbidden || refused.Reason == graph.ReasonNotFound):
		if !r.warned {
			r.cfg.Log.Warn("app registration: it may not be read; grant the application permission Application.Read.All of Microsoft Graph, or set EASYAUTH_READ_REGISTRATION=false. Until then scopes of the own API are written <client id>/<scope> in rules, an App ID URI of another form belongs into EASYAUTH_AUDIENCES, and pages have no logo of the registration", "error", err)
		}
		r.warned, r.fails = true, 0
		return forbidden
	}
	if errors.Is(err, entra.ErrNotReady) {
		return notReady
	}
	r.fails++
	if r.fails == 1 || r.fails%10 == 0 {
		r.cfg.Log.Warn("app registration: it could not be read", "failures", r.fails, "error", err)
	}
	if after := retryAfter(err); after > 0 {
		return min(after, maxBackoff)
	}
	return min(firstBackoff<<min(r.fails-1, 10), maxBackoff)
}

func (r *Reader) read(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	token, err := r.cfg.Tokens.GraphAppToken(ctx, "")
	if err != nil {
		return err
	}
	reg, err := r.cfg.Directory.Registration(ctx, token, r.cfg.ClientID)
	if err != nil {
		return err
	}
	r.cfg.Names.Learn(reg.AppIDURIs, reg.Scopes)
	brand := pages.Brand{Name: reg.DisplayName, SupportURL: reg.SupportURL, PrivacyURL: reg.PrivacyURL}
	if reg.LogoURL != "" {
		// Without its logo a page is still a page.
		if brand.Logo, brand.LogoType, err = r.cfg.Directory.Image(ctx, reg.LogoURL); err != nil {
			r.cfg.Log.Info("app registration: its logo could not be read", "error", err)
		}
	}
	r.cfg.Adopt(brand)
	r.last.Store(&answer{reg.AppIDURIs, reg.Scopes, brand})
	return nil
}

// retryAfter is what Graph or the token endpoint asked for, 0 if nothing.
func retryAfter(err error) time.Duration {
	var asked *graph.Error
	var token *entra.Error
	switch {
	case errors.As(err, &asked):
		return asked.RetryAfter
	case errors.As(err, &token):
		return token.RetryAfter
	}
	return 0
}

func wait(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

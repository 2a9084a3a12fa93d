package entra

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"sync"
	"time"

	"golang.org/x/oauth2"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/secret"
)

const (
	appTokenMargin  = 5 * time.Minute  // before the end of a token, a new one is asked for
	appTokenPause   = 30 * time.Second // after a failure
	maxAppTokenLife = 24 * time.Hour
	maxAppTokens    = 200 // one per tenant and resource
)

// AppToken returns an access token of the client itself (client credentials) for
// everything of a resource that the client was granted, such as
// https://graph.microsoft.com, in one tenant: the only one for "", else the one
// with this GUID.
//
// A token is kept in memory until 5 minutes before its end, at least for half of
// its life. There is one request at a time for all who wait, and none for 30 s
// after a failure, or for as long as Retry-After says, at most 5 minutes; until
// then the failure is returned again. ctx bounds the waiting, not the request.
// Errors are *Error or ErrNotReady. Plain providers and Azure AD B2C have no such
// tokens here.
func (rp *RelyingParty) AppToken(ctx context.Context, tenantID, resourceURL string) (secret.String, error) {
	const doing = "get a token of the application itself"
	resource := strings.TrimSuffix(resourceURL, "/")
	switch {
	case !rp.hasGraph():
		return secret.String{}, refuse(ReasonClient, doing+": only a tenant of Entra ID gives one")
	case !access.IsScope(resource):
		return secret.String{}, refuse(ReasonScope, doing+": %q is no resource", capped(resourceURL))
	}
	t, err := rp.tenantForApp(tenantID)
	if err != nil {
		return secret.String{}, err
	}
	doc := t.doc.Load()
	if doc == nil {
		return secret.String{}, ErrNotReady
	}
	entry := rp.apps.entry(appTokenKey{t.id, resource}, rp.cfg.Now())
	return entry.get(ctx, rp.cfg.Now, func(ctx context.Context) (*oauth2.Token, error) {
		return rp.requestToken(ctx, doing, doc.token, url.Values{
			"grant_type": {"client_credentials"}, "scope": {resource + "/" + access.DefaultScope},
		})
	})
}

// GraphAppToken is AppToken for Microsoft Graph.
func (rp *RelyingParty) GraphAppToken(ctx context.Context, tenantID string) (secret.String, error) {
	return rp.AppToken(ctx, tenantID, rp.cfg.GraphURL)
}

func (rp *RelyingParty) tenantForApp(id string) (*tenant, error) {
	set := rp.tenants.Load()
	if set == nil {
		return nil, ErrNotReady
	}
	if id == "" {
		return set.all[0], nil
	}
	if t := set.byID(id); t != nil {
		return t, nil
	}
	return nil, refuse(ReasonTenant, "get a token of the application itself: tenant %q is not one of the allowed ones", capped(id))
}

type appTokenKey struct{ tenant, resource string }

// appTokens are the tokens of the client itself. The zero value is empty.
type appTokens struct {
	mu  sync.Mutex
	all map[appTokenKey]*appToken
}

// entry returns the one entry of a key.
func (a *appTokens) entry(key appTokenKey, now time.Time) *appToken {
	a.mu.Lock()
	defer a.mu.Unlock()
	if e := a.all[key]; e != nil {
		return e
	}
	if len(a.all) >= maxAppTokens {
		for k, e := range a.all {
			if e.idle(now) {
				delete(a.all, k)
			}
		}
	}
	e := &appToken{}
	if len(a.all) < maxAppTokens { // else it works, but is not kept
		if a.all == nil {
			a.all = map[appTokenKey]*appToken{}
		}
		a.all[key] = e
	}
	return e
}

// appToken is the last answer for one key, and the request that is under way.
type appToken struct {
	mu     sync.Mutex
	token  secret.String
	err    error
	until  time.Time     // token or err is believed before
	flight chan struct{} // closed at the end of the request; nil when there is none
}

func (e *appToken) idle(now time.Time) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.flight == nil && !now.Before(e.until)
}

func (e *appToken) get(ctx context.Context, now func() time.Time, ask func(context.Context) (*oauth2.Token, error)) (secret.String, error) {
	e.mu.Lock()
	if now().Before(e.until) {
		defer e.mu.Unlock()
		return e.token, e.err
	}
	if e.flight == nil {
		e.flight = make(chan struct{})
		// Not the caller's context alone: others wait for the same answer.
		go e.fill(context.WithoutCancel(ctx), now, ask, e.flight)
	}
	flight := e.flight
	e.mu.Unlock()
	select {
	case <-flight:
	case <-ctx.Done():
		return secret.String{}, exchangeError("wait for a token of the application itself", ctx.Err())
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.token, e.err
}

func (e *appToken) fill(ctx context.Context, now func() time.Time, ask func(context.Context) (*oauth2.Token, error), flight chan struct{}) {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	asked := now()
	answer, err := recovered("get a token of the application itself", func() (*oauth2.Token, error) { return ask(ctx) })
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.err = err; err != nil {
		e.token, e.until = secret.String{}, now().Add(pause(err))
	} else {
		e.token, e.until = secret.New(answer.AccessToken), asked.Add(keepFor(answer))
	}
	e.flight = nil
	close(flight)
}

// keepFor is how long a token is used: its life without the margin, but never
// less than half of it. Without a life in the answer it is for one use.
func keepFor(answer *oauth2.Token) time.Duration {
	life := min(lifeIn(answer, "expires_in"), maxAppTokenLife)
	return max(life-appTokenMargin, life/2)
}

// pause is how long a failure is believed.
func pause(err error) time.Duration {
	var e *Error
	if errors.As(err, &e) {
		return max(e.RetryAfter, appTokenPause)
	}
	return appTokenPause
}

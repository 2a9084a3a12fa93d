package client

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"

	"github.com/easyauth-sidecar/easyauth/authserver/secret"
)

const (
	typeAccess    = "urn:ietf:params:oauth:token-type:access_token"
	grantExchange = "urn:ietf:params:oauth:grant-type:token-exchange"
)

// Proof adds what proves who the application is to the form of a token request that is
// sent to this endpoint.
type Proof interface {
	Add(form url.Values, tokenEndpoint string) error
}

// App is an application with a registration of its own.
type App struct {
	Provider Provider
	ClientID string
	Scope    string // what the token is for: api://<application's client id>/.default
	Proof    Proof
}

// from tells what a token was asked for with, but for the proof.
func (a App) from() string {
	sum := sha256.Sum256([]byte(a.Provider.endpoint + "\n" + a.Provider.issuer + "\n" + a.Scope))
	return hex.EncodeToString(sum[:16])
}

// AppToken returns a token of an application: the one that is kept, while a minute is
// left of it, or a new one, for which the provider is asked for an access token (client
// credentials, RFC 6749, section 4.4), which EasyAuth exchanges. A refresh token is not
// kept: the provider is asked anew, and so can end it.
func (c *Client) AppToken(ctx context.Context, app App) (*Token, error) {
	if app.ClientID == "" || app.Scope == "" || app.Proof == nil || app.Provider == (Provider{}) {
		return nil, errors.New("get a token of an application: its client id, scope, proof or provider is missing")
	}
	of := key{server: c.Server.key(), client: app.ClientID}
	r, good, err := c.keptApp(of, app)
	if err == nil && !good {
		var unlock func()
		if unlock, err = c.State.lock(ctx, of); err != nil {
			return nil, err
		}
		defer unlock()
		r, good, err = c.keptApp(of, app) // somebody else may have had their turn
	}
	switch {
	case err != nil:
		return nil, err
	case good:
		return r.token(), nil
	}
	fresh, err := c.exchange(ctx, of, app)
	switch {
	case err == nil:
		return fresh.token(), nil
	case r != nil && temporary(err) && r.usable(c.Now()):
		return r.token(), nil
	}
	return nil, err
}

// keptApp returns what is kept, if it was asked for in the same way, and whether it is
// good as it is.
func (c *Client) keptApp(of key, app App) (r *record, good bool, err error) {
	r, err = c.State.read(of)
	switch {
	case errors.Is(err, errNotKept):
		return nil, false, nil
	case err != nil:
		return nil, false, err
	case r.from != app.from():
		return nil, false, nil
	}
	return r, r.fresh(c.Now()), nil
}

// exchange gets a token and keeps it. Whoever calls it has the lock.
func (c *Client) exchange(ctx context.Context, of key, app App) (*record, error) {
	theirs, err := c.providerToken(ctx, app)
	if err != nil {
		return nil, err
	}
	draft, err := c.State.begin(of)
	if err != nil {
		return nil, err
	}
	g, asked, err := c.redeem(ctx, url.Values{
		"grant_type": {grantExchange}, "subject_token_type": {typeAccess}, "subject_token": {theirs.Reveal()},
	})
	if err != nil {
		draft.drop()
		return nil, fmt.Errorf("exchange the identity provider's token for %s: %w", tame(app.Scope), err)
	}
	g.refresh = secret.String{}
	r := newRecord(of, g, asked)
	r.from = app.from()
	if err := draft.commit(r); err != nil {
		return nil, err
	}
	return r, nil
}

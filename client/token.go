package client

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/secret"
)

// Token is a token and how long it is good.
type Token struct {
	Access    secret.String
	Expires   time.Time // by this computer's clock
	Renewable bool      // there is a refresh token
}

func (r *record) token() *Token { return &Token{r.access, r.expires, !r.refresh.Empty()} }

// Token returns a person's token that is still good. One of which less than a minute is
// left (of a short life, a fifth) is renewed first, if there is a refresh token. It is
// ErrSignIn when a person must sign in again.
//
// A refresh token is good once, and the server ends the session when it sees one again:
// of all processes that share the folder one at a time renews, and the others wait for
// it. What is sent is not interrupted when ctx ends: the answer has the only token that
// is good from then on. If this process dies, or the computer does, between the server's
// answer and the file, the next call finds a token that was used, and the person signs
// in again.
//
// If the server cannot renew now, a token that is good for some seconds more is returned
// all the same.
func (c *Client) Token(ctx context.Context) (*Token, error) {
	of := c.person()
	r, good, err := c.kept(of)
	if err == nil && !good {
		var unlock func()
		if unlock, err = c.State.lock(ctx, of); err != nil {
			return nil, err
		}
		defer unlock()
		r, good, err = c.kept(of) // somebody else may have had their turn
	}
	switch {
	case err != nil:
		return nil, err
	case good:
		return r.token(), nil
	}
	renewed, err := c.renew(context.WithoutCancel(ctx), r)
	switch {
	case err == nil:
		return renewed.token(), nil
	case temporary(err) && r.usable(c.Now()):
		return r.token(), nil
	}
	return nil, err
}

func (c *Client) person() key { return key{server: c.Server.key()} }

// kept returns what is kept, and whether it is good as it is: else it can be renewed.
func (c *Client) kept(of key) (r *record, good bool, err error) {
	r, err = c.State.read(of)
	switch {
	case errors.Is(err, errNotKept):
		return nil, false, fmt.Errorf("%w to %s here", ErrSignIn, c.Server.Name())
	case err != nil:
		return nil, false, err
	case r.fresh(c.Now()):
		return r, true, nil
	case !r.refresh.Empty():
		return r, false, nil
	case r.usable(c.Now()):
		return r, true, nil
	}
	return nil, false, fmt.Errorf("%w to %s any more: the token has run out, and the server gave none to renew it with", ErrSignIn, c.Server.Name())
}

// renew uses the refresh token up. Whoever calls it has the lock.
func (c *Client) renew(ctx context.Context, r *record) (*record, error) {
	draft, err := c.State.begin(r.key)
	if err != nil {
		return nil, err
	}
	g, asked, err := c.redeem(ctx, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {r.refresh.Reveal()}})
	if err != nil {
		draft.drop()
		var refused *Refused
		if errors.As(err, &refused) && refused.code == "invalid_grant" {
			// It will never hold again: whoever asks next need not bring it.
			return nil, errors.Join(fmt.Errorf("%w any more: %w", ErrSignIn, err), c.State.remove(r.key))
		}
		return nil, err
	}
	renewed := newRecord(r.key, g, asked)
	if err := draft.commit(renewed); err != nil {
		// What is kept was used: bringing it again would end the session with an alarm.
		return nil, errors.Join(err, c.State.remove(r.key))
	}
	return renewed, nil
}

// redeem asks the token endpoint. asked is when.
func (c *Client) redeem(ctx context.Context, form url.Values) (g *grant, asked time.Time, err error) {
	asked = c.Now()
	a, err := c.post(ctx, c.Server.Name(), c.Server.endpoint("token"), form)
	if err != nil {
		return nil, asked, err
	}
	if a.status != 200 {
		return nil, asked, c.Server.refused(a)
	}
	if g, err = readGrant(a); err != nil {
		return nil, asked, c.Server.strange(err)
	}
	return g, asked, nil
}

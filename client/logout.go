package client

import (
	"context"
	"errors"
	"net/url"
	"time"
)

// Ending says what came of Logout.
type Ending struct {
	Kept      bool      // there was a token
	Revoked   bool      // the server ended its session, or it had run out
	Why       error     // why not; nil if it did
	Never     bool      // the server ends no tokens: it has neither a store nor a list
	Until     time.Time // how long the token is good where it was not ended
	Renewable bool      // there was a refresh token: the session may last longer
	Page      string    // where a person ends their sessions
}

// Logout ends a token at the server and deletes it here, also when the server could not
// be asked. clientID is an application's; "" is the person. An error is of the files
// here, or of ctx: then nothing was deleted.
func (c *Client) Logout(ctx context.Context, clientID string) (*Ending, error) {
	of := key{server: c.Server.key(), client: clientID}
	unlock, err := c.State.lock(ctx, of)
	if err != nil {
		return nil, err
	}
	defer unlock()
	e := &Ending{Page: c.Server.page()}
	r, err := c.State.read(of)
	switch {
	case errors.Is(err, errNotKept):
		return e, nil
	case err != nil:
		return nil, err
	}
	e.Kept, e.Renewable, e.Until = true, !r.refresh.Empty(), r.expires
	if e.Renewable || c.Now().Before(r.expires) {
		e.Why = c.end(ctx, r)
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	var refused *Refused
	e.Revoked = e.Why == nil
	e.Never = errors.As(e.Why, &refused) && refused.code == "unsupported_token_type"
	return e, c.State.remove(of)
}

// end asks the server to end the session of a record (RFC 7009).
func (c *Client) end(ctx context.Context, r *record) error {
	token := r.refresh
	if token.Empty() {
		token = r.access
	}
	a, err := c.post(ctx, c.Server.Name(), c.Server.endpoint("revoke"), url.Values{"token": {token.Reveal()}})
	switch {
	case err != nil:
		return err
	case a.status != 200:
		return c.Server.refused(a)
	case len(a.body) > 0: // RFC 7009 has no word for it, and EasyAuth sends nothing
		return c.Server.strange(errors.New("there is something where nothing should be"))
	}
	return nil
}

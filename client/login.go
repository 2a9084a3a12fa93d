package client

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"time"
)

const randomBytes = 32 // of a verifier and of a state: 43 characters

// Login signs a person in and keeps their token. show gets the address that they open in
// a browser on this computer, and how long it is good; it must not wait for them; port is where the browser comes
// back to, 0 for any that is free. It ends when the person has decided, when the address
// is good no more (10 minutes), or with ctx.
//
// A token that was kept before is replaced; its session is not ended.
func (c *Client) Login(ctx context.Context, port int, show func(loginURL string, life time.Duration)) (*Token, error) {
	if err := c.State.makeFolder(); err != nil { // before a person is bothered
		return nil, err
	}
	verifier, state := random(), random()
	back, err := listen(ctx, port, state)
	if err != nil {
		return nil, err
	}
	defer back.close()
	loginURL, life, err := c.beginLogin(ctx, back.redirect, state, verifier)
	if err != nil {
		return nil, err
	}
	show(loginURL, life)
	waiting, cancel := context.WithTimeout(ctx, life)
	defer cancel()
	came, err := back.wait(waiting)
	if err != nil {
		if ctx.Err() == nil {
			err = fmt.Errorf("nobody came back from the browser within %v", life.Round(time.Second))
		}
		return nil, err
	}
	r, err := c.finishLogin(ctx, came.code, back.redirect, verifier, came.refused)
	came.end(err)
	if err != nil {
		return nil, err
	}
	return r.token(), nil
}

// beginLogin asks for the address that the person opens.
func (c *Client) beginLogin(ctx context.Context, redirect, state, verifier string) (loginURL string, life time.Duration, err error) {
	a, err := c.get(ctx, c.Server.Name(), c.Server.endpoint("login")+"?"+url.Values{
		"redirect_uri": {redirect}, "state": {state},
		"code_challenge": {challenge(verifier)}, "code_challenge_method": {"S256"},
	}.Encode())
	if err != nil {
		return "", 0, err
	}
	if a.status != 200 {
		return "", 0, c.Server.refused(a)
	}
	if loginURL, life, err = c.Server.readLogin(a); err != nil {
		return "", 0, c.Server.strange(err)
	}
	return loginURL, life, nil
}

// finishLogin redeems the code and keeps what comes of it. Once the code is sent it is
// not interrupted.
func (c *Client) finishLogin(ctx context.Context, code, redirect, verifier, refused string) (*record, error) {
	switch {
	case refused == "access_denied":
		return nil, ErrCancelled
	case refused != "":
		return nil, fmt.Errorf("%s refused in the browser: %s", c.Server.Name(), tame(refused))
	}
	of := c.person()
	unlock, err := c.State.lock(ctx, of)
	if err != nil {
		return nil, err
	}
	defer unlock()
	draft, err := c.State.begin(of)
	if err != nil {
		return nil, err
	}
	g, asked, err := c.redeem(context.WithoutCancel(ctx), url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {redirect}, "code_verifier": {verifier},
	})
	if err != nil {
		draft.drop()
		return nil, err
	}
	r := newRecord(of, g, asked)
	if err := draft.commit(r); err != nil {
		return nil, errors.Join(err, c.end(context.WithoutCancel(ctx), r)) // nobody has it
	}
	return r, nil
}

// challenge is the S256 challenge of a verifier (RFC 7636, section 4.2).
func challenge(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

func random() string {
	b := make([]byte, randomBytes)
	_, _ = rand.Read(b) // never fails: crypto/rand
	return base64.RawURLEncoding.EncodeToString(b)
}

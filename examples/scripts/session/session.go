//go:build linux || darwin

package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
)

type session struct {
	client

	*store
}

// take keeps the tokens of an answer. The lock is held.
func (s *session) take(a *answer) (*tokens, error) {
	if a.status != http.StatusOK {
		return nil, a.refused()
	}
	g := a.members()
	kept := &tokens{App: s.app, Access: g.Access, Refresh: g.Refresh, Expires: time.Now().Unix() + g.ExpiresIn}
	return kept, s.keep(kept)
}

// obtain asks for tokens and keeps them.
func (s *session) obtain(ctx context.Context, form url.Values) error {
	unlock, err := s.lock()
	if err != nil {
		return err
	}
	defer unlock()
	a, err := s.ask(ctx, s.app, "token", form)
	if err == nil {
		_, err = s.take(a)
	}
	return err
}

func (s *session) login(ctx context.Context) error {
	verifier, state := random(), random()
	sum := sha256.Sum256([]byte(verifier))
	b, err := listen(ctx, state)
	if err != nil {
		return err
	}
	defer b.close(context.WithoutCancel(ctx))
	a, err := s.ask(ctx, s.app, "login", url.Values{
		"redirect_uri": {b.redirect}, "state": {state}, "code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"},
	})
	if err != nil {
		return err
	}
	if a.status != http.StatusOK {
		return a.refused()
	}
	begun := a.members()
	say("Open this address in a browser of this computer:\n" + begun.LoginURL)
	came, err := b.wait(ctx, time.Duration(begun.ExpiresIn)*time.Second)
	if err != nil {
		return err
	}
	if came.Get("code") == "" {
		return errors.New("the program was not let in: " + came.Get("error"))
	}
	return s.obtain(ctx, url.Values{
		"grant_type": {"authorization_code"}, "code": {came.Get("code")}, "redirect_uri": {b.redirect}, "code_verifier": {verifier},
	})
}

func random() string {
	secret := make([]byte, 32)
	_, _ = rand.Read(secret) // it never fails
	return base64.RawURLEncoding.EncodeToString(secret)
}

func (s *session) exchange(ctx context.Context, file, kind string) error {
	token, err := os.ReadFile(file) //nolint:gosec // who starts the program names the file
	if err != nil {
		return stop{2, err.Error()}
	}
	return s.obtain(ctx, url.Values{
		"grant_type":    {"urn:ietf:params:oauth:grant-type:token-exchange"},
		"subject_token": {string(bytes.TrimSpace(token))}, "subject_token_type": {"urn:ietf:params:oauth:token-type:" + kind},
	})
}

// renew gives what is kept in place of a token, unless another program has been quicker.
func (s *session) renew(ctx context.Context, old string) (*tokens, error) {
	unlock, err := s.lock()
	if err != nil {
		return nil, err
	}
	defer unlock()
	kept, err := s.load()
	if err != nil || kept.Access != old {
		return kept, err
	}
	if kept.Refresh == "" {
		return nil, stop{5, "the token has expired, and there is none to refresh it" + again}
	}
	ctx = context.WithoutCancel(ctx) // with the answer the session would be lost
	a, err := s.ask(ctx, s.app, "token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {kept.Refresh}})
	if err != nil {
		return nil, err
	}
	return s.take(a)
}

func (s *session) refresh(ctx context.Context) error {
	kept, err := s.load()
	if err == nil {
		_, err = s.renew(ctx, kept.Access)
	}
	return err
}

func (s *session) fetch(ctx context.Context, path, token string) (a *answer, challenge string, err error) {
	a, err = s.send(ctx, http.MethodGet, s.app+path, "", map[string]string{"Authorization": "Bearer " + token, "Accept": "application/json"})
	if err != nil {
		return nil, "", err
	}
	return a, strings.Join(a.header.Values("WWW-Authenticate"), ", "), nil
}

// call prints the answer of the application, to a token that is good for half a minute at least.
func (s *session) call(ctx context.Context, path string) error {
	kept, err := s.load()
	if err != nil {
		return err
	}
	if time.Until(kept.expires()) < 30*time.Second && kept.Refresh != "" {
		if kept, err = s.renew(ctx, kept.Access); err != nil {
			return err
		}
	}
	a, challenge, err := s.fetch(ctx, path, kept.Access)
	if err == nil && a.status == http.StatusUnauthorized && strings.Contains(challenge, `error="invalid_token", error_description="expired"`) {
		if kept, err = s.renew(ctx, kept.Access); err == nil {
			a, challenge, err = s.fetch(ctx, path, kept.Access)
		}
	}
	if err != nil {
		return err
	}
	return s.tell(path, a, challenge)
}

// tell prints an answer, or says why it is none.
func (s *session) tell(path string, a *answer, challenge string) error {
	switch {
	case a.status >= 200 && a.status < 300:
		_, err := os.Stdout.Write(a.body)
		return err
	case a.status == http.StatusUnauthorized && strings.Contains(challenge, `error="invalid_token"`):
		return stop{5, "the session has ended: " + challenge + again}
	case a.status == http.StatusUnauthorized && strings.Contains(challenge, `error="insufficient_`):
		return stop{3, "the token is good, and does not suffice: " + challenge}
	case a.status == http.StatusUnauthorized:
		return errors.New("it could not be told whether the token is good; try again later: " + challenge)
	case a.status == http.StatusForbidden:
		return stop{4, "the application refuses: " + string(a.body)}
	}
	text := fmt.Sprintf("%s%s answers %d", s.app, path, a.status)
	if wait := a.header.Get("Retry-After"); wait != "" {
		text += "; Retry-After: " + wait
	}
	return errors.New(text)
}

// logout ends the session at the server too, with all of its tokens, if it can.
func (s *session) logout(ctx context.Context) error {
	unlock, err := s.lock()
	if err != nil {
		return err
	}
	defer unlock()
	kept, err := s.load()
	if err != nil {
		return err
	}
	token := kept.Refresh
	if token == "" {
		token = kept.Access
	}
	a, err := s.ask(ctx, s.app, "revoke", url.Values{"token": {token}})
	switch {
	case err != nil:
		return err
	case a.status == http.StatusBadRequest && a.members().Error == "unsupported_token_type":
		say("EasyAuth cannot end this session. Its token is gone from here, and good until " + kept.expires().Format(time.RFC3339) + ".")
	case a.status != http.StatusOK:
		return a.refused()
	}
	return os.Remove(s.file)
}

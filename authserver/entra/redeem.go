package entra

import (
	"context"
	"errors"
	"net/url"
	"strings"

	"golang.org/x/oauth2"

	"github.com/easyauth-sidecar/easyauth/authserver/secret"
)

// Tokens is what a code was worth. It belongs to one sign-in, whose goroutine
// alone uses it; nothing of it is kept anywhere else.
type Tokens struct {
	IDToken     secret.String // not verified yet
	AccessToken secret.String // for the plan's first resource; opaque unless that is us
	// Graph is the token to ask Microsoft Graph with, empty if the trip brought
	// none; see GraphToken.
	Graph secret.String
	// Scopes were granted, of all resources, under the names that are kept: those
	// of the answers, or those that were asked for where an answer says nothing.
	// offline_access is not among them.
	Scopes []string
	// Failed is why further resources have no token: *Error values, joined. The
	// sign-in is good without.
	Failed error

	refresh secret.String
	noGraph error // why Graph's token could not be had
}

// Redeem exchanges a code, once, for tokens of the first resource of the plan that
// the authorization request was made of, and the refresh token that came along
// for those of the others. Every error is an *Error or ErrNotReady.
func (rp *RelyingParty) Redeem(ctx context.Context, code secret.String, verifier, redirectURI string, plan Plan) (*Tokens, error) {
	const doing = "redeem code"
	p := rp.provider.Load()
	switch {
	case p == nil:
		return nil, ErrNotReady
	case code.Empty():
		return nil, refuse(ReasonCode, doing+": there is none")
	case len(plan.Resources) == 0:
		return nil, refuse(ReasonScope, doing+": nothing was asked for")
	}
	first := plan.Resources[0]
	answer, err := rp.requestToken(ctx, doing, p.token, url.Values{
		"grant_type": {"authorization_code"}, "code": {code.Reveal()}, "redirect_uri": {redirectURI},
		"code_verifier": {verifier}, "scope": {strings.Join(first.Scopes, " ")},
	})
	if err != nil {
		return nil, err
	}
	idToken, _ := answer.Extra("id_token").(string)
	if idToken == "" {
		return nil, refuse(ReasonToken, doing+": the answer has no id_token")
	}
	t := &Tokens{IDToken: secret.New(idToken), AccessToken: secret.New(answer.AccessToken)}
	rp.take(t, first, answer)
	for _, r := range plan.Resources[1:] {
		if err := rp.redeemRefresh(ctx, p, t, r); err != nil {
			t.Failed = errors.Join(t.Failed, err)
			if r.Graph {
				t.noGraph = err
			}
		}
	}
	return t, nil
}

// GraphToken returns the token to ask Microsoft Graph with: the one that Redeem
// brought, else a new one with the refresh token, if the plan was for groups (or
// several resources). It asks the provider once per sign-in, whatever comes of
// it. Errors are *Error or ErrNotReady.
func (rp *RelyingParty) GraphToken(ctx context.Context, t *Tokens) (secret.String, error) {
	p := rp.provider.Load()
	switch {
	case p == nil:
		return secret.String{}, ErrNotReady
	case !rp.hasGraph() && t.Graph.Empty():
		return secret.String{}, refuse(ReasonScope, "get a token for Microsoft Graph: this provider has none")
	case t.Graph.Empty() && t.noGraph == nil:
		t.noGraph = rp.redeemRefresh(ctx, p, t, Resource{Scopes: []string{userRead}, Graph: true})
	}
	if t.Graph.Empty() {
		return secret.String{}, t.noGraph
	}
	return t.Graph, nil
}

// redeemRefresh adds a resource to the tokens.
func (rp *RelyingParty) redeemRefresh(ctx context.Context, p *provider, t *Tokens, r Resource) error {
	doing := "get a token for another API"
	if r.Graph {
		doing = "get a token for Microsoft Graph"
	}
	if t.refresh.Empty() {
		return refuse(ReasonScope, "%s: there is no refresh token (offline_access was not granted)", doing)
	}
	answer, err := rp.requestToken(ctx, doing, p.token, url.Values{
		"grant_type": {"refresh_token"}, "refresh_token": {t.refresh.Reveal()}, "scope": {strings.Join(r.Scopes, " ")},
	})
	if err != nil {
		return err
	}
	rp.take(t, r, answer)
	return nil
}

// take adds what an answer brought for a resource.
func (rp *RelyingParty) take(t *Tokens, r Resource, answer *oauth2.Token) {
	if answer.RefreshToken != "" {
		t.refresh = secret.New(answer.RefreshToken) // Entra ID gives a new one each time
	}
	if r.Graph {
		t.Graph = secret.New(answer.AccessToken)
	}
	granted := r.Scopes
	if answered := answer.Extra("scope"); answered != nil {
		text, _ := answered.(string)
		granted = strings.Fields(text)
	}
	for _, s := range granted {
		if s != offlineAccess {
			t.Scopes = appendNew(t.Scopes, rp.cfg.Scopes.Canonical(s))
		}
	}
}

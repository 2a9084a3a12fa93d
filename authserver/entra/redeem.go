package entra

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"github.com/easyauth-sidecar/easyauth/authserver/secret"
)

// Tokens is what a code or a refresh token was worth. It belongs to one sign-in or
// refresh, whose goroutine alone uses it; nothing of it is kept here. Who keeps a
// session keeps IDToken, AccessToken, Refresh, RefreshScopes and Expires, sealed.
type Tokens struct {
	IDToken     secret.String // of Redeem: not verified yet; of Refresh: verified, empty if there is none
	AccessToken secret.String // for the plan's first resource, or that of the refresh; opaque unless that is us
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

	// Refresh is the latest refresh token, empty if there is none. Redeem and
	// GraphToken use it and may replace it: keep what is here after both.
	Refresh secret.String
	// RefreshScopes are what Refresh has to be given: those of the plan's first
	// resource or, with a plain provider that says what it granted, those of them
	// that were.
	RefreshScopes []string
	// Expires is the end of AccessToken (with Azure AD B2C, which may give none, of
	// IDToken), zero if the answer does not say.
	Expires time.Time

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
	first, asked := plan.Resources[0], rp.cfg.Now()
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
	t := &Tokens{
		IDToken: secret.New(idToken), AccessToken: secret.New(answer.AccessToken),
		RefreshScopes: rp.refreshScopes(first.Scopes, answer), Expires: expiry(asked, answer),
	}
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
	if t.Refresh.Empty() {
		return refuse(ReasonScope, "%s: there is no refresh token (offline_access was not granted)", doing)
	}
	answer, err := rp.requestToken(ctx, doing, p.token, url.Values{
		"grant_type": {"refresh_token"}, "refresh_token": {t.Refresh.Reveal()}, "scope": {strings.Join(r.Scopes, " ")},
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
		t.Refresh = secret.New(answer.RefreshToken) // Entra ID gives a new one each time
	}
	if r.Graph {
		t.Graph = secret.New(answer.AccessToken)
	}
	granted, told := grantedScopes(answer)
	if !told {
		granted = r.Scopes
	}
	for _, s := range granted {
		if s != offlineAccess {
			t.Scopes = appendNew(t.Scopes, rp.cfg.Scopes.Canonical(s))
		}
	}
}

// grantedScopes are those that an answer names, and whether it says anything of
// scopes: one that does not means all that were asked for.
func grantedScopes(answer *oauth2.Token) (scopes []string, told bool) {
	answered := answer.Extra("scope")
	text, _ := answered.(string)
	return strings.Fields(text), answered != nil
}

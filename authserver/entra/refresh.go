package entra

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/oauth2"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/secret"
)

// Refresh asks for new tokens of a session: refresh and scopes are Tokens.Refresh
// and Tokens.RefreshScopes of its last sign-in or refresh, person is whom it
// belongs to. It makes one request.
//
// The tokens hold what the answer brought for the resource of these scopes; their
// Refresh is the new refresh token or, where the provider does not replace it, the
// one that was given. The identity is nil when the provider sent no ID token: then
// nothing is new about the person. Else it is what Verify makes of an ID token,
// without scopes and graph results, with the checks of Verify but for the nonce:
// iss, sub, tid and oid must be the person's, auth_time may not go back (OpenID
// Connect Core 1.0, section 12.2). Authentication contexts, methods and auth_time
// that it does not tell are still the person's. GroupsUnknown says that Microsoft
// Graph has to be asked again, with GraphToken.
//
// A nonce is not compared. It is that of a sign-in, which a session does not keep;
// Entra ID repeats it in some refreshed ID tokens, most providers leave it out. It
// guards a token that comes through the browser, and this one does not.
//
// Errors are *Error or ErrNotReady. Where Ends is true, the session is over: it is
// for invalid_grant (also access_denied, because nobody was asked), when the person
// has to do something first, and for an ID token about another person. At all
// others the session may live, and the request be made again later. If tokens come
// with an error, the provider gave some but the ID token could not be believed, or
// the keys not be had: they hold Refresh and RefreshScopes alone, which must be
// kept for the next time, because the old refresh token may be worth nothing now.
func (rp *RelyingParty) Refresh(ctx context.Context, refresh secret.String, scopes []string, person access.Identity) (*Tokens, *access.Identity, error) {
	const doing = "refresh a session"
	p := rp.provider.Load()
	switch {
	case p == nil:
		return nil, nil, ErrNotReady
	case refresh.Empty():
		return nil, nil, refuse(ReasonScope, doing+": there is no refresh token (offline_access was not granted)")
	}
	form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {refresh.Reveal()}}
	if len(scopes) > 0 {
		form.Set("scope", strings.Join(scopes, " "))
	}
	asked := rp.cfg.Now()
	answer, err := rp.requestToken(ctx, doing, p.token, form)
	if err != nil {
		return nil, nil, nobodyAsked(err)
	}
	t := &Tokens{AccessToken: secret.New(answer.AccessToken), Refresh: refresh, RefreshScopes: slices.Clone(scopes), Expires: expiry(asked, answer)}
	rp.take(t, Resource{Scopes: scopes, Graph: rp.areGraphs(scopes)}, answer)
	id, err := rp.refreshed(ctx, t, answer.Extra("id_token"), &person)
	var e *Error
	switch {
	case err == nil:
		return t, id, nil
	case errors.As(err, &e) && e.Ends():
		return nil, nil, err
	}
	return &Tokens{Refresh: t.Refresh, RefreshScopes: t.RefreshScopes}, nil, err
}

// refreshed verifies the ID token of a refresh, if there is one, and adds it to
// the tokens.
func (rp *RelyingParty) refreshed(ctx context.Context, t *Tokens, answered any, person *access.Identity) (*access.Identity, error) {
	if answered == nil {
		return nil, nil //nolint:nilnil // no ID token: nothing is new
	}
	idToken, _ := answered.(string)
	if idToken == "" {
		return nil, refuse(ReasonToken, "refresh a session: the id_token of the answer is no text")
	}
	t.IDToken = secret.New(idToken)
	claims, err := rp.verifyIDToken(ctx, t.IDToken, t.AccessToken)
	if err != nil {
		return nil, err
	}
	id := rp.identity(claims)
	switch {
	case !samePerson(person, id):
		return nil, refuse(ReasonCode, "id token: the refresh token of this session gave one about another person")
	case !id.AuthTime.IsZero() && id.AuthTime.Before(person.AuthTime.Add(-rp.cfg.Leeway)):
		return nil, refuse(ReasonToken, "id token: its auth_time is before that of the session")
	case id.AuthTime.Before(person.AuthTime):
		id.AuthTime = person.AuthTime
	}
	if id.Contexts == nil {
		id.Contexts = slices.Clone(person.Contexts)
	}
	if id.Methods == nil {
		id.Methods = slices.Clone(person.Methods)
	}
	return id, nil
}

// samePerson compares whom a session belongs to with whom an ID token is about, in
// all that the session knows of it.
func samePerson(person, id *access.Identity) bool {
	same := func(kept, told string) bool { return kept == "" || kept == told }
	return person.Key() == id.Key() && same(person.Issuer, id.Issuer) && same(person.Subject, id.Subject) &&
		same(person.Tenant, id.Tenant) && same(person.Object, id.Object)
}

// nobodyAsked makes of a refusal that says that the person did not agree one of
// the provider: at a refresh nobody is asked.
func nobodyAsked(err error) error {
	var e *Error
	if !errors.As(err, &e) || e.Reason != ReasonCancelled {
		return err
	}
	refused := *e
	refused.Reason = ReasonCode
	return &refused
}

// refreshScopes are what a refresh asks for. A plain provider that says what it
// granted is asked for no more (RFC 6749, section 6, lets it refuse the rest), but
// for openid: it did give an ID token. Entra ID is asked for what it was asked for
// before: it does not repeat offline_access.
func (rp *RelyingParty) refreshScopes(asked []string, answer *oauth2.Token) []string {
	granted, told := grantedScopes(answer)
	if rp.cfg.Kind != Plain || !told {
		return slices.Clone(asked)
	}
	return slices.DeleteFunc(slices.Clone(asked), func(s string) bool { return s != "openid" && !slices.Contains(granted, s) })
}

// areGraphs reports whether the token for these scopes can be used to ask Microsoft
// Graph: without a scope of an API Entra ID gives one for Graph.
func (rp *RelyingParty) areGraphs(scopes []string) bool {
	return rp.hasGraph() && !slices.ContainsFunc(scopes, func(s string) bool {
		return !access.IsOIDCScope(s) && rp.resourceOf(s) != rp.cfg.GraphURL
	})
}

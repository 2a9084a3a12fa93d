package entra

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"golang.org/x/oauth2"

	"github.com/easyauth-sidecar/easyauth/authserver/secret"
)

const maxTokenResponse = 1 << 20 // bytes, what x/oauth2 reads too

// Tokens is what a code was worth.
type Tokens struct {
	IDToken     secret.String // not verified yet
	AccessToken secret.String // for one resource; opaque unless that is us
	// Scopes were granted: those of the response, else those that were asked for.
	// Microsoft Graph's prefix is cut off; scopes of other APIs, and of our own,
	// keep their full name.
	Scopes []string
}

// Redeem exchanges a code, once, with the client secret in the body. scopes are
// those of one resource, as in the authorization request. Every error is an
// *Error or ErrNotReady; none holds anything of what was sent or answered but the
// error code of a known list and Entra ID's AADSTS number.
func (rp *RelyingParty) Redeem(ctx context.Context, code secret.String, verifier, redirectURI string, scopes []string) (*Tokens, error) {
	p := rp.provider.Load()
	switch {
	case p == nil:
		return nil, ErrNotReady
	case code.Empty():
		return nil, refuse(ReasonCode, "redeem code: there is none")
	}
	conf := &oauth2.Config{
		ClientID: rp.clientID, ClientSecret: rp.secret.Reveal(), RedirectURL: redirectURI,
		Endpoint: oauth2.Endpoint{TokenURL: p.token, AuthStyle: oauth2.AuthStyleInParams},
	}
	ctx = context.WithValue(ctx, oauth2.HTTPClient, eagerClient(rp.client))
	token, err := conf.Exchange(ctx, code.Reveal(), oauth2.VerifierOption(verifier),
		oauth2.SetAuthURLParam("scope", strings.Join(scopes, " ")))
	if err != nil {
		return nil, redeemError(err)
	}
	idToken, _ := token.Extra("id_token").(string)
	if idToken == "" {
		return nil, refuse(ReasonToken, "redeem code: the answer has no id_token")
	}
	t := &Tokens{IDToken: secret.New(idToken), AccessToken: secret.New(token.AccessToken)}
	granted := scopes
	if answered := token.Extra("scope"); answered != nil {
		text, _ := answered.(string)
		granted = strings.Fields(text)
	}
	for _, s := range granted {
		t.Scopes = appendNew(t.Scopes, rp.withoutGraph(s))
	}
	return t, nil
}

// redeemError keeps what is known not to be secret. The text of an error of
// x/oauth2 can hold the whole body.
func redeemError(err error) error {
	const doing = "redeem code"
	var refused *oauth2.RetrieveError
	if !errors.As(err, &refused) {
		var sent *url.Error // what http.Client makes of every error
		if errors.As(err, &sent) {
			return exchangeError(doing, err)
		}
		return refuse(ReasonIDPError, doing+": the answer is no token response")
	}
	status := refused.Response.StatusCode
	reason, known := tokenReasons()[refused.ErrorCode]
	name := "an unknown error"
	if known {
		name = refused.ErrorCode
	}
	switch {
	case status == http.StatusTooManyRequests:
		reason = ReasonUnavailable
	case status >= http.StatusInternalServerError, !known:
		reason = ReasonIDPError
	}
	number := aadsts.FindString(refused.ErrorDescription)
	if number != "" {
		name += ", " + number
	}
	if number == "AADSTS65001" || number == "AADSTS28000" { // no consent; two resources
		reason = ReasonScope
	}
	return refuse(reason, "%s: answered with status %d (%s)", doing, status, name)
}

// aadsts is Entra ID's own error number, at the start of a description.
var aadsts = regexp.MustCompile(`^AADSTS[0-9]{4,10}\b`)

// tokenReasons maps the error codes of RFC 6749, RFC 8707 and OpenID Connect.
func tokenReasons() map[string]Reason {
	return map[string]Reason{
		"invalid_grant":           ReasonCode,
		"invalid_client":          ReasonClient,
		"unauthorized_client":     ReasonClient,
		"invalid_scope":           ReasonScope,
		"invalid_target":          ReasonScope,
		"invalid_resource":        ReasonScope,
		"consent_required":        ReasonScope,
		"interaction_required":    ReasonCode,
		"login_required":          ReasonCode,
		"invalid_request":         ReasonIDPError,
		"unsupported_grant_type":  ReasonIDPError,
		"server_error":            ReasonIDPError,
		"temporarily_unavailable": ReasonUnavailable,
	}
}

// eagerClient is client with bodies read inside of the exchange: x/oauth2 turns
// an error while reading the body into text, so that a connection that broke
// could not be told from an answer that makes no sense.
func eagerClient(client *http.Client) *http.Client {
	c := *client
	c.Transport = eagerTransport{client.Transport}
	return &c
}

type eagerTransport struct{ next http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (t eagerTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	next := t.next
	if next == nil {
		next = http.DefaultTransport
	}
	resp, err := next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxTokenResponse+1))
	_ = resp.Body.Close() // everything that is wanted was read
	switch {
	case err != nil:
		return nil, err
	case len(body) > maxTokenResponse:
		return nil, ErrBodyTooLarge
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return resp, nil
}

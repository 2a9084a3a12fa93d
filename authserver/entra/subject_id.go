package entra

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/easyauth-sidecar/easyauth/authserver/secret"
)

// subjectOfID is Subject for an ID token, whose claims nobody has vouched for yet.
// They only say which audience go-oidc is to insist on: all of them are judged again
// once the signature was checked.
func (rp *RelyingParty) subjectOfID(ctx context.Context, token secret.String, unverified *object) (*Subject, error) {
	told, err := rp.idAudience(unverified)
	if err != nil {
		return nil, err
	}
	t, err := rp.openIDToken(ctx, token, idTokenRules{
		limit: maxAccessToken, client: told, audience: rp.checkSubjectAudience, maxAge: maxSubjectAge, more: rp.checkIsIDToken,
	})
	if err != nil {
		return nil, err
	}
	audience, err := rp.idAudience(t.claims)
	if err != nil {
		return nil, err
	}
	azp, _ := t.claims.text("azp") // a text, and a time, as checkClaims saw
	exp, _, _ := t.claims.instant("exp")
	s := &Subject{Own: audience == rp.cfg.ClientID, Client: cmp.Or(azp, audience), Expires: exp}
	if s.Own {
		s.Identity = rp.identity(t.claims)
	} else {
		s.Identity = rp.elsewhere(t.claims, audience)
	}
	return s, nil
}

// idAudience gives the one audience of an ID token, if it is ours or listed.
func (rp *RelyingParty) idAudience(claims *object) (string, error) {
	seen, err := audiences(idTokenName, claims)
	switch {
	case err != nil:
		return "", err
	case len(seen) > 1:
		return "", refuse(ReasonAudience, "id token: it is for several audiences")
	case seen[0] == rp.cfg.ClientID, rp.isExchangeAudience(seen[0]):
		return seen[0], nil
	}
	return "", refuse(ReasonAudience, "id token: its audience is %q, neither this client nor one whose tokens may be exchanged", capped(seen[0]))
}

// checkSubjectAudience judges for which clients an ID token is.
func (rp *RelyingParty) checkSubjectAudience(claims *object, azp string) error {
	audience, err := rp.idAudience(claims)
	switch {
	case err != nil:
		return err
	case azp == "", azp == audience, azp == rp.cfg.ClientID, slices.Contains(rp.cfg.ExchangeClients, azp):
		return nil
	}
	return refuse(ReasonAudience, "id token: azp is %q, which is not a client that may bring a token", capped(azp))
}

// checkIsIDToken refuses what looks like an ID token once nobody asks for its nonce.
//
// Entra ID's access tokens have claims that its ID tokens never have, among them
// azp, but where we would know the nonce. Those of another provider are told as
// checkPlainToken does: the claim that holds scopes, and no claim of an ID token.
// Some providers say it in a claim: typ (Keycloak), token_use (Amazon Cognito). A
// logout token has events, and its typ may say nothing.
func (rp *RelyingParty) checkIsIDToken(t *opened) error {
	claims := t.claims
	has := func(name string) bool {
		_, ok := claims.values[name]
		return ok || claims.repeated[name]
	}
	hasAny := func(names ...string) bool { return slices.ContainsFunc(names, has) }
	switch {
	case has(eventsClaim):
		return refuse(ReasonToken, "id token: it is a logout token, or tells of another event")
	case rp.cfg.Kind != Plain && (hasAny("scp", "appid", "azpacr", "appidacr", "idtyp") || has("azp") && !has("nonce")):
		return refuse(ReasonToken, "id token: it is an access token, and must be sent as one")
	case rp.cfg.Kind != Plain:
		return nil
	}
	for _, name := range []string{"typ", "token_use"} {
		if told, err := claims.text(name); err != nil || told != "" && !strings.EqualFold(told, "id") {
			return refuse(ReasonToken, "id token: its claim %s says that it is another kind of token", name)
		}
	}
	if parent, _ := locate(claims, rp.cfg.Claims.Scopes); parent != nil && !hasAny("nonce", "at_hash", "c_hash") {
		return refuse(ReasonToken, "id token: it is an access token by its claim %s, and must be sent as one", capped(rp.cfg.Claims.Scopes))
	}
	return nil
}

package entra

import (
	"context"
	"slices"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/secret"
)

// subjectOfAccess is Subject for an access token, whose claims nobody has vouched
// for yet.
func (rp *RelyingParty) subjectOfAccess(ctx context.Context, token secret.String, claims *object) (*Subject, error) {
	t, err := rp.subjectTenant(claims)
	if err != nil {
		return nil, err
	}
	audience, own, err := rp.accessAudience(claims)
	switch {
	case err != nil:
		return nil, err
	case t.doc.Load() == nil:
		return nil, refuse(ReasonUnavailable, "access token: the discovery document of tenant %s has not been read yet", t.id)
	}
	b, err := rp.proveBearer(ctx, t, token.Reveal(), claims)
	if err != nil {
		return nil, err
	}
	s := &Subject{Own: own, App: b.app, Client: b.client, Expires: b.times.exp}
	if own {
		s.Identity = rp.bearerIdentity(claims, b)
	} else {
		s.Identity = rp.elsewhere(claims, audience)
		b.name(s.Identity, claims)
		if b.app { // without sub nothing else would say so, and a rule may be for people alone
			s.Identity.Claims = []access.Claim{{Name: "idtyp", Values: []string{"app"}}}
		}
	}
	switch {
	case s.Identity.Key() == (access.Key{}):
		return nil, errNobody()
	case own:
	case !slices.Contains(rp.cfg.ExchangeClients, b.client):
		return nil, refuse(ReasonAudience, "access token: it was issued to the client %q, which is not one that may bring a token for %q", capped(b.client), capped(audience))
	case b.app && len(s.Identity.Roles) == 0:
		return nil, refuse(ReasonAudience, "access token: it is an application's for %q, and none of its roles there is worth a role here", capped(audience))
	}
	return s, nil
}

// subjectTenant gives the tenant that a token names as its issuer, v1 or v2.
func (rp *RelyingParty) subjectTenant(claims *object) (*tenant, error) {
	issuer, err := claims.text("iss")
	if err != nil {
		return nil, refuse(ReasonToken, "access token: iss is no text, or there twice")
	}
	if t := rp.tenantOf(issuer); t != nil {
		return t, nil
	}
	return nil, rp.foreignIssuer(accessTokenName, issuer)
}

// accessAudience gives the audience of an access token that is not ours but listed,
// or says that it is ours.
func (rp *RelyingParty) accessAudience(claims *object) (audience string, own bool, err error) {
	foreign, err := rp.checkBearerAudience(claims)
	if err == nil {
		return "", true, nil
	}
	seen, wrong := audiences(accessTokenName, claims)
	switch {
	case !foreign, wrong != nil:
		return "", false, err
	case len(seen) == 1 && rp.isExchangeAudience(seen[0]):
		return seen[0], false, nil
	case slices.ContainsFunc(seen, rp.isExchangeAudience):
		return "", false, refuse(ReasonAudience, "access token: it is for several audiences")
	}
	return "", false, err
}

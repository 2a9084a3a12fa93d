package entra

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
)

// bearerTenant gives the tenant that a token says it is of; false when its issuer
// is none of ours. Before discovery it can be ours without a tenant: a domain has
// no GUID yet, and an issuer of B2C may turn out to hold the policy.
func (rp *RelyingParty) bearerTenant(claims *object) (t *tenant, ours bool) {
	if claims == nil {
		return nil, false
	}
	issuer, err := claims.text("iss")
	if err != nil || issuer == "" {
		return nil, false
	}
	discovered := rp.Ready() // before tenants are looked at: they are there first
	if t = rp.tenantOf(issuer); t != nil {
		return t, true
	}
	return nil, !discovered && rp.mayBecomeOurs(issuer)
}

// mayBecomeOurs: see bearerTenant.
func (rp *RelyingParty) mayBecomeOurs(issuer string) bool {
	if rp.cfg.Kind != B2C && rp.tenants.Load() != nil {
		return false
	}
	return strings.HasPrefix(issuer, rp.base()+"/") ||
		rp.cfg.V1Issuer != "" && rp.cfg.Kind == SingleTenant && strings.HasPrefix(issuer, rp.cfg.V1Issuer) ||
		rp.cfg.Kind == ExternalID && issuer == rp.issuerOf(guidIn.FindString(issuer))
}

// verifyBearer checks a token whose issuer and audience are ours. claims are its
// own, as yet unverified. What can be judged without a key goes first: a refusal
// needs no proof, and says what is wrong with a token that is merely old.
func (rp *RelyingParty) verifyBearer(ctx context.Context, t *tenant, token string, claims *object) (*verifiedToken, error) {
	b, err := rp.proveBearer(ctx, t, token, claims)
	if err != nil {
		return nil, err
	}
	identity := rp.bearerIdentity(claims, b)
	if identity.Key() == (access.Key{}) {
		return nil, errNobody()
	}
	return &verifiedToken{identity: identity, exp: b.times.exp, nbf: b.times.nbf, tenant: t, kid: b.kid}, nil
}

// proveBearer is verifyBearer without what the token says of anybody.
func (rp *RelyingParty) proveBearer(ctx context.Context, t *tenant, token string, claims *object) (*bearer, error) {
	if err := rp.checkRepeated(accessTokenName, claims); err != nil {
		return nil, err
	}
	times, err := rp.checkTimes(accessTokenName, claims)
	if err != nil {
		return nil, err
	}
	doc := t.doc.Load()
	ctx, cancel := context.WithTimeout(ctx, bearerKeyWait)
	defer cancel()
	jwt, err := doc.keys.verify(ctx, accessTokenName, token, doc.algs)
	if err != nil {
		return nil, err
	}
	if !samePayload(token, jwt.payload) {
		return nil, refuse(ReasonToken, "access token: what was signed is not what was read")
	}
	if strings.HasSuffix(jwt.typ, "+jwt") && !isAccessType(jwt.typ) { // logout+jwt, secevent+jwt: made for something else
		return nil, refuse(ReasonToken, "access token: by its typ it is another kind of token")
	}
	var b *bearer
	if rp.cfg.Kind == Plain {
		b, err = rp.checkPlainToken(claims, jwt.typ)
	} else {
		b, err = rp.checkAccessToken(t, claims)
	}
	if err != nil {
		return nil, err
	}
	b.times, b.kid = times, jwt.kid
	return b, nil
}

func errNobody() *Error {
	return refuse(ReasonToken, "access token: it does not say who it speaks for")
}

// isAccessType reports whether the header says that it is an access token (RFC
// 9068, section 2.1).
func isAccessType(typ string) bool { return typ == "at+jwt" || typ == "application/at+jwt" }

// checkBearerAudience judges for whom a token is. foreign: for another API, and
// certainly not for us too.
func (rp *RelyingParty) checkBearerAudience(claims *object) (foreign bool, err error) {
	seen, err := audiences(accessTokenName, claims)
	if err != nil {
		return false, err
	}
	ours := slices.ContainsFunc(seen, rp.isAudience)
	switch {
	case ours && (len(seen) == 1 || rp.cfg.Kind == Plain):
		return false, nil
	case ours:
		return false, refuse(ReasonAudience, "access token: it is for several audiences")
	}
	return true, rp.foreignAudience(claims, seen[0])
}

// audiences gives for whom a token is, at least one. what names the token.
func audiences(what string, claims *object) ([]string, error) {
	seen := claims.texts("aud")
	if raw := claims.values["aud"]; len(seen) == 0 || raw[0] != '"' && !allTexts(raw, len(seen)) {
		return nil, refuse(ReasonToken, "%s: aud is missing, there twice, or neither a text nor a list of texts", what)
	}
	return seen, nil
}

// allTexts reports whether a list has n elements; empty ones and those that are
// no text have not been counted in n.
func allTexts(raw json.RawMessage, n int) bool {
	var list []json.RawMessage
	return json.Unmarshal(raw, &list) == nil && len(list) == n
}

func (rp *RelyingParty) isAudience(aud string) bool {
	switch {
	case rp.isGraph(aud), isMicrosoft(aud): // also when it is configured: anybody's program may have one
		return false
	case aud == rp.cfg.ClientID:
		return true
	case rp.cfg.Kind != Plain && aud == "api://"+rp.cfg.ClientID:
		return true
	}
	return slices.Contains(rp.cfg.Audiences, aud)
}

func (rp *RelyingParty) isGraph(aud string) bool { return isGraph(aud, rp.cfg.GraphURL) }

// isGraph reports whether an audience is Microsoft Graph.
func isGraph(aud, graphURL string) bool {
	const graphID = "00000003-0000-0000-c000-000000000000"
	aud = strings.TrimSuffix(strings.ToLower(aud), "/")
	return aud == graphID || aud == defaultGraphURL || strings.EqualFold(aud, strings.TrimSuffix(graphURL, "/"))
}

// isMicrosoft reports whether an audience is a service of Microsoft's for which
// every program of a tenant can get tokens: what the command line gives when it is
// asked for no API in particular.
func isMicrosoft(aud string) bool {
	switch strings.TrimSuffix(strings.ToLower(aud), "/") {
	case "https://management.azure.com", "https://management.core.windows.net", "797f4846-ba00-4fd7-ba43-dac1f8f63013",
		"https://vault.azure.net", "cfa8b339-82a2-471a-a3c9-0fc0be7a4093",
		"https://storage.azure.com", "e406a681-f3d4-42a8-90b6-c2b029497af1",
		"https://management.usgovcloudapi.net", "https://management.core.usgovcloudapi.net",
		"https://management.chinacloudapi.cn", "https://management.core.chinacloudapi.cn",
		"https://graph.windows.net", "00000002-0000-0000-c000-000000000000",
		"https://outlook.office.com", "https://outlook.office365.com", "00000002-0000-0ff1-ce00-000000000000", "00000003-0000-0ff1-ce00-000000000000",
		"499b84ac-1321-427f-aa17-267ca6975798", "api://azureadtokenexchange", "fb60f99c-7a34-4190-8149-302f77469936",
		"https://database.windows.net", "https://ossrdbms-aad.database.windows.net":
		return true
	}
	return false
}

// foreignAudience says what an administrator can do about an audience that is
// not accepted.
func (rp *RelyingParty) foreignAudience(claims *object, aud string) *Error {
	if rp.isGraph(aud) {
		return refuse(ReasonAudience, "access token: it is for Microsoft Graph; ask for a token with a scope of this API, such as %s/%s", rp.cfg.ClientID, access.DefaultScope)
	}
	expected := []string{rp.cfg.ClientID}
	if rp.cfg.Kind != Plain {
		expected = append(expected, "api://"+rp.cfg.ClientID)
	}
	accepted := capped(strings.Join(append(expected, rp.cfg.Audiences...), ", "))
	ver, _ := claims.text("ver")
	if entra := rp.cfg.Kind == SingleTenant || rp.cfg.Kind == MultiTenant; entra && ver == "1.0" && !access.IsGUID(strings.ToLower(aud)) && !isMicrosoft(aud) {
		return refuse(ReasonAudience, "access token: its audience is %q and its ver is 1.0; accepted: %s. If it names this API, set requestedAccessTokenVersion to 2 in the registration's manifest, or add it to EASYAUTH_AUDIENCES", capped(aud), accepted)
	}
	return refuse(ReasonAudience, "access token: its audience is %q; accepted: %s. Ask for a token with a scope of this API, such as %s/%s", capped(aud), accepted, rp.cfg.ClientID, access.DefaultScope)
}

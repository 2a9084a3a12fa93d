package entra

import (
	"cmp"
	"slices"
	"strings"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
)

// bearer is what was found about a token beyond its claims.
type bearer struct {
	client  string // for which it was issued
	v1      bool
	app     bool // it speaks for an application, not for a person
	scopes  []string
	display string // the name of the application

	times tokenTimes
	kid   string // the key that signed it
}

// entraTexts are the claims of Entra ID that checkAccessToken reads.
func entraTexts() []string {
	return []string{"iss", "ver", "azp", "appid", "sub", "tid", "oid", "idtyp", "scp", "app_displayname", "upn", "unique_name"}
}

// checkAccessToken judges the kind of a verified token of Entra ID. An access
// token for our API and an ID token of our own registration can have the same
// iss, aud and key: only an access token names the client (azp; v1: appid), and
// only an ID token has a nonce, but for those of B2C, which repeats it in an
// access token beside scp. It speaks for a person (scp) or for an application
// (no scp; idtyp is app or, without that optional claim, sub is oid), which must
// have a role: every application of the tenant can get a token without one.
func (rp *RelyingParty) checkAccessToken(t *tenant, claims *object) (*bearer, error) {
	text := map[string]string{}
	for _, name := range entraTexts() {
		value, err := claims.text(name)
		if err != nil {
			return nil, refuse(ReasonToken, "access token: %s is no text, or there twice", name)
		}
		text[name] = value
	}
	b := &bearer{client: text["azp"], v1: t.v1 != "" && text["iss"] == t.v1, display: text["app_displayname"]}
	wantVersion := "2.0"
	if b.v1 {
		wantVersion, b.client = "1.0", text["appid"]
	}
	for name := range strings.FieldsSeq(text["scp"]) {
		b.scopes = appendNew(b.scopes, rp.cfg.Scopes.Own(name))
	}
	_, hasScopes := claims.values["scp"]
	b.app = !hasScopes && (text["idtyp"] == "app" || text["idtyp"] == "" && text["oid"] != "" && text["sub"] == text["oid"])
	_, hasNonce := claims.values["nonce"]
	switch {
	case b.client == "", hasNonce && (rp.cfg.Kind != B2C || len(b.scopes) == 0):
		return nil, refuse(ReasonToken, "access token: it is an ID token, or of another kind; send the access_token of the token answer")
	case len(b.client) > maxID:
		return nil, refuse(ReasonToken, "access token: azp or appid is too long")
	case rp.cfg.Kind != B2C && text["ver"] != wantVersion: // those of B2C have 1.0 and the form of 2.0
		return nil, refuse(ReasonToken, "access token: its ver is %q, and its issuer writes %q", capped(text["ver"]), wantVersion)
	case hasScopes && (len(b.scopes) == 0 || text["idtyp"] == "app"):
		return nil, refuse(ReasonToken, "access token: scp is empty, or idtyp says that it is an application's")
	case !hasScopes && !b.app:
		return nil, refuse(ReasonToken, "access token: it has no scp, and is no application's")
	case b.app && len(claims.texts("roles")) == 0:
		return nil, refuse(ReasonToken, "access token: it is an application's without any role; assign an app role of this API to the application %s", capped(b.client))
	}
	if err := rp.checkPolicy(accessTokenName, claims); err != nil {
		return nil, err
	}
	return b, rp.checkSubject(accessTokenName, t.id, text["sub"], text["tid"], text["oid"])
}

// checkPlainToken judges the kind of a verified token of another provider: its
// typ says that it is an access token (RFC 9068), or it has none of an ID token's
// claims, names the client and has the claim that holds scopes.
func (rp *RelyingParty) checkPlainToken(claims *object, typ string) (*bearer, error) {
	b := &bearer{scopes: rp.claimTexts(claims, rp.cfg.Claims.Scopes)}
	for _, name := range []string{"azp", "client_id", "cid", "sub"} {
		value, err := claims.text(name)
		switch {
		case err != nil:
			return nil, refuse(ReasonToken, "access token: %s is no text, or there twice", name)
		case name != "sub":
			b.client = cmp.Or(b.client, value)
		case value == "" || len(value) > maxID:
			return nil, refuse(ReasonToken, "access token: sub is missing or too long")
		}
	}
	if isAccessType(typ) {
		return b, nil
	}
	for _, name := range []string{"nonce", "at_hash", "c_hash"} {
		if _, ok := claims.values[name]; ok {
			return nil, refuse(ReasonToken, "access token: it is an ID token: it has %s; send the access_token of the token answer", name)
		}
	}
	parent, member := locate(claims, rp.cfg.Claims.Scopes)
	hasScopes := parent != nil && !parent.repeated[member]
	if b.client == "" || !hasScopes {
		return nil, refuse(ReasonToken, "access token: neither its typ (at+jwt) nor its claims (azp, client_id or cid, and %s) say that it is one", capped(rp.cfg.Claims.Scopes))
	}
	return b, nil
}

// bearerIdentity reads the claims of a token that is accepted, as identity does.
// The name of an application is app_displayname, else its client id; in v1 tokens
// preferred_username is upn or unique_name.
func (rp *RelyingParty) bearerIdentity(claims *object, b *bearer) *access.Identity {
	if rp.cfg.Kind != Plain {
		delete(claims.values, "scp") // it is in Scopes
	}
	id := rp.identity(claims)
	id.Scopes = slices.DeleteFunc(slices.Clone(b.scopes), func(s string) bool { return !access.IsScope(s) })
	b.name(id, claims)
	return id
}

// name fills in the names that are kept elsewhere than in ID tokens.
func (b *bearer) name(id *access.Identity, claims *object) {
	if b.app {
		id.Name = cmp.Or(b.display, b.client)
	}
	if b.v1 && id.PreferredUsername == "" {
		upn, _ := claims.text("upn") // texts, as checkAccessToken saw
		unique, _ := claims.text("unique_name")
		id.PreferredUsername = cmp.Or(upn, unique)
	}
}

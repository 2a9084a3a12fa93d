package entra

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
)

// Bounds of what a token may bring into an identity.
const (
	maxClaims     = 200      // other claims
	maxClaimBytes = 16 << 10 // of all values of one claim
	maxClaimName  = 256      // bytes
	maxNamesInLog = 10
)

// shownClaims have fields of their own in an identity.
func shownClaims() []string {
	return []string{"iss", "tid", "oid", "sub", "name", "preferred_username", "email", "roles", "groups"}
}

// sharedClaims are judged here and reach an application too, which may have
// reasons to know how and for which client a person signed in; EasyAuthForK8s
// passes them on. The same goes for sid, login_hint, idtyp and xms_edov, which
// are not looked at here.
func sharedClaims() []string {
	return []string{"azp", "acr", "acrs", "amr", "auth_time", "tfp"}
}

// The claims by which Entra ID says that a token could not hold all groups.
const (
	namesClaim     = "_claim_names"
	hasGroupsClaim = "hasgroups"
)

// identity reads verified claims. Only the claim called exactly "roles", or as
// configured for a plain provider, is roles: "ROLES" and
// "https://example.com/roles" are other claims.
func (rp *RelyingParty) identity(claims *object) *access.Identity {
	d := &dropped{}
	id := rp.person(claims, d)
	id.Subject, _ = claims.text("sub")
	id.Roles = rp.list(claims, "roles", rp.cfg.Claims.Roles, d)
	id.Groups = lowerGUIDs(rp.list(claims, "groups", rp.cfg.Claims.Groups, d))
	id.GroupsUnknown = rp.groupsElsewhere(claims)
	id.Contexts, id.Methods = rp.contexts(claims)
	id.AuthTime, _, _ = claims.instant("auth_time")
	id.Claims = otherClaims(claims, d, rp.mappedClaims()...)
	rp.tell(id, d)
	return id
}

// person reads who a token of any audience is about, but for sub, which may mean
// something to that audience alone.
func (rp *RelyingParty) person(claims *object, d *dropped) *access.Identity {
	id := &access.Identity{
		Name:              shown(claims, "name", d),
		PreferredUsername: shown(claims, "preferred_username", d),
		Email:             shown(claims, "email", d),
	}
	// Texts of at most 255 bytes, as checkSubject saw.
	id.Issuer, _ = claims.text("iss")
	if rp.cfg.Kind != Plain { // with another provider they may be claims that users set themselves, and they would be the key
		id.Tenant, _ = claims.text("tid")
		id.Object, _ = claims.text("oid")
		id.Tenant = strings.ToLower(id.Tenant)
	}
	return id
}

// tell says in the identity and in the log what was left out.
func (rp *RelyingParty) tell(id *access.Identity, d *dropped) {
	id.Dropped = d.parts()
	if len(d.names) > 0 {
		rp.cfg.Log.Warn("claims of a token were left out: too large, too many or ambiguous",
			"claims", d.names[:min(len(d.names), maxNamesInLog)], "count", len(d.names))
	}
}

// contexts gives the authentication contexts and methods. Entra ID's contexts are
// in acrs; what it writes into acr says nothing, and amr it does not send.
func (rp *RelyingParty) contexts(claims *object) (contexts, methods []string) {
	bounded := func(name string) []string {
		return slices.DeleteFunc(claims.texts(name), func(s string) bool { return len(s) > maxID })
	}
	if rp.cfg.Kind != Plain {
		return bounded("acrs"), nil
	}
	return bounded("acr"), bounded("amr")
}

// lowerGUIDs writes object ids as rules have them.
func lowerGUIDs(groups []string) []string {
	for i, g := range groups {
		if lower := strings.ToLower(g); access.IsGUID(lower) {
			groups[i] = lower
		}
	}
	return groups
}

// dropped collects the names of claims that were left out.
type dropped struct{ names []string }

func (d *dropped) add(name string) {
	const limit = 60
	d.names = append(d.names, capped(name[:min(len(name), limit)]))
}

// parts names what was left out for the application, which may have to know
// whether all is there; from the 17th on it is only "claims".
func (d *dropped) parts() []string {
	const most = 16
	if len(d.names) <= most {
		return d.names
	}
	return append(slices.Clone(d.names[:most]), "claims")
}

// shown returns a display claim, "" when it is absent, no text, or too large.
func shown(claims *object, name string, d *dropped) string {
	s, err := claims.text(name)
	if err != nil || len(s) > maxClaimBytes {
		d.add(name)
		return ""
	}
	return s
}

// list returns the texts of roles or groups, which the claim called name holds. Their
// number is bounded by the token's size. What is left out is known by both names: by that of
// the claim to who reads the log, and as roles or groups to who asks about those.
func (rp *RelyingParty) list(claims *object, what, name string, d *dropped) []string {
	all := rp.claimTexts(claims, name)
	kept := slices.DeleteFunc(slices.Clone(all), func(s string) bool { return len(s) > maxClaimBytes })
	if len(kept) < len(all) {
		d.add(what)
		if name != what {
			d.add(name)
		}
	}
	return kept
}

// groupsElsewhere reports whether the token says that the user has more groups
// than it could hold. Where it says they are is never asked: that is a retired
// host, and an address out of a token.
func (rp *RelyingParty) groupsElsewhere(claims *object) bool {
	if raw := string(claims.values[hasGroupsClaim]); raw == "true" || raw == `"true"` {
		return true
	}
	raw, ok := claims.values[namesClaim]
	if !ok {
		return false
	}
	names, err := parseObject(raw)
	if err != nil {
		return false
	}
	for _, name := range []string{"groups", rp.cfg.Claims.Groups} {
		if _, ok = names.values[name]; ok || names.repeated[name] {
			return true
		}
	}
	return false
}

// otherClaims returns everything else, sorted by name, but for those in hidden.
func otherClaims(claims *object, d *dropped, hidden ...string) []access.Claim {
	known := map[string]bool{}
	for _, name := range slices.Concat(access.ProtocolClaims(), shownClaims(), hidden) {
		known[name] = true
	}
	var out []access.Claim
	for _, name := range slices.Sorted(maps.Keys(claims.values)) {
		if known[name] {
			continue
		}
		values, ok := claimValues(claims.values[name])
		switch {
		case !ok, name == "", len(name) > maxClaimName, len(out) == maxClaims:
			d.add(name)
		case len(values) > 0:
			out = append(out, access.Claim{Name: name, Values: values})
		}
	}
	for name := range claims.repeated {
		d.add(name) // one of two values would be a guess
	}
	return out
}

// claimValues gives one text per element of an array, else one. It returns
// false when they are too large together, so that none is cut.
func claimValues(raw json.RawMessage) ([]string, bool) {
	elements := []json.RawMessage{raw}
	if raw[0] == '[' {
		elements = nil
		if json.Unmarshal(raw, &elements) != nil {
			return nil, false
		}
	}
	var (
		values []string
		size   int
	)
	for _, e := range elements {
		text, ok := claimText(e)
		if !ok {
			continue
		}
		if size += len(text) + 1; size > maxClaimBytes { // 1: values can be empty
			return nil, false
		}
		values = append(values, text)
	}
	return values, true
}

// claimText gives text as it is, numbers as they were written, true and false,
// and the compact JSON of everything else. null has no text.
func claimText(raw json.RawMessage) (string, bool) {
	switch raw[0] {
	case '"':
		var s string
		return s, json.Unmarshal(raw, &s) == nil
	case 'n':
		return "", false
	case '{', '[':
		var b bytes.Buffer
		err := json.Compact(&b, raw)
		return b.String(), err == nil
	}
	return string(raw), true
}

package entra

import "strings"

// claimTexts returns the texts of a claim by its exact name or, when there is
// none of that name, by a path through objects with dots between. An array gives
// its texts, a text itself; of the claim that holds scopes it is split at blanks,
// as RFC 6749 writes scopes. Everything else, and a member that is there twice,
// gives nothing.
func (rp *RelyingParty) claimTexts(claims *object, name string) []string {
	parent, member := locate(claims, name)
	if parent == nil {
		return nil
	}
	texts := parent.texts(member)
	if name == rp.cfg.Claims.Scopes && len(texts) == 1 && parent.values[member][0] == '"' {
		return strings.Fields(texts[0])
	}
	return texts
}

// locate finds the object that has the member at the end of a path, nil if there
// is none. A name may itself have dots (a URL, a client id): a member that has
// all the rest of the path as its name goes first, then the shortest step. Each
// object is visited at most once, because its place says what is left of the path.
func locate(o *object, path string) (parent *object, member string) {
	if _, ok := o.values[path]; ok || o.repeated[path] {
		return o, path
	}
	for i, c := range path {
		if c != '.' {
			continue
		}
		inner, err := parseObject(o.values[path[:i]])
		if err != nil {
			continue
		}
		if parent, member = locate(inner, path[i+1:]); parent != nil {
			return parent, member
		}
	}
	return nil, ""
}

// mappedClaims are the claims of a plain provider that roles, groups and scopes
// may be in: of a path, all that it may begin with. They are judged, and are not
// repeated among other claims.
func (rp *RelyingParty) mappedClaims() []string {
	if rp.cfg.Kind != Plain {
		return nil
	}
	var names []string
	for _, name := range []string{rp.cfg.Claims.Roles, rp.cfg.Claims.Groups, rp.cfg.Claims.Scopes} {
		for i, c := range name {
			if c == '.' {
				names = appendNew(names, name[:i])
			}
		}
		names = appendNew(names, name)
	}
	return names
}

package entra

import (
	"encoding/json"
	"errors"
	"fmt"
)

const maxChallenge = 4 << 10 // bytes of a claims challenge

// claimsParam builds the one parameter "claims" of a request (OpenID Connect
// Core, section 5.5): what a claims challenge asks for, the contexts and methods
// of authentication that the ID token must tell, and this client's capabilities.
// It is empty when there is nothing to ask.
func (rp *RelyingParty) claimsParam(challenge string, contexts, methods []string) (string, error) {
	top, err := readChallenge(challenge)
	if err != nil {
		return "", err
	}
	idToken, accessToken := top[idTokenMember], top[accessTokenMember]
	if rp.cfg.Kind == Plain {
		idToken = ask(idToken, "acr", contexts, false)
		idToken = ask(idToken, "amr", methods, false)
	} else {
		idToken = ask(idToken, "acrs", contexts, true)
	}
	if all := appendNew(asked(accessToken["xms_cc"]), rp.cfg.Capabilities...); len(rp.cfg.Capabilities) > 0 {
		accessToken = with(accessToken, "xms_cc", map[string]any{"values": all})
	}
	out := map[string]any{}
	for name, members := range top {
		out[name] = members
	}
	for name, members := range map[string]claimRequests{idTokenMember: idToken, accessTokenMember: accessToken} {
		if len(members) > 0 {
			out[name] = members
		}
	}
	if len(out) == 0 {
		return "", nil
	}
	text, err := json.Marshal(out)
	if err != nil {
		return "", fmt.Errorf("claims parameter: %w", err)
	}
	return string(text), nil
}

const (
	idTokenMember     = "id_token"
	accessTokenMember = "access_token"
)

// claimRequests is what one token has to say, by claim.
type claimRequests map[string]any

// ValidChallenge reports whether a claims challenge can be passed on in an
// authorization request.
func ValidChallenge(challenge string) bool {
	_, err := readChallenge(challenge)
	return err == nil
}

// readChallenge gives a claims challenge by token.
func readChallenge(challenge string) (map[string]claimRequests, error) {
	out := map[string]claimRequests{}
	if challenge == "" {
		return out, nil
	}
	wrong := errors.New("claims challenge: want a JSON object of objects, each member once, at most 4 KB")
	if len(challenge) > maxChallenge {
		return nil, wrong
	}
	top, err := parseObject([]byte(challenge))
	if err != nil || len(top.repeated) > 0 {
		return nil, wrong
	}
	for name, raw := range top.values {
		members, err := parseObject(raw)
		if err != nil || len(members.repeated) > 0 {
			return nil, wrong
		}
		out[name] = claimRequests{}
		for claim, want := range members.values {
			out[name][claim] = want
		}
	}
	return out, nil
}

// ask adds values of a claim to those that a challenge asks for. single: Entra ID
// wants one value as "value".
func ask(r claimRequests, claim string, values []string, single bool) claimRequests {
	if len(values) == 0 {
		return r
	}
	values = appendNew(asked(r[claim]), values...)
	if single && len(values) == 1 {
		return with(r, claim, map[string]any{"essential": true, "value": values[0]})
	}
	return with(r, claim, map[string]any{"essential": true, "values": values})
}

// asked gives the values that a challenge wants of a claim.
func asked(want any) []string {
	raw, ok := want.(json.RawMessage)
	if !ok {
		return nil
	}
	o, err := parseObject(raw)
	if err != nil {
		return nil
	}
	return append(o.texts("value"), o.texts("values")...)
}

func with(r claimRequests, claim string, want any) claimRequests {
	if r == nil {
		r = claimRequests{}
	}
	r[claim] = want
	return r
}

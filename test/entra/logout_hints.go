package entra

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/url"
	"strings"
)

// hint is what a request to sign out says of who signs out, and where.
type hint struct {
	client  string // that signs out, from client_id, else from the ID token
	user    string // object id of whom logout_hint or a good ID token names
	byToken bool   // it was the ID token
	problem string // of the ID token
}

// readHints reads client_id, logout_hint (the claim login_hint) and id_token_hint.
// An ID token may have expired.
func (s *Server) readHints(v url.Values) hint {
	h := hint{client: v.Get("client_id")}
	if text := v.Get("logout_hint"); text != "" {
		for _, u := range s.allUsers() {
			if loginHint(u) == text {
				h.user = u.ObjectID
			}
		}
	}
	raw := v.Get("id_token_hint")
	if raw == "" {
		return h
	}
	claims, err := s.openIDToken(raw)
	switch aud := stringClaim(claims, "aud"); {
	case err != nil:
		h.problem = err.Error()
	case h.client != "" && h.client != aud:
		h.problem = "the ID token is another client's than client_id"
	case h.user == "":
		h.user, h.byToken = s.subject(claims), true
	}
	if h.client == "" { // a token that is no good still narrows what is allowed
		h.client = stringClaim(claims, "aud")
	}
	return h
}

// refuseHint is what a provider that is not Microsoft's says of an ID token that
// is no good. Entra signs out all the same.
func (s *Server) refuseHint(h hint) *stsError {
	if !s.plain || h.problem == "" {
		return nil
	}
	return &stsError{code: 90023, oauth: "invalid_request", text: "The id_token_hint is not valid: " + h.problem + "."}
}

// names reports whether the hints name the user of a session, in the way that the
// provider takes: Entra's the claim login_hint, others' the ID token too.
func (h hint) names(have session, plain bool) bool {
	return h.user == have.oid && (plain || !h.byToken)
}

// openIDToken verifies an ID token of ours, whatever its time. It returns the
// claims also of one that is not good, when they can be read.
func (s *Server) openIDToken(raw string) (map[string]any, error) {
	parts := strings.Split(raw, ".")
	if len(parts) != 3 {
		return nil, errors.New("no JWT")
	}
	var header, claims map[string]any
	if decodeSegment(parts[0], &header) != nil || decodeSegment(parts[1], &claims) != nil {
		return nil, errors.New("no JWT")
	}
	key, known := s.keys.byKid(stringClaim(header, "kid"))
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	switch {
	case header["alg"] != "RS256", !known, err != nil, rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], signature) != nil:
		return claims, errors.New("its signature is not ours")
	case !s.issued(stringClaim(claims, "iss")):
		return claims, errors.New("its issuer is not ours")
	}
	if _, ok := s.client(stringClaim(claims, "aud")); !ok || claims["azp"] != nil || claims["events"] != nil {
		return claims, errors.New("it is no ID token of a client of ours")
	}
	return claims, nil
}

// issued reports whether tokens of this issuer are ours.
func (s *Server) issued(issuer string) bool {
	for _, tenant := range s.tenants() {
		if issuer == s.issuer(tenant) || issuer == s.policyIssuer(tenant) {
			return true
		}
	}
	return false
}

// subject returns the object id of the user whom an ID token of ours is about.
func (s *Server) subject(claims map[string]any) string {
	sub, aud := stringClaim(claims, "sub"), stringClaim(claims, "aud")
	for _, u := range s.allUsers() {
		if sub == u.ObjectID || sub == pairwise(s.home(u), u.ObjectID, aud) { // B2C's, or everybody else's
			return u.ObjectID
		}
	}
	return ""
}

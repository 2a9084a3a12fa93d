package entra

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// More faults of tokens. Those of nonce and at_hash touch ID tokens only.
const (
	MissingIssuer       TokenFault = "missing iss"
	IssuerWithSlash     TokenFault = "iss with a slash more"
	IssuerOtherCase     TokenFault = "iss in upper case"
	MissingAudience     TokenFault = "missing aud"
	AudienceOtherCase   TokenFault = "aud with a letter of another case" // and, when it has no letter, with a blank more
	TwoAudiences        TokenFault = "two aud without azp"
	TwoAudiencesForeign TokenFault = "two aud, azp another client"
	ForeignAZP          TokenFault = "azp another client" // aud is right
	EmptySubject        TokenFault = "empty sub"
	LongSubject         TokenFault = "sub of 300 characters" // 255 are allowed
	SubjectNumber       TokenFault = "sub a number"
	FutureIssuedAt      TokenFault = "future iat" // in an hour; nbf is right
	TextExpiry          TokenFault = "exp a text"
	NonceOtherCase      TokenFault = "nonce in another case"
	NonceList           TokenFault = "nonce a list"
	WrongATHash         TokenFault = "wrong at_hash"
	DuplicateClaims     TokenFault = "claims twice" // at the end once more sub, oid and roles: somebody else's
	TrailingJSON        TokenFault = "a second object after the claims"
	HugeToken           TokenFault = "300 KB" // and all right otherwise
	CritHeader          TokenFault = "crit header"
	EmbeddedJWK         TokenFault = "jwk header"             // signed by the key in it; kid is the right one's
	EmbeddedX5C         TokenFault = "x5c header"             // signed by the key of the certificate in it; no kid
	ForeignJKU          TokenFault = "jku header"             // signed by a key that nobody publishes; kid is unknown
	EncryptionKid       TokenFault = "kid of use enc"         // and a right signature by that key
	OtherKid            TokenFault = "kid of another key"     // of a published one that never signs; right signature
	ES256Header         TokenFault = "ES256 in the header"    // 64 random bytes as signature
	NoneOtherCase       TokenFault = "alg nOnE"               // and an empty signature
	EmptySignature      TokenFault = "RS256, empty signature" //
	NestedJWT           TokenFault = "a JWT in a JWT"         // the payload is a good token; signed, cty JWT
	FiveParts           TokenFault = "JWE of five parts"
	TrailingPart        TokenFault = "a fourth part"
	TrailingText        TokenFault = "text after the signature" // "=" and a blank
	PaddedSegments      TokenFault = "base64 with padding"      // in claims and signature; right signature
)

// Tokens that are odd but not wrong: a client accepts or refuses them by a policy of its own.
const (
	AudienceList     TokenFault = "aud a list of one"
	TwoAudiencesOurs TokenFault = "two aud, azp the client"
	OldIssuedAt      TokenFault = "iat a year ago" // nbf too; exp is right
	PS256Signature   TokenFault = "PS256"          // right signature; discovery announces RS256 alone
	RightATHash      TokenFault = "right at_hash"  // Entra's code flow has none
)

// AdversarialTokenFaults returns further faults that every relying party must
// refuse, beside TokenFaults.
func AdversarialTokenFaults() []TokenFault {
	return []TokenFault{
		MissingIssuer, IssuerWithSlash, IssuerOtherCase, MissingAudience, AudienceOtherCase, TwoAudiences, TwoAudiencesForeign, ForeignAZP,
		EmptySubject, LongSubject, SubjectNumber, FutureIssuedAt, TextExpiry, NonceOtherCase, NonceList, WrongATHash,
		DuplicateClaims, TrailingJSON, HugeToken, CritHeader, EmbeddedJWK, EmbeddedX5C, ForeignJKU, EncryptionKid, OtherKid, ES256Header,
		NoneOtherCase, EmptySignature, NestedJWT, FiveParts, TrailingPart, TrailingText, PaddedSegments,
	}
}

// TokenVariants returns the faults that make a token odd but not wrong.
func TokenVariants() []TokenFault {
	return []TokenFault{AudienceList, TwoAudiencesOurs, OldIssuedAt, PS256Signature, RightATHash}
}

// hugeClaim is the length of the claim that makes a HugeToken.
const hugeClaim = 225_000 // base64 makes 300 KB of it

// distort applies those further faults that are wrong claims.
func (s *Server) distort(claims map[string]any, fault TokenFault) {
	another := servicePrincipal(s.tenant, "another client")
	aud, _ := claims["aud"].(string)
	iss, _ := claims["iss"].(string)
	nonce, _ := claims["nonce"].(string)
	now := s.now()
	year := now.AddDate(-1, 0, 0).Unix()
	wrong := map[TokenFault]map[string]any{
		MissingIssuer:       {"iss": nil},
		IssuerWithSlash:     {"iss": iss + "/"},
		IssuerOtherCase:     {"iss": strings.ToUpper(iss)},
		MissingAudience:     {"aud": nil},
		AudienceOtherCase:   {"aud": otherCase(aud)},
		AudienceList:        {"aud": []string{aud}},
		TwoAudiences:        {"aud": []string{aud, another}, "azp": nil},
		TwoAudiencesForeign: {"aud": []string{aud, another}, "azp": another},
		TwoAudiencesOurs:    {"aud": []string{aud, another}, "azp": aud},
		ForeignAZP:          {"azp": another},
		EmptySubject:        {"sub": ""},
		LongSubject:         {"sub": strings.Repeat("s", 300)},
		SubjectNumber:       {"sub": 4711},
		FutureIssuedAt:      {"iat": now.Add(time.Hour).Unix()},
		OldIssuedAt:         {"iat": year, "nbf": year},
		TextExpiry:          {"exp": now.Add(time.Hour).UTC().Format(time.RFC3339)},
		NonceOtherCase:      {"nonce": otherCase(nonce)},
		NonceList:           {"nonce": []string{nonce, nonce}},
		HugeToken:           {"bloat": strings.Repeat("H", hugeClaim)},
	}[fault]
	maps.Copy(claims, wrong)
	maps.DeleteFunc(claims, func(_ string, value any) bool { return value == nil })
}

// otherCase changes the case of every letter. A text without letters gets a blank.
func otherCase(text string) string {
	changed := []byte(text)
	for i, c := range changed {
		if ('a' <= c && c <= 'z') || ('A' <= c && c <= 'Z') {
			changed[i] = c ^ 0x20
		}
	}
	if slices.Equal(changed, []byte(text)) {
		return text + " "
	}
	return string(changed)
}

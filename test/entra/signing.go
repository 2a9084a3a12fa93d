package entra

import (
	"bytes"
	"crypto"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"strings"
)

// signer is what one token is signed with.
type signer struct {
	private *rsa.PrivateKey
	kid     string
}

// sign makes a JWT of claims with the keys of an authority. The fault decides
// what is wrong with key, header, form or signature; faults of claims were
// applied before. edit, if not nil, is the last change of the header.
func (s *Server) sign(k *keys, claims map[string]any, fault TokenFault, edit func(map[string]any)) string {
	by := signer{}
	by.private, by.kid = k.signer()
	header := map[string]any{"typ": "JWT", "alg": "RS256", "kid": by.kid}
	s.breakHeader(header, &by, k, fault)
	if edit != nil {
		edit(header)
	}
	body := payload(claims, fault)
	if fault == NestedJWT {
		body = []byte(s.sign(k, claims, "", nil))
	}
	return breakForm(header, body, by, fault)
}

// breakHeader applies the faults of key and header.
func (s *Server) breakHeader(header map[string]any, by *signer, k *keys, fault TokenFault) {
	switch fault {
	case AlgNone:
		header["alg"] = "none"
	case NoneOtherCase:
		header["alg"] = "nOnE"
	case HS256PublicKey:
		header["alg"] = "HS256"
	case ES256Header:
		header["alg"] = "ES256"
	case PS256Signature:
		header["alg"] = "PS256"
	case UnknownKid:
		header["kid"] = token(20)
	case MissingKid:
		delete(header, "kid")
	case OtherKid:
		header["kid"] = k.idleKid()
	case EncryptionKid:
		by.private, by.kid = k.misused()
		header["kid"] = by.kid
	case EmbeddedJWK:
		by.private = s.attacker()
		header["jwk"] = map[string]any{
			"kty": "RSA", "use": "sig", "kid": by.kid, "n": b64(by.private.N.Bytes()), "e": "AQAB",
		}
	case EmbeddedX5C:
		by.private = s.attacker()
		forged := newKeys(by.private, s.now)
		header["x5c"] = []string{base64.StdEncoding.EncodeToString(forged.signing().cert)}
		delete(header, "kid")
	case ForeignJKU:
		by.private = s.attacker()
		header["jku"], header["kid"] = "https://login.evil.example/keys", token(20)
	case CritHeader:
		header["crit"], header["https://evil.example/rule"] = []string{"https://evil.example/rule"}, true
	case NestedJWT:
		header["cty"] = "JWT"
	}
}

// payload writes claims, wrongly where the fault says so.
func payload(claims map[string]any, fault TokenFault) []byte {
	body := mustJSON(claims)
	switch fault {
	case DuplicateClaims:
		return append(bytes.TrimSuffix(body, []byte("}")), `,"sub":"somebody-else","oid":"`+OtherTenantID+`","roles":["Owner"]}`...)
	case TrailingJSON:
		return append(body, `{"roles":["Owner"]}`...)
	}
	return body
}

// breakForm signs, and applies the faults of the signature and of the token's form.
func breakForm(header map[string]any, body []byte, by signer, fault TokenFault) string {
	input := b64(mustJSON(header)) + "." + b64(body)
	switch fault {
	case AlgNone, NoneOtherCase, EmptySignature:
		return input + "."
	case HS256PublicKey:
		mac := hmac.New(sha256.New, PublicKeyPEM(&by.private.PublicKey))
		mac.Write([]byte(input))
		return input + "." + b64(mac.Sum(nil))
	case ES256Header:
		return input + "." + token(64)
	case PS256Signature:
		return input + "." + b64(signPS256(by.private, input))
	case PaddedSegments:
		input = b64(mustJSON(header)) + "." + base64.URLEncoding.EncodeToString(padded(body))
		return input + "." + base64.URLEncoding.EncodeToString(signRS256(by.private, input))
	case NotAJWT:
		return "this.is-not.a-token"
	case FiveParts:
		jwe := b64(mustJSON(map[string]any{"typ": "JWT", "cty": "JWT", "alg": "RSA-OAEP", "enc": "A256GCM", "kid": by.kid}))
		return strings.Join([]string{jwe, token(256), token(12), token(900), token(16)}, ".")
	}
	signature := signRS256(by.private, input)
	switch fault {
	case WrongSignature:
		signature[len(signature)/2] ^= 0x10
	case TrailingPart:
		return input + "." + b64(signature) + "." + b64(body)
	case TrailingText:
		return input + "." + b64(signature) + "= "
	}
	return input + "." + b64(signature)
}

// padded makes sure that the base64 of a JSON text needs padding.
func padded(body []byte) []byte {
	if len(body)%3 == 0 {
		return append(bytes.Clone(body), ' ')
	}
	return body
}

func signPS256(key *rsa.PrivateKey, input string) []byte {
	sum := sha256.Sum256([]byte(input))
	signature, err := rsa.SignPSS(rand.Reader, key, crypto.SHA256, sum[:], &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash})
	if err != nil {
		panic("entra: sign: " + err.Error()) // a key that New accepted can sign a hash
	}
	return signature
}

// atHash is the claim at_hash for an access token.
func atHash(accessToken string) string {
	sum := sha256.Sum256([]byte(accessToken))
	return b64(sum[:len(sum)/2])
}

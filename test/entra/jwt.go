package entra

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
	"time"
)

// signForGraph makes a token as Graph's: its header holds a nonce, and the
// signature is made over the nonce's SHA-256, so that nobody but Graph can verify it.
// The keys are those of the tenant in tid.
func (s *Server) signForGraph(claims map[string]any) string {
	key, kid := s.keys.of(stringClaim(claims, "tid")).signer()
	header := map[string]any{"typ": "JWT", "alg": "RS256", "kid": kid, "x5t": kid, "nonce": token(32)}
	shown := signingInput(header, claims)
	header["nonce"] = hashNonce(header["nonce"])
	return shown + "." + b64(signRS256(key, signingInput(header, claims)))
}

func hashNonce(nonce any) string {
	text, _ := nonce.(string)
	sum := sha256.Sum256([]byte(text))
	return b64(sum[:])
}

// openGraphToken verifies a token that signForGraph made and returns its claims.
func (s *Server) openGraphToken(raw string) (map[string]any, error) {
	parts := strings.Split(raw, ".")
	if len(parts) != 3 {
		return nil, errors.New("JWT is not well formed")
	}
	var header, claims map[string]any
	if err := errors.Join(decodeSegment(parts[0], &header), decodeSegment(parts[1], &claims)); err != nil {
		return nil, err
	}
	kid, _ := header["kid"].(string)
	key, ok := s.keys.byKid(kid)
	if !ok {
		return nil, errors.New("signing key is not known")
	}
	header["nonce"] = hashNonce(header["nonce"])
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil {
		return nil, errors.New("JWT is not well formed")
	}
	sum := sha256.Sum256([]byte(signingInput(header, nil) + parts[1]))
	if err := rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], signature); err != nil {
		return nil, errors.New("access token validation failure, invalid signature")
	}
	if claims["aud"] != GraphAppID && claims["aud"] != GraphURI {
		return nil, errors.New("access token validation failure, invalid audience")
	}
	exp, _ := claims["exp"].(float64)
	if !s.now().Before(time.Unix(int64(exp), 0)) {
		return nil, errors.New("lifetime validation failed, the token is expired")
	}
	return claims, nil
}

// signingInput is header and claims as they are signed; without claims it ends
// with the dot after the header.
func signingInput(header, claims map[string]any) string {
	out := b64(mustJSON(header)) + "."
	if claims == nil {
		return out
	}
	return out + b64(mustJSON(claims))
}

func signRS256(key *rsa.PrivateKey, input string) []byte {
	sum := sha256.Sum256([]byte(input))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	if err != nil {
		panic("entra: sign: " + err.Error()) // a key that New accepted can sign a hash
	}
	return signature
}

// PublicKeyPEM is the text that HS256PublicKey uses as secret: the public key as
// a PEM block of its PKIX form, which is what a careless verifier holds.
func PublicKeyPEM(key *rsa.PublicKey) []byte {
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		panic("entra: public key: " + err.Error())
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}

func decodeSegment(segment string, v any) error {
	raw, err := base64.RawURLEncoding.DecodeString(segment)
	if err != nil {
		return errors.New("JWT is not well formed")
	}
	if err := json.Unmarshal(raw, v); err != nil {
		return errors.New("JWT is not well formed")
	}
	return nil
}

func mustJSON(v any) []byte {
	out, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("entra: a claim that is no JSON: %v", err))
	}
	return out
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

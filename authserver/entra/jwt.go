package entra

import (
	"bytes"
	"encoding/base64"
	"strings"
)

// payloadOf decodes the payload of a compact JWT. Nothing is verified.
func payloadOf(jwt string) ([]byte, error) {
	_, rest, _ := strings.Cut(jwt, ".")
	payload, _, _ := strings.Cut(rest, ".")
	return base64.RawURLEncoding.DecodeString(payload)
}

// unverifiedClaims reads the claims of a JWT of which nothing is believed yet;
// nil when it has none.
func unverifiedClaims(jwt string) *object {
	raw, err := payloadOf(jwt)
	if err != nil {
		return nil
	}
	claims, err := parseObject(raw)
	if err != nil {
		return nil
	}
	return claims
}

// samePayload reports whether a verified payload is what unverifiedClaims read.
func samePayload(jwt string, verified []byte) bool {
	raw, err := payloadOf(jwt)
	return err == nil && bytes.Equal(raw, verified)
}

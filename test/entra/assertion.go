package entra

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha1" //nolint:gosec // x5t is a SHA-1 thumbprint by definition
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// AssertionType is the only value of client_assertion_type.
const AssertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// assertionSkew is how far the clocks may differ.
const assertionSkew = 5 * time.Minute

// assertion is a client assertion that was taken apart, not verified.
type assertion struct {
	header, claims map[string]any
	input          string // what was signed
	signature      []byte
}

func readAssertion(raw string) (assertion, *stsError) {
	bad := refusedClient(50027, "Invalid JWT token. Token is not in JWT format.")
	parts := strings.Split(raw, ".")
	if len(parts) != 3 {
		return assertion{}, bad
	}
	a := assertion{input: parts[0] + "." + parts[1]}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil || decodeSegment(parts[0], &a.header) != nil || decodeSegment(parts[1], &a.claims) != nil {
		return assertion{}, bad
	}
	a.signature = signature
	return a, nil
}

// refusedClient is invalid_client, which is 401.
func refusedClient(code int, text string) *stsError {
	return &stsError{code: code, oauth: "invalid_client", status: http.StatusUnauthorized, text: text}
}

// audiences returns aud, a text or a list.
func (a assertion) audiences() []string {
	if one := stringClaim(a.claims, "aud"); one != "" {
		return []string{one}
	}
	return stringsClaim(a.claims, "aud")
}

// inTime checks exp, which must be there, and nbf.
func (a assertion) inTime(now time.Time) *stsError {
	exp, ok := a.claims["exp"].(float64)
	nbf, _ := a.claims["nbf"].(float64)
	if ok && now.Add(-assertionSkew).Unix() < int64(exp) && int64(nbf) <= now.Add(assertionSkew).Unix() {
		return nil
	}
	return refusedClient(700024, fmt.Sprintf("Client assertion is not within its valid time range. Current time: %s, assertion valid from %s, expiry time of assertion %s.",
		now.UTC().Format(time.RFC3339), time.Unix(int64(nbf), 0).UTC().Format(time.RFC3339), time.Unix(int64(exp), 0).UTC().Format(time.RFC3339)))
}

// signedBy verifies the signature: RS256 or PS256 and nothing else.
func (a assertion) signedBy(key *rsa.PublicKey) *stsError {
	sum := sha256.Sum256([]byte(a.input))
	var err error
	switch alg := stringClaim(a.header, "alg"); alg {
	case "RS256":
		err = rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], a.signature)
	case "PS256":
		err = rsa.VerifyPSS(key, crypto.SHA256, sum[:], a.signature, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash})
	default:
		return refusedClient(5002738, "Invalid JWT token. '"+clip(alg)+"' is not a supported signature algorithm. Supported signing algorithms are: 'RS256, PS256'.")
	}
	if err != nil {
		return refusedClient(700027, "Client assertion contains an invalid signature. [Reason - The provided signature value did not match the expected signature value.]")
	}
	return nil
}

// certificate finds the certificate that the header names: x5t#S256, else x5t.
func (a assertion) certificate(registered []*x509.Certificate) (*x509.Certificate, *stsError) {
	sha2, sha1Text := stringClaim(a.header, "x5t#S256"), stringClaim(a.header, "x5t")
	if sha2 == "" && sha1Text == "" {
		return nil, refusedClient(5002727, "Invalid JWT token. No certificate thumbprint specified in token header.")
	}
	for _, cert := range registered {
		long, short := sha256.Sum256(cert.Raw), sha1.Sum(cert.Raw) //nolint:gosec // see the import
		if sha2 == b64(long[:]) || (sha2 == "" && sha1Text == b64(short[:])) {
			return cert, nil
		}
	}
	return nil, refusedClient(700027, "The certificate with identifier used to sign the client assertion is not registered on application. [Reason - The key was not found., Thumbprint of key used by client: '"+clip(sha2+sha1Text)+"']")
}

// checkCertificateAssertion verifies an assertion that the client signed with the
// key of one of its certificates. It is good once.
func (s *Server) checkCertificateAssertion(client Client, at authority, a assertion) *stsError {
	cert, fail := a.certificate(client.Certificates)
	if fail != nil {
		return fail
	}
	key, _ := cert.PublicKey.(*rsa.PublicKey) // checkCredentials saw it
	if fail := a.signedBy(key); fail != nil {
		return fail
	}
	if fail := a.inTime(s.now()); fail != nil {
		return fail
	}
	if stringClaim(a.claims, "iss") != client.ID || stringClaim(a.claims, "sub") != client.ID {
		return refusedClient(700021, "Client assertion application identifier doesn't match 'client_id' parameter.")
	}
	if len(both(a.audiences(), s.assertionAudiences(at))) != 1 || len(a.audiences()) != 1 {
		return refusedClient(700023, "Client assertion audience claim does not match Realm issuer.")
	}
	jti := stringClaim(a.claims, "jti")
	if jti == "" {
		return refusedClient(50027, "Invalid JWT token. The token has no jti.")
	}
	if !s.assertions.claim(client.ID + " " + jti) {
		return refusedClient(700027, "Client assertion was used before. [Reason - its jti was seen.]")
	}
	return nil
}

// assertionAudiences is what aud may be: the token endpoint as it was asked, or
// with the tenant's id, and the issuer.
func (s *Server) assertionAudiences(at authority) []string {
	base := s.BaseURL()
	list := []string{base + "/" + at.segment + "/oauth2/v2.0/token", s.authorityIssuer(at)}
	if at.policy == "" {
		list = append(list, base+"/"+at.canonical()+"/oauth2/v2.0/token")
	}
	return slices.Compact(list)
}

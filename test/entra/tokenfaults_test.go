package entra_test

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"

	"github.com/easyauth-sidecar/easyauth/test/entra"
)

// faulty is a token as a test looks at it.
type faulty struct {
	raw            string
	parts          []string
	header, claims map[string]any
}

// take decodes what can be decoded: only the first JSON value, padding allowed.
func take(raw string) faulty {
	f := faulty{raw: raw, parts: strings.Split(raw, "."), header: map[string]any{}, claims: map[string]any{}}
	for i, into := range []*map[string]any{&f.header, &f.claims} {
		if i >= len(f.parts) {
			continue
		}
		part, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(f.parts[i], "="))
		if err == nil && json.NewDecoder(strings.NewReader(string(part))).Decode(into) != nil {
			*into = nil
		}
	}
	return f
}

func (f faulty) payload(t *testing.T) string {
	t.Helper()
	raw, err := base64.RawURLEncoding.DecodeString(f.parts[1])
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// adversarial tells for each fault what go-oidc says ("" leaves that open) and
// what is visibly wrong.
func (w *world) adversarial(now float64) map[entra.TokenFault]struct {
	refused string
	look    func(f faulty) bool
} {
	absent := func(name string) func(faulty) bool {
		return func(f faulty) bool { _, ok := f.claims[name]; return !ok && len(f.claims) > 8 }
	}
	two := func(f faulty) bool { return len(f.claims["aud"].([]any)) == 2 && f.claims["aud"].([]any)[0] == webID }
	return map[entra.TokenFault]struct {
		refused string
		look    func(f faulty) bool
	}{
		entra.MissingIssuer:       {"different provider", absent("iss")},
		entra.IssuerWithSlash:     {"different provider", func(f faulty) bool { return f.claims["iss"] == w.Issuer()+"/" }},
		entra.IssuerOtherCase:     {"different provider", func(f faulty) bool { return f.claims["iss"] == strings.ToUpper(w.Issuer()) }},
		entra.MissingAudience:     {"audience", absent("aud")},
		entra.AudienceOtherCase:   {"audience", func(f faulty) bool { return f.claims["aud"] != webID }},
		entra.TwoAudiences:        {"", func(f faulty) bool { return two(f) && f.claims["azp"] == nil }},
		entra.TwoAudiencesForeign: {"", func(f faulty) bool { return two(f) && f.claims["azp"] == f.claims["aud"].([]any)[1] }},
		entra.ForeignAZP: {"", func(f faulty) bool {
			return f.claims["aud"] == webID && f.claims["azp"] != webID && f.claims["azp"] != nil
		}},
		entra.EmptySubject:   {"", func(f faulty) bool { return f.claims["sub"] == "" }},
		entra.LongSubject:    {"", func(f faulty) bool { return len(f.claims["sub"].(string)) == 300 }},
		entra.SubjectNumber:  {"unmarshal", func(f faulty) bool { return f.claims["sub"] == 4711.0 }},
		entra.FutureIssuedAt: {"", func(f faulty) bool { return f.claims["iat"] == now+3600 && f.claims["nbf"] == now-300 }},
		entra.TextExpiry:     {"unmarshal", func(f faulty) bool { _, text := f.claims["exp"].(string); return text }},
		entra.NonceOtherCase: {"", func(f faulty) bool { return f.claims["nonce"] == "N" }},
		entra.NonceList:      {"unmarshal", func(f faulty) bool { return list(f.claims["nonce"]) == "n n" }},
		entra.WrongATHash:    {"", func(f faulty) bool { return f.claims["at_hash"] != nil }},
		entra.DuplicateClaims: {"", func(f faulty) bool {
			return strings.Count(f.payload(w.t), `"sub":`) == 2 && strings.Count(f.payload(w.t), `"roles":`) == 2 && f.claims["sub"] == "somebody-else"
		}},
		entra.TrailingJSON:   {"unmarshal", func(f faulty) bool { return strings.HasSuffix(f.payload(w.t), `}{"roles":["Owner"]}`) }},
		entra.HugeToken:      {"", func(f faulty) bool { return len(f.raw) > 300_000 && len(f.raw) < 310_000 }},
		entra.CritHeader:     {"signature", func(f faulty) bool { return f.header[list(f.header["crit"])] == true }},
		entra.EmbeddedJWK:    {"", func(f faulty) bool { return f.header["jwk"].(map[string]any)["kid"] == f.header["kid"] }},
		entra.EmbeddedX5C:    {"", func(f faulty) bool { return f.header["kid"] == nil && len(list(f.header["x5c"])) > 500 }},
		entra.ForeignJKU:     {"", func(f faulty) bool { return f.header["jku"] == "https://login.evil.example/keys" }},
		entra.EncryptionKid:  {"", func(f faulty) bool { return f.header["alg"] == "RS256" }},
		entra.OtherKid:       {"signature", nil},
		entra.ES256Header:    {"malformed jwt", func(f faulty) bool { return f.header["alg"] == "ES256" && len(f.parts[2]) == 86 }},
		entra.NoneOtherCase:  {"malformed jwt", func(f faulty) bool { return f.header["alg"] == "nOnE" && f.parts[2] == "" }},
		entra.EmptySignature: {"signature", func(f faulty) bool { return f.header["alg"] == "RS256" && f.parts[2] == "" }},
		entra.NestedJWT:      {"", func(f faulty) bool { return take(f.payload(w.t)).claims["nonce"] == "n" && f.header["cty"] == "JWT" }},
		entra.FiveParts:      {"malformed jwt", func(f faulty) bool { return len(f.parts) == 5 && f.header["enc"] == "A256GCM" }},
		entra.TrailingPart:   {"malformed jwt", func(f faulty) bool { return len(f.parts) == 4 && f.parts[3] == f.parts[1] }},
		entra.TrailingText:   {"malformed jwt", func(f faulty) bool { return strings.HasSuffix(f.raw, "= ") }},
		entra.PaddedSegments: {"malformed jwt", func(f faulty) bool { return strings.HasSuffix(f.parts[1], "=") && strings.HasSuffix(f.parts[2], "=") }},

		entra.AudienceList:     {"", func(f faulty) bool { return list(f.claims["aud"]) == webID }},
		entra.TwoAudiencesOurs: {"", func(f faulty) bool { return two(f) && f.claims["azp"] == webID }},
		entra.OldIssuedAt: {"", func(f faulty) bool {
			return f.claims["iat"].(float64) < now-360*24*3600 && f.claims["exp"].(float64) > now
		}},
		entra.PS256Signature: {"malformed jwt", func(f faulty) bool { return f.header["alg"] == "PS256" }},
		entra.RightATHash:    {"", func(f faulty) bool { return f.claims["at_hash"] == nil }}, // no access token comes with it
	}
}

// TestAdversarialTokens proves with a verifier of its own that each fault is what its name says.
func TestAdversarialTokens(t *testing.T) {
	w := start(t)
	provider, err := oidc.NewProvider(t.Context(), w.Issuer())
	if err != nil {
		t.Fatal(err)
	}
	verifier := provider.Verifier(&oidc.Config{ClientID: webID, Now: w.clock.now})
	rows := w.adversarial(float64(w.clock.now().Unix()))
	all := append(entra.AdversarialTokenFaults(), entra.TokenVariants()...)
	for _, fault := range all {
		t.Run(string(fault), func(t *testing.T) {
			row, ok := rows[fault]
			if !ok {
				t.Fatal("not in the table")
			}
			w.SetFaults(entra.Faults{IDToken: fault})
			raw := w.idToken()
			if row.look != nil && !row.look(take(raw)) {
				t.Errorf("%.2000s\nheader %v", raw, take(raw).header)
			}
			_, err := verifier.Verify(t.Context(), raw)
			if row.refused != "" && (err == nil || !strings.Contains(err.Error(), row.refused)) {
				t.Errorf("go-oidc says %v, want %q", err, row.refused)
			}
		})
	}
	if len(rows) != len(all) {
		t.Errorf("%d faults, %d rows", len(all), len(rows))
	}
}

// TestFaultySignatures proves which signatures are right and with which key.
func TestFaultySignatures(t *testing.T) {
	w := start(t)
	set, _ := w.keySet()
	for fault, want := range map[entra.TokenFault]bool{
		"": true, entra.CritHeader: true, entra.DuplicateClaims: true, entra.TrailingJSON: true, entra.HugeToken: true, entra.NestedJWT: true,
		entra.PS256Signature: true, entra.OtherKid: true, entra.EmbeddedJWK: false, entra.EmbeddedX5C: false, entra.ForeignJKU: false, entra.EncryptionKid: false,
	} {
		w.SetFaults(entra.Faults{IDToken: fault})
		sig, err := jose.ParseSignedCompact(w.idToken(), []jose.SignatureAlgorithm{jose.RS256, jose.PS256})
		if err != nil {
			t.Fatalf("%s: %v", fault, err)
		}
		header := sig.Signatures[0].Header
		if _, ours := sig.Verify(&signingKey().PublicKey); (ours == nil) != want && fault != entra.CritHeader {
			t.Errorf("%s: with our key: %v", fault, ours)
		}
		switch fault {
		case entra.EmbeddedJWK:
			if _, err := sig.Verify(header.JSONWebKey); err != nil {
				t.Errorf("with the key of the header: %v", err)
			}
		case entra.EncryptionKid:
			keys := set.Key(header.KeyID)
			if _, err := sig.Verify(keys[0]); err != nil || keys[0].Use != "enc" {
				t.Errorf("with the key for encryption: %v", err)
			}
		case entra.OtherKid:
			if keys := set.Key(header.KeyID); len(keys) != 1 || keys[0].Use != "sig" {
				t.Errorf("the other key is not published: %v", keys)
			}
		}
	}
}

func TestAccessTokenHash(t *testing.T) {
	w := start(t)
	provider, err := oidc.NewProvider(t.Context(), w.Issuer())
	if err != nil {
		t.Fatal(err)
	}
	for fault, want := range map[entra.TokenFault]string{"": "did not have", entra.RightATHash: "", entra.WrongATHash: "does not match"} {
		w.SetFaults(entra.Faults{IDToken: fault})
		tok := w.tokens(entra.Adele, oidcScopes)
		raw, _ := tok.Extra("id_token").(string)
		id, err := provider.Verifier(&oidc.Config{ClientID: webID, Now: w.clock.now}).Verify(t.Context(), raw)
		if err != nil {
			t.Fatal(err)
		}
		if err := id.VerifyAccessToken(tok.AccessToken); (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", fault, err)
		}
	}
}

package entra_test

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/easyauth-sidecar/easyauth/test/entra"
)

func TestLogoutToken(t *testing.T) {
	for _, plain := range []bool{false, true} {
		w := startWith(t, func(c *entra.Config) { c.Plain = plain })
		mint := func(user, client, sid string) map[string]any {
			t.Helper()
			raw, err := w.LogoutToken(user, client, sid)
			if err != nil {
				t.Fatal(err)
			}
			return decode(t, raw)
		}
		id := decode(t, w.idToken())
		if c := mint(entra.Adele, webID, "the-sid"); c["sub"] != id["sub"] || c["iss"] != id["iss"] || c["sid"] != "the-sid" || c["nonce"] != nil {
			t.Errorf("claims %v", c)
		}
		if c := mint("", webID, "the-sid"); c["sub"] != nil || c["sid"] != "the-sid" {
			t.Errorf("sid alone: %v", c)
		}
		if c := mint(entra.Adele, otherID, ""); c["sub"] == id["sub"] || c["aud"] != otherID || c["sid"] != nil {
			t.Errorf("sub alone: %v", c)
		}
		if a, b := mint(entra.Adele, webID, ""), mint(entra.Adele, webID, ""); a["jti"] == b["jti"] {
			t.Error("two tokens share a jti")
		}
		for name, args := range map[string][3]string{"no such user": {"nobody", webID, "s"}, "no such client": {entra.Adele, "nobody", "s"}} {
			if raw, err := w.LogoutToken(args[0], args[1], args[2]); err == nil || raw != "" {
				t.Errorf("%s: %q %v", name, raw, err)
			}
		}
	}
}

// Each fault makes another token than it would be, in one place.
func TestLogoutTokenFaults(t *testing.T) {
	w := start(t)
	set, _ := w.keySet()
	shape := func(claims map[string]any) string {
		delete(claims, "jti")
		raw, err := json.Marshal(claims)
		if err != nil {
			t.Fatal(err)
		}
		return string(raw)
	}
	mint := func() string {
		raw, err := w.LogoutToken(entra.Adele, webID, "the-sid")
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	right := shape(decode(t, mint()))
	form := []entra.TokenFault{
		entra.WrongSignature, entra.AlgNone, entra.HS256PublicKey, entra.UnknownKid, entra.NotAJWT, entra.DuplicateClaims, entra.TrailingJSON, entra.CritHeader,
		entra.EmbeddedJWK, entra.EmbeddedX5C, entra.ForeignJKU, entra.EncryptionKid, entra.OtherKid, entra.ES256Header, entra.NoneOtherCase, entra.EmptySignature,
		entra.NestedJWT, entra.FiveParts, entra.TrailingPart, entra.TrailingText, entra.LogoutOtherType, entra.LogoutWithoutID, entra.LogoutEmptyID, entra.LogoutLongID, entra.LogoutIDNumber,
	}
	seen := map[entra.TokenFault]bool{}
	for _, fault := range entra.LogoutTokenFaults() {
		if seen[fault] {
			t.Errorf("%s twice", fault)
		}
		seen[fault] = true
		w.SetFaults(entra.Faults{LogoutToken: fault})
		raw := mint()
		if id := decode(t, w.idToken()); id["iss"] != w.Issuer() || id["nonce"] != "n" {
			t.Errorf("%s: ID tokens suffer: %v", fault, id)
		}
		if slices.Contains(form, fault) {
			continue
		}
		if got := shape(decode(t, raw)); got == right {
			t.Errorf("%s changes nothing: %s", fault, got)
		}
		if !verifies(t, set, raw) {
			t.Errorf("%s: the signature is wrong too", fault)
		}
	}
	if len(seen) < 45 {
		t.Errorf("%d faults", len(seen))
	}
	for fault, jti := range map[entra.TokenFault]any{entra.LogoutWithoutID: nil, entra.LogoutEmptyID: "", entra.LogoutIDNumber: 4711.0} {
		w.SetFaults(entra.Faults{LogoutToken: fault})
		if got := decode(t, mint())["jti"]; got != jti {
			t.Errorf("%s: jti %v", fault, got)
		}
	}
	w.SetFaults(entra.Faults{LogoutToken: entra.LogoutOtherType})
	if typ := decodePart(t, mint(), 0)["typ"]; typ != "at+jwt" {
		t.Errorf("typ %v", typ)
	}
	w.SetFaults(entra.Faults{
		EditLogout:       func(c map[string]any) { c["acr"] = "x" },
		EditLogoutHeader: func(h map[string]any) { delete(h, "typ") },
	})
	if raw := mint(); decode(t, raw)["acr"] != "x" || decodePart(t, raw, 0)["typ"] != nil || !verifies(t, set, raw) {
		t.Errorf("edited: %v %v", decodePart(t, raw, 0), decode(t, raw))
	}
}

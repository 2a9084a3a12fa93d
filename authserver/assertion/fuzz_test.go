package assertion_test

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/assertion"
)

// FuzzClaims: whatever an identity holds, each claim comes out as it went in, or empty and named; the token is signed,
// keeps within its length, and is the same the second time.
func FuzzClaims(f *testing.F) {
	f.Add("t", "o", "s", "Adele", "adele@contoso.example", "Admin|Reader", "g1|g2", "sid", 4000, false)
	f.Add("t", "o", "", "\r\n\x00\"\\</script>", "\xff\xfe", "\xed\xa0\x80|\\ud800", "\u2028", "", 500, true)
	f.Add("t", "o", "s", strings.Repeat("x", 300), "", "", "|", "", 620, false)
	f.Add("\xff", "\xfe", "s", "a", "b", "", "x", "y|z", 4000, true)
	f.Add("", "", "", "", "", "", "", "", 0, false)
	key := newKey(f)
	s := newSigner(f, assertion.Config{Keys: newKeys(f, key)})
	f.Fuzz(func(t *testing.T, tenant, object, subject, name, email, roles, groups, sid string, longest int, unknown bool) {
		id := &access.Identity{
			Tenant: tenant, Object: object, Issuer: "i", Subject: subject, Name: name, Email: email,
			Roles: members(roles), Groups: members(groups), GroupsUnknown: unknown, Claims: []access.Claim{{Name: "sid", Values: []string{sid}}},
		}
		of := sha256.Sum256(fmt.Appendf(nil, "%q", []any{tenant, object, subject, name, email, roles, groups, sid, unknown}))
		text, complete, err := s.Assertion(of, id, audience, longest)
		again, completeAgain, errAgain := s.Assertion(of, id, audience, longest)
		if sameFault := errors.Is(errAgain, assertion.ErrTooLong) == errors.Is(err, assertion.ErrTooLong); !sameFault || (id.Key() == access.Key{}) != (err != nil && !errors.Is(err, assertion.ErrTooLong)) {
			t.Fatalf("%v, %v", err, errAgain)
		}
		if err != nil {
			if text != "" || again != "" || complete || completeAgain {
				t.Fatalf("%q and %v", text, err)
			}
			return
		}
		if completeAgain != complete || len(text) > longest {
			t.Fatalf("%d bytes of %d, %t, %t", len(text), longest, complete, completeAgain)
		}
		o := open(t, text, &key.PublicKey)
		if !utf8.ValidString(o.text) || strings.ContainsAny(o.text, "\r\n\x00<>") {
			t.Errorf("the payload is %q", o.text)
		}
		overflow := fmt.Sprint(o.claims["overflow"])
		if complete != (overflow == "<nil>" || unknown && overflow == "[groups]" && len(id.Groups) == len(o.claims["groups"].([]any))) {
			t.Errorf("complete is %t, and overflow %s", complete, overflow)
		}
		if o.claims["overflow"] == nil {
			overflow = "[]"
		}
		if len(sid) > 255 {
			sid = ""
		}
		if o.claims["sid"] != string([]rune(sid)) || o.claims["sub"] != string([]rune(subject)) {
			t.Errorf("sid %q, sub %q", o.claims["sid"], o.claims["sub"])
		}
		checkRoundTrip(t, o, id, overflow)
	})
}

func members(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, "|")
}

func checkRoundTrip(t *testing.T, o opened, id *access.Identity, overflow string) {
	t.Helper()
	whole := *id
	if id.GroupsUnknown && len(o.claims["groups"].([]any)) == len(id.Groups) { // named, and there all the same
		overflow = strings.Trim(strings.Replace(overflow, "groups", "", 1), " ")
		overflow = strings.Replace(overflow, "[ ", "[", 1)
		named, is := o.claims["overflow"].([]any)
		if !is || named[0] != "groups" {
			t.Errorf("groups are not all known, and overflow is %v", named)
		}
		if o.claims["overflow"] = any(named[1:]); len(named) == 1 {
			o.claims["overflow"] = nil
		}
	}
	checkOverflow(t, o, &whole, overflow)
}

package entra

import (
	"fmt"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/secret"
)

// Tokens that name keys nobody has, or that are refused for what they say, cost the
// provider one question a minute, or none.
func TestAttack12SubjectFlood(t *testing.T) {
	for kind, begin := range map[SubjectKind]func() *call{SubjectID: bringID, SubjectAccess: bringAccess} {
		c := begin()
		rp := c.party(t)
		before := c.idp.count(keysPath)
		for minute := range 3 {
			c.clock.Advance(keyCoolDown)
			for i := range 50 {
				edit(withHeader("kid", fmt.Sprintf("unknown-%d-%d", minute, i)))(c)
				if got, err := rp.Subject(t.Context(), kind, secret.New(c.jwt())); reasonOf(t, err) != ReasonToken || got != nil {
					t.Fatalf("kind %d: %+v, %v", kind, got, err)
				}
			}
		}
		if n := c.idp.count(keysPath) - before; n != 3 {
			t.Errorf("kind %d: %d fetches in 3 minutes", kind, n)
		}
		c.clock.Advance(keyCoolDown)
		before = c.idp.count(keysPath)
		for name, value := range map[string]any{"iss": "https://evil.example", "aud": testStranger, "exp": startTime.Add(-time.Hour).Unix()} {
			if kind == SubjectID && name != "aud" {
				continue // judged behind the signature
			}
			was := c.claims[name]
			c.claims[name] = value
			if got, err := rp.Subject(t.Context(), kind, secret.New(c.jwt())); err == nil || got != nil {
				t.Errorf("kind %d, %s: %+v", kind, name, got)
			}
			c.claims[name] = was
		}
		if n := c.idp.count(keysPath) - before; n != 0 {
			t.Errorf("kind %d: %d fetches for tokens that are refused anyway", kind, n)
		}
	}
}

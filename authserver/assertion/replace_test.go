package assertion_test

import (
	"crypto/ecdsa"
	"fmt"
	"sync"
	"testing"

	"github.com/easyauth-sidecar/easyauth/authserver/assertion"
)

func TestReplaceForgets(t *testing.T) {
	a, b := newKey(t), newKey(t)
	keys := newKeys(t, a)
	s := newSigner(t, assertion.Config{Keys: keys})
	replace := func(list ...*ecdsa.PrivateKey) {
		t.Helper()
		if err := keys.Replace(list); err != nil {
			t.Fatal(err)
		}
	}
	first := get(t, s, of(1), adele(), audience)
	replace(a)
	if get(t, s, of(1), adele(), audience) != first {
		t.Error("the same key again, and the token is another")
	}
	if keys.Replace(nil) == nil || get(t, s, of(1), adele(), audience) != first {
		t.Error("a Replace that is refused changes something")
	}
	replace(a, b)
	second := get(t, s, of(1), adele(), audience)
	open(t, second, &a.PublicKey)
	replace(b, a)
	third := get(t, s, of(1), adele(), audience)
	if o := open(t, third, &b.PublicKey); o.header["kid"] != thumbprint(t, b) {
		t.Errorf("the header is %v", o.header)
	}
	replace(a)
	fourth := get(t, s, of(1), adele(), audience)
	open(t, fourth, &a.PublicKey)
	if second == first || fourth == first || fourth == second {
		t.Error("what was forgotten comes again")
	}
}

// Under load, with keys that change: what was asked after a Replace is signed by the new key, and everybody gets their
// own.
func TestReplaceUnderLoad(t *testing.T) {
	a, b := newKey(t), newKey(t)
	keys := newKeys(t, a, b)
	s := newSigner(t, assertion.Config{Keys: keys, CacheBytes: 32 << 10}) // that makes room too
	public := map[string]*ecdsa.PublicKey{thumbprint(t, a): &a.PublicKey, thumbprint(t, b): &b.PublicKey}
	var askers sync.WaitGroup
	for n := range 4 {
		askers.Go(func() {
			for i := range 150 {
				id := adele()
				id.Object = fmt.Sprint(n, i%3)
				aud := fmt.Sprint(audience, i%2)
				text, _, err := s.Assertion(of(byte(i%3)), id, aud, roomy) // the same of for all of them
				if err != nil {
					t.Error(err)
					return
				}
				kid := ""
				for id, key := range public {
					if signedBy(text, key) {
						kid = id
					}
				}
				if o := payload(text); kid == "" || o["oid"] != id.Object || o["aud"] != aud {
					t.Errorf("kid %q, %v; asked for %s to %s", kid, o, id.Object, aud)
				}
			}
		})
	}
	askers.Go(func() {
		for i := range 60 {
			order := []*ecdsa.PrivateKey{a, b}
			if i%2 == 0 {
				order = []*ecdsa.PrivateKey{b, a}
			}
			if err := keys.Replace(order); err != nil {
				t.Error(err)
			}
			if text, _, err := s.Assertion(of(200), adele(), audience, roomy); err != nil || !signedBy(text, &order[0].PublicKey) {
				t.Errorf("after Replace the old key signs, %v", err)
			}
			ask(t, s.JWKS(), "GET")
		}
	})
	askers.Wait()
}

package assertion_test

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"testing"

	"github.com/easyauth-sidecar/easyauth/authserver/assertion"
)

// BenchmarkAssertion is what a check pays: for a token that was made before, for one that has to be signed, and, to
// compare, for the signature alone with the standard library over a payload that is ready.
func BenchmarkAssertion(b *testing.B) {
	key := newKey(b)
	s := newSigner(b, assertion.Config{Keys: newKeys(b, key)})
	id := adele()
	b.Run("hit", func(b *testing.B) {
		get(b, s, of(1), id, audience)
		b.ReportAllocs()
		for b.Loop() {
			if _, _, err := s.Assertion(of(1), id, audience, roomy); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("hit, one of 5,000", func(b *testing.B) {
		var tickets [5000][32]byte
		for i := range tickets {
			binary.LittleEndian.PutUint64(tickets[i][8:], uint64(i)+1)
			get(b, s, tickets[i], id, audience)
		}
		b.ReportAllocs()
		i := 0
		for b.Loop() {
			if _, _, err := s.Assertion(tickets[i%len(tickets)], id, audience, roomy); err != nil {
				b.Fatal(err)
			}
			i += 7919
		}
	})
	b.Run("miss", func(b *testing.B) {
		b.ReportAllocs()
		var ticket [32]byte
		for n := uint64(1); b.Loop(); n++ {
			binary.LittleEndian.PutUint64(ticket[8:], n<<16)
			if _, _, err := s.Assertion(ticket, id, audience, roomy); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("miss, bare twin", func(b *testing.B) {
		text := open(b, get(b, s, of(1), id, audience), &key.PublicKey).text
		b.ReportAllocs()
		for b.Loop() {
			signed := "eyJhbGciOiJFUzI1NiIsInR5cCI6IkpXVCJ9." + base64.RawURLEncoding.EncodeToString([]byte(text))
			digest := sha256.Sum256([]byte(signed))
			r, s, err := ecdsa.Sign(rand.Reader, key, digest[:])
			if err != nil {
				b.Fatal(err)
			}
			var sig [64]byte
			r.FillBytes(sig[:32])
			s.FillBytes(sig[32:])
			if token := signed + "." + base64.RawURLEncoding.EncodeToString(sig[:]); token == "" {
				b.Fatal("no token")
			}
		}
	})
}

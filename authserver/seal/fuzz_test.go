package seal_test

import (
	"encoding/base64"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/seal"
)

// FuzzSealed seals anything and then changes what was sealed: as it is it opens, and
// changed in one place, cut, spelled otherwise, under another name, for another
// purpose or in another deployment it does not.
func FuzzSealed(f *testing.F) {
	now := func() time.Time { return time.Unix(1_795_000_000, 0) }
	domainOfOthers := domain
	domainOfOthers.ClientID += "x"
	sealing := box(f, domain, seal.Config{Now: now}, key(1))
	hourly := box(f, domain, seal.Config{Hourly: true, Now: now}, key(1))
	rotated := box(f, domain, seal.Config{Now: now}, key(2), key(1))
	others := box(f, domainOfOthers, seal.Config{Now: now}, key(1))
	foreign := box(f, domain, seal.Config{Now: now}, key(3))
	f.Add("c", []byte("plain"), uint16(0), byte(1))
	f.Add("", []byte{}, uint16(3), byte(0x80))
	f.Add("c\x00", []byte{0, 1, 2}, uint16(40), byte(255))
	f.Fuzz(func(t *testing.T, name string, plain []byte, at uint16, flip byte) {
		for _, b := range []*seal.Box{sealing, hourly} {
			s, err := b.Seal(name, plain)
			if errors.Is(err, seal.ErrTooLong) && len(plain) > 1000 {
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got, err := b.Open(name, s); err != nil || !slices.Equal(got, plain) {
				t.Fatalf("%x came back as %x, %v", plain, got, err)
			}
			if got, err := rotated.Open(name, s); (err == nil) != (b == sealing) || err == nil && !slices.Equal(got, plain) {
				t.Errorf("under an older key of the ring: %x, %v", got, err)
			}
			raw, err := base64.RawURLEncoding.DecodeString(s)
			if err != nil {
				t.Fatal(err)
			}
			raw[int(at)%len(raw)] ^= max(flip, 1)
			for what, bad := range map[string]string{
				"changed": base64.RawURLEncoding.EncodeToString(raw), "cut": s[:int(at)%len(s)], "longer": s + "A", "padded": s + "=",
				"with a line break": s[:int(at)%len(s)] + "\n" + s[int(at)%len(s):], "with a blank": s + " ", "in the other alphabet": strings.NewReplacer("-", "+", "_", "/").Replace(s),
			} {
				if got, err := b.Open(name, bad); err == nil && bad != s {
					t.Errorf("%s: opened as %x", what, got)
				}
			}
			for what, other := range map[string]*seal.Box{"another deployment": others, "another ring": foreign} {
				if got, err := other.Open(name, s); err == nil {
					t.Errorf("%s: opened as %x", what, got)
				}
			}
			if got, err := b.Open(name+"\x00", s); err == nil {
				t.Errorf("another name: opened as %x", got)
			}
		}
		s, err := sealing.Seal(name, plain)
		if got, openErr := hourly.Open(name, s); err == nil && openErr == nil {
			t.Errorf("another purpose: opened as %x", got)
		}
	})
}

package seal_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/seal"
)

var domain = seal.Domain{BasePath: "/easyauth", Authority: "https://login.example/t/v2.0", ClientID: "client"}

func key(b byte) []byte { return bytes.Repeat([]byte{b}, seal.KeySize) }

func box(t testing.TB, d seal.Domain, cfg seal.Config, keys ...[]byte) *seal.Box {
	t.Helper()
	ring, err := seal.NewRing(keys, d)
	if err != nil {
		t.Fatal(err)
	}
	if cfg.Purpose == "" {
		cfg.Purpose = "ticket"
	}
	if cfg.MaxLength == 0 {
		cfg.MaxLength = 4096
	}
	b, err := ring.Box(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestOpen(t *testing.T) {
	now := time.Date(2026, 11, 22, 10, 30, 0, 0, time.UTC)
	at := func(d time.Duration) func() time.Time { return func() time.Time { return now.Add(d) } }
	hourly := func(d time.Duration) seal.Config { return seal.Config{Hourly: true, Now: at(d)} }
	altered := func(change func(*seal.Domain)) seal.Domain {
		d := domain
		change(&d)
		return d
	}
	sealer := box(t, domain, seal.Config{}, key(1), key(2))
	tests := []struct {
		name   string
		sealer *seal.Box
		opener *seal.Box
		as     string
		want   error
	}{
		{"same ring", sealer, sealer, "c", nil},
		{"key moved to second place", sealer, box(t, domain, seal.Config{}, key(3), key(1)), "c", nil},
		{"key removed", sealer, box(t, domain, seal.Config{}, key(2), key(3)), "c", seal.ErrUnknownKey},
		{"another name", sealer, sealer, "d", seal.ErrForged},
		{"another purpose", sealer, box(t, domain, seal.Config{Purpose: "state"}, key(1)), "c", seal.ErrForged},
		{"another base path", sealer, box(t, altered(func(d *seal.Domain) { d.BasePath = "/auth" }), seal.Config{}, key(1)), "c", seal.ErrForged},
		{"another authority", sealer, box(t, altered(func(d *seal.Domain) { d.Authority += "x" }), seal.Config{}, key(1)), "c", seal.ErrForged},
		{"another client", sealer, box(t, altered(func(d *seal.Domain) { d.ClientID = "other" }), seal.Config{}, key(1)), "c", seal.ErrForged},
		{"text moved between parts of the domain", sealer, box(t, altered(func(d *seal.Domain) { d.BasePath, d.Authority = "/easyauthh", d.Authority[1:] }), seal.Config{}, key(1)), "c", seal.ErrForged},
		{"too long for the opener", sealer, box(t, domain, seal.Config{MaxLength: 20}, key(1)), "c", seal.ErrTooLong},
		{"hourly, same hour", box(t, domain, hourly(0), key(1)), box(t, domain, hourly(20*time.Minute), key(1)), "c", nil},
		{"hourly, next hour", box(t, domain, hourly(0), key(1)), box(t, domain, hourly(time.Hour), key(1)), "c", nil},
		{"hourly, clock an hour behind", box(t, domain, hourly(0), key(1)), box(t, domain, hourly(-time.Hour), key(1)), "c", nil},
		{"hourly, two hours later", box(t, domain, hourly(0), key(1)), box(t, domain, hourly(2*time.Hour), key(1)), "c", seal.ErrStale},
		{"hourly, two hours early", box(t, domain, hourly(0), key(1)), box(t, domain, hourly(-2*time.Hour), key(1)), "c", seal.ErrStale},
		{"hourly value in a plain box", box(t, domain, hourly(0), key(1)), box(t, domain, seal.Config{}, key(1)), "c", seal.ErrForged},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			plain := []byte("who: adele")
			sealed, err := tt.sealer.Seal("c", plain)
			if err != nil {
				t.Fatal(err)
			}
			got, err := tt.opener.Open(tt.as, sealed)
			if !errors.Is(err, tt.want) {
				t.Fatalf("error %v, want %v", err, tt.want)
			}
			if tt.want == nil && !bytes.Equal(got, plain) {
				t.Errorf("opened %q, want %q", got, plain)
			}
		})
	}
}

// Every single flipped bit, every truncation and every trailing byte is refused.
func TestOpenRefusesEveryChange(t *testing.T) {
	for _, cfg := range []seal.Config{{}, {Hourly: true}} {
		b := box(t, domain, cfg, key(1), key(2))
		sealed, err := b.Seal("c", []byte("plain"))
		if err != nil {
			t.Fatal(err)
		}
		raw, err := base64.RawURLEncoding.DecodeString(sealed)
		if err != nil {
			t.Fatal(err)
		}
		for i := range raw {
			for bit := range 8 {
				raw[i] ^= 1 << bit
				if _, err := b.Open("c", base64.RawURLEncoding.EncodeToString(raw)); err == nil {
					t.Errorf("byte %d bit %d flipped: opened", i, bit)
				}
				raw[i] ^= 1 << bit
			}
		}
		for n := range len(sealed) {
			if _, err := b.Open("c", sealed[:n]); err == nil {
				t.Errorf("cut to %d characters: opened", n)
			}
		}
		for _, tail := range []string{"A", "=", " ", "\n", "AAAA"} {
			if _, err := b.Open("c", sealed+tail); err == nil {
				t.Errorf("with %q behind it: opened", tail)
			}
		}
		if _, err := b.Open("c", sealed); err != nil {
			t.Errorf("unchanged: %v", err)
		}
	}
}

func TestSealIsNeverTheSame(t *testing.T) {
	b := box(t, domain, seal.Config{}, key(1))
	seen := map[string]bool{}
	for range 1000 {
		s, err := b.Seal("c", nil)
		if err != nil || seen[s] {
			t.Fatalf("repeated value or error %v", err)
		}
		seen[s] = true
	}
}

func TestSealTooLong(t *testing.T) {
	b := box(t, domain, seal.Config{MaxLength: 100}, key(1))
	if s, err := b.Seal("c", make([]byte, 43)); err != nil || len(s) != 100 {
		t.Errorf("43 bytes: %d characters, %v; want 100", len(s), err)
	}
	if _, err := b.Seal("c", make([]byte, 44)); !errors.Is(err, seal.ErrTooLong) {
		t.Errorf("44 bytes: %v, want ErrTooLong", err)
	}
}

func TestNewRingRefuses(t *testing.T) {
	many := make([][]byte, seal.MaxKeys+1)
	for i := range many {
		many[i] = key(byte(i + 1))
	}
	tests := map[string][][]byte{
		"no key":       nil,
		"short key":    {key(1)[:31]},
		"long key":     {append(key(1), 1)},
		"same twice":   {key(1), key(2), key(1)},
		"nine of them": many,
	}
	for name, keys := range tests {
		if _, err := seal.NewRing(keys, domain); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if _, err := seal.NewRing(many[:seal.MaxKeys], domain); err != nil {
		t.Errorf("eight keys: %v", err)
	}
}

func TestDeriveDiffersByPurposeAndKey(t *testing.T) {
	ring, err := seal.NewRing([][]byte{key(1), key(2)}, domain)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, purpose := range []string{"browser", "browse", "ticket"} {
		subs, err := ring.Derive(purpose, 64)
		if err != nil || len(subs) != 2 {
			t.Fatalf("%s: %d keys, %v", purpose, len(subs), err)
		}
		for _, s := range subs {
			if len(s) != 64 || seen[string(s)] {
				t.Errorf("%s: %d bytes, repeated %v", purpose, len(s), seen[string(s)])
			}
			seen[string(s)] = true
		}
	}
}

func TestCodec(t *testing.T) {
	b := box(t, domain, seal.Config{}, key(1))
	s, err := b.Encode("c", []byte("x"))
	if err != nil {
		t.Fatal(err)
	}
	var got []byte
	if err := b.Decode("c", s, &got); err != nil || string(got) != "x" {
		t.Errorf("decoded %q, %v", got, err)
	}
	var text string
	var usage *seal.Error
	if err := b.Decode("c", s, &text); !errors.As(err, &usage) || !usage.IsUsage() || usage.IsDecode() {
		t.Errorf("decode into a string: %v", err)
	}
	if _, err := b.Encode("c", "x"); !errors.As(err, &usage) || !usage.IsUsage() {
		t.Errorf("encode a string: %v", err)
	}
	if err := b.Decode("d", s, &got); !errors.As(err, &usage) || !usage.IsDecode() || usage.IsInternal() || usage.Cause() != nil {
		t.Errorf("decode under another name: %v", err)
	}
}

func FuzzOpen(f *testing.F) {
	plainBox := box(f, domain, seal.Config{}, key(1), key(2))
	// A fixed hour: what was found stays good.
	hourBox := box(f, domain, seal.Config{Hourly: true, Now: func() time.Time { return time.Unix(1_795_000_000, 0) }}, key(1))
	for _, b := range []*seal.Box{plainBox, hourBox} {
		s, err := b.Seal("c", []byte("plain"))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(s)
		f.Add(s[:len(s)-1])
	}
	f.Add(strings.Repeat("A", 5000))
	f.Add("====")
	f.Fuzz(func(t *testing.T, s string) {
		for _, b := range []*seal.Box{plainBox, hourBox} {
			plain, err := b.Open("c", s)
			if err == nil && string(plain) != "plain" {
				t.Errorf("opened something that was never sealed: %q", plain)
			}
		}
	})
}

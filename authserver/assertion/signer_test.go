package assertion_test

import (
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/assertion"
)

func TestConfig(t *testing.T) {
	keys := newKeys(t, newKey(t))
	for _, tt := range []struct {
		name  string
		cfg   assertion.Config
		fault string
	}{
		{"the least", assertion.Config{Issuer: "easyauth", Keys: keys}, ""},
		{"all", assertion.Config{Issuer: strings.Repeat("i", 512), Keys: keys, Lifetime: time.Hour, CacheBytes: 1, Now: time.Now}, ""},
		{"the shortest life", assertion.Config{Issuer: issuer, Keys: keys, Lifetime: time.Minute}, ""},
		{"no keys", assertion.Config{Issuer: issuer}, "no keys"},
		{"keys that NewKeys did not make", assertion.Config{Issuer: issuer, Keys: &assertion.Keys{}}, "no keys"},
		{"no issuer", assertion.Config{Keys: keys}, "issuer"},
		{"a long issuer", assertion.Config{Issuer: strings.Repeat("i", 513), Keys: keys}, "issuer"},
		{"a line break in the issuer", assertion.Config{Issuer: "a\nb", Keys: keys}, "issuer"},
		{"an issuer that is no UTF-8", assertion.Config{Issuer: "a\xff", Keys: keys}, "issuer"},
		{"a negative life", assertion.Config{Issuer: issuer, Keys: keys, Lifetime: -time.Minute}, "lifetime"},
		{"a life too short", assertion.Config{Issuer: issuer, Keys: keys, Lifetime: 59 * time.Second}, "lifetime"},
		{"a life too long", assertion.Config{Issuer: issuer, Keys: keys, Lifetime: time.Hour + time.Second}, "lifetime"},
		{"a life of half seconds", assertion.Config{Issuer: issuer, Keys: keys, Lifetime: 90*time.Second + time.Second/2}, "lifetime"},
		{"a negative cache", assertion.Config{Issuer: issuer, Keys: keys, CacheBytes: -1}, "cache"},
	} {
		s, err := assertion.New(tt.cfg)
		if tt.fault == "" && (err != nil || s == nil) || tt.fault != "" && (err == nil || s != nil || !strings.Contains(err.Error(), tt.fault)) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.fault)
		}
	}
}

func TestNoAssertion(t *testing.T) {
	s := newSigner(t, assertion.Config{Keys: newKeys(t, newKey(t))})
	for _, tt := range []struct {
		name     string
		id       *access.Identity
		audience string
		fault    string
	}{
		{"a person and an audience", adele(), audience, ""},
		{"the longest audience", adele(), strings.Repeat("a", 512), ""},
		{"nobody", nil, audience, "no key"},
		{"the zero identity", &access.Identity{}, audience, "no key"},
		{"a name alone", &access.Identity{Name: "Adele", Email: "adele@contoso.example"}, audience, "no key"},
		{"an object of no tenant", &access.Identity{Object: "o", Subject: "s"}, audience, "no key"},
		{"no audience", adele(), "", "audience"},
		{"an audience too long", adele(), strings.Repeat("a", 513), "audience"},
		{"a line break in the audience", adele(), "a\r\nb", "audience"},
		{"an audience that is no UTF-8", adele(), "a\xffb", "audience"},
	} {
		for range 2 {
			text, complete, err := s.Assertion(of(1), tt.id, tt.audience, roomy)
			if tt.fault == "" {
				if err != nil || text == "" || !complete {
					t.Errorf("%s: %v", tt.name, err)
				}
			} else if err == nil || text != "" || complete || !strings.Contains(err.Error(), tt.fault) {
				t.Errorf("%s: %q, %v; want %q", tt.name, text, err, tt.fault)
			}
		}
	}
}

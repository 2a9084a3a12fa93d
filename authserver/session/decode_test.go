package session

import (
	"bytes"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/seal"
	"github.com/easyauth-sidecar/easyauth/authserver/secret"
	"github.com/easyauth-sidecar/easyauth/authserver/ticket"
)

func testCodec(t testing.TB) *ticket.Codec {
	t.Helper()
	ring, err := seal.NewRing([][]byte{bytes.Repeat([]byte{1}, seal.KeySize)}, seal.Domain{})
	if err != nil {
		t.Fatal(err)
	}
	codec, err := ticket.New(ticket.Config{Ring: ring, Issuer: "https://i"})
	if err != nil {
		t.Fatal(err)
	}
	return codec
}

func testSession() *Session {
	at := time.UnixMilli(1_795_000_000_123).UTC()
	return &Session{
		Ticket: ticket.Ticket{Issued: at, Expires: at.Add(8 * time.Hour), Identity: access.Identity{Issuer: "https://i", Name: "Adele", Roles: []string{"Admin"}}},
		Tokens: &Tokens{
			Access: secret.New("at"), ID: secret.New("a.b.c"), Refresh: secret.New("rt\x00\xff"),
			Obtained: at, Expires: at.Add(time.Hour), Scopes: []string{"openid", "offline_access"},
		},
	}
}

func TestValueRoundTrip(t *testing.T) {
	codec := testCodec(t)
	for name, change := range map[string]func(*Session){
		"whole":            func(*Session) {},
		"expiry not told":  func(s *Session) { s.Tokens.Expires = time.Time{} },
		"no refresh token": func(s *Session) { s.Tokens = &Tokens{Obtained: s.Issued} },
	} {
		want := testSession()
		change(want)
		plain, err := encodeValue(codec, want)
		if err != nil {
			t.Fatal(err)
		}
		got, err := decodeValue(codec, plain)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

// TestValueIsBounded: what is there to be handed over goes first, the refresh
// token never.
func TestValueIsBounded(t *testing.T) {
	codec, large := testCodec(t), secret.New(strings.Repeat("x", MaxValue/2))
	tests := []struct {
		name            string
		change          func(*Tokens)
		access, id, ref bool
		err             error
	}{
		{"all fit", func(*Tokens) {}, true, true, true, nil},
		{"an access token that is too large", func(k *Tokens) { k.Access, k.ID = large, large }, false, true, true, nil},
		{"both too large", func(k *Tokens) { k.Access, k.ID, k.Refresh = large, large, large }, false, false, true, nil},
		{"a refresh token that is too large", func(k *Tokens) { k.Refresh = secret.New(strings.Repeat("x", MaxValue)) }, false, false, false, ticket.ErrTooLarge},
	}
	for _, tt := range tests {
		s := testSession()
		tt.change(s.Tokens)
		plain, err := encodeValue(codec, s)
		if !errors.Is(err, tt.err) || len(plain) > MaxValue-sealing {
			t.Errorf("%s: %d bytes, %v", tt.name, len(plain), err)
		}
		if err != nil {
			continue
		}
		got, err := decodeValue(codec, plain)
		if err != nil || got.Tokens.Access.Empty() == tt.access || got.Tokens.ID.Empty() == tt.id || got.Tokens.Refresh.Empty() == tt.ref {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

func FuzzDecodeValue(f *testing.F) {
	codec := testCodec(f)
	plain, err := encodeValue(codec, testSession())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(plain)
	f.Add(plain[:len(plain)-1])
	f.Add([]byte{valueFormat})
	f.Fuzz(func(t *testing.T, plain []byte) {
		s, err := decodeValue(codec, plain)
		if err != nil {
			return
		}
		again, err := encodeValue(codec, s)
		if err != nil {
			return // too large to be written again
		}
		if s2, err := decodeValue(codec, again); err != nil || !reflect.DeepEqual(s, s2) {
			t.Errorf("%+v came back as %+v, %v", s, s2, err)
		}
	})
}

func FuzzDecodeCarrier(f *testing.F) {
	c, err := newCarrier(seal.KeyID{}, fixedBytes{})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(c.encode())
	f.Add(c.encode()[:48])
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, plain []byte) {
		c, err := decodeCarrier(plain)
		if err != nil {
			return
		}
		if again, err := decodeCarrier(c.encode()); err != nil || *again != *c {
			t.Errorf("%+v came back as %+v, %v", c, again, err)
		}
	})
}

// TestRecentNeverGoesBack: a session whose reading began before a change that was
// heard is not remembered, nor anything while changes are not heard.
func TestRecentNeverGoesBack(t *testing.T) {
	key, other := Key{1}, Key{2}
	tests := []struct {
		name  string
		steps func(r *recent, began moment, put func(moment))
		kept  bool
	}{
		{"nothing changed", func(_ *recent, began moment, put func(moment)) { put(began) }, true},
		{"another record changed", func(r *recent, began moment, put func(moment)) { r.Changed(other); put(began) }, true},
		{"it changed while it was read", func(r *recent, began moment, put func(moment)) { r.Changed(key); put(began) }, false},
		{"it changed afterwards", func(r *recent, began moment, put func(moment)) { put(began); r.Changed(key) }, false},
		{"read again after the change", func(r *recent, _ moment, put func(moment)) { r.Changed(key); put(r.begin(key)) }, true},
		{"nothing is heard", func(r *recent, _ moment, put func(moment)) { r.Connected(false); put(r.begin(key)) }, false},
		{"nothing was heard for a while", func(r *recent, began moment, put func(moment)) {
			r.Connected(false)
			r.Connected(true)
			put(began)
		}, false},
		{"it was remembered before nothing was heard", func(r *recent, began moment, put func(moment)) { put(began); r.Connected(false) }, false},
	}
	for _, tt := range tests {
		r := newRecent(Config{CacheBytes: 1 << 20, Now: time.Now})
		r.Connected(true)
		s := testSession()
		tt.steps(r, r.begin(key), func(m moment) { r.put(key, s, m) })
		if kept := r.get(key) != nil; kept != tt.kept {
			t.Errorf("%s: remembered %v, want %v", tt.name, kept, tt.kept)
		}
	}
}

func TestRecentForgets(t *testing.T) {
	now := time.Now()
	r := newRecent(Config{CacheBytes: 1 << 20, Now: func() time.Time { return now }})
	r.Connected(true)
	r.put(Key{1}, testSession(), r.begin(Key{1}))
	if now = now.Add(MaxAge - time.Millisecond); r.get(Key{1}) == nil {
		t.Error("forgotten too early")
	}
	if now = now.Add(time.Millisecond); r.get(Key{1}) != nil {
		t.Error("remembered for longer than MaxAge")
	}
}

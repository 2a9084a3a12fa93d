package session

import (
	"bytes"
	"context"
	"crypto/rand"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/cookie"
	"github.com/easyauth-sidecar/easyauth/authserver/seal"
)

// oneRecord is a store of a single record, which can be read.
type oneRecord struct {
	Store

	r *Record
}

func (s *oneRecord) Create(_ context.Context, r *Record, _ ...Key) error { s.r = r; return nil }

func (s *oneRecord) Get(_ context.Context, key Key) (*Record, error) {
	if s.r == nil || s.r.Key != key {
		return nil, ErrNoRecord
	}
	return s.r, nil
}

// A record that is older than the cookie says is not served, though it opens.
func TestAttack30VersionOfTheCookie(t *testing.T) {
	ring, err := seal.NewRing([][]byte{bytes.Repeat([]byte{1}, seal.KeySize)}, seal.Domain{})
	if err != nil {
		t.Fatal(err)
	}
	store, cookies := &oneRecord{}, cookie.New(cookie.Config{})
	m, err := New(Config{Codec: testCodec(t), Ring: ring, Cookies: cookies, Lifetime: time.Hour, Store: store, CacheBytes: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	_, lines, _, err := m.Issue(t.Context(), nil, &access.Identity{Issuer: "https://i", Tenant: "t", Object: "adele"}, nil, nil, "")
	if err != nil {
		t.Fatal(err)
	}
	p, ok := m.place.(*inStore)
	if !ok {
		t.Fatal("not in the store")
	}
	p.recent.Connected(true)
	pair, _, _ := strings.Cut(lines[0], ";")
	_, value, _ := strings.Cut(pair, "=")
	for name, row := range map[string]struct {
		version uint64 // of the cookie; the record has 1
		want    access.Reason
	}{
		"the record's":   {1, access.ReasonOK},
		"an earlier one": {0, access.ReasonOK},
		"a later one":    {2, access.ReasonSessionOld},
		"a much later":   {1 << 60, access.ReasonSessionOld},
	} {
		c, _, err := p.open(value)
		if err != nil {
			t.Fatal(err)
		}
		c.Version = row.version
		sealed, err := p.cookies.Seal(cookies.Ticket.Name, c.encode())
		if err != nil {
			t.Fatal(err)
		}
		for _, from := range []string{"the store", "what is remembered"} {
			s, reason, err := m.Read(t.Context(), http.Header{"Cookie": {cookies.Ticket.Name + "=" + sealed}})
			if reason != row.want || (s != nil) != (row.want == access.ReasonOK) {
				t.Errorf("%s, from %s: %s %v", name, from, reason, err)
			}
		}
	}
}

// What is in a cookie that we sealed, but of another form.
func TestCarrierForms(t *testing.T) {
	fresh, err := newCarrier(seal.KeyID{}, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	good := fresh.encode()
	if _, err := decodeCarrier(good); err != nil {
		t.Fatal(err)
	}
	for name, plain := range map[string][]byte{
		"empty":              {},
		"another format":     append([]byte{9}, good[1:]...),
		"cut":                good[:len(good)-1],
		"the format alone":   good[:1],
		"a byte more":        append(bytes.Clone(good), 0),
		"a version too long": append(bytes.Clone(good[:49]), bytes.Repeat([]byte{0xff}, 11)...),
	} {
		if c, err := decodeCarrier(plain); err == nil {
			t.Errorf("%s: %+v", name, c)
		}
	}
}

package session

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/cookie"
	"github.com/easyauth-sidecar/easyauth/authserver/seal"
)

// A value that opens but was written by another version of this program: the person
// signs in again. It is not that nobody can tell, which would never end.
func TestValueOfAnotherForm(t *testing.T) {
	good, err := encodeValue(testCodec(t), testSession())
	if err != nil {
		t.Fatal(err)
	}
	for name, row := range map[string]struct {
		plain  []byte // what is sealed; nil: the value stays
		sealed []byte // what is there instead of something sealed
		want   access.Reason
	}{
		"as it is":            {nil, nil, access.ReasonOK},
		"another format":      {append([]byte{valueFormat + 1}, good[1:]...), nil, access.ReasonTicketInvalid},
		"the format alone":    {good[:1], nil, access.ReasonTicketInvalid},
		"empty":               {[]byte{}, nil, access.ReasonTicketInvalid},
		"cut":                 {good[:len(good)-1], nil, access.ReasonTicketInvalid},
		"a byte more":         {append(bytes.Clone(good), 0), nil, access.ReasonTicketInvalid},
		"a ticket of another": {append([]byte{valueFormat, 1, 0xff}, good[3:]...), nil, access.ReasonTicketInvalid},
		"not sealed":          {nil, good, access.ReasonTicketInvalid},
		"nothing":             {nil, []byte{}, access.ReasonTicketInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			ring, err := seal.NewRing([][]byte{bytes.Repeat([]byte{1}, seal.KeySize)}, seal.Domain{})
			if err != nil {
				t.Fatal(err)
			}
			store := &oneRecord{}
			m, err := New(Config{Codec: testCodec(t), Ring: ring, Cookies: cookie.New(cookie.Config{}), Lifetime: time.Hour, Store: store})
			if err != nil {
				t.Fatal(err)
			}
			s, lines, _, err := m.Issue(t.Context(), nil, &access.Identity{Issuer: "https://i", Tenant: "t", Object: "adele"}, nil, nil, "")
			if err != nil {
				t.Fatal(err)
			}
			p, ok := m.place.(*inStore)
			if !ok {
				t.Fatal("not in the store")
			}
			if row.plain != nil {
				if store.r.Value, err = p.value(s.key, s.stored.secret, s.stored.record, 1, row.plain, nil); err != nil {
					t.Fatal(err)
				}
			}
			if row.sealed != nil {
				store.r.Value = row.sealed
			}
			read, reason, err := m.Read(t.Context(), http.Header{"Cookie": {pairOf(lines[0])}})
			if reason != row.want || reason.CouldNotTell() || (read != nil) != (row.want == access.ReasonOK) {
				t.Errorf("%s %v", reason, err)
			}
		})
	}
}

// pairOf is what a browser sends back of a Set-Cookie line.
func pairOf(line string) string {
	pair, _, _ := bytes.Cut([]byte(line), []byte(";"))
	return string(pair)
}

// counted is a store of one record that counts what is written.
type counted struct {
	oneRecord

	creates int
}

func (c *counted) Create(ctx context.Context, r *Record, replaces ...Key) error {
	c.creates++
	return c.oneRecord.Create(ctx, r, replaces...)
}

// between gives random bytes, and does something whenever those of a cookie's key
// are asked for: in the middle of the making of a record.
type between struct {
	io.Reader

	do func()
}

func (b between) Read(p []byte) (int, error) {
	if len(p) == len(carrier{}.Key) {
		b.do()
	}
	return b.Reader.Read(p)
}

// The keys are replaced while a session is made: it is made again, under one key
// alone. When that happens again and again nothing is written.
func TestKeysReplacedDuringASignIn(t *testing.T) {
	one, two := bytes.Repeat([]byte{1}, seal.KeySize), bytes.Repeat([]byte{2}, seal.KeySize)
	for name, row := range map[string]struct {
		times, tries int
		drop         bool // the key before opens no more
		ok           bool
	}{
		"never":                     {0, 1, false, true},
		"once":                      {1, 2, false, true},
		"twice":                     {2, 3, false, true},
		"three times":               {3, 3, false, false},
		"again and again":           {1000, 3, false, false},
		"once, and the old is gone": {1, 2, true, true},
		"always, and it is gone":    {1000, 3, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			ring, err := seal.NewRing([][]byte{one, two}, seal.Domain{})
			if err != nil {
				t.Fatal(err)
			}
			store := &counted{}
			m, err := New(Config{Codec: testCodec(t), Ring: ring, Cookies: cookie.New(cookie.Config{}), Lifetime: time.Hour, Store: store})
			if err != nil {
				t.Fatal(err)
			}
			tries := 0
			m.place.(*inStore).random = between{rand.Reader, func() {
				if tries++; tries > row.times {
					return
				}
				list := [][]byte{two, one}
				if tries%2 == 0 {
					list = [][]byte{one, two}
				}
				if row.drop {
					list = list[:1]
				}
				if err := ring.Replace(list, nil); err != nil {
					t.Error(err)
				}
			}}
			id := access.Identity{Issuer: "https://i", Tenant: "t", Object: "adele"}
			s, lines, _, err := m.Issue(t.Context(), nil, &id, nil, nil, "Firefox on Linux")
			if tries != row.tries {
				t.Errorf("tried %d times, want %d", tries, row.tries)
			}
			if !row.ok {
				if !errors.Is(err, errKeysChanged) || s != nil || lines != nil || store.creates != 0 {
					t.Errorf("%v, %d lines, %d written", err, len(lines), store.creates)
				}
				return
			}
			if err != nil || store.creates != 1 {
				t.Fatalf("%v, %d written", err, store.creates)
			}
			if s.key != ring.Current() {
				t.Error("not under the key that seals")
			}
			if user, ok := userHandle(ring, ring.Current(), id.Key()); !ok || store.r.User != user {
				t.Error("the index is under another key")
			}
			if openLabel(ring, id.Key(), store.r) == "" {
				t.Error("the label is under another key")
			}
			if read, reason, err := m.Read(t.Context(), http.Header{"Cookie": {pairOf(lines[0])}}); read == nil {
				t.Errorf("%s %v", reason, err)
			}
		})
	}
}

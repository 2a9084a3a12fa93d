package session

import (
	"bytes"
	"context"
	"encoding/binary"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/cookie"
	"github.com/easyauth-sidecar/easyauth/authserver/seal"
)

// startOfFuzz is the time of every fuzz target here.
var startOfFuzz = time.UnixMilli(1_795_000_000_000).UTC()

// fuzzManager is a manager with a clock that stands still.
func fuzzManager(t testing.TB, store Store) *Manager {
	t.Helper()
	ring, err := seal.NewRing([][]byte{bytes.Repeat([]byte{1}, seal.KeySize)}, seal.Domain{})
	if err != nil {
		t.Fatal(err)
	}
	m, err := New(Config{
		Codec: testCodec(t), Ring: ring, Cookies: cookie.New(cookie.Config{}), Lifetime: 8 * time.Hour, Idle: 30 * time.Minute, Store: store,
		Shared: store != nil, Now: func() time.Time { return startOfFuzz },
	})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// cookiesOf are the cookies of Set-Cookie lines as a browser sends them.
func cookiesOf(lines []string) string {
	pairs := make([]string, len(lines))
	for i, line := range lines {
		pairs[i], _, _ = strings.Cut(line, ";")
	}
	return strings.Join(pairs, "; ")
}

// FuzzIdle reads any idle cookie beside a good ticket. It says when a session was
// last used only if it was sealed for that session, and never a time to come.
func FuzzIdle(f *testing.F) {
	m := fuzzManager(f, nil)
	p, ok := m.place.(*inCookies)
	if !ok {
		f.Fatal("not in cookies")
	}
	s, lines, _, err := m.Issue(f.Context(), nil, &access.Identity{Issuer: "https://i", Tenant: "t", Object: "adele"}, nil, nil, "")
	if err != nil {
		f.Fatal(err)
	}
	name := m.cfg.Cookies.Seen.Name
	seconds := func(at time.Time) []byte { return binary.BigEndian.AppendUint64(nil, uint64(at.Unix())) } //nolint:gosec // after 1970
	s.ID = [8]byte{1, 2, 3}                                                                               // fixed: the fuzzer's workers are other processes than the one that makes the seeds
	good, err := p.seen.Seal(name, append(s.ID[:], seconds(startOfFuzz.Add(-time.Minute))...))
	if err != nil {
		f.Fatal(err)
	}
	if at, ok := p.lastSeen(http.Header{"Cookie": {name + "=" + good}}, s.ID); !ok || !at.Equal(startOfFuzz.Add(-time.Minute)) {
		f.Fatalf("%v, %v", at, ok) // the seed must get as far as it can
	}
	f.Add(name+"="+good, append(s.ID[:], seconds(startOfFuzz)...))
	f.Add(name+"="+good+"; "+name+"="+good, append(s.ID[:], seconds(startOfFuzz.Add(time.Hour))...))
	f.Add("", append(bytes.Repeat([]byte{9}, 8), seconds(startOfFuzz)...))
	f.Add(name+"=", bytes.Repeat([]byte{0xff}, 16))
	f.Fuzz(func(t *testing.T, header string, plain []byte) {
		check := func(h http.Header, inside []byte) {
			t.Helper()
			at, ok := p.lastSeen(h, s.ID)
			if !ok {
				return
			}
			if len(inside) != 16 || !bytes.Equal(inside[:8], s.ID[:]) || at.After(startOfFuzz.Add(leeway)) || at.Unix() != int64(binary.BigEndian.Uint64(inside[8:])) { //nolint:gosec // as it was written
				t.Fatalf("%x says %v", inside, at)
			}
		}
		check(http.Header{"Cookie": {header}}, append(s.ID[:], seconds(startOfFuzz.Add(-time.Minute))...))
		sealed, err := p.seen.Seal(name, plain)
		if err != nil {
			return // too long
		}
		h := http.Header{"Cookie": {name + "=" + sealed}}
		check(h, plain)
		if cookies := (http.Header{"Cookie": {header}}); len(cookie.Values(cookies, m.cfg.Cookies.Ticket.Name, 1))+len(cookie.Values(cookies, m.cfg.Cookies.Ticket1.Name, 1)) > 0 {
			return // a second ticket is refused
		}
		if got, reason, _ := m.Read(t.Context(), http.Header{"Cookie": {cookiesOf(lines) + "; " + header + "; " + name + "=" + sealed}}); got == nil || got.Identity.Object != "adele" {
			t.Fatalf("an idle cookie ends a session that was used just now: %s", reason)
		}
	})
}

// hostile is a store that gives one record, whatever is asked for, and says the
// other things of it that a test wants.
type hostile struct {
	Store

	r *Record
}

func (s *hostile) Create(_ context.Context, r *Record, _ ...Key) error {
	s.r = r
	return nil
}

func (s *hostile) Get(context.Context, Key) (*Record, error) { return s.r, nil }

func (s *hostile) List(context.Context, Query) ([]*Record, string, error) {
	return []*Record{s.r}, "", nil
}

// FuzzStored presents any cookies to a store that gives back any record: as it was
// written with one thing changed, with anything inside of the seal, or with anything
// at all. It is the session that was issued, or none.
func FuzzStored(f *testing.F) {
	store := &hostile{}
	m := fuzzManager(f, store)
	p, ok := m.place.(*inStore)
	if !ok {
		f.Fatal("not in the store")
	}
	p.random = fixedBytes{} // the fuzzer's workers are other processes than the one that makes the seeds
	s, lines, _, err := m.Issue(f.Context(), nil, &access.Identity{Issuer: "https://i", Tenant: "t", Object: "adele"}, nil, nil, "Firefox on Linux")
	if err != nil {
		f.Fatal(err)
	}
	cookies, written := cookiesOf(lines), *store.r
	if got, reason, err := m.Read(f.Context(), http.Header{"Cookie": {cookies}}); got == nil || got.Identity.Object != "adele" {
		f.Fatalf("%s, %v", reason, err) // the seed must get as far as it can
	}
	plain, err := encodeValue(m.cfg.Codec, s)
	if err != nil {
		f.Fatal(err)
	}
	name := m.cfg.Cookies.Ticket.Name
	f.Add(cookies, plain, written.Value, written.Key[:], uint64(1), written.Label)
	f.Add(cookies+"; "+name+"=x; "+cookies, plain[:len(plain)-1], plain, written.Key[:], uint64(0), []byte("Firefox"))
	f.Add(name+"=; "+name+"-1=x", append([]byte{valueFormat + 1}, plain[1:]...), written.Value[1:], []byte{1}, uint64(2), []byte{})
	f.Add(strings.Repeat(cookies+"; ", 6), []byte{}, []byte{}, []byte{}, uint64(1)<<63, bytes.Repeat([]byte("l"), 5000))
	f.Fuzz(func(t *testing.T, header string, inside, value, key []byte, version uint64, label []byte) {
		check := func(what string, r Record, header string, mayOpen bool) {
			t.Helper()
			store.r = &r
			got, reason, err := m.Read(t.Context(), http.Header{"Cookie": {header}})
			if got == nil {
				if reason == access.ReasonOK || reason == "" || err != nil && len(err.Error()) > 500 {
					t.Fatalf("%s: %q, %v", what, reason, err)
				}
				return
			}
			if !mayOpen || got.stored.record != written.Key || got.Identity.Object != "adele" {
				t.Fatalf("%s: %+v", what, got)
			}
			list, err := m.Sessions(t.Context(), got)
			if err != nil || len(list) != 1 || list[0].Label != "" && list[0].Label != "Firefox on Linux" {
				t.Fatalf("%s: %+v, %v", what, list, err)
			}
		}
		check("any cookies", written, header, true)
		changed := written
		copy(changed.Key[:], key)
		changed.Version, changed.Label = version, label
		check("a record that was exchanged", changed, cookies, changed.Key == written.Key && version == written.Version)
		changed = written
		changed.Value = value
		_, err := p.value(s.key, s.stored.secret, s.stored.record, 1, nil, value) // the seeds' was sealed by another process
		check("any value", changed, cookies, err == nil)
		sealed, err := p.value(s.key, s.stored.secret, s.stored.record, 1, append([]byte{}, inside...), nil)
		if err != nil {
			t.Fatal(err)
		}
		decoded, err := decodeValue(m.cfg.Codec, inside)
		changed.Value = sealed
		store.r = &changed
		got, _, _ := m.Read(t.Context(), http.Header{"Cookie": {cookies}})
		if got != nil && (err != nil || got.ID != decoded.ID || !startOfFuzz.Before(got.Expires) || got.Identity.Key() == access.Key{}) {
			t.Fatalf("%x was opened as %+v", inside, got)
		}
	})
}

// fixedBytes is no source of random bytes.
type fixedBytes struct{}

func (fixedBytes) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = 7
	}
	return len(b), nil
}

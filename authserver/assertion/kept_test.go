package assertion_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/assertion"
)

func TestHitAllocatesNothing(t *testing.T) {
	s := newSigner(t, assertion.Config{Keys: newKeys(t, newKey(t))})
	id := adele()
	first := get(t, s, of(1), id, audience)
	allocs := testing.AllocsPerRun(1000, func() {
		if again, complete, err := s.Assertion(of(1), id, audience, roomy); again != first || !complete || err != nil {
			t.Error("it is another")
		}
	})
	if allocs != 0 {
		t.Errorf("a hit allocates %v times", allocs)
	}
}

// Whatever was asked before, under whatever of, each asker gets a token that speaks of that person to that audience.
func TestNobodyGetsAnothersToken(t *testing.T) {
	key := newKey(t)
	s := newSigner(t, assertion.Config{Keys: newKeys(t, key)})
	person := func(edit func(*access.Identity)) *access.Identity {
		id := adele()
		edit(id)
		return id
	}
	adele := adele()
	for round := range 3 { // each is before and behind each other
		for _, tt := range []struct {
			name     string
			of       [32]byte
			id       *access.Identity
			audience string
		}{
			{"one", of(1), adele, audience},
			{"another audience", of(1), adele, audience + "/"},
			{"a shorter audience", of(1), adele, audience[:len(audience)-1]},
			{"another version", of(2), person(func(id *access.Identity) { id.Roles = []string{"Reader"} }), audience},
			{"the same of for another object", of(1), person(func(id *access.Identity) { id.Object = "b0000000-0000-4000-8000-000000000b0b" }), audience},
			{"the same of for another tenant", of(1), person(func(id *access.Identity) { id.Tenant = "11111111-1111-4111-8111-111111111111" }), audience},
			{"the same of without an object", of(1), person(func(id *access.Identity) { id.Object = "" }), audience},
			{"tenant and object the other way round", of(1), person(func(id *access.Identity) { id.Tenant, id.Object = id.Object, id.Tenant }), audience},
			{"the border between them moved", of(1), person(func(id *access.Identity) { id.Tenant, id.Object = id.Tenant+id.Object[:1], id.Object[1:] }), audience},
			{"no of at all", [32]byte{}, person(func(id *access.Identity) { id.Roles = []string{fmt.Sprint(round)} }), audience},
		} {
			o := open(t, get(t, s, tt.of, tt.id, tt.audience), &key.PublicKey)
			want := wanted(tt.id, "session-1")
			want["aud"] = tt.audience
			for claim, value := range want {
				if fmt.Sprint(o.claims[claim]) != fmt.Sprint(value) {
					t.Errorf("round %d, %s: %s is %q, want %q", round, tt.name, claim, o.claims[claim], value)
				}
			}
		}
	}
}

// Two pairs of ticket and audience that fall on one place of the cache.
func TestTwoOnOnePlace(t *testing.T) {
	key := newKey(t)
	s := newSigner(t, assertion.Config{Keys: newKeys(t, key)})
	digest := func(text string) uint64 {
		h := fnv.New64a()
		_, _ = h.Write([]byte(text))
		return h.Sum64()
	}
	mine, theirs := of(1), of(1)
	const other = "https://payments.example.com"
	binary.LittleEndian.PutUint64(theirs[:8], binary.LittleEndian.Uint64(mine[:8])^digest(audience)^digest(other))
	old := adele()
	old.Roles = []string{"Former"}
	for range 3 {
		a, b := open(t, get(t, s, mine, adele(), audience), &key.PublicKey), open(t, get(t, s, theirs, old, other), &key.PublicKey)
		if a.claims["aud"] != audience || b.claims["aud"] != other || fmt.Sprint(b.claims["roles"]) != "[Former]" || fmt.Sprint(a.claims["roles"]) == "[Former]" {
			t.Fatalf("%v\n%v", a.claims, b.claims)
		}
	}
	if s.Len() != 1 {
		t.Errorf("%d places: the two do not meet, and the test shows nothing", s.Len())
	}
}

// At every moment what is given out lasts for half of the lifetime at least, begins in no future, and is not signed
// more often than that needs.
func TestHalfOfTheLifetimeIsLeft(t *testing.T) {
	for _, lifetime := range []time.Duration{0, time.Minute, 61 * time.Second, time.Hour} {
		t.Run(lifetime.String(), func(t *testing.T) {
			key, now := newKey(t), newClock()
			s := newSigner(t, assertion.Config{Keys: newKeys(t, key), Lifetime: lifetime, Now: now.Now})
			if lifetime == 0 {
				lifetime = 5 * time.Minute
			}
			made, steps := map[string]bool{}, 0
			for begin := now.Now(); now.Now().Sub(begin) < 5*lifetime; steps++ {
				text := get(t, s, of(1), adele(), audience)
				made[text] = true
				o := open(t, text, &key.PublicKey)
				if left := o.time(t, "exp").Sub(now.Now()); left < lifetime/2 || left > lifetime {
					t.Fatalf("%v left of %v", left, lifetime)
				}
				if nbf := o.time(t, "nbf"); nbf.After(now.Now()) || !nbf.Equal(o.time(t, "iat")) {
					t.Fatalf("nbf is %v at %v", nbf, now.Now())
				}
				now.move(lifetime/300 + 7*time.Millisecond)
			}
			if len(made) < 9 || len(made) > 12 || steps < 1000 {
				t.Errorf("%d tokens in %d steps over 5 lifetimes", len(made), steps)
			}
		})
	}
}

func TestTheLastMomentOfAToken(t *testing.T) {
	now := newClock()
	s := newSigner(t, assertion.Config{Keys: newKeys(t, newKey(t)), Now: now.Now})
	begin := now.Now().Truncate(time.Second)
	first := get(t, s, of(1), adele(), audience)
	now.move(begin.Add(150*time.Second - 1).Sub(now.Now()))
	if get(t, s, of(1), adele(), audience) != first {
		t.Error("it is another before half of the time is over")
	}
	now.move(1)
	second := get(t, s, of(1), adele(), audience)
	if second == first {
		t.Error("it is still the same")
	}
	now.move(-2 * time.Second) // the clock is put right
	third := get(t, s, of(1), adele(), audience)
	if third == second {
		t.Error("it is one of the future")
	}
	now.move(time.Second)
	if get(t, s, of(1), adele(), audience) != third {
		t.Error("the clock goes on, and it is another")
	}
}

func TestKeptForALength(t *testing.T) {
	key := newKey(t)
	s := newSigner(t, assertion.Config{Keys: newKeys(t, key)})
	id := adele()
	ask := func(longest int) (string, bool, error) { return s.Assertion(of(1), id, audience, longest) }
	whole, _, err := ask(roomy)
	if err != nil {
		t.Fatal(err)
	}
	for _, longest := range []int{len(whole), len(whole) + 1, roomy * 2} {
		if text, complete, err := ask(longest); text != whole || !complete || err != nil {
			t.Errorf("%d: it is another", longest)
		}
	}
	part, complete, err := ask(len(whole) - 1)
	if err != nil || complete || len(part) >= len(whole) {
		t.Fatalf("%d bytes, %t, %v", len(part), complete, err)
	}
	if again, complete, err := ask(len(part)); again != part || complete || err != nil {
		t.Errorf("%d: it is another: %d bytes, %t, %v", len(part), len(again), complete, err)
	}
	if again, complete, err := ask(roomy); len(again) != len(whole) || !complete || err != nil {
		t.Errorf("with more room: %d bytes, %t, %v", len(again), complete, err)
	}
	if _, _, err := ask(200); !errors.Is(err, assertion.ErrTooLong) {
		t.Errorf("%v", err)
	}
	n := testing.AllocsPerRun(100, func() {
		if _, _, err := ask(150); !errors.Is(err, assertion.ErrTooLong) {
			t.Errorf("%v", err)
		}
	})
	if n != 0 {
		t.Errorf("to say again that it is too long allocates %v times", n)
	}
	if again, complete, err := ask(roomy); len(again) != len(whole) || !complete || err != nil {
		t.Errorf("behind one that is too long: %d bytes, %t, %v", len(again), complete, err)
	}
}

func TestBoundedBytes(t *testing.T) {
	const limit = 64 << 10
	s := newSigner(t, assertion.Config{Keys: newKeys(t, newKey(t)), CacheBytes: limit})
	for n := range 300 {
		id := adele()
		id.Object, id.Name = fmt.Sprint(n), strings.Repeat("x", n*7)
		get(t, s, of(byte(n)), id, fmt.Sprint(audience, n))
		if s.Bytes() > limit || s.Limit() != limit {
			t.Fatalf("%d bytes of %d", s.Bytes(), s.Limit())
		}
	}
	if s.Len() < 10 || s.Len() > 100 {
		t.Errorf("%d are kept", s.Len())
	}
	before := s.Len()
	get(t, s, [32]byte{}, adele(), audience)
	if s.Len() != before {
		t.Error("one that stands for nothing is kept")
	}
}

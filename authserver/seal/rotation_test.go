package seal_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/seal"
)

func ring(t testing.TB, keys [][]byte, next ...[]byte) *seal.Ring {
	t.Helper()
	r, err := seal.NewRing(keys, domain, next...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func boxOf(t testing.TB, r *seal.Ring, cfg seal.Config) *seal.Box {
	t.Helper()
	cfg.Purpose, cfg.MaxLength = "ticket", 4096
	b, err := r.Box(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func mustSeal(t testing.TB, b *seal.Box) string {
	t.Helper()
	s, err := b.Seal("c", []byte("plain"))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// id returns the id of a key as a ring of that key alone tells it.
func id(t testing.TB, k []byte) seal.KeyID {
	t.Helper()
	return ring(t, [][]byte{k}).Current()
}

// Two replicas rotate a key in three steps, one after the other: at no moment does
// either refuse what the other seals, and in the end the old key is gone.
func TestRotation(t *testing.T) {
	keys := func(bs ...byte) (out [][]byte) {
		for _, b := range bs {
			out = append(out, key(b))
		}
		return out
	}
	type step struct {
		name       string
		keys, next [][]byte
		seals      byte
		opens      []byte
		refuses    []byte
	}
	steps := []step{
		{"one key", keys(1), nil, 1, []byte{1}, []byte{2, 3}},
		{"another comes and only opens", keys(1), keys(2), 1, []byte{1, 2}, []byte{3}},
		{"it is promoted; the old one still opens", keys(2, 1), nil, 2, []byte{1, 2}, []byte{3}},
		{"a third comes while the first is there", keys(2, 1), keys(3), 2, []byte{1, 2, 3}, nil},
		{"the first is dropped", keys(2), keys(3), 2, []byte{2, 3}, []byte{1}},
		{"the third is promoted", keys(3, 2), nil, 3, []byte{2, 3}, []byte{1}},
		{"all others are dropped", keys(3), nil, 3, []byte{3}, []byte{1, 2}},
	}
	for _, cfg := range []seal.Config{{}, {Hourly: true}} {
		here, there := ring(t, steps[0].keys), ring(t, steps[0].keys)
		hereBox, thereBox := boxOf(t, here, cfg), boxOf(t, there, cfg)
		for _, s := range steps {
			if err := here.Replace(s.keys, s.next); err != nil {
				t.Fatalf("%s: %v", s.name, err)
			}
			// The other replica has not read the keys yet.
			for from, to := range map[*seal.Box]*seal.Box{hereBox: thereBox, thereBox: hereBox} {
				if _, err := to.Open("c", mustSeal(t, from)); err != nil {
					t.Errorf("%s, hourly %t: one replica refuses the other: %v", s.name, cfg.Hourly, err)
				}
			}
			if err := there.Replace(s.keys, s.next); err != nil {
				t.Fatalf("%s: %v", s.name, err)
			}
			if got, want := here.Current(), id(t, key(s.seals)); got != want {
				t.Errorf("%s: %v seals, want %v", s.name, got, want)
			}
			if _, used, err := hereBox.OpenKey("c", mustSeal(t, hereBox)); err != nil || used != id(t, key(s.seals)) {
				t.Errorf("%s: sealed with %v (%v), want %v", s.name, used, err, id(t, key(s.seals)))
			}
			for _, k := range s.opens {
				sealed := mustSeal(t, boxOf(t, ring(t, keys(k)), cfg))
				if plain, used, err := hereBox.OpenKey("c", sealed); err != nil || used != id(t, key(k)) || string(plain) != "plain" {
					t.Errorf("%s: of key %d: %q, %v, %v", s.name, k, plain, used, err)
				}
			}
			for _, k := range s.refuses {
				sealed := mustSeal(t, boxOf(t, ring(t, keys(k)), cfg))
				if _, used, err := hereBox.OpenKey("c", sealed); !errors.Is(err, seal.ErrUnknownKey) || used != (seal.KeyID{}) {
					t.Errorf("%s: of key %d: %v, %v; want ErrUnknownKey", s.name, k, used, err)
				}
			}
		}
	}
}

func TestIDs(t *testing.T) {
	r := ring(t, [][]byte{key(3), key(1)}, key(2))
	want := []seal.KeyID{id(t, key(3)), id(t, key(1)), id(t, key(2))}
	ids := r.IDs()
	if !slices.Equal(ids, want) || r.Current() != want[0] {
		t.Errorf("%v, current %v; want %v", ids, r.Current(), want)
	}
	ids[0] = seal.KeyID{}
	if r.Current() != want[0] || r.IDs()[0] != want[0] {
		t.Error("the ring changed with the list that it gave away")
	}
	if got := (seal.KeyID{0x0a, 0, 0xff, 0x10}).String(); got != "0a00ff10" {
		t.Errorf("an id is written %s", got)
	}
	other, err := seal.NewRing([][]byte{key(3)}, seal.Domain{})
	if err != nil || other.Current() != want[0] {
		t.Errorf("in another deployment the key is %v (%v), want %v: an id belongs to the key alone", other.Current(), err, want[0])
	}
}

// The caller may wipe its keys.
func TestKeysAreCopied(t *testing.T) {
	first, second := key(1), key(2)
	r := ring(t, [][]byte{first})
	clear(first)
	if _, err := boxOf(t, r, seal.Config{}).Open("c", mustSeal(t, boxOf(t, ring(t, [][]byte{key(1)}), seal.Config{}))); err != nil {
		t.Error(err)
	}
	if err := r.Replace([][]byte{second}, nil); err != nil {
		t.Fatal(err)
	}
	clear(second)
	if _, err := boxOf(t, r, seal.Config{}).Open("c", mustSeal(t, boxOf(t, ring(t, [][]byte{key(2)}), seal.Config{}))); err != nil {
		t.Error(err)
	}
}

// Hours and key sets do not get into each other's way.
func TestHourlyAcrossReplace(t *testing.T) {
	now := time.Date(2026, 11, 22, 10, 59, 0, 0, time.UTC)
	r := ring(t, [][]byte{key(1)})
	b := boxOf(t, r, seal.Config{Hourly: true, Now: func() time.Time { return now }})
	old := mustSeal(t, b)
	if err := r.Replace([][]byte{key(2), key(1)}, nil); err != nil {
		t.Fatal(err)
	}
	now = now.Add(2 * time.Minute) // the next hour
	promoted := mustSeal(t, b)
	for name, sealed := range map[string]string{"of the old key and the last hour": old, "of the new key": promoted} {
		if _, err := b.Open("c", sealed); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	now = now.Add(time.Hour)
	if _, err := b.Open("c", old); !errors.Is(err, seal.ErrStale) {
		t.Errorf("of two hours ago: %v, want ErrStale", err)
	}
	if err := r.Replace([][]byte{key(3)}, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Open("c", promoted); !errors.Is(err, seal.ErrUnknownKey) {
		t.Errorf("of a dropped key: %v, want ErrUnknownKey", err)
	}
	if err := r.Replace([][]byte{key(2)}, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Open("c", promoted); err != nil {
		t.Errorf("of a key that came back: %v", err)
	}
}

func TestDerivedFollows(t *testing.T) {
	r := ring(t, [][]byte{key(1)})
	builds := 0
	var fault error
	d, err := seal.NewDerived(r, "browser", 64, func(keys [][]byte) ([][]byte, error) {
		builds++
		return keys, fault
	})
	if err != nil {
		t.Fatal(err)
	}
	check := func(when string, wantBuilds int) {
		t.Helper()
		want, err := r.Derive("browser", 64)
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			got, err := d.Current()
			if err != nil || !slices.EqualFunc(got, want, bytes.Equal) {
				t.Errorf("%s: not the ring's keys, %v", when, err)
			}
		}
		if builds != wantBuilds {
			t.Errorf("%s: built %d times, want %d", when, builds, wantBuilds)
		}
	}
	check("at first", 1)
	if err := r.Replace([][]byte{key(2), key(1)}, [][]byte{key(3)}); err != nil {
		t.Fatal(err)
	}
	check("after a change", 2)
	if err := r.Replace([][]byte{key(2), key(1)}, [][]byte{key(3)}); err != nil {
		t.Fatal(err)
	}
	check("after the same again", 2)
	if err := r.Replace(nil, nil); err == nil {
		t.Fatal("no keys: accepted")
	}
	check("after a refusal", 2)
	fault = errors.New("no")
	if err := r.Replace([][]byte{key(3)}, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Current(); !errors.Is(err, fault) {
		t.Errorf("error %v, want that of the builder", err)
	}
	fault = nil
	check("when the builder has recovered", 4)
	fault = errors.New("no")
	if _, err := seal.NewDerived(r, "browser", 64, func([][]byte) (int, error) { return 0, fault }); !errors.Is(err, fault) {
		t.Errorf("a builder that fails at first: %v", err)
	}
}

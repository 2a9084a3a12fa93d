package signin

import (
	"bytes"
	"sync"
	"testing"

	"github.com/easyauth-sidecar/easyauth/authserver/seal"
)

func testKeys(keys ...byte) (raw [][]byte) {
	for _, k := range keys {
		raw = append(raw, bytes.Repeat([]byte{k}, seal.KeySize))
	}
	return raw
}

// The browser cookie, which is sealed by a codec of its own, follows the keys as
// all others do: any key of the ring opens, the first seals.
func TestBrowserCookieFollowsTheKeys(t *testing.T) {
	c := newClock()
	sealedBy := func(key byte) string {
		t.Helper()
		bs, err := newBrowsers(testRing(t, key), testCookies().Browser, c.now)
		if err != nil {
			t.Fatal(err)
		}
		line, err := bs.set(bs.create())
		if err != nil {
			t.Fatal(err)
		}
		return line
	}
	lines := map[byte]string{1: sealedBy(1), 2: sealedBy(2), 3: sealedBy(3)}
	ring := testRing(t, 1)
	bs, err := newBrowsers(ring, testCookies().Browser, c.now)
	if err != nil {
		t.Fatal(err)
	}
	steps := []struct {
		name       string
		keys, next [][]byte
		seals      byte
		opens      []byte
	}{
		{"one key", testKeys(1), nil, 1, []byte{1}},
		{"the next one opens", testKeys(1), testKeys(2), 1, []byte{1, 2}},
		{"it seals", testKeys(2, 1), nil, 2, []byte{1, 2}},
		{"the old one goes", testKeys(2), nil, 2, []byte{2}},
		{"another ring altogether", testKeys(3), nil, 3, []byte{3}},
	}
	for _, s := range steps {
		if err := ring.Replace(s.keys, s.next); err != nil {
			t.Fatalf("%s: %v", s.name, err)
		}
		for key, line := range lines {
			want := bytes.IndexByte(s.opens, key) >= 0
			if opened := bs.read(carry(line)) != nil; opened != want {
				t.Errorf("%s: the cookie of key %d opened: %t, want %t", s.name, key, opened, want)
			}
		}
		line, err := bs.set(bs.create())
		if err != nil {
			t.Fatal(err)
		}
		alone, err := newBrowsers(testRing(t, s.seals), testCookies().Browser, c.now)
		if err != nil {
			t.Fatal(err)
		}
		if alone.read(carry(line)) == nil {
			t.Errorf("%s: key %d did not seal", s.name, s.seals)
		}
	}
	if err := ring.Replace(nil, nil); err == nil {
		t.Fatal("no keys: accepted")
	}
	if bs.read(carry(lines[3])) == nil {
		t.Error("keys that were refused have changed something")
	}
}

// A browser goes through a change of keys with what it had.
func TestBrowserSurvivesRotation(t *testing.T) {
	c := newClock()
	ring := testRing(t, 1)
	bs, err := newBrowsers(ring, testCookies().Browser, c.now)
	if err != nil {
		t.Fatal(err)
	}
	b := bs.create()
	b.use(attemptID{7})
	for _, keys := range [][][]byte{testKeys(2, 1), testKeys(2)} {
		line, err := bs.set(b)
		if err != nil {
			t.Fatal(err)
		}
		if err := ring.Replace(keys, nil); err != nil {
			t.Fatal(err)
		}
		got := bs.read(carry(line))
		if got == nil || got.Secret != b.Secret || !got.hasUsed(attemptID{7}) {
			t.Fatalf("with %d keys the browser came back as %+v", len(keys), got)
		}
		b = got
	}
}

func TestBrowserCookieWhileKeysChange(t *testing.T) {
	c := newClock()
	ring := testRing(t, 1, 9)
	bs, err := newBrowsers(ring, testCookies().Browser, c.now)
	if err != nil {
		t.Fatal(err)
	}
	all, err := newBrowsers(testRing(t, 1, 2, 9), testCookies().Browser, c.now)
	if err != nil {
		t.Fatal(err)
	}
	lasting, err := newBrowsers(testRing(t, 9), testCookies().Browser, c.now)
	if err != nil {
		t.Fatal(err)
	}
	kept, err := lasting.set(lasting.create())
	if err != nil {
		t.Fatal(err)
	}
	stop := make(chan struct{})
	var work sync.WaitGroup
	for range 3 {
		work.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				line, err := bs.set(bs.create())
				if err != nil || all.read(carry(line)) == nil || bs.read(carry(kept)) == nil {
					t.Errorf("a cookie did not open, or was not sealed: %v", err)
					return
				}
			}
		})
	}
	for i := range 200 {
		if err := ring.Replace(testKeys(byte(1+i%2), 9), nil); err != nil {
			t.Error(err)
		}
	}
	close(stop)
	work.Wait()
}

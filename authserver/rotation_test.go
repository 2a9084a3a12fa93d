package authserver_test

import (
	"net/http"
	"testing"
	"time"

	emulator "github.com/easyauth-sidecar/easyauth/test/entra"
)

// Keys are rotated one replica after the other, in a store and in cookies: nobody is
// signed out and no sign-in breaks, whichever replica serves which step; the metric
// tells when the old key can go, and who is left then signs in.
func TestRotation(t *testing.T) {
	for name, open := range map[string]func(t *testing.T) *pair{
		"in a store":             func(t *testing.T) *pair { return newPair(t, options{idle: 6 * time.Hour}) },
		"in cookies":             func(t *testing.T) *pair { return cookiePair(t) },
		"in cookies with a list": func(t *testing.T) *pair { p, _ := listedPair(t); return p },
	} {
		t.Run(name, func(t *testing.T) {
			p := open(t)
			kits := []*kit{p.a, p.b}
			var browsers []*browser
			users := []string{emulator.Adele, emulator.Bob, emulator.Zoe}
			all := func(step string) {
				t.Helper()
				for i := range kits { // each step of a sign-in at another replica
					b := kits[i].browser(users[len(browsers)%len(users)])
					b.client.Transport = &alternating{kits: kits}
					if resp := b.open(page, ""); resp.StatusCode != http.StatusAccepted {
						t.Errorf("%s: a sign-in: %d\n%s", step, resp.StatusCode, resp.text())
					}
					browsers = append(browsers, b)
				}
				for n, b := range browsers {
					for i, k := range kits {
						if code := b.at(k).check(page, "").StatusCode; code != http.StatusAccepted {
							t.Errorf("%s: browser %d on replica %d: %d (%s)", step, n, i, code, k.lastReason())
						}
					}
				}
			}
			opened := func(id string) float64 {
				return p.a.count("easyauth_tickets_opened_total", "key", id) + p.b.count("easyauth_tickets_opened_total", "key", id)
			}
			all("before")
			old := p.a.ring.Current().String()
			// A sign-in that began under the old key ends under the new one.
			late := p.a.browser(emulator.Adele)
			back := late.atEntra(late.toEntra(page))
			for _, step := range []struct {
				name       string
				keys, next [][]byte
			}{
				{"the new key opens", [][]byte{key(1)}, [][]byte{key(2)}},
				{"the new key seals", [][]byte{key(2), key(1)}, nil},
			} {
				for i, k := range kits {
					if err := k.ring.Replace(step.keys, step.next); err != nil {
						t.Fatal(err)
					}
					all(step.name + " at " + []string{"one replica", "both"}[i])
				}
			}
			if resp := late.get(back); resp.Header.Get("Location") != page {
				t.Errorf("a sign-in across the change: %d\n%s", resp.StatusCode, resp.text())
			}
			fresh := p.a.ring.Current().String()
			if fresh == old || opened(old) == 0 || opened(fresh) == 0 {
				t.Errorf("keys %s and %s: opened %v and %v", old, fresh, opened(old), opened(fresh))
			}
			before := opened(old)
			late.at(p.b).check(page, "")
			if opened(old) != before {
				t.Error("a session of the new key counts for the old one")
			}
			for _, k := range kits {
				if err := k.ring.Replace([][]byte{key(2)}, nil); err != nil {
					t.Fatal(err)
				}
			}
			p.passes(t, "of the new key", late, true)
			left := browsers[0]
			p.passes(t, "of a key that has gone", left, false)
			if opened(old) != before {
				t.Error("a key that has gone was counted")
			}
			p.advance(10 * time.Minute)
			if resp := left.at(p.a).open(page, ""); resp.StatusCode != http.StatusAccepted {
				t.Errorf("a new sign-in: %d", resp.StatusCode)
			}
		})
	}
}

// cookiePair is two replicas without a store.
func cookiePair(t *testing.T) *pair {
	t.Helper()
	p := &pair{time: &kit{now: time.Now().UTC().Truncate(time.Second)}}
	p.a = newKit(t, options{clock: p.time.clock})
	p.b = newKit(t, options{clock: p.time.clock, idp: p.a.idp})
	return p
}

package session_test

import (
	"context"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/seal"
	"github.com/easyauth-sidecar/easyauth/authserver/session"
	"github.com/easyauth-sidecar/easyauth/authserver/ticket"
	"github.com/easyauth-sidecar/easyauth/test/property"
)

// Whatever happens to keys, clock, list and tenants, and whatever is presented: who
// remembers tickets says what the one says who opens each anew.
func TestRememberedTicketsDecideNothing(t *testing.T) {
	reasons, hits := map[access.Reason]int{}, 0
	property.Try(t, 25, func(t *testing.T, r *property.Rand) {
		synctest.Test(t, func(t *testing.T) {
			w, stop := newTwins(t, r)
			defer stop()
			for range 120 {
				switch r.IntN(4) {
				case 0:
					if w.change(); r.Chance(3) || len(w.tickets) == 0 {
						w.signIn()
					}
				default:
					h, what := w.presented()
					one, other := w.ask(w.remembers, h), w.ask(w.forgets, h)
					reasons[other.Reason]++
					if w.did("%s: %s", what, other.Reason); !one.same(other) {
						t.Fatalf("%s:\n%+v\nand without memory\n%+v\nafter %s", what, one, other, strings.Join(w.done, "\n"))
					}
				}
			}
			hits += looked(t, w.counts, "hit")
		})
	})
	t.Logf("%v, %d times remembered", reasons, hits)
	if hits == 0 && os.Getenv(property.Variable) == "" {
		t.Error("nothing was remembered")
	}
}

// While keys are replaced under load: whoever asks after a key was dropped never
// gets a ticket of it.
func TestRememberedTicketsGoWithTheirKey(t *testing.T) {
	ring, err := seal.NewRing(keys(1, 2), seal.Domain{})
	if err != nil {
		t.Fatal(err)
	}
	codec, err := ticket.New(ticket.Config{Ring: ring})
	if err != nil {
		t.Fatal(err)
	}
	m, _ := manager(t, func(c *session.Config) { c.Ring, c.Codec = ring, codec })
	id := person()
	_, lines, _, err := m.Issue(t.Context(), nil, &id, nil, nil, "")
	if err != nil {
		t.Fatal(err)
	}
	h := request(lines)
	done := make(chan struct{})
	var readers sync.WaitGroup
	for range 4 {
		readers.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
					_, _, _ = m.Read(context.Background(), h)
				}
			}
		})
	}
	for i := range 300 {
		set, there := keys(2), i%2 == 1
		if there {
			set = keys(2, 1)
		}
		if err := ring.Replace(set, nil); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			if s, reason, _ := m.Read(t.Context(), h); (s != nil) != there {
				t.Fatalf("replacement %d: %s", i, reason)
			}
		}
	}
	close(done)
	readers.Wait()
}

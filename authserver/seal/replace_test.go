package seal_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/easyauth-sidecar/easyauth/authserver/seal"
)

func TestReplaceRefuses(t *testing.T) {
	eight := make([][]byte, seal.MaxKeys)
	for i := range eight {
		eight[i] = key(byte(i + 1))
	}
	tests := []struct {
		name       string
		keys, next [][]byte
		ok         bool
	}{
		{"no key", nil, nil, false},
		{"none that seals", nil, [][]byte{key(2)}, false},
		{"one that seals", [][]byte{key(2)}, nil, true},
		{"a short next", [][]byte{key(2)}, [][]byte{key(3)[1:]}, false},
		{"a good next", [][]byte{key(2)}, [][]byte{key(3)}, true},
		{"a next that is there", [][]byte{key(2), key(3)}, [][]byte{key(3)}, false},
		{"nine together", eight, [][]byte{key(9)}, false},
		{"eight together", eight[1:], [][]byte{key(9)}, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := ring(t, [][]byte{key(1)})
			b := boxOf(t, r, seal.Config{})
			sealed, before := mustSeal(t, b), r.IDs()
			if err := r.Replace(tt.keys, tt.next); (err == nil) != tt.ok {
				t.Fatalf("error %v, want accepted: %t", err, tt.ok)
			}
			if _, err := seal.NewRing(tt.keys, domain, tt.next...); (err == nil) != tt.ok {
				t.Errorf("as a new ring: error %v, want accepted: %t", err, tt.ok)
			}
			if tt.ok {
				return
			}
			if _, err := b.Open("c", sealed); err != nil || !slices.Equal(r.IDs(), before) {
				t.Errorf("the ring has changed all the same: %v, %v", r.IDs(), err)
			}
		})
	}
}

// While keys are replaced, whatever is sealed opens with the very key that it
// names, whatever stays in the ring opens, and what Replace has returned from
// holds for everything that begins later.
func TestReplaceUnderLoad(t *testing.T) {
	sets := [][]byte{{1, 9}, {2, 9}, {3, 2, 9}, {9, 1}}
	all := ring(t, [][]byte{key(1), key(2), key(3), key(9)})
	r := ring(t, [][]byte{key(1), key(9)})
	for _, hourly := range []bool{false, true} {
		t.Run(fmt.Sprintf("hourly %t", hourly), func(t *testing.T) {
			b, judge := boxOf(t, r, seal.Config{Hourly: hourly}), boxOf(t, all, seal.Config{Hourly: hourly})
			lasting := mustSeal(t, boxOf(t, ring(t, [][]byte{key(9)}), seal.Config{Hourly: hourly}))
			wantMAC, _ := all.MAC(id(t, key(9)), "p", []byte("x"))
			stop := make(chan struct{})
			var work sync.WaitGroup
			for range 4 {
				work.Go(func() {
					for {
						select {
						case <-stop:
							return
						default:
						}
						sealed, err := b.Seal("c", []byte("plain"))
						if err != nil {
							t.Errorf("seal: %v", err)
							return
						}
						if _, err := judge.Open("c", sealed); err != nil {
							t.Errorf("what was sealed does not open: %v", err)
							return
						}
						if _, used, err := b.OpenKey("c", lasting); err != nil || used != id(t, key(9)) {
							t.Errorf("what is in every set does not open: %v", err)
							return
						}
						if sum, ok := r.MAC(id(t, key(9)), "p", []byte("x")); !ok || sum != wantMAC {
							t.Errorf("another MAC, ok %t", ok)
							return
						}
					}
				})
			}
			for i := range 300 {
				set := sets[i%len(sets)]
				var keys [][]byte
				for _, k := range set {
					keys = append(keys, key(k))
				}
				if err := r.Replace(keys, nil); err != nil {
					t.Error(err)
				}
				if _, used, err := judge.OpenKey("c", mustSeal(t, b)); err != nil || used != id(t, key(set[0])) {
					t.Errorf("after Replace %v seals (%v), want %v", used, err, id(t, key(set[0])))
				}
			}
			close(stop)
			work.Wait()
		})
	}
}

package storetest

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/session"
)

func update(w *world) {
	a, b := w.store(), w.store()
	r := w.created(a, hour)
	for version := uint64(2); version <= 5; version++ {
		r.Version, r.Value = version, fmt.Appendf(nil, "value %d", version)
		// Of all others what is there counts, not what comes.
		given := record(2 * hour)
		given.Key, given.Version, given.Value = r.Key, r.Version, r.Value
		s := []session.Store{a, b}[version%2]
		w.update(s, given, version-1)
		w.wants(a, r)
		w.wants(b, r)
		w.gone(b, &session.Record{Key: newKey(), User: given.User, SID: given.SID})
	}
	w.wantList(b, "by user", session.Query{Users: []session.Handle{r.User}}, r)
	bare := &session.Record{Key: r.Key, Version: 9, Value: []byte("v")}
	w.update(a, bare, 5)
	r.Version, r.Value = 9, bare.Value
	w.wants(b, r)
}

func updateRefuses(w *world) {
	a, b := w.store(), w.store()
	for name, value := range map[string][]byte{
		"no value": nil, "an empty value": {}, "too large a value": make([]byte, session.MaxValue+1),
	} {
		r := w.created(a, hour)
		changed := *r
		changed.Version, changed.Value = 2, value
		unanswered(w.T, "update to "+name, a.Update(w.ctx(), &changed, 1))
		w.wants(b, r)
	}
	missing := record(hour)
	missing.Version = 9
	for _, was := range []uint64{0, 1, 2} {
		if err := a.Update(w.ctx(), missing, was); !errors.Is(err, session.ErrNoRecord) {
			w.Errorf("update what never was: %v", err)
		}
	}
	w.gone(b, missing)
}

func updateVersions(w *world) {
	const large = 1 << 53 // where floating-point numbers begin to miss some
	tests := []struct {
		is, was, to uint64
		ok          bool
	}{
		{1, 1, 2, true},
		{1, 0, 2, false},
		{1, 2, 3, false},
		{7, 7, 8, true},
		{7, 6, 8, false},
		{7, 8, 9, false},
		{10, 9, 11, false},
		{10, 10, 11, true},
		{large + 1, large, large + 2, false},
		{large + 1, large + 1, large + 2, true},
		{large, large + 1, large + 2, false},
	}
	a, b := w.store(), w.store()
	for _, tt := range tests {
		r := record(hour)
		r.Version = tt.is
		w.create(a, r)
		changed := *r
		changed.Version, changed.Value = tt.to, []byte("changed")
		err := b.Update(w.ctx(), &changed, tt.was)
		if tt.ok {
			if err != nil {
				w.Errorf("update version %d as of %d: %v", tt.is, tt.was, err)
			}
			w.wants(a, &changed)
			continue
		}
		if !errors.Is(err, session.ErrVersion) {
			w.Errorf("update version %d as of %d: %v, want ErrVersion", tt.is, tt.was, err)
		}
		w.wants(a, r)
	}
}

// Of many who update the same version one is successful, and its value is kept.
func updateOnce(w *world) {
	stores := []session.Store{w.store(), w.store()}
	r := w.created(stores[0], hour)
	for version := uint64(1); version <= 5; version++ {
		var mu sync.Mutex
		var winners [][]byte
		var all sync.WaitGroup
		for i := range 16 {
			all.Go(func() {
				changed := session.Record{Key: r.Key, Version: version + 1, Value: fmt.Appendf(nil, "by %d", i)}
				switch err := stores[i%2].Update(w.ctx(), &changed, version); {
				case err == nil:
					mu.Lock()
					winners = append(winners, changed.Value)
					mu.Unlock()
				case !errors.Is(err, session.ErrVersion):
					w.Errorf("update at the same time: %v, want ErrVersion", err)
				}
			})
		}
		all.Wait()
		if len(winners) != 1 {
			w.Fatalf("%d of 16 have updated version %d, want 1", len(winners), version)
		}
		r.Version, r.Value = version+1, winners[0]
		w.wants(stores[0], r)
		w.wants(stores[1], r)
	}
}

func touch(w *world) {
	a, b := w.store(), w.store()
	r := w.created(a, hour)
	other := w.created(a, hour)
	for _, ttl := range []time.Duration{2 * hour, 30 * time.Minute, 24 * hour, hour} {
		now := time.Now()
		r.Seen, r.Expires = time.UnixMilli(now.UnixMilli()), time.UnixMilli(now.Add(ttl).UnixMilli())
		w.touch(b, r.Key, r.Seen, r.Expires)
		w.wants(a, r)
		w.wantList(a, "by user", session.Query{Users: []session.Handle{r.User}}, r)
		w.wantList(a, "by sid", session.Query{SIDs: []session.Handle{r.SID}}, r)
	}
	w.wants(a, other)
	// It is no update: whoever saw the version before may update.
	r.Version, r.Value = 2, []byte("after the touch")
	w.update(a, r, 1)
	w.wants(b, r)
}

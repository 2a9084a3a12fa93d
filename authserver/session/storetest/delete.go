package storetest

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/session"
)

func deleteRecords(w *world) {
	a, b := w.store(), w.store()
	var records []*session.Record
	var keys []session.Key
	for range 6 {
		r := w.created(a, hour)
		records, keys = append(records, r), append(keys, r.Key)
	}
	tests := []struct {
		name string
		keys []session.Key
		want int
	}{
		{"none", nil, 0},
		{"one that never was", []session.Key{newKey()}, 0},
		{"one", keys[:1], 1},
		{"it again", keys[:1], 0},
		{"two, one that went and one that never was", []session.Key{keys[1], keys[0], newKey(), keys[2]}, 2},
		{"one, named twice", []session.Key{keys[3], keys[3]}, 1},
	}
	for _, tt := range tests {
		if n := w.delete(b, tt.keys...); n != tt.want {
			w.Errorf("delete %s: there were %d, want %d", tt.name, n, tt.want)
		}
	}
	w.gone(a, records[:4]...)
	w.gone(b, records[:4]...)
	w.wantList(a, "all", session.Query{}, records[4:]...)
	for _, r := range records[4:] {
		w.wants(a, r)
	}
}

// Of many who delete the same records at the same time each record is counted once.
func deleteOnce(w *world) {
	stores := []session.Store{w.store(), w.store()}
	var records []*session.Record
	var keys []session.Key
	for range 10 {
		r := w.created(stores[0], hour)
		records, keys = append(records, r), append(keys, r.Key)
	}
	var n atomic.Int64
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			deleted, err := stores[i%2].Delete(w.ctx(), keys...)
			if err != nil {
				w.Errorf("delete at the same time: %v", err)
			}
			n.Add(int64(deleted))
		})
	}
	all.Wait()
	if n.Load() != 10 {
		w.Errorf("all together have deleted %d records, want 10", n.Load())
	}
	w.gone(stores[1], records...)
}

func goneStaysGone(w *world) {
	a, b := w.store(), w.store()
	deleted, replaced := w.created(a, hour), w.created(a, hour)
	w.delete(a, deleted.Key)
	w.created(a, hour)
	w.create(a, record(hour), replaced.Key)
	for _, s := range []session.Store{a, b} {
		for _, r := range []*session.Record{deleted, replaced} {
			changed := *r
			changed.Version = 2
			for _, was := range []uint64{0, 1} {
				if err := s.Update(w.ctx(), &changed, was); !errors.Is(err, session.ErrNoRecord) {
					w.Errorf("update what is gone: %v, want ErrNoRecord", err)
				}
			}
			w.touch(s, r.Key, time.Now(), time.Now().Add(hour))
			w.gone(a, r)
			w.gone(b, r)
		}
	}
}

func goneUnderLoad(w *world) {
	w.goneUnderLoad(func(s session.Store, r *session.Record) error {
		_, err := s.Delete(w.ctx(), r.Key)
		return err
	})
}

func replacedUnderLoad(w *world) {
	w.goneUnderLoad(func(s session.Store, r *session.Record) error {
		next := record(hour)
		next.User = r.User
		defer func() { _, _ = s.Delete(w.ctx(), next.Key) }() // only the old one matters
		return s.Create(w.ctx(), next, r.Key)
	})
}

// goneUnderLoad ends a record while others update and touch it, again and again:
// once end has returned nobody finds it, whatever the others still do.
func (w *world) goneUnderLoad(end func(session.Store, *session.Record) error) {
	w.Helper()
	stores := []session.Store{w.store(), w.store(), w.store()}
	for round := range 40 {
		r := w.created(stores[0], hour)
		var writers sync.WaitGroup
		var ended atomic.Bool
		begun := make(chan struct{}, 100)
		for i, s := range stores[:2] {
			writers.Go(func() { w.write(s, r, i, begun, &ended) })
		}
		for range round % 7 { // at another moment each time
			<-begun
		}
		if err := end(stores[2], r); err != nil {
			w.Errorf("end a record under load: %v", err)
		}
		for _, s := range stores {
			if _, err := s.Get(w.ctx(), r.Key); !errors.Is(err, session.ErrNoRecord) {
				w.Errorf("round %d: get what has just ended: %v", round, err)
			}
		}
		ended.Store(true)
		writers.Wait()
		if round%8 == 0 {
			w.gone(stores[0], r)
		} else if _, err := stores[0].Get(w.ctx(), r.Key); !errors.Is(err, session.ErrNoRecord) {
			w.Errorf("round %d: what has ended is back: %v", round, err)
		}
		if w.Failed() {
			return
		}
	}
}

// write updates and touches a record, and goes on for a while when it is gone.
func (w *world) write(s session.Store, r *session.Record, i int, begun chan<- struct{}, ended *atomic.Bool) {
	ctx, version, after := w.ctx(), uint64(1), 0
	for after < 3 {
		if ended.Load() {
			after++
		}
		changed := session.Record{Key: r.Key, Version: version + 1, Value: fmt.Appendf(nil, "writer %d", i)}
		switch err := s.Update(ctx, &changed, version); {
		case err == nil || errors.Is(err, session.ErrVersion):
			version++
		case !errors.Is(err, session.ErrNoRecord):
			w.Errorf("update under load: %v", err)
		}
		if err := s.Touch(ctx, r.Key, time.Now(), time.Now().Add(hour)); err != nil {
			w.Errorf("touch under load: %v", err)
		}
		select {
		case begun <- struct{}{}:
		default:
		}
	}
}

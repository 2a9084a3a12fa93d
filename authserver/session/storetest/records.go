package storetest

import (
	"bytes"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/session"
)

func createAndGet(w *world) {
	a, b := w.store(), w.store()
	full := w.created(a, hour)
	bare := &session.Record{Key: newKey(), Version: 1, Issued: full.Issued, Seen: full.Seen, Expires: full.Expires, Value: []byte{0}}
	w.create(a, bare)
	later := record(hour)
	later.Version = 1<<53 + 1 // beyond what a floating-point number can count
	w.create(a, later)
	for _, s := range []session.Store{a, b} {
		w.wants(s, full)
		w.wants(s, bare)
		w.wants(s, later)
		w.gone(s, record(hour)) // one that never was
	}

	// Times are kept to the millisecond, whatever comes.
	exact := record(hour)
	exact.Issued = exact.Issued.Add(1234567 * time.Nanosecond).In(time.FixedZone("", -5*3600))
	w.create(a, exact)
	got, err := b.Get(w.ctx(), exact.Key)
	if err != nil {
		w.Fatal(err)
	}
	if d := got.Issued.Sub(exact.Issued).Abs(); d > time.Millisecond {
		w.Errorf("issued is kept with a difference of %v", d)
	}
	if err := a.Ping(w.ctx()); err != nil {
		w.Errorf("ping: %v", err)
	}
}

func createRefuses(w *world) {
	tests := []struct {
		name    string
		change  func(*session.Record)
		refused bool
	}{
		{"as it should be", func(*session.Record) {}, false},
		{"no key", func(r *session.Record) { r.Key = session.Key{} }, true},
		{"no value", func(r *session.Record) { r.Value = nil }, true},
		{"an empty value", func(r *session.Record) { r.Value = []byte{} }, true},
		{"a value of one byte", func(r *session.Record) { r.Value = []byte{0} }, false},
		{"the largest value", func(r *session.Record) { r.Value = make([]byte, session.MaxValue) }, false},
		{"a larger one", func(r *session.Record) { r.Value = make([]byte, session.MaxValue+1) }, true},
		{"the longest label", func(r *session.Record) { r.Label = make([]byte, session.MaxLabel) }, false},
		{"a longer one", func(r *session.Record) { r.Label = make([]byte, session.MaxLabel+1) }, true},
		{"no label", func(r *session.Record) { r.Label = nil }, false},
		{"version 0", func(r *session.Record) { r.Version = 0 }, true},
		{"version 1", func(r *session.Record) { r.Version = 1 }, false},
		{"expired long ago", func(r *session.Record) { r.Expires = time.Now().Add(-hour) }, true},
		{"expired just now", func(r *session.Record) { r.Expires = time.Now().Add(-2 * slack) }, true},
		{"no expiry", func(r *session.Record) { r.Expires = time.Time{} }, true},
		{"to expire soon", func(r *session.Record) { r.Expires = time.UnixMilli(time.Now().Add(patience).UnixMilli()) }, false},
	}
	s := w.store()
	for _, tt := range tests {
		r := record(hour)
		tt.change(r)
		replaced := w.created(s, hour)
		err := s.Create(w.ctx(), r, replaced.Key)
		if !tt.refused {
			if err != nil {
				w.Errorf("%s: %v", tt.name, err)
			}
			w.wants(s, r)
			w.gone(s, replaced)
			continue
		}
		unanswered(w.T, tt.name, err)
		w.gone(s, r)
		w.wants(s, replaced) // nothing was done
	}
}

func createTwice(w *world) {
	a, b := w.store(), w.store()
	r := w.created(a, hour)
	again := record(hour)
	again.Key = r.Key
	for _, s := range []session.Store{a, b} {
		unanswered(w.T, "create a key that exists", s.Create(w.ctx(), again))
		w.wants(s, r)
		w.wantList(s, "of the first one's user", session.Query{Users: []session.Handle{r.User}}, r)
	}
	again.Key = newKey()
	w.create(b, again)
}

// Of many who create the same key at the same time one is successful, and its record is kept.
func createOnce(w *world) {
	stores := []session.Store{w.store(), w.store()}
	key := newKey()
	var mu sync.Mutex
	var created []*session.Record
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			r := record(hour)
			r.Key = key
			if err := stores[i%2].Create(w.ctx(), r); err == nil {
				mu.Lock()
				created = append(created, r)
				mu.Unlock()
			}
		})
	}
	all.Wait()
	if len(created) != 1 {
		w.Fatalf("%d of 20 have created the key, want 1", len(created))
	}
	w.wants(stores[0], created[0])
	w.wantList(stores[1], "of its user", session.Query{Users: []session.Handle{created[0].User}}, created[0])
}

func createReplaces(w *world) {
	a, b := w.store(), w.store()
	first, second, other := w.created(a, hour), w.created(b, hour), w.created(a, hour)
	r := record(hour)
	r.User, r.SID = first.User, first.SID // whose index entries must stay
	w.create(b, r, first.Key, second.Key, newKey())
	for _, s := range []session.Store{a, b} {
		w.gone(s, first, second)
		w.wants(s, r)
		w.wants(s, other)
		w.wantList(s, "of the user", session.Query{Users: []session.Handle{r.User}}, r)
		w.wantList(s, "of all", session.Query{}, r, other)
	}
}

func everyByte(w *world) {
	a, b := w.store(), w.store()
	every := make([]byte, 256)
	for i := range every {
		every[i] = byte(i)
	}
	r := record(hour)
	copy(r.Key[:], every)        // 0 to 31
	copy(r.User[:], every[224:]) // 224 to 255
	copy(r.SID[:], "\r\n%*?[]{}':\"\\ $(;--\x00\xff")
	r.Label, r.Value = slices.Clone(every), bytes.Repeat(every, 5)
	w.create(a, r)
	w.wants(b, r)
	w.wantList(b, "by user or sid", session.Query{Users: []session.Handle{r.User}, SIDs: []session.Handle{r.SID}}, r)
	r.Version, r.Value = 2, bytes.Repeat([]byte{0}, 100)
	w.update(a, r, 1)
	w.wants(b, r)

	// And in the names of leases and of Once, some of which come from others. Those that
	// look alike are different ones.
	names := []string{
		"", " ", "a", "A", "a ", "a:b", "a:b:", "ä", "a\u0308", "a\x00", "a\x00b", "\xff\xfe", "\r\n", "'\"\\%*$1",
		strings.Repeat("n", 500), strings.Repeat("n", 501),
	}
	for _, name := range names {
		if got, err := a.Once(w.ctx(), name, time.Now().Add(hour)); !got || err != nil {
			w.Errorf("once %.20q: %v, %v, want it to be new", name, got, err)
		}
		if got, err := b.Once(w.ctx(), name, time.Now().Add(hour)); got || err != nil {
			w.Errorf("once %.20q again: %v, %v", name, got, err)
		}
		if got, err := a.Acquire(w.ctx(), name, "owner of "+name, hour); !got || err != nil {
			w.Errorf("acquire %.20q: %v, %v", name, got, err)
		}
		if got, err := b.Acquire(w.ctx(), name, "owner of", hour); got || err != nil {
			w.Errorf("acquire %.20q as another: %v, %v", name, got, err)
		}
	}
}

func largest(w *world) {
	a, b := w.store(), w.store()
	r := record(hour)
	r.Label, r.Value = make([]byte, session.MaxLabel), make([]byte, session.MaxValue)
	fill(r.Label)
	fill(r.Value)
	w.create(a, r)
	w.wants(b, r)
	r.Version, r.Value = 2, make([]byte, session.MaxValue)
	fill(r.Value)
	w.update(b, r, 1)
	w.wants(a, r)
	w.wantList(a, "by user", session.Query{Users: []session.Handle{r.User}}, r)
}

// What is handed over or returned is the caller's: the store keeps a copy.
func copies(w *world) {
	s := w.store()
	r := record(hour)
	given := *r
	given.Label, given.Value = slices.Clone(r.Label), slices.Clone(r.Value)
	w.create(s, &given)
	clear(given.Label)
	clear(given.Value)
	w.wants(s, r)
	got, err := s.Get(w.ctx(), r.Key)
	if err != nil {
		w.Fatal(err)
	}
	clear(got.Label)
	clear(got.Value)
	w.wants(s, r)
	r.Version, r.Value = 2, []byte("another value")
	changed := *r
	changed.Value = slices.Clone(r.Value)
	w.update(s, &changed, 1)
	clear(changed.Value)
	w.wants(s, r)
}

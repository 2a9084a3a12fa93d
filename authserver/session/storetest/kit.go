package storetest

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/session"
)

const (
	// patience bounds every wait for what must come, and is far beyond what it takes.
	patience = 20 * time.Second
	// short is a time to live whose end a test waits for: long enough for a few calls
	// on a busy machine.
	short = 500 * time.Millisecond
	// slack is how much earlier than asked for something may end: stores count
	// milliseconds, and by clocks of their own.
	slack = 50 * time.Millisecond
	hour  = time.Hour
)

// world is where one test lives: a realm, and a way to open handles on it.
type world struct {
	*testing.T
	realm string
	open  func(t *testing.T, realm string) session.Store
}

func newWorld(t *testing.T, open func(t *testing.T, realm string) session.Store) *world {
	return &world{T: t, realm: newRealm(), open: open}
}

func newRealm() string {
	var b [8]byte
	fill(b[:])
	return hex.EncodeToString(b[:])
}

func fill(b []byte) { _, _ = rand.Read(b) } // it cannot fail

// store opens a handle on the test's realm.
func (w *world) store() session.Store {
	w.Helper()
	return w.storeOf(w.realm)
}

func (w *world) storeOf(realm string) session.Store {
	w.Helper()
	s := w.open(w.T, realm)
	w.Cleanup(s.Close)
	if err := s.Ping(w.ctx()); err != nil { // connected before any time is taken
		w.Fatalf("ping: %v", err)
	}
	return s
}

// ctx is for one call: a store that hangs fails its test.
func (w *world) ctx() context.Context {
	ctx, cancel := context.WithTimeout(w.Context(), patience)
	w.Cleanup(cancel)
	return ctx
}

func newKey() (k session.Key) {
	fill(k[:])
	return k
}

func newHandle() (h session.Handle) {
	fill(h[:])
	return h
}

// record makes a record with everything in it, to expire after ttl.
func record(ttl time.Duration) *session.Record {
	now := time.Now()
	value := make([]byte, 2000)
	fill(value)
	return &session.Record{
		Key: newKey(), User: newHandle(), SID: newHandle(), Version: 1,
		Issued:  time.UnixMilli(now.Add(-2 * hour).UnixMilli()),
		Seen:    time.UnixMilli(now.Add(-time.Minute).UnixMilli()),
		Expires: time.UnixMilli(now.Add(ttl).UnixMilli()),
		Label:   []byte("label " + hex.EncodeToString(value[:4])),
		Value:   value,
	}
}

// create writes a record. If a busy machine takes longer than the time that it was
// to live, it gets another key and that time again.
func (w *world) create(s session.Store, r *session.Record, replaces ...session.Key) {
	w.Helper()
	for {
		err := s.Create(w.ctx(), r, replaces...)
		if err == nil {
			return
		}
		if time.Until(r.Expires) > slack || w.Context().Err() != nil {
			w.Fatalf("create: %v", err)
		}
		r.Key, r.Expires = newKey(), time.UnixMilli(time.Now().Add(short).UnixMilli())
	}
}

// created makes a record and writes it.
func (w *world) created(s session.Store, ttl time.Duration) *session.Record {
	w.Helper()
	r := record(ttl)
	w.create(s, r)
	return r
}

func (w *world) update(s session.Store, r *session.Record, was uint64) {
	w.Helper()
	if err := s.Update(w.ctx(), r, was); err != nil {
		w.Fatalf("update: %v", err)
	}
}

func (w *world) touch(s session.Store, key session.Key, seen, expires time.Time) {
	w.Helper()
	if err := s.Touch(w.ctx(), key, seen, expires); err != nil {
		w.Fatalf("touch: %v", err)
	}
}

func (w *world) delete(s session.Store, keys ...session.Key) int {
	w.Helper()
	n, err := s.Delete(w.ctx(), keys...)
	if err != nil {
		w.Fatalf("delete: %v", err)
	}
	return n
}

// wants wants a record to be there as it is in want.
func (w *world) wants(s session.Store, want *session.Record) {
	w.Helper()
	got, err := s.Get(w.ctx(), want.Key)
	if err != nil {
		w.Errorf("get: %v", err)
		return
	}
	w.same(got, want)
	if !bytes.Equal(got.Value, want.Value) {
		w.Errorf("the value differs: %d bytes, want %d", len(got.Value), len(want.Value))
	}
}

// same compares all but the value.
func (w *world) same(got, want *session.Record) {
	w.Helper()
	if got.Key != want.Key || got.User != want.User || got.SID != want.SID {
		w.Errorf("key, user or sid differ: %x %x %x, want %x %x %x", got.Key, got.User, got.SID, want.Key, want.User, want.SID)
	}
	if got.Version != want.Version {
		w.Errorf("version %d, want %d", got.Version, want.Version)
	}
	if !got.Issued.Equal(want.Issued) || !got.Seen.Equal(want.Seen) || !got.Expires.Equal(want.Expires) {
		w.Errorf("issued %v, seen %v, expires %v; want %v, %v, %v", got.Issued, got.Seen, got.Expires, want.Issued, want.Seen, want.Expires)
	}
	if !bytes.Equal(got.Label, want.Label) {
		w.Errorf("label %q, want %q", got.Label, want.Label)
	}
}

// gone wants records not to be there, for Get nor for any List.
func (w *world) gone(s session.Store, records ...*session.Record) {
	w.Helper()
	for _, r := range records {
		if got, err := s.Get(w.ctx(), r.Key); !errors.Is(err, session.ErrNoRecord) || got != nil {
			w.Errorf("get what must be gone: %v, %v", got != nil, err)
		}
		for name, q := range map[string]session.Query{
			"user": {Users: []session.Handle{r.User}}, "sid": {SIDs: []session.Handle{r.SID}}, "all": {},
		} {
			if slices.Contains(w.list(s, q), r.Key) {
				w.Errorf("the list by %s has a record that must be gone", name)
			}
		}
	}
}

// list returns the keys of all pages of a query, each once.
func (w *world) list(s session.Store, q session.Query) []session.Key {
	w.Helper()
	var keys []session.Key
	for _, r := range w.pages(s, q, nil) {
		keys = append(keys, r.Key)
	}
	return keys
}

// pages returns the records of all pages, each once, and calls between, if there is
// one, after each page that another follows. A limit of 0 is 100 here.
func (w *world) pages(s session.Store, q session.Query, between func(page []*session.Record)) []*session.Record {
	w.Helper()
	if q.Limit == 0 {
		q.Limit = 100
	}
	var all []*session.Record
	seen := map[session.Key]bool{}
	for range 10_000 {
		page, next, err := s.List(w.ctx(), q)
		if err != nil {
			w.Fatalf("list: %v", err)
		}
		for _, r := range page {
			if len(r.Value) != 0 {
				w.Error("a list returns a value")
			}
			if !seen[r.Key] {
				seen[r.Key] = true
				all = append(all, r)
			}
		}
		if next == "" {
			return all
		}
		if between != nil {
			between(page)
		}
		q.After = next
	}
	w.Fatal("a list has no end")
	return nil
}

// wantList wants a query to find these records and no others.
func (w *world) wantList(s session.Store, what string, q session.Query, want ...*session.Record) {
	w.Helper()
	found := map[session.Key]*session.Record{}
	for _, r := range w.pages(s, q, nil) {
		found[r.Key] = r
	}
	for _, r := range want {
		if got := found[r.Key]; got == nil {
			w.Errorf("%s: the list lacks a record", what)
		} else {
			w.same(got, r)
		}
		delete(found, r.Key)
	}
	if len(found) > 0 {
		w.Errorf("%s: the list has %d records too many", what, len(found))
	}
}

// eventually waits until ask says yes.
func (w *world) eventually(what string, ask func() bool) {
	w.Helper()
	eventually(w.T, what, ask)
}

func eventually(t *testing.T, what string, ask func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if ask() {
			return
		}
	}
	t.Fatalf("waited %v in vain until %s", patience, what)
}

// unanswered wants an error that says that the store could not be asked, or would
// not do it: not one that says something of a record.
func unanswered(t *testing.T, what string, err error) {
	t.Helper()
	if err == nil || errors.Is(err, session.ErrNoRecord) || errors.Is(err, session.ErrVersion) {
		t.Errorf("%s: %v, want another error", what, err)
	}
}

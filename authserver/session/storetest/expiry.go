package storetest

import (
	"errors"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/session"
)

// goneAt waits until a record is gone, and wants that not before its time.
func (w *world) goneAt(s session.Store, r *session.Record) {
	w.Helper()
	w.eventually("the record has expired", func() bool {
		_, err := s.Get(w.ctx(), r.Key)
		if err == nil {
			return false
		}
		if !errors.Is(err, session.ErrNoRecord) {
			w.Fatalf("get: %v", err)
		}
		return true
	})
	if early := time.Until(r.Expires); early > slack {
		w.Errorf("the record was gone %v before its time", early)
	}
	w.gone(s, r)
}

func expiry(w *world) {
	a, b := w.store(), w.store()
	r, longer := w.created(a, short), w.created(a, hour)
	if _, err := b.Get(w.ctx(), r.Key); err != nil && time.Now().Before(r.Expires.Add(-slack)) {
		w.Errorf("get before its time: %v", err)
	}
	w.goneAt(b, r)
	w.gone(a, r)
	w.wants(a, longer)
	changed := *r
	changed.Version = 2
	if err := a.Update(w.ctx(), &changed, 1); !errors.Is(err, session.ErrNoRecord) {
		w.Errorf("update what has expired: %v, want ErrNoRecord", err)
	}
	w.gone(b, r)
	// Also after changes, which keep the time.
	r = w.created(a, short)
	changed = *r
	changed.Version, changed.Value, changed.Expires = 2, []byte("changed"), time.Now().Add(hour)
	if err := b.Update(w.ctx(), &changed, 1); err != nil && time.Now().Before(r.Expires.Add(-slack)) {
		w.Errorf("update before its time: %v", err)
	}
	w.goneAt(a, r)
}

// That one record of a user expires is nothing to the others', in whatever order they came.
func expiryOfOne(w *world) {
	s := w.store()
	user, sid := newHandle(), newHandle()
	with := func(ttl time.Duration) *session.Record {
		r := record(ttl)
		r.User, r.SID = user, sid
		w.create(s, r)
		return r
	}
	first, second := with(hour), with(short)
	third, fourth := with(2*hour), with(short)
	moved := with(hour) // touched to an earlier end
	moved.Expires = time.UnixMilli(time.Now().Add(short).UnixMilli())
	w.touch(s, moved.Key, moved.Seen, moved.Expires)
	w.goneAt(s, second)
	w.goneAt(s, fourth)
	w.goneAt(s, moved)
	for round := range 2 {
		for name, q := range queries(first) {
			w.wantList(s, "by "+name, q, first, third)
		}
		if round == 0 {
			w.sweepOnce(s)
		}
	}
	w.wants(s, first)
	w.wants(s, third)
}

// A touch moves the end of what it finds, in the indexes too.
func touchProlongs(w *world) {
	a, b := w.store(), w.store()
	r := w.created(a, hour)
	var early *session.Record
	var was time.Time
	for inTime := false; !inTime; { // a machine may be too slow once
		early = w.created(a, short)
		was = early.Expires
		early.Seen, early.Expires = time.UnixMilli(time.Now().UnixMilli()), time.UnixMilli(time.Now().Add(hour).UnixMilli())
		w.touch(b, early.Key, early.Seen, early.Expires)
		if inTime = time.Until(was) > slack; !inTime {
			w.delete(a, early.Key)
		}
	}
	w.eventually("its first end is over", func() bool { return time.Now().After(was.Add(2 * slack)) })
	for round := range 2 {
		w.wants(a, early)
		for name, q := range queries(early) {
			if name != "all" {
				w.wantList(b, "by "+name, q, early)
			}
		}
		w.wantList(b, "all", session.Query{}, r, early)
		if round == 0 {
			w.sweepOnce(a)
		}
	}
}

func touchShortens(w *world) {
	a, b := w.store(), w.store()
	r := w.created(a, hour)
	r.Expires = time.UnixMilli(time.Now().Add(short).UnixMilli())
	w.touch(a, r.Key, r.Seen, r.Expires)
	w.goneAt(b, r)
	w.gone(a, r)

	// To a time that is over: at once.
	for _, back := range []time.Duration{0, 2 * slack, hour, 24 * 365 * hour} {
		r = w.created(a, hour)
		expires := time.Now().Add(-back)
		w.touch(a, r.Key, r.Seen, expires)
		if back == 0 {
			r.Expires = expires
			w.goneAt(b, r)
		}
		w.gone(b, r)
		w.gone(a, r)
		w.touch(a, r.Key, time.Now(), time.Now().Add(hour))
		w.gone(a, r)
	}
}

func touchGone(w *world) {
	a, b := w.store(), w.store()
	never, deleted, expired := record(hour), w.created(a, hour), w.created(a, short)
	w.delete(a, deleted.Key)
	w.goneAt(a, expired)
	for _, s := range []session.Store{a, b} {
		for _, r := range []*session.Record{never, deleted, expired} {
			w.touch(s, r.Key, time.Now(), time.Now().Add(hour))
			w.gone(a, r)
			w.gone(b, r)
		}
	}
	w.wantList(a, "all", session.Query{})
	// Nor is it revived by a touch that comes at that very moment.
	r := w.created(a, short)
	w.eventually("it has nearly expired", func() bool { return time.Until(r.Expires) < 20*time.Millisecond })
	gone := false
	w.eventually("it is decided", func() bool {
		w.touch(b, r.Key, time.Now(), time.Now().Add(hour))
		_, err := a.Get(w.ctx(), r.Key)
		gone = gone || errors.Is(err, session.ErrNoRecord)
		return gone || err == nil
	})
	w.touch(b, r.Key, time.Now(), time.Now().Add(hour))
	if _, err := a.Get(w.ctx(), r.Key); gone != errors.Is(err, session.ErrNoRecord) {
		w.Errorf("it was gone: %v; and then: %v", gone, err)
	}
}

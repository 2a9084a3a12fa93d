package storetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/session"
)

// callContext is for one call: what hangs fails its test.
func callContext(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

// A store sees nothing of another realm, and changes nothing there.
func realms(w *world) {
	ours, theirs := w.store(), w.storeOf(newRealm())
	r := w.created(ours, hour)
	same := record(hour) // the same key, user and sid in the other realm
	same.Key, same.User, same.SID = r.Key, r.User, r.SID

	w.gone(theirs, r)
	changed := *r
	changed.Version = 2
	if err := theirs.Update(w.ctx(), &changed, 1); !errors.Is(err, session.ErrNoRecord) {
		w.Errorf("update a record of another realm: %v, want ErrNoRecord", err)
	}
	w.touch(theirs, r.Key, time.Now(), time.Now().Add(24*hour))
	if n := w.delete(theirs, r.Key); n != 0 {
		w.Errorf("delete a record of another realm: there were %d", n)
	}
	w.create(theirs, record(hour), r.Key)
	w.wants(ours, r)

	w.create(theirs, same)
	w.wants(ours, r)
	w.wants(theirs, same)
	w.wantList(ours, "by user", session.Query{Users: []session.Handle{r.User}}, r)
	w.wantList(theirs, "by user", session.Query{Users: []session.Handle{r.User}}, same)
	w.wantList(theirs, "by sid", session.Query{SIDs: []session.Handle{r.SID}}, same)
	w.delete(theirs, same.Key)
	w.wants(ours, r)
	w.wantList(ours, "by sid", session.Query{SIDs: []session.Handle{r.SID}}, r)
	w.wantList(ours, "all", session.Query{}, r)

	for _, s := range []session.Store{ours, theirs} {
		if !w.acquire(s, "lease", "of a realm", hour) || w.acquire(s, "lease", "another", hour) {
			w.Error("a lease is one of its realm")
		}
		if ok, err := s.Once(w.ctx(), "jti", time.Now().Add(hour)); !ok || err != nil {
			w.Errorf("once in each realm: %v, %v", ok, err)
		}
	}
}

// With a context that is over nothing is answered, and nothing done.
func contexts(w *world) {
	a, b := w.store(), w.store()
	there, fresh := w.created(a, hour), record(hour)
	changed := *there
	changed.Version = 2
	cancelled, cancel := context.WithCancel(w.Context())
	cancel()
	late, cancelLate := context.WithDeadline(w.Context(), time.Now().Add(-time.Second))
	defer cancelLate()
	for name, ctx := range map[string]context.Context{"cancelled": cancelled, "too late": late} {
		for call, err := range everyCall(ctx, a, there, fresh, &changed) {
			unanswered(w.T, call+", "+name, err)
		}
		w.wants(b, there)
		w.gone(b, fresh)
		if !w.acquire(b, "lease", "b", hour) {
			w.Error("a lease was taken")
		}
		w.release(b, "lease", "b")
	}
	if ok, err := b.Once(w.ctx(), "name", time.Now().Add(hour)); !ok || err != nil {
		w.Errorf("once, after calls that were over: %v, %v", ok, err)
	}
	for range 50 { // and in between, which harms no other call
		ctx, cancel := context.WithTimeout(w.Context(), 100*time.Microsecond)
		if r, err := a.Get(ctx, there.Key); err == nil {
			w.same(r, there)
		}
		cancel()
		w.wants(a, there)
	}
}

// everyCall makes every call that a context bounds, and returns the errors.
func everyCall(ctx context.Context, s session.Store, there, fresh, changed *session.Record) map[string]error {
	errs := map[string]error{}
	_, errs["get"] = s.Get(ctx, there.Key)
	errs["create"] = s.Create(ctx, fresh, there.Key)
	errs["update"] = s.Update(ctx, changed, there.Version)
	errs["touch"] = s.Touch(ctx, there.Key, time.Now(), time.Now().Add(48*hour))
	_, errs["delete"] = s.Delete(ctx, there.Key)
	_, _, errs["list"] = s.List(ctx, session.Query{Limit: 10})
	_, _, errs["list by user"] = s.List(ctx, session.Query{Limit: 10, Users: []session.Handle{there.User}})
	_, errs["acquire"] = s.Acquire(ctx, "lease", "a", hour)
	errs["release"] = s.Release(ctx, "lease", "a")
	_, errs["once"] = s.Once(ctx, "name", time.Now().Add(hour))
	_, errs["sweep"] = s.Sweep(ctx)
	errs["ping"] = s.Ping(ctx)
	return errs
}

// A closed handle answers nothing; the others are as before.
func closing(w *world) {
	a, b := w.store(), w.store()
	there, fresh := w.created(a, hour), record(hour)
	changed := *there
	changed.Version = 2
	e, _ := w.listen(b)
	a.Close()
	for call, err := range everyCall(w.ctx(), a, there, fresh, &changed) {
		unanswered(w.T, call+" on a closed handle", err)
	}
	a.Close() // again
	w.wants(b, there)
	w.gone(b, fresh)
	w.delete(b, there.Key)
	w.hears("a deletion", []session.Key{there.Key}, e)
	w.gone(w.store(), there)
}

package memstore_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/session"
	"github.com/easyauth-sidecar/easyauth/authserver/session/memstore"
)

// That it is a store is what the suite in package storetest asks of it.

func record(expires time.Time) *session.Record {
	return &session.Record{Key: session.Key{1}, Version: 1, Expires: expires, Value: []byte("value")}
}

func TestClock(t *testing.T) {
	now := time.UnixMilli(1_000_000)
	s := memstore.New("realm", func() time.Time { return now })
	if err := s.Create(t.Context(), record(now.Add(time.Minute))); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Acquire(t.Context(), "lease", "a", time.Minute); err != nil {
		t.Fatal(err)
	}
	now = now.Add(time.Minute - time.Millisecond)
	if _, err := s.Get(t.Context(), session.Key{1}); err != nil {
		t.Errorf("a millisecond before its end: %v", err)
	}
	if got, err := s.Acquire(t.Context(), "lease", "b", time.Minute); got || err != nil {
		t.Errorf("a lease a millisecond before its end: %v, %v", got, err)
	}
	now = now.Add(time.Millisecond)
	if _, err := s.Get(t.Context(), session.Key{1}); !errors.Is(err, session.ErrNoRecord) {
		t.Errorf("at its end: %v", err)
	}
	if got, err := s.Acquire(t.Context(), "lease", "b", time.Minute); !got || err != nil {
		t.Errorf("a lease at its end: %v, %v", got, err)
	}
}

// A handle that is told to fail does so until it is mended, alone, and a watcher
// hears of both, and of no change in between.
func TestFail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broken := errors.New("the cable is out")
		a := memstore.New("realm", nil)
		b := a.Another("realm")
		w := &watcher{}
		go a.Watch(t.Context(), w)
		synctest.Wait()
		for _, key := range []byte{1, 2, 3} {
			r := record(time.Now().Add(time.Hour))
			r.Key = session.Key{key}
			if err := a.Create(t.Context(), r); err != nil {
				t.Fatal(err)
			}
		}
		remove := func(key byte) {
			if n, err := b.Delete(t.Context(), session.Key{key}); n != 1 || err != nil {
				t.Errorf("delete %d on the other handle: %d, %v", key, n, err)
			}
			synctest.Wait()
		}
		remove(1)
		a.Fail(broken)
		if _, err := a.Get(t.Context(), session.Key{3}); !errors.Is(err, broken) {
			t.Errorf("a broken handle: %v", err)
		}
		if err := a.Ping(t.Context()); !errors.Is(err, broken) {
			t.Errorf("ping on a broken handle: %v", err)
		}
		a.Fail(errors.New("another")) // is no second break
		remove(2)
		a.Fail(nil)
		remove(3)
		if _, err := a.Get(t.Context(), session.Key{3}); !errors.Is(err, session.ErrNoRecord) {
			t.Errorf("a mended handle: %v", err)
		}
		if want := "+1-+3"; w.heard != want {
			t.Errorf("the watcher heard %q, want %q", w.heard, want)
		}
		a.Close()
		a.Fail(nil)
		if err := a.Ping(t.Context()); err == nil {
			t.Error("a closed handle was mended")
		}
	})
}

// watcher writes down what it hears: + and - for the connection, and the keys.
type watcher struct{ heard string }

func (w *watcher) Connected(is bool) {
	if is {
		w.heard += "+"
	} else {
		w.heard += "-"
	}
}

func (w *watcher) Changed(keys ...session.Key) {
	for _, key := range keys {
		w.heard += string('0' + rune(key[0]))
	}
}

func TestLogFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broken := errors.New("the cable is out")
		a := memstore.NewLog(nil)
		b := a.Another()
		follow := func(l *memstore.Log) <-chan error {
			answer := make(chan error, 1)
			go func() {
				_, _, err := l.Follow(context.WithoutCancel(t.Context()), "", time.Hour)
				answer <- err
			}()
			synctest.Wait()
			return answer
		}
		waiting, other := follow(a), follow(b)
		a.Fail(broken)
		if err := <-waiting; !errors.Is(err, broken) {
			t.Errorf("who waits on a broken handle: %v", err)
		}
		if err := a.Append(t.Context(), session.Revocation{}); !errors.Is(err, broken) {
			t.Errorf("append on a broken handle: %v", err)
		}
		a.Fail(nil)
		if err := a.Append(t.Context(), session.Revocation{}); err != nil {
			t.Errorf("append on a mended handle: %v", err)
		}
		if err := <-other; err != nil {
			t.Errorf("who waits on another handle: %v", err)
		}
	})
}

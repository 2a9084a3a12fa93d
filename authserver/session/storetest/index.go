package storetest

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/session"
)

// queries are all under which a record must be found.
func queries(r *session.Record) map[string]session.Query {
	return map[string]session.Query{
		"user": {Users: []session.Handle{r.User}}, "sid": {SIDs: []session.Handle{r.SID}}, "all": {},
	}
}

// While a record is being created it is found in each list as soon as it is there.
func listedFromTheFirst(w *world) {
	a, b := w.store(), w.store()
	for range 15 {
		r := record(hour)
		done := make(chan error, 1)
		go func() { done <- a.Create(w.ctx(), r) }()
		w.eventually("the record is there", func() bool {
			_, err := b.Get(w.ctx(), r.Key)
			return err == nil
		})
		for name, q := range queries(r) {
			if !slices.Contains(w.list(b, q), r.Key) {
				w.Errorf("the record is there, but not in the list by %s", name)
			}
		}
		if err := <-done; err != nil {
			w.Fatal(err)
		}
	}
}

// While a record is being deleted it is in each list for as long as it is there.
func listedToTheLast(w *world) {
	a, b := w.store(), w.store()
	for range 15 {
		r := w.created(a, hour)
		done := make(chan error, 1)
		go func() {
			_, err := a.Delete(w.ctx(), r.Key)
			done <- err
		}()
		for there := true; there; {
			lacking := ""
			for name, q := range queries(r) {
				if !slices.Contains(w.list(b, q), r.Key) {
					lacking = name
				}
			}
			_, err := b.Get(w.ctx(), r.Key)
			there = err == nil
			if there && lacking != "" {
				w.Errorf("the record is there still, but not in the list by %s", lacking)
			}
			if !there && !errors.Is(err, session.ErrNoRecord) {
				w.Fatal(err)
			}
		}
		if err := <-done; err != nil {
			w.Fatal(err)
		}
	}
}

// However far creating a record came before its time was over: the record is not
// there, or it is in all lists; and if it was said to be written, it is there.
func listedAfterCuts(w *world) {
	a, b := w.store(), w.store()
	w.created(a, hour) // connected
	for i := range 60 {
		r := record(hour)
		ctx, cancel := context.WithTimeout(w.Context(), time.Duration(i)*50*time.Microsecond)
		written := a.Create(ctx, r)
		cancel()
		_, err := b.Get(w.ctx(), r.Key)
		switch {
		case err == nil:
			for name, q := range queries(r) {
				if !slices.Contains(w.list(b, q), r.Key) {
					w.Errorf("create was cut short after %d steps: the record is there, but not in the list by %s", i, name)
				}
			}
		case !errors.Is(err, session.ErrNoRecord):
			w.Fatal(err)
		case written == nil:
			w.Error("create returned nil, but the record is not there")
		}
	}
}

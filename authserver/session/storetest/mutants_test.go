package storetest_test

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/session"
)

// storeMutant breaks one law of a store, which one test of the suite asks for.
type storeMutant struct {
	name, test string
	breaks     func(session.Store, *notes) session.Store
}

func storeMutants() []storeMutant {
	return []storeMutant{
		{"an update brings back", "what is gone stays gone", func(s session.Store, _ *notes) session.Store { return reviving{s} }},
		{"an update compares nothing", "update another version", func(s session.Store, _ *notes) session.Store { return careless{s} }},
		{"an expiry is ignored", "expiry", func(s session.Store, _ *notes) session.Store { return late{s, hour} }},
		{"an expiry comes early", "expiry", func(s session.Store, _ *notes) session.Store { return late{s, -400 * time.Millisecond} }},
		{"a touch brings back", "touch what is gone", func(s session.Store, n *notes) session.Store { return clinging{s, n} }},
		{"a touch never shortens", "touch shortens", func(s session.Store, _ *notes) session.Store { return lengthening{s} }},
		{"a touch is told", "watch only what matters", func(s session.Store, _ *notes) session.Store { return talkative{s} }},
		{"what is replaced stays", "create replaces", func(s session.Store, _ *notes) session.Store { return hoarding{s} }},
		{"the index comes after the record", "listed as soon as it is there", func(s session.Store, _ *notes) session.Store { return hasty{s} }},
		{"nobody is everybody", "list none", func(s session.Store, _ *notes) session.Store { return generous{s} }},
		{"sids are not found", "list one of many", func(s session.Store, _ *notes) session.Store { return forgetful{s} }},
		{"pages are counted", "list while records go", func(s session.Store, _ *notes) session.Store { return counting{s} }},
		{"what never was is counted", "delete", func(s session.Store, _ *notes) session.Store { return boasting{s} }},
		{"values end at a zero byte", "bytes of every kind", func(s session.Store, _ *notes) session.Store { return texting{s} }},
		{"large values are cut", "create refuses", func(s session.Store, _ *notes) session.Store { return cutting{s} }},
		{"a lease is everybody's", "leases", func(s session.Store, _ *notes) session.Store { return sharing{s} }},
		{"a stranger gives a lease back", "leases", func(s session.Store, n *notes) session.Store { return meddling{s, n} }},
		{"once is always", "once", func(s session.Store, _ *notes) session.Store { return always{s} }},
		{"nothing is told", "watch", func(s session.Store, _ *notes) session.Store { return deaf{s} }},
		{"a sweep takes all", "sweep", func(s session.Store, _ *notes) session.Store { return tidy{s} }},
		{"contexts are ignored", "contexts that are over", func(s session.Store, _ *notes) session.Store { return stubborn{s} }},
		{"a closed handle answers", "close", func(s session.Store, _ *notes) session.Store { return open{s} }},
	}
}

const hour = time.Hour

type reviving struct{ session.Store }

func (s reviving) Update(ctx context.Context, r *session.Record, was uint64) error {
	err := s.Store.Update(ctx, r, was)
	if errors.Is(err, session.ErrNoRecord) {
		return s.Create(ctx, r)
	}
	return err
}

type careless struct{ session.Store }

func (s careless) Update(ctx context.Context, r *session.Record, _ uint64) error {
	is, err := s.Get(ctx, r.Key)
	if err != nil {
		return err
	}
	if r.Version <= is.Version {
		return session.ErrVersion
	}
	return s.Store.Update(ctx, r, is.Version)
}

// late forgets so much later than it should.
type late struct {
	session.Store
	by time.Duration
}

func (s late) Create(ctx context.Context, r *session.Record, replaces ...session.Key) error {
	kept := *r
	kept.Expires = r.Expires.Add(s.by)
	return s.Store.Create(ctx, &kept, replaces...)
}

func (s late) Get(ctx context.Context, key session.Key) (*session.Record, error) {
	r, err := s.Store.Get(ctx, key)
	if err == nil {
		r.Expires = r.Expires.Add(-s.by)
	}
	return r, err
}

type clinging struct {
	session.Store
	n *notes
}

func (s clinging) Create(ctx context.Context, r *session.Record, replaces ...session.Key) error {
	s.n.mu.Lock()
	s.n.records[r.Key] = r
	s.n.mu.Unlock()
	return s.Store.Create(ctx, r, replaces...)
}

func (s clinging) Touch(ctx context.Context, key session.Key, seen, expires time.Time) error {
	s.n.mu.Lock()
	was := s.n.records[key]
	s.n.mu.Unlock()
	if _, err := s.Get(ctx, key); err == nil || was == nil {
		return s.Store.Touch(ctx, key, seen, expires)
	}
	again := *was
	again.Expires = expires
	return s.Store.Create(ctx, &again)
}

type lengthening struct{ session.Store }

func (s lengthening) Touch(ctx context.Context, key session.Key, seen, expires time.Time) error {
	if r, err := s.Get(ctx, key); err == nil && r.Expires.After(expires) {
		expires = r.Expires
	}
	return s.Store.Touch(ctx, key, seen, expires)
}

type talkative struct{ session.Store }

func (s talkative) Touch(ctx context.Context, key session.Key, seen, expires time.Time) error {
	r, err := s.Get(ctx, key)
	if err != nil {
		return err
	}
	r.Version++
	if err := s.Update(ctx, r, r.Version-1); err != nil {
		return err
	}
	return s.Store.Touch(ctx, key, seen, expires)
}

type hoarding struct{ session.Store }

func (s hoarding) Create(ctx context.Context, r *session.Record, _ ...session.Key) error {
	return s.Store.Create(ctx, r)
}

type hasty struct{ session.Store }

func (s hasty) Create(ctx context.Context, r *session.Record, replaces ...session.Key) error {
	bare := *r
	bare.User, bare.SID = session.Handle{}, session.Handle{}
	if err := s.Store.Create(ctx, &bare, replaces...); err != nil {
		return err
	}
	time.Sleep(time.Second)
	if _, err := s.Delete(ctx, r.Key); err != nil {
		return err
	}
	return s.Store.Create(ctx, r)
}

type generous struct{ session.Store }

func (s generous) List(ctx context.Context, q session.Query) ([]*session.Record, string, error) {
	q.Users = slices.DeleteFunc(slices.Clone(q.Users), func(h session.Handle) bool { return h == session.Handle{} })
	return s.Store.List(ctx, q)
}

type forgetful struct{ session.Store }

func (s forgetful) List(ctx context.Context, q session.Query) ([]*session.Record, string, error) {
	if len(q.SIDs) > 0 {
		q.SIDs = []session.Handle{{}}
	}
	return s.Store.List(ctx, q)
}

// counting goes on after so many records, whichever they are by now.
type counting struct{ session.Store }

func (s counting) List(ctx context.Context, q session.Query) ([]*session.Record, string, error) {
	from, err := strconv.Atoi("0" + q.After)
	if err != nil {
		return nil, "", err
	}
	all, _, err := s.Store.List(ctx, session.Query{Users: q.Users, SIDs: q.SIDs, Limit: 1000})
	if err != nil || from >= len(all) {
		return nil, "", err
	}
	to := min(from+q.Limit, len(all))
	next := ""
	if to < len(all) {
		next = strconv.Itoa(to)
	}
	return all[from:to], next, nil
}

type boasting struct{ session.Store }

func (s boasting) Delete(ctx context.Context, keys ...session.Key) (int, error) {
	_, err := s.Store.Delete(ctx, keys...)
	return len(keys), err
}

type texting struct{ session.Store }

func (s texting) Get(ctx context.Context, key session.Key) (*session.Record, error) {
	r, err := s.Store.Get(ctx, key)
	if err == nil {
		r.Value, _, _ = bytes.Cut(r.Value, []byte{0})
	}
	return r, err
}

type cutting struct{ session.Store }

func (s cutting) Create(ctx context.Context, r *session.Record, replaces ...session.Key) error {
	kept := *r
	kept.Value = r.Value[:min(len(r.Value), session.MaxValue)]
	return s.Store.Create(ctx, &kept, replaces...)
}

type sharing struct{ session.Store }

func (s sharing) Acquire(ctx context.Context, lease, _ string, ttl time.Duration) (bool, error) {
	return s.Store.Acquire(ctx, lease, "all", ttl)
}

type meddling struct {
	session.Store
	n *notes
}

func (s meddling) Acquire(ctx context.Context, lease, owner string, ttl time.Duration) (bool, error) {
	ok, err := s.Store.Acquire(ctx, lease, owner, ttl)
	if ok {
		s.n.mu.Lock()
		s.n.owners[lease] = owner
		s.n.mu.Unlock()
	}
	return ok, err
}

func (s meddling) Release(ctx context.Context, lease, _ string) error {
	s.n.mu.Lock()
	owner := s.n.owners[lease]
	s.n.mu.Unlock()
	return s.Store.Release(ctx, lease, owner)
}

type always struct{ session.Store }

func (always) Once(context.Context, string, time.Time) (bool, error) { return true, nil }

type deaf struct{ session.Store }

func (s deaf) Watch(ctx context.Context, w session.Watcher) {
	w.Connected(true)
	<-ctx.Done()
}

type tidy struct{ session.Store }

func (s tidy) Sweep(ctx context.Context) (int, error) {
	all, _, err := s.List(ctx, session.Query{Limit: 1000})
	if err != nil {
		return 0, err
	}
	for _, r := range all {
		if _, err := s.Delete(ctx, r.Key); err != nil {
			return 0, err
		}
	}
	return s.Store.Sweep(ctx)
}

type stubborn struct{ session.Store }

func (s stubborn) Touch(ctx context.Context, key session.Key, seen, expires time.Time) error {
	return s.Store.Touch(context.WithoutCancel(ctx), key, seen, expires)
}

type open struct{ session.Store }

func (open) Close() {}

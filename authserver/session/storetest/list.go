package storetest

import (
	"sync"

	"github.com/easyauth-sidecar/easyauth/authserver/session"
)

func listSome(w *world) {
	a, b := w.store(), w.store()
	anna, ben, none := newHandle(), newHandle(), session.Handle{}
	laptop, phone := newHandle(), newHandle()
	make3 := func(user, sid session.Handle) *session.Record {
		r := record(hour)
		r.User, r.SID = user, sid
		w.create(a, r)
		return r
	}
	annaLaptop, annaLaptop2, annaPhone := make3(anna, laptop), make3(anna, laptop), make3(anna, phone)
	benPhone, benAlone := make3(ben, phone), make3(ben, none)
	nobodyLaptop, nobody := make3(none, laptop), make3(none, none)
	// A handle is a user's or a sid's: the same 32 bytes as the other are another's.
	crossed := make3(laptop, anna)

	tests := []struct {
		name  string
		users []session.Handle
		sids  []session.Handle
		want  []*session.Record
	}{
		{"anna", []session.Handle{anna}, nil, []*session.Record{annaLaptop, annaLaptop2, annaPhone}},
		{"ben", []session.Handle{ben}, nil, []*session.Record{benPhone, benAlone}},
		{"both", []session.Handle{anna, ben}, nil, []*session.Record{annaLaptop, annaLaptop2, annaPhone, benPhone, benAlone}},
		{"anna twice", []session.Handle{anna, anna}, nil, []*session.Record{annaLaptop, annaLaptop2, annaPhone}},
		{"laptop", nil, []session.Handle{laptop}, []*session.Record{annaLaptop, annaLaptop2, nobodyLaptop}},
		{"phone", nil, []session.Handle{phone}, []*session.Record{annaPhone, benPhone}},
		{"phone and another", nil, []session.Handle{newHandle(), phone, newHandle()}, []*session.Record{annaPhone, benPhone}},
		{"ben or laptop", []session.Handle{ben}, []session.Handle{laptop}, []*session.Record{benPhone, benAlone, annaLaptop, annaLaptop2, nobodyLaptop}},
		{"anna or phone", []session.Handle{anna}, []session.Handle{phone}, []*session.Record{annaLaptop, annaLaptop2, annaPhone, benPhone}},
		{"the user laptop", []session.Handle{laptop}, nil, []*session.Record{crossed}},
		{"the sid anna", nil, []session.Handle{anna}, []*session.Record{crossed}},
		{"all", nil, nil, []*session.Record{annaLaptop, annaLaptop2, annaPhone, benPhone, benAlone, nobodyLaptop, nobody, crossed}},
	}
	for _, tt := range tests {
		w.wantList(b, tt.name, session.Query{Users: tt.users, SIDs: tt.sids}, tt.want...)
		w.wantList(a, tt.name+", one a page", session.Query{Users: tt.users, SIDs: tt.sids, Limit: 1}, tt.want...)
		w.wantList(a, tt.name+", a thousand a page", session.Query{Users: tt.users, SIDs: tt.sids, Limit: 1000}, tt.want...)
	}
	w.delete(b, annaLaptop.Key)
	w.wantList(a, "anna without one", session.Query{Users: []session.Handle{anna}}, annaLaptop2, annaPhone)
	w.wantList(a, "laptop without one", session.Query{SIDs: []session.Handle{laptop}}, annaLaptop2, nobodyLaptop)
}

// A query that names somebody is never one for all: not when there is nobody of that
// name, and not when the name is none.
func listNone(w *world) {
	s := w.store()
	w.created(s, hour)
	nobody := record(hour)
	nobody.User, nobody.SID = session.Handle{}, session.Handle{}
	w.create(s, nobody)
	stranger, none := []session.Handle{newHandle()}, []session.Handle{{}}
	for name, q := range map[string]session.Query{
		"a stranger": {Users: stranger}, "a strange sid": {SIDs: stranger}, "both": {Users: stranger, SIDs: stranger},
		"no user": {Users: none}, "no sid": {SIDs: none}, "neither": {Users: none, SIDs: none},
	} {
		q.Limit = 100
		found, next, err := s.List(w.ctx(), q)
		if err != nil && next == "" && len(found) == 0 && (name == "no user" || name == "no sid" || name == "neither") {
			continue // a store may refuse the question
		}
		if err != nil || len(found) > 0 {
			w.Errorf("list %s: %d records, %v", name, len(found), err)
		}
	}
	if empty := w.list(w.storeOf(newRealm()), session.Query{}); len(empty) > 0 {
		w.Errorf("list an empty realm: %d records", len(empty))
	}
}

// many creates n records of one user at the same time.
func (w *world) many(n int, user session.Handle) []*session.Record {
	w.Helper()
	s := w.store()
	records := make([]*session.Record, n)
	next := make(chan int)
	var writers sync.WaitGroup
	for range 8 {
		writers.Go(func() {
			for i := range next {
				if err := s.Create(w.ctx(), records[i]); err != nil {
					w.Errorf("create: %v", err)
				}
			}
		})
	}
	for i := range records {
		records[i] = record(hour)
		records[i].User = user
		records[i].Value = []byte("small")
		next <- i
	}
	close(next)
	writers.Wait()
	return records
}

func listPages(w *world) {
	s := w.store()
	user := newHandle()
	records := w.many(400, user)
	for _, limit := range []int{1000, 400, 399, 37} {
		for name, q := range map[string]session.Query{"all": {Limit: limit}, "by user": {Limit: limit, Users: []session.Handle{user}}} {
			w.wantList(s, name, q, records...)
		}
	}
	for name, q := range map[string]session.Query{"all": {Limit: 10}, "by user": {Limit: 10, Users: []session.Handle{user}}} {
		page, next, err := s.List(w.ctx(), q)
		if err != nil || len(page) > 200 || next == "" {
			w.Errorf("list %s: with a limit of 10 the first page has %d of 400 records, next %q, %v", name, len(page), next, err)
		}
	}
}

// Who pages through a list and deletes what it has seen misses none of the others.
func listWhileDeleting(w *world) {
	s, other := w.store(), w.store()
	user := newHandle()
	for name, q := range map[string]session.Query{"all": {Limit: 20}, "by user": {Limit: 20, Users: []session.Handle{user}}} {
		records := w.many(200, user)
		seen := map[session.Key]bool{}
		found := w.pages(s, q, func(page []*session.Record) {
			for _, r := range page {
				w.delete(other, r.Key)
			}
			w.create(other, record(hour)) // of another user, and so in one of the two lists perhaps
		})
		for _, r := range found {
			seen[r.Key] = true
		}
		missed := 0
		for _, r := range records {
			if !seen[r.Key] {
				missed++
			}
		}
		if missed > 0 {
			w.Errorf("list %s: %d of 200 records were missed while others went", name, missed)
		}
		for page := w.list(s, session.Query{}); len(page) > 0; page = w.list(s, session.Query{}) {
			w.delete(s, page...)
		}
	}
}

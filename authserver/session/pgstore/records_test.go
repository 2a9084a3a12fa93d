package pgstore

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/session"
	"github.com/easyauth-sidecar/easyauth/test/servers"
)

// place is where a test of records works.
type place struct {
	pg *servers.Postgres
	at string // a database
	s  *Store // on it
}

// recordsSuite is about what this store adds to the conformance suite.
func recordsSuite(t *testing.T, pg *servers.Postgres) {
	at := database(t, pg)
	s, _ := store(t, at, realmA)
	p := place{pg, at, s}
	for _, tt := range []struct {
		name string
		run  func(t *testing.T, p place)
	}{
		{"settings of the database change nothing", settings},
		{"nothing is kept in the session of a connection", nothingKept},
		{"an expired record is as none, and can be written again", expired},
		{"a Create that is refused replaces nothing", refusedCreate},
		{"bounds", bounds},
		{"names", namesOfAll},
		{"without a realm", withoutRealm},
		{"list", listBounds},
	} {
		t.Run(tt.name, func(t *testing.T) { tt.run(t, p) })
	}
}

func settings(t *testing.T, p place) {
	at := database(t, p.pg)
	run(t, at,
		`DO $$ BEGIN
			EXECUTE 'ALTER DATABASE ' || current_database() || ' SET bytea_output = escape';
			EXECUTE 'ALTER DATABASE ' || current_database() || ' SET DateStyle = ''German''';
			EXECUTE 'ALTER DATABASE ' || current_database() || ' SET TimeZone = ''Asia/Kathmandu''';
			EXECUTE 'ALTER DATABASE ' || current_database() || ' SET standard_conforming_strings = off';
		END $$`)
	s, _ := store(t, at, realmA)
	r := create(t, s)
	got, err := s.Get(short(t), r.Key)
	if err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(got) != fmt.Sprint(r) {
		t.Errorf("came back as\n%v, want\n%v", got, r)
	}
}

func nothingKept(t *testing.T, p place) {
	r := create(t, p.s)
	if _, err := p.s.Get(short(t), r.Key); err != nil {
		t.Fatal(err)
	}
	idle := p.s.pool.AcquireAllIdle(t.Context())
	if len(idle) == 0 {
		t.Error("there is no connection to look at")
	}
	for _, conn := range idle {
		var n int
		err := conn.QueryRow(t.Context(), `SELECT (SELECT count(*) FROM pg_prepared_statements) +
			(SELECT count(*) FROM pg_locks WHERE locktype = 'advisory') +
			(SELECT count(*) FROM pg_settings WHERE source = 'session')`).Scan(&n)
		conn.Release()
		if err != nil || n != 0 {
			t.Errorf("%d things are kept (%v)", n, err)
		}
	}
}

func expired(t *testing.T, p place) {
	r := create(t, p.s)
	if err := p.s.Touch(short(t), r.Key, r.Seen, time.Now().Add(-time.Second)); err != nil {
		t.Fatal(err)
	}
	r.Version = 2
	if err := p.s.Update(short(t), r, 1); !errors.Is(err, session.ErrNoRecord) {
		t.Errorf("Update: %v", err)
	}
	if n, err := p.s.Delete(short(t), r.Key); n != 0 || err != nil {
		t.Errorf("Delete: %d, %v", n, err)
	}
	old := create(t, p.s)
	r.Key = old.Key
	if err := p.s.Touch(short(t), r.Key, r.Seen, time.Now().Add(-time.Second)); err != nil {
		t.Fatal(err)
	}
	r.Expires = time.Now().Add(time.Hour)
	if err := p.s.Create(short(t), r); err != nil {
		t.Errorf("over an expired one: %v", err)
	}
	if err := p.s.Create(short(t), r); err == nil {
		t.Error("over a living one: no error")
	}
}

func refusedCreate(t *testing.T, p place) {
	old, r := create(t, p.s), create(t, p.s)
	if err := p.s.Create(short(t), r, old.Key); err == nil {
		t.Fatal("the key exists already: no error")
	}
	if _, err := p.s.Get(short(t), old.Key); err != nil {
		t.Errorf("the other record: %v", err)
	}
	fresh := create(t, p.s, old.Key)
	if _, err := p.s.Get(short(t), old.Key); !errors.Is(err, session.ErrNoRecord) {
		t.Errorf("the replaced record: %v", err)
	}
	if _, err := p.s.Get(short(t), fresh.Key); err != nil {
		t.Errorf("the new record: %v", err)
	}
}

func bounds(t *testing.T, p place) {
	tests := []struct {
		name   string
		change func(r *session.Record)
		pass   bool
	}{
		{"largest value", func(r *session.Record) { r.Value = bytes.Repeat([]byte{0}, session.MaxValue) }, true},
		{"too large a value", func(r *session.Record) { r.Value = bytes.Repeat([]byte{0}, session.MaxValue+1) }, false},
		{"no value", func(r *session.Record) { r.Value = nil }, false},
		{"longest label", func(r *session.Record) { r.Label = bytes.Repeat([]byte{0}, session.MaxLabel) }, true},
		{"too long a label", func(r *session.Record) { r.Label = bytes.Repeat([]byte{0}, session.MaxLabel+1) }, false},
		{"no label, no user, no sid", func(r *session.Record) {
			r.Label, r.User, r.SID = nil, session.Handle{}, session.Handle{}
		}, true},
		{"highest version", func(r *session.Record) { r.Version = math.MaxInt64 }, true},
		{"too high a version", func(r *session.Record) { r.Version = math.MaxInt64 + 1 }, false},
		{"no version", func(r *session.Record) { r.Version = 0 }, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := record()
			tt.change(r)
			err := p.s.Create(short(t), r)
			if (err == nil) != tt.pass {
				t.Fatalf("Create: %v", err)
			}
			got, err := p.s.Get(short(t), r.Key)
			if (err == nil) != tt.pass {
				t.Fatalf("Get: %v", err)
			}
			if tt.pass && (!bytes.Equal(got.Value, r.Value) || !bytes.Equal(got.Label, r.Label) ||
				got.User != r.User || got.SID != r.SID || got.Version != r.Version) {
				t.Error("it came back otherwise")
			}
		})
	}
}

func namesOfAll(t *testing.T, p place) {
	for name, pass := range map[string]bool{
		"plain": true, "": true, strings.Repeat("n", 1024): true, strings.Repeat("n", 1025): false,
	} {
		if first, err := p.s.Once(short(t), name, time.Now().Add(time.Hour)); first != pass || (err == nil) != pass {
			t.Errorf("Once of %.30q (%d bytes): %v, %v", name, len(name), first, err)
		}
		if got, err := p.s.Acquire(short(t), name, "me", time.Hour); got != pass || (err == nil) != pass {
			t.Errorf("Acquire of %.30q (%d bytes): %v, %v", name, len(name), got, err)
		}
	}
	for ttl, pass := range map[time.Duration]bool{time.Microsecond: true, 999: false, 0: false, -time.Second: false} {
		if got, err := p.s.Acquire(short(t), "short", "me", ttl); got != pass || (err == nil) != pass {
			t.Errorf("Acquire for %v: %v, %v", ttl, got, err)
		}
	}
}

func withoutRealm(t *testing.T, p place) {
	all, _ := store(t, p.at, "")
	r := create(t, p.s)
	if _, err := all.Get(short(t), r.Key); !errors.Is(err, errNoRealm) {
		t.Errorf("Get: %v", err)
	}
	if err := all.Create(short(t), record()); !errors.Is(err, errNoRealm) {
		t.Errorf("Create: %v", err)
	}
	if _, err := all.Delete(short(t), r.Key); !errors.Is(err, errNoRealm) {
		t.Errorf("Delete: %v", err)
	}
	if _, _, err := all.List(short(t), session.Query{Limit: 1}); !errors.Is(err, errNoRealm) {
		t.Errorf("List: %v", err)
	}
	if got, err := all.Acquire(short(t), "sweep", "me", time.Minute); !got || err != nil {
		t.Errorf("Acquire: %v, %v", got, err)
	}
	if err := all.Ping(short(t)); err != nil {
		t.Errorf("Ping: %v", err)
	}
}

func listBounds(t *testing.T, p place) {
	for _, q := range []session.Query{
		{Limit: 0}, {Limit: 1001}, {Limit: 1, After: "xx"}, {Limit: 1, After: "00"}, {Limit: 1, After: strings.Repeat("0", 66)},
	} {
		if _, _, err := p.s.List(short(t), q); err == nil {
			t.Errorf("%+v: no error", q)
		}
	}
	if got, _, err := p.s.List(short(t), session.Query{Limit: 1000, Users: []session.Handle{{}}}); err != nil || len(got) != 0 {
		t.Errorf("of the zero handle: %d records, %v", len(got), err)
	}
	if got, _, err := p.s.List(short(t), session.Query{Limit: 1000, After: strings.Repeat("0", 64)}); err != nil || len(got) == 0 {
		t.Errorf("of all: %d records, %v", len(got), err)
	}
}

package pgstore

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/session"
	"github.com/easyauth-sidecar/easyauth/test/servers"
)

// grants are the rights that the package comment names.
func grants(name string) []string {
	return []string{
		"GRANT SELECT ON easyauth_schema TO " + name,
		"GRANT SELECT, INSERT, UPDATE, DELETE ON easyauth_sessions, easyauth_leases, easyauth_once TO " + name,
	}
}

func rolesSuite(t *testing.T, pg *servers.Postgres) {
	for _, tt := range []struct {
		name string
		run  func(t *testing.T, pg *servers.Postgres)
	}{
		{"few rights are enough for a complete schema", fewRights},
		{"without CREATE an empty database stays empty", withoutCreate},
		{"a right that is missing is an error", missingRight},
		{"statements that the role may not wait for", slowStatements},
	} {
		t.Run(tt.name, func(t *testing.T) { tt.run(t, pg) })
	}
}

func fewRights(t *testing.T, pg *servers.Postgres) {
	at := database(t, pg)
	owner, _ := store(t, at, realmA)
	if err := owner.Ping(short(t)); err != nil {
		t.Fatal(err)
	}
	name, as := role(t, at)
	run(t, at, append(grants(name), "REVOKE ALL ON SCHEMA public FROM PUBLIC", "GRANT USAGE ON SCHEMA public TO "+name)...)
	s, log := store(t, as, realmA)
	everything(t, s)
	if log.count("level=WARN") > 0 {
		t.Errorf("it complains: %s", log.text.String())
	}
}

func withoutCreate(t *testing.T, pg *servers.Postgres) {
	at := database(t, pg)
	name, as := role(t, at)
	s, log := store(t, as, realmA)
	err := s.Ping(short(t))
	if err == nil || !strings.Contains(err.Error(), "the role needs CREATE") {
		t.Fatalf("Ping: %v", err)
	}
	if log.count("the role needs CREATE") == 0 {
		t.Error("the log does not say so")
	}
	run(t, at, "GRANT CREATE ON SCHEMA public TO "+name)
	eventually(t, "with CREATE", func() bool { return s.Ping(short(t)) == nil })
	everything(t, s)
}

func missingRight(t *testing.T, pg *servers.Postgres) {
	at := database(t, pg)
	owner, _ := store(t, at, realmA)
	r := create(t, owner)
	name, as := role(t, at)
	run(t, at, grants(name)...)
	run(t, at, "REVOKE UPDATE ON easyauth_sessions FROM "+name)
	s, _ := store(t, as, realmA)
	if _, err := s.Get(short(t), r.Key); err != nil {
		t.Errorf("Get: %v", err)
	}
	if err := s.Touch(short(t), r.Key, r.Seen, r.Expires); !hasCode(err, codeNoPrivilege) {
		t.Errorf("Touch without UPDATE: %v", err)
	}
}

func slowStatements(t *testing.T, pg *servers.Postgres) {
	at := database(t, pg)
	owner, _ := store(t, at, realmA)
	r, other := create(t, owner), create(t, owner)
	name, as := role(t, at)
	run(t, at, append(grants(name), "ALTER ROLE "+name+" SET statement_timeout = '200ms'")...)
	s, _ := store(t, as, realmA)

	conn := dial(t, at)
	if _, err := conn.Exec(t.Context(), "BEGIN; SELECT 1 FROM easyauth_sessions FOR UPDATE"); err != nil {
		t.Fatal(err)
	}
	r.Version, other.Version = 2, 2
	if err := s.Update(short(t), r, 1); !hasCode(err, "57014") {
		t.Errorf("Update of a locked record: %v", err)
	}
	hurry, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if err := owner.Update(hurry, other, 1); hurry.Err() == nil || err == nil {
		t.Errorf("Update of a locked record ended before its context, with %v", err)
	}
	if _, err := conn.Exec(t.Context(), "ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	if err := s.Update(short(t), r, 1); err != nil {
		t.Errorf("Update of a free record: %v", err)
	}
}

// everything makes each call once.
func everything(t *testing.T, s *Store) {
	t.Helper()
	ctx := short(t)
	w := watch(t, s)
	w.want(t, "true")
	r := create(t, s, session.Key{1})
	if _, err := s.Get(ctx, r.Key); err != nil {
		t.Errorf("Get: %v", err)
	}
	r.Version = 2
	if err := s.Update(ctx, r, 1); err != nil {
		t.Errorf("Update: %v", err)
	}
	if err := s.Touch(ctx, r.Key, r.Seen, r.Expires); err != nil {
		t.Errorf("Touch: %v", err)
	}
	if list, _, err := s.List(ctx, session.Query{Limit: 10, Users: []session.Handle{r.User}}); err != nil || len(list) != 1 {
		t.Errorf("List: %d records, %v", len(list), err)
	}
	if n, err := s.Delete(ctx, r.Key); err != nil || n != 1 {
		t.Errorf("Delete: %d, %v", n, err)
	}
	if got, err := s.Acquire(ctx, "lease", "me", time.Minute); err != nil || !got {
		t.Errorf("Acquire: %v, %v", got, err)
	}
	if err := s.Release(ctx, "lease", "me"); err != nil {
		t.Errorf("Release: %v", err)
	}
	if got, err := s.Once(ctx, "once", time.Now().Add(-time.Minute)); err != nil || !got {
		t.Errorf("Once: %v, %v", got, err)
	}
	if n, err := s.Sweep(ctx); err != nil || n != 1 {
		t.Errorf("Sweep: %d, %v", n, err)
	}
	if err := s.Ping(ctx); err != nil {
		t.Errorf("Ping: %v", err)
	}
}

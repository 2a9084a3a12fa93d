package pgstore

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/secret"
	"github.com/easyauth-sidecar/easyauth/test/servers"
)

func TestMigrationsRefuses(t *testing.T) {
	tests := []struct {
		name  string
		files []string
		says  string // "" passes
	}{
		{"in order", []string{"schema/0001_a.sql", "schema/0002_b.sql"}, ""},
		{"other files beside them", []string{"schema/0001_a.sql", "schema/readme.txt"}, ""},
		{"a gap", []string{"schema/0001_a.sql", "schema/0003_b.sql"}, "not 2"},
		{"a double", []string{"schema/0001_a.sql", "schema/0001_b.sql"}, "not 2"},
		{"not from 1 on", []string{"schema/0002_b.sql"}, "not 1"},
		{"no number", []string{"schema/first.sql"}, "not 1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			folder := fstest.MapFS{}
			for _, name := range tt.files {
				folder[name] = &fstest.MapFile{}
			}
			_, err := migrations(folder)
			switch {
			case tt.says == "" && err != nil:
				t.Errorf("refused: %v", err)
			case tt.says != "" && (err == nil || !strings.Contains(err.Error(), tt.says)):
				t.Errorf("error %v does not say %q", err, tt.says)
			}
		})
	}
}

// further gives the schema of the program and these files after it.
func further(t *testing.T, sql ...string) []migration {
	t.Helper()
	list, err := migrations(files)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range sql {
		list = append(list, migration{version: len(list) + 1, name: "further", sql: text})
	}
	return list
}

// storeOf is store with another schema than the program's.
func storeOf(t *testing.T, at string, list []migration) *Store {
	t.Helper()
	s, err := open(t.Context(), Config{URL: secret.New(at), Realm: realmA, Log: slog.New(slog.DiscardHandler)}, list)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

const (
	versionsSQL = "SELECT count(*)::int FROM easyauth_schema"

	// Two migrations that follow the program's own.
	adds  = "ALTER TABLE easyauth_sessions ADD COLUMN more text; INSERT INTO easyauth_schema VALUES (2)"
	moves = "UPDATE easyauth_sessions SET more = 'moved'; INSERT INTO easyauth_schema VALUES (3)"
)

func schemaSuite(t *testing.T, pg *servers.Postgres) {
	for _, tt := range []struct {
		name string
		run  func(t *testing.T, pg *servers.Postgres)
	}{
		{"replicas that start together", startTogether},
		{"an older database is migrated and keeps its sessions", migrateOlder},
		{"a newer database is refused", refuseNewer},
		{"a migration that goes wrong leaves everything", migrationGoesWrong},
		{"a database put in the place of another", anotherDatabase},
		{"a replica waits longer than its statements may", waitForAnother},
	} {
		t.Run(tt.name, func(t *testing.T) { tt.run(t, pg) })
	}
}

func startTogether(t *testing.T, pg *servers.Postgres) {
	at := database(t, pg)
	const replicas = 6
	var all sync.WaitGroup
	logs := make([]*lines, replicas)
	for i := range replicas {
		var s *Store
		s, logs[i] = store(t, at, realmA)
		all.Go(func() {
			if err := s.Ping(short(t)); err != nil {
				t.Errorf("replica %d: %v", i, err)
			}
		})
	}
	all.Wait()
	done := 0
	for _, log := range logs {
		done += log.count("brought up to date")
		if log.count("level=WARN") > 0 {
			t.Errorf("a replica complains: %s", log.text.String())
		}
	}
	if n := number(t, at, versionsSQL); done != 1 || n != len(further(t)) {
		t.Errorf("%d replicas made the schema, %d versions; want 1, %d", done, n, len(further(t)))
	}
}

func migrateOlder(t *testing.T, pg *servers.Postgres) {
	at := database(t, pg)
	old := storeOf(t, at, further(t))
	r := create(t, old)
	later := storeOf(t, at, further(t, adds, moves))
	got, err := later.Get(short(t), r.Key)
	if err != nil || string(got.Value) != string(r.Value) {
		t.Fatalf("the session after the migration: %v, %v", got, err)
	}
	if n := number(t, at, "SELECT count(*)::int FROM easyauth_sessions WHERE more = 'moved'"); n != 1 {
		t.Errorf("%d sessions were moved", n)
	}
	if _, err := old.Get(short(t), r.Key); err != nil {
		t.Errorf("a replica that had begun before: %v", err)
	}
}

func refuseNewer(t *testing.T, pg *servers.Postgres) {
	at := database(t, pg)
	if err := storeOf(t, at, further(t, adds)).Ping(short(t)); err != nil {
		t.Fatal(err)
	}
	s, log := store(t, at, realmA)
	err := s.Ping(short(t))
	if err == nil || !strings.Contains(err.Error(), "schema version 2 and this program knows versions up to 1") {
		t.Errorf("the older program: %v", err)
	}
	if err := s.Create(short(t), record()); err == nil {
		t.Error("the older program writes")
	}
	if log.count("newer release") == 0 {
		t.Error("the log does not say so")
	}
	if err := storeOf(t, at, further(t, adds)).Create(short(t), record()); err != nil {
		t.Errorf("the program of the same version: %v", err)
	}
}

func migrationGoesWrong(t *testing.T, pg *servers.Postgres) {
	for name, bad := range map[string]string{
		"syntax":          "CREATE TABLE half (x int); SELEC",
		"no version":      "CREATE TABLE half (x int)",
		"another version": "CREATE TABLE half (x int); INSERT INTO easyauth_schema VALUES (7)",
	} {
		at := database(t, pg)
		if err := storeOf(t, at, further(t, bad)).Ping(short(t)); err == nil {
			t.Errorf("%s: no error", name)
		}
		if n := number(t, at, "SELECT count(*)::int FROM pg_class WHERE relname = 'half' OR relname LIKE 'easyauth%'"); n != 0 {
			t.Errorf("%s: %d relations are left", name, n)
		}
		if err := storeOf(t, at, further(t, adds)).Ping(short(t)); err != nil {
			t.Errorf("%s: after the repair: %v", name, err)
		}
	}
}

func anotherDatabase(t *testing.T, pg *servers.Postgres) {
	at := database(t, pg)
	s, _ := store(t, at, realmA)
	create(t, s)
	run(t, at, "DROP TABLE easyauth_sessions, easyauth_leases, easyauth_once, easyauth_schema")
	if err := s.Create(short(t), record()); err == nil {
		t.Error("no table: no error")
	}
	create(t, s)
}

func waitForAnother(t *testing.T, pg *servers.Postgres) {
	at := database(t, pg)
	name, as := role(t, at)
	run(t, at, "GRANT CREATE ON SCHEMA public TO "+name, "ALTER ROLE "+name+" SET statement_timeout = '100ms'",
		"ALTER ROLE "+name+" SET lock_timeout = '100ms'")
	conn := dial(t, at)
	if _, err := conn.Exec(t.Context(), "SELECT pg_advisory_lock($1)", lockID); err != nil {
		t.Fatal(err)
	}
	s, log := store(t, as, realmA)
	hurry, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	if err := s.Ping(hurry); err == nil {
		t.Error("while another replica works on the schema: no error")
	}
	if err := conn.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	create(t, s)
	if log.count("level=WARN") > 0 {
		t.Errorf("it complains: %s", log.text.String())
	}
}

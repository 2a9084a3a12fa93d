package pgstore

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/test/servers"
)

func watchSuite(t *testing.T, pg *servers.Postgres) {
	at := database(t, pg)
	for _, tt := range []struct {
		name string
		run  func(t *testing.T, at string)
	}{
		{"what changes, and nothing else", watchChanges},
		{"a connection that has silently gone", watchDead},
		{"a connection that is quiet but lives", watchQuiet},
		{"a pooler that lets no notification through", watchPooler},
		{"ends with the Store", watchClosed},
		{"a connection that has stopped to listen", watchReset},
	} {
		t.Run(tt.name, func(t *testing.T) { tt.run(t, at) })
	}
}

func watchChanges(t *testing.T, at string) {
	s, _ := store(t, at, realmA)
	other, _ := store(t, at, realmA)
	foreign, _ := store(t, at, realmB)
	w := watch(t, s)
	w.want(t, "true")
	// None of this is told: the next event is that of the Update at the end.
	theirs := create(t, foreign)
	r := create(t, other)
	if err := other.Touch(short(t), r.Key, r.Seen, r.Expires); err != nil {
		t.Fatal(err)
	}
	if n, err := foreign.Delete(short(t), theirs.Key); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	r.Version = 2
	if err := other.Update(short(t), r, 7); err == nil {
		t.Fatal("Update of another version: no error")
	}
	for _, payload := range []string{"", realmA, realmA + ":", realmA + ":00", fmt.Sprintf("%s:%x0", realmA, r.Key), "x" + realmA + ":"} {
		run(t, at, "SELECT pg_notify('easyauth_changed', '"+payload+"')")
	}
	if err := other.Update(short(t), r, 1); err != nil {
		t.Fatal(err)
	}
	w.want(t, fmt.Sprintf("%x", r.Key))
	next := create(t, other, r.Key)
	w.want(t, fmt.Sprintf("%x", r.Key))
	if n, err := other.Delete(short(t), r.Key, next.Key); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	w.want(t, fmt.Sprintf("%x", next.Key))
}

func watchDead(t *testing.T, at string) {
	s, _ := store(t, at, realmA)
	k, through := between(t, at, false)
	far, _ := store(t, through, realmA)
	w := watch(t, far)
	w.want(t, "true")
	k.freeze(true)
	begin := time.Now()
	w.want(t, "false")
	// A connection is believed for 1.5 s and then has 2 s to answer. The rest is
	// for a slow machine.
	if took := time.Since(begin); took > quietTime+answerTime+10*time.Second {
		t.Errorf("noticed after %v", took)
	}
	k.freeze(false)
	w.want(t, "true")
	r := create(t, s)
	if _, err := s.Delete(short(t), r.Key); err != nil {
		t.Fatal(err)
	}
	w.want(t, fmt.Sprintf("%x", r.Key))
}

func watchQuiet(t *testing.T, at string) {
	s, _ := store(t, at, realmA)
	quiet, _ := store(t, at+"&application_name=quiet", realmA)
	w := watch(t, quiet)
	w.want(t, "true")
	eventually(t, "it is asked whether it lives", func() bool {
		return number(t, at, `SELECT count(*)::int FROM pg_stat_activity
			WHERE application_name = 'quiet' AND query LIKE '%pg_listening_channels%'`) == 1
	})
	r := create(t, s)
	if _, err := s.Delete(short(t), r.Key); err != nil {
		t.Fatal(err)
	}
	w.want(t, fmt.Sprintf("%x", r.Key)) // and no "false" before it
}

func watchPooler(t *testing.T, at string) {
	_, through := between(t, at, true)
	far, log := store(t, through, realmA)
	w := watch(t, far)
	eventually(t, "the log says so", func() bool { return log.count("a pooler in session mode") > 0 })
	create(t, far)
	select {
	case e := <-w.c:
		t.Errorf("the watcher was told %s", e)
	default:
	}
}

func watchClosed(t *testing.T, at string) {
	one, _ := store(t, at, realmA)
	w := &events{c: make(chan string, 10)}
	ended := make(chan struct{})
	go func() { one.Watch(t.Context(), w); close(ended) }()
	w.want(t, "true")
	one.Close()
	one.Close()
	w.want(t, "false")
	select {
	case <-ended:
	case <-time.After(patience):
		t.Error("it goes on")
	}
	if err := one.Ping(short(t)); err == nil {
		t.Error("a closed Store answers")
	}
}

func watchReset(t *testing.T, at string) {
	s, _ := store(t, at, realmA)
	// As when a pooler has reset it.
	conn := dial(t, at)
	w := &events{c: make(chan string, 10)}
	if _, err := conn.Exec(t.Context(), listenSQL); err != nil {
		t.Fatal(err)
	}
	if err := s.hear(short(t), conn, w); err != nil {
		t.Errorf("while it listens: %v", err)
	}
	if _, err := conn.Exec(t.Context(), "UNLISTEN *"); err != nil {
		t.Fatal(err)
	}
	if err := s.hear(short(t), conn, w); !errors.Is(err, errDeaf) {
		t.Errorf("when it does not: %v", err)
	}
}

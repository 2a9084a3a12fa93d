package redisstore

import (
	"strconv"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/session"
	"github.com/easyauth-sidecar/easyauth/test/servers"
)

// Entries of an index go when their time has passed and their record is not there.
func TestSweepIndex(t *testing.T) {
	server := servers.StartRedis(t, servers.RedisOptions{})
	s := open(t, configOf(server, newRealm()))
	past, future := ms(time.Now().Add(-time.Hour)), ms(time.Now().Add(time.Hour))
	user := random[session.Handle]()
	index := s.keys.user(user)

	// More than one step takes, and in front of all some that stay.
	const kept, expired = sweepCount + 5, 2*sweepCount + 3
	for n := range kept {
		r := newRecord()
		r.User, r.SID = user, session.Handle{}
		if err := s.Create(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		server.Do("ZADD", index, strconv.Itoa(n+1), text(r.Key)) // a clock that is far ahead
	}
	orphans := []string{"ZADD", index}
	for range expired {
		orphans = append(orphans, past, text(random[session.Key]()))
	}
	server.Do(orphans...)
	server.Do("ZADD", index, future, text(random[session.Key]())) // whose record is perhaps being made
	other := "other:" + newRealm() + ":a"
	server.Do("ZADD", other, past, "of somebody else")
	foreign := namesOf(newRealm()).all()
	server.Do("ZADD", foreign, past, text(random[session.Key]()))

	if n, err := s.Sweep(t.Context()); n != expired || err != nil {
		t.Errorf("sweep: %d, %v, want %d", n, err, expired)
	}
	if n, err := s.Sweep(t.Context()); n != 0 || err != nil {
		t.Errorf("sweep again: %d, %v", n, err)
	}
	if n := server.Do("ZCARD", index); n != int64(kept+1) {
		t.Errorf("%v entries are left, want %d", n, kept+1)
	}
	if n := server.Do("ZCARD", foreign); n != int64(1) {
		t.Error("another realm was swept")
	}
	if n, err := open(t, configOf(server, "")).Sweep(t.Context()); n != 1 || err != nil {
		t.Errorf("sweep all realms: %d, %v", n, err)
	}
	if n := server.Do("ZCARD", other); n != int64(1) {
		t.Error("what is not ours was swept")
	}
}

// Every key expires by itself, so what nobody ends leaves nothing behind.
func TestEveryKeyExpires(t *testing.T) {
	server := servers.StartRedis(t, servers.RedisOptions{})
	cfg := configOf(server, newRealm())
	s, l := open(t, cfg), openLog(t, cfg)
	r := create(t, s)
	r.Version = 2
	later := r.Expires.Add(time.Hour)
	_, onceErr := s.Once(t.Context(), "name", later)
	_, acquireErr := s.Acquire(t.Context(), "lease", "owner", time.Hour)
	for name, err := range map[string]error{
		"once": onceErr, "acquire": acquireErr, "update": s.Update(t.Context(), r, 1),
		"touch": s.Touch(t.Context(), r.Key, r.Seen, later), "note sid": l.NoteSID(t.Context(), r.SID, later),
		"append": l.Append(t.Context(), session.Revocation{Scope: session.AllTickets, Issued: r.Issued, Until: later}),
	} {
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	keys, _ := server.Do("KEYS", "*").([]any)
	if len(keys) != 8 {
		t.Errorf("%d keys, want 8: %v", len(keys), keys)
	}
	for _, key := range keys {
		name, _ := key.(string)
		if left, _ := server.Do("PTTL", name).(int64); left <= 0 || left > (3*time.Hour).Milliseconds() {
			t.Errorf("%s expires in %d ms", name, left)
		}
	}
}

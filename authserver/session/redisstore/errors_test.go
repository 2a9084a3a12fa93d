package redisstore

import (
	"context"
	"errors"
	"log/slog"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/secret"
	"github.com/easyauth-sidecar/easyauth/authserver/session"
	"github.com/easyauth-sidecar/easyauth/test/servers"
)

// A password that is not right is an error that does not repeat it, and is told in
// the log once.
func TestWrongPassword(t *testing.T) {
	server := servers.StartRedis(t, servers.RedisOptions{Password: "right"})
	cfg := configOf(server, newRealm())
	if err := open(t, cfg).Ping(within(t, patience)); err != nil {
		t.Fatal(err)
	}
	const wrong = "wrong-by-far"
	u, err := url.Parse(server.URL())
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword("", wrong)
	log := &lines{}
	cfg.URL, cfg.Log = secret.New(u.String()), slog.New(log)
	s := open(t, cfg)
	for range 3 {
		err := s.Ping(within(t, patience))
		if err == nil || strings.Contains(err.Error(), wrong) || !strings.Contains(err.Error(), "WRONGPASS") {
			t.Errorf("ping: %v", err)
		}
	}
	if log.count("cannot be asked") != 1 || strings.Contains(log.text(), wrong) {
		t.Errorf("the log:\n%s", log.text())
	}
}

// A user who may not tell of changes does not make any, and one who may not hear
// of them is not connected.
func TestRightsThatAreMissing(t *testing.T) {
	rules := documentedRules(t)
	whole := servers.StartRedis(t, servers.RedisOptions{ACLUser: "easyauth", Password: "password", ACLRules: rules})
	if r := create(t, open(t, configOf(whole, newRealm()))); r == nil {
		t.Fatal("no record")
	}
	server := servers.StartRedis(t, servers.RedisOptions{
		ACLUser: "easyauth", Password: "password", ACLRules: strings.Replace(rules, "&easyauth:*", "&other:*", 1),
	})
	log := &lines{}
	cfg := configOf(server, newRealm())
	cfg.Log = slog.New(log)
	s := open(t, cfg)
	w := newWatcher()
	watch(t, s, w)
	r := create(t, s)
	changed := *r
	changed.Version, changed.Value = 2, []byte("another")
	refused := map[string]error{"update": s.Update(t.Context(), &changed, 1)}
	_, refused["delete"] = s.Delete(t.Context(), r.Key)
	for name, err := range refused {
		if err == nil || errors.Is(err, session.ErrVersion) || errors.Is(err, session.ErrNoRecord) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got, err := s.Get(t.Context(), r.Key); err != nil || got.Version != 1 || string(got.Value) != string(r.Value) {
		t.Errorf("the record has changed: %v", err)
	}
	eventually(t, "the log says that changes are not heard", func() error {
		if log.count("are not heard") == 0 {
			return errors.New(log.text())
		}
		return nil
	})
	time.Sleep(3 * firstPause) // several attempts
	if n := log.count("are not heard"); n != 1 {
		t.Errorf("said %d times, want once", n)
	}
	if len(w.connected) != 0 {
		t.Error("the watcher was told that it hears")
	}
}

func TestTLSRefused(t *testing.T) {
	server := servers.StartRedis(t, servers.RedisOptions{TLS: true})
	right := configOf(server, newRealm())
	unknown := right
	unknown.CAFile = ""
	other := right
	other.CAFile = servers.StartRedis(t, servers.RedisOptions{TLS: true}).CAFile()
	plain := right
	plain.CAFile, plain.URL = "", secret.New(strings.Replace(server.URL(), "rediss:", "redis:", 1))
	for name, cfg := range map[string]Config{"an unknown authority": unknown, "another authority": other, "without TLS": plain} {
		if err := open(t, cfg).Ping(within(t, patience)); err == nil || errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := open(t, right).Ping(within(t, patience)); err != nil {
		t.Errorf("as it should be: %v", err)
	}
}

// A server that becomes a replica is left, and used again when it is master again.
func TestDemoted(t *testing.T) {
	server := servers.StartRedis(t, servers.RedisOptions{})
	s := open(t, configOf(server, newRealm()))
	r := create(t, s)
	server.Do("REPLICAOF", "127.0.0.1", "1")
	if err := s.Create(within(t, patience), newRecord()); err == nil {
		t.Error("a replica writes")
	}
	if _, err := s.Delete(within(t, patience), r.Key); err == nil {
		t.Error("a replica deletes")
	}
	server.Do("REPLICAOF", "NO", "ONE")
	eventually(t, "it writes again", func() error { return s.Create(within(t, patience), newRecord()) })
	if _, err := s.Get(within(t, patience), r.Key); err != nil {
		t.Errorf("what was there: %v", err)
	}
}

func TestWithoutRealm(t *testing.T) {
	server := servers.StartRedis(t, servers.RedisOptions{})
	s := open(t, configOf(server, ""))
	ctx, r := within(t, patience), newRecord()
	_, getErr := s.Get(ctx, r.Key)
	_, deleteErr := s.Delete(ctx, r.Key)
	_, _, listErr := s.List(ctx, session.Query{Limit: 1})
	_, onceErr := s.Once(ctx, "name", time.Now().Add(time.Hour))
	for name, err := range map[string]error{
		"create": s.Create(ctx, r), "get": getErr, "update": s.Update(ctx, r, 1), "delete": deleteErr,
		"touch": s.Touch(ctx, r.Key, r.Seen, r.Expires), "list": listErr, "once": onceErr,
	} {
		if !errors.Is(err, errNoRealm) {
			t.Errorf("%s: %v", name, err)
		}
	}
	s.Watch(ctx, newWatcher()) // ends at once
	if ctx.Err() != nil {
		t.Error("watch has waited")
	}
	if err := s.Ping(ctx); err != nil {
		t.Errorf("ping: %v", err)
	}
}

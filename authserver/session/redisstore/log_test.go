package redisstore

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/session"
	"github.com/easyauth-sidecar/easyauth/test/servers"
)

func one(until time.Duration) session.Revocation {
	now := time.UnixMilli(time.Now().UnixMilli())
	return session.Revocation{Scope: session.OneUser, Handle: random[session.Handle](), Issued: now, Until: now.Add(until)}
}

func appendTo(t *testing.T, l *RevocationLog, list ...session.Revocation) {
	t.Helper()
	if err := l.Append(within(t, patience), list...); err != nil {
		t.Fatal(err)
	}
}

// follow returns all that is there after a place.
func follow(t *testing.T, l *RevocationLog, after string) ([]session.Revocation, string) {
	t.Helper()
	list, place, err := l.Follow(within(t, patience), after, 0)
	if err != nil {
		t.Fatal(err)
	}
	return list, place
}

func sameList(got, want []session.Revocation) error {
	if len(got) != len(want) {
		return fmt.Errorf("%d revocations, want %d", len(got), len(want))
	}
	for n := range want {
		g, w := got[n], want[n]
		if g.Scope != w.Scope || g.Handle != w.Handle || !g.Issued.Equal(w.Issued) || !g.Until.Equal(w.Until) {
			return fmt.Errorf("revocation %d is %v, want %v", n, g, w)
		}
	}
	return nil
}

// What has expired goes when others are appended; what has not stays, also behind
// it, and the whole goes when all has.
func TestTrim(t *testing.T) {
	server := servers.StartRedis(t, servers.RedisOptions{})
	l := openLog(t, configOf(server, newRealm()))
	const soon = 300 * time.Millisecond
	first, long, short := one(soon), one(time.Hour), one(soon)
	appendTo(t, l, first, long, short)
	_, place := follow(t, l, "")
	time.Sleep(soon + 50*time.Millisecond)
	later := one(time.Hour)
	appendTo(t, l, later)
	got, _ := follow(t, l, "")
	if err := sameList(got, []session.Revocation{long, short, later}); err != nil {
		t.Errorf("after the first has expired: %v", err)
	}
	if got, _ = follow(t, l, place); sameList(got, []session.Revocation{later}) != nil {
		t.Errorf("a follower that was there gets %v, want the new one", got)
	}
	left, ok := server.Do("PTTL", l.keys.revoked()).(int64)
	if !ok || left < (59*time.Minute).Milliseconds() || left > time.Hour.Milliseconds() {
		t.Errorf("the stream expires in %d ms, want an hour", left)
	}
}

func TestAllExpired(t *testing.T) {
	server := servers.StartRedis(t, servers.RedisOptions{})
	l := openLog(t, configOf(server, newRealm()))
	appendTo(t, l, one(200*time.Millisecond))
	_, place := follow(t, l, "")
	eventually(t, "the stream goes", func() error {
		if server.Do("EXISTS", l.keys.revoked()) != int64(0) {
			return fmt.Errorf("it is there")
		}
		return nil
	})
	if got, _ := follow(t, l, place); len(got) != 0 {
		t.Errorf("follow what has gone: %v", got)
	}
	next := one(time.Hour)
	appendTo(t, l, next)
	if got, _ := follow(t, l, place); sameList(got, []session.Revocation{next}) != nil {
		t.Errorf("a follower from before gets %v, want the new one", got)
	}
}

// A log that lost its end, and goes on with earlier places, is read again.
func TestLostEnd(t *testing.T) {
	server := servers.StartRedis(t, servers.RedisOptions{})
	l := openLog(t, configOf(server, newRealm()))
	add := func(id string, r session.Revocation) {
		server.Do("XADD", l.keys.revoked(), id, "s", "2", "h", text(r.Handle), "t", ms(r.Issued), "u", ms(r.Until))
	}
	a, b, c := one(time.Hour), one(time.Hour), one(time.Hour)
	add("1000-0", a)
	add("3000-0", b)
	_, place := follow(t, l, "")
	if got, again := follow(t, l, place); len(got) != 0 || again != place {
		t.Fatalf("nothing is new: %v, %s", got, again)
	}
	server.Do("DEL", l.keys.revoked())
	add("1000-0", a)
	add("2000-0", c) // in front of the place
	got, place := follow(t, l, place)
	if err := sameList(got, []session.Revocation{a, c}); err != nil || place != "2000-0" {
		t.Errorf("after the end was lost: %v, place %s", err, place)
	}
	server.Do("DEL", l.keys.revoked())
	if got, place = follow(t, l, place); len(got) != 0 || place != beginning {
		t.Errorf("after all was lost: %v, place %s", got, place)
	}
	add("1-0", a)
	if got, _ = follow(t, l, place); sameList(got, []session.Revocation{a}) != nil {
		t.Errorf("then: %v", got)
	}
}

func TestPlacesOfFollow(t *testing.T) {
	server := servers.StartRedis(t, servers.RedisOptions{})
	l := openLog(t, configOf(server, newRealm()))
	for place, ok := range map[string]bool{
		"": true, "0-0": true, "12-3": true, "0": false, "-": false, "+": false, "$": false, "1-": false, "-1-1": false, "1-1-1": false, "x-1": false,
	} {
		if _, _, err := l.Follow(t.Context(), place, 0); (err == nil) != ok {
			t.Errorf("follow from %q: %v", place, err)
		}
	}
}

// An entry that cannot be read stops followers, instead of being passed over.
func TestGarbageInLog(t *testing.T) {
	server := servers.StartRedis(t, servers.RedisOptions{})
	l := openLog(t, configOf(server, newRealm()))
	h, now := text(random[session.Handle]()), ms(time.Now())
	for name, entry := range map[string][]string{
		"":                       {"s", "2", "h", h, "t", now, "u", now},
		"no scope":               {"h", h, "t", now, "u", now},
		"no handle":              {"s", "2", "t", now, "u", now},
		"no issued":              {"s", "2", "h", h, "u", now},
		"no until":               {"s", "2", "h", h, "t", now},
		"scope 0":                {"s", "0", "h", h, "t", now, "u", now},
		"an unknown scope":       {"s", "5", "h", h, "t", now, "u", now},
		"a short handle":         {"s", "2", "h", h[2:], "t", now, "u", now},
		"a time in words":        {"s", "2", "h", h, "t", "now", "u", now},
		"all, but with a handle": {"s", "4", "h", h, "t", now, "u", now},
	} {
		server.Do("DEL", l.keys.revoked())
		server.Do(append([]string{"XADD", l.keys.revoked(), "7-7"}, entry...)...)
		list, _, err := l.Follow(t.Context(), "", 0)
		if name == "" {
			if err != nil || len(list) != 1 {
				t.Errorf("a whole entry: %d, %v", len(list), err)
			}
			continue
		}
		if err == nil || len(list) != 0 || !strings.Contains(err.Error(), "7-7") {
			t.Errorf("%s: %d, %v, want an error that names the entry", name, len(list), err)
		}
	}
	server.Do("DEL", l.keys.revoked())
	server.Do("SET", l.keys.revoked(), "text")
	if _, _, err := l.Follow(t.Context(), "", 0); err == nil {
		t.Error("something that is no stream is followed")
	}
}

func TestAppendRefuses(t *testing.T) {
	server := servers.StartRedis(t, servers.RedisOptions{})
	l := openLog(t, configOf(server, newRealm()))
	for _, tt := range []struct {
		name   string
		change func(*session.Revocation)
		ok     bool
	}{
		{"as it is", func(*session.Revocation) {}, true},
		{"scope 0", func(r *session.Revocation) { r.Scope = 0 }, false},
		{"a scope that there is not", func(r *session.Revocation) { r.Scope = session.AllTickets + 1 }, false},
		{"all, with a handle", func(r *session.Revocation) { r.Scope = session.AllTickets }, false},
		{"all", func(r *session.Revocation) { r.Scope, r.Handle = session.AllTickets, session.Handle{} }, true},
		{"one without a handle", func(r *session.Revocation) { r.Handle = session.Handle{} }, false},
		{"without an end", func(r *session.Revocation) { r.Until = time.Time{} }, false},
	} {
		r := one(time.Hour)
		tt.change(&r)
		if err := l.Append(t.Context(), r); (err == nil) != tt.ok {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
	if err := l.Append(t.Context()); err != nil {
		t.Errorf("nothing: %v", err)
	}
}

// More than Follow returns at a time, and than one step appends.
func TestManyRevocations(t *testing.T) {
	server := servers.StartRedis(t, servers.RedisOptions{})
	l := openLog(t, configOf(server, newRealm()))
	many := make([]session.Revocation, session.MaxFollow+appended+1)
	for n := range many {
		many[n] = one(time.Hour)
	}
	appendTo(t, l, many...)
	first, place := follow(t, l, "")
	rest, place := follow(t, l, place)
	if len(first) != session.MaxFollow {
		t.Errorf("%d at a time, want %d", len(first), session.MaxFollow)
	}
	if err := sameList(append(first, rest...), many); err != nil {
		t.Error(err)
	}
	if got, _ := follow(t, l, place); len(got) != 0 {
		t.Errorf("%d after the end", len(got))
	}
}

// A follower that waits hears of what another appends before its time is over.
func TestFollowWaits(t *testing.T) {
	server := servers.StartRedis(t, servers.RedisOptions{})
	cfg := configOf(server, newRealm())
	l, other := openLog(t, cfg), openLog(t, cfg)
	for _, before := range [][]session.Revocation{nil, {one(time.Hour)}} {
		appendTo(t, other, before...)
		_, place := follow(t, l, "")
		heard := make(chan error, 1)
		r := one(time.Hour)
		go func() {
			got, _, err := l.Follow(t.Context(), place, time.Hour)
			if err == nil {
				err = sameList(got, []session.Revocation{r})
			}
			heard <- err
		}()
		eventually(t, "somebody waits", func() error {
			if info, _ := server.Do("INFO", "clients").(string); !strings.Contains(info, "blocked_clients:1") {
				return fmt.Errorf("nobody does")
			}
			return nil
		})
		appendTo(t, other, r)
		next(t, "follow", heard, nil)
	}
}

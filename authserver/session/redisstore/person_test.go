package redisstore

import (
	"bytes"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/cookie"
	"github.com/easyauth-sidecar/easyauth/authserver/seal"
	"github.com/easyauth-sidecar/easyauth/authserver/session"
	"github.com/easyauth-sidecar/easyauth/authserver/ticket"
	"github.com/easyauth-sidecar/easyauth/test/servers"
)

// A person's sessions are under two handles after a rotation of the keys, which
// Redis lists one after the other: all are there, the newest first, and each can be
// ended.
func TestSessionsAfterARotation(t *testing.T) {
	s := open(t, configOf(servers.StartRedis(t, servers.RedisOptions{}), newRealm()))
	eventually(t, "redis answers", func() error { return s.Ping(within(t, patience)) })
	older, newer := bytes.Repeat([]byte{1}, seal.KeySize), bytes.Repeat([]byte{2}, seal.KeySize)
	ring, err := seal.NewRing([][]byte{older}, seal.Domain{})
	if err != nil {
		t.Fatal(err)
	}
	codec, err := ticket.New(ticket.Config{Ring: ring, Issuer: "https://i"})
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	m, err := session.New(session.Config{
		Ring: ring, Codec: codec, Cookies: cookie.New(cookie.Config{}), Lifetime: time.Hour, Store: s, Now: func() time.Time { return now },
	})
	if err != nil {
		t.Fatal(err)
	}
	var browsers []http.Header
	sign := func(n int) {
		t.Helper()
		for range n {
			now = now.Add(time.Second)
			id := access.Identity{Issuer: "https://i", Tenant: "t", Object: "adele"}
			_, lines, _, err := m.Issue(t.Context(), nil, &id, nil, nil, "Firefox on Linux")
			if err != nil {
				t.Fatal(err)
			}
			pair, _, _ := strings.Cut(lines[0], ";")
			browsers = append(browsers, http.Header{"Cookie": {pair}})
		}
	}
	read := func(n int) *session.Session {
		t.Helper()
		found, reason, err := m.Read(t.Context(), browsers[n])
		if found == nil {
			t.Fatalf("browser %d: %s %v", n, reason, err)
		}
		return found
	}
	lists := func(n, want, current int) []session.Info {
		t.Helper()
		list, err := m.Sessions(t.Context(), read(n))
		if err != nil || len(list) != want {
			t.Fatalf("browser %d sees %d sessions, want %d: %v", n, len(list), want, err)
		}
		for i, info := range list {
			if info.Current != (i == current) || i > 0 && info.Issued.After(list[i-1].Issued) {
				t.Errorf("browser %d, session %d: %+v", n, i, info)
			}
		}
		return list
	}
	sign(3)
	lists(0, 3, 2)
	if err := ring.Replace([][]byte{newer, older}, nil); err != nil {
		t.Fatal(err)
	}
	lists(0, 3, 2)
	sign(2)
	lists(0, 5, 4)
	oldest := lists(4, 5, 0)[4].ID
	sign(110)
	lists(114, 100, 0)
	lists(0, 100, -1)
	if found, err := m.EndOne(t.Context(), read(114), oldest); !found || err != nil {
		t.Errorf("%v %v", found, err)
	}
	if found, reason, _ := m.Read(t.Context(), browsers[0]); found != nil || reason != access.ReasonSessionEnded {
		t.Errorf("the oldest: %s", reason)
	}
	if err := m.EndUser(t.Context(), read(1).Identity.Key()); err != nil {
		t.Fatal(err)
	}
	for n, h := range browsers {
		if found, reason, _ := m.Read(t.Context(), h); found != nil || reason != access.ReasonSessionEnded {
			t.Errorf("browser %d, after all were ended: %s", n, reason)
		}
	}
}

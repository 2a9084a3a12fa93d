package examples

import (
	"io"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/seal"
	"github.com/easyauth-sidecar/easyauth/authserver/wire"
	"github.com/easyauth-sidecar/easyauth/test/stand"
)

// expired is the same access token had it been made so much earlier that it ended a minute ago. The clock of a real server
// cannot be set; what it sealed can be opened with its key and sealed again.
func expired(t *testing.T, s *behind, token string) string {
	t.Helper()
	ring, err := seal.NewRing([][]byte{[]byte(stand.Key)}, seal.Domain{BasePath: "/easyauth", Authority: s.Entra.Authority() + "/v2.0", ClientID: stand.ClientID})
	if err != nil {
		t.Fatal(err)
	}
	const longest = 256 // characters
	box, err := ring.Box(seal.Config{Purpose: "session token", MaxLength: longest})
	if err != nil {
		t.Fatal(err)
	}
	plain, err := box.Open("access token", strings.TrimPrefix(token, "ea_"))
	if err != nil {
		t.Fatal(err)
	}
	const head = 1 + len(seal.KeyID{}) // the format, and the key of the session's record
	r := wire.NewReader(plain[head:])
	carrier, end := r.Text(), r.Time()
	if err := r.End(); err != nil || time.Until(end) < time.Minute {
		t.Fatalf("a token until %v: %v", end, err)
	}
	w := wire.Writer(plain[:head:head])
	w.Text(carrier)
	w.Time(time.Now().Add(-time.Minute))
	sealed, err := box.Seal("access token", w)
	if err != nil {
		t.Fatal(err)
	}
	return "ea_" + sealed
}

// refreshed is how often a refresh token was brought so far.
func (s *behind) refreshed() int { return strings.Count(s.Log(), `"grant":"refresh_token"`) }

// late is how often the proxy was told so far that a token has expired.
func (s *behind) late(t *testing.T) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.Admin+"/metrics", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }() // read to its end
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`(?m)^easyauth_decisions_total\{[^}]*"bearer_expired"[^}]*\} ([0-9]+)$`).FindSubmatch(text)
	if found == nil {
		return 0
	}
	n, err := strconv.Atoi(string(found[1]))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// A token that has expired, or is about to, is refreshed once; one whose time has come by the server's clock alone too.
func TestSessionExpires(t *testing.T) {
	t.Parallel()
	s := startSessions(t, nil)
	for _, in := range tongues(t) {
		u := at(t, s, in)
		u.exchange(s)
		fresh := u.kept()
		for _, row := range []struct {
			name            string
			age             func(*kept)
			refreshed, late int
		}{
			{"good", func(*kept) {}, 0, 0},
			{"has half a minute and more", func(k *kept) { k.Expires = time.Now().Unix() + 300 }, 0, 0},
			{"about to expire", func(k *kept) { k.Expires = time.Now().Unix() + 10 }, 1, 0},
			{"expired long ago", func(k *kept) { k.Access, k.Expires = expired(t, s, k.Access), 0 }, 1, 0},
			{"expired by the server's clock", func(k *kept) { k.Access = expired(t, s, k.Access) }, 1, 1},
		} {
			k := u.kept()
			row.age(&k)
			u.put(k)
			refreshed, late := s.refreshed(), s.late(t)
			u.may(row.name, u.run("call /api/orders"))
			if refreshed, late = s.refreshed()-refreshed, s.late(t)-late; refreshed != row.refreshed || late != row.late {
				t.Errorf("%s, %s: %d refreshed, want %d; %d too late, want %d", in.name, row.name, refreshed, row.refreshed, late, row.late)
			}
			if now := u.kept(); row.refreshed > 0 && (now.Refresh == k.Refresh || now.Access == k.Access || now.Expires < time.Now().Unix()+300) {
				t.Errorf("%s, %s: the new tokens are not kept", in.name, row.name)
			}
		}
		u.may("before it comes twice", u.run("call /api/orders"))
		last := u.kept()
		u.put(fresh)
		u.ends("a refresh token that comes twice", u.run("refresh"), 5, "invalid_grant: token_reused")
		u.put(last)
		u.ends("its session", u.run("call /api/orders"), 5, "Sign in again")
		last.Access, last.Expires = expired(t, s, last.Access), 0
		u.put(last)
		u.ends("its session, refreshed", u.run("call /api/orders"), 5, "invalid_grant: session_ended")
		u.exchange(s)
		u.may("signed in again", u.run("call /api/orders"))
		u.ends("a role that she has not", u.run("call /api/process"), 3, "Orders.Process")
	}
}

// Two calls at once, which both are told that their token has expired, refresh it once.
func TestSessionRefreshesOnce(t *testing.T) {
	t.Parallel()
	s := startSessions(t, nil)
	for _, in := range tongues(t) {
		u := at(t, s, in)
		u.exchange(s)
		k := u.kept()
		k.Access = expired(t, s, k.Access)
		u.put(k)
		lock, err := os.OpenFile(u.file+".lock", os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
			t.Fatal(err)
		}
		refreshed, late := s.refreshed(), s.late(t)
		const calls = 2
		answers := make([]ended, calls)
		var all sync.WaitGroup
		for i := range answers {
			all.Go(func() { answers[i] = u.run("call /api/orders") })
		}
		for end := time.Now().Add(time.Minute); s.late(t)-late < calls; time.Sleep(10 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("%s: the calls are not made", in.name)
			}
		}
		if n := s.refreshed() - refreshed; n > 0 {
			t.Errorf("%s: %d refreshed while another program holds the lock", in.name, n)
		}
		if err := lock.Close(); err != nil {
			t.Fatal(err)
		}
		all.Wait()
		for _, e := range answers {
			u.may("one of two calls", e)
		}
		if n := s.refreshed() - refreshed; n != 1 {
			t.Errorf("%s: %d refreshed", in.name, n)
		}
	}
}

// Without a store there is no refresh token, and no end before the time.
func TestSessionWithoutAStore(t *testing.T) {
	t.Parallel()
	s := startSessions(t, map[string]string{"EASYAUTH_STORE": "", "EASYAUTH_REDIS_URL": ""})
	for _, in := range tongues(t) {
		u := at(t, s, in)
		u.exchange(s)
		u.may("call", u.run("call /api/orders"))
		u.ends("refresh", u.run("refresh"), 5, "Sign in again")
		u.ends("logout", u.run("logout"), 0, "cannot end this session")
		if _, err := os.Stat(u.file); err == nil {
			t.Errorf("%s: the token is there", in.name)
		}
	}
}

package e2e

import (
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/session"
	"github.com/easyauth-sidecar/easyauth/test/entra"
	"github.com/easyauth-sidecar/easyauth/test/servers"
	"github.com/easyauth-sidecar/easyauth/test/stand"
)

// Three processes: one answers nginx, one signs in, one tidies the store and has no
// key. What has expired goes without anybody asking for it.
func TestStoreRolesApart(t *testing.T) {
	t.Parallel()
	eachStore(t, func(t *testing.T, k *keeper) {
		cfg := k.replicas(map[string]string{"EASYAUTH_LOG_LEVEL": "debug", "EASYAUTH_SESSION_LIFETIME": "3s"})
		cfg.Replicas, cfg.Apart = 0, true
		s := start(t, cfg)
		v := signedIn(t, s, entra.Adele)
		begun, kept := time.Now(), v.ticket()
		if got := v.get("/echo").echo(t).Headers.Get("X-Injected-Oid"); got != entra.AdeleOID {
			t.Errorf("the application saw %q", got)
		}
		if r := v.get("/easyauth/me"); r.status != http.StatusOK {
			t.Errorf("/easyauth/me: %d", r.status)
		}
		for _, tt := range []struct {
			role   int
			path   string
			status int
		}{
			{stand.RoleAuth, "/easyauth/auth", http.StatusForbidden}, // no X-Original-URL
			{stand.RoleAuth, "/easyauth/login", http.StatusNotFound},
			{stand.RoleAuth, "/easyauth/signin-oidc", http.StatusNotFound},
			{stand.RoleAuth, "/easyauth/logout", http.StatusNotFound},
			{stand.RoleAuth, "/easyauth/me", http.StatusNotFound},
			{stand.RoleSignIn, "/easyauth/auth", http.StatusNotFound},
			{stand.RoleSignIn, "/easyauth/me", http.StatusOK},
		} {
			h := joined(page(), http.Header{"Host": {fmt.Sprintf("%s:%d", appHost, s.Port)}, "Cookie": {kept}})
			if r := v.do(http.MethodGet, s.ReplicaURL(tt.role)+tt.path, h); r.status != tt.status {
				t.Errorf("role %d: %s: %d, want %d", tt.role, tt.path, r.status, tt.status)
			}
		}
		for role, did := range map[int]string{stand.RoleAuth: "auth", stand.RoleSignIn: "callback"} {
			if !strings.Contains(s.ReplicaLog(role), `"msg":"`+did+`"`) {
				t.Errorf("role %d did no %s", role, did)
			}
		}
		hasNoSecret(t, s.Replica(stand.RoleWorker))
		if r, err := v.ask(http.MethodGet, s.ReplicaURL(stand.RoleWorker)+"/easyauth/auth", page(), ""); err == nil {
			t.Errorf("the worker answers: %d", r.status)
		}

		c, store := carrierOf(t, s, v.cookie(ticketCookie)), k.open(t, s)
		record := c.key(ringOf(t, s))
		// Somebody's who stays: no index ends by itself.
		stays := &session.Record{Key: session.Key{1}, User: session.Handle{1}, Version: 1, Issued: begun, Seen: begun, Expires: begun.Add(time.Hour), Value: []byte("sealed")}
		if err := store.Create(t.Context(), stays); err != nil {
			t.Fatal(err)
		}
		waitUntil(t, "the session to expire", func() bool {
			_, err := store.Get(t.Context(), record)
			return errors.Is(err, session.ErrNoRecord)
		})
		if age := time.Since(begun); age < 2*time.Second {
			t.Errorf("it expired after %v", age)
		}
		trace := hex.EncodeToString(record[:])
		inDump := func() bool { return inTables(k, trace) }
		if !inDump() {
			t.Fatal("the expired session left no trace: there is nothing to tidy")
		}
		// A worker tidies when it starts, and every minute.
		if err := s.Replica(stand.RoleWorker).Stop(patience); err != nil {
			t.Fatal(err)
		}
		if err := s.RestartEasyAuth(t.Context()); err != nil {
			t.Fatal(err)
		}
		waitUntil(t, "the worker to tidy", func() bool { return !inDump() })
		hasNoSecret(t, s.Replica(stand.RoleWorker))
		if _, err := store.Get(t.Context(), stays.Key); err != nil {
			t.Errorf("a record that has not expired: %v", err)
		}
		if r := v.at(stand.RoleAuth, kept); r.status != http.StatusUnauthorized {
			t.Errorf("the expired session: %d", r.status)
		}
	})
}

// inTables looks for a record's key in what the store has now: not in Redis's log,
// which has everything that ever was.
func inTables(k *keeper, trace string) bool {
	r, isRedis := k.database.(*servers.Redis)
	if !isRedis {
		return strings.Contains(string(k.Dump()), trace)
	}
	keys := fmt.Sprint(r.Do("KEYS", "*"))
	for _, index := range regexp.MustCompile(`easyauth:[0-9a-f]+:(a|u:[0-9a-f]+|i:[0-9a-f]+)\b`).FindAllString(keys, -1) {
		keys += fmt.Sprint(r.Do("ZRANGE", index, "0", "-1"))
	}
	return strings.Contains(keys, trace)
}

// hasNoSecret looks at a worker's environment.
func hasNoSecret(t *testing.T, p *stand.Process) {
	t.Helper()
	environ := strings.Join(p.Environ(), "\n")
	for _, name := range []string{"EASYAUTH_KEYS", "SECRET", "EASYAUTH_CLIENT"} {
		if strings.Contains(environ, name) {
			t.Errorf("the worker was given %s", name)
		}
	}
	if !strings.Contains(environ, "EASYAUTH_STORE=") {
		t.Error("the worker was given no store: the test proves nothing")
	}
}

package e2e

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/secret"
	"github.com/easyauth-sidecar/easyauth/authserver/session"
	"github.com/easyauth-sidecar/easyauth/authserver/session/pgstore"
	"github.com/easyauth-sidecar/easyauth/authserver/session/redisstore"
	"github.com/easyauth-sidecar/easyauth/test/servers"
	"github.com/easyauth-sidecar/easyauth/test/stand"
)

// keeper is a real server that keeps sessions.
type keeper struct {
	name string
	env  map[string]string // what EasyAuth needs to use it
	url  secret.String
	database
}

// database is what a test does to a server.
type database interface {
	Kill()
	Restart()
	Pause()
	Resume()
	Dump() []byte
}

// The servers that a test is done with, each by itself.
const (
	onRedis    = "redis"
	onPostgres = "postgres"
)

// eachStore does a test with every kind of store, at once.
func eachStore(t *testing.T, do func(t *testing.T, k *keeper)) {
	t.Helper()
	for _, name := range []string{onRedis, onPostgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			do(t, startKeeper(t, name))
		})
	}
}

func startKeeper(t *testing.T, name string) *keeper {
	t.Helper()
	if name == onPostgres {
		p := servers.StartPostgres(t)
		return &keeper{name, map[string]string{"EASYAUTH_STORE": "postgres", "EASYAUTH_POSTGRES_URL": p.URL()}, secret.New(p.URL()), p}
	}
	r := servers.StartRedis(t, servers.RedisOptions{AOF: true})
	return &keeper{name, map[string]string{"EASYAUTH_STORE": "redis", "EASYAUTH_REDIS_URL": r.URL()}, secret.New(r.URL()), r}
}

// open is a handle of ours on the store of a stand.
func (k *keeper) open(t *testing.T, s *stand.Stand) session.Store {
	t.Helper()
	var store session.Store
	var err error
	if k.name == onPostgres {
		store, err = pgstore.New(t.Context(), pgstore.Config{URL: k.url, Realm: realmOf(s)})
	} else {
		store, err = redisstore.New(t.Context(), redisstore.Config{URL: k.url, Realm: realmOf(s)})
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(store.Close)
	waitUntil(t, "our own handle on the store", func() bool { return store.Ping(t.Context()) == nil })
	return store
}

// noteRevoked is a Redis that notes which sessions ended before their time; the
// sessions themselves are in cookies.
func noteRevoked(t *testing.T) *keeper {
	t.Helper()
	k := startKeeper(t, onRedis)
	k.env = map[string]string{"EASYAUTH_REVOCATION": "redis", "EASYAUTH_REDIS_URL": k.url.Reveal()}
	return k
}

// realmOf is the part of a store that a stand's EasyAuths use.
func realmOf(s *stand.Stand) string {
	h := sha256.New()
	for _, part := range []string{"easyauth realm", "/easyauth", authorityOf(s), stand.ClientID} {
		_, _ = fmt.Fprintf(h, "%d:%s", len(part), part) // a hash takes everything
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

// replicas is two EasyAuths behind one nginx that asks them in turn, with a store.
func (k *keeper) replicas(env map[string]string) stand.Config {
	cfg := oneHost()
	cfg.Replicas, cfg.NginxWorkers, cfg.AskAgain = 2, 1, true
	cfg.Env = map[string]string{"EASYAUTH_RENEW_BEFORE": "0", "EASYAUTH_READ_REGISTRATION": "false"}
	maps.Copy(cfg.Env, k.env)
	maps.Copy(cfg.Env, env)
	return cfg
}

// at asks one EasyAuth itself about /api/x, as nginx does, with these cookies.
func (v *visitor) at(replica int, cookies string) *reply {
	v.t.Helper()
	r, err := v.tryAt(replica, cookies)
	if err != nil {
		v.t.Fatal(err)
	}
	return r
}

func (v *visitor) tryAt(replica int, cookies string) (*reply, error) {
	other, client := *v, *v.client
	client.Jar = nil
	other.client = &client
	h := http.Header{"X-Original-Url": {v.url("/api/x")}, "X-Original-Method": {http.MethodGet}}
	if cookies != "" {
		h["Cookie"] = []string{cookies}
	}
	return other.ask(http.MethodGet, v.s.ReplicaURL(replica)+"/easyauth/auth", h, "")
}

// ticket is the session's own cookie, as a header.
func (v *visitor) ticket() string { return ticketCookie + "=" + v.cookie(ticketCookie) }

// clicked is what a browser sends when a person clicks on a link of the same site.
func clicked() http.Header {
	return joined(page(), http.Header{"Sec-Fetch-Site": {"same-origin"}, "Sec-Fetch-User": {"?1"}})
}

// metric is a number of one EasyAuth's /metrics, 0 if it is not there: the line
// begins with this text.
func (v *visitor) metric(replica int, name string) float64 {
	v.t.Helper()
	r := v.do(http.MethodGet, v.s.ReplicaAdmin(replica)+"/metrics", nil)
	lines := bufio.NewScanner(strings.NewReader(r.body))
	sum := 0.0
	for lines.Scan() {
		rest, found := strings.CutPrefix(lines.Text(), name)
		if !found || rest != "" && rest[0] != ' ' && rest[0] != '{' {
			continue
		}
		n, err := strconv.ParseFloat(rest[strings.LastIndex(rest, " ")+1:], 64)
		if err != nil {
			v.t.Fatal(err)
		}
		sum += n
	}
	return sum
}

// attr notes a figure with the test.
func attr(t *testing.T, name string, value any) {
	t.Helper()
	t.Attr(name, fmt.Sprint(value))
	t.Logf("%s: %v", name, value)
}

// law is how long a session that was ended on one EasyAuth may pass on another, at
// most. It takes a few milliseconds; see TestAttack30.
const law = session.MaxAge

// refused waits until one EasyAuth refuses these cookies, which it must by law, and
// returns how long after a moment it did.
func (v *visitor) refused(replica int, cookies string, since time.Time) time.Duration {
	v.t.Helper()
	for {
		asked := time.Since(since)
		r := v.at(replica, cookies)
		switch {
		case r.status == http.StatusUnauthorized:
			return max(time.Since(since), 0)
		case asked > law:
			v.t.Errorf("replica %d, %v after the session ended: %d", replica, asked, r.status)
			return asked
		}
	}
}

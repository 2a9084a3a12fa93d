package authserver_test

import (
	"bufio"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver"
	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/metrics"
	"github.com/easyauth-sidecar/easyauth/authserver/session"
	"github.com/easyauth-sidecar/easyauth/authserver/session/memstore"
	emulator "github.com/easyauth-sidecar/easyauth/test/entra"
)

// Whoever answers for Members breaks: nobody can tell.
func TestBrokenMembersNeverOpen(t *testing.T) {
	k := newKit(t, options{bearer: true, members: brokenMembers{}})
	grace := k.bearerOf(emulator.Grace)
	for query, status := range map[string]int{inAny(250): 401, inAny(251): 401, "role=Auditor": 202} {
		resp := k.ask("GET", query, grace)
		wellAnswered(t, resp)
		if resp.StatusCode != status || status == 401 && k.lastReason() != "internal" {
			t.Errorf("%s: %d %s, want %d", query, resp.StatusCode, k.lastReason(), status)
		}
	}
}

type brokenMembers struct{}

func (brokenMembers) Members(context.Context, [32]byte, time.Time, *access.Identity, []string) ([]string, error) {
	panic("a broken Graph")
}

// The list of revoked tickets is silent from the beginning: nobody can tell, until
// it is heard.
func TestSilentListOpensNothing(t *testing.T) {
	log := memstore.NewLog(nil)
	log.Fail(errDown)
	k := newKit(t, options{noDiscovery: true, revoked: log})
	log.Fail(nil)
	good := k.issue(access.Identity{Roles: []string{"Admin"}})
	log.Fail(errDown)
	silent := newKit(t, options{noDiscovery: true, revoked: log, idp: k.idp, clock: k.clock})
	for query, status := range map[string]int{"": 401, "role=Admin": 401, "role=Owner": 401, badQuery: 403} {
		resp := silent.ask("GET", query, nginx(good))
		wellAnswered(t, resp)
		if resp.StatusCode != status || status == 401 && silent.lastReason() != "store" {
			t.Errorf("%q: %d %s, want %d", query, resp.StatusCode, silent.lastReason(), status)
		}
	}
	if resp := silent.ask("GET", "", nginx("")); resp.StatusCode != http.StatusUnauthorized || silent.lastReason() != "no_ticket" {
		t.Errorf("without a ticket: %d %s", resp.StatusCode, silent.lastReason())
	}
	log.Fail(nil)
	waitFor(t, "the list", func() bool { return silent.ask("GET", "role=Admin", nginx(good)).StatusCode == http.StatusAccepted })
	if resp := silent.ask("GET", "role=Owner", nginx(good)); resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("heard, in a role of others: %d", resp.StatusCode)
	}
}

// A store that hangs is waited for, for a moment, and nobody can tell.
func TestHangingStoreOpensNothing(t *testing.T) {
	store := &lyingStore{Store: memstore.New("0123456789abcdef", nil)}
	k := newKit(t, options{noDiscovery: true, store: store, noCache: true})
	good := k.issue(access.Identity{})
	store.lies(func(ctx context.Context, r *session.Record, err error) (*session.Record, error) {
		<-ctx.Done()
		return r, err // and then it says all the same
	})
	resp := k.ask("GET", "", nginx(good))
	wellAnswered(t, resp)
	if resp.StatusCode == http.StatusAccepted && resp.Header.Get("X-Injected-Oid") != emulator.AdeleOID || resp.StatusCode == http.StatusForbidden {
		t.Errorf("%d as %q", resp.StatusCode, resp.Header.Get("X-Injected-Oid"))
	}
	store.lies(func(ctx context.Context, _ *session.Record, _ error) (*session.Record, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	})
	if resp := k.ask("GET", "", nginx(good)); resp.StatusCode != http.StatusUnauthorized || k.lastReason() != "store" {
		t.Errorf("%d %s", resp.StatusCode, k.lastReason())
	}
	store.lies(nil)
	if resp := k.ask("GET", "", nginx(good)); resp.StatusCode != http.StatusAccepted {
		t.Errorf("afterwards: %d", resp.StatusCode)
	}
}

// What breaks when an answer is counted or logged, over a real connection: nobody
// passes because of it, and the next request is served.
func TestBrokenCountsAndLogsOpenNothing(t *testing.T) {
	k := newKit(t, options{noDiscovery: true})
	good := k.issue(access.Identity{})
	for name, change := range map[string]func(*authserver.Config){
		"the log":      func(c *authserver.Config) { c.Log = slog.New(panicking{}) },
		"the counting": func(c *authserver.Config) { c.Metrics = &metrics.Metrics{} },
	} {
		switching := &switchable{}
		switching.to.Store(k.breaks(change))
		server := httptest.NewUnstartedServer(nil)
		server.Config = authserver.HTTPServer(switching, slog.New(slog.DiscardHandler))
		server.Start()
		for _, cookies := range []string{"", good, ""} {
			// Without an answer nginx says 500.
			status, err := statusOf(t, server.Listener.Addr().String(), cookies)
			if err != nil || status != http.StatusUnauthorized && (cookies == "" || status != http.StatusAccepted) {
				t.Errorf("%s: %d %v", name, status, err)
			}
		}
		switching.to.Store(k.server)
		if status, err := statusOf(t, server.Listener.Addr().String(), good); status != http.StatusAccepted {
			t.Errorf("%s, mended: %d %v", name, status, err)
		}
		server.Close()
	}
}

// switchable is one server after the other.
type switchable struct {
	to atomic.Pointer[authserver.Server]
}

func (s *switchable) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.to.Load().ServeHTTP(w, r) }

// statusOf asks over a connection of its own, as nginx does.
func statusOf(t *testing.T, addr, cookies string) (int, error) {
	t.Helper()
	var d net.Dialer
	conn, err := d.DialContext(t.Context(), "tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	text := "GET " + authPath + " HTTP/1.0\r\nHost: x\r\nX-Original-URL: " + app + "/page\r\nCookie: " + cookies + "\r\n\r\n"
	if _, err := io.WriteString(conn, text); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	return resp.StatusCode, nil
}

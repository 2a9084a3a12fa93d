package entra

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-jose/go-jose/v4"
)

func refusedConnection(*http.Request) (*http.Response, error) {
	return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
}

// start runs the relying party in a synctest bubble.
func start(t *testing.T, idp *fakeIDP, log *logBuffer) (*RelyingParty, context.CancelFunc, chan struct{}) {
	t.Helper()
	cfg := testConfig(idp, nil)
	cfg.Log = log.logger()
	rp := must(New(cfg))
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { rp.Run(ctx); close(ended) }()
	synctest.Wait()
	return rp, cancel, ended
}

func TestRunRecovers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, idp := &logBuffer{}, newIDP(public(rsaKey().Public(), "k1"))
		idp.answer = refusedConnection
		rp, cancel, ended := start(t, idp, log)
		if rp.Ready() || idp.count("openid-configuration") != 1 {
			t.Errorf("ready %v after %d attempts", rp.Ready(), idp.count("openid-configuration"))
		}
		sleepFor(time.Hour)
		attempts := idp.count("openid-configuration")
		if attempts < 60 || attempts > 130 {
			t.Errorf("%d attempts in an hour, want one every 30 to 60 s", attempts)
		}
		lines := strings.Count(log.String(), "\n")
		if want := 1 + attempts/logEvery; lines != want {
			t.Errorf("%d log lines for %d failures, want %d", lines, attempts, want)
		}
		idp.set(func(f *fakeIDP) { f.answer = nil })
		sleepFor(maxBackoff)
		if !rp.Ready() || len(keysOf(rp).current()) != 1 {
			t.Error("not ready a minute after the provider came back")
		}
		if !strings.Contains(log.String(), `"level":"INFO","msg":"identity provider: discovery read"`) {
			t.Errorf("no line about the recovery: %s", log)
		}
		cancel()
		<-ended
	})
}

func TestRunRefreshesKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, idp := &logBuffer{}, newIDP(public(rsaKey().Public(), "k1"))
		rp, cancel, ended := start(t, idp, log)
		keys := keysOf(rp)
		idp.set(func(f *fakeIDP) {
			f.keys = []jose.JSONWebKey{public(otherRSA().Public(), "k2"), public(ecKey().Public(), "e2")}
		})
		if sleepFor(keyRefresh - time.Minute); idp.count("/keys") != 1 {
			t.Errorf("%d fetches before the time", idp.count("/keys"))
		}
		if sleepFor(time.Minute); idp.count("/keys") != 2 || len(byID(keys.current(), "k2")) != 1 {
			t.Errorf("%d fetches, new key not there", idp.count("/keys"))
		}
		idp.set(func(f *fakeIDP) { f.answer = refusedConnection })
		before, lines := idp.count("/keys"), strings.Count(log.String(), "\n")
		sleepFor(keyRefresh + 6*time.Hour) // six hours of failures
		if n := idp.count("/keys") - before; n < 300 || n > 361 {
			t.Errorf("%d attempts in six hours, want one a minute", n)
		}
		if n := strings.Count(log.String(), "\n") - lines; n > 37 {
			t.Errorf("%d log lines in six hours", n)
		}
		if len(keys.current()) != 2 {
			t.Error("keys were dropped after 18 hours")
		}
		if sleepFor(6*time.Hour + time.Minute); len(keys.current()) != 0 {
			t.Error("keys were kept for more than a day")
		}
		idp.set(func(f *fakeIDP) { f.answer = nil })
		if sleepFor(2 * time.Minute); len(keys.current()) != 2 {
			t.Error("keys did not come back")
		}
		if n := idp.count("openid-configuration"); n != 1 {
			t.Errorf("discovery was read %d times", n)
		}
		cancel()
		<-ended
	})
}

func TestRunEndsWithItsContext(t *testing.T) {
	hang := func(r *http.Request) (*http.Response, error) { <-r.Context().Done(); return nil, r.Context().Err() }
	for name, answer := range map[string]func(*http.Request) (*http.Response, error){
		"while it waits":      refusedConnection,
		"while it reads":      hang,
		"while keys are kept": nil,
		"while keys are being read": func(r *http.Request) (*http.Response, error) {
			if strings.HasSuffix(r.URL.Path, "/keys") {
				return hang(r)
			}
			return nil, nil //nolint:nilnil // the usual answer
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				log, idp := &logBuffer{}, newIDP(public(rsaKey().Public(), "k1"))
				idp.answer = answer
				_, cancel, ended := start(t, idp, log)
				before, begun := log.String(), time.Now()
				cancel()
				<-ended
				if took := time.Since(begun); took != 0 || log.String() != before {
					t.Errorf("took %v; log: %s", took, log)
				}
				sleepFor(fetchTimeout) // a fetch that others may wait for goes on, but no longer
			})
		})
	}
}

func TestHangingProviderIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		idp := newIDP()
		idp.answer = func(r *http.Request) (*http.Response, error) { <-r.Context().Done(); return nil, r.Context().Err() }
		rp := must(New(testConfig(idp, nil)))
		begun := time.Now()
		_, err := rp.discover(t.Context())
		if reasonOf(t, err) != ReasonUnavailable || time.Since(begun) != fetchTimeout {
			t.Errorf("%v after %v", err, time.Since(begun))
		}
	})
}

func TestDiscoveryFaults(t *testing.T) {
	for name, tt := range map[string]struct {
		answer func(*http.Request) (*http.Response, error)
		want   Reason
	}{
		"refused":   {refusedConnection, ReasonUnavailable},
		"500":       {func(*http.Request) (*http.Response, error) { return reply(500, "leaked-body"), nil }, ReasonIDPError},
		"404":       {func(*http.Request) (*http.Response, error) { return reply(404, "leaked-body"), nil }, ReasonIDPError},
		"throttled": {func(*http.Request) (*http.Response, error) { return reply(429, "leaked-body"), nil }, ReasonUnavailable},
		"garbage":   {func(*http.Request) (*http.Response, error) { return reply(200, "leaked-body"), nil }, ReasonIDPError},
		"huge": {func(*http.Request) (*http.Response, error) {
			return reply(200, strings.Repeat(" ", maxDiscovery+1)), nil
		}, ReasonIDPError},
		"malformed": {func(*http.Request) (*http.Response, error) {
			return nil, errors.New("malformed HTTP response leaked-body")
		}, ReasonIDPError},
		"usual": {nil, ""},
	} {
		idp := newIDP()
		idp.answer = tt.answer
		_, err := must(New(testConfig(idp, nil))).discover(t.Context())
		if got := reasonOf(t, err); got != tt.want {
			t.Errorf("%s: reason %q (%v), want %q", name, got, err, tt.want)
		}
		if err != nil && strings.Contains(err.Error(), "leaked") {
			t.Errorf("%s: the body is in the error: %v", name, err)
		}
	}
}

func TestBackoff(t *testing.T) {
	for n, full := range map[int]time.Duration{0: time.Second, 1: time.Second, 2: 2 * time.Second, 6: 32 * time.Second, 7: time.Minute, 1 << 40: time.Minute} {
		for range 100 {
			if d := backoff(n); d < full/2 || d > full {
				t.Fatalf("after %d failures: %v, want %v to %v", n, d, full/2, full)
			}
		}
	}
}

// sleepFor moves the bubble's clock and lets everything settle.
func sleepFor(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

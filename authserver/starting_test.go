package authserver_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/session/memstore"
	emulator "github.com/easyauth-sidecar/easyauth/test/entra"
)

// later makes a kit's server know its provider a moment after the next request has
// begun.
func (k *kit) later(begin func() *response) *response {
	k.t.Helper()
	answer := make(chan *response)
	go func() { answer <- begin() }()
	select {
	case resp := <-answer:
		k.t.Fatalf("answered before: %d", resp.StatusCode)
	case <-time.After(50 * time.Millisecond):
	}
	k.run(k.provider.Run)
	return <-answer
}

// A process that started a moment ago does not know its provider yet: who comes to
// sign in, or back from a sign-in that began elsewhere, waits for that and goes on.
func TestSignInDuringTheFirstSecond(t *testing.T) {
	stores := memstore.New("0123456789abcdef", nil)
	running := newKit(t, options{store: stores})
	starting := func() *kit {
		return newKit(t, options{idp: running.idp, store: stores.Another("0123456789abcdef"), noDiscovery: true})
	}
	t.Run("login", func(t *testing.T) {
		k := starting()
		b := k.browser(emulator.Adele)
		resp := k.later(func() *response { return b.get(loginURL(page)) })
		if resp.StatusCode != http.StatusFound || !strings.HasPrefix(resp.Header.Get("Location"), k.idp.BaseURL()) {
			t.Errorf("%d %q\n%s", resp.StatusCode, resp.Header.Get("Location"), resp.text())
		}
	})
	t.Run("callback", func(t *testing.T) {
		k := starting()
		b := running.browser(emulator.Adele)
		back := b.atEntra(b.toEntra(page))
		b.at(k)
		resp := k.later(func() *response { return b.get(back) })
		if set, _ := resp.sessionCookie(k); !set || resp.Header.Get("Location") != page {
			t.Errorf("%d %q, session set %v\n%s", resp.StatusCode, resp.Header.Get("Location"), set, resp.text())
		}
		if resp := b.check(page, ""); resp.StatusCode != http.StatusAccepted {
			t.Errorf("then: %d", resp.StatusCode)
		}
	})
}

// The provider cannot be reached: who waits is told after two seconds, and nobody who
// has gone is waited for.
func TestSignInWithoutAProvider(t *testing.T) {
	running := newKit(t, options{})
	b := running.browser(emulator.Adele)
	back := b.atEntra(b.toEntra(page))
	cookies := b.client.Jar.Cookies(parse(t, back))
	synctest.Test(t, func(t *testing.T) {
		k := newKit(t, options{idp: running.idp, noDiscovery: true, clock: running.clock})
		for _, row := range []struct {
			name, target string
			patience     time.Duration // of the browser
			waits        time.Duration
		}{
			{"login", loginURL(page), time.Minute, 2 * time.Second},
			{"login, and the browser goes", loginURL(page), 500 * time.Millisecond, 500 * time.Millisecond},
			{"callback", back, time.Minute, 2 * time.Second},
		} {
			ctx, cancel := context.WithTimeout(t.Context(), row.patience)
			r := httptest.NewRequestWithContext(ctx, http.MethodGet, row.target, nil)
			r.Header = navigation()
			for _, c := range cookies {
				r.AddCookie(c)
			}
			rec := httptest.NewRecorder()
			began := time.Now()
			k.server.ServeHTTP(rec, r)
			cancel()
			if waited := time.Since(began); waited < row.waits || waited > row.waits+100*time.Millisecond {
				t.Errorf("%s: waited %v", row.name, waited)
			}
			if rec.Code != http.StatusServiceUnavailable || rec.Header().Get("Retry-After") == "" || rec.Header().Get("Location") != "" {
				t.Errorf("%s: %d %v", row.name, rec.Code, rec.Header())
			}
		}
	})
}

// A page that needs no sign-in is not kept waiting for the provider.
func TestNothingElseWaitsForTheProvider(t *testing.T) {
	idp := startEntra(t, time.Now)
	synctest.Test(t, func(t *testing.T) {
		k := newKit(t, options{idp: idp, noDiscovery: true, store: memstore.New("0123456789abcdef", nil)})
		began := time.Now()
		h := nginx(k.issueQuietly())
		if resp := k.ask("GET", "", h); resp.StatusCode != http.StatusAccepted {
			t.Errorf("auth: %d", resp.StatusCode)
		}
		if resp := k.send("GET", basePath+"/me", http.Header{"Cookie": h["Cookie"], "Accept": {"text/html"}}, ""); resp.StatusCode != http.StatusOK {
			t.Errorf("me: %d", resp.StatusCode)
		}
		frontAnswer(t, k.send("GET", frontPath+"?sid=x", nil, ""))
		if waited := time.Since(began); waited > 0 {
			t.Errorf("waited %v", waited)
		}
	})
}

// An access token that has ended is handed over to nobody, though the session still
// passes while the provider cannot be asked.
func TestAttack22EndedTokenIsNotHandedOver(t *testing.T) {
	p := newPair(t, options{pass: true})
	b := p.a.signedIn(emulator.Adele)
	p.a.idp.SetFaults(emulator.Faults{Endpoints: map[emulator.Endpoint]emulator.EndpointFault{emulator.EndpointToken: {Status: 503}}})
	for _, row := range []struct {
		after  time.Duration // since sign-in
		status int
		token  bool
	}{
		{time.Minute, http.StatusAccepted, true},
		{57 * time.Minute, http.StatusAccepted, true},
		{time.Hour + 3*time.Minute, http.StatusAccepted, false},
		{time.Hour + 6*time.Minute, http.StatusUnauthorized, false},
	} {
		p.advance(row.after - p.since())
		resp := b.check(page, "", forged())
		values, there := resp.Header[accessHeader]
		passes := resp.StatusCode == http.StatusAccepted
		if resp.StatusCode != row.status || (len(values) == 1 && values[0] != "") != row.token || there != passes {
			t.Errorf("after %v: %d %q", row.after, resp.StatusCode, values)
		}
		if (resp.Header.Get(idHeader) != "") != passes {
			t.Errorf("after %v: the ID token %.10q", row.after, resp.Header.Get(idHeader))
		}
	}
	p.a.idp.ClearFaults()
	p.advance(5 * time.Minute)
	if resp := b.check(page, ""); resp.StatusCode != http.StatusAccepted || resp.Header.Get(accessHeader) == "" {
		t.Errorf("the provider is back: %d %.10q", resp.StatusCode, resp.Header.Get(accessHeader))
	}
}

// since is how far the clock of a pair has gone on.
func (p *pair) since() time.Duration { return p.time.clock().Sub(p.began) }

package authserver_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	emulator "github.com/easyauth-sidecar/easyauth/test/entra"
)

// byPath sends the auth endpoint's requests to one replica and all others to
// another.
type byPath struct{ auth, rest *kit }

func (p byPath) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Path == authPath {
		return inProcess{p.auth}.RoundTrip(r)
	}
	return inProcess{p.rest}.RoundTrip(r)
}

// endsOnAPage opens a page like a browser that follows everything, and fails if
// that goes on for ever.
func endsOnAPage(t *testing.T, b *browser, page, query, want string) {
	t.Helper()
	for trips := range 15 {
		if resp := b.check(page, query); resp.StatusCode == http.StatusAccepted {
			t.Fatalf("the page opened after %d trips", trips)
		}
		resp := b.get(loginURL(page))
		target := resp.Header.Get("Location")
		if strings.HasPrefix(target, b.k.idp.BaseURL()) {
			resp = b.get(b.atEntra(target))
			target = resp.Header.Get("Location")
		}
		if target == "" {
			if !strings.Contains(resp.body, want) {
				t.Errorf("ended with %d after %d trips:\n%s", resp.StatusCode, trips, resp.body)
			}
			return
		}
	}
	t.Error("no end")
}

// A replica whose clock is far behind refuses tickets as issued in the future,
// while the one that signs in finds them good.
func TestLoopOfClockSkew(t *testing.T) {
	ahead := newKit(t, options{})
	behind := newKit(t, options{idp: ahead.idp})
	behind.advance(-90 * time.Second)
	b := ahead.browser(emulator.Adele)
	b.client.Transport = byPath{auth: behind, rest: ahead}
	endsOnAPage(t, b, app+"/page", "", "again and again")
}

// A proxy that never passes the denial cookie on, and an IdP that fails.
func TestLoopOfAFailingIDP(t *testing.T) {
	k := newKit(t, options{})
	b := k.browser(emulator.Adele)
	b.open(app+"/", "")
	k.idp.SetFaults(emulator.Faults{Endpoints: map[emulator.Endpoint]emulator.EndpointFault{emulator.EndpointToken: {Status: 500}}})
	b.client.Transport = withoutDenials{b.client.Transport}
	endsOnAPage(t, b, app+"/mail", "scope=Mail.Read", "again and again")
}

type withoutDenials struct{ next http.RoundTripper }

func (w withoutDenials) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := w.next.RoundTrip(r)
	if err == nil && r.URL.Path == authPath {
		resp.Header.Del("Set-Cookie")
	}
	return resp, err
}

// A proxy that does not pass the ticket to the auth endpoint.
func TestLoopOfALostTicket(t *testing.T) {
	k := newKit(t, options{})
	b := k.browser(emulator.Adele)
	b.client.Transport = withoutTicket{b.client.Transport}
	endsOnAPage(t, b, app+"/page", "", "again and again")
}

type withoutTicket struct{ next http.RoundTripper }

func (w withoutTicket) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Path == authPath {
		r = r.Clone(r.Context())
		r.Header.Del("Cookie")
	}
	return w.next.RoundTrip(r)
}

// An auth-url that asks for more than a denial can carry.
func TestTooMuchAskedEndsOnAPage(t *testing.T) {
	k := newKit(t, options{})
	b := k.browser(emulator.Adele)
	b.open(app+"/", "")
	k.advance(time.Second)
	endsOnAPage(t, b, app+"/page", "graph=/me/"+strings.Repeat("x", 1010), "asks for too much")
}

// By name the same queries fit, in the denial, in state and in a hand-over.
func TestNamedQueriesFit(t *testing.T) {
	for name, o := range map[string]options{"one host": {}, "hand-over": manyHosts()} {
		o.queries = map[string]string{}
		query := "scope=User.Read"
		for _, letter := range []string{"a", "b", "c", "d", "e", "f", "g", "h"} {
			o.queries[letter] = "/me?$select=" + strings.Repeat(letter, 600)
			query += "&graph=" + letter
		}
		k := newKit(t, o)
		resp := k.browser(emulator.Adele).open(app+"/page", query)
		if resp.StatusCode != http.StatusAccepted || k.idp.Requests(emulator.EndpointToken) != 1 {
			t.Errorf("%s: %d after %d trips\n%s", name, resp.StatusCode, k.idp.Requests(emulator.EndpointToken), resp.body)
		}
	}
}

package authserver_test

import (
	"net/http"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/session/memstore"
	emulator "github.com/easyauth-sidecar/easyauth/test/entra"
)

// pair is two replicas with one store, one provider and one clock.
type pair struct {
	a, b   *kit
	time   *kit // the clock of both
	began  time.Time
	stores [2]*memstore.Store
}

func newPair(t *testing.T, o options) *pair {
	t.Helper()
	clock := &kit{now: time.Now().UTC().Truncate(time.Second)}
	p := &pair{time: clock, began: clock.now}
	p.stores[0] = memstore.New("0123456789abcdef", clock.clock)
	p.stores[1] = p.stores[0].Another("0123456789abcdef")
	o.clock, o.store = clock.clock, p.stores[0]
	if o.faulty != nil {
		o.faulty.Store = p.stores[0]
		o.store = o.faulty
	}
	if o.staleOK == 0 {
		o.staleOK = 5 * time.Minute
	}
	p.a = newKit(t, o)
	o.idp, o.store = p.a.idp, p.stores[1]
	p.b = newKit(t, o)
	return p
}

func (p *pair) advance(d time.Duration) { p.time.advance(d) }

// at makes a browser's next requests go to a replica.
func (b *browser) at(k *kit) *browser {
	b.k = k
	b.client.Transport = inProcess{k}
	return b
}

const page = app + "/orders"

func TestStoredSession(t *testing.T) {
	p := newPair(t, options{})
	b := p.a.browser("adele")
	if resp := b.open(page, "role=Admin"); resp.StatusCode != http.StatusAccepted {
		t.Fatalf("%d %s", resp.StatusCode, resp.body)
	}
	value := b.cookie(p.a.cookies.Ticket.Name)
	t.Attr("session_cookie_bytes", strconv.Itoa(len(value)))
	if len(value) > 160 {
		t.Errorf("the cookie has %d bytes", len(value))
	}
	if resp := b.at(p.b).check(page, "role=Admin"); resp.StatusCode != http.StatusAccepted || resp.Header.Get("X-Injected-Oid") != emulator.AdeleOID {
		t.Errorf("on the other replica: %d %v", resp.StatusCode, resp.Header)
	}
	p.stores[1].Fail(errDown)
	// What was read a moment ago counts until the store's line is known to be broken.
	waitFor(t, "the line to break", func() bool { return b.check(page, "").StatusCode == http.StatusUnauthorized })
	resp := b.check(page, "")
	if resp.StatusCode != http.StatusUnauthorized || len(resp.Header["Set-Cookie"]) != 1 {
		t.Errorf("with the store down: %d %v", resp.StatusCode, resp.Header)
	}
	if resp := b.get(loginURL(page)); resp.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("login with the store down: %d %s", resp.StatusCode, resp.body)
	}
	p.stores[1].Fail(nil)
	if resp := b.check(page, ""); resp.StatusCode != http.StatusAccepted {
		t.Errorf("with the store up again: %d", resp.StatusCode)
	}
}

func TestAttack23OneRefresh(t *testing.T) {
	p := newPair(t, options{})
	b := p.a.browser("adele")
	b.open(page, "")
	p.advance(time.Hour + time.Minute)
	hold := p.a.idp.HoldTokens("refresh_token")
	var wg sync.WaitGroup
	codes := make([]int, 100)
	for i := range codes {
		wg.Go(func() {
			k := p.a
			if i%2 == 1 {
				k = p.b
			}
			c := *b
			client := *b.client
			c.client = &client
			codes[i] = c.at(k).check(page, "").StatusCode
		})
	}
	if err := hold.Wait(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	hold.Release()
	wg.Wait()
	for _, code := range codes {
		if code != http.StatusAccepted {
			t.Fatalf("%v", codes)
		}
	}
	if n := len(p.a.idp.RefreshCalls()); n != 1 {
		t.Errorf("%d refreshes", n)
	}
}

func TestRefreshFollowsRoles(t *testing.T) {
	p := newPair(t, options{})
	b := p.a.browser("adele")
	b.open(page, "role=Admin")
	p.a.idp.ChangeUser("adele", func(u *emulator.User) { u.Roles = []string{"Nothing"} })
	p.advance(time.Hour + time.Minute)
	resp := b.check(page, "role=Admin")
	if resp.StatusCode != http.StatusUnauthorized || resp.Header.Get("X-Injected-Roles") != "" {
		t.Errorf("%d", resp.StatusCode)
	}
	if resp := b.at(p.b).check(page, "role=Nothing"); resp.StatusCode != http.StatusAccepted {
		t.Errorf("%d", resp.StatusCode)
	}
}

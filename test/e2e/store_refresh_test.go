package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/test/entra"
	"github.com/easyauth-sidecar/easyauth/test/stand"
)

const manyAtOnce = 100

// together asks for one page many times at once, through nginx, with the same
// cookies, and returns the answers by their kind.
func together(t *testing.T, v *visitor, n int, path string) map[string]int {
	t.Helper()
	cookies := v.ticket()
	var mu sync.Mutex
	counts := map[string]int{}
	var all sync.WaitGroup
	for range n {
		all.Go(func() {
			other, client := *v, *v.client
			client.Jar = nil
			other.client = &client
			var kind string
			r, err := other.ask(http.MethodGet, path, joined(page(), http.Header{"Cookie": {cookies}}), "")
			switch {
			case err != nil:
				kind = err.Error()
			case r.status == http.StatusOK:
				e := r.echo(v.t)
				kind = "200 " + e.Headers.Get("X-Injected-Oid") + " " + e.Headers.Get("X-Injected-Roles")
			default:
				kind = fmt.Sprint(r.status)
			}
			mu.Lock()
			defer mu.Unlock()
			counts[kind]++
		})
	}
	all.Wait()
	return counts
}

// expiring signs somebody in with an access token that has ended when it returns; the
// next one lasts. Both EasyAuths know the session.
func expiring(t *testing.T, s *stand.Stand, user string) *visitor {
	t.Helper()
	const life = 2 * time.Second
	for range 10 {
		before := s.Entra.Refreshes(user)
		s.Entra.SetAccessTokenLifetime(life + time.Second) // expires_in says one second less
		v := signedIn(t, s, user)
		ends := time.Now().Add(life)
		s.Entra.SetAccessTokenLifetime(time.Hour)
		for i := range 2 {
			if r := v.at(i, v.ticket()); r.status != http.StatusAccepted {
				t.Fatalf("replica %d: %d", i, r.status)
			}
		}
		time.Sleep(time.Until(ends) + 50*time.Millisecond)
		if s.Entra.Refreshes(user) == before {
			return v
		}
		// It took so long that the session was due before all this was done.
	}
	t.Fatal("a sign-in takes longer than the life of its access token")
	return nil
}

// 100 requests at once on a session whose access token has ended, over two replicas:
// the provider is asked once, and all of them pass as what it says now.
func TestAttack23OneRefresh(t *testing.T) {
	t.Parallel()
	eachStore(t, func(t *testing.T, k *keeper) {
		// Without the refresh nobody would pass: a stale session is not believed.
		s := start(t, k.replicas(map[string]string{"EASYAUTH_STALE_OK": "0"}))
		v := expiring(t, s, entra.Adele)
		ticket, before := v.cookie(ticketCookie), len(s.Entra.RefreshCalls())
		s.Entra.ChangeUser(entra.Adele, func(u *entra.User) { u.Roles = []string{"Auditor"} })
		hold := s.Entra.HoldTokens("refresh_token")
		go func() {
			if hold.Wait(t.Context(), 1) == nil {
				time.Sleep(300 * time.Millisecond) // the others come meanwhile
			}
			hold.Release()
		}()
		asked := [2]float64{v.metric(0, "easyauth_decisions_total"), v.metric(1, "easyauth_decisions_total")}
		counts := together(t, v, manyAtOnce, "/echo")
		if want := "200 " + entra.AdeleOID + " Auditor"; counts[want] != manyAtOnce {
			t.Errorf("answers: %v, want %d times %s", counts, manyAtOnce, want)
		}
		calls := s.Entra.RefreshCalls()[before:]
		if len(calls) != 1 || calls[0].Status != http.StatusOK || calls[0].User != entra.AdeleOID {
			t.Errorf("refreshes at the provider: %+v", calls)
		}
		attr(t, "requests", manyAtOnce)
		attr(t, "passes", counts["200 "+entra.AdeleOID+" Auditor"])
		attr(t, "refreshes", len(calls))
		for i := range 2 {
			if v.metric(i, "easyauth_decisions_total") == asked[i] || v.metric(i, "easyauth_refreshes_total") == 0 {
				t.Errorf("replica %d took no part: the test proves nothing", i)
			}
		}
		counts, after := together(t, v, 20, "/echo"), len(s.Entra.RefreshCalls())-before
		if counts["200 "+entra.AdeleOID+" Auditor"] != 20 || after != 1 {
			t.Errorf("afterwards: %v, %d refreshes", counts, after)
		}
		if v.cookie(ticketCookie) != ticket {
			t.Error("a refresh changed the cookie")
		}
		for i := range 2 {
			if r := v.at(i, v.ticket()); r.status != http.StatusAccepted || r.header.Get("X-Injected-Roles") != "Auditor" {
				t.Errorf("replica %d: %d with roles %q", i, r.status, r.header.Get("X-Injected-Roles"))
			}
		}
	})
}

// The provider cannot be asked, or says that the session is over: of 100 at once
// none passes, and only the provider's word signs anybody out.
func TestAttack23RefusedRefresh(t *testing.T) {
	t.Parallel()
	eachStore(t, func(t *testing.T, k *keeper) {
		s := start(t, k.replicas(map[string]string{"EASYAUTH_STALE_OK": "0"}))
		v := expiring(t, s, entra.Bob)
		s.Entra.SetFaults(entra.Faults{Refresh: []entra.RefreshFault{{EndpointFault: entra.EndpointFault{Status: http.StatusServiceUnavailable}}}})
		if counts := together(t, v, manyAtOnce, "/api/x"); counts["401"] != manyAtOnce {
			t.Errorf("while the provider fails: %v", counts)
		}
		if r := v.follow(v.get("/echo?unsure")); r.status != http.StatusServiceUnavailable || !strings.Contains(r.body, "You are still signed in") {
			t.Errorf("the page says: %d\n%.400s", r.status, r.body)
		}
		s.Entra.ClearFaults()
		waitUntil(t, "the session to be good again", func() bool { return v.at(0, v.ticket()).status == http.StatusAccepted })

		v = expiring(t, s, entra.Adele)
		kept := v.ticket()
		s.Entra.RevokeSessions(entra.Adele)
		before := s.Entra.Refreshes(entra.AdeleOID)
		if counts := together(t, v, manyAtOnce, "/api/x"); counts["401"] != manyAtOnce {
			t.Errorf("after the provider ended the session: %v", counts)
		}
		if n := s.Entra.Refreshes(entra.AdeleOID) - before; n != 1 {
			t.Errorf("%d refreshes of a session that the provider ended", n)
		}
		for i := range 2 {
			v.refused(i, kept, time.Now())
		}
		r := v.get("/echo?ended")
		if r = v.get(r.header.Get("Location")); r.status != http.StatusFound || !strings.HasPrefix(r.header.Get("Location"), s.Entra.BaseURL()) {
			t.Errorf("login after the end: %d to %.100s", r.status, r.header.Get("Location"))
		}
	})
}

package e2e

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/test/entra"
	"github.com/easyauth-sidecar/easyauth/test/stand"
)

// readiness is /readyz of the first EasyAuth; 0 when nobody answers.
func (v *visitor) readiness() (int, string) {
	r, err := v.ask(http.MethodGet, v.s.Admin+"/readyz", http.Header{"Connection": {"close"}}, "")
	if err != nil {
		return 0, ""
	}
	return r.status, r.body
}

// unavailable checks login's answer while the identity provider is away.
func (v *visitor) unavailable(what string, h http.Header, isPage bool) {
	v.t.Helper()
	r := v.do(http.MethodGet, "/easyauth/login?rd=/not-seen-before", h)
	if seconds, err := strconv.Atoi(r.header.Get("Retry-After")); r.status != http.StatusServiceUnavailable || err != nil || seconds < 1 || r.header.Get("Location") != "" {
		v.t.Errorf("%s: login answers %d, Retry-After %q, Location %q", what, r.status, r.header.Get("Retry-After"), r.header.Get("Location"))
	}
	if isPage {
		if !strings.Contains(r.body, "not available right now") || !strings.Contains(r.body, "Try again") {
			v.t.Errorf("%s: the page says\n%.400s", what, r.body)
		}
		return
	}
	if j := r.told(v.t); j.Error != "idp_unavailable" || j.LoginURL != "" {
		v.t.Errorf("%s: %+v", what, j)
	}
}

func TestAttack22StartsWithoutTheIDP(t *testing.T) {
	t.Parallel()
	cfg := oneHost()
	cfg.EntraStopped = true
	s := start(t, cfg) // returns when /readyz is 200
	v := newVisitor(t, s, entra.Adele)
	if status, body := v.readiness(); status != http.StatusOK || !strings.Contains(body, "identity provider") {
		t.Errorf("/readyz: %d %s", status, body)
	}
	v.unavailable("a page", page(), true)
	v.unavailable("a script", http.Header{"Sec-Fetch-Mode": {"cors"}}, false)
	v.unavailable("a program", http.Header{"Accept": {"*/*"}}, false)
	if r := v.get("/api/x"); r.status != http.StatusUnauthorized {
		t.Errorf("a request without a ticket: %d", r.status)
	}
	if r := v.get("/bad"); r.status != http.StatusForbidden {
		t.Errorf("a broken rule: %d", r.status)
	}
	if r := v.get("/public/echo"); r.status != http.StatusOK {
		t.Errorf("a public page: %d", r.status)
	}
	if err := s.StartEntra(t.Context()); err != nil {
		t.Fatal(err)
	}
	waitUntil(t, "login to recover", func() bool { return v.get("/easyauth/login").status == http.StatusFound })
	if r := v.open("/echo"); r.status != http.StatusOK {
		t.Errorf("a sign-in afterwards: %d\n%.300s", r.status, r.body)
	}
	if status, body := v.readiness(); status != http.StatusOK || strings.Contains(body, "identity provider") {
		t.Errorf("/readyz afterwards: %d %s", status, body)
	}
}

// Tickets pass while the identity provider is away, also at an EasyAuth that
// was started meanwhile.
func TestAttack22TicketsOutliveTheIDP(t *testing.T) {
	t.Parallel()
	s := start(t, oneHost())
	v := signedIn(t, s, entra.Adele)
	ticket := v.cookie(ticketCookie)
	passes := func(when string) {
		t.Helper()
		for _, path := range []string{"/echo", "/api/x", "/api/admin/x"} {
			r := v.get(path)
			if r.status != http.StatusOK || r.echo(t).Headers.Get("X-Injected-Oid") != entra.AdeleOID {
				t.Errorf("%s: %s: %d", when, path, r.status)
			}
		}
		if r := v.get("/easyauth/me"); r.status != http.StatusOK || !strings.Contains(r.body, entra.AdeleOID) {
			t.Errorf("%s: /easyauth/me: %d", when, r.status)
		}
		if v.cookie(ticketCookie) != ticket {
			t.Errorf("%s: the ticket was touched", when)
		}
	}
	passes("before")
	s.StopEntra()
	passes("while it is away")
	// A step-up needs it; what there was stays.
	if r := v.get("/mail"); r.status != http.StatusFound {
		t.Errorf("a page that needs more: %d", r.status)
	}
	if err := s.EasyAuthProcess().Stop(patience); err != nil {
		t.Fatal(err)
	}
	if err := s.RestartEasyAuth(t.Context()); err != nil {
		t.Fatal(err)
	}
	passes("at a new EasyAuth")
	v.unavailable("there", page(), true)
	passes("after a login that failed")
	if err := s.StartEntra(t.Context()); err != nil {
		t.Fatal(err)
	}
	waitUntil(t, "login to recover", func() bool { return v.get("/easyauth/login?retry=1").status == http.StatusFound })
	if r := v.open("/mail"); r.status != http.StatusOK {
		t.Errorf("a page that needs more, afterwards: %d", r.status)
	}
}

// tokenEndpointFails lets a step-up meet a token endpoint that misbehaves: a
// page that says so, and the session of before goes on.
func tokenEndpointFails(t *testing.T, s *stand.Stand, name, page string, fault entra.EndpointFault) {
	t.Helper()
	s.Entra.ClearFaults()
	v := signedIn(t, s, entra.Adele)
	ticket := v.cookie(ticketCookie)
	s.Entra.SetFaults(entra.Faults{Endpoints: map[entra.Endpoint]entra.EndpointFault{entra.EndpointToken: fault}})
	begun := time.Now()
	r := v.open(page)
	if r.status != http.StatusServiceUnavailable || r.header.Get("Retry-After") == "" || !strings.Contains(r.body, "Try again") {
		t.Errorf("%s: %d, Retry-After %q\n%.400s", name, r.status, r.header.Get("Retry-After"), r.body)
	}
	if took := time.Since(begun); took > 25*time.Second {
		t.Errorf("%s: it took %v", name, took)
	}
	if r := v.get("/api/admin/x"); r.status != http.StatusOK || v.cookie(ticketCookie) != ticket {
		t.Errorf("%s: the session of before: %d, same ticket %v", name, r.status, v.cookie(ticketCookie) == ticket)
	}
	s.Entra.ClearFaults()
	if r := v.open(page); r.status != http.StatusOK {
		t.Errorf("%s: without the fault: %d\n%.300s", name, r.status, r.body)
	}
}

func TestAttack22SlowTokenEndpoint(t *testing.T) {
	t.Parallel()
	tokenEndpointFails(t, start(t, oneHost()), "slow", "/mail", entra.EndpointFault{Delay: time.Hour}) // EasyAuth gives up after 10 s
}

func TestAttack22TokenEndpoint(t *testing.T) {
	t.Parallel()
	s := start(t, oneHost())
	pages := 0
	for name, fault := range map[string]entra.EndpointFault{
		"garbage":              {Garbage: true},
		"500":                  {Status: http.StatusInternalServerError},
		"busy":                 {Status: http.StatusTooManyRequests, RetryAfter: 3},
		"drops the connection": {Drop: true},
		"huge":                 {HugeBytes: 64 << 20},
	} {
		tokenEndpointFails(t, s, name, fmt.Sprintf("/tab/%d/", pages), fault) // each needs a scope that was not granted before
		pages++
		// Somebody without a session gets the page too, and no session.
		s.Entra.SetFaults(entra.Faults{Endpoints: map[entra.Endpoint]entra.EndpointFault{entra.EndpointToken: fault}})
		other := newVisitor(t, s, entra.Bob)
		if r := other.open("/echo"); r.status != http.StatusServiceUnavailable || other.cookie(ticketCookie) != "" {
			t.Errorf("%s: a first sign-in: %d", name, r.status)
		}
	}
}

// Graph misbehaves: the sign-in goes on, and the answer says what happened.
func TestAttack22Graph(t *testing.T) {
	t.Parallel()
	s := start(t, oneHost())
	for name, fault := range map[string]entra.EndpointFault{
		"garbage": {Garbage: true}, "503": {Status: http.StatusServiceUnavailable}, "drops the connection": {Drop: true},
	} {
		s.Entra.SetFaults(entra.Faults{Endpoints: map[entra.Endpoint]entra.EndpointFault{entra.EndpointGraph: fault}})
		if r := newVisitor(t, s, entra.Adele).open("/graph"); r.status != http.StatusOK || !strings.Contains(r.body, "error_status") {
			t.Errorf("%s: %d\n%.500s", name, r.status, r.body)
		}
		s.Entra.ClearFaults()
	}
	if r := newVisitor(t, s, entra.Adele).open("/graph"); r.status != http.StatusOK || strings.Contains(r.body, "error_status") || !strings.Contains(r.body, "Retail Manager") {
		t.Errorf("without a fault: %d\n%.500s", r.status, r.body)
	}
}

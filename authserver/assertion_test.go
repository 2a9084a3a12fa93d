package authserver_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver"
	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/headers"
	emulator "github.com/easyauth-sidecar/easyauth/test/entra"
)

func counted(result string) string { return `easyauth_assertions_total{result="` + result + `"}` }

// For whom an identity is signed: app= counts before the default; without both for nobody.
func TestAssertionAudience(t *testing.T) {
	with := newKit(t, signs())
	o := signs()
	o.audience = ""
	without := newKit(t, o)
	for _, tt := range []struct {
		name, query string
		k           *kit
		audience    string // "": there is none
	}{
		{"the default", "", with, orders},
		{"app=", "app=" + payments, with, payments},
		{"app= beside a rule", "role=Admin&app=payments", with, "payments"},
		{"app= without a default", "app=" + payments, without, payments},
		{"neither", "", without, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			good := tt.k.issue(access.Identity{Name: "Adele", Roles: []string{"Admin"}})
			before := tt.k.scrape()
			resp := tt.k.ask("GET", tt.query, nginx(good))
			wellAnswered(t, resp)
			result := "ok"
			if tt.audience == "" {
				result = "no_audience"
				tt.k.unsigned(tt.name, resp.Header)
			} else if c := tt.k.asserted(resp.Header); c.Audience != tt.audience || c.Object != emulator.AdeleOID || c.Tenant != emulator.DefaultTenantID || c.Name != "Adele" || !slices.Equal(c.Roles, []string{"Admin"}) {
				t.Errorf("%+v", c)
			}
			if after := tt.k.scrape(); after.series[counted(result)] != before.series[counted(result)]+1 {
				t.Errorf("%s is not counted", result)
			}
			if overflow := resp.Header.Get("X-Injected-Overflow"); resp.StatusCode != http.StatusAccepted || overflow != "" {
				t.Errorf("%d, overflow %q", resp.StatusCode, overflow)
			}
		})
	}
}

// A token is given out again for the same session and application, and to nobody else.
func TestAssertionIsKept(t *testing.T) {
	k := newKit(t, signs())
	adele, again := k.issue(access.Identity{Roles: []string{"Admin"}}), k.issue(access.Identity{})
	bob := k.issue(access.Identity{Tenant: emulator.DefaultTenantID, Object: emulator.BobOID})
	ask := func(cookies, query string) string {
		t.Helper()
		resp := k.ask("GET", query, nginx(cookies))
		k.asserted(resp.Header)
		return resp.Header.Get(assertionHeader)
	}
	first := ask(adele, "")
	if ask(adele, "") != first || ask(adele, "role=Admin") != first {
		t.Error("signed again for the same session and application")
	}
	seen := map[string]string{first: "the first"}
	for name, ask := range map[string]func() string{
		"another application": func() string { return ask(adele, "app="+payments) }, "another session of the same person": func() string { return ask(again, "") },
		"another person": func() string { return ask(bob, "") },
	} {
		got := ask()
		if before, same := seen[got]; same {
			t.Errorf("%s: the token of %s", name, before)
		}
		seen[got] = name
	}
	k.advance(149 * time.Second)
	if ask(adele, "") != first {
		t.Error("signed again before half of its time")
	}
	k.advance(2 * time.Second)
	if ask(adele, "") == first {
		t.Error("given out with less than half of its time")
	}
}

// The groups that Graph was asked for belong to one request: no other gets a token with
// them, and they are not missing where they were asked for.
func TestAssertionOfBearers(t *testing.T) {
	o := asksForBearers("GroupMember.Read.All")
	key := signs()
	o.signing, o.audience = key.signing, key.audience
	k := newKit(t, o)
	grace, other := k.bearerOf(emulator.Grace), k.bearerOf(emulator.Max)
	kept, seen := "", map[string]bool{}
	for n := range 3 {
		resp := k.ask("GET", "", grace)
		wellAnswered(t, resp)
		token, c := resp.Header.Get(assertionHeader), k.asserted(resp.Header)
		if len(c.Groups) > 0 || !slices.Equal(c.Overflow, []string{"groups"}) || c.Object != emulator.GraceOID {
			t.Errorf("round %d: %+v", n, c)
		}
		if kept != "" && token != kept {
			t.Errorf("round %d: signed again", n)
		}
		kept = token

		resp = k.ask("GET", inAny(250), grace)
		wellAnswered(t, resp)
		token, c = resp.Header.Get(assertionHeader), k.asserted(resp.Header)
		if !slices.Equal(c.Groups, groupIDs(250)) || !slices.Equal(c.Overflow, []string{"groups"}) || c.Object != emulator.GraceOID {
			t.Errorf("round %d, with groups of Graph: %+v", n, c)
		}
		if seen[token] || token == kept {
			t.Errorf("round %d: a token with groups of Graph was kept", n)
		}
		seen[token] = true

		if c := k.asserted(k.ask("GET", "app="+payments, other).Header); c.Object == emulator.GraceOID || c.Audience != payments {
			t.Errorf("round %d: another bearer: %+v", n, c)
		}
	}
}

// What the provider says of somebody now is in the next token, on every replica.
func TestAssertionAfterARefresh(t *testing.T) {
	p := newPair(t, signs())
	b := p.a.signedIn(emulator.Adele)
	first := p.a.asserted(b.check(page, "").Header)
	p.a.idp.ChangeUser(emulator.Adele, func(u *emulator.User) { u.Roles, u.Name = []string{"Reader"}, "Adele Smith" })
	if c := p.a.asserted(b.check(page, "").Header); c.ID != first.ID {
		t.Error("signed again without a reason")
	}
	p.due()
	for _, k := range []*kit{p.a, p.b} {
		if c := k.asserted(b.at(k).check(page, "").Header); !slices.Equal(c.Roles, []string{"Reader"}) || c.Name != "Adele Smith" || c.ID == first.ID {
			t.Errorf("%+v", c)
		}
	}
}

// A refresh within a token's time is seen at once.
func TestAssertionFollowsTheSession(t *testing.T) {
	p := newPair(t, signs())
	b := p.a.signedIn(emulator.Adele)
	p.advance(54 * time.Minute)
	before := p.a.asserted(b.check(page, "").Header)
	p.a.idp.ChangeUser(emulator.Adele, func(u *emulator.User) { u.Roles = nil })
	p.advance(time.Minute + 30*time.Second)
	if c := p.a.asserted(b.check(page, "").Header); c.ID == before.ID || len(c.Roles) > 0 || before.Expires <= p.a.clock().Unix() {
		t.Errorf("before %+v, after %+v", before, c)
	}
}

// Whoever is refused brings no assertion along, whatever the client sends.
func TestNoAssertionOnRefusals(t *testing.T) {
	k := newKit(t, signs())
	good := k.issue(access.Identity{Roles: []string{"Admin"}})
	for _, tt := range []struct {
		name, query, cookies string
		status               int
	}{
		{"nobody", "", "", 401},
		{"nobody, for an application", "app=" + payments, "", 401},
		{"a role is missing", "role=Owner", good, 401},
		{"a scope is missing", "scope=Mail.Read", good, 401},
		{"an application twice", "app=a&app=b", good, 403},
		{"an empty application", "app=", good, 403},
		{"a ticket that does not open", "", k.cookies.Ticket.Name + "=AAAA", 401},
	} {
		h := nginx(tt.cookies, assertionHeader, "the client's", assertionHeader, "the client's", "X_Injected_Assertion", "the client's", "X-Pomerium-Jwt-Assertion", "the client's")
		resp := k.ask("GET", tt.query, h)
		wellAnswered(t, resp)
		if _, there := resp.Header[assertionHeader]; there || resp.StatusCode != tt.status || strings.Contains(fmt.Sprint(resp.Header), "the client's") {
			t.Errorf("%s: %d, %q", tt.name, resp.StatusCode, resp.Header)
		}
	}
	resp := k.ask("GET", "", nginx(good, assertionHeader, "the client's", "X_Injected_Assertion", "the client's"))
	if k.asserted(resp.Header); strings.Contains(fmt.Sprint(resp.Header), "the client's") {
		t.Errorf("what the client sent is in the answer: %q", resp.Header)
	}
	if resp := newKit(t, options{noDiscovery: true}).ask("GET", "app="+payments, nginx("")); resp.StatusCode != http.StatusForbidden {
		t.Errorf("app= where nobody signs: %d", resp.StatusCode)
	}
}

// A fault while it is signed is neither a pass nor the end of a session.
func TestAssertionFails(t *testing.T) {
	k := newKit(t, signs())
	good := k.issue(access.Identity{})
	for at := 1; ; at++ {
		k.mu.Lock()
		k.clockFailsAt = at
		k.mu.Unlock()
		resp := k.ask("GET", fmt.Sprintf("app=app%d", at), nginx(good)) // one that is not kept
		k.mu.Lock()
		reached := k.clockFailsAt == 0
		k.clockFailsAt = 0
		k.mu.Unlock()
		wellAnswered(t, resp)
		if !reached {
			if at < 3 {
				t.Errorf("the clock is read %d times", at-1)
			}
			break
		}
		if resp.StatusCode == http.StatusAccepted {
			k.asserted(resp.Header)
		}
	}
	if resp := k.ask("GET", "", nginx(good)); resp.StatusCode != http.StatusAccepted {
		t.Errorf("afterwards: %d", resp.StatusCode)
	}
}

// What does not fit is named; an identity that cannot be signed passes without.
func TestAssertionOverflow(t *testing.T) {
	many := make([]string, 60)
	for i := range many {
		many[i] = fmt.Sprintf("role-%02d-of-many-and-long-ones", i)
	}
	long := access.Identity{Tenant: emulator.DefaultTenantID, Object: emulator.AdeleOID, Subject: strings.Repeat("s", 255), Claims: []access.Claim{{Name: "sid", Values: []string{strings.Repeat("i", 255)}}}}
	for _, tt := range []struct {
		name, query string
		id          access.Identity
		result      string
		overflow    string // of the token
	}{
		{"all of it", "", access.Identity{Roles: many[:5]}, "ok", "[]"},
		{"many roles", "", access.Identity{Roles: many}, "incomplete", "[roles]"},
		{"nothing but what cannot be left out", "app=" + strings.Repeat("a", 200), long, "too_long", ""},
		{"the same, with less", "app=a", long, "ok", "[]"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			k := newKit(t, signs())
			good := k.issue(tt.id)
			for range 2 { // made, and kept
				before := k.scrape()
				resp := k.ask("GET", tt.query, nginx(good))
				wellAnswered(t, resp)
				if resp.StatusCode != http.StatusAccepted {
					t.Fatal(resp.StatusCode)
				}
				named := slices.Contains(strings.Split(resp.Header.Get("X-Injected-Overflow"), "|"), "assertion")
				if named != (tt.result != "ok") {
					t.Errorf("overflow is %q", resp.Header.Get("X-Injected-Overflow"))
				}
				if tt.overflow == "" {
					k.unsigned(tt.name, resp.Header)
				} else if c := k.asserted(resp.Header); fmt.Sprint(c.Overflow) != tt.overflow || len(resp.Header.Get(assertionHeader)) > headers.AssertionRoom {
					t.Errorf("overflow of the token %q, %d bytes", c.Overflow, len(resp.Header.Get(assertionHeader)))
				}
				if after := k.scrape(); after.series[counted(tt.result)] != before.series[counted(tt.result)]+1 {
					t.Errorf("%s is not counted", tt.result)
				}
			}
		})
	}
}

// The keys are for everybody, where people sign in, and nowhere else.
func TestPublishedKeys(t *testing.T) {
	ask := func(k *kit, method string) *http.Response {
		w := httptest.NewRecorder()
		k.server.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), method, app+jwksPath, nil))
		return w.Result()
	}
	of := func(roles authserver.Roles) options {
		o := signs()
		o.roles, o.noDiscovery = roles, true
		return o
	}
	both, signin, auth := newKit(t, of(authserver.Roles{})), newKit(t, of(authserver.Roles{SignIn: true})), newKit(t, of(authserver.Roles{Auth: true}))
	nobody := newKit(t, options{noDiscovery: true})
	for _, tt := range []struct {
		name, method string
		k            *kit
		status       int
	}{
		{"everything", "GET", both, 200},
		{"the head alone", "HEAD", both, 200},
		{"sign-in alone", "GET", signin, 200},
		{"checks alone", "GET", auth, 404},
		{"nobody signs", "GET", nobody, 404},
		{"written to", "POST", both, 405},
		{"deleted", "DELETE", both, 405},
	} {
		resp := ask(tt.k, tt.method)
		if resp.StatusCode != tt.status || len(resp.Header["Set-Cookie"]) > 0 {
			t.Errorf("%s: %d, %q", tt.name, resp.StatusCode, resp.Header)
		}
		if good := resp.Header.Get("Content-Type") == "application/jwk-set+json" && resp.Header.Get("Cache-Control") == "public, max-age=300" && resp.Header.Get("Etag") != ""; good != (tt.status == 200) {
			t.Errorf("%s: %q", tt.name, resp.Header)
		}
	}
	for _, key := range both.published().Keys {
		if !key.IsPublic() || !key.Valid() || key.Use != "sig" || key.Algorithm != "ES256" {
			t.Errorf("%+v", key)
		}
	}
}

// A token that is kept costs a header, and nothing that is not asked for.
func TestAssertionAllocations(t *testing.T) {
	allocations := func(o options) float64 {
		o.noDiscovery = true
		k := newKit(t, o)
		h := nginx(k.issue(twenty(1)))
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://auth.internal"+authPath, nil)
		r.Header = h
		w := &sink{h: http.Header{}}
		k.server.Log = k.newLog()
		return testing.AllocsPerRun(200, func() {
			clear(w.h)
			k.server.ServeHTTP(w, r)
		})
	}
	without, with := allocations(options{}), allocations(signs())
	if without > 5 || with > without+2 {
		t.Errorf("%v allocations without an assertion, %v with one that is kept", without, with)
	}
	nobody := signs()
	nobody.audience = ""
	if got := allocations(nobody); got > without {
		t.Errorf("%v allocations without an assertion, %v for nobody", without, got)
	}
	t.Logf("%v allocations without an assertion, %v with one", without, with)
}

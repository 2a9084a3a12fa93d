package authserver_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/audit"
	emulator "github.com/easyauth-sidecar/easyauth/test/entra"
)

// events reads an audit stream, and no key that an event does not have. It empties it.
func (l *lockedBuffer) events(t testing.TB) []audit.Event {
	t.Helper()
	var out []audit.Event
	for line := range strings.Lines(l.take()) {
		var e audit.Event
		d := json.NewDecoder(strings.NewReader(line))
		d.DisallowUnknownFields()
		if err := d.Decode(&e); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		if e.Time == "" || e.Audit != audit.Schema {
			t.Errorf("neither time nor schema: %s", line)
		}
		out = append(out, e)
	}
	return out
}

// only is the one event of a kind since the stream was last read.
func (l *lockedBuffer) only(t testing.TB, kind audit.Kind) audit.Event {
	t.Helper()
	all := l.events(t)
	found := slices.DeleteFunc(slices.Clone(all), func(e audit.Event) bool { return e.Event != kind })
	if len(found) != 1 {
		t.Fatalf("%d events %s: %+v", len(found), kind, all)
	}
	return found[0]
}

// proxied are the headers by which a request can be told again.
func proxied(h http.Header) http.Header {
	h["X-Request-Id"], h["X-Real-Ip"] = []string{"req-1"}, []string{"192.0.2.17"}
	h["Traceparent"] = []string{"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}
	return h
}

func isProxied(t testing.TB, e audit.Event) {
	t.Helper()
	if e.RequestID != "req-1" || e.Client != "192.0.2.17" || e.TraceID != "4bf92f3577b34da6a3ce929d0e0e4736" {
		t.Errorf("it cannot be told whose request it is: %+v", e)
	}
}

func isAdele(t testing.TB, e audit.Event) {
	t.Helper()
	if e.User != emulator.AdeleOID || e.Tenant != emulator.DefaultTenantID || e.Issuer != "" {
		t.Errorf("not Adele: %+v", e)
	}
}

func TestAuditOfDecisions(t *testing.T) {
	stream := &lockedBuffer{}
	k := newKit(t, options{bearer: true, audited: stream})
	session := k.issue(access.Identity{Roles: []string{"Reader"}})
	rows := []struct {
		name    string
		query   string
		headers http.Header
		want    *audit.Event // nil: none
	}{
		{"allowed", "role=Reader", nginx(session), nil},
		{"a stranger", "", nginx(""), nil},
		{"a ticket that is none", "", nginx(k.cookies.Ticket.Name + "=x"), nil},
		{"no rule can be read", "roles=Reader", nginx(session), nil},
		{"a role is missing", "role=Admin|Owner&role=Boss", nginx(session), &audit.Event{
			Outcome: "forbid", Reason: "role_missing", Missing: []string{"role Admin|Owner", "role Boss"}, User: emulator.AdeleOID, Tenant: emulator.DefaultTenantID,
		}},
		{"a scope is missing", "scope=Mail.Read&graph=/me?$select=id", nginx(session), &audit.Event{
			Outcome: "step_up", Reason: "scope_missing", Missing: []string{"scope Mail.Read", "graph /me"}, User: emulator.AdeleOID, Tenant: emulator.DefaultTenantID,
		}},
		{"a bearer token that does", "", k.bearerOf(emulator.Adele), nil},
		{"a bearer token that lacks a role", "role=Boss", k.bearerOf(emulator.Adele), &audit.Event{
			Outcome: "forbid", Reason: "role_missing", Missing: []string{"role Boss"}, User: emulator.AdeleOID, Tenant: emulator.DefaultTenantID, Bearer: true,
		}},
		{"a bearer token whose signature does not hold", "", broken(k.bearerOf(emulator.Adele)), &audit.Event{Outcome: "sign_in", Reason: "bearer_invalid", Bearer: true}},
		{"somebody else's token", "", nginx("", "Authorization", "Bearer something"), nil},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			stream.take()
			h := proxied(row.headers)
			h["X-Original-Url"] = []string{app + "/orders/1?code=s3cret"}
			k.ask(http.MethodGet, row.query, h)
			if row.want == nil {
				if all := stream.events(t); len(all) > 0 {
					t.Errorf("%+v", all)
				}
				return
			}
			got := stream.only(t, audit.Denied)
			isProxied(t, got)
			if got.Method != "GET" || got.Host != "app.example.com" || got.Path != "/orders/1" {
				t.Errorf("where: %+v", got)
			}
			if row.want.Reason == "bearer_invalid" { // which of the reasons is told elsewhere
				row.want.Reason = got.Reason
			}
			if got.Outcome != row.want.Outcome || got.Reason != row.want.Reason || got.User != row.want.User || got.Tenant != row.want.Tenant ||
				got.Bearer != row.want.Bearer || !slices.Equal(got.Missing, row.want.Missing) {
				t.Errorf("%+v, want %+v", got, *row.want)
			}
		})
	}
}

// broken is a bearer token with another end.
func broken(h http.Header) http.Header {
	text := h.Get("Authorization")
	h.Set("Authorization", text[:len(text)-6]+"AAAAAA")
	return h
}

// Where the group of a rule could not be asked for nobody was denied.
func TestAuditOfUnsure(t *testing.T) {
	stream := &lockedBuffer{}
	k := newKit(t, options{audited: stream})
	k.ask(http.MethodGet, "group="+emulator.GroupID(1), nginx(k.issue(access.Identity{GroupsUnknown: true, GroupsFailed: true})))
	if all := stream.events(t); len(all) > 0 || k.lastReason() == "" {
		t.Errorf("%+v", all)
	}
}

// The way of a person: signed in, again, out.
func TestAuditOfAVisit(t *testing.T) {
	stream := &lockedBuffer{}
	p := newPair(t, options{audited: stream})
	b := p.a.browser(emulator.Adele)
	if resp := b.open(app+"/orders/1?code=s3cret", ""); resp.StatusCode != http.StatusAccepted {
		t.Fatal(resp.StatusCode)
	}
	in := stream.only(t, audit.SignIn)
	isAdele(t, in)
	if in.How != "interactive" || in.Session != "new" || in.Host != "app.example.com" || in.Path != "/orders/1" || !slices.Contains(in.Roles, "Admin") {
		t.Errorf("%+v", in)
	}
	if ends, err := time.Parse(time.RFC3339, in.Expires); err != nil || !ends.After(p.a.clock()) {
		t.Errorf("expires %q: %v", in.Expires, err)
	}
	back := b.atEntra(b.get(app + basePath + "/login?retry=1&rd=/x").Header.Get("Location"))
	h := proxied(navigation())
	if resp := b.do(http.MethodGet, back, h, nil); resp.StatusCode != http.StatusFound {
		t.Fatal(resp.StatusCode, resp.body)
	}
	again := stream.only(t, audit.SignIn)
	isProxied(t, again)
	if again.Session != "replaced" || again.Path != "/x" {
		t.Errorf("%+v", again)
	}
	b.do(http.MethodGet, logoutURL, proxied(click()), nil)
	out := stream.only(t, audit.SignOut)
	isAdele(t, out)
	isProxied(t, out)
	if out.Via != "logout" || out.Path != basePath+"/logout" {
		t.Errorf("%+v", out)
	}
	b.do(http.MethodGet, logoutURL, click(), nil)
	if all := stream.events(t); len(all) > 0 {
		t.Errorf("nobody signed out: %+v", all)
	}
}

func TestAuditOfRefusedSignIns(t *testing.T) {
	stream := &lockedBuffer{}
	k := newKit(t, options{audited: stream})
	for _, row := range []struct {
		name   string
		come   func(b *browser) *response
		reason string
		path   string
	}{
		{"a state of nobody's", func(b *browser) *response {
			return b.do(http.MethodGet, app+basePath+"/signin-oidc?code=s3cret&state=s3cret", proxied(navigation()), nil)
		}, "state_invalid", "/"},
		{"in another browser", func(b *browser) *response {
			return k.browser("").do(http.MethodGet, b.atEntra(b.toEntra(app+"/orders/1?q=s3cret")), proxied(navigation()), nil)
		}, "browser_mismatch", "/orders/1"},
		{"cancelled", func(b *browser) *response {
			b.cancel, b.user = true, ""
			return b.do(http.MethodGet, b.atEntra(b.toEntra(app+"/orders/1?q=s3cret")), proxied(navigation()), nil)
		}, "cancelled", "/orders/1"},
		{"a host that is not served", func(b *browser) *response {
			return b.do(http.MethodGet, "https://nobody.example.com"+basePath+"/signin-oidc?code=s3cret&state=x", proxied(navigation()), nil)
		}, "host_not_served", basePath + "/signin-oidc"},
	} {
		t.Run(row.name, func(t *testing.T) {
			stream.take()
			resp := row.come(k.browser(emulator.Adele))
			e := stream.only(t, audit.SignInRefused)
			isProxied(t, e)
			if e.Reason != row.reason || e.Status != resp.StatusCode || e.Path != row.path || e.User != "" {
				t.Errorf("%+v; the answer was %d", e, resp.StatusCode)
			}
			if !strings.Contains(resp.body, "req-1") {
				t.Error("the page does not show the request's id")
			}
		})
	}
	b := k.signedIn(emulator.Adele)
	stream.take()
	if resp := b.get(app + basePath + "/signin-oidc?code=x&state=x"); resp.StatusCode != http.StatusFound {
		t.Fatal(resp.StatusCode)
	}
	if all := stream.events(t); len(all) > 0 {
		t.Errorf("a late callback of somebody who is signed in: %+v", all)
	}
}

func TestAuditOfRevocations(t *testing.T) {
	for _, row := range []struct {
		name            string
		end             func(t *testing.T, p *pair, b *browser, sid string)
		scope, by, via  string
		known, signsOut bool
	}{
		{"one of the page", func(t *testing.T, p *pair, b *browser, _ string) {
			other := p.b.signedIn(emulator.Adele)
			b.post(meURL, "same-origin", url.Values{"session": {handleOf(t, other)}})
		}, "one", "person", "me", true, false},
		{"everywhere", func(_ *testing.T, _ *pair, b *browser, _ string) { b.post(logoutURL, "same-origin", everywhere) }, "user", "person", "logout", true, true},
		{"front channel", func(_ *testing.T, p *pair, _ *browser, sid string) { p.a.send("GET", frontPath+"?sid="+sid, nil, "") }, "sid", "provider", "front_channel", false, false},
		{"back channel", func(_ *testing.T, p *pair, _ *browser, sid string) {
			p.a.send("POST", backPath, form, p.a.logoutToken(emulator.Adele, sid))
		}, "sid", "provider", "back_channel", false, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			stream := &lockedBuffer{}
			p := newPair(t, options{audited: stream})
			b := p.a.signedIn(emulator.Adele)
			sid := b.sid()
			stream.take()
			row.end(t, p, b, sid)
			text := stream.String()
			if strings.Contains(text, sid) {
				t.Errorf("the sid is told: %s", text)
			}
			if got := strings.Contains(text, string(audit.SignOut)); got != row.signsOut {
				t.Errorf("a sign-out: %v", got)
			}
			e := stream.only(t, audit.Revoked)
			if e.Scope != row.scope || e.By != row.by || e.Via != row.via || (e.User == emulator.AdeleOID) != row.known {
				t.Errorf("%+v", e)
			}
			if row.by == "provider" { // what has ended ends no second time
				if row.end(t, p, b, sid); len(stream.events(t)) > 0 {
					t.Error("told twice")
				}
			}
		})
	}
}

// handleOf is how the page of its person calls a session.
func handleOf(t *testing.T, b *browser) string {
	t.Helper()
	var me struct {
		Sessions []struct {
			ID      string
			Current bool
		}
	}
	h := http.Header{"Accept": {"application/json"}}
	if err := json.Unmarshal([]byte(b.do(http.MethodGet, meURL, h, nil).body), &me); err != nil {
		t.Fatal(err)
	}
	for _, s := range me.Sessions {
		if s.Current {
			return s.ID
		}
	}
	t.Fatalf("no session of this browser: %+v", me)
	return ""
}

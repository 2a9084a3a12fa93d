package authserver_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver"
	"github.com/easyauth-sidecar/easyauth/authserver/entra"
	"github.com/easyauth-sidecar/easyauth/authserver/session/memstore"
	"github.com/easyauth-sidecar/easyauth/authserver/ticket"
	emulator "github.com/easyauth-sidecar/easyauth/test/entra"
)

const (
	frontPath = basePath + "/frontchannel-logout"
	backPath  = basePath + "/backchannel-logout"
)

// sid is the claim of a browser's session.
func (b *browser) sid() string {
	b.k.t.Helper()
	s, reason, err := b.k.sessions.Read(b.k.t.Context(), http.Header{"Cookie": {b.k.cookies.Ticket.Name + "=" + b.cookie(b.k.cookies.Ticket.Name)}})
	if s == nil {
		b.k.t.Fatal(reason, err)
	}
	return ticket.SID(&s.Identity)
}

// send makes a request without cookies, as a frame or a provider does.
func (k *kit) send(method, target string, h http.Header, body string) *http.Response {
	k.t.Helper()
	r := httptest.NewRequestWithContext(k.t.Context(), method, app+target, strings.NewReader(body))
	maps.Copy(r.Header, h)
	rec := httptest.NewRecorder()
	k.server.ServeHTTP(rec, r)
	return rec.Result()
}

// What a frame of the provider's page asks for, and that the answer never tells.
func TestFrontChannel(t *testing.T) {
	for _, row := range []struct {
		name  string
		query func(sid, iss string) string
		ended bool
	}{
		{"Entra's way", func(sid, _ string) string { return "sid=" + sid }, true},
		{"with iss", func(sid, iss string) string { return "sid=" + sid + "&iss=" + url.QueryEscape(iss) }, true},
		{"something else beside it", func(sid, _ string) string { return "x=1&sid=" + sid }, true},
		{"a foreign iss", func(sid, _ string) string { return "sid=" + sid + "&iss=https://evil.example" }, false},
		{"an empty iss", func(sid, _ string) string { return "sid=" + sid + "&iss=" }, false},
		{"iss twice", func(sid, iss string) string { return "sid=" + sid + strings.Repeat("&iss="+url.QueryEscape(iss), 2) }, false},
		{"sid twice", func(sid, _ string) string { return "sid=" + sid + "&sid=" + sid }, false},
		{"sid and another", func(sid, _ string) string { return "sid=" + sid + "&sid=x" }, false},
		{"no sid", func(string, string) string { return "" }, false},
		{"an empty sid", func(string, string) string { return "sid=" }, false},
		{"an unknown sid", func(string, string) string { return "sid=00000000-0000-4000-8000-000000000000" }, false},
		{"a sid in upper case", func(sid, _ string) string { return "sid=" + strings.ToUpper(sid) + "X" }, false},
		{"a long sid", func(sid, _ string) string { return "sid=" + sid + strings.Repeat("a", 300) }, false},
		{"a malformed query", func(sid, _ string) string { return "sid=" + sid + "%zz" }, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			p := newPair(t, options{})
			b, bob := p.a.signedIn(emulator.Adele), p.a.signedIn(emulator.Bob)
			resp := p.b.send("GET", frontPath+"?"+row.query(b.sid(), p.a.idp.Issuer()), nil, "")
			frontAnswer(t, resp)
			p.passes(t, "the session", b, !row.ended)
			p.passes(t, "another person", bob, true)
			if n := p.b.count("easyauth_signins_total", "step", "frontchannel_logout"); n > 1 {
				t.Errorf("counted %v times", n)
			}
		})
	}
}

// frontAnswer is the one answer that there is.
func frontAnswer(t *testing.T, resp *http.Response) {
	t.Helper()
	want := map[string]string{
		"Cache-Control": "no-cache, no-store", "Pragma": "no-cache", "X-Frame-Options": "", "Set-Cookie": "", "Content-Length": "0",
		"Content-Security-Policy": "default-src 'none'; frame-ancestors *",
	}
	for name, value := range want {
		if got := resp.Header.Get(name); got != value {
			t.Errorf("%s: %q", name, got)
		}
	}
	if resp.StatusCode != http.StatusOK {
		t.Errorf("%d", resp.StatusCode)
	}
}

// The answer is the same when the store is down, and few ask it at once.
func TestFrontChannelFaults(t *testing.T) {
	f := &faultyStore{}
	p := newPair(t, options{faulty: f})
	b := p.a.signedIn(emulator.Adele)
	target := frontPath + "?sid=" + b.sid()
	f.fails("all")
	frontAnswer(t, p.a.send("GET", target, nil, ""))
	f.set(func(string) error { panic("a broken store") })
	frontAnswer(t, p.a.send("GET", target, nil, ""))
	f.set(nil)
	p.passes(t, "nothing has ended", b, true)
	// Many knocks at once do not reach the store at once.
	var mu sync.Mutex
	at, most := 0, 0
	f.set(func(op string) error {
		if op != "list" {
			return nil
		}
		mu.Lock()
		at++
		most = max(most, at)
		mu.Unlock()
		time.Sleep(10 * time.Millisecond)
		mu.Lock()
		at--
		mu.Unlock()
		return nil
	})
	var all sync.WaitGroup
	for n := range 200 {
		all.Go(func() { p.a.send("GET", frontPath+"?sid=guess-"+strconv.Itoa(n), nil, "") })
	}
	all.Wait()
	if most > 32 || most < 2 {
		t.Errorf("%d at once", most)
	}
	p.passes(t, "nothing has ended", b, true)
	frontAnswer(t, p.a.send("GET", target, nil, ""))
	p.passes(t, "the session", b, false)
}

// Both channels are there with a store or a list alone, for their methods alone.
func TestChannelsAreThere(t *testing.T) {
	store := func() options { return options{noDiscovery: true, store: memstore.New("0123456789abcdef", nil)} }
	authOnly := store()
	authOnly.roles = authserver.Roles{Auth: true}
	for _, row := range []struct {
		name, method, path string
		o                  options
		want               int
	}{
		{"front", "GET", frontPath, store(), 200},
		{"front, with a list", "GET", frontPath, options{noDiscovery: true, revoked: memstore.NewLog(nil)}, 200},
		{"front, with nothing", "GET", frontPath, options{noDiscovery: true}, 404},
		{"front, by a form", "POST", frontPath, store(), 405},
		{"front, where auth alone is served", "GET", frontPath, authOnly, 404},
		{"back", "POST", backPath, store(), 400},
		{"back, with a list", "POST", backPath, options{noDiscovery: true, revoked: memstore.NewLog(nil)}, 400},
		{"back, with nothing", "POST", backPath, options{noDiscovery: true}, 404},
		{"back, opened", "GET", backPath, store(), 405},
		{"back, where auth alone is served", "POST", backPath, authOnly, 404},
	} {
		k := newKit(t, row.o)
		if resp := k.send(row.method, row.path, nil, ""); resp.StatusCode != row.want {
			t.Errorf("%s: %d, want %d", row.name, resp.StatusCode, row.want)
		}
	}
}

// In cookie mode only a sid of a session that exists is put on the list.
func TestFrontChannelInCookies(t *testing.T) {
	k, log := newListKit(t)
	b := k.signedIn(emulator.Adele)
	sid := b.sid()
	k.advance(time.Second)
	for _, query := range []string{"sid=unknown", "sid=" + sid + "&iss=https://evil.example", "sid=" + sid + "&sid=" + sid} {
		frontAnswer(t, k.send("GET", frontPath+"?"+query, nil, ""))
	}
	if list, _, err := log.Follow(t.Context(), "", time.Millisecond); len(list) != 0 || err != nil {
		t.Errorf("%+v %v", list, err)
	}
	if resp := b.check(page, ""); resp.StatusCode != http.StatusAccepted {
		t.Errorf("%d", resp.StatusCode)
	}
	frontAnswer(t, k.send("GET", frontPath+"?sid="+sid, nil, ""))
	if resp := b.check(page, ""); resp.StatusCode != http.StatusUnauthorized || k.lastReason() != "session_revoked" {
		t.Errorf("%d %s", resp.StatusCode, k.lastReason())
	}
}

// newListKit is a server without a store, whose list of revoked tickets was read.
func newListKit(t *testing.T) (*kit, *memstore.Log) {
	t.Helper()
	log := memstore.NewLog(nil)
	k := newKit(t, options{revoked: log})
	waitFor(t, "the list", k.listRead)
	return k, log
}

// plainPair is a pair at a provider that is not Microsoft's.
func plainPair(t *testing.T, f *faultyStore) *pair {
	return newPair(t, options{faulty: f, emulator: func(c *emulator.Config) { c.Plain = true }, edit: plainParty})
}

func plainParty(c *entra.Config) {
	c.Kind, c.TenantID, c.V1Issuer, c.Scopes = entra.Plain, "", "", nil
}

var form = http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}

// logoutToken is one as the provider posts it, for a user and a sid; either may be empty.
func (k *kit) logoutToken(user, sid string) string {
	k.t.Helper()
	token, err := k.idp.LogoutToken(user, clientID, sid)
	if err != nil {
		k.t.Fatal(err)
	}
	return url.Values{"logout_token": {token}}.Encode()
}

// backAnswer checks an answer of the back channel.
func backAnswer(t testing.TB, what string, resp *http.Response, want int) {
	t.Helper()
	if resp.StatusCode != want || resp.Header.Get("Cache-Control") != "no-store" || len(resp.Header["Set-Cookie"]) != 0 {
		t.Errorf("%s: %d %v, want %d", what, resp.StatusCode, resp.Header, want)
	}
	if want == http.StatusOK {
		return
	}
	var body struct {
		Error       string
		Description string `json:"error_description"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&body); err != nil || body.Description == "" || (body.Error == "invalid_request") != (want == 400) {
		t.Errorf("%s: %+v %v", what, body, err)
	}
	if (resp.Header.Get("Retry-After") != "") != (want == 503) {
		t.Errorf("%s: Retry-After %q", what, resp.Header.Get("Retry-After"))
	}
}

// Whose sessions a logout token ends, on both replicas, and that it counts once.
func TestBackChannel(t *testing.T) {
	for _, row := range []struct {
		name        string
		user        string
		sid         func(b *browser) string
		here, there bool // ended: the browser, the person's other one
	}{
		{"sub and sid", emulator.Adele, (*browser).sid, true, false},
		{"sid alone", "", (*browser).sid, true, false},
		{"sub alone", emulator.Adele, nil, true, true},
		{"another's sub alone", emulator.Grace, nil, false, false},
		{"an unknown sid", emulator.Adele, func(*browser) string { return "unknown" }, false, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			p := plainPair(t, nil)
			b, there, bob := p.a.signedIn(emulator.Adele), p.b.signedIn(emulator.Adele), p.b.signedIn(emulator.Bob)
			sid := ""
			if row.sid != nil {
				sid = row.sid(b)
			}
			token := p.a.logoutToken(row.user, sid)
			backAnswer(t, "the first time", p.b.send("POST", backPath, form, token), 200)
			p.passes(t, "the browser", b, !row.here)
			p.passes(t, "the person's other browser", there, !row.there)
			p.passes(t, "another person", bob, true)
			p.advance(90 * time.Second) // the token is good for two minutes, and speaks of what was before it
			again := p.a.signedIn(emulator.Adele)
			backAnswer(t, "replayed", p.b.send("POST", backPath, form, token), 400)
			backAnswer(t, "replayed at the other replica", p.a.send("POST", backPath, form, token), 400)
			p.passes(t, "a new sign-in", again, true)
		})
	}
}

// Every logout token that is wrong in one way.
func TestBackChannelBadTokens(t *testing.T) {
	p := plainPair(t, nil)
	b := p.a.signedIn(emulator.Adele)
	for _, fault := range emulator.LogoutTokenFaults() {
		p.a.idp.SetFaults(emulator.Faults{LogoutToken: fault})
		backAnswer(t, string(fault), p.a.send("POST", backPath, form, p.a.logoutToken(emulator.Adele, b.sid())), 400)
		if resp := b.check(page, ""); resp.StatusCode != http.StatusAccepted {
			t.Fatalf("%s: the session has ended", fault)
		}
	}
	p.a.idp.ClearFaults()
	good := p.a.logoutToken(emulator.Adele, b.sid())
	idToken, err := p.a.idp.IDToken(emulator.Adele, clientID, "n")
	if err != nil {
		t.Fatal(err)
	}
	token := strings.TrimPrefix(good, "logout_token=")
	for _, row := range []struct {
		name   string
		header http.Header
		body   string
	}{
		{"nothing", form, ""},
		{"another field", form, "token=" + token},
		{"an ID token", form, "logout_token=" + idToken},
		{"twice", form, good + "&" + good},
		{"as JSON", http.Header{"Content-Type": {"application/json"}}, `{"logout_token":"` + token + `"}`},
		{"as a form of files", http.Header{"Content-Type": {"multipart/form-data; boundary=x"}}, good},
		{"without a content type", nil, good},
		{"two content types", http.Header{"Content-Type": {"application/x-www-form-urlencoded, text/plain"}}, good},
		{"too large", form, good + "&x=" + strings.Repeat("a", 64<<10)},
		{"malformed", form, good + "&%zz"},
	} {
		backAnswer(t, row.name, p.a.send("POST", backPath, row.header, row.body), 400)
	}
	backAnswer(t, "in the address", p.a.send("POST", backPath+"?"+good, form, ""), 400)
	p.passes(t, "the session", b, true)
	backAnswer(t, "none of them used it up", p.a.send("POST", backPath, form, good), 200)
	p.passes(t, "the session", b, false)
	if log := p.a.log.String(); strings.Contains(log, token) || strings.Contains(log, "eyJ") {
		t.Error("a token in the log")
	}
}

// The store is down at one of the steps: 503, and the same token does it later.
func TestAttack22BackChannelStoreDown(t *testing.T) {
	for _, op := range []string{"once", "list", "delete", "all"} {
		t.Run(op, func(t *testing.T) {
			f := &faultyStore{}
			p := plainPair(t, f)
			b := p.a.signedIn(emulator.Adele)
			token := p.a.logoutToken(emulator.Adele, b.sid())
			f.fails(op)
			backAnswer(t, "down", p.a.send("POST", backPath, form, token), 503)
			f.set(nil)
			p.passes(t, "the session", b, true)
			backAnswer(t, "again", p.a.send("POST", backPath, form, token), 200)
			p.passes(t, "the session", b, false)
			backAnswer(t, "once more", p.a.send("POST", backPath, form, token), 400)
		})
	}
}

// The provider's keys cannot be had: 503, and the same token does it later.
func TestAttack22BackChannelKeysUnknown(t *testing.T) {
	p := plainPair(t, nil)
	b := p.a.signedIn(emulator.Adele)
	p.a.idp.RotateKeys()
	p.advance(10 * time.Minute) // keys are not fetched more often for an unknown one
	token := p.a.logoutToken(emulator.Adele, b.sid())
	p.a.idp.SetFaults(emulator.Faults{Endpoints: map[emulator.Endpoint]emulator.EndpointFault{emulator.EndpointKeys: {Status: 503}, emulator.EndpointDiscovery: {Status: 503}}})
	backAnswer(t, "no keys", p.a.send("POST", backPath, form, token), 503)
	p.passes(t, "the session", b, true)
	p.a.idp.ClearFaults()
	p.advance(10 * time.Minute)
	token = p.a.logoutToken(emulator.Adele, b.sid())
	backAnswer(t, "again", p.a.send("POST", backPath, form, token), 200)
	p.passes(t, "the session", b, false)
}

// Entra ID's people are tid and oid: a token with sub alone names nobody.
func TestBackChannelOfEntra(t *testing.T) {
	p := newPair(t, options{})
	b := p.a.signedIn(emulator.Adele)
	backAnswer(t, "sub alone", p.a.send("POST", backPath, form, p.a.logoutToken(emulator.Adele, "")), 400)
	p.passes(t, "the session", b, true)
	backAnswer(t, "with sid", p.a.send("POST", backPath, form, p.a.logoutToken(emulator.Adele, b.sid())), 200)
	p.passes(t, "the session", b, false)
}

// The whole way: a person signs out of one application at the provider, which tells
// the other by front and back channel.
func TestSignOutAtTheProvider(t *testing.T) {
	p := plainPair(t, nil)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { p.b.server.ServeHTTP(w, r) }))
	defer server.Close()
	p.a.idp.RegisterBackChannelLogoutURI(clientID, server.URL+backPath)
	one, other := p.a.signedIn(emulator.Adele), p.b.signedIn(emulator.Adele)
	value := one.cookie(p.a.cookies.Ticket.Name)
	target := one.do("GET", logoutURL, click(), nil).Header.Get("Location")
	if q := parse(t, target).Query(); q.Get("id_token_hint") == "" || q.Get("logout_hint") != "" {
		t.Errorf("%v", q)
	}
	if _, err := emulator.SignOut(t.Context(), one.client, target); err != nil {
		t.Fatal(err)
	}
	calls := p.a.idp.LogoutCalls()
	if len(calls) != 1 || calls[0].Status != http.StatusOK {
		t.Fatalf("%+v", calls)
	}
	if last := p.a.idp.LastLogout(); last.Hinted != emulator.AdeleOID || last.HintProblem != "" {
		t.Errorf("%+v", last)
	}
	one.plant(value)
	p.passes(t, "a copy of the cookie", one, false)
	p.passes(t, "the session of another browser at the provider", other, true)
	p.a.idp.LogOutUser(t.Context(), emulator.Adele)
	p.passes(t, "all sessions of the person", other, false)
}

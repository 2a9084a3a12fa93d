package exchange

import (
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/easyauth-sidecar/easyauth/authserver/audit"
)

// events are what was recorded of this kind.
func (k *kit) events(kind audit.Kind) []audit.Event {
	k.t.Helper()
	var out []audit.Event
	for line := range strings.Lines(k.audited.String()) {
		var e audit.Event
		k.must(json.Unmarshal([]byte(line), &e))
		if e.Event == kind {
			out = append(out, e)
		}
	}
	return out
}

func TestEvents(t *testing.T) {
	k := newKit(t, inStore)
	cookies := k.signIn(person())
	issued := k.mustPass("exchange", k.exchange("good"))
	renewed := k.mustPass("refresh", k.refresh(issued.Refresh))
	k.mustPass("classic", k.classic("good"))
	k.mustPass("code", k.redeem(k.code(ask(), cookies)))
	got := k.events(audit.TokenIssued)
	want := []struct{ grant, application string }{
		{"token_exchange", "cli-1"}, {"refresh_token", ""}, {"id_token", "cli-1"}, {"authorization_code", "http://127.0.0.1:8123"},
	}
	if len(got) != len(want) {
		t.Fatalf("%d events", len(got))
	}
	for i, e := range got {
		if e.Grant != want[i].grant || e.Application != want[i].application || e.User != "adele" || e.Tenant != "t" || e.Expires == "" || e.Path != paths().Token || e.RequestID == "" || len(e.Roles) != 1 {
			t.Errorf("%+v", e)
		}
	}
	for _, c := range []*call{
		k.exchange("token_expired"), k.classic("audience_mismatch"), k.refresh(issued.Refresh), k.redeem("x"),
		k.exchange(""), k.exchange("idp_unavailable"), // these two say nothing about a token
	} {
		k.send(c)
	}
	var reasons []string
	for _, e := range k.events(audit.TokenRefused) {
		reasons = append(reasons, e.Grant+" "+e.Reason)
		if e.Status != 400 || (e.User == "adele") != (e.Reason == "token_reused") { // of the others nothing was verified
			t.Errorf("%+v", e)
		}
	}
	if s := strings.Join(reasons, ", "); s != "token_exchange token_expired, id_token audience_mismatch, refresh_token token_reused, authorization_code code_invalid" {
		t.Errorf("%s", s)
	}
	k.send(k.exchange("good")) // to have one that lives: the session of the others has ended
	k.revoke(renewed.Access).do()
	before := len(k.events(audit.Revoked))
	last := k.mustPass("exchange", k.exchange("good:megan"))
	for range 3 { // once is enough
		k.revoke(last.Access).do()
	}
	ended := k.events(audit.Revoked)
	if n := len(ended); n != before+1 || ended[n-1].User != "megan" || ended[n-1].By != "program" || ended[n-1].Via != "token" {
		t.Errorf("%+v", ended)
	}
}

// Whatever happens, nothing that opens anything is in the log or in the audit stream, and
// no error answers with what came.
func TestNothingSecretIsWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKit(t, inStore)
		cookies := k.signIn(person())
		issued := k.mustPass("exchange", k.exchange("good"))
		code := k.code(ask(), cookies)
		link := k.link(ask())
		page := k.confirmation(link, cookies)
		const marked = "S3cretMarker"
		secrets := []string{issued.Access, issued.Refresh, code, linkRequest(t, link), page.form.Get("token"), verifier, marked, cookies, "st 1", "st+1", "st%201"}
		mark := func(c *call) *call { // in every value that a client can send
			for name := range c.form {
				c.form.Add(name, marked)
			}
			c.header.Set("X-Request-Id", "r-1")
			return c
		}
		calls := []*call{
			k.redeem(code), k.redeem(code), k.refresh(issued.Refresh), k.refresh(issued.Refresh), k.whoami(issued.Access), k.revoke(issued.Access),
			mark(k.exchange(marked)), mark(k.redeem(marked)), mark(k.refresh(marked)), mark(k.revoke(marked)), mark(k.classic(marked)),
			k.exchange(marked), k.redeem(marked), k.refresh("ear_" + marked), k.classic(marked), k.whoami("ea_" + marked), k.revoke("ea_" + marked),
			k.press(page, marked, cookies), k.press(page, decisionAllow, cookies), k.open(link, cookies), k.open(link+marked, cookies), k.open(link, ""),
		}
		for _, name := range []string{"grant_type", "subject_token", "subject_token_type", "requested_token_type", "audience", "resource", "scope", "actor_token"} {
			c := k.exchange("good")
			c.form.Set(name, marked)
			calls = append(calls, c)
		}
		for name := range ask() {
			query := ask()
			query.Set(name, marked)
			calls = append(calls, k.login(query))
		}
		broken := k.exchange("good")
		broken.body = "grant_type=%" + marked
		for _, c := range append(calls, broken) {
			w := c.do()
			if w.Code >= 400 && strings.Contains(w.Body.String(), marked) {
				t.Errorf("an error answers with what came: %s", w.Body)
			}
		}
		time.Sleep(time.Hour)
		k.whoami(issued.Access).do()
		for _, text := range []string{k.logs.String(), k.audited.String()} {
			if len(text) < 1000 {
				t.Errorf("only %d bytes were written", len(text))
			}
			for i, secret := range secrets {
				if strings.Contains(text, secret) {
					at := strings.Index(text, secret)
					t.Errorf("secret %d is in %.300s", i, text[max(0, at-150):])
				}
			}
		}
	})
}

func TestCounters(t *testing.T) {
	k := newKit(t, inStore)
	issued := k.mustPass("exchange", k.exchange("good"))
	for _, c := range []*call{
		k.exchange("token_expired"), k.exchange("idp_unavailable"), k.refresh(issued.Refresh), k.refresh(issued.Refresh), k.redeem("x"),
		k.whoami(issued.Access), k.whoami("ea_x"), k.login(ask()), k.login(nil), post(k.h.Token(), paths().Token, nil),
	} {
		k.send(c)
	}
	k.revoke("x").do()
	for _, c := range []*call{k.exchange("good"), k.revoke("x"), k.whoami(issued.Access), k.login(ask())} {
		c.method = http.MethodDelete
		k.send(c)
	}
	for _, c := range []*call{k.exchange("good"), k.revoke("x"), k.whoami(issued.Access), k.login(ask())} {
		c.target = strings.Replace(c.target, appHost, "elsewhere.example.com", 1)
		k.send(c)
	}
	for series, want := range map[string]int{
		`grant="token_exchange",result="ok"`: 1, `grant="token_exchange",result="token_expired"`: 1, `grant="token_exchange",result="idp_unavailable"`: 1,
		`grant="refresh_token",result="ok"`: 1, `grant="refresh_token",result="token_reused"`: 1, `grant="authorization_code",result="code_invalid"`: 1,
		`grant="authorization_code",result="code_used"`: 0, `grant="session",result="session_ended"`: 1, `grant="session",result="token_invalid"`: 1,
		`grant="other",result="bad_request"`: 1, `grant="revoke",result="unknown"`: 1, `grant="id_token",result="rate_limited"`: 0,
		`grant="refresh_token",result="store"`:      0,
		`grant="other",result="method_not_allowed"`: 1, `grant="revoke",result="method_not_allowed"`: 1, `grant="session",result="method_not_allowed"`: 1,
		`grant="other",result="host_not_served"`: 1, `grant="revoke",result="host_not_served"`: 1, `grant="session",result="host_not_served"`: 1,
	} {
		if got, ok := k.counter("easyauth_token_requests_total", series); !ok || got != want {
			t.Errorf("{%s} is %d (%v), want %d", series, got, ok, want)
		}
	}
	for series, want := range map[string]int{`result="ok",step="program_login"`: 1, `result="bad_request",step="program_login"`: 1, `result="method_not_allowed",step="program_login"`: 1, `result="host_not_served",step="program_login"`: 1} {
		if got, ok := k.counter("easyauth_signins_total", series); !ok || got != want {
			t.Errorf("{%s} is %d (%v), want %d", series, got, ok, want)
		}
	}
	for _, step := range []string{"token", "revoke", "session"} {
		for _, result := range []string{"method_not_allowed", "host_not_served"} {
			if n, there := k.counter("easyauth_signins_total", `result="`+result+`",step="`+step+`"`); there {
				t.Errorf("%s of %s is counted as a sign-in: %d", result, step, n)
			}
		}
	}
	if n, err := testutil.GatherAndCount(k.registry, "easyauth_cache_bytes"); err != nil || n == 0 {
		t.Errorf("%d caches, %v", n, err)
	}
}

// What strangers can ask as often as they like is no warning: session and login bring
// nothing that would be judged and counted for them. What is a fault of ours is an error
// everywhere.
func TestLevels(t *testing.T) {
	k := newKit(t, inStore)
	k.h.Log = slog.New(slog.NewJSONHandler(k.logs, &slog.HandlerOptions{Level: slog.LevelDebug}))
	issued := k.mustPass("exchange", k.exchange("good"))
	fails := func(c *call) *call {
		c.target = "https://elsewhere.example.com"
		return c
	}
	link := k.link(ask())
	for _, row := range []struct {
		name, want string
		c          *call
		before     func()
	}{
		{"a token", "INFO", k.exchange("good"), nil},
		{"a token is refused", "WARN", k.exchange("token_expired"), nil},
		{"token at another host", "WARN", fails(k.exchange("good")), nil},
		{"a token, and a panic", "ERROR", k.exchange("panic"), nil},
		{"the provider cannot be asked", "ERROR", k.exchange("idp_unavailable"), nil},
		{"revoke", "INFO", k.revoke("x"), nil},
		{"revoke is refused", "WARN", k.revoke(""), nil},
		{"login", "INFO", k.login(ask()), nil},
		{"login is refused", "INFO", k.login(nil), nil},
		{"login at another host", "INFO", fails(k.login(ask())), nil},
		{"session", "DEBUG", k.whoami(issued.Access), nil},
		{"session of a bad token", "DEBUG", k.whoami("ea_x"), nil},
		{"session of nobody", "DEBUG", k.whoami(""), nil},
		{"session at another host", "DEBUG", fails(k.whoami(issued.Access)), nil},
		{"a link", "INFO", k.open(link, ""), nil},
		{"a bad link", "WARN", k.open(link+"x", ""), nil},
		{"session, and the store cannot be asked", "ERROR", k.whoami(k.mustPass("exchange", k.exchange("good")).Access), func() { k.store.Fail(errors.New("down")) }},
	} {
		if row.before != nil {
			row.before()
		}
		k.logs.reset()
		row.c.do()
		var line struct{ Level string }
		if err := json.Unmarshal([]byte(k.logs.String()), &line); err != nil || line.Level != row.want {
			t.Errorf("%s: %v, %s, want %s", row.name, err, k.logs.String(), row.want)
		}
	}
}

// counter is the value of a series by its labels, in the order of their names.
func (k *kit) counter(name, labels string) (int, bool) {
	k.t.Helper()
	families, err := k.registry.Gather()
	k.must(err)
	for _, f := range families {
		if f.GetName() != name {
			continue
		}
		for _, m := range f.GetMetric() {
			var pairs []string
			for _, l := range m.GetLabel() {
				pairs = append(pairs, l.GetName()+`="`+l.GetValue()+`"`)
			}
			if strings.Join(pairs, ",") == labels {
				return int(m.GetCounter().GetValue()), true
			}
		}
	}
	return 0, false
}

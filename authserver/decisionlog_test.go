package authserver_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/audit"
	emulator "github.com/easyauth-sidecar/easyauth/test/entra"
)

// lines reads a log line by line, and empties it.
func (l *lockedBuffer) lines(t testing.TB) []map[string]any {
	t.Helper()
	var out []map[string]any
	for line := range strings.Lines(l.take()) {
		var entry map[string]any
		if err := json.Unmarshal([]byte(line), &entry); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		out = append(out, entry)
	}
	return out
}

// decision is the last line of a log, which must be a decision's.
func (l *lockedBuffer) decision(t testing.TB) map[string]any {
	t.Helper()
	all := l.lines(t)
	if len(all) == 0 || all[len(all)-1]["msg"] != "auth" {
		t.Fatalf("no decision in %v", all)
	}
	return all[len(all)-1]
}

// Which keys a decision's line has, how loud it is, and whose.
func TestDecisionLine(t *testing.T) {
	k := newKit(t, options{bearer: true})
	always := []string{"time", "level", "msg", "outcome", "reason", "method", "host", "path", "request_id", "trace_id"}
	person := k.issue(access.Identity{})
	for _, row := range []struct {
		name    string
		query   string
		headers http.Header
		level   string
		more    []string
	}{
		{"allow", "", nginx(person), "DEBUG", []string{"user"}},
		{"sign_in", "", nginx(""), "DEBUG", nil},
		{"forbid", "role=Boss", nginx(person), "INFO", []string{"user"}},
		{"step_up", "scope=Mail.Read", nginx(person), "INFO", []string{"user"}},
		{"deny", "roles=Boss", nginx(person), "ERROR", []string{"error", "hint"}},
		{"allow", "", k.bearerOf(emulator.Adele), "DEBUG", []string{"user", "bearer"}},
		{"sign_in", "", broken(k.bearerOf(emulator.Adele)), "DEBUG", []string{"bearer", "error"}},
	} {
		h := proxied(row.headers)
		h["X-Original-Url"] = []string{app + "/orders/1?code=s3cret"}
		k.log.take()
		k.ask("GET", row.query, h)
		line := k.log.decision(t)
		if want, got := slices.Sorted(slices.Values(slices.Concat(always, row.more))), slices.Sorted(maps.Keys(line)); !slices.Equal(got, want) {
			t.Errorf("%s: keys %v, want %v", row.name, got, want)
		}
		if line["outcome"] != row.name || line["level"] != row.level || line["request_id"] != "req-1" || line["trace_id"] != "4bf92f3577b34da6a3ce929d0e0e4736" ||
			line["host"] != "app.example.com" || line["path"] != "/orders/1" || line["method"] != "GET" {
			t.Errorf("%s: %v", row.name, line)
		}
	}
}

// Of the requests that pass a share is logged at info, whatever chance says of each.
func TestShareOfAllows(t *testing.T) {
	chance, asked := 0.0, 0
	random := func() float64 { asked++; return chance }
	for _, row := range []struct {
		share, chance float64
		level         string
	}{
		{0, 0, "DEBUG"},
		{0.25, 0, "INFO"},
		{0.25, 0.2499, "INFO"},
		{0.25, 0.25, "DEBUG"},
		{0.25, 0.9, "DEBUG"},
		{1, 0.9999, "INFO"},
	} {
		k := newKit(t, options{noDiscovery: true, logAllows: row.share, random: random})
		chance, asked = row.chance, 0
		person := k.issue(access.Identity{})
		k.ask("GET", "", nginx(person))
		if line := k.log.decision(t); line["level"] != row.level || line["outcome"] != "allow" {
			t.Errorf("share %v, chance %v: %v", row.share, row.chance, line)
		}
		if (asked > 0) != (row.share > 0) {
			t.Errorf("share %v: chance was asked %d times", row.share, asked)
		}
		k.ask("GET", "", nginx(""))
		if line := k.log.decision(t); line["level"] != "DEBUG" {
			t.Errorf("a stranger, share %v: %v", row.share, line)
		}
	}
}

// A line of the log, an event and a page of one request have one id, also one that we
// made.
func TestOneRequestID(t *testing.T) {
	stream := &lockedBuffer{}
	k := newKit(t, options{audited: stream})
	k.ask("GET", "role=Boss", nginx(k.issue(access.Identity{})))
	if line, event := k.log.decision(t), stream.only(t, audit.Denied); line["request_id"] != event.RequestID || len(event.RequestID) != 16 {
		t.Errorf("%v, %+v", line, event)
	}
	resp := k.browser("").get(app + basePath + "/signin-oidc?state=x&code=y")
	// The provider's keys may be read, and logged, at any moment.
	lines := slices.DeleteFunc(k.log.lines(t), func(line map[string]any) bool { return line["msg"] != "callback" })
	event := stream.only(t, audit.SignInRefused)
	if line := lines[len(lines)-1]; line["request_id"] != event.RequestID || !strings.Contains(resp.body, event.RequestID) {
		t.Errorf("%v, %+v\n%s", line, event, resp.body)
	}
	resp = k.browser("").do(http.MethodGet, meURL, http.Header{"X-Request-Id": {"<script>alert(1)</script>"}, "Accept": {"text/html"}}, nil)
	if strings.Contains(resp.body, "script>alert") {
		t.Errorf("what a client calls its request is on the page: %s", resp.body)
	}
}

// hostile are texts that a client may send, and what none of them may become.
func hostile() []string {
	return []string{
		"x\r\n{\"level\":\"ERROR\",\"msg\":\"forged\"}", "\x1b[31mforged\x1b]0;title\x07", "a\xff\xfe\xed\xa0\x80z", "\u2028forged\u2029\u0085", "\u202eforged\u200b\ufeff",
		`","msg":"forged","x":"`, strings.Repeat("A", 64<<10), strings.Repeat("\x00\u2028", 16<<10),
	}
}

// isHarmless holds for every line that is written.
func isHarmless(t testing.TB, line string, limit int) {
	t.Helper()
	var entry map[string]any
	d := json.NewDecoder(strings.NewReader(line))
	if err := d.Decode(&entry); err != nil || d.More() || entry["msg"] == "forged" {
		t.Errorf("not one line of ours: %v %.500q", err, line)
	}
	if len(line) > limit {
		t.Errorf("%d bytes: %.300q", len(line), line)
	}
	var walk func(key string, value any)
	walk = func(key string, value any) {
		switch v := value.(type) {
		case string:
			limit := audit.MaxText
			if key == "error" || key == "msg" {
				limit = 4 << 10
			}
			if len(v) > limit || strings.ContainsAny(v, "\x00\x07\r\n\x1b\u2028\u2029\u0085\u202e\u200b\ufeff\ufffd") {
				t.Errorf("%s: %.300q (%d bytes)", key, v, len(v))
			}
		case []any:
			for _, x := range v {
				walk(key, x)
			}
		case map[string]any:
			for name, x := range v {
				walk(name, x)
			}
		}
	}
	walk("", entry)
}

// Every text of a line and of an event that comes from a client, or from claims, is
// printable and short.
func TestHostileTexts(t *testing.T) {
	stream := &lockedBuffer{}
	k := newKit(t, options{bearer: true, audited: stream})
	events, lines := 0, 0
	for _, text := range hostile() {
		person := k.issue(access.Identity{Tenant: emulator.DefaultTenantID, Object: text[:min(len(text), 300)], Roles: []string{text[:min(len(text), 300)]}})
		for _, change := range []map[string]string{
			{"X-Original-Url": app + "/" + text},
			{"X-Original-Url": "https://" + text + "/"},
			{"X-Original-Method": text},
			{"X-Request-Id": text},
			{"Traceparent": text},
			{"X-Real-Ip": text},
			{"Authorization": "Bearer " + text},
			{"Authorization": "Bearer eyJhbGciOiJub25lIn0." + text + ".x"},
			{"User-Agent": text, "Referer": text, "X-Forwarded-For": text},
			{"Cookie": k.cookies.Ticket.Name + "=" + text},
		} {
			for _, query := range []string{"", "role=Boss", "role=" + text, text, "graph=" + text} {
				h := nginx(person)
				for name, value := range change {
					h[name] = []string{value}
				}
				k.ask("GET", query, h)
			}
		}
		for _, target := range []string{
			"/signin-oidc?state=" + text, "/login?rd=" + text, "/login?h=" + text, "/logout?rd=" + text, "/signout-callback-oidc?state=" + text, "/me?" + text,
		} {
			path, query, _ := strings.Cut(target, "?")
			for _, host := range []string{"app.example.com", text} {
				h := navigation()
				for _, name := range []string{"X-Request-Id", "Traceparent", "X-Real-Ip", "User-Agent", "Referer"} {
					h[name] = []string{text}
				}
				h["Cookie"] = []string{person}
				k.plain(host, basePath+path, query, h)
			}
		}
		for line := range strings.Lines(k.log.take()) {
			isHarmless(t, line, 12<<10)
			lines++
		}
		for line := range strings.Lines(stream.take()) {
			isHarmless(t, line, 8<<10)
			events++
		}
	}
	if lines < 200 || events < 50 {
		t.Errorf("%d lines and %d events: the test proves nothing", lines, events)
	}
}

// plain sends a GET whose host and query no client library would send.
func (k *kit) plain(host, path, query string, h http.Header) {
	k.t.Helper()
	r := httptest.NewRequestWithContext(k.t.Context(), http.MethodGet, app+path, nil)
	r.Host, r.URL.RawQuery, r.Header = host, query, h
	k.server.ServeHTTP(httptest.NewRecorder(), r)
}

// What Microsoft Graph did wrong in a sign-in is told with the sign-in's id.
func TestLinesBelowASignIn(t *testing.T) {
	k := newKit(t, options{})
	k.idp.SetFaults(emulator.Faults{Endpoints: map[emulator.Endpoint]emulator.EndpointFault{emulator.EndpointGraph: {Status: http.StatusServiceUnavailable}}})
	b := k.browser(emulator.Adele)
	b.check(page, "graph=/me")
	back := b.atEntra(b.get(loginURL(page)).Header.Get("Location"))
	k.log.take()
	b.do(http.MethodGet, back, proxied(navigation()), nil)
	found := false
	for _, line := range k.log.lines(t) {
		if line["msg"] == "graph batch failed" {
			found = line["request_id"] == "req-1" && line["trace_id"] == "4bf92f3577b34da6a3ce929d0e0e4736"
		}
	}
	if !found {
		t.Error("no line of Graph's failure has the sign-in's id")
	}
}

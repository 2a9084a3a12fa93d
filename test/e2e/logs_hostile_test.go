package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/easyauth-sidecar/easyauth/test/entra"
	"github.com/easyauth-sidecar/easyauth/test/logs"
	"github.com/easyauth-sidecar/easyauth/test/stand"
)

// hostileTexts are what a client may send: ends of lines, orders for a terminal, bytes
// that are no text, what turns or hides writing, and too much of anything.
func hostileTexts() []string {
	return []string{
		"s3cret\r\n{\"level\":\"ERROR\",\"msg\":\"forged\"}", "\x1b[31ms3cret\x1b]0;title\x07", "s3cret\xff\xfe\xed\xa0\x80z", "\u2028s3cret\u2029\u0085", "\u202es3cret\u200b\ufeff",
		`s3cret","msg":"forged","x":"`, "s3cret" + strings.Repeat("A", 6000), "s3cret" + strings.Repeat("\u2028", 1500),
	}
}

// lineOfOurs holds for each line on EasyAuth's output, log or event.
func lineOfOurs(t *testing.T, described []*logs.Entry, line string) (event bool) {
	t.Helper()
	var entry map[string]any
	d := json.NewDecoder(strings.NewReader(line))
	if err := d.Decode(&entry); err != nil || d.More() || !utf8.ValidString(line) {
		t.Errorf("not one line: %v %.300q", err, line)
		return false
	}
	_, event = entry["audit"]
	if _, log := entry["msg"]; log == event || entry["msg"] == "forged" {
		t.Errorf("neither line nor event of ours: %.300q", line)
	}
	if strings.Contains(line, "hidden") || strings.Contains(line, "=s3cret") {
		t.Errorf("a query: %.300q", line)
	}
	if !event {
		message, _ := entry["msg"].(string)
		level, _ := entry["level"].(string)
		keys := slices.DeleteFunc(slices.Collect(maps.Keys(entry)), func(key string) bool { return key == "time" || key == "level" || key == "msg" })
		if why := logs.Complaint(described, message, level, keys); why != "" {
			t.Errorf("not as docs/logs.md says: %s: %.300q", why, line)
		}
	}
	for key, value := range entry {
		limit := 256
		if key == "error" || key == "msg" {
			limit = 4 << 10
		}
		if text, ok := value.(string); ok && (len(text) > limit || strings.ContainsAny(text, "\r\n\x00\x07\x1b\u0085\u2028\u2029\u202e\u200b\ufeff\ufffd")) {
			t.Errorf("%s: %d bytes, %.300q", key, len(text), text)
		}
	}
	return event
}

// Whatever clients send in whatever place, the output is lines of JSON, one for each
// thing that happened, and none holds a query.
func TestHostileTextsInLogAndAudit(t *testing.T) {
	t.Parallel()
	cfg := withBearer()
	for name, value := range map[string]string{"EASYAUTH_LOG_LEVEL": "debug", "EASYAUTH_LOG_ALLOWS": "0.5", "EASYAUTH_AUDIT": "stdout"} {
		cfg.Env[name] = value
	}
	s := start(t, cfg)
	v := signedIn(t, s, entra.Bob)
	token := userToken(t, s, entra.Bob)
	for _, text := range hostileTexts() {
		hurt(t, s, v, token, text)
	}
	s.StopEntra() // what cannot be asked is told with the error of the network
	newVisitor(t, s, "").get("/easyauth/login?rd=/s3cret%3fq=hidden&prompt=select_account")
	text, err := os.ReadFile("../../docs/logs.md")
	if err != nil {
		t.Fatal(err)
	}
	described, kinds := logs.Entries(string(text)), map[bool]int{}
	for line := range strings.Lines(s.Log()) {
		kinds[lineOfOurs(t, described, line)]++
	}
	if kinds[false] < 200 || kinds[true] < 30 {
		t.Errorf("%d lines, %d events: the test proves nothing", kinds[false], kinds[true])
	}
}

// hurt sends one text in every place, through nginx and past it.
func hurt(t *testing.T, s *stand.Stand, v *visitor, token, text string) {
	t.Helper()
	escaped := pathEscape(text)
	plain := strings.NewReplacer("\r", "", "\n", "", "\x07", "", "\x1b", "").Replace(text) // what net/http lets into a header
	own := []string{
		"X-Request-Id: " + plain, "Traceparent: " + plain, "X-Real-Ip: " + plain, "User-Agent: " + plain, "Referer: " + plain, "X-Forwarded-For: " + plain, "Accept: text/html",
	}
	cookies := "Cookie: " + v.cookies()
	for _, target := range []string{
		"/api/admin/" + escaped + "?q=hidden" + escaped, "/echo/" + escaped + "?code=hidden", "/easyauth/login?rd=/" + escaped + "%3fq=hidden", "/easyauth/logout?rd=hidden" + escaped, "/easyauth/me?x=" + escaped,
		callbackPath + "?code=" + escaped + "&state=" + escaped, callbackPath + "?error=" + escaped + "&error_description=" + escaped + "&state=" + escaped,
		"/easyauth/frontchannel-logout?sid=" + escaped, "/easyauth/" + escaped,
	} {
		v.raw(v.request("GET "+target+" HTTP/1.1", append(own, cookies)...))
		v.raw(v.request("GET "+target+" HTTP/1.1", own...))
		dialed(t, strings.TrimPrefix(s.EasyAuth, "http://"), "GET "+target+" HTTP/1.1\r\nHost: "+v.host()+"\r\nConnection: close\r\n"+strings.Join(own, "\r\n")+"\r\n"+cookies+"\r\n\r\n")
	}
	for _, h := range [][]string{
		{"X-Original-Url: https://" + v.host() + "/" + plain + "?q=hidden", cookies},
		{"X-Original-Url: https://" + v.host() + "/" + escaped + "?q=hidden", cookies, "X-Original-Method: " + plain},
		{"X-Original-Url: " + plain, cookies},
		{"X-Original-Url: https://" + v.host() + "/" + escaped, "Authorization: Bearer " + token[:len(token)-8] + plain},
		{"X-Original-Url: https://" + v.host() + "/" + escaped, "Authorization: Bearer " + token + "x"},
	} {
		for _, query := range []string{"", "?role=Boss", "?" + escaped, "?role=" + escaped} {
			dialed(t, strings.TrimPrefix(s.EasyAuth, "http://"), "GET /easyauth/auth"+query+" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"+strings.Join(slices.Concat(own, h), "\r\n")+"\r\n\r\n")
		}
	}
	dialed(t, strings.TrimPrefix(s.EasyAuth, "http://"), text+"\r\n\r\n")
	if _, err := v.ask(http.MethodPost, "/easyauth/backchannel-logout", http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, "logout_token="+escaped); err != nil {
		t.Error(err)
	}
}

// pathEscape escapes whatever net/http does not take as it is in a request line.
func pathEscape(text string) string {
	var b strings.Builder
	for i := range len(text) {
		switch c := text[i]; {
		case c <= ' ' || c == 0x7f || c == '?' || c == '#' || c == '&' || c == '%':
			fmt.Fprintf(&b, "%%%02x", c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// host is how the application's host stands in a request.
func (v *visitor) host() string { return fmt.Sprintf("%s:%d", appHost, v.s.Port) }

// Whatever goes wrong with the provider, no line holds an address with a query, or the
// code that was to be redeemed.
func TestErrorsOfCallsHoldNoQuery(t *testing.T) {
	t.Parallel()
	cfg := oneHost()
	cfg.Env = map[string]string{"EASYAUTH_LOG_LEVEL": "debug"}
	s := start(t, cfg)
	told := 0
	for name, fault := range map[string]entra.EndpointFault{
		"refused": {Status: http.StatusBadRequest, Body: `{"error":"invalid_grant","error_description":"AADSTS70000: see https://login.test/x?code=hidden"}`},
		"garbage": {Status: http.StatusOK, Body: "<html>?code=hidden"},
		"down":    {Status: http.StatusBadGateway, Body: "?code=hidden"},
	} {
		s.Entra.ClearFaults()
		v := newVisitor(t, s, entra.Adele)
		back := v.next(v.get(v.next(v.get("/mail?q=hidden"))))
		code := queryOf(t, back, "code")
		s.Entra.SetFaults(entra.Faults{Endpoints: map[entra.Endpoint]entra.EndpointFault{entra.EndpointToken: fault}})
		v.get(back)
		told++
		noQuery(t, name, s, told, code)
	}
	s.Entra.ClearFaults()
	v := newVisitor(t, s, entra.Adele)
	back := v.next(v.get(v.next(v.get("/graph?q=hidden"))))
	s.StopEntra()
	v.get(back)
	noQuery(t, "stopped", s, told+1, queryOf(t, back, "code"))
}

func queryOf(t *testing.T, target, name string) string {
	t.Helper()
	u, err := url.Parse(target)
	if err != nil || len(u.Query().Get(name)) < 20 {
		t.Fatalf("no %s in %q: %v", name, target, err)
	}
	return u.Query().Get(name)
}

// noQuery waits until so many callbacks have failed, and looks for secrets in the log.
func noQuery(t *testing.T, what string, s *stand.Stand, told int, code string) {
	t.Helper()
	waitUntil(t, fmt.Sprintf("%s: %d callbacks that failed, to be in the log", what, told), func() bool { // the line comes after the answer
		failed := 0
		for line := range strings.Lines(s.Log()) {
			if strings.Contains(line, `"msg":"callback"`) && strings.Contains(line, `"error"`) {
				failed++
			}
		}
		return failed >= told
	})
	for line := range strings.Lines(s.Log()) {
		for _, secret := range []string{code, "hidden", "?code", "client_secret", "code_verifier", "$select"} {
			if strings.Contains(line, secret) && !strings.Contains(line, `"level":"ERROR","msg":"auth"`) {
				t.Errorf("%s: %q is in the log: %s", what, secret, line)
			}
		}
	}
}

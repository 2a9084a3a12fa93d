package examples

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/test/entra"
)

// The address and the request id in the audit stream are nginx's, whatever a client says: where EasyAuth is asked, and
// on the sign-in paths.
func TestNginxSaysWhoTheClientIs(t *testing.T) {
	t.Parallel()
	b := startBare(t)
	h := page()
	h.Set("X-Real-IP", "203.0.113.66")
	h.Set("X-Request-ID", "of-the-client")
	at := "https://app.example.com"
	nobody := visit(t, b.port)
	if r := nobody.do(at+"/easyauth/signin-oidc?code=x&state=y", h); r.status != http.StatusBadRequest || strings.Contains(r.body, "of-the-client") {
		t.Errorf("a made-up callback: %d %s", r.status, r.body)
	}
	bob := visit(t, b.port)
	bob.open(at+"/echo", entra.Bob)
	if r := bob.do(at+"/admin/", h); r.status == http.StatusOK {
		t.Errorf("Bob at /admin/: %d", r.status)
	}
	text, err := os.ReadFile(filepath.Join(b.folder, "audit.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	events := map[string]int{}
	for line := range strings.Lines(string(text)) {
		var event struct {
			Event     string `json:"event"`
			Client    string `json:"client"`
			RequestID string `json:"request_id"`
		}
		if err := json.Unmarshal([]byte(line), &event); err != nil {
			t.Fatal(err)
		}
		if event.RequestID == "" { // of no request
			continue
		}
		events[event.Event]++
		if event.Client != "127.0.0.1" || !regexp.MustCompile(`^[0-9a-f]{32}$`).MatchString(event.RequestID) {
			t.Errorf("not nginx's: %s", line)
		}
	}
	if len(events) < 3 {
		t.Errorf("only %v:\n%s", events, text)
	}
}

// What an application may read in another way than nginx is refused, and nothing else is.
func TestNginxRefusesPathsOfTwoReadings(t *testing.T) {
	t.Parallel()
	with, without := visit(t, startBare(t).port), visit(t, startEdited(t, "if ($easyauth_two_readings) {\n            return 400;\n        }\n", "").port)
	for path, refused := range map[string]bool{
		"/public/..;/admin/": true, "/public/..;x=y/admin/": true, "/public/..%3b/admin/": true, "/public/%2e%2e;/admin/": true,
		"/public/..%5cadmin/": true, "/public/..%5Cadmin/": true, "/public/x%5c..%5cy": true, "/public/a;b=c": true,
		"/public/x//y": true, "/public/x/../y": true, "/public/./y": true, "/public/%2e/y": true, "/public/a%2fb": true, "/public/a%252Fb": true,
		"/public/a..b": false, "/public/..a": false, "/public/.well-known/a": false, "/public/a?b=..;c%5cd//e/../f": false, "/public/a%2520b": false, "/public/%C3%BC": false,
	} {
		if r := without.do("https://app.example.com"+path, nil); r.status == http.StatusBadRequest {
			t.Errorf("%s is refused without the guard", path)
		}
		if r := with.do("https://app.example.com"+path, nil); (r.status == http.StatusBadRequest) != refused {
			t.Errorf("%s: %d, and is to be refused: %v", path, r.status, refused)
		}
	}
}

// The stricter rule holds however its path is written.
func TestNginxStricterRuleIgnoresCase(t *testing.T) {
	t.Parallel()
	b := startBare(t)
	bob, adele := visit(t, b.port), visit(t, b.port)
	bob.open("https://app.example.com/echo", entra.Bob)
	adele.open("https://app.example.com/echo", entra.Adele)
	for path, strict := range map[string]bool{"/admin": true, "/admin/": true, "/ADMIN/x": true, "/Admin": true, "/%61dmin/x": true, "/administration": false, "/x/admin/": false} {
		if r := bob.do("https://app.example.com"+path, page()); (r.status == http.StatusOK) == strict {
			t.Errorf("%s without the role: %d", path, r.status)
		}
		if r := adele.do("https://app.example.com"+path, page()); r.status != http.StatusOK {
			t.Errorf("%s with the role: %d", path, r.status)
		}
	}
}

// Nobody outside reaches the questions, nor those of another kind of proxy below the same path.
func TestNginxKeepsQuestionsInside(t *testing.T) {
	t.Parallel()
	const guard = "location ~ ^/easyauth/auth(/|$) {"
	with, without := visit(t, startBare(t).port), visit(t, startEdited(t, guard, "location = /easyauth/auth {").port)
	for _, path := range []string{"/easyauth/auth", "/easyauth/auth?role=Admin", "/easyauth/auth/", "/easyauth/auth/forward", "/easyauth/auth/forward?role=Admin", "/easyauth/%61uth/forward", "/easyauth/auth%3Fx"} {
		if r := with.do("https://app.example.com"+path, page()); r.status != http.StatusNotFound {
			t.Errorf("%s: %d", path, r.status)
		}
	}
	if r := without.do("https://app.example.com/easyauth/auth/forward", page()); r.status == http.StatusNotFound {
		t.Error("with the path of nginx's own questions alone the others are not reached: this test sees nothing")
	}
	if r := with.do("https://app.example.com/easyauth/login?rd=/echo", page()); r.status != http.StatusFound {
		t.Errorf("the sign-in: %d", r.status)
	}
}

// The application is told nginx's own word of where a request came from, and is offered no upgrade but WebSocket.
func TestNginxForwardsItsOwnWord(t *testing.T) {
	t.Parallel()
	b := startBare(t)
	bob := visit(t, b.port)
	bob.open("https://app.example.com/echo", entra.Bob)
	own := map[string]string{
		"X-Forwarded-For": "127.0.0.1", "X-Forwarded-Host": "app.example.com", "X-Forwarded-Proto": "https", "X-Forwarded-Method": "", "X-Forwarded-Port": "",
		"X-Forwarded-Prefix": "", "X-Forwarded-Server": "", "X-Forwarded-Uri": "",
	}
	h := page()
	for name := range own {
		h.Set(name, "evil.test")
	}
	h.Set("Upgrade", "h2c")
	h.Set("HTTP2-Settings", "AAMAAABkAAQAAP__")
	h.Set("Connection", "Upgrade, HTTP2-Settings")
	for _, path := range []string{"/echo", "/public/echo", "/api/echo"} {
		got := bob.do("https://app.example.com"+path, h).echo(t).Headers
		for name, want := range own {
			if host, _, _ := strings.Cut(got.Get(name), ":"); host != want {
				t.Errorf("%s: %s is %q, want %q", path, name, got.Get(name), want)
			}
		}
		if got.Get("Upgrade") != "" || strings.EqualFold(got.Get("Connection"), "upgrade") {
			t.Errorf("%s: the application is offered %q", path, got.Get("Upgrade"))
		}
	}
}

// The server of docs/nginx.md is that of nginx.conf, but for where the certificate lies.
func TestNginxServerIsTheDocuments(t *testing.T) {
	t.Parallel()
	document, err := os.ReadFile(filepath.Join(root, "docs", "nginx.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, conf, _ := strings.Cut(read(t, "nginx/nginx.conf"), "\n    upstream easyauth {")
	conf = strings.TrimSuffix("    upstream easyauth {"+conf, "}\n")
	conf = regexp.MustCompile(`(?m)^    `).ReplaceAllString(conf, "")
	conf = replaced(t, "nginx.conf", conf, "secrets/tls.crt;", "/etc/ssl/app.example.com.pem;", "secrets/tls.key;", "/etc/ssl/app.example.com.key;")
	if len(conf) < 2000 || strings.Count(string(document), "\n```nginx\n"+conf+"```\n") != 1 {
		t.Errorf("docs/nginx.md does not hold this server:\n%s", conf)
	}
}

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

// The line that docs/nginx.md has for applications that read a path in another way refuses these forms, and nothing else.
func TestNginxRefusesPathsOfTwoReadings(t *testing.T) {
	t.Parallel()
	document, err := os.ReadFile(filepath.Join(root, "docs", "nginx.md"))
	if err != nil {
		t.Fatal(err)
	}
	line := regexp.MustCompile("`(if \\(\\$uri ~ [^`]*)`").FindStringSubmatch(string(document))
	if line == nil {
		t.Fatal("docs/nginx.md has no such line")
	}
	with, without := visit(t, startBare(t, line[1]).port), visit(t, startBare(t).port)
	for path, refused := range map[string]bool{
		"/public/..;/admin/": true, "/public/..;x=y/admin/": true, "/public/..%3b/admin/": true, "/public/%2e%2e;/admin/": true,
		"/public/..%5cadmin/": true, "/public/..%5Cadmin/": true, "/public/x%5c..%5cy": true,
		"/public/a;b=c": false, "/public/a..b": false, "/public/a?b=..;c%5cd": false, "/public/a%2520b": false,
	} {
		if r := without.do("https://app.example.com"+path, nil); r.status != http.StatusOK {
			t.Errorf("%s without the line: %d", path, r.status)
		}
		want := http.StatusOK
		if refused {
			want = http.StatusBadRequest
		}
		if r := with.do("https://app.example.com"+path, nil); r.status != want {
			t.Errorf("%s with the line: %d, want %d", path, r.status, want)
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

package e2e

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/test/stand"
)

// quoted are the blocks of one language below a heading of docs/troubleshooting.md.
func quoted(t *testing.T, heading, language string) []string {
	t.Helper()
	text, err := os.ReadFile("../../docs/troubleshooting.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := strings.Cut(string(text), "\n"+heading+"\n")
	if !found {
		t.Fatalf("docs/troubleshooting.md has no %q", heading)
	}
	section = regexp.MustCompile(`(?m)^##`).Split(section, 2)[0]
	var blocks []string
	for _, block := range regexp.MustCompile("(?ms)^```"+language+"\n(.*?)\n```$").FindAllStringSubmatch(section, -1) {
		blocks = append(blocks, block[1])
	}
	if len(blocks) == 0 {
		t.Fatalf("%q quotes no %s", heading, language)
	}
	return blocks
}

// pattern finds a quoted text, in which … stands for anything on one line.
func pattern(quote string) *regexp.Regexp {
	return regexp.MustCompile(strings.ReplaceAll(regexp.QuoteMeta(quote), "…", ".*"))
}

// logged reports whether a line of the log has every member of a quoted one.
func logged(t *testing.T, log, quote string) bool {
	t.Helper()
	var want map[string]any
	if err := json.Unmarshal([]byte(quote), &want); err != nil {
		t.Fatalf("%v: %s", err, quote)
	}
	for line := range strings.Lines(log) {
		var got map[string]any
		if json.Unmarshal([]byte(line), &got) == nil && membersHold(got, want) {
			return true
		}
	}
	return false
}

func membersHold(got, want map[string]any) bool {
	for name, value := range want {
		text, is := value.(string)
		said, both := got[name].(string)
		switch {
		case is && (!both || !regexp.MustCompile("^"+pattern(text).String()+"$").MatchString(said)):
			return false
		case !is && got[name] != value:
			return false
		}
	}
	return true
}

// wantLogged wants the i-th line that a heading quotes to be in EasyAuth's log.
func wantLogged(t *testing.T, s *stand.Stand, heading string, i int) {
	t.Helper()
	quote := quoted(t, heading, "json")[i]
	waitUntil(t, quote, func() bool { return logged(t, s.Log(), quote) })
}

// wantNginx wants the line that a heading quotes to be in nginx's error log.
func wantNginx(t *testing.T, s *stand.Stand, heading string) {
	t.Helper()
	quote := quoted(t, heading, "text")[0]
	waitUntil(t, quote, func() bool { return pattern(quote).MatchString(s.NginxErrors()) })
}

// startForgetful runs nginx with a location that does not say where a request was going.
func startForgetful(t *testing.T, s *stand.Stand) *plainNginx {
	t.Helper()
	dir := t.TempDir()
	short, err := os.MkdirTemp("", "easyauth-") //nolint:usetesting // a socket's path has 107 bytes at most
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(short) }) // a temporary folder
	user := ""
	if os.Geteuid() == 0 {
		user = "user root;"
	}
	n := &plainNginx{socket: filepath.Join(short, "nginx"), host: strings.TrimPrefix(s.URL(appHost, ""), "https://")}
	conf := user + `
daemon off;
worker_processes 1;
pid nginx.pid;
events { worker_connections 64; }
http {
    access_log off;
    client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;
    server {
        listen unix:` + n.socket + `;
        location / { auth_request /ask; } # 404 when it may pass
        location = /ask {
            internal;
            proxy_pass_request_body off;
            proxy_set_header Content-Length "";
            proxy_pass ` + s.EasyAuth + `/easyauth/auth;
        }
    }
}
`
	if err := os.Mkdir(filepath.Join(dir, "logs"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "nginx.conf"), []byte(conf), 0o600); err != nil {
		t.Fatal(err)
	}
	n.run(t, dir)
	return n
}

// forget takes a cookie out of the jar.
func (v *visitor) forget(name string) {
	v.t.Helper()
	u, err := url.Parse(v.url("/"))
	if err != nil {
		v.t.Fatal(err)
	}
	v.client.Jar.SetCookies(u, []*http.Cookie{{Name: name, Path: "/", MaxAge: -1, Secure: true}})
}

package translate

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/test/process"
)

// program finds a program that Debian has.
func program(t *testing.T, name string) string {
	t.Helper()
	for _, dir := range append(filepath.SplitList(os.Getenv("PATH")), "/usr/local/sbin", "/usr/sbin", "/sbin") {
		file := filepath.Join(dir, name)
		if info, err := os.Stat(file); err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			return file
		}
	}
	t.Fatalf("%s is not installed: test/tools/install-dependencies test", name)
	return ""
}

// folder is one of the test's own, with files.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// The programs themselves take what is written for them.
func TestProgramsTakeIt(t *testing.T) {
	for _, name := range goldens() {
		t.Run(name+"/caddy", func(t *testing.T) {
			dir := folder(t, map[string]string{"Caddyfile": golden(t, filepath.Join("testdata", name+".Caddyfile"))})
			run(t, dir, "caddy", "validate", "--adapter", "caddyfile", "--config", filepath.Join(dir, "Caddyfile"))
		})
		t.Run(name+"/haproxy", func(t *testing.T) {
			run(t, haproxyFolder(t, golden(t, filepath.Join("testdata", name+".haproxy.cfg")), asItIs), "haproxy", "-c", "-f", "haproxy.cfg")
		})
	}
}

func run(t *testing.T, dir, name string, args ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	_, err := process.Run(ctx, process.Command{
		Name: name, Program: program(t, name), Args: args, Dir: dir, Env: []string{"HOME=" + dir, "XDG_DATA_HOME=" + dir, "XDG_CONFIG_HOME=" + dir},
	})
	if err != nil {
		t.Fatal(err)
	}
}

// haproxyFolder has a configuration with the script of the documents, and without certificates.
func haproxyFolder(t *testing.T, text string, change func(string) string) string {
	t.Helper()
	script := change(golden(t, "../../examples/haproxy/easyauth.lua"))
	changed := strings.NewReplacer("/etc/haproxy/easyauth.lua", "easyauth.lua", "    bind :443 ssl crt /etc/haproxy/certs/ alpn h2,http/1.1\n", "").Replace(text)
	return folder(t, map[string]string{"haproxy.cfg": changed, "easyauth.lua": script})
}

// get sends one request byte by byte, as no client's library would, and gives the answer's status and body.
func get(t *testing.T, address, target string, headers ...string) (status int, body string) {
	t.Helper()
	conn, err := (&net.Dialer{Timeout: time.Minute}).DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	lines := append([]string{"GET " + target + " HTTP/1.1", "Host: app.example.com", "Connection: close"}, headers...)
	if _, err := io.WriteString(conn, strings.Join(lines, "\r\n")+"\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

// spoofed are headers that nobody but EasyAuth and the proxy may say, in spellings that applications may take for them.
func spoofed() []string {
	list := []string{"X-Rewrite-URL: /a", "Forwarded: host=x", "X-Injected-Unheard-Of: x", "x-injected-ROLES: x"}
	for _, sign := range signs {
		s := string(sign)
		list = append(list, "X"+s+"Injected"+s+"Roles: x", "X-Injected"+s+"Oid: x", "X"+s+"Original"+s+"URL: /open/", "X"+s+"Rewrite"+s+"URL: /open/")
	}
	return list
}

func TestRunning(t *testing.T) {
	for _, to := range []string{"caddy", "haproxy"} {
		t.Run(to, func(t *testing.T) {
			w := newWorld(t)
			address := start(t, w, to, asItIs)
			runRules(t, address)
			runSpoofing(t, address)
			for target, want := range map[string]int{"/easyauth/login": 200, "/easyauth/auth": 404, "/easyauth/auth/forward": 404, "/easyauth/%61uth": 404, "//easyauth/auth": 404} {
				if status, body := get(t, address, target, in); status != want {
					t.Errorf("%s: %d %s", target, status, body)
				}
			}
			w.auth.Close()
			if status, body := get(t, address, "/a", in); status < 400 || strings.Contains(body, "app ") {
				t.Errorf("without EasyAuth: %d %s", status, body)
			}
			if status, _ := get(t, address, "/open/"); status != http.StatusOK {
				t.Errorf("/open/ without EasyAuth: %d", status)
			}
		})
	}
}

func asItIs(script string) string { return script }

// A script that breaks lets nobody in: HAProxy goes on when an action fails.
func TestHAProxyWithABrokenScript(t *testing.T) {
	address := start(t, newWorld(t), "haproxy", func(script string) string {
		broken := strings.Replace(script, "function(txn, endpoint)\n", "function(txn, endpoint)\n\terror('broken')\n", 1)
		if broken == script {
			t.Fatal("the script has another shape")
		}
		return broken
	})
	for _, target := range []string{"/", "/a", "/never"} {
		if status, body := get(t, address, target, in); status != http.StatusServiceUnavailable || strings.Contains(body, "app ") {
			t.Errorf("%s: %d %s", target, status, body)
		}
	}
	if status, _ := get(t, address, "/open/"); status != http.StatusOK {
		t.Errorf("/open/: %d", status)
	}
}

// An EasyAuth that hangs lets nobody in and keeps nobody waiting. The patience of the proxies is shortened for the test.
func TestEasyAuthHangs(t *testing.T) {
	for to, c := range map[string]struct{ was, is string }{
		"caddy":   {"response_header_timeout 10s\n", "response_header_timeout 1s\n"},
		"haproxy": {"patience = 6000 ", "patience = 500 "},
	} {
		t.Run(to, func(t *testing.T) {
			w := newWorld(t)
			address := start(t, w, to, func(text string) string {
				if !strings.Contains(text, c.was) {
					t.Errorf("%q is not in it", c.was) // nothing to shorten: see what happens without
				}
				return strings.ReplaceAll(text, c.was, c.is)
			})
			if status, body := get(t, address, "/a", in); status != http.StatusOK {
				t.Errorf("before it hangs: %d %s", status, body)
			}
			w.hangs.Store(true)
			for _, target := range []string{"/", "/a"} {
				if status, body := get(t, address, target, in); status < 500 || strings.Contains(body, "app ") {
					t.Errorf("%s: %d %s", target, status, body)
				}
			}
			if status, _ := get(t, address, "/open/"); status != http.StatusOK {
				t.Errorf("/open/: %d", status)
			}
		})
	}
}

const in = "Cookie: in=1" // whom the EasyAuth of the world knows

// runRules asks for paths. Of each that passes, the application must say with which rule EasyAuth was asked.
func runRules(t *testing.T, address string) {
	t.Helper()
	asked := func(body, rule string) bool {
		return strings.Contains(body, " X-Injected-Name="+url.QueryEscape(rule+" "))
	}
	for target, rule := range map[string]string{
		"/": "", "/b?role=x": "", "/ab": "", "/open": "", "/A": "", "/OPEN/": "", "/openx": "",
		"/a": "role=Admin", "/a/": "role=Admin", "/a/b?scope=x": "role=Admin", "/%61": "role=Admin", "//a/b": "role=Admin", "/a%2Fb": "role=Admin",
	} {
		if status, body := get(t, address, target, in); status != http.StatusOK || !strings.HasPrefix(body, "app "+target+" ") || !asked(body, rule) {
			t.Errorf("%s: %d %s", target, status, body)
		}
		if status, body := get(t, address, target); status < 300 || strings.Contains(body, "app ") {
			t.Errorf("%s was open: %d %s", target, status, body)
		}
	}
	for _, target := range []string{"/open/../a/b", "/open/%2e%2e/a", "/x/%2E%2E/a/"} { // resolved as nginx does, or refused
		if status, body := get(t, address, target, in); status == http.StatusOK && !asked(body, "role=Admin") {
			t.Errorf("%s: %d %s", target, status, body)
		}
	}
	for _, target := range []string{"/never", "/never/x", "/never?role=x", "/%6eever"} {
		if status, body := get(t, address, target, in); status < 300 || strings.Contains(body, "app ") {
			t.Errorf("%s: %d %s", target, status, body)
		}
	}
	for _, target := range []string{"/open/", "/open/x", "/open/x?role=y"} {
		if status, body := get(t, address, target); status != http.StatusOK || body != "app "+target+" " {
			t.Errorf("%s: %d %s", target, status, body)
		}
	}
}

// runSpoofing sends what clients must not say: on every path the application sees what EasyAuth said, or nothing.
func runSpoofing(t *testing.T, address string) {
	t.Helper()
	headers := append(spoofed(), in)
	if status, body := get(t, address, "/open/", headers...); status != http.StatusOK || body != "app /open/ " {
		t.Errorf("/open/: %d %s", status, body)
	}
	for _, target := range []string{"/a", "/"} {
		status, body := get(t, address, target, headers...)
		for said := range strings.FieldsSeq(strings.TrimPrefix(body, "app "+target)) {
			name, value, _ := strings.Cut(said, "=")
			if !slices.Contains(fixed(), strings.TrimPrefix(strings.ToLower(name), "x-injected-")) || value == "x" || value == "token" {
				t.Errorf("%s: the application got %s", target, said)
			}
		}
		if status != http.StatusOK || !strings.Contains(body, " X-Injected-Oid=me") {
			t.Errorf("%s: %d %s", target, status, body)
		}
	}
}

package main

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/authserver/audit"
	"github.com/easyauth-sidecar/easyauth/test/entra"
	"github.com/easyauth-sidecar/easyauth/test/servers"
)

// signedIn starts a server with more variables and signs Adele in twice, with
// two browsers.
func signedIn(t *testing.T, more map[string]string) (vars map[string]string, browsers []*browser) {
	t.Helper()
	idp, _ := startEntra(t, "127.0.0.1:0")
	vars = with(t, laptop(t, strings.TrimPrefix(idp.BaseURL(), "http://")), more)
	s := start(t, vars)
	for range 2 {
		b := newBrowser(t, s)
		waitFor(t, "discovery", func() bool { return b.login().StatusCode == http.StatusFound })
		b.signIn()
		waitFor(t, "the page to open", b.passes) // the server may not yet have heard who was signed out
		browsers = append(browsers, b)
	}
	return vars, browsers
}

// sessions runs a command that works.
func sessions(t *testing.T, vars map[string]string, args ...string) string {
	t.Helper()
	code, stdout, stderr := execute(t, vars, append([]string{"sessions"}, args...)...)
	if code != exitOK || strings.Contains(stderr, "easyauth sessions") {
		t.Fatalf("sessions %q: exit code %d\n%s%s", args, code, stdout, stderr)
	}
	return stdout
}

// count returns how many sessions a list has.
func count(t *testing.T, vars map[string]string, args ...string) int {
	t.Helper()
	var list []map[string]string
	if err := json.Unmarshal([]byte(sessions(t, vars, append([]string{"list", "--json"}, args...)...)), &list); err != nil {
		t.Fatal(err)
	}
	for _, s := range list {
		if len(s["id"]) != 12 || len(s["user"]) != 12 || s["user"] != list[0]["user"] || s["expires"] <= s["issued"] {
			t.Errorf("a session of the list: %v", s)
		}
	}
	return len(list)
}

func (b *browser) sid() string {
	b.t.Helper()
	sid := b.check().Header.Get("X-Injected-Sid")
	if sid == "" {
		b.t.Fatal("no sid")
	}
	return sid
}

// ended waits until a browser's page opens no more; the server hears of it.
func (b *browser) ended() {
	b.t.Helper()
	waitFor(b.t, "the session to end", func() bool { return b.check().StatusCode == http.StatusUnauthorized })
}

func TestSessionsInRedis(t *testing.T) {
	redis := servers.StartRedis(t, servers.RedisOptions{Password: "p%40ss"})
	vars, browsers := signedIn(t, map[string]string{"EASYAUTH_STORE": "redis", "EASYAUTH_REDIS_URL": redis.URL()})
	sid := browsers[0].sid()
	for _, tt := range []struct {
		args []string
		want int
	}{
		{[]string{"--all"}, 2},
		{[]string{"--user", entra.AdeleOID}, 2},
		{[]string{"--user", entra.DefaultTenantID + "/" + strings.ToUpper(entra.AdeleOID)}, 2},
		{[]string{"--user", wiredTenant + "/" + entra.AdeleOID}, 0},
		{[]string{"--user", wiredGroup}, 0},
		{[]string{"--sid", sid}, 1},
		{[]string{"--sid", sid + "x"}, 0},
	} {
		if got := count(t, vars, tt.args...); got != tt.want {
			t.Errorf("%q: %d sessions, want %d", tt.args, got, tt.want)
		}
	}
	if out := sessions(t, vars, "list", "--all"); strings.Count(out, "\n") != 3 || strings.Contains(out, entra.AdeleOID) {
		t.Errorf("list:\n%s", out)
	}
	if out := sessions(t, vars, "revoke", "--sid", sid+"x"); out != "Revoked 0 sessions.\n" || !browsers[0].passes() {
		t.Errorf("of nobody: %s", out)
	}
	if out := sessions(t, vars, "revoke", "--sid", sid); out != "Revoked 1 session.\n" {
		t.Errorf("by sid: %s", out)
	}
	browsers[0].ended()
	if !browsers[1].passes() || count(t, vars, "--all") != 1 {
		t.Error("the other session has ended, too")
	}
	browsers[0].signIn()
	if out := sessions(t, vars, "revoke", "--user", entra.AdeleOID, "--json"); out != "{\n  \"revoked\": 2\n}\n" {
		t.Errorf("by user: %s", out)
	}
	browsers[0].ended()
	browsers[1].ended()
	browsers[1].signIn()
	if out := sessions(t, vars, "revoke", "--all"); out != "Revoked 1 session.\n" {
		t.Errorf("all: %s", out)
	}
	browsers[1].ended()
	if out := sessions(t, vars, "list", "--all"); out != "No sessions.\n" {
		t.Errorf("in the end: %s", out)
	}
	if code, _, stderr := execute(t, with(t, vars, map[string]string{"EASYAUTH_REDIS_URL": "redis://" + freeAddress(t)}), "sessions", "list", "--all"); code != exitFailed || !strings.Contains(stderr, "the store does not answer") {
		t.Errorf("another Redis: exit code %d\n%s", code, stderr)
	}
}

// With sessions in cookies nobody has a list, but they can be ended.
func TestRevocationsInRedis(t *testing.T) {
	redis := servers.StartRedis(t, servers.RedisOptions{})
	vars, browsers := signedIn(t, map[string]string{"EASYAUTH_REVOCATION": "redis", "EASYAUTH_REDIS_URL": redis.URL()})
	code, stdout, stderr := execute(t, vars, "sessions", "list", "--all")
	if code != exitFailed || stdout != "" || !strings.Contains(stderr, "there is no list of them") {
		t.Errorf("list: exit code %d\n%s%s", code, stdout, stderr)
	}
	if out := sessions(t, vars, "revoke", "--sid", browsers[0].sid()); !strings.HasPrefix(out, "Revoked: ") {
		t.Errorf("by sid: %s", out)
	}
	browsers[0].ended()
	if !browsers[1].passes() {
		t.Error("the other session has ended, too")
	}
	if out := sessions(t, vars, "revoke", "--user", wiredGroup, "--json"); out != "{\n  \"revoked\": null\n}\n" || !browsers[1].passes() {
		t.Errorf("another's: %s", out)
	}
	sessions(t, vars, "revoke", "--user", entra.AdeleOID)
	browsers[1].ended()
	browsers[1].signIn()
	if !browsers[1].passes() {
		t.Error("a new sign-in does not pass")
	}
	sessions(t, vars, "revoke", "--all")
	browsers[1].ended()
}

// A worker alone holds no key, answers no request, and is healthy.
func TestWorkerAlone(t *testing.T) {
	redis := servers.StartRedis(t, servers.RedisOptions{})
	vars := map[string]string{
		"EASYAUTH_STORE": "redis", "EASYAUTH_REDIS_URL": redis.URL(), "EASYAUTH_LISTEN": freeAddress(t), "EASYAUTH_ADMIN_LISTEN": freeAddress(t),
	}
	if code, stdout, stderr := execute(t, vars, "check-config", "--roles=worker"); code != exitOK || stderr != "" {
		t.Fatalf("exit code %d\n%s%s", code, stdout, stderr)
	}
	if code, _, stderr := execute(t, vars, "check-config"); code != exitUsage || !strings.Contains(stderr, "EASYAUTH_KEYS: is required") {
		t.Errorf("with all roles: exit code %d\n%s", code, stderr)
	}
	s := start(t, vars, "--roles=worker")
	if !isClosed(t, vars["EASYAUTH_LISTEN"]) {
		t.Error("somebody listens for requests")
	}
	waitFor(t, "Redis", func() bool { return !strings.Contains(s.get(s.admin, "/readyz", nil).body, "degraded") })
	if code, stdout, stderr := execute(t, vars, "healthcheck"); code != exitOK || stdout != "ok\n" {
		t.Errorf("healthcheck: exit code %d\n%s%s", code, stdout, stderr)
	}
	for variable, value := range map[string]string{"EASYAUTH_STORE": "", "EASYAUTH_REDIS_URL": marker} {
		for _, command := range []string{"check-config", "serve"} {
			code, _, stderr := execute(t, with(t, vars, map[string]string{variable: value}), command, "--roles", "worker")
			if code != exitUsage || !strings.Contains(stderr, "\n"+variable+": ") || strings.Contains(stderr, marker) {
				t.Errorf("%s with another %s: exit code %d\n%s", command, variable, code, stderr)
			}
		}
	}
}

// What an administrator ends is recorded where the server records.
func TestRevocationIsRecorded(t *testing.T) {
	redis := servers.StartRedis(t, servers.RedisOptions{})
	file := filepath.Join(t.TempDir(), "audit.log")
	vars, browsers := signedIn(t, map[string]string{
		"EASYAUTH_STORE": "redis", "EASYAUTH_REDIS_URL": redis.URL(), "EASYAUTH_AUDIT": "file", "EASYAUTH_AUDIT_FILE": file,
	})
	sid := browsers[0].sid()
	sessions(t, vars, "list", "--all")
	sessions(t, vars, "revoke", "--sid", sid)
	sessions(t, vars, "revoke", "--user", entra.AdeleOID)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var revoked []audit.Event
	for line := range strings.Lines(string(text)) {
		var e audit.Event
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		if e.Event == audit.Revoked {
			revoked = append(revoked, e)
		}
	}
	if len(revoked) != 2 || strings.Contains(string(text), sid) {
		t.Fatalf("%s", text)
	}
	for i, want := range []audit.Event{{Scope: "sid"}, {Scope: "user", User: entra.AdeleOID, Tenant: entra.DefaultTenantID}} {
		if e := revoked[i]; e.Scope != want.Scope || e.User != want.User || e.Tenant != want.Tenant || e.By != "operator" || e.Via != "command" || e.Count == nil || *e.Count != 1 {
			t.Errorf("%+v, want %+v", e, want)
		}
	}
	for _, row := range []struct {
		name           string
		args           []string
		stdout, stderr bool // hold the event
	}{
		{"for a person", []string{"revoke", "--all"}, true, false},
		{"for a program", []string{"revoke", "--all", "--json"}, false, true},
		{"nothing was ended", []string{"list", "--all"}, false, false},
	} {
		code, stdout, stderr := execute(t, with(t, vars, map[string]string{"EASYAUTH_AUDIT": "stdout", "EASYAUTH_AUDIT_FILE": ""}), append([]string{"sessions"}, row.args...)...)
		const event = `"event":"revoked","scope":"all"`
		if code != exitOK || strings.Contains(stdout, event) != row.stdout || strings.Contains(stderr, event) != row.stderr {
			t.Errorf("%s: exit code %d\n%s%s", row.name, code, stdout, stderr)
		}
	}
	// It appends to the server's file, and makes none that would be somebody else's.
	folder := t.TempDir()
	for name, path := range map[string]string{"no folder": filepath.Join(folder, "no", "audit.log"), "no file": filepath.Join(folder, "audit.log")} {
		code, stdout, stderr := execute(t, with(t, vars, map[string]string{"EASYAUTH_AUDIT_FILE": path}), "sessions", "revoke", "--all")
		if code != exitOK || stdout != "Revoked 0 sessions.\n" || !strings.Contains(stderr, "not recorded") || !strings.Contains(stderr, "no such file") {
			t.Errorf("%s: exit code %d\n%s%s", name, code, stdout, stderr)
		}
		if _, err := os.Stat(path); err == nil {
			t.Errorf("%s: it was made", name)
		}
	}
}

package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/easyauth-sidecar/easyauth/authserver/audit"
	"github.com/easyauth-sidecar/easyauth/test/entra"
	"github.com/easyauth-sidecar/easyauth/test/stand"
)

// auditing is one host that records events in a file.
func auditing(t *testing.T) (cfg stand.Config, file string) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "audit.log")
	cfg = withBearer()
	cfg.Env["EASYAUTH_AUDIT"], cfg.Env["EASYAUTH_AUDIT_FILE"] = "file", file
	return cfg, file
}

// events reads lines of an audit stream, and no key that an event does not have.
func events(t *testing.T, text string) []audit.Event {
	t.Helper()
	var out []audit.Event
	for line := range strings.Lines(text) {
		var e audit.Event
		d := json.NewDecoder(strings.NewReader(line))
		d.DisallowUnknownFields()
		if err := d.Decode(&e); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		out = append(out, e)
	}
	return out
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func kindsOf(all []audit.Event) []audit.Kind {
	kinds := make([]audit.Kind, 0, len(all))
	for _, e := range all {
		kinds = append(kinds, e.Event)
	}
	return kinds
}

// Whoever reads the file finds what people did, in its order, and which requests
// were theirs.
func TestAuditFile(t *testing.T) {
	t.Parallel()
	cfg, file := auditing(t)
	s := start(t, cfg)
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("%v %v", info, err)
	}
	v := newVisitor(t, s, entra.Bob)
	v.get("/echo") // a stranger
	v.open("/echo?code=s3cret")
	h := page()
	h["X-Request-Id"], h["Traceparent"] = []string{"req-4711"}, []string{"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}
	v.do(http.MethodGet, "/api/admin/x?code=s3cret", h)
	token := userToken(t, s, entra.Bob)
	program(t, s).call("/api/x", token[:len(token)-4]+"AAAA")
	v.get("/easyauth/signin-oidc?code=s3cret&state=s3cret") // signed in: no event
	newVisitor(t, s, "").get("/easyauth/signin-oidc?code=s3cret&state=s3cret")
	v.do(http.MethodGet, "/easyauth/logout", clicked())
	text := read(t, file)
	all := events(t, text)
	if want := []audit.Kind{audit.ConfigurationLoaded, audit.SignIn, audit.Denied, audit.Denied, audit.SignInRefused, audit.SignOut}; !slices.Equal(kindsOf(all), want) {
		t.Fatalf("%v, want %v\n%s", kindsOf(all), want, text)
	}
	for i, want := range []audit.Event{
		1: {Path: "/echo", How: "interactive", Session: "new"}, 2: {Path: "/api/admin/x", Outcome: "forbid", Reason: "role_missing", RequestID: "req-4711", TraceID: "4bf92f3577b34da6a3ce929d0e0e4736"},
		3: {Path: "/api/x", Outcome: "sign_in", Bearer: true}, 4: {Path: "/", Reason: "state_invalid"}, 5: {Path: "/easyauth/logout", Via: "logout"},
	} {
		got := all[i]
		known := i == 1 || i == 2 || i == 5
		if got.Path != want.Path || got.How != want.How || got.Session != want.Session || got.Outcome != want.Outcome || got.Bearer != want.Bearer || got.Via != want.Via ||
			want.Reason != "" && got.Reason != want.Reason || (got.User != "") != known || known && got.Tenant != s.Entra.TenantID() {
			t.Errorf("event %d: %+v, want %+v", i, got, want)
		}
		if i > 0 && (got.Host != fmt.Sprintf("%s:%d", appHost, s.Port) || got.Client != "127.0.0.1" || got.RequestID == "") {
			t.Errorf("event %d: where is not told: %+v", i, got)
		}
		if want.RequestID != "" && (got.RequestID != want.RequestID || got.TraceID != want.TraceID || !strings.Contains(s.Log(), `"request_id":"req-4711","trace_id":"4bf92f3577b34da6a3ce929d0e0e4736"`)) {
			t.Errorf("event %d and the log do not share ids: %+v", i, got)
		}
	}
	for _, secret := range []string{"s3cret", v.cookie(browserCookie), token[len(token)-40:]} {
		if strings.Contains(text, secret) {
			t.Errorf("%q is in the file:\n%s", secret, text)
		}
	}
}

// A file that was moved away is left alone from SIGHUP on, and a new one is made.
func TestAuditFileRotated(t *testing.T) {
	t.Parallel()
	cfg, file := auditing(t)
	s := start(t, cfg)
	v := signedIn(t, s, entra.Bob)
	if err := os.Rename(file, file+".1"); err != nil {
		t.Fatal(err)
	}
	v.get("/api/admin/moved")
	if err := s.EasyAuthProcess().Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	waitUntil(t, "the new file", func() bool {
		_, err := os.Stat(file)
		return err == nil
	})
	v.get("/api/admin/fresh")
	old, fresh := events(t, read(t, file+".1")), events(t, read(t, file))
	if len(old) != 3 || old[2].Path != "/api/admin/moved" || len(fresh) == 0 || fresh[len(fresh)-1].Path != "/api/admin/fresh" {
		t.Errorf("moved away: %+v\nnew: %+v", old, fresh)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info, err)
	}
}

// Where events cannot be written everybody is answered as ever, and it is told.
func TestAuditFileFull(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Fatalf("this system has no /dev/full: %v", err)
	}
	cfg, _ := auditing(t)
	cfg.Env["EASYAUTH_AUDIT_FILE"] = "/dev/full"
	s := start(t, cfg)
	v := signedIn(t, s, entra.Bob)
	for range 3 {
		if r := v.get("/api/admin/x"); r.status != http.StatusForbidden && r.status != http.StatusFound && r.status != http.StatusUnauthorized {
			t.Errorf("denied: %d\n%.300s", r.status, r.body)
		}
	}
	if r := v.get("/echo"); r.status != http.StatusOK {
		t.Errorf("allowed: %d", r.status)
	}
	if n := strings.Count(s.Log(), "audit events cannot be written"); n != 1 {
		t.Errorf("told %d times", n)
	}
	waitUntil(t, "the metric", func() bool { return v.metric(0, "easyauth_audit_failures_total") >= 5 })
}

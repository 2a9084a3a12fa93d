package matrix

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/test/entra"
)

// scripted follows the redirects of an answer as a script's fetch does, and never leaves the host.
func (v *visitor) scripted(r *reply, h http.Header) (*reply, error) {
	v.t.Helper()
	for range 3 {
		if !redirects(r) {
			return r, nil
		}
		to := r.location()
		if to.Host != Host {
			return r, fmt.Errorf("a script is sent to %s", to)
		}
		r = v.do(http.MethodGet, to.String(), h)
	}
	return r, nil
}

// isJSON tells whether an answer is a JSON object with these members.
func (r *reply) isJSON(members ...string) bool {
	var object map[string]any
	if !strings.HasPrefix(r.header.Get("Content-Type"), "application/json") || json.Unmarshal([]byte(r.body), &object) != nil {
		return false
	}
	for _, m := range members {
		if text, is := object[m].(string); !is || text == "" {
			return false
		}
	}
	return true
}

// A script is told by status and JSON, and is not sent to another origin.
func tryXHR(t *testing.T, s *stand) outcome {
	nobody := s.visit(t, entra.Adele)
	first := s.unseen(t, "a script of nobody", func() *reply { return nobody.do(http.MethodGet, "/home", fetch()) })
	last, err := nobody.scripted(first, fetch())
	if err != nil {
		t.Error(err)
	}
	if last.status != http.StatusUnauthorized || !last.isJSON("error", "login_url") {
		return lacks("%s", describe(last))
	}
	bob := s.signedIn(t, entra.Bob)
	if r := bob.do(http.MethodGet, "/home", fetch()); !r.fromApplication() {
		t.Errorf("a script of Bob's: %s", describe(r))
	}
	r := s.unseen(t, "a script without the role", func() *reply { return bob.do(http.MethodGet, "/admin/x", fetch()) })
	if r, err = bob.scripted(r, fetch()); err != nil || r.status != http.StatusForbidden || !r.isJSON("error") {
		return lacks("without the role: %v %s", err, describe(r))
	}
	if first.status != last.status {
		return saw("%d, then %d", first.status, last.status)
	}
	return saw("%d", first.status)
}

// A program with a token of ours passes; one with a broken token is told what is wrong with it.
func tryBearer(t *testing.T, s *stand) outcome {
	token := s.userToken(t, entra.Adele)
	program := s.program(t)
	r := program.do(http.MethodGet, "/api/x", bearing(token))
	if !r.fromApplication() {
		return lacks("%s", describe(r))
	}
	if oid, _ := r.echo(t).Value("X-Injected-Oid"); oid != entra.AdeleOID {
		t.Errorf("the program is %q", oid)
	}
	broken := token[:len(token)-8] + "AAAAAAAA"
	bad := s.unseen(t, "a broken token", func() *reply { return program.do(http.MethodGet, "/api/x", bearing(broken)) })
	challenge := strings.Join(bad.header["Www-Authenticate"], "\n")
	if bad.status != http.StatusUnauthorized || !strings.HasPrefix(challenge, "Bearer ") || !strings.Contains(challenge, `error="invalid_token"`) {
		return lacks("a broken token: %s %q", describe(bad), challenge)
	}
	wrong := s.unseen(t, "a token without the role", func() *reply {
		return program.do(http.MethodGet, "/admin/x", bearing(s.userToken(t, entra.Bob)))
	})
	if passed := program.do(http.MethodGet, "/admin/x", bearing(token)); !passed.fromApplication() {
		t.Errorf("a token with the role: %s; without: %s", describe(passed), describe(wrong))
	}
	return saw("%d; %d", r.status, bad.status)
}

// streaming hides the size of a body.
type streaming struct{ io.Reader }

// A body arrives whole when its sender is signed in, and not at all else.
func tryPost(t *testing.T, s *stand) outcome {
	body := bytes.Repeat([]byte("0123456789abcdef"), 20<<10) // 320 KiB: more than buffers hold
	sum := sha256.Sum256(body)
	h := fetch()
	h["Content-Type"] = []string{"application/octet-stream"}
	adele := s.signedIn(t, entra.Adele)
	var status int
	for _, row := range []struct {
		method string
		body   io.Reader
	}{{http.MethodPost, bytes.NewReader(body)}, {http.MethodPut, streaming{bytes.NewReader(body)}}, {http.MethodPatch, bytes.NewReader(body)}} {
		r, err := adele.ask(row.method, "/home?save=1", h, row.body)
		if err != nil || !r.fromApplication() {
			return lacks("%s: %v %+v", row.method, err, r)
		}
		status = r.status
		if e := r.echo(t); e.Method != row.method || e.Target != "/home?save=1" || e.Body != len(body) || e.Sum != hex.EncodeToString(sum[:]) {
			t.Errorf("%s arrives as %s %s with %d bytes", row.method, e.Method, e.Target, e.Body)
		}
	}
	if r, err := adele.ask(http.MethodDelete, "/home", h, nil); err != nil || r.echo(t).Method != http.MethodDelete {
		t.Errorf("DELETE: %v", err)
	}
	refused := s.unseen(t, "a POST of nobody", func() *reply {
		r, err := s.visit(t, "").ask(http.MethodPost, "/home?save=1", h, strings.NewReader("a=1"))
		if err != nil {
			t.Fatal(err)
		}
		return r
	})
	return saw("%d; %d", status, refused.status)
}

// A WebSocket opens for who is signed in, and carries frames both ways.
func tryWebSocket(t *testing.T, s *stand) outcome {
	adele := s.signedIn(t, entra.Adele)
	ws, status, err := dialSocket(t.Context(), s.place.Listen, "/socket", http.Header{"Cookie": {adele.cookies()}})
	if err != nil || ws == nil {
		return lacks("%v %d", err, status)
	}
	defer func() { _ = ws.conn.Close() }()
	if hello, err := ws.hear(); err != nil || hello != "you are "+entra.AdeleOID {
		t.Errorf("the application says %q: %v", hello, err)
	}
	for _, text := range []string{"one", "two"} {
		if back, err := ws.say(text); err != nil || back != text {
			return lacks("%q comes back as %q: %v", text, back, err)
		}
	}
	var statuses []string
	for _, row := range []struct {
		what, path string
		h          http.Header
	}{
		{"a WebSocket of nobody", "/socket", http.Header{}},
		{"a WebSocket with a cookie of no worth", "/socket", http.Header{"Cookie": {"__Host-easyauth=" + strings.Repeat("A", 200)}}},
		{"a WebSocket without the role", "/admin/socket", http.Header{"Cookie": {s.signedIn(t, entra.Bob).cookies()}}},
	} {
		before := s.app.seen.Load()
		open, status, err := dialSocket(t.Context(), s.place.Listen, row.path, row.h)
		if open != nil || s.app.seen.Load() != before || err != nil || status < 300 {
			t.Errorf("%s: %v %d", row.what, err, status)
			continue
		}
		statuses = append(statuses, fmt.Sprint(status))
	}
	return saw("101; %s", strings.Join(statuses[:min(1, len(statuses))], ""))
}

// Who has signed out is refused, and asked again who it is.
func trySignOut(t *testing.T, s *stand) outcome {
	v := s.signedIn(t, entra.Adele)
	h := page()
	h["Sec-Fetch-Site"], h["Origin"] = []string{"same-origin"}, []string{"https://" + Host}
	if !strings.Contains(v.cookies(), "__Host-easyauth=") {
		t.Errorf("no ticket before: %q", v.cookies())
	}
	r := v.follow(v.do(http.MethodPost, "/easyauth/logout", h))
	if r.status != http.StatusOK || strings.Contains(v.cookies(), "__Host-easyauth=") {
		return lacks("%s; the cookies are %q", describe(r), v.cookies())
	}
	after := s.unseen(t, "after the sign-out", func() *reply { return v.get("/home") })
	return saw("%d, then %d", r.status, after.status)
}

// hangs asks while EasyAuth takes connections and answers nothing.
func (s *stand) hangs(t *testing.T, v *visitor) {
	t.Helper()
	if err := s.auth.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.auth.Signal(syscall.SIGCONT); err != nil {
			t.Fatal(err)
		}
	}()
	stopped(t, s.auth.PID())
	if r, err := v.ask(http.MethodGet, "/home", page(), nil); err != nil || r.status < 400 {
		t.Errorf("while EasyAuth hangs: %v %+v", err, r)
	}
}

// stopped waits until a signal to stop has reached a process: until then it answers.
func stopped(t *testing.T, pid int) {
	t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil || time.Now().After(deadline) {
			t.Fatalf("EasyAuth does not stop: %v %s", err, stat)
		}
		if _, rest, _ := strings.Cut(string(stat), ") "); strings.HasPrefix(rest, "T") {
			return
		}
	}
}

// Without EasyAuth nobody passes, and nobody waits for long.
func tryAuthDown(t *testing.T, s *stand) outcome {
	adele, token := s.signedIn(t, entra.Adele), s.userToken(t, entra.Adele)
	if r := adele.get("/admin/x"); !r.fromApplication() {
		t.Errorf("before: %s", describe(r))
	}
	before := s.app.seen.Load()
	if !s.proxy.Alone {
		s.hangs(t, adele)
	}
	s.down(t)
	asked := []struct {
		v            *visitor
		method, path string
		h            http.Header
		r            *reply
		err          error
	}{
		{v: adele, method: http.MethodGet, path: "/home", h: page()},
		{v: adele, method: http.MethodGet, path: "/admin/x", h: fetch()},
		{v: adele, method: http.MethodPost, path: "/home", h: fetch()},
		{v: s.visit(t, ""), method: http.MethodGet, path: "/home", h: page()},
		{v: s.program(t), method: http.MethodGet, path: "/api/x", h: bearing(token)},
	}
	var all sync.WaitGroup // some proxies try for some seconds
	for i := range asked {
		all.Go(func() { asked[i].r, asked[i].err = asked[i].v.ask(asked[i].method, asked[i].path, asked[i].h, nil) })
	}
	all.Wait()
	cell := "no answer"
	for _, a := range asked {
		switch {
		case a.err != nil && !s.proxy.Alone:
			t.Errorf("%s %s: %v", a.method, a.path, a.err)
		case a.err == nil && a.r.status < 400:
			t.Errorf("%s %s: %s", a.method, a.path, describe(a.r))
		case a.err == nil:
			cell = fmt.Sprint(a.r.status)
		}
	}
	if ws, _, _ := dialSocket(t.Context(), s.place.Listen, "/socket", http.Header{"Cookie": {adele.cookies()}}); ws != nil {
		t.Error("a WebSocket opens")
	}
	if s.app.seen.Load() != before {
		t.Error("the application is asked")
	}
	return saw("%s", cell)
}

package matrix

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/test/entra"
)

// upgrades are header lines that ask for another protocol than WebSocket, or leave it to the reader which one.
func upgrades() map[string][]string {
	const settings = "HTTP2-Settings: AAMAAABkAAQAAP__"
	return map[string][]string{
		"h2c":                     {"Connection: Upgrade, HTTP2-Settings", settings, "Upgrade: h2c"},
		"h2c in capitals":         {"Connection: Upgrade, HTTP2-Settings", settings, "Upgrade: H2C"},
		"h2c without settings":    {"Connection: Upgrade", "Upgrade: h2c"},
		"another":                 {"Connection: Upgrade", "Upgrade: tunnel"},
		"a WebSocket with more":   {"Connection: Upgrade", "Upgrade: websocket/13"},
		"a WebSocket or h2c":      {"Connection: Upgrade, HTTP2-Settings", settings, "Upgrade: websocket, h2c"},
		"h2c or a WebSocket":      {"Connection: Upgrade, HTTP2-Settings", settings, "Upgrade: h2c, websocket"},
		"a WebSocket, then h2c":   {"Connection: Upgrade, HTTP2-Settings", settings, "Upgrade: websocket", "Upgrade: h2c"},
		"h2c, then a WebSocket":   {"Connection: Upgrade, HTTP2-Settings", settings, "Upgrade: h2c", "Upgrade: websocket"},
		"Connection in two lines": {"Connection: HTTP2-Settings", "Connection: Upgrade", settings, "Upgrade: h2c"},
	}
}

// The application, which takes every upgrade that it is offered, is offered WebSocket alone, and no tunnel opens through
// which a client could send requests that nobody judges.
func tryUpgrades(t *testing.T, s *stand) {
	t.Helper()
	adele := s.signedIn(t, entra.Adele)
	for what, lines := range upgrades() {
		if s.proxy.OtherUpgrades && !strings.Contains(strings.ToLower(strings.Join(lines, "\n")), "h2c") {
			continue
		}
		for where, at := range map[string]struct{ path, cookies string }{
			"on a public page": {"/public/x", ""}, "signed in": {"/home", adele.cookies()}, "signed in on a public page": {"/public/x", adele.cookies()},
		} {
			s.app.upgrades.Store("")
			tunnel, err := s.upgrade(t.Context(), at.path, at.cookies, lines)
			if offered := s.app.upgrades.Load(); tunnel || offered != "" && offered != "websocket" {
				t.Errorf("%s, %s: the application is offered %q; a tunnel opens: %v", where, what, offered, tunnel)
			}
			if err != nil {
				t.Errorf("%s, %s: %v", where, what, err)
			}
		}
	}
}

// upgradesWouldArrive shows that what tryUpgrades looks for is there to be seen: a stand that takes nothing out opens a
// tunnel, on a page that nobody is asked for.
func upgradesWouldArrive(t *testing.T, s *stand) {
	t.Helper()
	for _, lines := range upgrades() {
		if tunnel, err := s.upgrade(t.Context(), "/public/x", "", lines); err == nil && tunnel {
			return
		}
	}
	t.Error("without the configuration's lines no tunnel opens: this test sees nothing")
}

// upgrade asks for another protocol, and tells whether a request for a page of an administrator then goes through.
func (s *stand) upgrade(ctx context.Context, path, cookies string, lines []string) (tunnel bool, err error) {
	d := tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true, ServerName: Host, NextProtos: []string{"http/1.1"}}} // of the stand's own making
	conn, err := d.DialContext(ctx, "tcp", s.place.Listen)
	if err != nil {
		return false, err
	}
	defer func() { _ = conn.Close() }()
	if err := conn.SetDeadline(time.Now().Add(requestTimeout)); err != nil {
		return false, err
	}
	if cookies != "" {
		lines = append([]string{"Cookie: " + cookies}, lines...)
	}
	const key = "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" // for who takes it for a WebSocket
	if _, err := fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s\r\n%s%s\r\n\r\n", path, Host, key, strings.Join(lines, "\r\n")); err != nil {
		return false, err
	}
	r := bufio.NewReader(conn)
	resp, err := http.ReadResponse(r, nil)
	if err != nil {
		return false, err
	}
	defer func() { _ = resp.Body.Close() }() // its connection ends
	if resp.StatusCode != http.StatusSwitchingProtocols || strings.EqualFold(resp.Header.Get("Upgrade"), "websocket") {
		return false, nil
	}
	return unjudged(conn, r)
}

// unjudged sends a request with an identity of the client's own through a tunnel, and tells whether it is answered.
func unjudged(conn net.Conn, r *bufio.Reader) (bool, error) {
	if _, err := fmt.Fprintf(conn, "GET /admin/x HTTP/1.1\r\nHost: %s\r\nX-Injected-Roles: Admin\r\nConnection: close\r\n\r\n", Host); err != nil {
		return false, err
	}
	resp, err := http.ReadResponse(r, nil)
	if err != nil {
		return false, err
	}
	return resp.Header.Get("X-Application") == "yes", resp.Body.Close()
}

// A client that calls our headers those of its connection alone does not have them taken away on their way.
func tryConnection(t *testing.T, s *stand) {
	t.Helper()
	bob := s.signedIn(t, entra.Bob)
	for how, spell := range map[string]func(string) string{"as we write them": func(name string) string { return name }, "small": strings.ToLower} {
		var named []string
		for _, name := range identity() {
			named = append(named, spell(name))
		}
		for what, v := range map[string]struct {
			v *visitor
			h http.Header
		}{"signed in": {bob, page()}, "with a token": {s.program(t), bearing(s.userToken(t, entra.Bob))}} {
			v.h["Connection"] = []string{"keep-alive, " + strings.Join(named, ", ")}
			r := v.v.do(http.MethodGet, "/api/x", v.h)
			if !r.fromApplication() {
				t.Errorf("identity headers named in Connection, %s, %s: %s", how, what, describe(r))
				continue
			}
			e := r.echo(t)
			for name, want := range map[string]string{"X-Injected-Oid": entra.BobOID, "X-Injected-Tid": s.idp.TenantID()} {
				if got, ok := e.Value(name); got != want || !ok {
					t.Errorf("named in Connection, %s, %s: %s is %q", how, what, name, e.Values(name))
				}
			}
		}
	}
}

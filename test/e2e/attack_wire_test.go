package e2e

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/test/entra"
)

// frontOf is a front with a page for everybody who is signed in, one that needs a
// role, and EasyAuth's sign-in paths, all of which let connections be upgraded.
func frontOf(t *testing.T, v *visitor, listen string) *front {
	t.Helper()
	const upgrade = "proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $http_connection;"
	const kept = `proxy_http_version 1.1; proxy_set_header Connection "";`
	return startFront(t, v.s, listen, guarded("any", "/any", "", saysWhere+kept, kept)+
		guarded("admin", "/admin", "?role=Admin", saysWhere+kept, kept)+
		guarded("socket", "/socket", "", saysWhere, upgrade)+
		"location /easyauth/login { proxy_set_header Host $http_host;"+upgrade+" proxy_pass http://auth; }")
}

// A client can call any header hop-by-hop. None of nginx's goes away by that, and
// none of the client's own comes in.
func TestAttack31HopByHopHeaders(t *testing.T) {
	t.Parallel()
	s := start(t, oneHost())
	bob := signedIn(t, s, entra.Bob)
	f := frontOf(t, bob, "")
	ticket := "Cookie: " + bob.ticket()
	want := f.one("as usual", f.send(get("/any", ticket))).identity()
	names := append(identityNames(), "X-Original-URL", "X-Original-Method", "Host", "Cookie", "Authorization", "Set-Cookie", "Content-Length", "Transfer-Encoding", "close, x-injected-roles, x-injected-oid")
	for _, name := range names {
		for _, header := range []string{"Connection: ", "Proxy-Connection: ", "Keep-Alive: ", "TE: ", "Connection: keep-alive\r\nConnection: "} {
			lines := []string{header + name, ticket, "X-Injected-Roles: Admin", "X-Injected-Oid: " + entra.AdeleOID}
			text := func(path string, lines ...string) string {
				return "GET " + path + " HTTP/1.1\r\nHost: app.test\r\n" + strings.Join(lines, "\r\n") + "\r\n\r\n" + get("/nowhere")
			}
			what := header + name
			if got := f.one(what, f.send(text("/any", lines...))).identity(); !slices.Equal(got, want) {
				t.Errorf("%s: the application saw\n%s\nwant\n%s", what, strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
			f.none(what+" without the role", f.send(text("/admin", lines...)), http.StatusUnauthorized)
			f.none(what+" without a ticket", f.send(text("/any", header+name)), http.StatusUnauthorized)
		}
	}
}

// Bytes that some server takes for the end of a line, or for no part of a name, and
// headers that come after the body.
func TestAttack32BytesBetweenLines(t *testing.T) {
	t.Parallel()
	s := start(t, oneHost())
	bob := signedIn(t, s, entra.Bob)
	f := frontOf(t, bob, "")
	ticket := "Cookie: " + bob.ticket()
	want := f.one("as usual", f.send(get("/any", ticket))).identity()
	const forged = "X-Injected-Roles: Admin"
	for name, line := range map[string]string{
		"LF": "X-Other: a\n" + forged, "CR": "X-Other: a\r" + forged, "CR CR LF": "X-Other: a\r\r\n" + forged, "NUL": "X-Other: a\x00\r\n" + forged,
		"folded": "X-Other: a\r\n " + forged, "folded with a tab": "X-Other: a\r\n\t" + forged, "folded at once": "X-Other:\r\n " + forged,
		"a blank before the colon": "X-Injected-Roles : Admin", "a tab before the colon": "X-Injected-Roles\t: Admin", "a blank before the name": " " + forged,
		"vertical tab": "\x0bX-Injected-Roles: Admin", "form feed": "X-Injected-Roles\x0c: Admin", "NUL in the name": "X-Injected-Roles\x00: Admin",
		"NUL before the name": "\x00X-Injected-Roles: Admin", "beyond ASCII": "X-Injected-Roles\u00a0: Admin", "another hyphen": "X\u2010Injected\u2010Roles: Admin",
		"NEL": "X-Other: a\u0085" + forged, "line separator": "X-Other: a\u2028" + forged, "no name": ": Admin", "no colon": "X-Injected-Roles Admin",
		"a dot": "X.Injected.Roles: Admin", "an escape": "X%2dInjected%2dRoles: Admin", "in the value of Host": "Host: app.test\n" + forged,
	} {
		answer := f.send(get("/any", ticket, line))
		all := f.reached()
		if statusOf(answer) == http.StatusBadRequest && len(all) == 0 {
			continue // nginx refuses it
		}
		if len(all) != 1 || !slices.Equal(all[0].identity(), want) {
			t.Errorf("%s: the application heard %q, answered %.100q", name, all, answer)
		}
		for _, h := range all {
			for header, values := range h.Headers {
				if plain := strings.ToLower(header); strings.Contains(plain, "injected") && !slices.Contains(identityNames(), plain) && !strings.Contains(plain, "%") && !strings.Contains(plain, ".") {
					t.Errorf("%s: header %q %q", name, header, values)
				}
			}
		}
		f.none(name+" without the role", f.send(get("/admin", ticket, line)), http.StatusUnauthorized, http.StatusBadRequest)
	}
	chunked := func(path, trailers string, lines ...string) string {
		return "POST " + path + " HTTP/1.1\r\nHost: app.test\r\nConnection: close\r\nTransfer-Encoding: chunked\r\nTrailer: X-Injected-Roles, Cookie\r\n" +
			strings.Join(lines, "\r\n") + "\r\n\r\n4\r\nbody\r\n0\r\n" + trailers + "\r\n"
	}
	if h := f.one("trailers", f.send(chunked("/any", forged+"\r\n", ticket))); !slices.Equal(h.identity(), want) || len(h.Trailers["X-Injected-Roles"]) > 0 || h.Body != "body" {
		t.Errorf("trailers: %+v", h)
	}
	f.none("a ticket in the trailers", f.send(chunked("/any", ticket+"\r\n", "X-Other: a")), http.StatusUnauthorized)
}

// Requests within requests: each that reaches the application was checked by itself,
// and what one person is told never goes to another over a connection that is kept.
func TestAttack33SmuggledRequests(t *testing.T) {
	t.Parallel()
	s := start(t, oneHost())
	bob, adele := signedIn(t, s, entra.Bob), signedIn(t, s, entra.Adele)
	f := frontOf(t, bob, "")
	hidden := get("/admin/hidden", "X-Injected-Roles: Admin")
	post := func(lines ...string) string {
		return "POST /any HTTP/1.1\r\nHost: app.test\r\nCookie: " + bob.ticket() + "\r\n" + strings.Join(lines, "\r\n") + "\r\n\r\n"
	}
	smuggled := map[string]string{
		"both lengths":           post("Content-Length: 5", "Transfer-Encoding: chunked") + "0\r\n\r\n" + hidden,
		"chunked, then length":   post("Transfer-Encoding: chunked", fmt.Sprintf("Content-Length: %d", 5+len(hidden))) + "0\r\n\r\n" + hidden,
		"two lengths":            post("Content-Length: 0", fmt.Sprintf("Content-Length: %d", len(hidden))) + hidden,
		"two lengths in one":     post(fmt.Sprintf("Content-Length: 0, %d", len(hidden))) + hidden,
		"a signed length":        post("Content-Length: +0") + hidden,
		"a negative length":      post("Content-Length: -1") + hidden,
		"a length of words":      post("Content-Length: 0x0") + hidden,
		"chunked in disguise":    post("Transfer-Encoding: xchunked", "Content-Length: 0") + hidden,
		"chunked twice":          post("Transfer-Encoding: chunked", "Transfer-Encoding: identity") + "0\r\n\r\n" + hidden,
		"a blank before":         post("Transfer-Encoding : chunked", "Content-Length: 0") + hidden,
		"a chunk extension":      post("Transfer-Encoding: chunked") + "0;a=\n\r\n\r\n" + hidden,
		"a chunk's size too big": post("Transfer-Encoding: chunked") + "fffffffffffffffff\r\n" + hidden,
		"a GET with a body":      "GET /any HTTP/1.1\r\nHost: app.test\r\nCookie: " + bob.ticket() + "\r\nContent-Length: 0\r\n\r\n" + hidden,
		"a body that is asked":   post(fmt.Sprintf("Content-Length: %d", len(hidden))) + hidden + hidden,
		"expected":               post("Expect: 100-continue", "Content-Length: 0") + hidden,
		"one after the other":    post("Content-Length: 0") + hidden,
	}
	want := f.one("as usual", f.send(get("/any", "Cookie: "+bob.ticket()))).identity()
	for name, text := range smuggled {
		answer := f.send(text)
		for _, h := range f.reached() {
			if strings.Contains(h.URI, "hidden") || !slices.Equal(h.identity(), want) {
				t.Errorf("%s: the application heard %+v", name, h)
			}
		}
		if strings.Contains(answer, entra.AdeleOID) {
			t.Errorf("%s: %.500s", name, answer)
		}
	}
	// The sibling: the second of two is served when it may be.
	both := f.send(post("Content-Length: 0") + get("/admin/hidden", "Cookie: "+adele.ticket()))
	if all := f.reached(); len(all) != 2 || all[1].URI != "/admin/hidden" || !slices.Equal(all[0].identity(), want) || all[1].Headers.Get("X-Injected-Oid") != entra.AdeleOID {
		t.Errorf("two in a row: %+v\n%.300s", all, both)
	}
	// nginx keeps its connections to EasyAuth and to the application: many at once, of
	// three people and nobody, with bodies of all kinds.
	type asked struct{ ticket, oid, lines, body string }
	people := []asked{
		{bob.ticket(), entra.BobOID, "", ""},
		{adele.ticket(), entra.AdeleOID, "", ""},
		{"x=y", "", "", ""},
		{bob.ticket(), entra.BobOID, "Content-Length: 9\r\n", "GET / HTT"},
		{adele.ticket(), entra.AdeleOID, "Transfer-Encoding: chunked\r\n", "4\r\nGET \r\n0\r\n\r\n"},
		{"x=y", "", "Content-Length: 9\r\n", "GET / HTT"},
		{adele.ticket(), entra.AdeleOID, "Expect: 100-continue\r\nContent-Length: 4\r\n", "body"},
	}
	var work []string
	for i := range 140 {
		work = append(work, fmt.Sprint(i))
	}
	inParallel(t, bob, work, func(_ *visitor, item string) {
		var i int
		if _, err := fmt.Sscan(item, &i); err != nil {
			t.Error(err)
			return
		}
		p := people[i%len(people)]
		answer := f.send("POST /any/" + item + " HTTP/1.1\r\nHost: app.test\r\nConnection: close\r\nCookie: " + p.ticket + "\r\n" + p.lines + "\r\n" + p.body)
		if p.oid == "" && !strings.HasPrefix(answer, "HTTP/1.1 401 ") || p.oid != "" && (!strings.Contains(answer, p.oid) || !strings.Contains(answer, `"/any/`+item+`"`)) {
			t.Errorf("%+v: %.300s", p, answer)
		}
	})
}

// Upgrades: the handshake is checked as any request, and EasyAuth takes none.
func TestAttack34Upgrades(t *testing.T) {
	t.Parallel()
	s := start(t, oneHost())
	bob := signedIn(t, s, entra.Bob)
	f := frontOf(t, bob, "")
	ticket := "Cookie: " + bob.ticket()
	for name, lines := range map[string][]string{
		"websocket": {"Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="},
		"h2c":       {"Upgrade: h2c", "Connection: Upgrade, HTTP2-Settings", "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA"},
		"TLS":       {"Upgrade: TLS/1.2", "Connection: Upgrade"},
	} {
		text := func(path string, more ...string) string {
			return "GET " + path + " HTTP/1.1\r\nHost: app.test\r\n" + strings.Join(append(more, lines...), "\r\n") + "\r\n\r\n" + get("/nowhere")
		}
		f.none(name+" without a ticket", f.send(text("/socket")), http.StatusUnauthorized)
		if h := f.one(name, f.send(text("/socket", ticket))); h.Headers.Get("Upgrade") == "" || h.Headers.Get("X-Injected-Oid") != entra.BobOID {
			t.Errorf("%s: the application heard %+v", name, h)
		}
		if answer := f.send(text("/easyauth/login")); strings.Contains(answer, "101 Switching") {
			t.Errorf("%s: EasyAuth answers\n%.300s", name, answer)
		}
		// And past nginx, as another pod would.
		hidden := text(bob.s.EasyAuth+"/easyauth/auth", ticket, "X-Original-URL: https://app.test/")
		if answer := dialed(t, strings.TrimPrefix(s.EasyAuth, "http://"), hidden); strings.Contains(answer, "101 Switching") {
			t.Errorf("%s: EasyAuth itself answers\n%.300s", name, answer)
		}
	}
	const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00"
	if answer := dialed(t, strings.TrimPrefix(s.EasyAuth, "http://"), preface); answer != "" && !strings.HasPrefix(answer, "HTTP/1.1 4") && !strings.HasPrefix(answer, "HTTP/1.1 5") {
		t.Errorf("HTTP/2 at once: %.100q", answer)
	}
}

// dialed writes bytes to an address and returns what comes back.
func dialed(t *testing.T, address, text string) string {
	t.Helper()
	conn, err := dialTest(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(conn, text); err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(conn)
	if err != nil && len(answer) == 0 {
		t.Fatal(err)
	}
	return string(answer)
}

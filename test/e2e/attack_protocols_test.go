package e2e

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/easyauth-sidecar/easyauth/test/entra"
)

// field is a header of HTTP/2, written as it stands.
type field struct{ name, value string }

// h2 sends one request over HTTP/2 and returns its status; 0: the stream was refused.
func (f *front) h2(fields []field, body, trailers string) int {
	f.t.Helper()
	conn, err := f.connect()
	if err != nil {
		f.t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		f.t.Fatal(err)
	}
	framer := http2.NewFramer(conn, conn)
	framer.AllowIllegalWrites = true
	framer.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	encode := func(fields []field) []byte {
		var block bytes.Buffer
		e := hpack.NewEncoder(&block)
		for _, h := range fields {
			_ = e.WriteField(hpack.HeaderField{Name: h.name, Value: h.value}) // a buffer takes everything
		}
		return block.Bytes()
	}
	_, _ = io.WriteString(conn, http2.ClientPreface) // what goes wrong shows when nothing is answered
	_ = framer.WriteSettings()
	_ = framer.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: encode(fields), EndHeaders: true, EndStream: body == "" && trailers == ""})
	if body != "" {
		_ = framer.WriteData(1, trailers == "", []byte(body))
	}
	if name, value, ok := strings.Cut(trailers, ": "); ok {
		_ = framer.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: encode([]field{{name, value}}), EndHeaders: true, EndStream: true})
	}
	for {
		frame, err := framer.ReadFrame()
		if err != nil {
			return 0
		}
		switch frame := frame.(type) {
		case *http2.MetaHeadersFrame:
			var status int
			_, _ = fmt.Sscan(frame.PseudoValue("status"), &status) // 0 tells
			if status >= http.StatusOK {
				return status
			}
		case *http2.RSTStreamFrame, *http2.GoAwayFrame:
			return 0
		}
	}
}

// HTTP/2 to nginx, HTTP/1.1 from there on: what a client can say in the one becomes
// no line, no second request and no identity in the other.
func TestAttack40HTTP2(t *testing.T) {
	t.Parallel()
	s := start(t, oneHost())
	bob, adele := signedIn(t, s, entra.Bob), signedIn(t, s, entra.Adele)
	f := frontOf(t, bob, " http2")
	request := func(path, cookie string, more ...field) []field {
		list := []field{{":method", "GET"}, {":scheme", "http"}, {":authority", "app.test"}, {":path", path}}
		if cookie != "" {
			list = append(list, field{"cookie", cookie})
		}
		return append(list, more...)
	}
	get := func(what string, wants int, fields []field) (all []heard) {
		t.Helper()
		status := f.h2(fields, "", "")
		all = f.reached()
		if status != wants || (len(all) == 1) != (wants == http.StatusOK) || len(all) > 1 {
			t.Errorf("%s: %d, want %d; the application heard %+v", what, status, wants, all)
		}
		return all
	}
	first := get("as usual", 200, request("/any", bob.ticket()))
	if len(first) != 1 {
		t.Fatal("HTTP/2 does not work: the test proves nothing")
	}
	want := first[0].identity()
	get("without a ticket", 401, request("/any", ""))
	get("with the role", 200, request("/admin", adele.ticket()))
	get("without the role", 401, request("/admin", bob.ticket()))
	get("cookies apart", 200, request("/any", "x=y", field{"cookie", bob.ticket()}))
	get("the ticket twice", 401, request("/any", bob.ticket(), field{"cookie", bob.ticket()}))
	get("two people", 401, request("/any", bob.ticket(), field{"cookie", adele.ticket()}))
	for name, more := range map[string][]field{
		"forged":             {{"x-injected-roles", "Admin"}, {"x-injected-oid", entra.AdeleOID}, {"x-original-url", "https://evil.test/"}},
		"forged twice":       {{"x-injected-roles", "Admin"}, {"x-injected-roles", "Admin"}},
		"capitals":           {{"X-Injected-Roles", "Admin"}},
		"underscores":        {{"x_injected_roles", "Admin"}},
		"LF in a value":      {{"x-other", "a\nx-injected-roles: Admin"}},
		"CR LF in a value":   {{"x-other", "a\r\nX-Injected-Roles: Admin\r\n\r\nGET /admin HTTP/1.1\r\nHost: app.test\r\n\r\n"}},
		"NUL in a value":     {{"x-other", "a\x00b"}},
		"CR LF in a name":    {{"x-other: a\r\nx-injected-roles", "Admin"}},
		"a colon in a name":  {{"x-injected-roles: Admin, x", "y"}},
		"a blank in a name":  {{"x-injected-roles ", "Admin"}},
		"no name":            {{"", "x-injected-roles: Admin"}},
		"chunked":            {{"transfer-encoding", "chunked"}},
		"hop by hop":         {{"connection", "x-injected-roles, cookie"}, {"x-injected-roles", "Admin"}},
		"a length":           {{"content-length", "44"}},
		"another host":       {{"host", "evil.test"}},
		"method twice":       {{":method", "OPTIONS"}},
		"path twice":         {{":path", "/public"}},
		"a field with colon": {{":x-injected-roles", "Admin"}},
		"LF in a host":       {{"host", "app.test\nX-Injected-Roles: Admin"}},
		"an upgrade":         {{"upgrade", "websocket"}, {":protocol", "websocket"}},
		"expected":           {{"expect", "100-continue"}},
	} {
		for _, cookie := range []string{bob.ticket(), ""} {
			status := f.h2(request("/any", cookie, more...), "", "")
			all := f.reached()
			if cookie == "" && (status == 200 || len(all) > 0) || len(all) > 1 {
				t.Errorf("%s: %d; the application heard %+v", name, status, all)
			}
			for _, h := range all {
				if h.URI != "/any" || h.Method != http.MethodGet || !slices.Equal(h.identity(), want) {
					t.Errorf("%s: %d; the application heard %+v", name, status, h)
				}
			}
		}
		if status := f.h2(request("/admin", bob.ticket(), more...), "", ""); status == 200 || len(f.reached()) > 0 {
			t.Errorf("%s, without the role: %d", name, status)
		}
	}
	for _, path := range []string{"", "*", "admin", "http://app.test/admin", "//admin", "/admin HTTP/1.1\r\nX: y", "/any HTTP/1.1\r\nX-Injected-Roles: Admin\r\nX: y", "/any\x00", "/any\n", "/any/../admin", "/any/%2e%2e/admin", "/any?\r\nX-Injected-Roles: Admin", "/any#/admin", "/any\\..\\admin"} {
		for _, cookie := range []string{"", bob.ticket()} {
			status := f.h2(request(path, cookie), "", "")
			for _, h := range f.reached() {
				if cookie == "" || !strings.HasPrefix(h.URI, "/any") || strings.HasPrefix(h.URI, "/any/") || !slices.Equal(h.identity(), want) {
					t.Errorf("%q: %d; the application heard %+v", path, status, h)
				}
			}
		}
	}
	const hidden = "GET /admin/hidden HTTP/1.1\r\nHost: app.test\r\n\r\n"
	for name, more := range map[string][]field{"no length": nil, "a length of 0": {{"content-length", "0"}}, "chunked": {{"transfer-encoding", "chunked"}}, "the right length": {{"content-length", fmt.Sprint(5 + len(hidden))}}} {
		fields := request("/any", bob.ticket(), more...)
		fields[0].value = http.MethodPost
		status := f.h2(fields, "0\r\n\r\n"+hidden, "x-injected-roles: Admin")
		for _, h := range f.reached() {
			if h.URI != "/any" || !slices.Equal(h.identity(), want) || len(h.Trailers["X-Injected-Roles"]) > 0 {
				t.Errorf("a body, %s: %d; the application heard %+v", name, status, h)
			}
		}
	}
}

// Older HTTP, and versions that there are not.
func TestAttack40OlderHTTP(t *testing.T) {
	t.Parallel()
	s := start(t, oneHost())
	bob := signedIn(t, s, entra.Bob)
	f := frontOf(t, bob, "")
	ticket := "Cookie: " + bob.ticket() + "\r\n"
	for _, text := range []string{
		"GET /any\r\n", "GET /any\r\n" + ticket + "\r\n", "GET /any\n\n", "GET /any HTTP/1.0\r\n\r\n", "GET /any HTTP/1.0\r\n" + ticket + "\r\n", "GET /any HTTP/1.1\r\n" + ticket + "Connection: close\r\n\r\n",
		"GET /any HTTP/2.0\r\nHost: app.test\r\n\r\n", "GET /any HTTP/0.9\r\nHost: app.test\r\n\r\n", "GET /any HTTP/9.9\r\nHost: app.test\r\n\r\n", "GET /any http/1.0\r\nHost: app.test\r\n" + ticket + "\r\n",
		"GET /any HTTP/1\r\nHost: app.test\r\n" + ticket + "\r\n", "GET  /any  HTTP/1.0\r\nHost: app.test\r\n\r\n", "GET\t/any HTTP/1.1\r\nHost: app.test\r\n" + ticket + "\r\n", "GET /any HTTP/1.0\r\nHost:\r\n" + ticket + "\r\n",
		"\r\n\r\nGET /any HTTP/1.0\r\nHost: app.test\r\n\r\n", "GET /any HTTP/1.0\r\nHost: app.test\r\nHost: app.test\r\n" + ticket + "\r\n",
	} {
		f.none(fmt.Sprintf("%.60q", text), f.send(text))
	}
	for _, text := range []string{"GET /any HTTP/1.0\r\nHost: app.test\r\n" + ticket + "\r\n", "GET /any HTTP/1.1\nHost: app.test\nConnection: close\n" + strings.TrimSuffix(ticket, "\r\n") + "\n\n"} {
		if h := f.one(fmt.Sprintf("%.60q", text), f.send(text)); h.Headers.Get("X-Injected-Oid") != entra.BobOID {
			t.Errorf("%.60q: %+v", text, h)
		}
	}
}

// Headers beyond every limit: what is too much is refused, never passed unchecked,
// and the next request is served.
func TestAttack41HugeHeaders(t *testing.T) {
	t.Parallel()
	s := start(t, oneHost())
	bob := signedIn(t, s, entra.Bob)
	f := startFront(t, s, "", "large_client_header_buffers 32 64k;"+guarded("any", "/any", "", saysWhere, ""))
	ticket := "Cookie: " + bob.ticket()
	several := func(n int, line string) (lines []string) {
		for i := range n {
			lines = append(lines, fmt.Sprintf(line, i))
		}
		return lines
	}
	for name, lines := range map[string][]string{
		"one line of 60 KB": {"X-Other: " + strings.Repeat("a", 60<<10)}, "many lines, 100 KB": several(100, "X-Other-%d: "+strings.Repeat("a", 1000)),
		"1 MB": several(20, "X-Other-%d: "+strings.Repeat("a", 50<<10)), "30,000 short lines": several(30000, "A: %d"), "200 KB of cookies": several(20, "Cookie: x%d="+strings.Repeat("a", 10<<10)),
		"cookies of our names": several(40, "Cookie: "+browserCookie+"=%d"+strings.Repeat("a", 3000)),
	} {
		for _, with := range []string{ticket, "Accept: */*"} {
			for _, all := range [][]string{append([]string{with}, lines...), append(slices.Clone(lines), with)} {
				answer := f.send(get("/any", all...))
				if reached := f.reached(); len(reached) > 0 && with != ticket {
					t.Errorf("%s without a ticket reached the application: %.100q", name, answer)
				} else if len(reached) > 0 && reached[0].Headers.Get("X-Injected-Oid") != entra.BobOID {
					t.Errorf("%s: the application heard %q", name, reached[0].identity())
				}
			}
		}
	}
	// Below the limits of both: 30 KB in lines as nginx has it by default.
	if h := f.one("30 KB", f.send(get("/any", append(several(30, "X-Other-%d: "+strings.Repeat("a", 1000)), ticket)...))); h.Headers.Get("X-Injected-Oid") != entra.BobOID {
		t.Error("30 KB")
	}
	f.none("without a ticket", f.send(get("/any")), http.StatusUnauthorized)
}

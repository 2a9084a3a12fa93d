package inline_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/authserver/inline"
	"github.com/easyauth-sidecar/easyauth/authserver/policy"
)

// FuzzRouting sends any target. What reaches an application is, byte by byte, what was judged, by the rule of
// its path; what no two servers read alike reaches none.
func FuzzRouting(f *testing.F) {
	root, admin := startRaw(f, okAnswer), startRaw(f, okAnswer)
	p := start(f, options{upstreams: []inline.Upstream{
		{Host: app, To: "http://" + root.address}, {Host: app, Path: "/admin", To: "http://" + admin.address, Query: "role=Admin"},
	}})
	for _, target := range []string{
		"/", "/admin", "/admin/a?b=c", "/%61dmin", "/a/../admin", "/a%2f..%2fadmin", "//admin", "/admin;x", "/a\\admin", "/a?/admin", "http://app.test/admin", "http://evil.test/",
		"/easyauth/auth", "*", "/a%", "/admin#", "/\x00", "http://app.test:443/admin", "/administrator", "/admin%20", "/.admin",
	} {
		f.Add(target, "X-Injected-Oid")
	}
	f.Fuzz(func(t *testing.T, target, name string) {
		if strings.ContainsAny(target, " \t\r\n") || strings.ContainsAny(name, "\r\n:") || target == "" {
			return // another request line
		}
		_, _, before := p.last()
		conn := dial(t, p.address)
		_, _ = fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s\r\n%s: %s\r\nConnection: close\r\n\r\n", target, app, name, spoofed)
		_, _ = io.ReadAll(conn)
		q, _, after := p.last()
		root.mu.Lock()
		admin.mu.Lock()
		heads, protected := root.heads, len(admin.heads) > 0
		if protected {
			heads = admin.heads
		}
		root.heads, admin.heads = nil, nil
		admin.mu.Unlock()
		root.mu.Unlock()
		if len(heads) == 0 {
			return
		}
		if len(heads) != 1 || after != before+1 {
			t.Fatalf("%d requests, %d questions", len(heads), after-before)
		}
		sent := strings.TrimSuffix(strings.TrimPrefix(strings.SplitN(heads[0], "\r\n", 2)[0], "GET "), " HTTP/1.1")
		if sent != q.Original.RequestURI || !strings.HasSuffix(target, sent) || q.Original.Host != app {
			t.Errorf("of %q %q was sent and %+v asked", target, sent, q.Original)
		}
		path, ok := policy.CleanPath(sent)
		if below := path == "/admin" || strings.HasPrefix(path, "/admin/"); !ok || below != protected || (q.Query == "role=Admin") != below {
			t.Errorf("%q (%q, %v) went to the protected application: %v, with the rule %q", sent, path, ok, protected, q.Query)
		}
		if folded := strings.Map(foldTest, http.CanonicalHeaderKey(name)); strings.HasPrefix(folded, "x-injected-") || folded == "x-jwt" || strings.HasPrefix(folded, "x-forwarded") {
			if strings.Contains(heads[0], spoofed) {
				t.Errorf("the application got\n%s", heads[0])
			}
		}
	})
}

func foldTest(r rune) rune {
	switch {
	case 'A' <= r && r <= 'Z':
		return r + 'a' - 'A'
	case 'a' <= r && r <= 'z', '0' <= r && r <= '9':
		return r
	}
	return '-'
}

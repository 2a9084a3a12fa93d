package inline_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/authserver/inline"
)

func readAll(t testing.TB, conn net.Conn) string {
	t.Helper()
	all, err := io.ReadAll(conn)
	if err != nil {
		t.Fatal(err)
	}
	return string(all)
}

// What is judged is, byte by byte, what is sent.
func TestPaths(t *testing.T) {
	root, admin := startRaw(t, okAnswer), startRaw(t, okAnswer)
	p := start(t, options{upstreams: []inline.Upstream{
		{Host: app, To: "http://" + root.address},
		{Host: app, Path: "/admin/", To: "http://" + admin.address, Query: "role=Admin"},
		{Host: "other.test", To: "http://" + root.address},
		{Host: "login.test", Path: "/only", To: "http://" + root.address},
	}})
	for _, row := range []struct {
		host, path string
		status     int
		at         *raw
	}{
		{app, "/", 200, root},
		{app, "/?a=b&%zz;x=//../%2f", 200, root},
		{app, "/?", 200, root},
		{app, "/administrator", 200, root},
		{app, "/Admin", 200, root},
		{app, "/a%20b|c[d]^`{}\"<>", 200, root},
		{app, "/a.b/...c/%C3%A9", 200, root},
		{app, "/x/admin", 200, root},
		{app, "/admin", 200, admin},
		{app, "/admin/", 200, admin},
		{app, "/admin?x", 200, admin},
		{app, "/%61dmin/a", 200, admin},
		{app, "/admin/%20x", 200, admin},
		{app, "/admin/%20", 400, nil},
		{app, "/admin.", 400, nil},
		{app, "/admin%20/x", 400, nil},
		{app, "/a/../admin", 400, nil},
		{app, "/./admin", 400, nil},
		{app, "/a/%2e%2e/admin", 400, nil},
		{app, "/a/.%2E/admin", 400, nil},
		{app, "/a//admin", 400, nil},
		{app, "//admin", 400, nil},
		{app, "/a%2fadmin", 400, nil},
		{app, "/admin%2Fx", 400, nil},
		{app, "/a\\admin", 400, nil},
		{app, "/a%5cadmin", 400, nil},
		{app, "/admin;x/y", 400, nil},
		{app, "/a%3b/y", 400, nil},
		{app, "/..;/admin", 400, nil},
		{app, "/%252e%252e/admin", 400, nil},
		{app, "/a%00", 400, nil},
		{app, "/a%0d%0aX: y", 400, nil},
		{app, "/a%zz", 400, nil},
		{app, "/a#b", 400, nil},
		{app, "/a?b#c", 400, nil},
		{app, "/\xe9", 400, nil},
		{app, "/a?\xe9", 400, nil},
		{app, "/a?\x01", 400, nil},
		{app, "/" + strings.Repeat("a", 8200), 414, nil},
		{"other.test", "/a//b/%2F/../c;d", 200, root}, // no path decides there
		{"other.test", "//evil.test/a", 400, nil},
		{"other.test", "/a%zz", 400, nil},
		{"login.test", "/only", 200, root},
		{"login.test", "/only/a", 200, root},
		{"login.test", "/", 404, nil},
		{"login.test", "/onlyone", 404, nil},
		{"login.test", "/only/..", 400, nil},
		{"login.test", "/only%2f..", 400, nil},
	} {
		conn := dial(t, p.address)
		_, _ = fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", row.path, row.host)
		res := p.answer(bufio.NewReader(conn))
		if res.StatusCode != row.status {
			t.Errorf("%s %q: %s, want %d", row.host, row.path, res.Status, row.status)
		}
		if row.at == nil {
			for _, a := range []*raw{root, admin} {
				if seen := a.seen(); len(seen) > 0 {
					t.Fatalf("%s %q reached an application: %q", row.host, row.path, seen)
				}
			}
			continue
		}
		if res.StatusCode != 200 {
			continue
		}
		head := row.at.head(t)
		if !strings.HasPrefix(head, "GET "+row.path+" HTTP/1.1\r\nHost: "+row.host+"\r\n") {
			t.Errorf("%q was sent as\n%s", row.path, head)
		}
		q, _, _ := p.last()
		wantRule := ""
		if row.at == admin {
			wantRule = "role=Admin"
		}
		if q.Original.RequestURI != row.path || q.Original.Host != row.host || q.Method != "GET" || !q.MethodTold || q.Query != wantRule {
			t.Errorf("%q was asked as %+v", row.path, q)
		}
	}
}

func TestHosts(t *testing.T) {
	one, two, deep := startRaw(t, okAnswer), startRaw(t, okAnswer), startRaw(t, okAnswer)
	p := start(t, options{hosts: []string{app, "*.apps.test", "port.test:8443", "login.test"}, upstreams: []inline.Upstream{
		{Host: "APP.test.", To: "http://" + one.address},
		{Host: "*.apps.test", To: "http://" + two.address},
		{Host: "*.deep.apps.test", To: "http://" + deep.address},
		{Host: "own.apps.test", To: "http://" + one.address, HostOfUpstream: true},
		{Host: "port.test:8443", To: "http://" + one.address},
	}})
	for _, row := range []struct {
		target, host string
		status       int
		at           *raw
		sent         string // Host
	}{
		{"/", app, 200, one, app},
		{"/", "APP.Test.", 200, one, app},
		{"/", "app.test:443", 200, one, app},
		{"/", "x.apps.test", 200, two, "x.apps.test"},
		{"/", "x.y.apps.test", 200, two, "x.y.apps.test"},
		{"/", "x.deep.apps.test", 200, deep, "x.deep.apps.test"},
		{"/", "own.apps.test", 200, one, one.address},
		{"/", "port.test:8443", 200, one, "port.test:8443"},
		{"/", "port.test", 421, nil, ""},
		{"/", "port.test:8444", 421, nil, ""},
		{"/", "apps.test", 421, nil, ""},
		{"/", "evil.test", 421, nil, ""},
		{"/", "app.test.evil.test", 421, nil, ""},
		{"/", "evil.test@app.test", 400, nil, ""},
		{"/", "app.test/x", 400, nil, ""},
		{"/", "app.test?x", 400, nil, ""},
		{"/", "app.test#x", 400, nil, ""},
		{"/", "app.test, evil.test", 400, nil, ""},
		{"/", "app.test\r\nHost: evil.test", 400, nil, ""},
		{"/", "app.test\r\nhost: app.test", 400, nil, ""},
		{"/", "", 421, nil, ""},
		{"/", "login.test", 404, nil, ""},
		{"http://app.test/x", "evil.test", 200, one, app}, // the host that is served is that of the target
		{"http://evil.test/x", app, 421, nil, ""},
		{"http://x.apps.test/x", app, 200, two, "x.apps.test"},
		{"http://app.test", app, 400, nil, ""},
		{"http://app.test?x", app, 400, nil, ""},
		{"http://app.test//x", app, 400, nil, ""},
		{"http://user@app.test/x", app, 0, nil, ""},
		{"//app.test/x", app, 400, nil, ""},
		{"x", app, 400, nil, ""},
	} {
		res := p.send("GET " + row.target + " HTTP/1.1\r\nHost: " + row.host + "\r\nConnection: close\r\n\r\n")
		if row.status != 0 && res.StatusCode != row.status || row.status == 0 && res.StatusCode < 400 {
			t.Errorf("%s of %q: %s, want %d", row.target, row.host, res.Status, row.status)
			continue
		}
		if row.at != nil {
			only(t, row.at.head(t), "Host", row.sent)
		}
		for _, a := range []*raw{one, two, deep} {
			if seen := a.seen(); len(seen) > 0 {
				t.Fatalf("%s of %q reached an application: %q", row.target, row.host, seen)
			}
		}
	}
}

// Our endpoints are ours on every host, and nobody is asked about them.
func TestOwnEndpoints(t *testing.T) {
	application := startRaw(t, okAnswer)
	p := start(t, to(application.address))
	p.refuse.Store(true)
	for _, target := range []string{"/easyauth", "/easyauth/", "/easyauth/login?rd=/%2f//", "/easyauth/auth", "/%65asyauth/auth", "/easyauth/../a", "/moved/login", "/moved/login?code=" + strings.Repeat("a", 9000)} {
		for _, host := range []string{app, "login.test", "evil.test"} {
			res := p.send("GET " + target + " HTTP/1.1\r\nHost: " + host + "\r\nX-Injected-Oid: x\r\nConnection: close\r\n\r\n")
			if body := text(t, res); res.StatusCode != 200 || !strings.HasPrefix(body, "own /") {
				t.Errorf("%.40q of %s: %s %q", target, host, res.Status, body)
			}
		}
	}
	if _, _, n := p.last(); n > 0 {
		t.Errorf("%d questions", n)
	}
	for _, target := range []string{"/easyauthor", "/a/easyauth", "/moved/login/a", "/moved", "/EasyAuth"} {
		if res := p.get(target); res.StatusCode != 401 {
			t.Errorf("%s: %s", target, res.Status)
		}
	}
}

func TestMethods(t *testing.T) {
	application := startRaw(t, okAnswer)
	p := start(t, to(application.address))
	for method, want := range map[string]int{"GET": 200, "HEAD": 200, "POST": 200, "PUT": 200, "PATCH": 200, "DELETE": 200, "OPTIONS": 200, "PROPFIND": 200, "TRACE": 405} {
		conn := dial(t, p.address)
		_, _ = fmt.Fprintf(conn, "%s /a HTTP/1.1\r\nHost: %s\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", method, app)
		res, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: method})
		if err != nil || res.StatusCode != want {
			t.Errorf("%s: %v %v", method, res, err)
			continue
		}
		_ = res.Body.Close()
		if want == 200 {
			if head := application.head(t); !strings.HasPrefix(head, method+" /a ") {
				t.Errorf("%s was sent as %q", method, head)
			}
			if q, _, _ := p.last(); q.Method != method {
				t.Errorf("%s was asked as %s", method, q.Method)
			}
		}
	}
	for _, line := range []string{"CONNECT app.test:443 HTTP/1.1", "CONNECT / HTTP/1.1"} {
		if res := p.send(line + "\r\nHost: app.test\r\nConnection: close\r\n\r\n"); res.StatusCode != 405 {
			t.Errorf("%s: %s", line, res.Status)
		}
	}
	if res := p.send("OPTIONS * HTTP/1.1\r\nHost: app.test\r\nConnection: close\r\n\r\n"); len(application.seen()) > 0 {
		t.Errorf("OPTIONS *: %s", res.Status)
	}
}

func TestTables(t *testing.T) {
	good := inline.Upstream{Host: app, To: "http://a:80", Query: "role=Admin"}
	with := func(change func(*inline.Upstream)) []inline.Upstream {
		u := good
		change(&u)
		return []inline.Upstream{u}
	}
	for _, row := range []struct {
		name string
		list []inline.Upstream
		want string // "": good
	}{
		{"good", []inline.Upstream{good}, ""},
		{"none", nil, "there is no upstream"},
		{"a host that is not served", with(func(u *inline.Upstream) { u.Host = "evil.test" }), "EASYAUTH_HOSTS"},
		{"no host", with(func(u *inline.Upstream) { u.Host = "" }), "EASYAUTH_HOSTS"},
		{"another port", with(func(u *inline.Upstream) { u.Host = app + ":8443" }), "EASYAUTH_HOSTS"},
		{"a wildcard", with(func(u *inline.Upstream) { u.Host = "*.apps.test" }), ""},
		{"a wildcard below", with(func(u *inline.Upstream) { u.Host = "*.a.apps.test" }), ""},
		{"a wildcard that is not served", with(func(u *inline.Upstream) { u.Host = "*.test" }), "EASYAUTH_HOSTS"},
		{"a wildcard below one host", with(func(u *inline.Upstream) { u.Host = "*." + app }), "EASYAUTH_HOSTS"},
		{"twice", []inline.Upstream{good, good}, "upstream 2: another one"},
		{"twice, in another spelling", []inline.Upstream{good, {Host: "APP.test", Path: "/", To: "http://b"}}, "upstream 2: another one"},
		{"another path", []inline.Upstream{good, {Host: app, Path: "/a", To: "http://b"}}, ""},
		{"a wildcard twice", []inline.Upstream{{Host: "*.apps.test", To: "http://a"}, {Host: "*.APPS.test", To: "http://b"}}, "upstream 2: another one"},
		{"a path without a slash", with(func(u *inline.Upstream) { u.Path = "a" }), "path"},
		{"a path with dots", with(func(u *inline.Upstream) { u.Path = "/a/../b" }), "path"},
		{"a path with an escape", with(func(u *inline.Upstream) { u.Path = "/a%20b" }), "path"},
		{"a path with a query", with(func(u *inline.Upstream) { u.Path = "/a?b" }), "path"},
		{"a path with an empty segment", with(func(u *inline.Upstream) { u.Path = "/a//b" }), "path"},
		{"a path with a semicolon", with(func(u *inline.Upstream) { u.Path = "/a;b" }), "path"},
		{"the path of the sign-in", with(func(u *inline.Upstream) { u.Path = "/easyauth" }), "EasyAuth's own"},
		{"a path below it", with(func(u *inline.Upstream) { u.Path = "/easyauth/a/" }), "EasyAuth's own"},
		{"a path that begins alike", with(func(u *inline.Upstream) { u.Path = "/easyauthor" }), ""},
		{"a longer path", with(func(u *inline.Upstream) { u.Path = "/a/b.c/" }), ""},
		{"no address", with(func(u *inline.Upstream) { u.To = "" }), "to must be"},
		{"no scheme", with(func(u *inline.Upstream) { u.To = "a:80" }), "to must be"},
		{"another scheme", with(func(u *inline.Upstream) { u.To = "ftp://a" }), "to must be"},
		{"a port that there is not", with(func(u *inline.Upstream) { u.To = "http://a:65536" }), "to must be"},
		{"port 0", with(func(u *inline.Upstream) { u.To = "http://a:0" }), "to must be"},
		{"an address with a path", with(func(u *inline.Upstream) { u.To = "http://a/b" }), "to must be"},
		{"an address with a query", with(func(u *inline.Upstream) { u.To = "http://a?" }), "to must be"},
		{"an address with a user", with(func(u *inline.Upstream) { u.To = "http://u@a" }), "to must be"},
		{"an address with a slash", with(func(u *inline.Upstream) { u.To = "http://a/" }), ""},
		{"a rule that cannot be read", with(func(u *inline.Upstream) { u.Query = "roles=Admin" }), "auth: "},
		{"an empty role", with(func(u *inline.Upstream) { u.Query = "role=" }), "auth: "},
		{"a rule that looks like an address", with(func(u *inline.Upstream) { u.Query = "/easyauth/auth?role=Admin" }), "auth: "},
		{"no rule", with(func(u *inline.Upstream) { u.Query = "" }), ""},
		{"public, and a rule", with(func(u *inline.Upstream) { u.Public = true }), "public"},
		{"public", with(func(u *inline.Upstream) { u.Public, u.Query = true, "" }), ""},
		{"a negative time", with(func(u *inline.Upstream) { u.Timeout = -1 }), "limits"},
		{"a negative size", with(func(u *inline.Upstream) { u.MaxBody = -1 }), "limits"},
		{"authorities without TLS", with(func(u *inline.Upstream) { u.CA = []byte("x") }), "https"},
		{"authorities that are none", with(func(u *inline.Upstream) { u.To, u.CA = "https://a", []byte("x") }), "PEM"},
		{"no proof without TLS", with(func(u *inline.Upstream) { u.InsecureSkipVerify = true }), "https"},
		{"no proof", with(func(u *inline.Upstream) { u.To, u.InsecureSkipVerify = "https://a", true }), ""},
	} {
		_, err := inline.NewTable(tableConfig(t, options{upstreams: row.list}))
		if (err == nil) != (row.want == "") || err != nil && !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: %v, want %q", row.name, err, row.want)
		}
	}
}

func TestTablesThatSayTooLittle(t *testing.T) {
	for name, change := range map[string]func(*inline.TableConfig){
		"no hosts":     func(c *inline.TableConfig) { c.Hosts = nil },
		"no rule":      func(c *inline.TableConfig) { c.Rule = nil },
		"no base path": func(c *inline.TableConfig) { c.BasePath = "" },
		"":             func(*inline.TableConfig) {},
	} {
		c := tableConfig(t, to("a:80"))
		change(&c)
		if _, err := inline.NewTable(c); (err == nil) != (name == "") {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestUnusedHosts(t *testing.T) {
	for _, row := range []struct{ upstreams, want string }{
		{"app.test other.test *.apps.test port.test:8443 login.test", ""},
		{"app.test", "other.test *.apps.test port.test:8443 login.test"},
		{"OTHER.test port.test:8443 a.apps.test", "app.test login.test"},
		{"other.test port.test:8443 *.a.apps.test", "app.test login.test"},
	} {
		var o options
		for host := range strings.FieldsSeq(row.upstreams) {
			o.upstreams = append(o.upstreams, inline.Upstream{Host: host, To: "http://a"})
		}
		table, err := inline.NewTable(tableConfig(t, o))
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(table.Unused(), " "); got != row.want {
			t.Errorf("%s: %s, want %s", row.upstreams, got, row.want)
		}
	}
}

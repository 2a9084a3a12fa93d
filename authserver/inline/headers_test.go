package inline_test

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/authserver/inline"
)

const spoofed = "spoofed-value"

// No spelling of a header that says who somebody is, or where a request goes or comes from, reaches the
// question or the application.
func TestSpoofedHeaders(t *testing.T) {
	names := []string{
		"X-Jwt", "x_jwt", "X.Jwt", "Proxy", "Proxy-Authorization", "Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Port",
		"X-Forwarded-Prefix", "X-Forwarded-User", "X-Forwarded-Email", "X-Forwarded-Uri", "X_Forwarded_For", "X-Original-URL", "X-Original-Uri", "X-Original-Method", "X_Original_Url",
		"X-Rewrite-URL", "X-Real-IP", "X_Real_IP", "X-EasyAuth-Proxy-Secret", "X_EasyAuth_Proxy_Secret", "HTTP2-Settings", "Content_Length", "Transfer_Encoding", "Cookie_", "Author_ization",
	}
	for _, sign := range "!#$%&'*+-.^_`|~" {
		s := string(sign)
		names = append(names, "X"+s+"Injected"+s+"Oid", "x-injected"+s+"oid", "X"+s+"INJECTED-ROLES", "X"+s+"Injected"+s+"Anything")
	}
	application := startRaw(t, okAnswer)
	p := start(t, to(application.address))
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			for _, lines := range [][]string{{name + ": " + spoofed}, {name + ": " + spoofed, name + ": " + spoofed}, {"Connection: " + name, name + ": " + spoofed}} {
				if res := p.get("/a", lines...); res.StatusCode != 200 {
					t.Fatal(res.Status)
				}
				head := application.head(t)
				if strings.Contains(head, spoofed) {
					t.Errorf("the application got\n%s", head)
				}
				if _, h, _ := p.last(); strings.Contains(fmt.Sprint(h), spoofed) {
					t.Errorf("the question got %v", h)
				}
				only(t, head, "X-Injected-Oid", "our-oid")
				only(t, head, "X-Injected-Roles", "our-role")
				only(t, head, "X-Jwt", "our-jwt")
				only(t, head, "X-Real-Ip", "127.0.0.1")
				if got := values(head, "X-Injected-Name"); got != nil {
					t.Errorf("an empty header of the identity is sent: %q", got)
				}
			}
		})
	}
	for _, name := range []string{"X-Injecte-Oid", "X-Injected", "X-Jwts", "X-Jw", "Forward", "Provenance", "X-Request-Id", "X-Requested-With", "X-Origin", "Accept", "Content-Type", "X-Real"} {
		p.get("/a", name+": "+spoofed)
		only(t, application.head(t), name, spoofed)
	}
}

// A prefix may hold a sign that is no hyphen, for which a client may write one.
func TestSpoofedPrefix(t *testing.T) {
	application := startRaw(t, okAnswer)
	o := to(application.address)
	o.prefixes = []string{"x.auth-", "X-Pomerium-"}
	p := start(t, o)
	for _, name := range []string{"X-Auth-Roles", "x.auth-roles", "X_Auth_Roles", "X-Pomerium-Claim-Email", "x_pomerium_claim_email"} {
		p.get("/a", name+": "+spoofed)
		if head := application.head(t); strings.Contains(head, spoofed) {
			t.Errorf("%s: the application got\n%s", name, head)
		}
	}
	p.get("/a", "X-Author: "+spoofed)
	only(t, application.head(t), "X-Author", spoofed)
}

func TestCookiesOfARequest(t *testing.T) {
	application := startRaw(t, okAnswer)
	p := start(t, to(application.address))
	for _, row := range []struct {
		name  string
		lines []string
		want  []string
	}{
		{"none", nil, nil},
		{"the application's", []string{"a=1; b=2"}, []string{"a=1; b=2"}},
		{"ours alone", []string{"__Host-easyauth=t"}, nil},
		{"all of ours", []string{"__Host-easyauth=t; __Host-easyauth-1=u; __Host-easyauth-state=s; __Host-easyauth-browser=b; __Host-easyauth-seen=s; __Host-easyauth-renewal=r; __Secure-easyauth-return-0=x"}, nil},
		{"two of one name, and another between", []string{"__Host-easyauth=t; a=1; __Host-easyauth=u"}, []string{"a=1"}},
		{"on two lines", []string{"__Host-easyauth=t; a=1", "__Host-easyauth=u", "b=2"}, []string{"a=1", "b=2"}},
		{"of a shared domain", []string{"a=1;__Secure-easyauth-0a1b2c=t;__Secure-easyauth-0a1b2c-1=u;b=2"}, []string{"a=1; b=2"}},
		{"of plain http", []string{"easyauth=t; easyauth-1=u; a=1"}, []string{"a=1"}},
		{"in another case", []string{"__HOST-EasyAuth=t; a=1"}, []string{"a=1"}},
		{"without a name", []string{"=__Host-easyauth=t; a=1"}, []string{"a=1"}},
		{"blanks around", []string{"a=1 ;  __Host-easyauth =t"}, []string{"a=1"}},
		{"a name that begins alike", []string{"easyauthor=1; __Host-easyauth=t"}, []string{"easyauthor=1"}},
		{"in a value", []string{"a=easyauth; __Host-easyauth=t"}, []string{"a=easyauth"}},
		{"odd, and not ours", []string{`a="x; y; b`}, []string{`a="x; y; b`}},
	} {
		var lines []string
		for _, l := range row.lines {
			lines = append(lines, "Cookie: "+l)
		}
		p.get("/a", lines...)
		if got := values(application.head(t), "Cookie"); !slices.Equal(got, row.want) {
			t.Errorf("%s: %q, want %q", row.name, got, row.want)
		}
		if _, h, _ := p.last(); len(h["Cookie"]) != len(row.lines) {
			t.Errorf("%s: the question saw %q", row.name, h["Cookie"])
		}
	}
}

// An application sets cookies, but none of ours, also not before its answer.
func TestCookiesOfAnAnswer(t *testing.T) {
	for _, row := range []struct {
		name, line string
		passes     bool
	}{
		{"the application's", "a=1; Path=/", true},
		{"one that begins alike", "easyauthor=1", true},
		{"the session", "__Host-easyauth=x; Path=/; Secure", false},
		{"its second part", "__Host-easyauth-1=x", false},
		{"in another case", "__host-EASYAUTH=x", false},
		{"without a name", "=__Host-easyauth=x", false},
		{"blanks in front", "  __Host-easyauth =x", false},
		{"of a shared domain", "__Secure-easyauth-0a1b2c=x; Domain=test", false},
	} {
		for _, early := range []string{"", "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nSet-Cookie: " + row.line + "\r\n\r\n"} {
			application := startRaw(t, early+"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\nSet-Cookie: "+row.line+"\r\nSet-Cookie: b=2\r\n\r\n")
			p := start(t, to(application.address))
			conn := dial(t, p.address)
			_, _ = fmt.Fprintf(conn, "GET / HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", app)
			all := readAll(t, conn)
			head, final, _ := strings.Cut(all, "HTTP/1.1 200")
			if strings.Contains(head, "Set-Cookie") || early != "" && !strings.Contains(head, "Link: </a>") {
				t.Errorf("%s: before the answer comes %q", row.name, head)
			}
			if got := strings.Contains(final, row.line); got != row.passes || !strings.Contains(final, "Set-Cookie: b=2") || !strings.Contains(final, "Set-Cookie: __Host-easyauth-seen=ours") {
				t.Errorf("%s: the client got\n%s", row.name, final)
			}
		}
	}
}

func TestAuthorization(t *testing.T) {
	application := startRaw(t, okAnswer)
	p := start(t, to(application.address))
	for line, passes := range map[string]bool{
		"Bearer eyJ0eXAi": true, "Basic dTpw": true, "Bearer ea_abc": false, "bearer  ea_abc": false, "Bearer\tea_abc": false, "ea_abc": false, "Bearer tea_abc": true, `Token "ea_abc"`: false,
	} {
		p.get("/a", "Authorization: "+line)
		if got := values(application.head(t), "Authorization"); (got != nil) != passes {
			t.Errorf("%q: the application got %q", line, got)
		}
		if _, h, _ := p.last(); h.Get("Authorization") != line {
			t.Errorf("%q: the question got %q", line, h["Authorization"])
		}
	}
}

func TestForwarded(t *testing.T) {
	application := startRaw(t, okAnswer)
	loopback := []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("10.0.0.0/8")}
	for _, row := range []struct {
		name           string
		trusted        []netip.Prefix
		lines          []string
		chain          string
		client, policy string // "": unknown
	}{
		{"nobody is trusted", nil, []string{"203.0.113.9"}, "127.0.0.1", "127.0.0.1", ""},
		{"another is trusted", loopback[1:], []string{"203.0.113.9"}, "127.0.0.1", "127.0.0.1", "127.0.0.1"},
		{"a trusted one", loopback, []string{"203.0.113.9"}, "203.0.113.9, 127.0.0.1", "203.0.113.9", "203.0.113.9"},
		{"what the client said before", loopback, []string{"1.2.3.4, 203.0.113.9"}, "203.0.113.9, 127.0.0.1", "203.0.113.9", "203.0.113.9"},
		{"on two lines", loopback, []string{"1.2.3.4", "203.0.113.9"}, "203.0.113.9, 127.0.0.1", "203.0.113.9", "203.0.113.9"},
		{"through two", loopback, []string{"1.2.3.4,203.0.113.9 , 10.1.1.1"}, "203.0.113.9, 10.1.1.1, 127.0.0.1", "203.0.113.9", "203.0.113.9"},
		{"all trusted", loopback, []string{"10.2.2.2, 10.1.1.1"}, "10.2.2.2, 10.1.1.1, 127.0.0.1", "10.2.2.2", "10.2.2.2"},
		{"text", loopback, []string{"1.2.3.4, unknown"}, "127.0.0.1", "", ""},
		{"text behind a trusted one", loopback, []string{"unknown, 10.1.1.1"}, "10.1.1.1, 127.0.0.1", "", ""},
		{"a zone", loopback, []string{"fe80::1%a"}, "127.0.0.1", "", ""},
		{"IPv6", loopback, []string{"2001:DB8::1"}, "2001:db8::1, 127.0.0.1", "2001:db8::1", "2001:db8::1"},
		{"nothing", loopback, nil, "127.0.0.1", "127.0.0.1", "127.0.0.1"},
	} {
		o := to(application.address)
		o.trusted = row.trusted
		p := start(t, o)
		lines := []string{"X-Real-IP: 9.9.9.9", "X-Forwarded-Proto: gopher", "X-Forwarded-Host: evil.test"}
		for _, l := range row.lines {
			lines = append(lines, "X-Forwarded-For: "+l)
		}
		p.get("/a", lines...)
		head := application.head(t)
		only(t, head, "X-Forwarded-For", row.chain)
		only(t, head, "X-Forwarded-Proto", "https")
		only(t, head, "X-Forwarded-Host", app)
		if got := strings.Join(values(head, "X-Real-Ip"), "|"); got != row.client {
			t.Errorf("%s: X-Real-IP %q, want %q", row.name, got, row.client)
		}
		q, _, _ := p.last()
		var policy string
		if addr := q.Client(nil, nil); addr.IsValid() {
			policy = addr.String()
		}
		if policy != row.policy {
			t.Errorf("%s: for policies %q, want %q", row.name, policy, row.policy)
		}
	}
}

// A public application is told nobody, whoever asks.
func TestPublic(t *testing.T) {
	application := startRaw(t, okAnswer)
	p := start(t, options{upstreams: []inline.Upstream{{Host: app, Path: "/open", To: "http://" + application.address, Public: true}, {Host: app, To: "http://" + application.address}}})
	p.refuse.Store(true)
	if res := p.get("/open/a", "X-Injected-Oid: "+spoofed, "Cookie: __Host-easyauth=t; a=1", "Authorization: Bearer ea_x"); res.StatusCode != 200 {
		t.Fatal(res.Status)
	}
	head := application.head(t)
	if strings.Contains(head, spoofed) || strings.Contains(head, "Injected") || strings.Contains(head, "easyauth") || strings.Contains(head, "ea_x") {
		t.Errorf("the application got\n%s", head)
	}
	only(t, head, "Cookie", "a=1")
	for _, path := range []string{"/", "/opened", "/a/open", "/OPEN"} {
		if res := p.get(path); res.StatusCode != 401 || res.Header.Get("Set-Cookie") == "" {
			t.Errorf("%s: %s", path, res.Status)
		}
	}
	if len(application.seen()) > 0 {
		t.Errorf("refused requests reached the application: %q", application.seen())
	}
}

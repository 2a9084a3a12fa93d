package hosts

import (
	"errors"
	"strings"
	"testing"
)

// house is the set that most tests of return URLs use.
func house(t testing.TB) (*Set, Host) {
	t.Helper()
	s := mustNew(t, Config{
		Hosts:       []string{"app.example.com", "other.example.com", "ported.example.com:8443", "*.apps.example.com", "http://localhost:8080", "[2001:db8::1]", "münchen.example"},
		OwnPaths:    []string{"/easyauth", "/signin-oidc", "/Moved/Login"},
		DefaultPath: "/welcome",
	})
	self, ok := s.Host("app.example.com")
	if !ok {
		t.Fatal("app.example.com is not served")
	}
	return s, self
}

func TestReturnURLAccepts(t *testing.T) {
	s, self := house(t)
	for _, tt := range []struct{ name, raw, want string }{
		{"root", "/", "https://app.example.com/"},
		{"path, query and fragment with their escapes", "/a%2Fb%2fc?x=%7c%7C&y=%20+#f%23", "https://app.example.com/a%2Fb%2fc?x=%7c%7C&y=%20+#f%23"},
		{"absolute", "https://app.example.com/a%2Fb?x=%7C#f", "https://app.example.com/a%2Fb?x=%7C#f"},
		{"absolute without path", "https://app.example.com", "https://app.example.com/"},
		{"absolute with query alone", "https://app.example.com?x=1", "https://app.example.com/?x=1"},
		{"absolute with fragment alone", "https://app.example.com#x", "https://app.example.com/#x"},
		{"another host of ours", "https://other.example.com/x", "https://other.example.com/x"},
		{"behind a load balancer", "http://app.example.com/x", "https://app.example.com/x"},
		{"behind a load balancer, port 80", "http://app.example.com:80/x", "https://app.example.com/x"},
		{"behind a load balancer, port 443", "http://app.example.com:443/x", "https://app.example.com/x"},
		{"own default port", "https://app.example.com:443/x", "https://app.example.com/x"},
		{"upper case", "HTTPS://APP.EXAMPLE.COM/X", "https://app.example.com/X"},
		{"trailing dot", "https://app.example.com./x", "https://app.example.com/x"},
		{"all of it", "http://APP.Example.com.:80/x", "https://app.example.com/x"},
		{"port in the list", "http://ported.example.com:8443/x", "https://ported.example.com:8443/x"},
		{"wildcard, one label", "https://a.apps.example.com/x", "https://a.apps.example.com/x"},
		{"wildcard, two labels", "https://a.b.apps.example.com/x", "https://a.b.apps.example.com/x"},
		{"http host of a laptop", "https://localhost:8080/x", "http://localhost:8080/x"},
		{"IPv6", "http://[2001:DB8:0::1]/x", "https://[2001:db8::1]/x"},
		{"international host", "https://MÜNCHEN.example/x", "https://xn--mnchen-3ya.example/x"},
		{"raw UTF-8 is escaped", "/grüße/日本?q=ß#é", "https://app.example.com/gr%C3%BC%C3%9Fe/%E6%97%A5%E6%9C%AC?q=%C3%9F#%C3%A9"},
		{"escaped UTF-8 stays as it is", "/gr%c3%BC", "https://app.example.com/gr%c3%BC"},
		{"escaped space and line separator", "/a%20b%E2%80%A8", "https://app.example.com/a%20b%E2%80%A8"},
		{"what browsers leave raw", "/a|b^[c]{d}`e'(f)*!$&+,;=:@~-._", "https://app.example.com/a|b^[c]{d}`e'(f)*!$&+,;=:@~-._"},
		{"dots that are names", "/.../..a/a../.well-known/%2ea/a%2e%2e", "https://app.example.com/.../..a/a../.well-known/%2ea/a%2e%2e"},
		{"escaped slash as a name", "/queues/%2F/orders", "https://app.example.com/queues/%2F/orders"},
		{"URL as a value", "/x?next=https://evil.test//y/../z", "https://app.example.com/x?next=https://evil.test//y/../z"},
		{"URL as a path", "/https:/evil.test", "https://app.example.com/https:/evil.test"},
		{"colon in the first segment", "/javascript:alert(1)", "https://app.example.com/javascript:alert(1)"},
		{"@ in path", "/@me@evil.test", "https://app.example.com/@me@evil.test"},
		{"escapes in a query are nobody's path", "/x?f=C%3A%5Ca%0D%0Ab%00%ff%2e%2e", "https://app.example.com/x?f=C%3A%5Ca%0D%0Ab%00%ff%2e%2e"},
		{"question marks", "/x??y?z", "https://app.example.com/x??y?z"},
		{"single-page route", "/#/users//1/../2?x", "https://app.example.com/#/users//1/../2?x"},
		{"a query that is no escape", "/search?q=100%", "https://app.example.com/search?q=100%"},
		{"a fragment that is none", "/a#%x1", "https://app.example.com/a#%x1"},
		{"almost our own", "/easyauthor", "https://app.example.com/easyauthor"},
		{"our own, deeper", "/x/easyauth/login", "https://app.example.com/x/easyauth/login"},
		{"our own, as a value", "/x?/easyauth/login", "https://app.example.com/x?/easyauth/login"},
		{"parent of a moved path", "/moved", "https://app.example.com/moved"},
		{"twice escaped is a name", "/easy%2561uth/%252e%252e/", "https://app.example.com/easy%2561uth/%252e%252e/"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := s.ReturnURL(tt.raw, self)
			if got != tt.want || !ok {
				_, err := s.resolve(tt.raw, self)
				t.Fatalf("ReturnURL(%q) = %q, %v (%v), want %q", tt.raw, got, ok, err, tt.want)
			}
			if again, ok := s.ReturnURL(got, self); again != got || !ok {
				t.Errorf("ReturnURL(%q) = %q, %v: not stable", got, again, ok)
			}
			checkSameReading(t, self.Origin(), tt.raw, got)
		})
	}
}

func TestReturnURLRefuses(t *testing.T) {
	s, self := house(t)
	const app = "https://app.example.com"
	for _, tt := range []struct {
		name, raw string
		rule      error
		sibling   string // passes, with one thing changed back
	}{
		{"nothing", "", errMissing, "/"},
		{"relative", "x", errScheme, "/x"},
		{"query alone", "?x", errScheme, "/?x"},
		{"fragment alone", "#x", errScheme, "/#x"},
		{"host without scheme", "app.example.com/x", errScheme, app + "/x"},
		{"another scheme", "ftp://app.example.com/", errScheme, app + "/"},
		{"script", "javascript://app.example.com/%0aalert(1)", errScheme, app + "/alert(1)"},
		{"script without slashes", "javascript:alert(1)", errScheme, "/javascript:alert(1)"},
		{"data", "data:text/html,x", errScheme, "/data:text/html,x"},
		{"one slash", "https:/app.example.com/", errScheme, app + "/"},
		{"no slash", "https:app.example.com/", errScheme, app + "/"},
		{"three slashes", "https:///app.example.com/", errHost, app + "/"},
		{"scheme with space", " https://app.example.com/", errSpace, app + "/"},
		{"scheme split by a tab", "ht\ttps://app.example.com/", errControl, app + "/"},

		// Row 8: other hosts.
		{"another host", "https://evil.test/", errNotServed, app + "/"},
		{"prefix with hyphen", "https://evil-app.example.com/", errNotServed, app + "/"},
		{"prefix", "https://evilapp.example.com/", errNotServed, app + "/"},
		{"suffix", "https://app.example.com.evil/", errNotServed, app + "/"},
		{"another port", "https://app.example.com:1234/", errNotServed, app + ":443/"},
		{"http's port by https", "https://app.example.com:80/", errNotServed, "http://app.example.com:80/"},
		{"port is missing", "https://ported.example.com/", errNotServed, "https://ported.example.com:8443/"},
		{"parent domain", "https://example.com/", errNotServed, app + "/"},
		{"apex of a wildcard", "https://apps.example.com/", errNotServed, "https://a.apps.example.com/"},
		{"no label boundary before a wildcard", "https://evilapps.example.com/", errNotServed, "https://evil.apps.example.com/"},
		{"wildcard on another port", "https://a.apps.example.com:8443/", errNotServed, "https://a.apps.example.com/"},
		{"star itself", "https://*.apps.example.com/", errHost, "https://a.apps.example.com/"},
		{"look-alike letter", "https://аpp.example.com/", errNotServed, app + "/"},
		{"allowed host in userinfo", "https://app.example.com@evil.test/", errUserinfo, app + "/"},
		{"allowed host with a user", "https://me@app.example.com/", errUserinfo, app + "/"},
		{"empty user", "https://@app.example.com/", errUserinfo, app + "/"},
		{"password", "https://me:pw@app.example.com/", errUserinfo, app + "/"},
		{"escaped @", "https://app.example.com%40evil.test/", errHost, app + "/"},
		{"escaped host", "https://%61pp.example.com/", errHost, app + "/"},
		{"escaped slash in host", "https://evil.test%2f.apps.example.com/", errHost, "https://a.apps.example.com/"},
		{"escaped # in host", "https://evil.test%23.apps.example.com/", errHost, "https://a.apps.example.com/"},
		{"backslash in host", `https://evil.test\.apps.example.com/`, errBackslash, "https://a.apps.example.com/"},
		{"wide slash in host", "https://evil.test／.apps.example.com/", errHost, "https://a.apps.example.com/"},
		{"semicolon in host", "https://evil.test;.apps.example.com/", errHost, "https://a.apps.example.com/"},
		{"empty port", "https://app.example.com:/", errPort, app + "/"},
		{"port with letters", "https://app.example.com:443x/", errPort, app + ":443/"},
		{"port is a user", "https://app.example.com:443@evil.test/", errUserinfo, app + ":443/"},
		{"no host", "https:///", errHost, app + "/"},
		{"host is a query", "https://?app.example.com/", errHost, app + "/"},
		{"number as address", "https://2130706433/", errHost, app + "/"},

		// Paths that leave the host, or that two readers read differently.
		{"scheme-relative", "//evil.test/", errSlashes, "/evil.test/"},
		{"scheme-relative to ourselves", "//app.example.com/", errSlashes, "/app.example.com/"},
		{"three slashes in front", "///evil.test/", errSlashes, "/evil.test/"},
		{"double slash at the start of an absolute one", app + "//evil.test/", errSlashes, app + "/evil.test/"},
		{"double slash inside", "/a//b", errSlashes, "/a/b"},
		{"double slash at the end", "/a//", errSlashes, "/a/"},
		{"first slash twice, one escaped", "/%2fevil.test", errSlashes, "/evil%2f.test"},
		{"slash and backslash", `/\evil.test`, errBackslash, "/evil.test"},
		{"backslash in front", `\/evil.test`, errBackslash, "/evil.test"},
		{"backslash inside", `/a\b`, errBackslash, "/a/b"},
		{"backslash in a query", `/a?b\c`, errBackslash, "/a?b%5cc"},
		{"escaped backslash", "/%5cevil.test", errBackslash, "/evil.test"},
		{"escaped backslash inside, upper case", "/a%5Cb", errBackslash, "/a%5Db"},
		{"tab between slashes", "/\t/evil.test", errControl, "/evil.test"},
		{"line feed", "/a\nb", errControl, "/ab"},
		{"carriage return in a query", "/a?b\rc", errControl, "/a?b%0dc"},
		{"NUL", "/a\x00b", errControl, "/ab"},
		{"DEL", "/a\x7fb", errControl, "/ab"},
		{"C1 control", "/a\u0085b", errControl, "/ab"},
		{"space", "/a b", errSpace, "/a%20b"},
		{"space in a fragment", "/a#b c", errSpace, "/a#b%20c"},
		{"trailing space", "/a ", errSpace, "/a"},
		{"no-break space", "/a\u00a0b", errSpace, "/a%C2%A0b"},
		{"ideographic space", "/\u3000/evil.test", errSpace, "/%E3%80%80/evil.test"},
		{"escaped tab", "/%09/evil.test", errControl, "/%20/evil.test"},
		{"escaped line break", "/%0d%0aSet-Cookie:x", errControl, "/Set-Cookie:x"},
		{"escaped NUL", "/a%00b", errControl, "/a%20b"},
		{"escaped unit separator", "/a%1fb", errControl, "/a%20b"},
		{"escaped DEL", "/a%7Fb", errControl, "/a%7Eb"},
		{"escaped C1 control", "/a%C2%85b", errControl, "/a%C2%A5b"},
		{"raw invalid UTF-8", "/a\xffb", errUTF8, "/aÿb"},
		{"raw invalid UTF-8 in a query", "/a?\xc3(", errUTF8, "/a?%c3("},
		{"escaped invalid UTF-8", "/caf%e9", errUTF8, "/caf%c3%a9"},
		{"overlong slash", "/%c0%afevil.test", errUTF8, "/%c3%afevil.test"},
		{"overlong dots", "/%c0%ae%c0%ae/x", errUTF8, "/x"},
		{"escaped surrogate", "/%ed%a0%80", errUTF8, "/%ed%9f%bf"},
		{"dot segment", "/a/../b", errDotSegment, "/a/..b"},
		{"single dot", "/a/./b", errDotSegment, "/a/.b"},
		{"dots at the end", "/a/..", errDotSegment, "/a/..."},
		{"single dot at the end", "/a/.", errDotSegment, "/a/.a"},
		{"dots at the start", "/../a", errDotSegment, "/a"},
		{"escaped dots", "/a/%2e%2e/b", errDotSegment, "/a/%2e%2eb"},
		{"half escaped dots", "/a/.%2E/b", errDotSegment, "/a/.%2Eb"},
		{"other half escaped", "/a/%2e./b", errDotSegment, "/a/%2e.b"},
		{"one escaped dot", "/a/%2E/b", errDotSegment, "/a/%2Eb"},
		{"dots behind an escaped slash", "/a%2f..%2fb", errDotSegment, "/a%2f...%2fb"},
		{"dots before a query", "/a/..?x", errDotSegment, "/a?.."},
		{"dots before a fragment", "/a/..#x", errDotSegment, "/a#.."},
		{"dots in an absolute one", app + "/..", errDotSegment, app + "/"},
		{"percent alone", "/100%", errEscape, "/100%25"},
		{"malformed escape", "/%zz", errEscape, "/%7a%7a"},
		{"cut escape", "/a%2", errEscape, "/a%20"},
		{"unicode escape", "/%u002e", errEscape, "/u002e"},
		{"angle brackets", "/<script>", errCharacter, "/%3Cscript%3E"},
		{"quote", `/"`, errCharacter, "/%22"},
		{"quote in a query", `/?"`, errCharacter, "/?%22"},
		{"two fragments", "/#a#b", errCharacter, "/#a%23b"},

		// Row 9: our own endpoints.
		{"login", "/easyauth/login", errOwnPath, "/easyaut/login"},
		{"login with rd", "/easyauth/login?rd=/", errOwnPath, "/login?rd=/"},
		{"login of another host", "https://other.example.com/easyauth/login", errOwnPath, "https://other.example.com/login"},
		{"callback", "/signin-oidc?code=x&state=y", errOwnPath, "/signin?code=x&state=y"},
		{"logout", "/easyauth/logout", errOwnPath, "/logout"},
		{"base path", "/easyauth", errOwnPath, "/easyaut"},
		{"base path with slash", "/easyauth/", errOwnPath, "/easyaut/"},
		{"base path with query", "/easyauth?x", errOwnPath, "/?x"},
		{"base path with fragment", "/easyauth#x", errOwnPath, "/#x"},
		{"below it", "/easyauth/a/b", errOwnPath, "/a/b"},
		{"upper case", "/EasyAuth/Login", errOwnPath, "/EasyAut/Login"},
		{"escaped letter", "/easy%61uth/login", errOwnPath, "/easy%62uth/login"},
		{"escaped letter in upper case", "/easy%41uth/login", errOwnPath, "/easy%42uth/login"},
		{"all escaped", "/%65%61%73%79%61%75%74%68", errOwnPath, "/%65%61%73%79"},
		{"escaped slash", "/easyauth%2Flogin", errOwnPath, "/easyauth%2Dlogin"},
		{"folded letter", "/eaſyauth/login", errOwnPath, "/eayauth/login"},
		{"moved path in lower case", "/moved/login", errOwnPath, "/moved/logins"},
		{"moved path, slashes merged by the proxy", "/moved%2F%2Flogin", errOwnPath, "/moved%2F%2Flogins"},
		{"moved path, slash and escaped slash", "/moved/%2Flogin", errOwnPath, "/moved/%2Flogins"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := s.resolve(tt.raw, self); !errors.Is(err, tt.rule) {
				t.Errorf("resolve(%q): %v, want: %v", tt.raw, err, tt.rule)
			}
			if got, ok := s.ReturnURL(tt.raw, self); got != app+"/welcome" || ok {
				t.Errorf("ReturnURL(%q) = %q, %v, want the default page", tt.raw, got, ok)
			}
			if got, err := s.resolve(tt.sibling, self); err != nil {
				t.Errorf("sibling %q: %q, %v", tt.sibling, got, err)
			}
		})
	}
}

func TestReturnURLLength(t *testing.T) {
	s, self := house(t)
	room := maxURL - len(self.Origin()) - 1
	for _, tt := range []struct {
		name, raw string
		want      bool
	}{
		{"absolute, 8 KB", self.Origin() + "/" + strings.Repeat("a", room), true},
		{"absolute, one more", self.Origin() + "/" + strings.Repeat("a", room+1), false},
		{"absolute, one more, though the result would fit", self.Origin() + ":443/" + strings.Repeat("a", room), false},
		{"path whose result has 8 KB", "/" + strings.Repeat("a", room), true},
		{"path whose result has one more", "/" + strings.Repeat("a", room+1), false},
		{"escapes that fit", "/" + strings.Repeat("é", room/6), true},
		{"escapes that do not fit", "/" + strings.Repeat("é", room/6+1), false},
	} {
		if got, ok := s.ReturnURL(tt.raw, self); ok != tt.want || len(got) > maxURL {
			t.Errorf("%s: %d bytes gave %d bytes, %v", tt.name, len(tt.raw), len(got), ok)
		}
	}
}

// Without a host of its own (an error page before it is known) a path stays a
// path, which no browser takes for a host.
func TestReturnURLWithoutSelf(t *testing.T) {
	s, _ := house(t)
	for raw, want := range map[string]string{"/x": "/x", "//x": "/welcome", "https://app.example.com/x": "https://app.example.com/x"} {
		if got, _ := s.ReturnURL(raw, Host{}); got != want {
			t.Errorf("ReturnURL(%q) = %q, want %q", raw, got, want)
		}
	}
}

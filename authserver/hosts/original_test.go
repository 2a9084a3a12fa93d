package hosts

import (
	"errors"
	"strings"
	"testing"
)

func TestParseOriginal(t *testing.T) {
	for _, tt := range []struct{ name, raw, host, uri string }{
		{"plain", "https://app.test/x?y=1", "app.test", "/x?y=1"},
		{"http behind a load balancer", "http://app.test/", "app.test", "/"},
		{"query", "https://app.test/?x", "app.test", "/?x"},
		{"port 443", "https://app.test:443/", "app.test", "/"},
		{"port 80", "http://app.test:80/", "app.test", "/"},
		{"port 443 behind a load balancer", "http://app.test:443/", "app.test", "/"},
		{"port 80 by https", "https://app.test:80/", "app.test", "/"},
		{"other port", "http://app.test:8080/", "app.test:8080", "/"},
		{"upper case", "HTTP://APP.Test/X", "app.test", "/X"},
		{"trailing dot", "https://app.test./", "app.test", "/"},
		{"trailing dot and port", "https://APP.test.:443/", "app.test", "/"},
		{"international", "https://MÜNCHEN.example/", "xn--mnchen-3ya.example", "/"},
		{"IPv6", "http://[::0:1]:8443/", "[::1]:8443", "/"},
		{"IPv4", "http://127.0.0.1:18080/", "127.0.0.1:18080", "/"},
		{"dot segments, as they are", "https://app.test/a/../b/./%2e%2E/c", "app.test", "/a/../b/./%2e%2E/c"},
		{"double slashes, as they are", "https://app.test//evil.test//x", "app.test", "//evil.test//x"},
		{"escapes, as they are", "https://app.test/a%2Fb%2fc%5c?x=%7C", "app.test", "/a%2Fb%2fc%5c?x=%7C"},
		{"raw UTF-8, as it is", "https://app.test/grüße?ß", "app.test", "/grüße?ß"},
		{"malformed escape in a query", "https://app.test/?q=100%", "app.test", "/?q=100%"},
		{"backslash in a query", `https://app.test/?u=CORP\me`, "app.test", `/?u=CORP\me`},
		{"@ in path and query", "https://app.test/@me?to=a@b.test", "app.test", "/@me?to=a@b.test"},
		{"commas in the path", "https://app.test/a,b,c", "app.test", "/a,b,c"},
		{"URLs as values", "https://app.test/?u=https://a.test,https://b.test", "app.test", "/?u=https://a.test,https://b.test"},
		{"our own endpoint", "https://app.test/easyauth/login", "app.test", "/easyauth/login"},
	} {
		got, err := ParseOriginal([]string{tt.raw})
		if err != nil || got.Host != tt.host || got.RequestURI != tt.uri {
			t.Errorf("%s: %+v, %v, want %q %q", tt.name, got, err, tt.host, tt.uri)
		}
	}
}

func TestParseOriginalRefuses(t *testing.T) {
	const good = "https://app.test/"
	for _, tt := range []struct {
		name    string
		values  []string
		rule    error
		sibling string
	}{
		{"no header", nil, errMissing, good},
		{"empty", []string{""}, errMissing, good},
		{"two", []string{good, good}, errSeveral, good},
		{"one of two empty", []string{good, ""}, errSeveral, good},
		{"joined with a comma", []string{good + ",https://evil.test/"}, errJoined, good + ",https:/evil.test/"},
		{"joined with a comma, other scheme and case", []string{good + "x,HTTP://evil.test/"}, errJoined, good + "x,http:/evil.test/"},
		{"joined with comma and space", []string{good + ", https://evil.test/"}, errSpace, good + ","},
		{"joined behind the host", []string{"https://app.test,https://evil.test/"}, errHost, good},
		{"too long", []string{good + strings.Repeat("a", maxURL+1-len(good))}, errTooLong, good + strings.Repeat("a", maxURL-len(good))},
		{"path alone", []string{"/x"}, errScheme, "https://app.test/x"},
		{"scheme-relative", []string{"//app.test/x"}, errScheme, "https://app.test/x"},
		{"host alone", []string{"app.test/x"}, errScheme, "https://app.test/x"},
		{"no scheme", []string{"://app.test/x"}, errScheme, "https://app.test/x"},
		{"another scheme", []string{"ws://app.test/"}, errScheme, good},
		{"one slash", []string{"https:/app.test/"}, errScheme, good},
		{"no host", []string{"https:///x"}, errHost, "https://h/x"},
		{"user name", []string{"https://me@app.test/"}, errUserinfo, good},
		{"host in user name", []string{"https://app.test:443@evil.test/"}, errUserinfo, good},
		{"percent path", []string{good + "%"}, errEscape, good + "%25"},
		{"malformed escape in the path", []string{good + "a%zzb"}, errEscape, good + "a%20b"},
		{"cut escape in the path", []string{good + "%2?x"}, errEscape, good + "%20?x"},
		{"percent as host", []string{"https://%/"}, errHost, good},
		{"malformed escape in the host", []string{"https://app%zz.test/"}, errHost, good},
		{"escape in the host", []string{"https://app%2etest/"}, errHost, good},
		{"backslash in the host", []string{`https://app.test\evil.test/`}, errHost, good},
		{"no path", []string{"https://app.test"}, errNoPath, good},
		{"query right behind the host", []string{"https://app.test?x"}, errNoPath, good + "?x"},
		{"a host that ends in a question mark", []string{"https://app.test?/admin"}, errNoPath, "https://app.test/?/admin"},
		{"a host with a port that does", []string{"https://app.test:8443?/admin"}, errNoPath, "https://app.test:8443/?/admin"},
		{"a host that ends in a query", []string{"https://app.test?x=/admin"}, errNoPath, "https://app.test/x=/admin"},
		{"a host that ends in a fragment", []string{"https://app.test#/admin"}, errNoPath, good + "admin"},
		{"asterisk form", []string{"https://app.test*"}, errHost, good},
		{"empty port", []string{"https://app.test:/"}, errPort, good},
		{"port too high", []string{"https://app.test:65536/"}, errPort, "https://app.test:65535/"},
		{"control byte", []string{good + "a\x01b"}, errControl, good + "a%01b"},
		{"line break", []string{good + "a\r\nb"}, errControl, good + "a%0d%0ab"},
		{"tab", []string{good + "?a\tb"}, errControl, good + "?a%09b"},
		{"DEL", []string{good + "\x7f"}, errControl, good},
		{"space", []string{good + "a b"}, errSpace, good + "a%20b"},
		{"space in front", []string{" " + good}, errSpace, good},
		{"invalid UTF-8", []string{good + "\xff"}, errUTF8, good + "ÿ"},
		{"invalid UTF-8 in the query", []string{good + "?\xc3("}, errUTF8, good + "?%c3("},
		{"invalid UTF-8 in the host", []string{"https://app\xff.test/"}, errUTF8, good},
		{"fragment", []string{good + "#x"}, errFragment, good + "%23x"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ParseOriginal(tt.values)
			if !errors.Is(err, tt.rule) || got != (Original{}) {
				t.Errorf("ParseOriginal = %+v, %v, want %v", got, err, tt.rule)
			}
			if _, err := ParseOriginal([]string{tt.sibling}); err != nil {
				t.Errorf("sibling: %v", err)
			}
		})
	}
}

func TestParseOriginalErrorHoldsNoValue(t *testing.T) {
	for _, raw := range []string{"https://marker@h/", "https://marker\u3000/", "https://xn--marker-.test/", "https://h:marker/", "marker", "https://h/marker%zz", "https://h/#marker"} {
		_, err := ParseOriginal([]string{raw})
		if err == nil || strings.Contains(err.Error(), "marker") {
			t.Errorf("ParseOriginal(%q): %v", raw, err)
		}
	}
}

package hosts

import (
	"errors"
	"strings"
	"testing"
)

func TestNewRefuses(t *testing.T) {
	one := func(entry string) Config { return Config{Hosts: []string{entry}} }
	own := func(path string) Config { return Config{Hosts: []string{"app.test"}, OwnPaths: []string{path}} }
	def := func(path string) Config {
		return Config{Hosts: []string{"app.test"}, OwnPaths: []string{"/easyauth"}, DefaultPath: path}
	}
	for _, tt := range []struct {
		name    string
		config  Config
		rule    error // nil: any
		sibling Config
	}{
		{"no host", Config{}, nil, one("app.test")},
		{"empty entry", one(""), errHost, one("app.test")},
		{"only a star", one("*"), errHost, one("*.app.test")},
		{"star and dot", one("*."), errHost, one("*.app.test")},
		{"star within a label", one("a*.app.test"), errHost, one("*.app.test")},
		{"two stars", one("*.*.app.test"), errHost, one("*.app.test")},
		{"star of a top-level domain", one("*.com"), errWildcard, one("*.example.com")},
		{"star of an IPv4 address", one("*.127.0.0.1"), errWildcard, one("127.0.0.1")},
		{"star of part of an address", one("*.0.0.1"), errHost, one("127.0.0.1")},
		{"star of an IPv6 address", one("*.[::1]"), errWildcard, one("[::1]")},
		{"https written out", one("https://app.test"), errHTTPSEntry, one("app.test")},
		{"http beyond loopback", one("http://app.test"), errPlainHTTP, Config{Hosts: []string{"http://app.test"}, InsecureHTTP: true}},
		{"http of a name that begins like loopback", one("http://localhost.test"), errPlainHTTP, one("http://localhost")},
		{"http of a name that ends like loopback", one("http://notlocalhost"), errPlainHTTP, one("http://not.localhost")},
		{"http of a private address", one("http://192.168.0.1:8080"), errPlainHTTP, one("http://127.1.2.3:8080")},
		{"http of an IPv6 address", one("http://[::2]"), errPlainHTTP, one("http://[::1]")},
		{"path", one("app.test/"), errHost, one("app.test")},
		{"user name", one("me@app.test"), errUserinfo, one("app.test")},
		{"white space", one(" app.test"), errHost, one("app.test")},
		{"comma", one("a.test,b.test"), errHost, one("a.test")},
		{"percent escape", one("app%2etest"), errHost, one("app.test")},
		{"empty port", one("app.test:"), errPort, one("app.test")},
		{"port 0", one("app.test:0"), errPort, one("app.test:1")},
		{"port too high", one("app.test:65536"), errPort, one("app.test:65535")},
		{"port with leading zero", one("app.test:08443"), errPort, one("app.test:8443")},
		{"port with sign", one("app.test:+8443"), errPort, one("app.test:8443")},
		{"port star", one("app.test:*"), errPort, one("app.test:8443")},
		{"http's port with https", one("app.test:80"), errForeignPort, one("app.test:443")},
		{"https's port with http", one("http://localhost:443"), errForeignPort, one("http://localhost:80")},
		{"IPv6 without brackets", one("::1"), errHost, one("[::1]")},
		{"empty label", one("app..test"), errHost, one("app.test")},
		{"two trailing dots", one("app.test.."), errHost, one("app.test.")},
		{"leading hyphen", one("-app.test"), errHost, one("a-pp.test")},
		{"label too long", one(strings.Repeat("a", 64) + ".test"), errHost, one(strings.Repeat("a", 63) + ".test")},
		{"invalid punycode", one("xn--a.test"), errHost, one("xn--4ca.test")},
		{"one host, two schemes", Config{Hosts: []string{"localhost", "http://localhost:80"}}, errTwoSchemes, Config{Hosts: []string{"localhost", "http://localhost:8080"}}},
		{"own path empty", own(""), errNoPath, own("/easyauth")},
		{"own path relative", own("easyauth"), errNoPath, own("/easyauth")},
		{"own path root", own("/"), errNoPath, own("/e")},
		{"own path with query", own("/easyauth?x"), errNoPath, own("/easyauth")},
		{"own path with dot segment", own("/easyauth/../x"), errDotSegment, own("/easyauth/x")},
		{"own path with white space", own("/easy auth"), errSpace, own("/easyauth")},
		{"default page elsewhere", def("https://app.test/"), errNoPath, def("/welcome")},
		{"default page scheme-relative", def("//app.test/"), errSlashes, def("/app.test/")},
		{"default page of our own", def("/easyauth/me"), errOwnPath, def("/easyauthor/me")},
		{"default page with dot segment", def("/a/.."), errDotSegment, def("/a/...")},
		{"default page with backslash", def(`/\evil.test`), errBackslash, def("/evil.test")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := New(tt.config)
			if err == nil || tt.rule != nil && !errors.Is(err, tt.rule) {
				t.Errorf("New = %v, want %v", err, tt.rule)
			}
			if _, err := New(tt.sibling); err != nil {
				t.Errorf("sibling: %v", err)
			}
		})
	}
}

func TestNewTellsAllFaultsWithoutValues(t *testing.T) {
	_, err := New(Config{
		Hosts:       []string{"good.test", "marker1/x", "http://marker2.test"},
		OwnPaths:    []string{"marker3"},
		DefaultPath: "//marker4",
	})
	if err == nil {
		t.Fatal("four faults were accepted")
	}
	for _, want := range []string{"host 2: ", "host 3: ", "own path 1: ", "default path: ", "write app.example.com"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in: %v", want, err)
		}
	}
	if strings.Contains(err.Error(), "marker") {
		t.Errorf("a value is in: %v", err)
	}
}

package hosts

import (
	"slices"
	"strings"
	"testing"
)

func TestHost(t *testing.T) {
	s := mustNew(t, Config{Hosts: []string{
		"app.example.com", "ported.example.com:8443", "*.apps.example.com", "*.wide.example.com:8443",
		"http://localhost:8080", "[2001:DB8::1]", "[::1]:8443", "München.example", "10.1.2.3", "exact.apps.example.com:9443", "under_score.test",
	}})
	for _, tt := range []struct{ header, want string }{
		{"app.example.com", "https://app.example.com"},
		{"APP.Example.COM", "https://app.example.com"},
		{"app.example.com.", "https://app.example.com"},
		{"app.example.com:443", "https://app.example.com"},
		{"APP.EXAMPLE.COM.:443", "https://app.example.com"},
		{"ported.example.com:8443", "https://ported.example.com:8443"},
		{"a.apps.example.com", "https://a.apps.example.com"},
		{"a.b.apps.example.com", "https://a.b.apps.example.com"},
		{"A.Apps.Example.com.", "https://a.apps.example.com"},
		{"exact.apps.example.com:9443", "https://exact.apps.example.com:9443"},
		{"exact.apps.example.com", "https://exact.apps.example.com"},
		{"a.wide.example.com:8443", "https://a.wide.example.com:8443"},
		{"localhost:8080", "http://localhost:8080"},
		{"LOCALHOST:8080", "http://localhost:8080"},
		{"[2001:db8:0:0::1]", "https://[2001:db8::1]"},
		{"[2001:DB8::0:1]:443", "https://[2001:db8::1]"},
		{"[::1]:8443", "https://[::1]:8443"},
		{"münchen.example", "https://xn--mnchen-3ya.example"},
		{"MÜNCHEN。example", "https://xn--mnchen-3ya.example"},
		{"XN--MNCHEN-3YA.example", "https://xn--mnchen-3ya.example"},
		{"10.1.2.3", "https://10.1.2.3"},
		{"under_score.test", "https://under_score.test"},

		{"", ""},
		{".", ""},
		{":443", ""},
		{"app.example.com:", ""},
		{"app.example.com:0", ""},
		{"app.example.com:0443", ""},
		{"app.example.com:80", ""}, // the scheme of a Host header is https
		{"app.example.com:8443", ""},
		{"app.example.com:443:443", ""},
		{"app.example.com:٤٤٣", ""},
		{"app.example.com..", ""},
		{".app.example.com", ""},
		{"app.example.com/", ""},
		{"app.example.com?", ""},
		{"app.example.com#", ""},
		{`app.example.com\`, ""},
		{"app.example.com,app.example.com", ""},
		{"https://app.example.com", ""},
		{"me@app.example.com", ""},
		{"@app.example.com", ""},
		{"app%2eexample.com", ""},
		{" app.example.com", ""},
		{"app.example.com ", ""},
		{"app.example.com\t", ""},
		{"app.example.com\x00", ""},
		{"app.example.com\xff", ""},
		{"evilapp.example.com", ""},
		{"evil-app.example.com", ""},
		{"app.example.com.evil.test", ""},
		{"example.com", ""},
		{"apps.example.com", ""},
		{".apps.example.com", ""},
		{"*.apps.example.com", ""},
		{"evilapps.example.com", ""},
		{"a..apps.example.com", ""},
		{"a.apps.example.com:8443", ""},
		{"a.wide.example.com", ""},
		{"ported.example.com", ""},
		{"localhost", ""},
		{"localhost:80", ""},
		{"2001:db8::1", ""},
		{"[2001:db8::1", ""},
		{"2001:db8::1]", ""},
		{"[2001:db8::1%eth0]", ""},
		{"[2001:db8::1]x", ""},
		{"[2001:db8::1]]", ""},
		{"[[2001:db8::1]]", ""},
		{"[10.1.2.3]", ""},
		{"[::ffff:10.1.2.3]", ""},
		{"[]", ""},
		{"10.1.515", ""},
		{"010.1.2.3", ""},
		{"0xa.1.2.3", ""},
		{"167838211", ""},
		{"xn--a.apps.example.com", ""},
		{"xn--.apps.example.com", ""},
		{"xn--app-.apps.example.com", ""},
		{"ä.xn--app-.apps.example.com", ""},
		{strings.Repeat("a", 64) + ".apps.example.com", ""},
		{strings.Repeat("a.", 127) + "apps.example.com", ""},
		{strings.Repeat("ä", 600), ""},
		{strings.Repeat("\u00ad", 500) + "app.example.com", "https://app.example.com"}, // soft hyphens vanish
		{strings.Repeat("\u00ad", 600) + "app.example.com", ""},                        // but we do not read for ever
	} {
		h, ok := s.Host(tt.header)
		if h.Origin() != tt.want || ok != (tt.want != "") {
			t.Errorf("Host(%q) = %q, %v, want %q", tt.header, h.Origin(), ok, tt.want)
		}
	}
}

func TestHostNameLength(t *testing.T) {
	s := mustNew(t, Config{Hosts: []string{"*.example.com"}})
	longest := strings.Repeat("a.", (maxName-len("example.com"))/2) + "example.com"
	if len(longest) != maxName {
		t.Fatalf("the test's name has %d bytes", len(longest))
	}
	if _, ok := s.Host(longest + ".:443"); !ok {
		t.Errorf("%d bytes were refused", maxName)
	}
	if _, ok := s.Host("a" + longest); ok {
		t.Errorf("%d bytes were accepted", maxName+1)
	}
}

func TestInsecureHTTP(t *testing.T) {
	s := mustNew(t, Config{Hosts: []string{"app.test", "http://b.test", "app.test:8080"}, InsecureHTTP: true})
	for header, want := range map[string]string{
		"app.test": "http://app.test", "app.test:80": "http://app.test", "b.test": "http://b.test",
		"app.test:8080": "http://app.test:8080", "app.test:443": "",
	} {
		if h, _ := s.Host(header); h.Origin() != want {
			t.Errorf("Host(%q) = %q, want %q", header, h.Origin(), want)
		}
	}
	self, _ := s.Host("app.test")
	for raw, want := range map[string]string{
		"/x": "http://app.test/x", "https://b.test/x": "http://b.test/x", "https://b.test:443/x": "http://b.test/x",
		"http://b.test:443/x": "http://app.test/",
	} {
		if u, _ := s.ReturnURL(raw, self); u != want {
			t.Errorf("ReturnURL(%q) = %q, want %q", raw, u, want)
		}
	}
}

// The most specific entry says the scheme, whatever the order of the list.
func TestMostSpecificEntryWins(t *testing.T) {
	hosts := []string{"*.localhost", "http://*.dev.localhost", "me.dev.localhost"}
	want := map[string]string{
		"a.localhost": "https://a.localhost", "a.dev.localhost": "http://a.dev.localhost",
		"me.dev.localhost": "https://me.dev.localhost", "dev.localhost": "https://dev.localhost",
	}
	for range hosts {
		hosts = append(hosts[1:], hosts[0])
		s := mustNew(t, Config{Hosts: hosts})
		for header, origin := range want {
			if h, _ := s.Host(header); h.Origin() != origin {
				t.Errorf("%v: Host(%q) = %q, want %q", hosts, header, h.Origin(), origin)
			}
		}
	}
}

func TestOrigins(t *testing.T) {
	s := mustNew(t, Config{Hosts: []string{
		"B.example.com", "*.Apps.example.com", "a.example.com:8443", "b.example.com.:443", "http://*.localhost:8080", "[::1]:8443", "ä.example",
	}})
	want := []string{
		"https://b.example.com", "https://*.apps.example.com", "https://a.example.com:8443", "http://*.localhost:8080", "https://[::1]:8443", "https://xn--4ca.example",
	}
	got := s.Origins()
	if !slices.Equal(got, want) {
		t.Errorf("Origins() = %q, want %q", got, want)
	}
	got[0] = "changed"
	if s.Origins()[0] != want[0] {
		t.Error("a caller can change the set")
	}
}

func TestDefault(t *testing.T) {
	self := Host{Scheme: "https", Name: "app.test:8443"}
	for _, tt := range []struct{ path, want string }{
		{"", "https://app.test:8443/"},
		{"/", "https://app.test:8443/"},
		{"/welcome?from=login#top", "https://app.test:8443/welcome?from=login#top"},
		{"/grüße", "https://app.test:8443/gr%C3%BC%C3%9Fe"},
	} {
		s := mustNew(t, Config{Hosts: []string{"app.test:8443"}, DefaultPath: tt.path})
		if got := s.Default(self); got != tt.want {
			t.Errorf("default path %q: %q, want %q", tt.path, got, tt.want)
		}
		if got := s.Default(Host{}); got != strings.TrimPrefix(tt.want, self.Origin()) {
			t.Errorf("default path %q of no host: %q", tt.path, got)
		}
	}
}

package hosts

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

// FuzzReturnURL: whatever comes in, a browser that follows the result ends on
// a served host and outside our endpoints; what was accepted a browser reads
// as the same page, and a result is accepted again unchanged.
func FuzzReturnURL(f *testing.F) {
	s, self := house(f)
	for _, line := range readOpenRedirects(f) {
		f.Add(line)
		f.Add(unescape(line))
	}
	for _, raw := range []string{
		"/", "/a%2Fb?x=%7C#f", "/grüße?q=日本#é", "/queues/%2F/orders", "/.well-known/..a/...", "/x?next=https://evil.test//..", "/#/users//..",
		"https://app.example.com", "http://APP.example.com.:80/x?y", "https://ported.example.com:8443/%41", "https://a.b.apps.example.com#x",
		"https://localhost:8080/{a}|^`", "http://[2001:DB8:0::1]:443/x", "https://MÜNCHEN。example/", "https://xn--mnchen-3ya.example/x",
		"https://xn--4ca.apps.example.com/", "https://Ａ.apps.example.com/", "https://a\u00ad.apps.example.com/", "https://1.2.apps.example.com/",
		"https://⇓Ⓡ.apps.example.com/", "https://‶.x.apps.example.com/", "https://·։.apps.example.com", "https://xN--00CAAA.apps.example.com#ȿ", "/%20@:80;//",
		"/easyauth/login", "/easy%61uth", "/EASYAUTH%2flogin", "/moved%2f%2fLogin", "/signin-oidc?code=x",
	} {
		f.Add(raw)
	}
	served := func(o string) bool {
		scheme, name, _ := strings.Cut(o, "://")
		h, ok := s.Host(name)
		return ok && h.Origin() == o && h.Scheme == scheme
	}
	check := func(t *testing.T, raw string) {
		location, ok := s.ReturnURL(raw, self)
		checkStays(t, "https://app.example.com/", location, served, "/easyauth", "/signin-oidc", "/moved/login")
		if !ok && location != s.Default(self) {
			t.Fatalf("ReturnURL(%q) refused, and is %q", raw, location)
		}
		if again, ok := s.ReturnURL(location, self); again != location || !ok {
			t.Fatalf("ReturnURL(%q) = %q, which becomes %q, %v", raw, location, again, ok)
		}
		if ok {
			checkSameReading(t, self.Origin(), raw, location)
		}
	}
	f.Fuzz(func(t *testing.T, raw string) {
		check(t, raw)
		// The same text where each part of a URL begins.
		for _, before := range []string{"https://", "https://a", "https://app.example.com", "/", "/?", "/#"} {
			check(t, before+raw)
		}
		check(t, "https://"+raw+".apps.example.com/")
	})
}

// FuzzOriginalURL: no input panics, what was accepted and written down again
// is read as the same, and the host stays as it is.
func FuzzOriginalURL(f *testing.F) {
	for _, line := range readOpenRedirects(f) {
		f.Add(line)
		f.Add("https://app.test" + line)
	}
	for _, raw := range []string{
		"https://app.test/x?y=1", "http://APP.Test.:80/", "https://app.test?x", "http://[::0:1]:8443/a/../b//c/%2e%2E", "https://MÜNCHEN.example/grüße?ß",
		"http://127.0.0.1:18080/?q=100%", `https://app.test/?u=CORP\me`, "https://xn--wgv71a119e.xn--zckzah/", "https://a_b.test:65535/", "https://app.test/a,b?u=https://a,https://b",
		"http://t//lo/J_¢\\a_¢", "http://Xn--00CAAA", "http://A0ꧏ:8080?", "http://2.0e.com400330.0007aƽ", "http://p.test///%dd", "http://a݁.test/https://example.com/%2e%2e%2f",
		"https://app.test/%", "https://app%zz/", "//app.test/", "https://me@app.test/", "https://a.test/,https://b.test/", "https://app.test/#x", "https://app.test/\xff",
	} {
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		o, err := ParseOriginal([]string{raw})
		if err != nil {
			if o != (Original{}) {
				t.Fatalf("ParseOriginal(%q) gives %+v with the error %v", raw, o, err)
			}
			return
		}
		if !strings.HasPrefix(o.RequestURI, "/") || !strings.HasSuffix(raw, o.RequestURI) {
			t.Fatalf("ParseOriginal(%q) has request URI %q", raw, o.RequestURI)
		}
		a, err := parseAuthority(o.Host)
		if err != nil || (entry{name: a.name, port: a.port}).host(a.name).Name != o.Host {
			t.Fatalf("ParseOriginal(%q) has host %q, read again %+v, %v", raw, o.Host, a, err)
		}
		for _, scheme := range []string{"https://", "http://"} {
			again, err := ParseOriginal([]string{scheme + o.Host + o.RequestURI})
			if errors.Is(err, errTooLong) && len(raw)+maxName > maxURL {
				continue // punycode takes more room than what it stands for
			}
			if err != nil || again != o {
				t.Fatalf("ParseOriginal(%q) = %+v, read again %+v, %v", raw, o, again, err)
			}
		}
	})
}

// FuzzHost: whatever the Host header says, what is served is written in one form
// only, which is served too, and a browser reads it as the same host.
func FuzzHost(f *testing.F) {
	s, _ := house(f)
	for _, raw := range []string{
		"app.example.com", "APP.Example.COM.:443", "ported.example.com:8443", "a.b.apps.example.com", "localhost:8080", "[2001:DB8:0::1]:443", "MÜNCHEN。example", "xn--mnchen-3ya.example",
		"", ":443", "app.example.com:0443", "me@app.example.com", "app%2eexample.com", "app.example.com\\.evil.test", "evil.test", "127.1", "0x7f.apps.example.com", "*.apps.example.com",
		"app.example.com,evil.test", "app.example.com\x00", "a\u00ad.apps.example.com", "[::ffff:1.2.3.4]", "app.example.com:443/x",
	} {
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, header string) {
		h, ok := s.Host(header)
		if !ok {
			if h != (Host{}) {
				t.Fatalf("Host(%q) is not served, and is %+v", header, h)
			}
			return
		}
		if again, ok := s.Host(h.Name); !ok || again != h {
			t.Fatalf("Host(%q) = %+v, which is read as %+v, %v", header, h, again, ok)
		}
		name, _, _ := strings.Cut(h.Name, ":")
		exact := []string{"https://app.example.com", "https://other.example.com", "https://ported.example.com:8443", "http://localhost:8080", "https://[2001:db8::1]", "https://xn--mnchen-3ya.example"}
		below := h.Scheme == "https" && name == h.Name && strings.HasSuffix(name, ".apps.example.com") && !strings.HasPrefix(name, ".")
		if !slices.Contains(exact, h.Origin()) && !below {
			t.Fatalf("Host(%q) = %+v", header, h)
		}
		checkSameReading(t, "https://app.example.com", h.Scheme+"://"+header+"/", h.Origin()+"/")
	})
}

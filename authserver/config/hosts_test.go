package config

import (
	"slices"
	"testing"
)

func TestCookieDomain(t *testing.T) {
	const form, suffix, above = "at least two labels", "public suffix", "must be above every host"
	two := map[string]string{"EASYAUTH_HOSTS": "app.example.com, *.apps.example.com:8443"}
	checkRefusals(t, "EASYAUTH_COOKIE_DOMAIN", []refusal{
		{"one label", marker, "example.com", form, two},
		{"port", marker + ".example.com:443", "example.com", form, two},
		{"scheme", "https://" + marker + ".com", "example.com", form, two},
		{"star", "*." + marker + ".com", ".example.com", form, two},
		{"address", "127.0.0.1", "example.com", form, two},
		{"IPv6", "[::1]", "example.com", form, two},
		{"two dots", "example..com", "EXAMPLE.com", form, two},
		{"public suffix of one label", "com", "example.com", form, two},
		{"public suffix of two", "co.uk", "example.co.uk", suffix, map[string]string{"EASYAUTH_HOSTS": "app.example.co.uk"}},
		{"public suffix of a hoster", "azurewebsites.net", "mine.azurewebsites.net", suffix, map[string]string{"EASYAUTH_HOSTS": "a.mine.azurewebsites.net"}},
		{"public suffix in capitals", "CO.UK", "EXAMPLE.CO.UK", suffix, map[string]string{"EASYAUTH_HOSTS": "app.example.co.uk"}},
		{"public suffix with a dot in front", ".co.uk", ".example.co.uk", suffix, map[string]string{"EASYAUTH_HOSTS": "app.example.co.uk"}},
		{"public suffix in another script", "\u516c\u53f8.cn", "a.\u516c\u53f8.cn", suffix, map[string]string{"EASYAUTH_HOSTS": "b.a.\u516c\u53f8.cn"}},
		{"the same in punycode", "xn--55qx5d.cn", "a.xn--55qx5d.cn", suffix, map[string]string{"EASYAUTH_HOSTS": "b.a.xn--55qx5d.cn"}},
		{"public suffix by a rule for all of a kind", "any.compute.amazonaws.com", "b.any.compute.amazonaws.com", suffix, map[string]string{"EASYAUTH_HOSTS": "a.b.any.compute.amazonaws.com"}},
		{"nothing but public suffixes below", "compute-1.amazonaws.com", "a.b.compute-1.amazonaws.com", "every name is a public suffix", map[string]string{"EASYAUTH_HOSTS": "a.b.compute-1.amazonaws.com"}},
		{"a dot at the end", "co.uk.", "example.co.uk", form, map[string]string{"EASYAUTH_HOSTS": "app.example.co.uk"}},
		{"not above", marker + ".org", "example.com", above, map[string]string{"EASYAUTH_HOSTS": "app.example.com"}},
		{"not above the second", "app.example.com", "example.com", "entry 2", two},
		{"not above the wildcard", "x.apps.example.com", "apps.example.com", above, map[string]string{"EASYAUTH_HOSTS": "*.apps.example.com"}},
		{"only the same end", "ample.com", "example.com", above, map[string]string{"EASYAUTH_HOSTS": "app.example.com"}},
		{"an address among the hosts", "example.com", "", above, map[string]string{"EASYAUTH_HOSTS": "10.0.0.1"}},
		{"IPv6 among the hosts", "example.com", "", above, map[string]string{"EASYAUTH_HOSTS": "[::1]:8443"}},
	})
	for _, tt := range []struct{ hosts, domain, want string }{
		{"example.com app.example.com. APP.example.com:8443", "example.com", "example.com"},
		{"http://a.app.localhost:8080", "app.localhost", "app.localhost"},
		{"my_app.example.com", "example.com", "example.com"},
		{"app.b\u00fccher.example", "B\u00dcCHER.example", "xn--bcher-kva.example"},
		{"app.xn--bcher-kva.example", "b\u00fccher.example", "xn--bcher-kva.example"},
	} {
		if c := good(t, with(map[string]string{"EASYAUTH_HOSTS": tt.hosts, "EASYAUTH_COOKIE_DOMAIN": tt.domain})); c.CookieDomain != tt.want {
			t.Errorf("%s: got %q, want %q", tt.domain, c.CookieDomain, tt.want)
		}
	}
}

func TestCallbackHost(t *testing.T) {
	domain := map[string]string{"EASYAUTH_COOKIE_DOMAIN": "example.com"}
	checkRefusals(t, "EASYAUTH_CALLBACK_HOST", []refusal{
		{"without a cookie domain", "login.example.com", "", "needs EASYAUTH_COOKIE_DOMAIN", nil},
		{"not below it", marker + ".org", "login.example.com", "must lie below EASYAUTH_COOKIE_DOMAIN", domain},
		{"only the same end", "loginexample.com", "login.example.com:8443", "must lie below", domain},
		{"a scheme", "https://login.example.com", "login.example.com", "must be one host", domain},
		{"a path", "login.example.com/" + marker, "login.example.com", "must be one host", domain},
		{"a star", "*.example.com", "example.com", "must be one host", domain},
		{"two", "a.example.com,b.example.com", "a.example.com", "must be one host", domain},
	})
	for _, tt := range []struct {
		hosts, callback string
		want            []string
	}{
		{"app.example.com", "login.example.com", []string{"app.example.com", "login.example.com"}},
		{"app.example.com LOGIN.example.com", "login.example.com", []string{"app.example.com", "LOGIN.example.com"}},
		{"http://login.example.com", "login.example.com", []string{"http://login.example.com"}},
		{"login.example.com", "login.example.com:8443", []string{"login.example.com", "login.example.com:8443"}},
	} {
		c := good(t, with(domain, map[string]string{"EASYAUTH_HOSTS": tt.hosts, "EASYAUTH_CALLBACK_HOST": tt.callback}))
		if !slices.Equal(c.Hosts, tt.want) || c.CallbackHost != tt.callback {
			t.Errorf("%s and %s: got %v", tt.hosts, tt.callback, c.Hosts)
		}
	}
	// A cookie domain with a fault of its own is not said to be missing.
	_, _, faults := load(t, with(map[string]string{"EASYAUTH_COOKIE_DOMAIN": "com", "EASYAUTH_CALLBACK_HOST": "login.example.com"}))
	if len(faults) != 1 || faults[0].Name != "EASYAUTH_COOKIE_DOMAIN" {
		t.Errorf("got %v", faults)
	}
}

func TestHosts(t *testing.T) {
	const suffix, shared = "public suffix such as github.io", "is shared with strangers"
	insecure := map[string]string{"EASYAUTH_INSECURE_HTTP": "true"}
	checkRefusals(t, "EASYAUTH_HOSTS", []refusal{
		{"absent", "", "app.example.com", "is required", nil},
		{"only commas", ", ,\n", "app.example.com", "at least one entry", nil},
		{"a public suffix", "github.io", "mine.github.io", suffix, nil},
		{"all below one", "*.co.uk", "*.example.co.uk", suffix, nil},
		{"all below a hoster's", "*.azurewebsites.net", "mine.azurewebsites.net", suffix, nil},
		{"with a port", "*.azurewebsites.net:8443", "*.mine.azurewebsites.net:8443", suffix, nil},
		{"in capitals and with a dot", "GitHub.IO.", "mine.GitHub.IO.", suffix, nil},
		{"in another script", "*.\u516c\u53f8.cn", "*.a.\u516c\u53f8.cn", suffix, nil},
		{"without TLS", "http://github.io:8080", "http://mine.github.io:8080", suffix, insecure},
		{"the second of two", "app.example.com *.com.au", "app.example.com *.a.com.au", "entry 2 is, or is all below,", nil},
		{"all below what all is a suffix below", "*.compute-1.amazonaws.com", "a.b.compute-1.amazonaws.com", shared, nil},
		{"the same, deeper", "*.any.compute.amazonaws.com", "*.b.any.compute.amazonaws.com", suffix, nil},
	})
	for _, hosts := range []string{
		"localhost http://localhost:8080 *.localhost *.test:8443 app.localhost", "intranet portal:8443", "10.0.0.1 [2001:db8::1]:8443",
		"example.com *.example.com example.co.uk *.blogspot.example", "compute-1.amazonaws.com", "app.corp *.apps.corp www.ck",
	} {
		good(t, with(map[string]string{"EASYAUTH_HOSTS": hosts}))
	}
}

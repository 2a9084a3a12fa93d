package client

import (
	"strings"
	"testing"
)

const marker = "hunter2-MARKER"

func TestParseServer(t *testing.T) {
	for _, row := range []struct{ name, url, base, want string }{
		{"https", "https://app.example.com", "", "https://app.example.com/easyauth"},
		{"a slash", "https://app.example.com/", "", "https://app.example.com/easyauth"},
		{"upper case", "HTTPS://App.Example.COM", "", "https://app.example.com/easyauth"},
		{"its own port", "https://app.example.com:443", "", "https://app.example.com/easyauth"},
		{"a port", "https://app.example.com:8443", "", "https://app.example.com:8443/easyauth"},
		{"a port with zeros", "https://app.example.com:08443", "", "https://app.example.com:8443/easyauth"},
		{"an address", "https://[2001:DB8::0001]:8443", "", "https://[2001:db8::1]:8443/easyauth"},
		{"a base path", "https://app.example.com", "/sso/v2", "https://app.example.com/sso/v2"},
		{"this computer", "http://localhost:8080", "", "http://localhost:8080/easyauth"},
		{"this computer's address", "http://127.0.0.1", "", "http://127.0.0.1/easyauth"},
		{"this computer's other address", "http://[::1]:80", "", "http://[::1]/easyauth"},
	} {
		s, err := ParseServer(row.url, row.base)
		if err != nil || s.key() != row.want {
			t.Errorf("%s: %q, %v", row.name, s.key(), err)
		}
	}
}

func TestParseServerRefuses(t *testing.T) {
	for _, row := range []struct{ name, url, base, want string }{
		{"nothing", "", "", "must begin with https://"},
		{"no scheme", "app.example.com", "", "must begin with https://"},
		{"no scheme, and a port", "app.example.com:8443", "", "must begin with https://"},
		{"another scheme", "ftp://app.example.com", "", "must begin with https://"},
		{"no host", "https://", "", "must begin with https://"},
		{"a port alone", "https://:443", "", "must begin with https://"},
		{"a colon alone", "https://app.example.com:", "", "colon without a port"},
		{"port 0", "https://app.example.com:0", "", "a port that is none"},
		{"port 65536", "https://app.example.com:65536", "", "a port that is none"},
		{"http elsewhere", "http://app.example.com", "", "over http anybody"},
		{"http at an address", "http://192.0.2.1", "", "over http anybody"},
		{"http at any address", "http://0.0.0.0", "", "over http anybody"},
		{"http at almost localhost", "http://localhost.example.com", "", "over http anybody"},
		{"http at almost 127.0.0.1", "http://127.0.0.1.example.com", "", "over http anybody"},
		{"a user", "https://" + marker + "@app.example.com", "", "a user or a password"},
		{"a password", "https://u:" + marker + "@app.example.com", "", "a user or a password"},
		{"an @ in the path", "https://app.example.com/@x", "", "a user or a password"},
		{"a query", "https://app.example.com/?t=" + marker, "", "a query or a fragment"},
		{"an empty query", "https://app.example.com/?", "", "a query or a fragment"},
		{"a fragment", "https://app.example.com/#" + marker, "", "a query or a fragment"},
		{"a path", "https://app.example.com/" + marker, "", "must not have a path"},
		{"an escape", "https://app.example.com/%", "", "must begin with https://"},
		{"another script", "https://bücher.example", "", "xn--"},
		{"a blank", "https://app.example.com%20", "", "must begin with https://"},
		{"an interface", "https://[fe80::1%25eth0]", "", "network interface"},
		{"long", "https://" + strings.Repeat("a", 500), "", "longer than"},
		{"a base path without a slash", "https://app.example.com", "sso", "EASYAUTH_BASE_PATH"},
		{"a base path with one behind", "https://app.example.com", "/sso/", "EASYAUTH_BASE_PATH"},
		{"the root", "https://app.example.com", "/", "EASYAUTH_BASE_PATH"},
		{"two slashes", "https://app.example.com", "//evil.example.com", "EASYAUTH_BASE_PATH"},
		{"upwards", "https://app.example.com", "/sso/../x", "EASYAUTH_BASE_PATH"},
		{"a base path with a query", "https://app.example.com", "/sso?x", "EASYAUTH_BASE_PATH"},
		{"an escape in the base path", "https://app.example.com", "/sso%2f", "EASYAUTH_BASE_PATH"},
	} {
		s, err := ParseServer(row.url, row.base)
		if err == nil || !strings.Contains(err.Error(), row.want) || strings.Contains(err.Error(), marker) || s != (Server{}) {
			t.Errorf("%s: %q, %v", row.name, s.key(), err)
		}
	}
}

func TestProviders(t *testing.T) {
	good := func(p Provider, err error) string {
		if err != nil {
			return err.Error()
		}
		return p.endpoint + p.issuer
	}
	for _, row := range []struct{ name, got, want string }{
		{"a tenant", good(EntraTenant("", "6f1d3a52-8c07-4b1e-9a64-2d5e7c90b3f1")), "https://login.microsoftonline.com/6f1d3a52-8c07-4b1e-9a64-2d5e7c90b3f1/oauth2/v2.0/token"},
		{"a domain", good(EntraTenant("https://login.microsoftonline.us/", "Contoso.example")), "https://login.microsoftonline.us/Contoso.example/oauth2/v2.0/token"},
		{"many tenants", good(EntraTenant("", "common")), "an application gets a token of its own in one tenant: its id or a domain, not common"},
		{"no tenant", good(EntraTenant("", "")), "the tenant must be its id or one of its domains"},
		{"a path for a tenant", good(EntraTenant("", "../x")), "the tenant must be its id or one of its domains"},
		{"a slash", good(EntraTenant("", "x/y")), "the tenant must be its id or one of its domains"},
		{"an authority with a path", good(EntraTenant("https://login.example.com/x", "t")), "the authority must be https and a host, such as https://login.microsoftonline.com"},
		{"an authority over http", good(EntraTenant("http://login.example.com", "t")), "the authority must be https and a host, such as https://login.microsoftonline.com"},
		{"an issuer", good(Issuer("https://idp.example.com/realms/x")), "https://idp.example.com/realms/x"},
		{"an issuer here", good(Issuer("http://127.0.0.1:8081/x")), "http://127.0.0.1:8081/x"},
		{"an issuer over http", good(Issuer("http://idp.example.com")), "the issuer must be an https URL without a user, a query or a fragment"},
		{"an issuer with a user", good(Issuer("https://u@idp.example.com")), "the issuer must be an https URL without a user, a query or a fragment"},
		{"an issuer with a query", good(Issuer("https://idp.example.com/?x")), "the issuer must be an https URL without a user, a query or a fragment"},
		{"no issuer", good(Issuer("")), "the issuer must be an https URL without a user, a query or a fragment"},
	} {
		if row.got != row.want {
			t.Errorf("%s: %s", row.name, row.got)
		}
	}
}

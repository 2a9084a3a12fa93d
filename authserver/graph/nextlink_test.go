package graph

import (
	"errors"
	"net/url"
	"path"
	"strings"
	"testing"
)

func parseURL(t testing.TB, text string) *url.URL {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func TestNextLink(t *testing.T) {
	const base = "https://graph.microsoft.com/v1.0"
	for _, tt := range []struct {
		name, base, link string
		ok               bool
	}{
		{"a page", base, base + "/me/transitiveMemberOf?$select=id&$top=999&$skiptoken=RFNwdAIAAQ-_~.%2B%2f%5C", true},
		{"another user's path", base, base + "/users/22222222-0000-4000-8000-000000000001/transitiveMemberOf?$skiptoken=x", true},
		{"keys and types", base, base + "/users('a%40b')/transitiveMemberOf/microsoft.graph.group?$skiptoken=x", true},
		{"slashes and dots in the query", base, base + "/me?a=//../..", true},
		{"the base has another case", "https://Graph.Microsoft.COM/v1.0", base + "/me?x", true},
		{"the base has the scheme's own port", "https://graph.microsoft.com:443/v1.0", base + "/me?x", true},
		{"another port", "http://127.0.0.1:8080/beta", "http://127.0.0.1:8080/beta/me?x", true},
		{"IPv6", "http://[::1]:80/v1.0", "http://[::1]/v1.0/me", true},
		{"a base with a path", "https://proxy.example/graph/v1.0", "https://proxy.example/graph/v1.0/me", true},
		{"8 KB", base, base + "/me?" + strings.Repeat("x", maxLink-len(base+"/me?")), true},

		{"empty", base, "", false},
		{"the version alone", base, base, false},
		{"nothing below the version", base, base + "/", false},
		{"only a query", base, base + "/?x", false},
		{"relative", base, "/v1.0/me", false},
		{"without a scheme", base, "//graph.microsoft.com/v1.0/me", false},
		{"another scheme", base, "http://graph.microsoft.com/v1.0/me", false},
		{"another scheme that is ours with something in front", base, "x" + base + "/me", false},
		{"the scheme in another case", base, "HTTPS://graph.microsoft.com/v1.0/me", false},
		{"another host", base, "https://graph.example/v1.0/me", false},
		{"a host below", base, "https://x.graph.microsoft.com/v1.0/me", false},
		{"a host that begins so", base, "https://graph.microsoft.com.example/v1.0/me", false},
		{"the host in another case", base, "https://Graph.microsoft.com/v1.0/me", false},
		{"a dot behind the host", base, "https://graph.microsoft.com./v1.0/me", false},
		{"a letter that looks alike", base, "https://gr\u0430ph.microsoft.com/v1.0/me", false},
		{"an escaped letter in the host", base, "https://gr%61ph.microsoft.com/v1.0/me", false},
		{"the scheme's own port", base, "https://graph.microsoft.com:443/v1.0/me", false},
		{"an empty port", base, "https://graph.microsoft.com:/v1.0/me", false},
		{"a port", base, "https://graph.microsoft.com:8443/v1.0/me", false},
		{"another port than ours", "http://127.0.0.1:8080/beta", "http://127.0.0.1:8081/beta/me", false},
		{"a port that begins as ours", "http://127.0.0.1:8080/beta", "http://127.0.0.1:80801/beta/me", false},
		{"a user", base, "https://u@graph.microsoft.com/v1.0/me", false},
		{"an empty user", base, "https://@graph.microsoft.com/v1.0/me", false},
		{"our host as a user", base, "https://graph.microsoft.com@example/v1.0/me", false},
		{"our URL as a user", base, "https://graph.microsoft.com/v1.0@example/me", false},
		{"another version", base, "https://graph.microsoft.com/beta/me", false},
		{"a version that begins so", base, "https://graph.microsoft.com/v1.01/me", false},
		{"the version in another case", base, "https://graph.microsoft.com/V1.0/me", false},
		{"the version escaped", base, "https://graph.microsoft.com/v1%2e0/me", false},
		{"no version", base, "https://graph.microsoft.com/me", false},
		{"above the version", base, base + "/../beta/me", false},
		{"above the version, escaped", base, base + "/%2e%2E/beta/me", false},
		{"a dot segment", base, base + "/./me", false},
		{"dots at the end", base, base + "/me/..", false},
		{"an escaped slash", base, base + "/me%2f..%2f..", false},
		{"an escaped backslash", base, base + "/me%5c..", false},
		{"escaped twice", base, base + "/%252e%252e/me", false},
		{"a broken escape", base, base + "/me%zz", false},
		{"an escaped NUL", base, base + "/me%00", false},
		{"two slashes", base, base + "//me", false},
		{"two slashes in front of the version", base, "https://graph.microsoft.com//v1.0/me", false},
		{"a slash at the end", base, base + "/me/", false},
		{"a backslash for a slash", base, `https://graph.microsoft.com\v1.0/me`, false},
		{"a backslash in the path", base, base + `/me\..\..`, false},
		{"a backslash in the query", base, base + `/me?\`, false},
		{"backslashes in front", base, `https:\\graph.microsoft.com/v1.0/me`, false},
		{"a fragment", base, base + "/me#x", false},
		{"a space in front", base, " " + base + "/me", false},
		{"a space inside", base, base + "/me?a b", false},
		{"a tab, which browsers skip", base, "https://graph.microsoft.com/\tv1.0/me", false},
		{"a line break", base, base + "/me?a\r\nX: y", false},
		{"a NUL", base, base + "/me\x00", false},
		{"beyond ASCII", base, base + "/m\u00e9", false},
		{"8 KB and a byte", base, base + "/me?" + strings.Repeat("x", maxLink-len(base+"/me?")+1), false},
	} {
		u, err := nextLink(parseURL(t, tt.base), tt.link)
		switch {
		case tt.ok && err != nil:
			t.Errorf("%s: %v", tt.name, err)
		case tt.ok && u.String() != tt.link:
			t.Errorf("%s: became %s", tt.name, u)
		case !tt.ok && (!errors.Is(err, errBadLink) || err.Error() != errBadLink.Error()):
			t.Errorf("%s: %v, %v", tt.name, u, err)
		}
	}
}

func FuzzNextLink(f *testing.F) {
	for _, seed := range []string{
		"https://graph.microsoft.com/v1.0/me/transitiveMemberOf?$skiptoken=x", "https://graph.microsoft.com/v1.0/../x", "https://u@graph.microsoft.com/v1.0/x",
		"https://graph.microsoft.com/v1.0/%2e%2e/x", `https://graph.microsoft.com/v1.0/\x`, "https://graph.microsoft.com/v1.0//x", "https://graph.microsoft.com./v1.0/x",
	} {
		f.Add(seed)
	}
	base := parseURL(f, "https://graph.microsoft.com/v1.0")
	f.Fuzz(func(t *testing.T, link string) {
		u, err := nextLink(base, link)
		if err != nil {
			if u != nil || err.Error() != errBadLink.Error() {
				t.Errorf("%v, %v", u, err)
			}
			return
		}
		if u.Scheme != "https" || u.Host != "graph.microsoft.com" || u.User != nil || u.Opaque != "" || u.Fragment != "" {
			t.Errorf("%q leads to %+v", link, u)
		}
		if !strings.HasPrefix(u.Path, "/v1.0/") || path.Clean(u.Path) != u.Path {
			t.Errorf("%q has the path %q", link, u.Path)
		}
		if u.String() != link {
			t.Errorf("%q became %q", link, u)
		}
	})
}

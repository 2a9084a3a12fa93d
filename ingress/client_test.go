package ingress_test

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"

	"github.com/easyauth-sidecar/easyauth/ingress"
)

func TestClientAddress(t *testing.T) {
	proxies := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}
	const proxy = "10.1.1.1:1"
	for _, row := range []struct {
		name, peer   string
		realIP       []string
		client, from string // "" for none
	}{
		{"of a proxy", proxy, []string{"192.0.2.1"}, "192.0.2.1", "10.1.1.1"},
		{"of a proxy with IPv6", "[fd00::1]:1", []string{"2001:DB8:0::1"}, "2001:db8::1", "fd00::1"},
		{"of a proxy as IPv6 writes it", "[::ffff:10.1.1.1]:1", []string{"192.0.2.1"}, "192.0.2.1", "10.1.1.1"},
		{"of a proxy with a zone", "[fd00::1%eth0]:1", []string{"192.0.2.1"}, "192.0.2.1", "fd00::1"},
		{"as IPv6 writes it", proxy, []string{"::ffff:192.0.2.1"}, "192.0.2.1", "10.1.1.1"},
		{"of one who is no proxy", "192.0.2.8:1", []string{"192.0.2.1"}, "", "192.0.2.8"},
		{"of a neighbour of the proxies", "11.0.0.1:1", []string{"192.0.2.1"}, "", "11.0.0.1"},
		{"none", proxy, nil, "", "10.1.1.1"},
		{"empty", proxy, []string{""}, "", "10.1.1.1"},
		{"two", proxy, []string{"192.0.2.1", "192.0.2.2"}, "", "10.1.1.1"},
		{"the same twice", proxy, []string{"192.0.2.1", "192.0.2.1"}, "", "10.1.1.1"},
		{"a list", proxy, []string{"192.0.2.1, 192.0.2.2"}, "", "10.1.1.1"},
		{"with a zone", proxy, []string{"fe80::1%a"}, "", "10.1.1.1"},
		{"with a port", proxy, []string{"192.0.2.1:1"}, "", "10.1.1.1"},
		{"with a blank", proxy, []string{" 192.0.2.1"}, "", "10.1.1.1"},
		{"a word", proxy, []string{"x"}, "", "10.1.1.1"},
		{"of a peer that cannot be read", "@", []string{"192.0.2.1"}, "", ""},
		{"of a peer without a port", "10.1.1.1", []string{"192.0.2.1"}, "", ""},
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		r.RemoteAddr = row.peer
		r.Header.Set("X-Forwarded-For", "203.0.113.1")
		if row.realIP != nil {
			r.Header["X-Real-Ip"] = row.realIP
		}
		if got := ingress.ClientAddress(r, proxies); got != addr(row.client) {
			t.Errorf("%s: client %v, want %s", row.name, got, row.client)
		}
		if got := ingress.PeerAddress(r); got != addr(row.from) {
			t.Errorf("%s: peer %v, want %s", row.name, got, row.from)
		}
		if got := ingress.ClientAddress(r, nil); got.IsValid() {
			t.Errorf("%s: %v, and no proxy is trusted", row.name, got)
		}
	}
}

// addr is the zero Addr for "".
func addr(text string) netip.Addr {
	if text == "" {
		return netip.Addr{}
	}
	return netip.MustParseAddr(text)
}

// Where a person is answered, a form that they send counts as the link does.
func TestOpensPage(t *testing.T) {
	page := http.Header{"Sec-Fetch-Mode": {"navigate"}}
	for _, row := range []struct {
		name, method string
		h            http.Header
		want         bool
	}{
		{"a link", http.MethodGet, page, true},
		{"a form", http.MethodPost, page, true},
		{"a form of an old browser", http.MethodPost, http.Header{"Accept": {"text/html"}}, true},
		{"a script", http.MethodPost, http.Header{"Sec-Fetch-Mode": {"cors"}, "Accept": {"text/html"}}, false},
		{"a prefetch", http.MethodGet, http.Header{"Sec-Fetch-Mode": {"navigate"}, "Sec-Purpose": {"prefetch"}}, false},
		{"a program", http.MethodPost, http.Header{"Accept": {"*/*"}}, false},
		{"another method", http.MethodDelete, page, false},
	} {
		r := httptest.NewRequestWithContext(t.Context(), row.method, "/", nil)
		r.Header = row.h
		if got := ingress.OpensPage(r); got != row.want {
			t.Errorf("%s: %v", row.name, got)
		}
	}
}

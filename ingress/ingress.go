// Package ingress holds the adapters: how one kind of proxy asks, and how it
// wants to be answered. An adapter reads, for where a request was going, only
// the headers that its proxy sets itself; all others are the client's text.
// It decides nothing.
//
//	adapter     asked at                          where the request was going     who asks
//	Nginx       AUTH_PATH?rule                    X-Original-URL, -Method         nginx, HAProxy, F5's controller
//	Forward     BASE_PATH/auth/forward?rule       X-Forwarded-Method, -Host, -Uri Traefik, Caddy, APISIX
//	Envoy       BASE_PATH/auth/envoy/rule/path    its own method, host and path   Envoy, over HTTP
//	Told        a call of this process            its arguments                   Envoy over gRPC, easyauth proxy
//
// What they are answered (package authserver writes it):
//
//	adapter     may pass              refused, who opens a page           refused, everything else          cannot be read
//	Nginx       202 (or 200, 204)     401, with the denial cookie         the same                          403
//	all others  200 (gRPC: OK)        302 to login, with that cookie      401, 403 or 503 in JSON, with it  403
package ingress

import (
	"errors"
	"net/http"
	"net/netip"
	"strings"

	"github.com/easyauth-sidecar/easyauth/authserver/hosts"
)

// Ask is a proxy's question about one request.
type Ask struct {
	Original   hosts.Original // where the request was going: for the denial and the log, never for the decision
	Method     string         // the client's method
	MethodTold bool           // the proxy said so; else Method is that of its question, and nothing may hang on it
	Navigation bool           // a browser is opening a page, as far as its headers tell
	Query      string         // the rule: the query of the auth-url, as it was written

	addressIn string     // the header in which its proxy says the client's address; "": none
	client    netip.Addr // the address itself, if it is known without a header
}

// Client returns the address of the client: what the proxy says, if the peer of its question is
// one of proxies; else the zero Addr. An address that a caller of Told gave needs no proxy.
func (a *Ask) Client(r *http.Request, proxies []netip.Prefix) netip.Addr {
	if a.addressIn == "" {
		return a.client
	}
	return addressOf(r, a.addressIn, proxies)
}

// WithClient says the client's address, where whoever asks knows it itself.
func (a Ask) WithClient(client netip.Addr) Ask {
	a.client, a.addressIn = client.Unmap().WithZone(""), ""
	return a
}

var errPath = errors.New("the path and query of the request must begin with a slash and stand alone")

// Told makes the question of who knows a request by itself: its method, its host (that
// it was sent to, with a port if there is one), its path and query as they were sent, its headers and
// the rule. It fails as hosts.ParseOriginal does, and where host and uri, written one behind the other,
// would be read as others than they are.
func Told(method, host, uri string, h http.Header, query string) (Ask, error) {
	original, err := hosts.ParseOriginal([]string{"https://" + host + uri})
	switch {
	case err != nil:
		return Ask{}, err
	case original.RequestURI != uri:
		return Ask{}, errPath
	}
	return Ask{Original: original, Method: method, MethodTold: true, Navigation: Navigation(method, h), Query: query}, nil
}

// Navigation reports whether a request opens a page in a browser, so that an
// answer may be a redirect to another site or a page to read. The headers are
// the client's: they choose the shape of an answer, never its outcome.
//
// Fetch Metadata decides where it is sent; without it (old browsers, plain
// http) text/html in Accept does.
func Navigation(method string, h http.Header) bool {
	if method != http.MethodGet {
		return false
	}
	if mode := h.Get("Sec-Fetch-Mode"); mode != "" {
		return mode == "navigate" && !strings.HasPrefix(h.Get("Sec-Purpose"), "prefetch")
	}
	for _, accept := range h.Values("Accept") {
		if strings.Contains(strings.ToLower(accept), "text/html") {
			return true
		}
	}
	return false
}

// OpensPage reports whether the answer to a request for a page of ours is for a person: a
// form that they send leads to one as a link does.
func OpensPage(r *http.Request) bool {
	method := r.Method
	if method == http.MethodPost {
		method = http.MethodGet
	}
	return Navigation(method, r.Header)
}

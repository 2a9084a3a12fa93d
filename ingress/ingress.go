// Package ingress holds the adapters: how one kind of proxy asks, and how it
// wants to be answered. An adapter reads, for where a request was going, only
// the headers that its proxy sets itself; all others are the client's text.
// It decides nothing.
package ingress

import (
	"net/http"
	"strings"

	"github.com/easyauth-sidecar/easyauth/authserver/hosts"
)

// Ask is a proxy's question about one request.
type Ask struct {
	Original   hosts.Original // where the request was going: for the denial and the log, never for the decision
	Method     string         // the client's method
	MethodTold bool           // the proxy said so; else Method is that of its question, and nothing may hang on it
	Navigation bool           // a browser is opening a page, as far as its headers tell
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

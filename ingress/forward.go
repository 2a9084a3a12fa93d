package ingress

import (
	"fmt"
	"net/http"

	"golang.org/x/net/http/httpguts"
)

// The headers that Traefik's ForwardAuth, Caddy's forward_auth and APISIX's forward-auth set on
// their question, replacing the client's.
const (
	headerForwardedMethod = "X-Forwarded-Method"
	headerForwardedHost   = "X-Forwarded-Host"
	headerForwardedURI    = "X-Forwarded-Uri"
	headerForwardedFor    = "X-Forwarded-For"
)

// Forward reads the question of a proxy that describes a request in X-Forwarded-*. It fails when there is
// not exactly one method, one host and one usable path with its query: these proxies always send them, and a page
// elsewhere that embeds the endpoint cannot. X-Forwarded-Proto is not read: the scheme of a host is that of
// the configuration.
func Forward(r *http.Request) (Ask, error) {
	var told [3]string
	for i, name := range [...]string{headerForwardedMethod, headerForwardedHost, headerForwardedURI} {
		values := r.Header[name]
		if len(values) != 1 || values[0] == "" {
			return Ask{}, fmt.Errorf("there must be exactly one %s", name)
		}
		told[i] = values[0]
	}
	if !httpguts.ValidHeaderFieldName(told[0]) { // a method is a token too
		return Ask{}, fmt.Errorf("%s must be a method", headerForwardedMethod)
	}
	ask, err := Told(told[0], told[1], told[2], r.Header, r.URL.RawQuery)
	ask.addressIn = headerForwardedFor
	return ask, err
}

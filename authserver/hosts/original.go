package hosts

import "strings"

// Original is where a request was going, as nginx says it in X-Original-URL
// ("$scheme://$http_host$request_uri").
type Original struct {
	// Host is canonical, "app.example.com" or "app.example.com:8443". Both
	// default ports are dropped: behind a load balancer that ends TLS the
	// scheme tells nothing. It need not be served, and no policy may hang on
	// it: a request in absolute form can make it lie.
	Host string

	// RequestURI is path and query exactly as the client sent them, at least
	// "/". Dot segments, empty segments, and any escape are legal in it.
	RequestURI string
}

// ParseOriginal reads the values of an X-Original-URL header. There must be
// exactly one, an absolute http or https URL of at most 8 KB in UTF-8, without
// control characters, white space, a user name, a fragment or a malformed
// escape in its path (in a query browsers do send "100%"), whose path stands right
// behind the host: nginx takes "Host: app.test?" for a host, so that a request for /admin
// with it says "https://app.test?/admin", whose path would be read as "/". A second URL joined
// by a comma is refused where host and path stand; in a query it is a value
// like any other. The error names the rule and never the value.
func ParseOriginal(values []string) (Original, error) {
	switch {
	case len(values) == 0 || len(values) == 1 && values[0] == "":
		return Original{}, errMissing
	case len(values) > 1:
		return Original{}, errSeveral
	case len(values[0]) > maxURL:
		return Original{}, errTooLong
	}
	raw := values[0]
	if err := checkText(raw); err != nil {
		return Original{}, err
	}
	_, text, rest, err := cutAbsolute(raw)
	if err != nil {
		return Original{}, err
	}
	a, err := parseAuthority(text)
	if err != nil {
		return Original{}, err
	}
	switch {
	case !strings.HasPrefix(rest, "/"):
		return Original{}, errNoPath
	case strings.Contains(rest, "#"):
		return Original{}, errFragment
	}
	path, _ := cutPath(rest)
	if err := checkEscapes(path); err != nil {
		return Original{}, err
	}
	if strings.Contains(path, ",") {
		if lower := strings.ToLower(path); strings.Contains(lower, ",http://") || strings.Contains(lower, ",https://") {
			return Original{}, errJoined
		}
	}
	host := a.name
	if a.port != "" && a.port != "80" && a.port != "443" {
		host += ":" + a.port
	}
	return Original{Host: host, RequestURI: rest}, nil
}

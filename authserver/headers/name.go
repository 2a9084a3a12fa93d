package headers

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// headerName returns the name of a claim's header without the prefix: the last
// segment of a URI, sanitised. It is empty when nothing is left.
func headerName(claim string) string {
	claim = strings.TrimRight(claim, "/")
	return sanitise(claim[strings.LastIndexByte(claim, '/')+1:])
}

// sanitise drops what cannot stand in a header's name, writes "-" for "_" and
// small letters.
func sanitise(name string) string {
	clean := true
	for i := range len(name) {
		c := name[i]
		clean = clean && tokenChar(c) && c != '_' && (c < 'A' || c > 'Z')
	}
	if clean {
		return name
	}
	b := make([]byte, 0, len(name))
	for i := range len(name) {
		switch c := name[i]; {
		case c == '_':
			b = append(b, '-')
		case 'A' <= c && c <= 'Z':
			b = append(b, c+'a'-'A')
		case tokenChar(c):
			b = append(b, c)
		}
	}
	return string(b)
}

// collision returns what two names share that a reader may take for one: CGI
// and its heirs write "_" for everything that is no letter or digit.
func collision(name string) string {
	for i := range len(name) {
		if c := name[i]; !alphanumeric(c) && c != '-' {
			return strings.Map(func(r rune) rune {
				if r < 0x80 && alphanumeric(byte(r)) { //nolint:gosec // ASCII
					return r
				}
				return '-'
			}, name)
		}
	}
	return name
}

// canonical returns a sanitised name as http.Header has it.
func canonical(prefix, name string) string {
	b := make([]byte, 0, len(prefix)+len(name))
	b = append(append(b, prefix...), name...)
	upper := true
	for i, c := range b {
		if upper && 'a' <= c && c <= 'z' {
			b[i] = c - ('a' - 'A')
		}
		upper = c == '-'
	}
	return string(b)
}

// tokenChar tells the characters of an RFC 9110 token.
func tokenChar(c byte) bool {
	switch c {
	case '!', '#', '$', '%', '&', '\'', '*', '+', '-', '.', '^', '_', '`', '|', '~':
		return true
	}
	return alphanumeric(c)
}

func checkPrefix(prefix string) error {
	switch {
	case prefix == "":
		return errors.New("the prefix is empty")
	case len(prefix) > maxPrefix:
		return fmt.Errorf("the prefix is longer than %d bytes", maxPrefix)
	case sanitise(prefix) != prefix:
		return errors.New("the prefix holds what cannot stand in a header's name")
	}
	for _, name := range meaningful() {
		if strings.HasPrefix(name, prefix) {
			return fmt.Errorf("the prefix could be completed to %s by a claim's name", name)
		}
	}
	return nil
}

// meaningful lists the response headers that net/http, nginx or a browser act
// upon.
func meaningful() []string {
	return []string{
		"accept-ranges", "access-control-allow-origin", "age", "cache-control", "clear-site-data", "connection",
		"content-length", "date", "etag", "expires", "keep-alive", "last-modified", "link", "location", "pragma",
		"proxy-authenticate", "refresh", "retry-after", "server", "set-cookie", "status", "strict-transport-security",
		"te", "trailer", "transfer-encoding", "upgrade", "vary", "via", "www-authenticate", "x-accel-redirect",
	}
}

// reserved tells names that no header of an identity may have as a whole: what
// applications, proxies and browsers act upon, in a request or an answer. An identity
// under such a name would say where a request comes from or goes to, or how it is read.
func reserved(name string) bool {
	switch name {
	case "x-forwarded-user", "x-forwarded-email", "x-forwarded-groups", "x-forwarded-preferred-username": // of other products that say who asks
		return false
	}
	return slices.Contains(meaningful(), name) || slices.Contains(requestNames(), name) ||
		slices.ContainsFunc(families(), func(family string) bool { return strings.HasPrefix(name, family) })
}

// families are what the names of many such headers begin with.
func families() []string {
	return []string{
		"accept", "access-control-", "content-", "cross-origin-", "if-", "proxy-", "sec-", "x-accel-", "x-forwarded", "x-http-", "x-method", "x-original", "x-rewrite-",
	}
}

// requestNames are headers that applications and proxies act upon in a request, and
// some that browsers act upon in an answer.
func requestNames() []string {
	return []string{
		"allow", "alt-svc", "authorization", "cookie", "expect", "forwarded", "from", "front-end-https", "host", "http2-settings", "max-forwards", "origin",
		"permissions-policy", "priority", "range", "referer", "referrer-policy", "timing-allow-origin", "user-agent", "x-auth-request-redirect",
		"x-content-type-options", "x-csrf-token", "x-frame-options", "x-real-ip", "x-request-id", "x-requested-with", "x-scheme", "x-sendfile", "x-xss-protection",
	}
}

package headers

import (
	"errors"
	"fmt"
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

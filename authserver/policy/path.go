package policy

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// cleanPath gives the path of a request URI: what stands before "?", decoded once,
// without a slash at the end ("/" stays). It reports false when servers and
// applications are known to read the path in different ways, because a rule would
// then judge another path than the one that is served:
//
//   - it does not begin with "/", or holds "#";
//   - an empty segment ("//"), which some servers merge;
//   - a segment of dots alone, plain or encoded: ".", "..", and "..." of old Windows;
//   - a segment that ends in a dot or a blank, which Windows drops: /admin. is /admin;
//   - an encoded slash, and a backslash in either form;
//   - ";" in either form: servers for Java cut a segment there, so that /admin;x is
//     /admin and /..;/ a step upwards;
//   - a malformed escape, and an escape of an escape ("%252f"), which whoever decodes
//     twice reads otherwise;
//   - control characters in either form, and what is no UTF-8.
//
// It allocates only for a path with escapes.
func cleanPath(uri string) (string, bool) {
	if path, ok := plainPath(uri); ok {
		return path, true
	}
	path, _, _ := strings.Cut(uri, "?")
	if path == "" || path[0] != '/' || strings.Contains(path, "#") {
		return "", false
	}
	if strings.Contains(path, "%") {
		decoded, ok := decodeOnce(path)
		if !ok {
			return "", false
		}
		path = decoded
	}
	if !unambiguous(path) {
		return "", false
	}
	return withoutSlash(path), true
}

func withoutSlash(path string) string {
	if last := len(path) - 1; last > 0 && path[last] == '/' {
		return path[:last]
	}
	return path
}

// plainPath is cleanPath for most paths in one go. It is false for those that need a
// closer look: with anything but letters, digits, "-", "_", and dots within a segment.
func plainPath(uri string) (string, bool) {
	if uri == "" || uri[0] != '/' {
		return "", false
	}
	for i := 1; i < len(uri); i++ {
		switch c := uri[i]; {
		case 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || c == '-' || c == '_':
		case c == '.' && uri[i-1] != '/':
		case c == '/' && uri[i-1] != '/' && uri[i-1] != '.':
		case c == '?' && uri[i-1] != '.':
			return withoutSlash(uri[:i]), true
		default:
			return "", false
		}
	}
	return withoutSlash(uri), uri[len(uri)-1] != '.'
}

// decodeOnce replaces escapes. It refuses a malformed one, an encoded slash, and a
// result that still holds an escape.
func decodeOnce(path string) (string, bool) {
	out := make([]byte, 0, len(path))
	for i := 0; i < len(path); i++ {
		c := path[i]
		if c == '%' {
			if !isEscape(path[i:]) {
				return "", false
			}
			c = unhex(path[i+1])<<4 | unhex(path[i+2])
			if c == '/' {
				return "", false
			}
			i += 2
		}
		out = append(out, c)
	}
	decoded := string(out)
	for rest := decoded; ; {
		i := strings.IndexByte(rest, '%')
		if i < 0 {
			return decoded, true
		}
		if rest = rest[i:]; isEscape(rest) {
			return "", false
		}
		rest = rest[1:]
	}
}

// isEscape reports whether s begins with "%" and two hexadecimal digits.
func isEscape(s string) bool { return len(s) > 2 && s[0] == '%' && isHex(s[1]) && isHex(s[2]) }

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

func unhex(c byte) byte {
	switch {
	case c <= '9':
		return c - '0'
	case c <= 'F':
		return c - 'A' + 10
	}
	return c - 'a' + 10
}

// unambiguous looks at a decoded path, which begins with "/".
func unambiguous(path string) bool {
	var (
		start   = 1    // of the segment
		allDots = true // the segment so far
		plain   = true // no byte of a longer character so far
	)
	for i := 1; i <= len(path); i++ {
		if i == len(path) || path[i] == '/' {
			empty := i == start
			if empty && i < len(path) || !empty && (allDots || path[i-1] == '.' || path[i-1] == ' ') { // Windows drops dots and blanks at the end
				return false
			}
			start, allDots = i+1, true
			continue
		}
		c := path[i]
		if c < ' ' || c == 0x7f || c == '\\' || c == ';' {
			return false
		}
		allDots = allDots && c == '.'
		plain = plain && c < utf8.RuneSelf
	}
	return plain || utf8.ValidString(path) && !strings.ContainsFunc(path, unicode.IsControl)
}

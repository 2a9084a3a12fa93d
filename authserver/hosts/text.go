package hosts

import (
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxURL is the longest URL, in bytes, that is read or emitted: nginx passes
// no longer request line by default.
const maxURL = 8 << 10

// checkText refuses what stands in no URL that a browser sends: control
// characters, white space of any script, bytes that are not UTF-8.
func checkText(s string) error {
	switch {
	case plain(s): // nearly always
		return nil
	case !utf8.ValidString(s):
		return errUTF8
	case strings.ContainsFunc(s, unicode.IsControl):
		return errControl
	case strings.ContainsFunc(s, unicode.IsSpace):
		return errSpace
	}
	return nil
}

// plain reports whether s is printable ASCII without blanks.
func plain(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// checkEscapes refuses a percent sign without two hexadecimal digits.
func checkEscapes(s string) error {
	if _, err := url.PathUnescape(s); err != nil {
		return errEscape
	}
	return nil
}

// cutAbsolute takes "https://host:port/rest" apart. The scheme comes back in
// lower case; rest starts with "/", "?" or "#", or is empty. A browser ends
// the host at a backslash too, which no host name may hold here.
func cutAbsolute(raw string) (scheme, host, rest string, err error) {
	scheme, after, ok := strings.Cut(raw, "://")
	scheme = strings.ToLower(scheme)
	if !ok || scheme != "http" && scheme != "https" {
		return "", "", "", errScheme
	}
	if i := strings.IndexAny(after, "/?#"); i >= 0 {
		return scheme, after[:i], after[i:], nil
	}
	return scheme, after, "", nil
}

// cutPath parts the path from the query and fragment, which keep their mark.
// An absent path is "/".
func cutPath(s string) (path, tail string) {
	path = s
	if i := strings.IndexAny(s, "?#"); i >= 0 {
		path, tail = s[:i], s[i:]
	}
	if path == "" {
		path = "/"
	}
	return path, tail
}

// segmentsOf splits a path at its slashes and leaves empty segments out.
func segmentsOf(path string) []string {
	return strings.FieldsFunc(path, func(r rune) bool { return r == '/' })
}

// escapeNonASCII writes each byte beyond ASCII as a percent escape, which is
// what a browser does with valid UTF-8, and leaves all else as it is.
func escapeNonASCII(s string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	b.Grow(len(s))
	for i := range len(s) {
		if c := s[i]; c < utf8.RuneSelf {
			b.WriteByte(c)
		} else {
			b.Write([]byte{'%', hex[c>>4], hex[c&15]})
		}
	}
	return b.String()
}

package hosts

import (
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// ReturnURL decides where a browser goes after sign-in or sign-out. raw came
// from a client: the rd parameter, or what travelled in state. self is the
// host of the request, as Host gave it.
//
// It accepts an absolute http or https URL whose host is served, and a path
// that starts with exactly one "/", which then lies on self. The result is
// absolute, ASCII, at most 8 KB, and keeps the escapes of raw; only the origin
// is written anew, with the scheme of the configuration, because a proxy
// behind a load balancer calls everything http. Raw non-ASCII text (nginx
// unescapes once) is percent-escaped. ReturnURL of a result is that result.
//
// Everything else gives the default page of self and false. The grammar is
// narrower than a browser's, so that both read the same origin and path; it is
// not a repair: nothing is trimmed, collapsed or unescaped. In the path, what
// an escape hides counts as if it stood there: backslashes, control
// characters, dot segments, text that is not UTF-8, our own endpoints (but for
// Config.ReturnPaths as they are written). In
// query and fragment, where nobody resolves them, such escapes are left alone
// (a search for two lines, DOMAIN%5Cuser), and malformed ones too (?q=100%).
func (s *Set) ReturnURL(raw string, self Host) (string, bool) {
	u, err := s.resolve(raw, self)
	if err != nil {
		return s.Default(self), false
	}
	return u, true
}

// resolve is ReturnURL with the rule that was broken.
func (s *Set) resolve(raw string, self Host) (string, error) {
	switch {
	case raw == "":
		return "", errMissing
	case len(raw) > maxURL:
		return "", errTooLong
	}
	if err := checkReturnText(raw); err != nil {
		return "", err
	}

	rest := raw
	if raw[0] != '/' {
		var err error
		if self, rest, err = s.resolveHost(raw); err != nil {
			return "", err
		}
	}
	path, tail := cutPath(rest)
	decoded, err := decodePath(path)
	if err != nil {
		return "", err
	}
	if s.isOwn(decoded) && !slices.Contains(s.returns, path) {
		return "", errOwnPath
	}
	u := self.Origin() + escapeNonASCII(path+tail)
	if len(u) > maxURL {
		return "", errTooLong
	}
	return u, nil
}

// resolveHost reads the origin of an absolute URL and returns what follows it.
func (s *Set) resolveHost(raw string) (h Host, rest string, err error) {
	scheme, text, rest, err := cutAbsolute(raw)
	if err != nil {
		return Host{}, "", err
	}
	a, err := parseAuthority(text)
	if err != nil {
		return Host{}, "", err
	}
	h, ok := s.find(a, scheme)
	if !ok {
		return Host{}, "", errNotServed
	}
	return h, rest, nil
}

// checkReturnText refuses characters that parsers disagree about or that a
// browser would have escaped, wherever they stand.
func checkReturnText(raw string) error {
	if err := checkText(raw); err != nil {
		return err
	}
	switch {
	case strings.Contains(raw, `\`):
		return errBackslash
	case strings.ContainsAny(raw, `"<>`), strings.Count(raw, "#") > 1:
		return errCharacter
	}
	return nil
}

// decodePath checks a path as it stands and as a server may come to see it,
// with its escapes undone once, and returns the latter. An escaped slash is
// legal (%2F is a name in many interfaces) except where it would make the path
// start with two.
func decodePath(path string) (string, error) {
	if !strings.HasPrefix(path, "/") {
		return "", errNoPath
	}
	decoded, err := url.PathUnescape(path)
	switch {
	case err != nil:
		return "", errEscape
	case strings.Contains(path, "//"), strings.HasPrefix(decoded, "//"):
		return "", errSlashes
	case strings.Contains(decoded, `\`):
		return "", errBackslash
	case !utf8.ValidString(decoded):
		return "", errUTF8
	case strings.ContainsFunc(decoded, unicode.IsControl):
		return "", errControl
	}
	for segment := range strings.SplitSeq(decoded, "/") {
		if segment == "." || segment == ".." {
			return "", errDotSegment
		}
	}
	return decoded, nil
}

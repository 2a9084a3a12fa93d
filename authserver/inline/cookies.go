package inline

import (
	"strings"

	"github.com/easyauth-sidecar/easyauth/ingress"
)

// ownCookie is what the names of our cookies begin with, behind the prefixes that browsers know: the session's and
// its parts, those of a sign-in, and those of other EasyAuths that share a domain.
const ownCookie = "easyauth"

// isOwnCookie reports whether a cookie has a name of ours.
func isOwnCookie(name string) bool {
	for _, prefix := range [...]string{"__host-", "__secure-"} {
		if ingress.HasPrefixFold(name, prefix) {
			name = name[len(prefix):]
			break
		}
	}
	return ingress.HasPrefixFold(name, ownCookie) && (len(name) == len(ownCookie) || name[len(ownCookie)] == '-')
}

// cookieName is the name in "name=value; …". A name that is empty is none for browsers: what follows may be one.
func cookieName(pair string) string {
	pair, _, _ = strings.Cut(pair, ";")
	pair = strings.TrimLeft(pair, " \t=")
	name, _, _ := strings.Cut(pair, "=")
	return strings.TrimRight(name, " \t")
}

// withoutOwn returns the lines of a request's Cookie without our cookies. It changes none of them in place, and
// leaves those as they are that hold none.
func withoutOwn(lines []string) []string {
	var out []string
	for _, line := range lines {
		if hasOwn(line) {
			line = filter(line)
		}
		if line != "" {
			out = append(out, line)
		}
	}
	return out
}

func hasOwn(line string) bool {
	for pair := range strings.SplitSeq(line, ";") {
		if isOwnCookie(cookieName(pair)) {
			return true
		}
	}
	return false
}

func filter(line string) string {
	var b strings.Builder
	for pair := range strings.SplitSeq(line, ";") {
		pair = strings.Trim(pair, " \t")
		if pair == "" || isOwnCookie(cookieName(pair)) {
			continue
		}
		if b.Len() > 0 {
			b.WriteString("; ")
		}
		b.WriteString(pair)
	}
	return b.String()
}

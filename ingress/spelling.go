package ingress

import "strings"

// Fold is what the name of a header is for applications that read headers as CGI and its heirs do: neither the
// case counts nor which sign stands where no letter or digit does. "X_Injected.Oid" is "x-injected-oid".
func Fold(name string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z', '0' <= r && r <= '9':
			return r
		case 'A' <= r && r <= 'Z':
			return r + 'a' - 'A'
		}
		return '-'
	}, name)
}

// Rerouting reports whether applications take a header for the path or the host of their request. One of a
// client's would have them serve another page than the one that was judged. name is of letters, digits and
// hyphens, in any case.
func Rerouting(name string) bool {
	const forwarded = len("forwarded")
	return len(name) == forwarded && strings.EqualFold(name, "forwarded") || HasPrefixFold(name, "x-original-") || HasPrefixFold(name, "x-rewrite-")
}

// HasPrefixFold is strings.HasPrefix, and the case does not count.
func HasPrefixFold(name, prefix string) bool {
	return len(name) >= len(prefix) && strings.EqualFold(name[:len(prefix)], prefix)
}

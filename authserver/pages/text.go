package pages

import (
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Limits of texts in characters. Anything longer is cut with an ellipsis: some
// of it comes from an identity provider or from users themselves.
const (
	maxBrand       = 80
	maxTitle       = 120
	maxText        = 800
	maxLabel       = 80
	maxValue       = 600
	maxGroup       = 256
	maxCorrelation = 80
	maxURL         = 8 << 10 // bytes; a longer link is left out
	maxValues      = 1000    // values in one list; the rest is counted
	foldAbove      = 12      // a longer list is folded away
)

// Cap makes a text from elsewhere fit to be shown: at most n characters (the
// last of them "…" when something was cut), tabs and line breaks as spaces,
// control characters and those that turn the direction of writing dropped,
// invalid UTF-8 replaced. It does not escape HTML. It reads no more of s than it
// needs. An n below 1 gives "".
func Cap(s string, n int) string {
	if n < 1 {
		return ""
	}
	var b strings.Builder
	kept, last := 0, 0 // characters kept; where the last one begins in b
	for _, r := range s {
		switch {
		case r == '\t' || r == '\n' || r == '\r':
			r = ' '
		case unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\u2028' || r == '\u2029':
			continue
		}
		if kept == n {
			return b.String()[:last] + "…"
		}
		last = b.Len()
		b.WriteRune(r)
		kept++
	}
	return b.String()
}

// linkURL returns raw when it may be a link on a page, else "". It may be an
// http or https URL with a host and no user, or a path that starts with exactly
// one slash. It does not judge where the link leads.
func linkURL(raw string) string {
	if raw == "" || len(raw) > maxURL || strings.ContainsFunc(raw, func(r rune) bool {
		return r <= ' ' || r == '\\' || unicode.IsControl(r)
	}) {
		return ""
	}
	u, err := url.Parse(raw)
	switch {
	case err != nil:
		return ""
	case strings.HasPrefix(raw, "/"):
		if strings.HasPrefix(raw, "//") {
			return ""
		}
		return raw
	case (u.Scheme == "http" || u.Scheme == "https") && plainHost(u.Host) && u.User == nil:
		return raw
	}
	return ""
}

// plainHost reports whether a host, with or without a port, holds nothing that the
// template would have to escape, after which it would be another host or none.
func plainHost(host string) bool {
	return host != "" && utf8.ValidString(host) && !strings.ContainsFunc(host, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) && !strings.ContainsRune(".-_:[]", r)
	})
}

// list is a list of values, cut and counted for the template.
type list struct {
	Values []string
	Count  int // before cutting
	More   int // how many are not in Values
	Fold   bool
}

func newList(values []string) list {
	l := list{Count: len(values), Fold: len(values) > foldAbove}
	shown := values
	if len(shown) > maxValues {
		shown = shown[:maxValues]
		l.More = len(values) - maxValues
	}
	for _, v := range shown {
		l.Values = append(l.Values, Cap(v, maxValue))
	}
	return l
}

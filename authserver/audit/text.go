package audit

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxText is the length in bytes of what Text returns, at most.
const MaxText = 256

// ellipsis stands at the end of a text that was cut.
const ellipsis = "…"

// Text makes a text from elsewhere fit for a line of a log or an event: at most
// MaxText bytes of printable characters. What cannot be printed is escaped as in a
// Go string: \n, \x1b for a control character or a byte that is not UTF-8,
// \u2028 for separators and for what turns the direction of writing. A text that
// was cut ends with "…". A backslash stays as it is, so that Text of a Text changes
// nothing; it is for reading, not for turning back. It reads no more of s than it
// keeps.
func Text(s string) string { return capped(s, MaxText) }

// capped is Text with a limit of its own, of at least len(ellipsis) bytes.
func capped(s string, limit int) string {
	if len(s) <= limit && plain(s) {
		return s
	}
	var b strings.Builder
	fits := 0 // so much of b leaves room for the ellipsis
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		piece := s[i : i+size]
		switch {
		case r == utf8.RuneError && size == 1:
			piece = `\x` + strconv.FormatUint(uint64(s[i])|0x100, 16)[1:]
		case !printable(r):
			piece = escaped(r)
		}
		if b.Len()+len(piece) > limit {
			return b.String()[:fits] + ellipsis
		}
		b.WriteString(piece)
		if b.Len()+len(ellipsis) <= limit {
			fits = b.Len()
		}
		i += size
	}
	return b.String()
}

// plain reports whether s needs no escapes.
func plain(s string) bool {
	for i, r := range s {
		if !printable(r) {
			return false
		}
		if r == utf8.RuneError {
			if _, size := utf8.DecodeRuneInString(s[i:]); size == 1 {
				return false
			}
		}
	}
	return true
}

// printable is true for letters, marks, numbers, punctuation, symbols and the
// ASCII space: not for other spaces, which a reader takes for one.
func printable(r rune) bool { return unicode.IsPrint(r) }

func escaped(r rune) string {
	quoted := strconv.QuoteRuneToASCII(r)
	return quoted[1 : len(quoted)-1]
}

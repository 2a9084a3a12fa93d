package headers

import (
	"strings"
	"unicode/utf16"
)

// jsonString writes s as System.Text.Json does: nothing but printable ASCII
// without quotes and the like. Bytes that are no UTF-8 become U+FFFD. "|" is
// escaped where the encoding would let it through.
func (r *Renderer) jsonString(s string) string {
	b := make([]byte, 0, len(s)+2)
	b = append(b, '"')
	for _, c := range s {
		switch c {
		case '\b':
			b = append(b, `\b`...)
		case '\t':
			b = append(b, `\t`...)
		case '\n':
			b = append(b, `\n`...)
		case '\f':
			b = append(b, `\f`...)
		case '\r':
			b = append(b, `\r`...)
		case '\\':
			b = append(b, `\\`...)
		default:
			if r.jsonPlain(c) {
				b = append(b, byte(c)) //nolint:gosec // printable ASCII
			} else {
				b = appendEscaped(b, c)
			}
		}
	}
	return string(append(b, '"'))
}

// jsonPlain tells the characters that stand for themselves.
func (r *Renderer) jsonPlain(c rune) bool {
	switch c {
	case '"', '&', '\'', '+', '<', '>', '`', '\\':
		return false
	case '|':
		return !r.encoding.verbatim()
	}
	return ' ' <= c && c <= '~'
}

func (r *Renderer) jsonList(values []string) string {
	elements := make([]string, len(values))
	for i, v := range values {
		elements[i] = r.jsonString(v)
	}
	return "[" + strings.Join(elements, ",") + "]"
}

// asciiJSON escapes all that a verbatim encoding would refuse. In JSON text it
// stands in strings only, so the text keeps its meaning. Control characters
// never stand in valid JSON's strings and stay.
func asciiJSON(text string) string {
	b := make([]byte, 0, len(text))
	for _, c := range text {
		if c == '|' || c > '~' {
			b = appendEscaped(b, c)
		} else {
			b = append(b, byte(c)) //nolint:gosec // ASCII
		}
	}
	return string(b)
}

// appendEscaped writes \uXXXX, twice for characters beyond 16 bits.
func appendEscaped(b []byte, c rune) []byte {
	if c > 0xffff {
		hi, lo := utf16.EncodeRune(c)
		return appendEscaped(appendEscaped(b, hi), lo)
	}
	const hex = "0123456789ABCDEF"
	return append(b, '\\', 'u', hex[c>>12&15], hex[c>>8&15], hex[c>>4&15], hex[c&15])
}

package headers

import (
	"encoding/base64"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Encoding is how a value is written.
type Encoding uint8

// The encodings. The zero value is the default.
const (
	URLEncode      Encoding = iota // percent-encoded UTF-8, a blank is "+"
	Base64                         // standard alphabet with padding
	None                           // as it is; control characters and "|" make it encoding_error
	NoneWithReject                 // the same, and so does everything that is not ASCII
)

// Format is how values are spread over headers.
type Format uint8

// The formats. The zero value is the default.
const (
	Separate Format = iota // one header a claim
	Combined               // one JSON text in userinfo
)

func encodingNames() []string { return []string{"UrlEncode", "Base64", "None", "NoneWithReject"} }

func formatNames() []string { return []string{"Separate", "Combined"} }

// String returns the name that ParseEncoding reads.
func (e Encoding) String() string { return encodingNames()[e] }

// String returns the name that ParseFormat reads.
func (f Format) String() string { return formatNames()[f] }

// ParseEncoding reads UrlEncode, Base64, None or NoneWithReject, whatever their
// case.
func ParseEncoding(s string) (Encoding, error) {
	for i, name := range encodingNames() {
		if strings.EqualFold(s, name) {
			return Encoding(i), nil
		}
	}
	return 0, fmt.Errorf("parse an encoding: want one of %s", strings.Join(encodingNames(), ", "))
}

// ParseFormat reads Separate or Combined, whatever their case.
func ParseFormat(s string) (Format, error) {
	for i, name := range formatNames() {
		if strings.EqualFold(s, name) {
			return Format(i), nil
		}
	}
	return 0, fmt.Errorf("parse a header format: want one of %s", strings.Join(formatNames(), ", "))
}

// encodingError stands in place of a value that its encoding cannot carry.
const encodingError = "encoding_error"

// separator stands between values. No encoded value holds it.
const separator = "|"

// value encodes one value.
func (e Encoding) value(s string) string {
	switch {
	case s == "":
		return ""
	case e == URLEncode:
		return urlEncode(s)
	case e == Base64:
		return base64.StdEncoding.EncodeToString([]byte(s))
	case e == None && plain(s), e == NoneWithReject && plainASCII(s):
		return s
	}
	return encodingError
}

// within encodes one value, unless that takes more than limit bytes. It spends
// no more than limit on a value of any length.
func (e Encoding) within(limit int, s string) (string, bool) {
	if len(s) > limit && !e.verbatim() {
		return "", false
	}
	if s = e.value(s); len(s) > limit {
		return "", false
	}
	return s, true
}

// list encodes each value and joins them, unless that takes more than limit bytes.
func (e Encoding) list(limit int, values []string) (string, bool) {
	if len(values) == 1 {
		return e.within(limit, values[0])
	}
	if max(0, len(values)-1) > limit {
		return "", false
	}
	var b strings.Builder
	for i, v := range values {
		if i > 0 {
			b.WriteString(separator)
		}
		v, ok := e.within(limit-b.Len(), v)
		if !ok {
			return "", false
		}
		b.WriteString(v)
	}
	return b.String(), true
}

// verbatim tells the encodings that change nothing.
func (e Encoding) verbatim() bool { return e == None || e == NoneWithReject }

// urlEncode writes UTF-8 as .NET's WebUtility.UrlEncode does.
func urlEncode(s string) string {
	n := urlEncodedLen(s)
	if n == len(s) && !strings.Contains(s, " ") {
		return s
	}
	const hex = "0123456789ABCDEF"
	b := make([]byte, 0, n)
	for i := range len(s) {
		switch c := s[i]; {
		case unreserved(c):
			b = append(b, c)
		case c == ' ':
			b = append(b, '+')
		default:
			b = append(b, '%', hex[c>>4], hex[c&15])
		}
	}
	return string(b)
}

func urlEncodedLen(s string) int {
	n := len(s)
	for i := range len(s) {
		if !unreserved(s[i]) && s[i] != ' ' {
			n += 2
		}
	}
	return n
}

func unreserved(c byte) bool {
	switch c {
	case '-', '_', '.', '!', '*', '(', ')':
		return true
	}
	return alphanumeric(c)
}

func alphanumeric[C byte | rune](c C) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

// plain tells text that a header carries as it is: net/http drops what holds
// control characters.
func plain(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return r == '|' || unicode.IsControl(r) })
}

func plainASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' || r == '|' })
}

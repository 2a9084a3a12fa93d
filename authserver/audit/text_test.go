package audit

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestText(t *testing.T) {
	for _, tt := range []struct{ name, in, want string }{
		{"empty", "", ""},
		{"plain", "/orders/4711", "/orders/4711"},
		{"letters of any language", "Zoë Østergård 李", "Zoë Østergård 李"},
		{"a new line", "a\r\nb", `a\r\nb`},
		{"a tab and NUL", "a\tb\x00c", `a\tb\x00c`},
		{"colours of a terminal", "\x1b[31mred", `\x1b[31mred`},
		{"the 8-bit form of the same", "\u009b31m", `\u009b31m`},
		{"DEL", "\x7f", `\x7f`},
		{"no UTF-8", "a\xff\xfe", `a\xff\xfe`},
		{"the character for no UTF-8, itself", "a\ufffdb", "a\ufffdb"},
		{"half a surrogate", "\xed\xa0\x80", `\xed\xa0\x80`},
		{"separators", "a\u2028b\u2029c\u0085d", `a\u2028b\u2029c\u0085d`},
		{"turned writing", "\u202egnp.exe", `\u202egnp.exe`},
		{"nothing to see", "a\u200bb\ufeffc", `a\u200bb\ufeffc`},
		{"a space that is none", "a\u00a0b", `a\u00a0b`},
		{"beyond the basic plane", "\U0001f600\U000e0001", "\U0001f600" + `\U000e0001`},
		{"quotes and markup are the line's own matter", `"<a>&'`, `"<a>&'`},
		{"a backslash", `a\nb`, `a\nb`},
		{"as long as may be", strings.Repeat("x", 256), strings.Repeat("x", 256)},
		{"one byte more", strings.Repeat("x", 257), strings.Repeat("x", 253) + "…"},
		{"cut before a character", strings.Repeat("x", 252) + "ééé", strings.Repeat("x", 252) + "…"},
		{"cut before an escape", strings.Repeat("x", 250) + "\u2028\u2028", strings.Repeat("x", 250) + "…"},
		{"an escape that just fits", strings.Repeat("x", 250) + "\u2028", strings.Repeat("x", 250) + `\u2028`},
		{"64 KB of escapes", strings.Repeat("\x00", 64<<10), strings.Repeat(`\x00`, 63) + "…"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := Text(tt.in); got != tt.want {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
}

// Whatever comes, what leaves can be read, is short, and stays as it is.
func FuzzText(f *testing.F) {
	f.Add("/orders\x1b[31m\u202e\xff\r\n")
	f.Add(strings.Repeat("é\x00", 200))
	f.Fuzz(func(t *testing.T, s string) {
		got := Text(s)
		if len(got) > MaxText || !utf8.ValidString(got) || strings.ContainsFunc(got, func(r rune) bool { return !unicode.IsPrint(r) }) {
			t.Errorf("%q: %q (%d bytes)", s, got, len(got))
		}
		if again := Text(got); again != got {
			t.Errorf("%q: once %q, twice %q", s, got, again)
		}
	})
}

package hosts

import (
	"strings"
	"testing"

	whatwg "github.com/nlnwa/whatwg-url/url"
)

// What we accept as a name a browser reads as the same name.
func TestCanonicalNameAsBrowsersReadIt(t *testing.T) {
	for _, tt := range []struct{ raw, want string }{
		{"app.test", "app.test"},
		{"APP.TEST.", "app.test"},
		{"localhost", "localhost"},
		{"a_b.test", "a_b.test"},
		{"1.test", "1.test"},
		{"0x7f.test", "0x7f.test"},
		{"127.0.0.1", "127.0.0.1"},
		{"127.0.0.1.", "127.0.0.1"},
		{"１２７.0.0.1", "127.0.0.1"},
		{"faß.test", "xn--fa-hia.test"},
		{"FASS.test", "fass.test"},
		{"a\u00adb.test", "ab.test"}, // a soft hyphen vanishes
		{strings.Repeat("\u00ad", maxAuthority/2-4) + "app.test", "app.test"},
		{"Ａpp．test", "app.test"},
		{"\u212Aelvin.test", "kelvin.test"},
		{"日本語。テスト", "xn--wgv71a119e.xn--zckzah"},
		{"[::]", "[::]"},
		{"[0:0:0:0:0:0:0:1]", "[::1]"},
		{"[2001:DB8:0:0:1:0:0:1]", "[2001:db8::1:0:0:1]"},
		{"[2001:db8:0:1:1:1:1:1]", "[2001:db8:0:1:1:1:1:1]"},
		{"[::1.2.3.4]", "[::102:304]"},
	} {
		got, err := canonicalName(tt.raw)
		if err != nil || got != tt.want {
			t.Errorf("canonicalName(%q) = %q, %v, want %q", tt.raw, got, err, tt.want)
			continue
		}
		if again, err := canonicalName(got); err != nil || again != got {
			t.Errorf("canonicalName(%q) is no fixed point: %q, %v", got, again, err)
		}
		u, err := whatwg.Parse("https://" + tt.raw + "/")
		if err != nil || strings.TrimSuffix(u.Hostname(), ".") != got {
			t.Errorf("a browser reads %q as %q, %v", tt.raw, u.Hostname(), err)
		}
	}
}

func TestCanonicalNameRefuses(t *testing.T) {
	for _, raw := range []string{
		"", ".", "..", "a..b", "-", "a-.test", "_.-a", "a b", "a\u3000b.test", "a\u2028.test", "℀.test", "a／b.test", "a？b.test", "a＠b.test", "a：b.test",
		"1", "127.1", "127.0.0.1.1", "0x7f000001", "0x", "a.0x", "a.1", "a.09", "１２７.1", "256.0.0.1", "1.2.3.٤",
		"[", "[]", "[::1", "[1.2.3.4]", "[:]", "[:::]", "[1]", "[::1%25eth0]", "[::ffff:1.2.3.4]", "[::ffff:102:304]", "[v1.x]",
		"xn--", "xn--a", "a.xn--a.test", "xn--app-", "a.xn--app-.b", "ｘn--app-.test", "my_ä.test", "\u0301a.test", "a\u200db.test", "\xff.test",
	} {
		if got, err := canonicalName(raw); err == nil {
			t.Errorf("canonicalName(%q) = %q", raw, got)
		}
	}
}

package cookie_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/cookie"
)

// FuzzCookie writes any value and reads the request that a browser makes of it, among
// whatever else is in the header. A value of ours comes back as it was; beside another
// one of its name none is taken.
func FuzzCookie(f *testing.F) {
	f.Add("abc-_", "x=y", uint8(1))
	f.Add("1"+strings.Repeat("A", 3799), "__Host-easyauth-1=2; a", uint8(0))
	f.Add("", "__Host-easyauth=x", uint8(2))
	f.Add("a=b", ";;=;\t__Host-easyauth", uint8(3))
	f.Add("a\r\nSet-Cookie: b=c", "a=\"b; c\"", uint8(4))
	c := cookie.New(cookie.Config{CallbackPath: "/easyauth/signin-oidc"}).Ticket
	f.Fuzz(func(t *testing.T, value, beside string, minutes uint8) {
		line := c.Set(value, time.Duration(minutes)*time.Minute)
		if strings.ContainsAny(line, "\r\n\x00") || !strings.HasSuffix(line, "; HttpOnly; Secure; SameSite=Lax") || !strings.HasPrefix(line, c.Name+"=") {
			t.Fatalf("%q", line)
		}
		ours := !strings.ContainsFunc(value, func(r rune) bool {
			return (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && r != '-' && r != '_'
		})
		pair, _, _ := strings.Cut(line, ";")
		if ours && pair != c.Name+"="+value {
			t.Fatalf("%q was written as %q", value, line)
		}
		h := http.Header{"Cookie": {beside, pair}}
		others := cookie.Values(http.Header{"Cookie": {beside}}, c.Name, 100)
		switch got, ok := c.Only(h); {
		case ok && (len(others) > 0 || got == "" || ours && got != value):
			t.Errorf("%q was taken of %q", got, h)
		case !ok && ours && value != "" && len(others) == 0:
			t.Errorf("nothing was taken of %q", h)
		}
		if got := cookie.Values(h, c.Name, 100); len(others) < 99 && !slices.Equal(got, append(others, strings.TrimPrefix(pair, c.Name+"="))) {
			t.Errorf("%q of %q", got, h)
		}
		if got := cookie.Values(h, c.Name, 2); len(got) > 2 {
			t.Errorf("%d values, want two at most", len(got))
		}
	})
}

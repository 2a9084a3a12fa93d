package pages

import (
	"encoding/json"
	"math"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestCap(t *testing.T) {
	for _, tt := range []struct {
		name, in string
		n        int
		want     string
	}{
		{"short", "abc", 5, "abc"},
		{"exactly", "abcde", 5, "abcde"},
		{"one too many", "abcdef", 5, "abcd…"},
		{"characters, not bytes", "äöüäö", 5, "äöüäö"},
		{"cut between characters", "äöüäöü", 5, "äöüä…"},
		{"controls are dropped", "a\x00\x1b[31mb\x7f\u0085", 20, "a[31mb"},
		{"line breaks become spaces", "a\r\nb\tc", 20, "a  b c"},
		{"writing direction cannot be turned", "a\u202eb\u2066c\u200f", 20, "abc"},
		{"other line separators are dropped", "a\u2028b", 20, "ab"},
		{"a joiner stays", "👩\u200d💻", 20, "👩\u200d💻"},
		{"invalid bytes are replaced", "a\xffb", 20, "a\ufffdb"},
		{"dropped characters do not count", "\x00\x00\x00ab", 2, "ab"},
		{"dropped characters at the end are no cut", "ab\x00", 2, "ab"},
		{"one", "abc", 1, "…"},
		{"none", "abc", 0, ""},
		{"negative", "abc", -1, ""},
		{"empty", "", 5, ""},
	} {
		if got := Cap(tt.in, tt.n); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

func FuzzCap(f *testing.F) {
	f.Add("abc\xff\u202e\x00€", 2)
	f.Fuzz(func(t *testing.T, s string, n int) {
		got := Cap(s, n)
		if !utf8.ValidString(got) || utf8.RuneCountInString(got) > max(n, 0) || strings.ContainsAny(got, "\x00\r\n\t\u202e") {
			t.Errorf("Cap(%q, %d) = %q", s, n, got)
		}
		if Cap(got, n) != got {
			t.Errorf("capped twice differs: %q", got)
		}
	})
}

func TestWriteJSON(t *testing.T) {
	w := httptest.NewRecorder()
	WriteJSON(w, 401, map[string]string{"login_url": "/x?</script>"})
	var got map[string]string
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || got["login_url"] != "/x?</script>" || w.Code != 401 {
		t.Errorf("%d %s %v", w.Code, w.Body, err)
	}
	if strings.Contains(w.Body.String(), "<") {
		t.Error("markup in JSON is not escaped")
	}
	for key, want := range map[string]string{
		"Content-Type": "application/json", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff",
		"Content-Length": strconv.Itoa(w.Body.Len()),
	} {
		if got := w.Header().Get(key); got != want {
			t.Errorf("%s: %q, want %q", key, got, want)
		}
	}
	bad := httptest.NewRecorder()
	WriteJSON(bad, 200, math.NaN())
	if bad.Code != 500 || bad.Body.String() != "{\"error\":\"internal\"}\n" {
		t.Errorf("what cannot be encoded: %d %s", bad.Code, bad.Body)
	}
}

func TestSecurityHeadersAreShort(t *testing.T) {
	h := http.Header{}
	SecurityHeaders(h)
	var b strings.Builder
	if err := h.Write(&b); err != nil {
		t.Fatal(err)
	}
	if b.Len() > 400 {
		t.Errorf("%d bytes:\n%s", b.Len(), &b)
	}
	if csp := h.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || !strings.Contains(csp, "frame-ancestors 'none'") {
		t.Errorf("policy %q", csp)
	}
}

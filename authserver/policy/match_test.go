package policy

import (
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
)

func TestPathMatchSegments(t *testing.T) {
	tests := []struct {
		value, path string
		fold, want  bool
	}{
		{"/admin", "/admin", false, true},
		{"/admin", "/admin/x", false, true},
		{"/admin", "/administrator", false, false},
		{"/admin", "/admi", false, false},
		{"/admin", "/Admin", false, false},
		{"/admin", "/Admin", true, true},
		{"/admin", "/ADMIN/x", true, true},
		{"/admin", "/ADMINx", true, false},
		{"/", "/", false, true},
		{"/", "/a", false, true},
		{"/", "/a", true, true},
		{"/k", "/\u212a", true, true},
		{"/k", "/\u212a/x", true, true},
		{"/k", "/\u212a", false, false},
		{"/stra\u00dfe", "/STRASSE", true, false},
		{"/\u00e4", "/\u00c4/b", true, true},
		{"/\u00e4", "/", true, false},
	}
	for _, tt := range tests {
		if got := pathMatch(opStartsWith, []string{tt.value}, tt.fold)(tt.path); got != tt.want {
			t.Errorf("%q starts %q (fold %v): %v", tt.value, tt.path, tt.fold, got)
		}
	}
}

// FuzzFold compares the operators that fold with strings.EqualFold.
func FuzzFold(f *testing.F) {
	f.Add("Sales", "sA")
	f.Add("\u212aelvin", "k")
	f.Add("\u017f\u0130\u1e9e", "s")
	f.Add("a\xff", "\xff")
	f.Fuzz(func(t *testing.T, text, part string) {
		if len(text) > 60 || part == "" {
			return
		}
		starts, ends, contains := false, false, false
		for i := range len(text) + 1 {
			for j := i; j <= len(text); j++ {
				if same := strings.EqualFold(text[i:j], part) && boundary(text, i) && boundary(text, j); same {
					starts, ends, contains = starts || i == 0, ends || j == len(text), true
				}
			}
		}
		for operator, want := range map[string]bool{opStartsWith: starts, opEndsWith: ends, opContains: contains, opIs: strings.EqualFold(text, part)} {
			if got := textMatch(operator, []string{part}, true)(text); got != want && validText(text) && validText(part) {
				t.Fatalf("%q %s %q: %v", text, operator, part, got)
			}
		}
	})
}

func boundary(text string, i int) bool { return i == len(text) || text[i]&0xc0 != 0x80 }

func validText(text string) bool { return strings.ToValidUTF8(text, "") == text }

// FuzzClaimJSON goes down into any text. What is found is there, and nothing panics.
func FuzzClaimJSON(f *testing.F) {
	for _, seed := range []string{
		`{"a":{"b":"x"}}`, `{"a":[{"b":"y"},{"b":["x"]}]}`, `{"a":{"b":"x","b":"y"}}`, `{"\u0061":{"b":"\u0078"}}`, `{"a":{"b":null}}`, `[[[{"a":{"b":"x"}}]]]`, `{"a":{"b":{"c":1}}}`,
		`{"a":`, `{"a":{"b":"x"}}}`, `{"a" : { "b" : "x" } , "c" : [ 1 , true , -1.5e3 ] }`, `{"a":{"b":"x"},}`, `{"a":"`, "{\"a\":\"\n\"}", `{"a":{"b":"x"},"a":1}`, strings.Repeat("[", 100), `{"a":{"b":tru}}`,
	} {
		f.Add(seed)
	}
	path := newClaimPath("t.a.b", nil)
	f.Fuzz(func(t *testing.T, text string) {
		id := &access.Identity{Claims: []access.Claim{{Name: "t", Values: []string{text}}}}
		is := path.look(&Input{Identity: id}, equalAny([]string{"x"}))
		want, valid := oracle(text, []string{"a", "b"}, "x")
		switch {
		case valid && want && is.is == no, valid && !want && is.is == yes:
			t.Fatalf("%s: %v, want %v", text, is, want)
		case !valid && is.is == yes && !strings.ContainsAny(text, "-+.0123456789eEtfn"):
			t.Fatalf("%s is no JSON, and %v", text, is)
		}
	})
}

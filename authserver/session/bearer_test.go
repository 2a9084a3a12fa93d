package session_test

import (
	"net/http"
	"testing"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/session"
)

// A token of ours decides alone wherever it stands, and only as it must be written does
// it say anything.
func TestTokenIn(t *testing.T) {
	const ok, bad, several = access.ReasonOK, access.ReasonBearerInvalid, access.ReasonBearerAmbiguous
	for _, row := range []struct {
		name    string
		lines   []string
		token   string
		claimed bool
		reason  access.Reason
	}{
		{"ours", []string{"Bearer ea_x"}, "ea_x", true, ok},
		{"scheme in lower case", []string{"bearer ea_x"}, "ea_x", true, ok},
		{"scheme in upper case", []string{"BEARER ea_x"}, "ea_x", true, ok},
		{"the prefix alone", []string{"Bearer ea_"}, "ea_", true, ok},
		{"a refresh token", []string{"Bearer ear_x"}, "ear_x", true, ok},
		{"two blanks", []string{"Bearer  ea_x"}, "", true, bad},
		{"a tab", []string{"Bearer\tea_x"}, "", true, bad},
		{"blank before", []string{" Bearer ea_x"}, "", true, bad},
		{"blank after", []string{"Bearer ea_x "}, "", true, bad},
		{"two headers, both ours", []string{"Bearer ea_x", "Bearer ea_x"}, "", true, several},
		{"two headers, the first ours", []string{"Bearer ea_x", "Basic eDp5"}, "", true, several},
		{"two headers, the second ours", []string{"Basic eDp5", "Bearer ea_x"}, "", true, several},
		{"two headers, one empty", []string{"", "Bearer ea_x"}, "", true, several},
		{"joined, the first ours", []string{"Bearer ea_x, Basic eDp5"}, "", true, several},
		{"joined, the second ours", []string{"Bearer e30.e30.x, Bearer ea_x"}, "", true, several},
		{"joined without a blank", []string{"Basic eDp5,Bearer ea_x"}, "", true, several},
		{"a comma behind it", []string{"Bearer ea_x,"}, "", true, several},
		{"none", nil, "", false, ok},
		{"empty", []string{""}, "", false, ok},
		{"another scheme", []string{"Basic ea_x"}, "", false, ok},
		{"no scheme", []string{"ea_x"}, "", false, ok},
		{"no blank", []string{"Bearerea_x"}, "", false, ok},
		{"nothing behind the scheme", []string{"Bearer "}, "", false, ok},
		{"the scheme alone", []string{"Bearer"}, "", false, ok},
		{"a JWT", []string{"Bearer e30.e30.x"}, "", false, ok},
		{"two, none of them ours", []string{"Bearer x", "Bearer y"}, "", false, ok},
		{"the prefix in another case", []string{"Bearer EA_x"}, "", false, ok},
		{"the prefix inside", []string{"Bearer xea_x"}, "", false, ok},
	} {
		token, claimed, reason := session.TokenIn(http.Header{"Authorization": row.lines})
		if token != row.token || claimed != row.claimed || reason != row.reason {
			t.Errorf("%s: %q, %v, %s", row.name, token, claimed, reason)
		}
	}
}

// Most requests have no token of ours: to look for one costs them nothing.
func TestTokenInAllocatesNothing(t *testing.T) {
	for _, lines := range [][]string{nil, {"Basic eDp5"}, {"Bearer e30.e30.e30"}, {"Bearer ea_x"}, {"Basic eDp5, Bearer x"}} {
		h := http.Header{"Authorization": lines}
		if n := testing.AllocsPerRun(100, func() { session.TokenIn(h) }); n > 0 {
			t.Errorf("%q: %v allocations", lines, n)
		}
	}
}

func FuzzTokenIn(f *testing.F) {
	for _, seed := range []string{"Bearer ea_x", "bearer  ear_x", "Basic eDp5, Bearer ea_x", ",,", "Bearer"} {
		f.Add(seed, "")
	}
	f.Fuzz(func(t *testing.T, one, two string) {
		token, claimed, reason := session.TokenIn(http.Header{"Authorization": {one}})
		if (token != "") != (claimed && reason == access.ReasonOK) || token != "" && len(one) != len("Bearer ")+len(token) {
			t.Errorf("%q: %q, %v, %s", one, token, claimed, reason)
		}
		if _, both, reason := session.TokenIn(http.Header{"Authorization": {one, two}}); claimed && (!both || reason != access.ReasonBearerAmbiguous) {
			t.Errorf("%q and %q: %v, %s", one, two, both, reason)
		}
	})
}

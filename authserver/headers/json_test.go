package headers

import (
	"encoding/json"
	"testing"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
)

// System.Text.Json's default escaper.
func TestJSONString(t *testing.T) {
	tests := []struct{ name, value, want string }{
		{"plain", "Jon Lester", `"Jon Lester"`},
		{"markup", "\"&'+<>`", `"\u0022\u0026\u0027\u002B\u003C\u003E\u0060"`},
		{"backslash", `a\b`, `"a\\b"`},
		{"slash", "a/b", `"a/b"`},
		{"short forms", "\b\t\n\f\r", `"\b\t\n\f\r"`},
		{"other control characters", "\x00\x0b\x1f\x7f\u0085", `"\u0000\u000B\u001F\u007F\u0085"`},
		{"beyond ASCII", "bäd 李", `"b\u00E4d \u674E"`},
		{"beyond 16 bits", "😀", `"\uD83D\uDE00"`},
		{"no UTF-8", "a\xffb", `"a\uFFFDb"`},
		{"empty", "", `""`},
		{"all else stays", "!#$%()*,-.:;=?@[]^_{|}~", `"!#$%()*,-.:;=?@[]^_{|}~"`},
	}
	r := newRenderer(t, Config{Format: Combined})
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := r.jsonString(tt.value); got != tt.want {
				t.Errorf("%q → %s, want %s", tt.value, got, tt.want)
			}
		})
	}
	for _, e := range []Encoding{None, NoneWithReject} {
		if got := newRenderer(t, Config{Format: Combined, Encoding: e}).jsonString("a|b"); got != `"a\u007Cb"` {
			t.Errorf("%s: %s", e, got)
		}
	}
}

// The members' types, and what their values become. Claims keep their full names
// here: none can be taken for a member.
func TestCombinedMembers(t *testing.T) {
	id := &access.Identity{
		Roles: []string{"a|Admin", "User"}, Groups: []string{"g1", "a|b", "g2"}, Scopes: []string{"User.Read", "Mail.Read", "a b"},
		Claims: []access.Claim{
			{Name: "ROLES", Values: []string{"Admin"}},
			{Name: "empty"},
			{Name: "https://x/roles", Values: []string{"Admin", "Owner"}},
		},
		Graph: []access.GraphResult{{Query: "/me", JSON: `{"a":"ä|b"}`}, {Query: "/gone", Dropped: true}},
	}
	const want = `{"name":"","oid":"","preferred_username":"","roles":["a|Admin","User"],"sub":"","tid":"","email":"","groups":"g1|encoding_error|g2",` +
		`"scp":"User.Read Mail.Read encoding_error","otherClaims":[{"name":"ROLES","value":"Admin"},{"name":"https://x/roles","value":"Admin"},` +
		`{"name":"https://x/roles","value":"Owner"}],"graph":["{\u0022a\u0022:\u0022\u00E4|b\u0022}","","{\u0022a\u0022:\u0022\u00E4|b\u0022}"]}`
	h := write(t, Config{Format: Combined, ClaimHeaders: []string{"https://x/level"}}, id, "/me", "/gone", "/me")
	if got := decode(t, URLEncode, get(h, "x-injected-userinfo")); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	compareOne(t, h, "overflow", "graph")
	compareOne(t, h, "level", "")

	h = write(t, Config{Format: Combined, Encoding: None}, id, "/me")
	var u struct{ Graph []string }
	if err := json.Unmarshal([]byte(get(h, "x-injected-userinfo")), &u); err != nil || len(u.Graph) != 1 || u.Graph[0] != id.Graph[0].JSON {
		t.Errorf("graph: %q, %v", u.Graph, err)
	}
}

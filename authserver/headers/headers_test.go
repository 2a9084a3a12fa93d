package headers

import (
	"encoding/base64"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
)

func unbase64(s string) (string, error) {
	b, err := base64.StdEncoding.DecodeString(s)
	return string(b), err
}

// Each refusal has a sibling that differs in one thing and passes.
func TestNew(t *testing.T) {
	many := func(n int) (claims []string) {
		for i := range n {
			claims = append(claims, fmt.Sprintf("a-claim-of-thirty-characters%02d", i))
		}
		return claims
	}
	tests := []struct {
		name   string
		cfg    Config
		reason string // of the refusal; empty: it passes
	}{
		{"no prefix", Config{Prefix: ""}, "prefix is empty"},
		{"the usual prefix", Config{Prefix: "x-injected-"}, ""},
		{"capitals and low lines", Config{Prefix: "X_Injected_"}, ""},
		{"a colon", Config{Prefix: "x-injected:"}, "cannot stand"},
		{"a blank", Config{Prefix: "x-injected "}, "cannot stand"},
		{"a line break", Config{Prefix: "x-\r\ny-"}, "cannot stand"},
		{"65 bytes", Config{Prefix: strings.Repeat("x", 65)}, "longer than 64"},
		{"64 bytes", Config{Prefix: strings.Repeat("x", 64)}, ""},
		{"a claim could make set-cookie", Config{Prefix: "set-"}, "set-cookie"},
		{"a claim could make set-cookie, with a capital", Config{Prefix: "Set-"}, "set-cookie"},
		{"a claim could make set-cookie, one letter", Config{Prefix: "s"}, "completed to"},
		{"no claim could", Config{Prefix: "sets-"}, ""},
		{"a claim could make x-accel-redirect", Config{Prefix: "x-accel-"}, "x-accel-redirect"},
		{"no claim could make it", Config{Prefix: "x-accelerated-"}, ""},
		{"x- is completed to anything", Config{Prefix: "x-"}, "x-accel-redirect"},
		{"x-auth-request- is not", Config{Prefix: "x-auth-request-"}, ""},
		{"no such encoding", Config{Prefix: "x-a-", Encoding: NoneWithReject + 1}, "no such"},
		{"the last encoding", Config{Prefix: "x-a-", Encoding: NoneWithReject}, ""},
		{"no such format", Config{Prefix: "x-a-", Format: Combined + 1}, "no such"},
		{"the last format", Config{Prefix: "x-a-", Format: Combined}, ""},
		{"a claim without a name", Config{Prefix: "x-a-", ClaimHeaders: []string{"https:///"}}, ""},
		{"a claim of slashes", Config{Prefix: "x-a-", ClaimHeaders: []string{"//"}}, "nothing of the name"},
		{"an empty claim", Config{Prefix: "x-a-", ClaimHeaders: []string{""}}, "nothing of the name"},
		{"a claim that is a fixed header anyway", Config{Prefix: "x-a-", ClaimHeaders: []string{"preferred_username"}}, ""},
		{"a claim that would be roles", Config{Prefix: "x-a-", ClaimHeaders: []string{"https://x/roles"}}, "x-a-roles"},
		{"a claim that would not", Config{Prefix: "x-a-", ClaimHeaders: []string{"https://x/roles2"}}, ""},
		{"a claim that a reader could take for a fixed header", Config{Prefix: "x-a-", ClaimHeaders: []string{"preferred.username"}}, "preferred.username"},
		{"two claims with one name", Config{Prefix: "x-a-", ClaimHeaders: []string{"dept_name", "https://x/dept-name"}}, "dept-name"},
		{"two claims with two names", Config{Prefix: "x-a-", ClaimHeaders: []string{"dept_name", "https://x/deptname"}}, ""},
		{"too many claims", Config{Prefix: "x-a-", ClaimHeaders: many(32)}, "leave"},
		{"many claims", Config{Prefix: "x-a-", ClaimHeaders: many(20)}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := New(tt.cfg)
			switch {
			case tt.reason == "" && err != nil:
				t.Errorf("refused: %v", err)
			case tt.reason != "" && err == nil:
				t.Error("accepted")
			case tt.reason != "" && !strings.Contains(err.Error(), tt.reason):
				t.Errorf("refused with %q, want %q in it", err, tt.reason)
			}
		})
	}
}

func TestParse(t *testing.T) {
	for i, name := range []string{"UrlEncode", "base64", "NONE", "NoneWithReject"} {
		if e, err := ParseEncoding(name); err != nil || int(e) != i || !strings.EqualFold(e.String(), name) {
			t.Errorf("%s: %v, %v", name, e, err)
		}
	}
	for i, name := range []string{"Separate", "combined"} {
		if f, err := ParseFormat(name); err != nil || int(f) != i || !strings.EqualFold(f.String(), name) {
			t.Errorf("%s: %v, %v", name, f, err)
		}
	}
	for _, wrong := range []string{"", "4", "url", "UrlEncode ", "Separate,Combined"} {
		if _, err := ParseEncoding(wrong); err == nil {
			t.Errorf("encoding %q accepted", wrong)
		}
		if _, err := ParseFormat(wrong); err == nil {
			t.Errorf("format %q accepted", wrong)
		}
	}
}

func TestNames(t *testing.T) {
	got := strings.Join(newRenderer(t, Config{ClaimHeaders: []string{"email", "https://x/Dept"}}).Names(), ",")
	const want = "x-injected-userinfo,x-injected-name,x-injected-oid,x-injected-preferred-username,x-injected-sub,x-injected-tid,x-injected-email," +
		"x-injected-groups,x-injected-scp,x-injected-roles,x-injected-graph,x-injected-overflow,x-injected-dept"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	// People copy the fixed ones from the documents.
	fixed := strings.Join(newRenderer(t, Config{}).Names(), ",")
	if text, err := os.ReadFile("../../docs/headers.md"); err != nil || !strings.Contains(string(text), `"`+fixed+`"`) {
		t.Errorf("docs/headers.md does not list %s, %v", fixed, err)
	}
}

// Every name that any format can set is there in each, so that a client's own
// never survives; configured claims too.
func TestAlwaysPresent(t *testing.T) {
	for _, f := range []Format{Separate, Combined} {
		for _, id := range []*access.Identity{{}, jon(), huge()} {
			cfg := Config{Format: f, ClaimHeaders: []string{"dept", "https://x/level"}}
			h := write(t, cfg, id, "/me")
			for _, name := range newRenderer(t, cfg).Names() {
				if len(h.Values(name)) != 1 {
					t.Errorf("%s: %s has %d values, want 1", f, name, len(h.Values(name)))
				}
			}
		}
	}
}

// A claim never speaks for another.
func TestSmuggling(t *testing.T) {
	admin := func(names ...string) (claims []access.Claim) {
		for _, name := range names {
			claims = append(claims, access.Claim{Name: name, Values: []string{"Admin"}})
		}
		return claims
	}
	tests := []struct {
		name   string
		listed []string
		claims []access.Claim
		want   map[string]string // beside the fixed headers
	}{
		{"the header's own name", nil, admin("roles"), nil},
		{"capitals", nil, admin("ROLES", "Roles"), nil},
		{"a URI", nil, admin("https://x/roles", "https://x/ROLES/"), nil},
		{"characters that go", nil, admin("roles ", "ro\r\nles", "(roles)", "rolesé", "https://x/roles?"), nil},
		{"every fixed name", nil, admin("name", "oid", "preferred_username", "preferred-username", "sub", "tid", "email", "groups", "scp", "graph", "userinfo", "overflow"), nil},
		{"what CGI takes for a fixed name", nil, admin("preferred.username", "preferred~username"), nil},
		{"nothing left", nil, admin("", "/", "é", "\r\n"), nil},
		{"another name passes", nil, admin("roles2"), map[string]string{"roles2": "Admin"}},
		{"the prefix once more", nil, admin("x-injected-roles", "x_injected_roles"), map[string]string{"x-injected-roles": "Admin"}},
		{"the first of two of a name", nil, []access.Claim{{Name: "Dept", Values: []string{"1"}}, {Name: "dept", Values: []string{"2"}}}, map[string]string{"dept": "1"}},
		{"the configured one of two", []string{"dept"}, []access.Claim{{Name: "Dept", Values: []string{"1"}}, {Name: "dept", Values: []string{"2"}}}, map[string]string{"dept": "2"}},
		{"a configured one twice", []string{"dept"}, []access.Claim{{Name: "dept", Values: []string{"1"}}, {Name: "dept", Values: []string{"2"}}}, map[string]string{"dept": "1"}},
		{"a configured short name takes a URI's last segment", []string{"dept"}, admin("https://x/dept"), map[string]string{"dept": "Admin"}},
		{"a line break in a value", nil, []access.Claim{{Name: "a", Values: []string{"x\r\nX-Injected-Roles: Admin"}}}, map[string]string{"a": "x%0D%0AX-Injected-Roles%3A+Admin"}},
		{"a bar in a value", nil, []access.Claim{{Name: "a", Values: []string{"x|y"}}}, map[string]string{"a": "x%7Cy"}},
		{"no values", nil, []access.Claim{{Name: "a"}}, map[string]string{"a": ""}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			want := map[string]string{"roles": "Guest"}
			for _, name := range fixedNames() {
				want[name] += ""
			}
			for name, value := range tt.want {
				want[name] = value
			}
			compare(t, write(t, Config{ClaimHeaders: tt.listed}, &access.Identity{Roles: []string{"Guest"}, Claims: tt.claims}), want)
		})
	}
}

// In the two encodings that change nothing, nothing may look like two values.
func TestSmugglingVerbatim(t *testing.T) {
	id := &access.Identity{
		Name: "Mallory\r\nX-Injected-Roles: Admin", Roles: []string{"Guest", "a|Admin"}, Groups: []string{"g|h"},
		Claims: []access.Claim{{Name: "a", Values: []string{"ok", "x|y"}}},
		Graph:  []access.GraphResult{{Query: "/me", JSON: `{"displayName":"A | B","city":"Köln 😀"}`}},
	}
	for _, e := range []Encoding{None, NoneWithReject} {
		h := write(t, Config{Encoding: e}, id, "/me", "/me")
		compareOne(t, h, "name", "encoding_error")
		compareOne(t, h, "roles", "Guest|encoding_error")
		compareOne(t, h, "groups", "encoding_error")
		compareOne(t, h, "a", "ok|encoding_error")
		// JSON can say it otherwise.
		const result = `{"displayName":"A \u007C B","city":"K\u00F6ln \uD83D\uDE00"}`
		compareOne(t, h, "graph", result+"|"+result)

		h = write(t, Config{Encoding: e, Format: Combined}, id, "/me")
		if got := get(h, "x-injected-userinfo"); strings.Contains(got, "|") || !strings.Contains(got, `"roles":["Guest","a\u007CAdmin"]`) {
			t.Errorf("userinfo: %s", got)
		}
	}
}

// What cannot have a header is logged, at debug and cut: names come from tokens.
func TestDroppedClaimsAreLogged(t *testing.T) {
	var log strings.Builder
	logger := slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	id := &access.Identity{Claims: []access.Claim{{Name: "ROLES"}, {Name: strings.Repeat("/", 5000)}}}
	for range 30 {
		id.Claims = append(id.Claims, access.Claim{Name: "email"})
	}
	write(t, Config{Log: logger}, id)
	if got := log.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, "count=32") || !strings.Contains(got, "ROLES") || len(got) > 1000 {
		t.Errorf("logged %d bytes: %s", len(got), got)
	}
	log.Reset()
	write(t, Config{Log: logger}, jon())
	if log.Len() > 0 {
		t.Errorf("logged without need: %s", log.String())
	}
}

// The results of one auth-url never answer another.
func TestGraphAnswersItsOwnQueries(t *testing.T) {
	id := &access.Identity{Graph: []access.GraphResult{
		{Query: "/me", JSON: `{"a":1}`},
		{Query: "/me/manager", JSON: `{"b":2}`},
		{Query: "/gone", Dropped: true},
	}}
	tests := []struct {
		name     string
		queries  []string
		want     []string
		overflow string
	}{
		{"none", nil, []string{""}, ""},
		{"one", []string{"/me"}, []string{`{"a":1}`}, ""},
		{"the other", []string{"/me/manager"}, []string{`{"b":2}`}, ""},
		{"in the auth-url's order", []string{"/me/manager", "/me"}, []string{`{"b":2}`, `{"a":1}`}, ""},
		{"twice", []string{"/me", "/me"}, []string{`{"a":1}`, `{"a":1}`}, ""},
		{"never run", []string{"/me?$select=id"}, []string{""}, "graph"},
		{"dropped, its place kept", []string{"/me", "/gone", "/me/manager"}, []string{`{"a":1}`, "", `{"b":2}`}, "graph"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := write(t, Config{}, id, tt.queries...)
			var got []string
			for part := range strings.SplitSeq(get(h, "x-injected-graph"), "|") {
				got = append(got, decode(t, URLEncode, part))
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("graph: %q, want %q", got, tt.want)
			}
			compareOne(t, h, "overflow", tt.overflow)
		})
	}
}

// One Rendered serves many answers; none of them can change another.
func TestRenderedIsNotChanged(t *testing.T) {
	v := newRenderer(t, Config{}).Render(jon())
	first, second := map[string][]string{}, map[string][]string{}
	v.Write(first, []string{"/me", "/unknown"})
	for key := range first {
		first[key] = append(first[key], "more")
	}
	v.Write(second, nil)
	if want := write(t, Config{}, jon()); fmt.Sprint(second) != fmt.Sprint(map[string][]string(want)) {
		t.Errorf("got  %v\nwant %v", second, want)
	}
}

func TestSize(t *testing.T) {
	r := newRenderer(t, Config{})
	small, large := r.Render(&access.Identity{}).Size(), r.Render(huge()).Size()
	if small < 500 || large <= small || large > 20_000 {
		t.Errorf("sizes %d and %d", small, large)
	}
}

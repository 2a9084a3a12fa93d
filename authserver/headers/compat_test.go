package headers

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
)

// What EasyAuthForK8s does with names, values and formats, row by row. We differ
// on purpose where a row says so:
//
//   - a blank in a claim's name is dropped (there it stays, and the server fails);
//   - a name of which nothing is left gives no header (there: illegal-name);
//   - a name that begins or ends with the only "/" keeps its segment (there: illegal-name);
//   - a claim whose header exists is dropped (there its values join the header's);
//   - "|" and control characters are encoding_error in None and NoneWithReject
//     (there they pass, or the answer fails);
//   - groups and scp hold groups and scopes (there: a leading bar; always empty);
//   - all fixed headers are always there, also roles, graph and userinfo.
func TestCompatNames(t *testing.T) {
	const soap = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier"
	kept := "!#$%&'*+-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ^_`abcdefghijklmnopqrstuvwxyz|~"
	tests := []struct {
		name  string
		f     func(string) string
		claim string
		want  string
	}{
		{"separators of a URI go", sanitise, soap, "httpschemas.xmlsoap.orgws200505identityclaimsnameidentifier"},
		{"what is no token goes", sanitise, `(),/:;<=>?@[\]{}"foo`, "foo"},
		{"small letters", sanitise, "FOO", "foo"},
		{"all of a token stays", sanitise, kept, strings.ToLower(strings.ReplaceAll(kept, "_", "-"))},
		{"differs: nothing left", sanitise, `(),/:;<=>?@[\]{}"`, ""},
		{"differs: a blank goes", sanitise, "a b", "ab"},
		{"control characters go", sanitise, "a\r\nb\x00\x7f", "ab"},
		{"what is not ASCII goes", sanitise, "größe\u212a", "gre"},
		{"a name without a slash", headerName, "otherClaim1", "otherclaim1"},
		{"the last segment", headerName, soap, "nameidentifier"},
		{"the last segment before a slash", headerName, soap + "/", "nameidentifier"},
		{"differs: slashes only", headerName, "///////", ""},
		{"differs: one segment after a slash", headerName, "/foo", "foo"},
		{"differs: one segment before a slash", headerName, "foo/", "foo"},
		{"the empty name", headerName, "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.f(tt.claim); got != tt.want {
				t.Errorf("%q → %q, want %q", tt.claim, got, tt.want)
			}
		})
	}
}

func TestCompatValues(t *testing.T) {
	tests := []struct {
		name  string
		e     Encoding
		value string
		want  string
	}{
		{"plain", URLEncode, "Jon", "Jon"},
		{"a blank is a plus", URLEncode, "Jon Lester", "Jon+Lester"},
		{"a plus is not", URLEncode, "a+b", "a%2Bb"},
		{"UTF-8", URLEncode, "bäd", "b%C3%A4d"},
		{"a bar", URLEncode, "a|b", "a%7Cb"},
		{"quote and tilde", URLEncode, "O'Brien~x", "O%27Brien%7Ex"},
		{"JSON", URLEncode, `{"displayName":"Jon Lester"}`, "%7B%22displayName%22%3A%22Jon+Lester%22%7D"},
		{"unreserved", URLEncode, "azAZ09-_.!*()", "azAZ09-_.!*()"},
		{"reserved", URLEncode, "'/:@,%", "%27%2F%3A%40%2C%25"},
		{"line breaks", URLEncode, "a\r\nb\x00", "a%0D%0Ab%00"},
		{"beyond 16 bits", URLEncode, "😀", "%F0%9F%98%80"},
		{"empty", URLEncode, "", ""},

		{"plain", Base64, "Jon", "Sm9u"},
		{"padding", Base64, "Admin", "QWRtaW4="},
		{"a bar and a line break", Base64, "a|b\n", "YXxiCg=="},
		{"standard alphabet", Base64, "\xff\xef\xbe", "/+++"},
		{"empty", Base64, "", ""},

		{"plain", None, "Jon Lester, O'Brien~", "Jon Lester, O'Brien~"},
		{"differs: UTF-8 passes", None, "bäd 李", "bäd 李"},
		{"differs: a bar", None, "a|b", "encoding_error"},
		{"differs: CR", None, "a\rb", "encoding_error"},
		{"differs: LF", None, "a\nb", "encoding_error"},
		{"differs: NUL", None, "a\x00b", "encoding_error"},
		{"differs: a tab", None, "a\tb", "encoding_error"},
		{"differs: DEL", None, "a\x7fb", "encoding_error"},
		{"differs: C1", None, "a\u0085b", "encoding_error"},
		{"differs: no UTF-8", None, "a\xffb", "encoding_error"},
		{"empty", None, "", ""},

		{"plain", NoneWithReject, "good", "good"},
		{"all that may be", NoneWithReject, " !\"#$%&'()*+,-./09:;<=>?@AZ[\\]^_`az{}~", " !\"#$%&'()*+,-./09:;<=>?@AZ[\\]^_`az{}~"},
		{"beyond ASCII", NoneWithReject, "bäd", "encoding_error"},
		{"DEL", NoneWithReject, "a\x7f", "encoding_error"},
		{"a tab", NoneWithReject, "a\tb", "encoding_error"},
		{"no UTF-8", NoneWithReject, "a\xffb", "encoding_error"},
		{"differs: a bar", NoneWithReject, "a|b", "encoding_error"},
		{"empty", NoneWithReject, "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.e.String()+"/"+tt.name, func(t *testing.T) {
			if got := tt.e.value(tt.value); got != tt.want {
				t.Errorf("%q → %q, want %q", tt.value, got, tt.want)
			}
		})
	}
}

func TestCompatLists(t *testing.T) {
	tests := []struct {
		e      Encoding
		values []string
		want   string
	}{
		{URLEncode, []string{"Admin", "User"}, "Admin|User"},
		{URLEncode, []string{"a|b", "c d"}, "a%7Cb|c+d"},
		{Base64, []string{"Admin", "User"}, "QWRtaW4=|VXNlcg=="},
		{None, []string{"Admin", "a|b", "User"}, "Admin|encoding_error|User"},
		{NoneWithReject, []string{"Admin", "bäd"}, "Admin|encoding_error"},
		{NoneWithReject, []string{"Admin", ""}, "Admin|"},
		{URLEncode, nil, ""},
	}
	for _, tt := range tests {
		if got, _ := tt.e.list(1000, tt.values); got != tt.want {
			t.Errorf("%s %q → %q, want %q", tt.e, tt.values, got, tt.want)
		}
	}
}

// jon is the user of EasyAuthForK8s' documents.
func jon() *access.Identity {
	return &access.Identity{
		Name: "Jon", Roles: []string{"Admin"}, Claims: []access.Claim{{Name: "fooclaim", Values: []string{"fooValue"}}},
		Graph: []access.GraphResult{{Query: "/me", JSON: `{"displayName":"Jon Lester"}`}},
	}
}

func TestCompatSeparate(t *testing.T) {
	id := jon()
	id.Roles, id.Groups, id.Scopes = []string{"Admin", "User"}, []string{"g1", "g2"}, []string{"User.Read", "Mail.Read"}
	id.Object, id.Tenant, id.Subject = "o", "t", "s"
	id.PreferredUsername, id.Email = "jon@contoso.example", "j+l@contoso.example"
	id.Claims = append(id.Claims, access.Claim{Name: "otherClaim1", Values: []string{"1", "2"}})
	h := write(t, Config{}, id, "/me")
	want := map[string]string{
		"name": "Jon", "oid": "o", "tid": "t", "sub": "s", "preferred-username": "jon%40contoso.example", "email": "j%2Bl%40contoso.example",
		"roles": "Admin|User", "groups": "g1|g2", "scp": "User.Read|Mail.Read", "graph": "%7B%22displayName%22%3A%22Jon+Lester%22%7D",
		"fooclaim": "fooValue", "otherclaim1": "1|2", "userinfo": "", "overflow": "",
	}
	compare(t, h, want)
}

// Nobody's headers: none is absent, so that none of a client's own survives.
func TestCompatEmpty(t *testing.T) {
	want := map[string]string{
		"name": "", "oid": "", "tid": "", "sub": "", "preferred-username": "", "email": "", "roles": "", "groups": "", "scp": "", "graph": "",
		"userinfo": "", "overflow": "",
	}
	compare(t, write(t, Config{}, &access.Identity{}), want)
}

func TestCompatCombined(t *testing.T) {
	const (
		graph = `"{\u0022displayName\u0022:\u0022Jon Lester\u0022}"`
		text  = `{"name":"Jon","oid":"","preferred_username":"","roles":["Admin"],"sub":"","tid":"","email":"","groups":"","scp":"","otherClaims":[{"name":"fooclaim","value":"fooValue"}],"graph":[` + graph + `]}`
	)
	for _, e := range []Encoding{URLEncode, Base64, None, NoneWithReject} {
		t.Run(e.String(), func(t *testing.T) {
			cfg := Config{Encoding: e, Format: Combined}
			h := write(t, cfg, jon(), "/me")
			want := map[string]string{"userinfo": e.value(text)}
			for _, name := range fixedNames() {
				want[name] += ""
			}
			compare(t, h, want)
			if got := decode(t, e, h.Get("x-injected-userinfo")); got != text {
				t.Errorf("decoded: %s\nwant     %s", got, text)
			}
			compareOne(t, write(t, cfg, jon()), "userinfo", e.value(strings.Replace(text, graph, "", 1)))
		})
	}
}

// write renders id and writes it, as a test's answer does. The prefix defaults
// to EasyAuthForK8s'.
func write(t testing.TB, cfg Config, id *access.Identity, queries ...string) http.Header {
	t.Helper()
	h := http.Header{}
	overflow := newRenderer(t, cfg).Render(id).Write(h, queries)
	if named := get(h, "x-injected-overflow") != ""; cfg.Prefix == "" && overflow != named {
		t.Errorf("Write says overflow: %t, the header: %t", overflow, named)
	}
	return h
}

func newRenderer(t testing.TB, cfg Config) *Renderer {
	t.Helper()
	if cfg.Prefix == "" {
		cfg.Prefix = "x-injected-"
	}
	r, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func get(h http.Header, name string) string { return strings.Join(h.Values(name), " <and> ") }

func compare(t *testing.T, h http.Header, want map[string]string) {
	t.Helper()
	for name, value := range want {
		compareOne(t, h, name, value)
	}
	if len(h) != len(want) {
		t.Errorf("%d headers, want %d: %v", len(h), len(want), h)
	}
}

func compareOne(t *testing.T, h http.Header, name, want string) {
	t.Helper()
	if got, ok := h[http.CanonicalHeaderKey("x-injected-"+name)]; !ok || len(got) != 1 || got[0] != want {
		t.Errorf("%s is %q, want %q", name, got, want)
	}
}

// decode undoes an encoding as an application does.
func decode(t testing.TB, e Encoding, value string) string {
	t.Helper()
	var err error
	switch e {
	case URLEncode:
		value, err = url.QueryUnescape(value)
	case Base64:
		value, err = unbase64(value)
	default: // it stands as it is
	}
	if err != nil {
		t.Fatal(err)
	}
	return value
}

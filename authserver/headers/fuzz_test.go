package headers

import (
	"bufio"
	"encoding/json"
	"net/http"
	"net/textproto"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/net/http/httpguts"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
)

// FuzzHeaders makes identities of any text. Whatever they hold: the block keeps
// to the budget, every name is ours and legal, every value is legal and the only
// one, roles come from roles alone, and splitting gives back as many values as
// there were.
func FuzzHeaders(f *testing.F) {
	f.Add("department", "Retail", "Admin", "g1", "Adele", `{"a":1}`, byte(0), uint8(1))
	f.Add("ROLES", "Admin|Admin", "a|b", "g|h", "x\r\nX-Injected-Roles: Admin", `{"a":"|ä"}`, byte(2), uint8(3))
	f.Add("https://x/roles", "\x00\x7f\u0085", "ä", " ", strings.Repeat("N", 3600), "\n", byte(3), uint8(2))
	f.Add("x_injected_roles", "Admin", "", "", "\xff", "", byte(1), uint8(250))
	f.Add("|", strings.Repeat("v", 2200), "<'`&+>", "😀", `"\`, strings.Repeat(`"`, 2100), byte(4), uint8(9))
	f.Add("preferred.username", "Köln 😀", "a", "b", "c", "d", byte(5), uint8(20))
	f.Add("ClAiMs", "\t", "a", "b", "c", "d", byte(6), uint8(0))
	f.Add("a b\r\n", "x", "a", "b", "c", "d", byte(7), uint8(255))
	f.Fuzz(func(t *testing.T, claim, value, role, group, name, graph string, mode byte, count uint8) {
		cfg := Config{Encoding: Encoding(mode % 4), Format: Format(mode / 4 % 2), ClaimHeaders: []string{"dept", "https://x/level"}}
		n := int(count)
		id := &access.Identity{
			Object: value, Subject: name, Name: name, Email: group, Roles: slices.Repeat([]string{role}, n), Groups: slices.Repeat([]string{group}, n),
			Scopes: []string{role, group}, Dropped: []string{claim, group},
			Claims: []access.Claim{
				{Name: claim, Values: slices.Repeat([]string{value}, n)},
				{Name: "dept" + claim, Values: []string{value}},
				{Name: claim + "dept", Values: []string{name, value}},
			},
			Graph: []access.GraphResult{{Query: "/me", JSON: graph}, {Query: name, JSON: value}},
		}
		queries := slices.Repeat([]string{"/me", name}, n%8)
		h := write(t, cfg, id, queries...)
		checkWire(t, h)
		if cfg.Format == Combined {
			checkUserinfo(t, cfg, id, h)
			return
		}
		checkValues(t, cfg.Encoding, id, h, queries)
	})
}

func checkWire(t *testing.T, h http.Header) {
	t.Helper()
	size := wireSize(t, h)
	if size > Budget {
		t.Errorf("%d bytes", size)
	}
	for key, values := range h {
		if !strings.HasPrefix(strings.ToLower(key), "x-injected-") || len(key) == len("x-injected-") || !httpguts.ValidHeaderFieldName(key) || http.CanonicalHeaderKey(key) != key {
			t.Errorf("name %q", key)
		}
		if len(values) != 1 || !httpguts.ValidHeaderFieldValue(values[0]) {
			t.Errorf("%s: values %q", key, values)
		}
	}
	// What a reader of the wire sees is what was written, but for blanks around it.
	var b strings.Builder
	if err := h.Write(&b); err != nil {
		t.Fatal(err)
	}
	read, err := textproto.NewReader(bufio.NewReader(strings.NewReader(b.String() + "\r\n"))).ReadMIMEHeader()
	if err != nil || len(read) != len(h) {
		t.Fatalf("read back %d headers of %d, %v", len(read), len(h), err)
	}
	for key := range h {
		if got := read.Get(key); got != strings.Trim(h.Get(key), " ") {
			t.Errorf("%s was written as %q and read as %q", key, h.Get(key), got)
		}
	}
}

func checkValues(t *testing.T, e Encoding, id *access.Identity, h http.Header, queries []string) {
	t.Helper()
	named := strings.Split(get(h, "x-injected-overflow"), "|")
	check := func(header string, values []string, decoded bool) {
		t.Helper()
		got := get(h, "x-injected-"+header)
		if slices.Contains(named, header) && got == "" {
			return
		}
		parts := strings.Split(got, "|")
		if len(values) == 0 {
			values = []string{""}
		}
		if len(parts) != len(values) {
			t.Fatalf("%s: %d values became %d parts: %q", header, len(values), len(parts), got)
		}
		for i, part := range parts {
			if part != encodingError && decoded && decode(t, e, part) != values[i] {
				t.Errorf("%s: %q became %q", header, values[i], part)
			}
		}
	}
	check("roles", id.Roles, true)
	check("groups", id.Groups, true)
	check("scp", id.Scopes, true)
	check("name", []string{id.Name}, true)
	check("oid", []string{id.Object}, true)
	check("sub", []string{id.Subject}, true)
	check("email", []string{id.Email}, true)
	check("tid", nil, true)
	check("preferred-username", nil, true)
	check("userinfo", nil, true)
	check("graph", queries, false)
}

func checkUserinfo(t *testing.T, cfg Config, id *access.Identity, h http.Header) {
	t.Helper()
	for _, name := range fixedNames() {
		if name != "userinfo" && name != "overflow" && get(h, "x-injected-"+name) != "" {
			t.Errorf("%s is not empty", name)
		}
	}
	raw := get(h, "x-injected-userinfo")
	if strings.Contains(raw, "|") || raw == encodingError {
		t.Errorf("userinfo: %q", raw)
	}
	text := decode(t, cfg.Encoding, raw)
	if !httpguts.ValidHeaderFieldValue(text) || !plainASCII(strings.ReplaceAll(text, "|", "")) {
		t.Errorf("not plain ASCII: %q", text)
	}
	var u struct {
		Roles []string
		Name  string
	}
	if err := json.Unmarshal([]byte(text), &u); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	named := strings.Split(get(h, "x-injected-overflow"), "|")
	if !slices.Contains(named, "name") && utf8.ValidString(id.Name) && u.Name != id.Name {
		t.Errorf("name %q became %q", id.Name, u.Name)
	}
	if !slices.Contains(named, "roles") && len(u.Roles) != len(id.Roles) {
		t.Errorf("%d roles became %d", len(id.Roles), len(u.Roles))
	}
	for _, role := range u.Roles {
		if utf8.ValidString(id.Roles[0]) && role != id.Roles[0] {
			t.Errorf("role %q", role)
		}
	}
}

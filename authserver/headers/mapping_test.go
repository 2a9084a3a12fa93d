package headers_test

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/headers"
)

func mappedPerson() *access.Identity {
	return &access.Identity{
		Tenant: "tid-1", Object: "oid-1", Issuer: "https://i", Subject: "sub-1", Name: "Adele Vance", PreferredUsername: "adele@contoso.example", Email: "adele@mail.example",
		Roles: []string{"Admin", "Reader"}, Groups: []string{"g1", "g2"}, Scopes: []string{"Orders.Read"},
		Claims: []access.Claim{{Name: "department", Values: []string{"R & D"}}, {Name: "teams", Values: []string{"a,b", "c"}}, {Name: "upn", Values: []string{"u"}}},
		Graph:  []access.GraphResult{{Query: "/me", JSON: "{}"}},
	}
}

func renderer(t *testing.T, cfg headers.Config) *headers.Renderer {
	t.Helper()
	if cfg.Prefix == "" {
		cfg.Prefix = "x-injected-"
	}
	r, err := headers.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func writtenBy(r *headers.Renderer, id *access.Identity, queries ...string) map[string]string {
	h := http.Header{}
	r.Render(id).Write(h, queries)
	out := map[string]string{}
	for name, values := range h {
		out[strings.ToLower(name)] = strings.Join(values, "\x00")
	}
	return out
}

// Each profile has the names that its product's applications know, all of them always, and
// no others.
func TestProfiles(t *testing.T) {
	want := map[headers.Profile]map[string]string{
		headers.OAuth2Proxy: {
			"x-auth-request-user": "sub-1", "x-auth-request-email": "adele@mail.example", "x-auth-request-groups": "g1,g2",
			"x-auth-request-preferred-username": "adele@contoso.example", "x-injected-overflow": "",
		},
		headers.Pomerium: {
			"x-pomerium-claim-sub": "oid-1", "x-pomerium-claim-user": "oid-1", "x-pomerium-claim-email": "adele@mail.example", "x-pomerium-claim-groups": "g1,g2",
			"x-pomerium-claim-name": "Adele Vance", "x-injected-overflow": "",
		},
		headers.Authentik: {
			"x-authentik-uid": "oid-1", "x-authentik-username": "adele@contoso.example", "x-authentik-groups": "g1|g2", "x-authentik-entitlements": "Admin|Reader",
			"x-authentik-email": "adele@mail.example", "x-authentik-name": "Adele Vance", "x-injected-overflow": "",
		},
	}
	for profile, headersOf := range want {
		r := renderer(t, headers.Config{Profile: profile})
		if got := writtenBy(r, mappedPerson(), "/me"); !maps.Equal(got, headersOf) {
			t.Errorf("%v: %q", profile, got)
		}
		if names := slices.Sorted(slices.Values(r.Names())); !slices.Equal(names, slices.Sorted(maps.Keys(headersOf))) {
			t.Errorf("%v: %q", profile, names)
		}
		nobody := writtenBy(r, &access.Identity{})
		for name, value := range nobody {
			if value != "" || headersOf[name] == "" && name != "x-injected-overflow" {
				t.Errorf("%v, of nobody: %s is %q", profile, name, value)
			}
		}
		if len(nobody) != len(headersOf) {
			t.Errorf("%v, of nobody: %q", profile, nobody)
		}
		if again, err := headers.ParseProfile(strings.ToUpper(profile.String())); err != nil || again != profile {
			t.Errorf("%v is read as %v, %v", profile, again, err)
		}
	}
	if _, err := headers.ParseProfile("authelia"); err == nil {
		t.Error("a profile that there is not")
	}
}

// Mappings come on top of any profile.
func TestMappings(t *testing.T) {
	list := []headers.Mapping{
		{Header: "X-Remote-User", Claim: "preferred_username", Encoding: headers.None, Separator: "|"},
		{Header: "X-Department", Claim: "department", Encoding: headers.URLEncode, Separator: "|"},
		{Header: "X-Roles", Claim: "roles", Encoding: headers.Base64, Separator: "; "},
		{Header: "X-Scopes", Claim: "scp", Encoding: headers.None, Separator: " "},
		{Header: "X-Teams", Claim: "teams", Encoding: headers.None, Separator: ","},
		{Header: "X-Teams-Two", Claim: "teams", Encoding: headers.URLEncode, Separator: ","},
		{Header: "X-Injected-Who", Claim: "tid", Encoding: headers.None, Separator: "|"},
		{Header: "X-Absent", Claim: "nobody", Encoding: headers.None, Separator: "|"},
	}
	for _, profile := range []headers.Profile{headers.EasyAuth, headers.Authentik} {
		r := renderer(t, headers.Config{Profile: profile, Mappings: list, ClaimHeaders: []string{"upn"}})
		got := writtenBy(r, mappedPerson())
		for name, want := range map[string]string{
			"x-remote-user": "adele@contoso.example", "x-department": "R+%26+D", "x-roles": "QWRtaW4=; UmVhZGVy", "x-scopes": "Orders.Read",
			"x-teams": "", "x-teams-two": "a%2Cb,c", "x-injected-who": "tid-1", "x-absent": "", "x-injected-upn": "u", "x-injected-overflow": "x-teams",
		} {
			if value, there := got[name]; !there || value != want {
				t.Errorf("%v: %s is %q, want %q", profile, name, value, want)
			}
		}
		if _, there := got["x-injected-oid"]; there != (profile == headers.EasyAuth) {
			t.Errorf("%v: the fixed headers are there: %v", profile, there)
		}
	}
}

func TestMappingsRefused(t *testing.T) {
	good := headers.Mapping{Header: "X-Remote-User", Claim: "oid", Encoding: headers.None, Separator: "|"}
	with := func(edit func(*headers.Mapping)) []headers.Mapping {
		m := good
		edit(&m)
		return []headers.Mapping{m}
	}
	for name, cfg := range map[string]headers.Config{
		"no name":                     {Mappings: with(func(m *headers.Mapping) { m.Header = "" })},
		"a blank in the name":         {Mappings: with(func(m *headers.Mapping) { m.Header = "X Remote" })},
		"an underscore":               {Mappings: with(func(m *headers.Mapping) { m.Header = "X_Remote_User" })},
		"a letter beyond ASCII":       {Mappings: with(func(m *headers.Mapping) { m.Header = "X-Remöte" })},
		"a header for browsers":       {Mappings: with(func(m *headers.Mapping) { m.Header = "Set-Cookie" })},
		"a header for proxies":        {Mappings: with(func(m *headers.Mapping) { m.Header = "X-Accel-Redirect" })},
		"Authorization":               {Mappings: with(func(m *headers.Mapping) { m.Header = "authorization" })},
		"Host":                        {Mappings: with(func(m *headers.Mapping) { m.Header = "HOST" })},
		"one of ours":                 {Mappings: with(func(m *headers.Mapping) { m.Header = "X-Injected-Roles" })},
		"the prefix alone":            {Mappings: with(func(m *headers.Mapping) { m.Header = "X-Injected-" })},
		"twice":                       {Mappings: []headers.Mapping{good, good}},
		"one of the profile":          {Profile: headers.Authentik, Mappings: with(func(m *headers.Mapping) { m.Header = "X-Authentik-Uid" })},
		"the assertion's":             {Assertion: "X-Remote-User", Mappings: []headers.Mapping{good}},
		"a claim header's":            {ClaimHeaders: []string{"upn"}, Mappings: with(func(m *headers.Mapping) { m.Header = "X-Injected-Upn" })},
		"for no claim":                {Mappings: with(func(m *headers.Mapping) { m.Claim = "" })},
		"no separator":                {Mappings: with(func(m *headers.Mapping) { m.Separator = "" })},
		"a letter as separator":       {Mappings: with(func(m *headers.Mapping) { m.Separator = "a" })},
		"a line break as separator":   {Mappings: with(func(m *headers.Mapping) { m.Separator = "\r\n" })},
		"a long separator":            {Mappings: with(func(m *headers.Mapping) { m.Separator = "||||" })},
		"no such encoding":            {Mappings: with(func(m *headers.Mapping) { m.Encoding = 9 })},
		"with the Combined format":    {Format: headers.Combined, Mappings: []headers.Mapping{good}},
		"a profile that is Combined":  {Format: headers.Combined, Profile: headers.Pomerium},
		"a profile that there is not": {Profile: 9},
	} {
		cfg.Prefix = "x-injected-"
		if _, err := headers.New(cfg); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	renderer(t, headers.Config{Mappings: []headers.Mapping{good}})
	var many []headers.Mapping
	for i := range 51 {
		many = append(many, headers.Mapping{Header: fmt.Sprintf("x-%d", i), Claim: "oid", Separator: "|"})
	}
	if _, err := headers.New(headers.Config{Prefix: "x-injected-", Mappings: many}); err == nil {
		t.Error("51 mappings")
	}
	renderer(t, headers.Config{Profile: headers.OAuth2Proxy, Mappings: many[:20]})
}

// What a header cannot carry is left out whole and named: no value becomes another's, and
// none is split.
func TestMappingsCarryNoOther(t *testing.T) {
	r := renderer(t, headers.Config{Profile: headers.Authentik, Mappings: []headers.Mapping{{Header: "X-Ascii", Claim: "name", Encoding: headers.NoneWithReject, Separator: "|"}}})
	for name, row := range map[string]struct {
		edit   func(*access.Identity)
		header string
		want   string
	}{
		"a line break in a name":        {func(id *access.Identity) { id.Name = "a\r\nX-Authentik-Uid: evil" }, "x-authentik-name", ""},
		"NUL":                           {func(id *access.Identity) { id.Name = "a\x00b" }, "x-authentik-name", ""},
		"no UTF-8":                      {func(id *access.Identity) { id.Name = "a\xffb" }, "x-authentik-name", ""},
		"a blank at the end":            {func(id *access.Identity) { id.PreferredUsername = "admin " }, "x-authentik-username", ""},
		"blanks alone":                  {func(id *access.Identity) { id.PreferredUsername = "  " }, "x-authentik-username", ""},
		"a bar in a group":              {func(id *access.Identity) { id.Groups = []string{"a|admins", "b"} }, "x-authentik-groups", ""},
		"an empty group":                {func(id *access.Identity) { id.Groups = []string{"", "b"} }, "x-authentik-groups", ""},
		"a bar in a name":               {func(id *access.Identity) { id.Name = "a|b" }, "x-authentik-name", "a|b"},
		"letters beyond ASCII":          {func(id *access.Identity) { id.Name = "Zoë" }, "x-authentik-name", "Zoë"},
		"letters beyond ASCII, refused": {func(id *access.Identity) { id.Name = "Zoë" }, "x-ascii", ""},
		"too long":                      {func(id *access.Identity) { id.Name = strings.Repeat("n", 4000) }, "x-authentik-name", ""},
		"groups that do not fit":        {func(id *access.Identity) { id.Groups = slices.Repeat([]string{"group"}, 1000) }, "x-authentik-groups", ""},
	} {
		id := mappedPerson()
		row.edit(id)
		got := writtenBy(r, id)
		named := slices.Contains(strings.Split(got["x-injected-overflow"], "|"), row.header)
		if got[row.header] != row.want || named != (row.want == "") {
			t.Errorf("%s: %q, overflow %q", name, got[row.header], got["x-injected-overflow"])
		}
		if got["x-authentik-uid"] != "oid-1" {
			t.Errorf("%s: the identity is %q", name, got["x-authentik-uid"])
		}
		size := 0
		for name, value := range got {
			size += len(name) + len(": \r\n") + len(value)
		}
		if size > headers.Budget {
			t.Errorf("%s: %d bytes", name, size)
		}
	}
}

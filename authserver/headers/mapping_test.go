package headers_test

import (
	"errors"
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
	// The error tells the place and what is wrong, and no text of the mapping.
	for name, edit := range map[string]func(*headers.Mapping){
		"its header must be letters, digits and hyphens":    func(m *headers.Mapping) { m.Header = "X Secret" },
		"its header has a meaning of its own":               func(m *headers.Mapping) { m.Header = "Cookie" },
		"its header is another header's name already":       func(m *headers.Mapping) { m.Header = "X-Injected-Roles" },
		"it is for no claim":                                func(m *headers.Mapping) { m.Claim = "" },
		"its separator must be 1 to 3 printable characters": func(m *headers.Mapping) { m.Separator = "secret" },
	} {
		_, err := headers.New(headers.Config{Prefix: "x-injected-", Profile: headers.Authentik, Mappings: append([]headers.Mapping{good}, with(edit)...)})
		var mapping *headers.MappingError
		if !errors.As(err, &mapping) || mapping.Index != 1 || !strings.HasPrefix(mapping.Problem, name) || strings.Contains(strings.ToLower(err.Error()), "secret") {
			t.Errorf("%s: %v", name, err)
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
		"a bar in the only group":       {func(id *access.Identity) { id.Groups = []string{"a|admins"} }, "x-authentik-groups", ""},
		"a bar in the only role":        {func(id *access.Identity) { id.Roles = []string{"|Owner"} }, "x-authentik-entitlements", ""},
		"the only group":                {func(id *access.Identity) { id.Groups = []string{"admins"} }, "x-authentik-groups", "admins"},
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

// What an application takes apart at the separator is what the person has, and nothing
// else, or the header is empty: whoever names a group, or sets a claim, makes no second one.
func TestMappedListsReadAsTheyAre(t *testing.T) {
	for _, row := range []struct {
		name, claim string
		encoding    headers.Encoding
		separator   string
		values      []string
		want        string // "": refused
	}{
		{"two", "groups", headers.None, ",", []string{"a", "b"}, "a,b"},
		{"one", "groups", headers.None, ",", []string{"a"}, "a"},
		{"one that would be two", "groups", headers.None, ",", []string{"x,admins"}, ""},
		{"one of two that would be two", "groups", headers.None, ",", []string{"x,admins", "b"}, ""},
		{"a role that would be two", "roles", headers.NoneWithReject, ",", []string{"x,Owner"}, ""},
		{"a scope that would be two", "scp", headers.None, " ", []string{"read write"}, ""},
		{"another claim that would be two", "teams", headers.None, ";", []string{"x;admins"}, ""},
		{"another claim with another separator", "teams", headers.None, ";", []string{"x,admins"}, "x,admins"},
		{"an end that joins the separator", "groups", headers.None, "::", []string{"admins:", "b"}, ""},
		{"a beginning that joins the separator", "groups", headers.None, "::", []string{"a", ":b"}, "a:::b"},
		{"encoded", "groups", headers.URLEncode, ",", []string{"x,admins"}, "x%2Cadmins"},
		{"encoded, with a separator that is not", "groups", headers.URLEncode, "-", []string{"x-admins"}, ""},
		{"encoded, with one of its own signs", "groups", headers.URLEncode, "%", []string{"a,b"}, ""},
		{"encoded, with the sign for a blank", "groups", headers.URLEncode, "+", []string{"x admins"}, ""},
		{"in Base64, with the sign of its end", "groups", headers.Base64, "=", []string{"a", "b"}, ""},
		{"a name is one text", "name", headers.None, ",", []string{"Vance, Adele"}, "Vance, Adele"},
	} {
		r := renderer(t, headers.Config{Mappings: []headers.Mapping{{Header: "X-Mapped", Claim: row.claim, Encoding: row.encoding, Separator: row.separator}}})
		id := &access.Identity{Object: "o", Name: row.values[0]}
		switch row.claim {
		case "groups":
			id.Groups = row.values
		case "roles":
			id.Roles = row.values
		case "scp":
			id.Scopes = row.values
		default:
			id.Claims = []access.Claim{{Name: row.claim, Values: row.values}}
		}
		got := writtenBy(r, id)
		if named := slices.Contains(strings.Split(got["x-injected-overflow"], "|"), "x-mapped"); got["x-mapped"] != row.want || named != (row.want == "") {
			t.Errorf("%s: %q, overflow %q", row.name, got["x-mapped"], got["x-injected-overflow"])
		}
	}
}

// TestReservedNames: no mapping and no assertion takes the name of a header by which
// somebody along the way decides something else than who asks.
func TestReservedNames(t *testing.T) {
	accepted := func(name string) (mapping, assertion bool) {
		_, err := headers.New(headers.Config{Prefix: "x-injected-", Mappings: []headers.Mapping{{Header: name, Claim: "name", Encoding: headers.None, Separator: "|"}}})
		_, err2 := headers.New(headers.Config{Prefix: "x-injected-", Assertion: name})
		return err == nil, err2 == nil
	}
	for _, name := range []string{
		"Connection", "Keep-Alive", "TE", "Trailer", "Transfer-Encoding", "Upgrade", "Proxy-Authenticate", "Proxy-Authorization", "Proxy-Connection", "Content-Length", "Content-Type",
		"Content-Encoding", "Content-Security-Policy", "Host", "Cookie", "Set-Cookie", "Authorization", "WWW-Authenticate", "Location", "Refresh", "Forwarded", "X-Forwarded-For", "X-Forwarded-Host",
		"X-Forwarded-Proto", "X-Forwarded-Port", "X-Forwarded-Prefix", "X-Forwarded-Uri", "X-Forwarded-Method", "X-Forwarded-Server", "X-Forwarded", "X-Original-URL", "X-Original-URI",
		"X-Original-Method", "X-Original-Forwarded-For", "X-Rewrite-URL", "X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override", "X-Real-IP", "X-Request-ID", "X-Accel-Redirect", "X-Accel-Expires",
		"X-Accel-Buffering", "X-Accel-Charset", "X-Sendfile", "X-Scheme", "X-Auth-Request-Redirect", "Accept", "Accept-Encoding", "Range", "If-None-Match", "If-Range", "Origin", "Referer", "User-Agent",
		"Sec-Fetch-Site", "Access-Control-Allow-Origin", "Access-Control-Allow-Credentials", "X-Frame-Options", "Strict-Transport-Security", "Clear-Site-Data", "Expect", "Date", "Vary", "Cache-Control",
	} {
		for _, name := range []string{name, strings.ToLower(name), strings.ToUpper(name)} {
			if mapping, assertion := accepted(name); mapping || assertion {
				t.Errorf("%s is accepted: as a mapping %v, for the assertion %v", name, mapping, assertion)
			}
		}
	}
	for _, name := range []string{"X-Remote-User", "Remote-User", "X-Forwarded-User", "X-Forwarded-Email", "X-Forwarded-Groups", "X-Forwarded-Preferred-Username", "X-Auth-Request-User", "X-WebAuth-User"} {
		if mapping, assertion := accepted(name); !mapping || !assertion {
			t.Errorf("%s is refused", name)
		}
	}
}

// TestNoClaimIsTakenForAMapping: a claim that would have the name of a mapped header, as
// some readers see names, has none.
func TestNoClaimIsTakenForAMapping(t *testing.T) {
	for _, prefix := range []string{"x-injected-", "x.injected-", "x-injected.", "X_Injected_"} {
		r := renderer(t, headers.Config{Prefix: prefix, Mappings: []headers.Mapping{{Header: "X-Injected-Remote-User", Claim: "oid", Encoding: headers.None, Separator: "|"}}})
		id := mappedPerson()
		id.Claims = []access.Claim{{Name: "https://x/Remote_User", Values: []string{"forged"}}, {Name: "remote-user", Values: []string{"forged"}}, {Name: "remote.user", Values: []string{"forged"}}, {Name: "upn", Values: []string{"u"}}}
		there := false
		for name, value := range writtenBy(r, id) {
			if value == "forged" {
				t.Errorf("%s: %s is %s", prefix, name, value)
			}
			there = there || value == "u"
		}
		if !there {
			t.Errorf("%s: the other claim is not there", prefix)
		}
	}
}

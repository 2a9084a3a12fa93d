package celexpr

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/policy"
)

func TestEval(t *testing.T) {
	for _, c := range []struct {
		expr string
		want bool
	}{
		{`identity.object == "11111111-1111-4111-8111-111111111111"`, true},
		{`identity.tenant == identity.object`, false},
		{`identity.subject == "s-1" && identity.issuer == "https://issuer.example"`, true},
		{`identity.name + identity.preferred_username == "Annann"`, true},
		{`identity.email.endsWith("@example.com")`, true},
		{`"Editor" in identity.roles`, true},
		{`"editor" in identity.roles`, false},
		{`identity.roles.exists(r, r.startsWith("Read"))`, true},
		{`identity.roles.all(r, r.startsWith("Read"))`, false},
		{`identity.roles.exists_one(r, r == "Editor")`, true},
		{`identity.roles.filter(r, r != "Reader").size() == 1`, true},
		{`identity.groups == ["g1", "g2"]`, true},
		{`"files.read" in identity.scopes && !("files.write" in identity.scopes)`, true},
		{`"sales" in identity.claims["dept"]`, true},
		{`"sales" in identity.claims.dept`, true},
		{`"dept" in identity.claims`, true},
		{`has(identity.claims.dept)`, true},
		{`has(identity.claims.floor)`, false},
		{`"floor" in identity.claims && "3" in identity.claims["floor"]`, false},
		{`identity.claims["tags"][1] == "b"`, true},
		{`identity.roles.exists(r, r == "Editor" && "a" in identity.claims["tags"])`, true},
		{`request.method == "GET"`, true},
		{`request.path == "/reports/2026"`, true},
		{`request.path.matches("^/reports/[0-9]+$")`, true},
		{`request.path.matches("^/reports/[a-z]+$")`, false},
		{`request.source == "10.1.2.3"`, true},
		{`request.time.getHours() == 12`, true},
		{`request.time < timestamp("2026-01-05T12:30:01Z")`, true},
		{`timestamp("2026-01-05T13:00:00Z") - request.time == duration("30m")`, true},
		{`request.time.getDayOfWeek() == 1`, true},
		{`bearer || app_only`, false},
		{`client == "cli-1"`, true},
		{`int("3") == 3 && 1.5 < 2.0 && (bearer ? false : true)`, true},
	} {
		if got, err := compile(t, c.expr).Eval(ann()); err != nil || got != c.want {
			t.Errorf("%s: %v, %v, want %v", c.expr, got, err, c.want)
		}
	}
}

// What is not known is an error for the expression that reads it, also when that
// expression would be true of nothing; the others are as they were.
func TestUnknownIsAnError(t *testing.T) {
	for _, c := range []struct {
		name, expr string
		change     func(in *policy.Input)
	}{
		{"nobody", `identity.roles == []`, func(in *policy.Input) { in.Identity = nil }},
		{"no oid", `identity.object != "x"`, func(in *policy.Input) { in.Identity.Object = "" }},
		{"no tid", `identity.tenant != "x"`, func(in *policy.Input) { in.Identity.Tenant = "" }},
		{"no sub", `identity.subject != "x"`, func(in *policy.Input) { in.Identity.Subject = "" }},
		{"no iss", `identity.issuer != "x"`, func(in *policy.Input) { in.Identity.Issuer = "" }},
		{"no name", `identity.name != "x"`, func(in *policy.Input) { in.Identity.Name = "" }},
		{"no preferred_username", `identity.preferred_username != "x"`, func(in *policy.Input) { in.Identity.PreferredUsername = "" }},
		{"no email", `identity.email != "x"`, func(in *policy.Input) { in.Identity.Email = "" }},
		{"unverified email", `identity.email != "x"`, func(in *policy.Input) { in.Identity.Claims = nil }},
		{"groups unknown", `!("g9" in identity.groups)`, func(in *policy.Input) { in.Identity.GroupsUnknown = true }},
		{"groups unknown, one that is there", `"g1" in identity.groups`, func(in *policy.Input) { in.Identity.GroupsUnknown = true }},
		{"groups unknown, in a loop", `identity.groups.all(g, g != "g9")`, func(in *policy.Input) { in.Identity.GroupsUnknown = true }},
		{"groups dropped", `!("g9" in identity.groups)`, func(in *policy.Input) { in.Identity.Dropped = []string{"groups"} }},
		{"a claim that is not there", `"x" in identity.claims["dept"]`, func(in *policy.Input) { in.Identity.Claims = nil }},
		{"a claim that is not there, not asked for", `!("x" in identity.claims["dept"])`, func(in *policy.Input) { in.Identity.Claims = nil }},
		{"a dropped claim", `!("floor" in identity.claims)`, func(in *policy.Input) { in.Identity.Dropped = []string{"floor"} }},
		{"a dropped claim, has", `!has(identity.claims.floor)`, func(in *policy.Input) { in.Identity.Dropped = []string{"floor"} }},
		{"a dropped claim, its name from a variable", `!(client in identity.claims)`, func(in *policy.Input) { in.Identity.Dropped = []string{"cli-1"} }},
		{"dropped claims", `!("floor" in identity.claims)`, func(in *policy.Input) { in.Identity.Dropped = []string{"claims"} }},
		{
			"a dropped claim with a long name", `!("` + strings.Repeat("é", 40) + `" in identity.claims)`,
			func(in *policy.Input) { in.Identity.Dropped = []string{strings.Repeat("?", 30)} },
		},
		{"a long text", `identity.name != "x"`, func(in *policy.Input) { in.Identity.Name = strings.Repeat("a", maxText+1) }},
		{"a long text in a list", `!("x" in identity.groups)`, func(in *policy.Input) { in.Identity.Groups = []string{"g", strings.Repeat("a", maxText+1)} }},
		{
			"a long text in a claim", `!("x" in identity.claims["dept"])`,
			func(in *policy.Input) { in.Identity.Claims[0].Values = []string{strings.Repeat("a", maxText+1)} },
		},
		{"a long path", `request.path != "/admin"`, func(in *policy.Input) { in.URI = "/" + strings.Repeat("a", maxPath) }},
		{"no method", `request.method != "POST"`, func(in *policy.Input) { in.Method = "" }},
		{"a method that is none", `request.method != "POST"`, func(in *policy.Input) { in.Method = "post" }},
		{"an ambiguous path", `request.path != "/admin"`, func(in *policy.Input) { in.URI = "/x/..%2fadmin" }},
		{"no path", `request.path != "/admin"`, func(in *policy.Input) { in.URI = "" }},
		{"no source", `request.source != "10.1.2.4"`, func(in *policy.Input) { in.Source = netip.Addr{} }},
		{"no time", `request.time != timestamp("2026-01-01T00:00:00Z")`, func(in *policy.Input) { in.Now = time.Time{} }},
		{"email of several readings", `identity.email != "x"`, func(in *policy.Input) { in.Identity.Email = "ann@evil.example@example.com" }},
		{"email in a list", `identity.email.endsWith("@example.com")`, func(in *policy.Input) { in.Identity.Email = "eve@evil.example,ann@example.com" }},
		{"email of a domain that is not ASCII", `identity.email != "x"`, func(in *policy.Input) { in.Identity.Email = "ann@éxample.com" }},
		{"email, and email_verified was left out", `identity.email != "x"`, func(in *policy.Input) {
			in.Identity.Claims, in.Identity.Dropped = []access.Claim{{Name: "xms_edov", Values: []string{"1"}}}, []string{"email_verified"}
		}},
		{"groups of another application's token", `!("g9" in identity.groups)`, func(in *policy.Input) { in.Identity.Elsewhere = true; in.Identity.Claims = nil }},
		{"a claim of another application's token", `!("floor" in identity.claims)`, func(in *policy.Input) { in.Identity.Elsewhere = true }},
		{"whether it is an application", `!app_only`, func(in *policy.Input) { in.AppUnknown = true }},
		{"a claim that is elsewhere, its name from a variable", `!(client in identity.claims)`, func(in *policy.Input) { in.Client = "roles" }},
		{"no client", `client != "x"`, func(in *policy.Input) { in.Client = "" }},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := annWith(c.change)
			if ok, err := compile(t, c.expr).Eval(in); err == nil || ok {
				t.Errorf("%s: %v, %v", c.expr, ok, err)
			}
			if in.Identity != nil && !in.Identity.Elsewhere {
				if ok, err := compile(t, `"Editor" in identity.roles`).Eval(in); err != nil || !ok {
					t.Errorf("an expression about something else: %v, %v", ok, err)
				}
			}
		})
	}
	// The siblings: the same expressions, when it is known.
	for _, expr := range []string{
		`identity.object != "x"`, `identity.email != "x"`, `!("g9" in identity.groups)`, `identity.groups.all(g, g != "g9")`, `!("x" in identity.claims["dept"])`,
		`!("floor" in identity.claims)`, `!has(identity.claims.floor)`, `!(client in identity.claims)`, `request.method != "POST"`, `request.path != "/admin"`,
		`request.source != "10.1.2.4"`, `request.time != timestamp("2026-01-01T00:00:00Z")`, `client != "x"`, `identity.tenant != "x"`, `identity.subject != "x"`,
		`identity.issuer != "x"`, `identity.name != "x"`, `identity.preferred_username != "x"`,
	} {
		if ok, err := compile(t, expr).Eval(ann()); err != nil || !ok {
			t.Errorf("%s: %v, %v", expr, ok, err)
		}
	}
}

// Roles that another application's token does not have, or that were left out, are not
// none.
func TestRolesNotKnown(t *testing.T) {
	for name, change := range map[string]func(*policy.Input){
		"another application's token": func(in *policy.Input) { in.Identity.Elsewhere = true },
		"left out":                    func(in *policy.Input) { in.Identity.Dropped = []string{"roles"} },
	} {
		for _, expr := range []string{`!("Blocked" in identity.roles)`, `identity.roles.all(r, r != "Blocked")`, `size(identity.roles) < 9`} {
			if ok, err := compile(t, expr).Eval(annWith(change)); err == nil || ok {
				t.Errorf("%s: %s: %v, %v", name, expr, ok, err)
			}
			if ok, err := compile(t, expr).Eval(ann()); err != nil || !ok {
				t.Errorf("%s: %v, %v", expr, ok, err)
			}
		}
	}
}

// Texts can be read up to their limit.
func TestLongest(t *testing.T) {
	long := strings.Repeat("a", maxText)
	in := annWith(func(in *policy.Input) {
		in.Identity.Name, in.Identity.Groups, in.Identity.Claims[0].Values = long, []string{long}, []string{long}
		in.URI = "/" + strings.Repeat("a", maxPath-1)
	})
	for _, expr := range []string{
		`identity.name != "x"`, `!("x" in identity.groups)`, `!("x" in identity.claims["dept"])`, `request.path != "/admin"`,
		`identity.name in identity.groups && identity.groups[0] in identity.claims["dept"]`,
	} {
		if ok, err := compile(t, expr).Eval(in); err != nil || !ok {
			t.Errorf("%s: %v, %v", expr, ok, err)
		}
	}
}

// What need not be known is not asked: CEL's own rule, which is that of policies too.
func TestUnknownThatDoesNotMatter(t *testing.T) {
	in := annWith(func(in *policy.Input) { in.Client = "" })
	for expr, want := range map[string]bool{
		`client == "x" || "Editor" in identity.roles`: true,
		`"Editor" in identity.roles || client == "x"`: true,
		`client == "x" && "Owner" in identity.roles`:  false,
		`bearer ? client == "x" : true`:               true,
	} {
		if ok, err := compile(t, expr).Eval(in); err != nil || ok != want {
			t.Errorf("%s: %v, %v", expr, ok, err)
		}
	}
	for _, expr := range []string{`client == "x" && "Editor" in identity.roles`, `client == "x" || "Owner" in identity.roles`, `app_only == bearer ? client != "x" : true`} {
		if ok, err := compile(t, expr).Eval(in); err == nil || ok {
			t.Errorf("%s: %v, %v", expr, ok, err)
		}
	}
}

// Errors at the request are errors, whatever they come from, and hold nothing of the
// person.
func TestEvalErrors(t *testing.T) {
	in := annWith(func(in *policy.Input) {
		in.Identity.Name = "private-" + strings.Repeat("p", 100)
		in.Identity.Roles = []string{}
		in.Identity.Email, in.Source = "", netip.Addr{}
		in.Identity.Claims = append(in.Identity.Claims, access.Claim{Name: "n", Values: []string{"0"}})
	})
	for expr, problem := range map[string]string{
		`1 / int(identity.claims["n"][0]) > 0`:                     "division by zero",
		`1 % int(identity.claims["n"][0]) > 0`:                     "modulus by zero",
		`identity.claims["n"][7] == "0"`:                           "index out of bounds",
		`identity.roles[0] == "x"`:                                 "index out of bounds",
		`identity.claims[identity.name] == []`:                     "no such key",
		`identity.email == "x"`:                                    "identity.email is not known",
		`request.source == "x"`:                                    "request.source is not known",
		`timestamp(identity.name) > request.time`:                  "a value in it cannot be used so",
		`int(identity.name) == 1`:                                  "a value in it cannot be used so",
		`duration(identity.name) > duration("1s")`:                 "a value in it cannot be used so",
		`bool(identity.name)`:                                      "a value in it cannot be used so",
		`9223372036854775807 + identity.claims["dept"].size() > 0`: "overflow",
	} {
		ok, err := compile(t, expr).Eval(in)
		if err == nil || ok || err.Error() != "evaluate expression: "+problem {
			t.Errorf("%s: %v, %v, want %s", expr, ok, err, problem)
		}
	}
	if ok, err := compile(t, "true").Eval(nil); err == nil || ok {
		t.Errorf("no input: %v, %v", ok, err)
	}
}

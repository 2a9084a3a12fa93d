package celexpr

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// Each refusal has a sibling that passes, with one thing changed back.
func TestCompileRefuses(t *testing.T) {
	long := strings.Repeat("x", 200)
	for _, c := range []struct{ name, refused, problem, good string }{
		{"nothing", "", "", "true"},
		{"blank", "  ", "", " true "},
		{"no expression", "bearer &&", "character 10: Syntax error", "bearer && app_only"},
		{"an unknown name", "bearr", "character 1: undeclared reference to 'bearr'", "bearer"},
		{"an unknown member", `bearer && identity.rolls == []`, "undeclared reference to 'identity.rolls' (did you mean 'identity.roles'?)", "bearer && identity.roles == []"},
		{"an unknown member of the request", `request.host == "a"`, "undeclared reference to 'request.host'", `request.path == "a"`},
		{"the identity as a whole", `identity == identity`, "only members of identity can be read, without has(): object, tenant,", "identity.name == identity.name"},
		{"the second line", "bearer &&\n  bearr", "line 2, character 3: undeclared", "bearer &&\n  bearer"},
		{"a text", `client`, "its result must be true or false; it is string", `client == "a"`},
		{"a list", `identity.roles`, "it is list(string)", `size(identity.roles) > 0`},
		{"a wrapped bool", `google.protobuf.BoolValue{value: true}`, "messages cannot be made here", "true"},
		{"null", "null", "its result must be", "true"},
		{"a list and a text", `identity.roles == "Admin"`, "no matching overload for '_==_' applied to '(list(string), string)'", `"Admin" in identity.roles`},
		{"a text and a number", `client == 1`, "no matching overload", `client == "1"`},
		{"a claim is a list", `identity.claims["dept"] == "sales"`, "no matching overload", `"sales" in identity.claims["dept"]`},
		{"a mixed list", `client in ["a", 1]`, "", `client in ["a", "1"]`},
		{"dyn", `dyn(client) == 1`, "undeclared reference to 'dyn'", `string(client) == "1"`},
		{"type", `type(client) == string`, "undeclared reference to 'type'", `client == "s"`},
		{"bytes", `bytes(client) == b"x"`, "undeclared reference to 'bytes'", `client == "x"`},
		{"now", `now() > request.time`, "undeclared reference to 'now'", `request.time > timestamp("2026-01-01T00:00:00Z")`},
		{"a zone", `request.time.getHours("Europe/Berlin") < 8`, "no matching overload", "request.time.getHours() < 8"},
		{"a time that is none", `request.time > timestamp("tomorrow")`, "invalid timestamp argument", `request.time > timestamp("2026-01-01T00:00:00Z")`},
		{"a duration that is none", `request.time - request.time > duration("8")`, "invalid duration argument", `request.time - request.time > duration("8h")`},
		{"map", `identity.roles.map(r, r) == []`, "undeclared reference to 'map'", "identity.roles.filter(r, true) == []"},
		{"an extension", `client.lowerAscii() == "a"`, "undeclared reference to 'lowerAscii'", `client.startsWith("a")`},
		{"an optional claim", `identity.claims[?"a"].hasValue()`, "", `"a" in identity.claims`},
		{"a pattern that is made", `client.matches(identity.name)`, "the pattern of matches must be a literal", `client.matches("^a+$")`},
		{"a pattern that is put together", `matches(client, "a" + client)`, "the pattern of matches must be a literal", `matches(client, "a+")`},
		{"a pattern that is none", `client.matches("a(")`, "invalid matches argument", `client.matches("a")`},
		{"a huge pattern", `client.matches("a{200}")`, "", `client.matches("a{80}")`},
		{"all claims, gone through", `identity.claims.all(k, k != "a")`, "identity.claims is asked for one claim", `has(identity.claims.a)`},
		{"all claims, counted", `size(identity.claims) > 1`, "identity.claims is asked for one claim", `size(identity.claims["a"]) > 1`},
		{"all claims, compared", `identity.claims == {}`, "identity.claims is asked for one claim", `identity.claims["a"] == []`},
		{"all claims as what is looked for", `identity.claims in [{"a": ["b"]}]`, "identity.claims is asked for one claim", `"a" in identity.claims`},
		{"has of a variable", `has(identity.email)`, "only members of identity can be read, without has()", `has(identity.claims.dept)`},
		{"has of roles among the claims", `has(identity.claims.roles) && "blocked" in identity.claims.roles`, "roles is never among identity.claims", `has(identity.claims.teams) && "blocked" in identity.claims.teams`},
		{"groups among the claims", `"blocked" in identity.claims["groups"]`, "groups is never among identity.claims", `"blocked" in identity.claims["group"]`},
		{"looking for email among the claims", `"email" in identity.claims`, "email is never among identity.claims", `"mail" in identity.claims`},
		{"has of a claim that is not kept", `!has(identity.claims.idp)`, "idp is never among identity.claims", `!has(identity.claims.acct)`},
		{"a claim that is not kept", `identity.claims["aud"] == []`, "aud is never among identity.claims", `identity.claims["azp"] == []`},
		{"joined lists", `"a" in identity.roles + identity.groups`, "lists cannot be joined", `"a" in identity.roles || "a" in identity.groups`},
		{"joined lists in a loop", `identity.roles.filter(r, r in identity.groups + ["a"]) == []`, "lists cannot be joined", `identity.roles.filter(r, r in identity.groups) == []`},
		{"a message", `google.protobuf.Value{} == google.protobuf.Value{}`, "messages cannot be made here", `{} == {}`},
		{
			"three loops in each other", `identity.roles.all(a, ["b"].all(b, ["c"].all(c, a == b)))`, "",
			`identity.roles.all(a, ["b"].all(b, a == b))`,
		},
		{
			"groups with groups with texts", `identity.groups.all(a, identity.groups.all(b, a != b + client))`, "it could take too long",
			`identity.groups.all(a, ["x", "y"].all(b, a != b + client))`,
		},
		{"too long", strings.Repeat(" ", maxCharacters-3) + "true", "it is longer than 2000 characters", strings.Repeat(" ", maxCharacters-4) + "true"},
		{"too many parts", "bearer" + strings.Repeat(" && bearer", 170), "", "bearer" + strings.Repeat(" && bearer", 140)},
		{"too deep", strings.Repeat("(", 300) + "true" + strings.Repeat(")", 300), "", strings.Repeat("(", 10) + "true" + strings.Repeat(")", 10)},
		{"no UTF-8", "client == '\xff'", "it is no UTF-8", "client == '\u00ff'"},
		{"a long name", long + " == 1", "undeclared reference to '" + long[:30], "1 == 1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, err := compiler(t).Compile(c.refused)
			if err == nil || p != nil {
				t.Fatalf("%s is taken", c.refused)
			}
			t.Log(err)
			if !strings.Contains(err.Error(), c.problem) {
				t.Errorf("%v\nwant %s", err, c.problem)
			}
			isShort(t, err)
			if _, err := compiler(t).Compile(c.good); err != nil {
				t.Errorf("%s: %v", c.good, err)
			}
		})
	}
}

// isShort wants one line in which no name or value is longer than 40 bytes.
func isShort(t *testing.T, err error) {
	t.Helper()
	text := err.Error()
	if len(text) > 300 || strings.ContainsAny(text, "\n\r\t") || !utf8.ValidString(text) {
		t.Errorf("%q is long, or no line", text)
	}
	for word := range strings.FieldsSeq(text) {
		if len(word) > maxShown+len("''") {
			t.Errorf("%q is shown as a whole", word)
		}
	}
}

// What somebody wrote is cut where a fault shows it.
func TestFaultsCutValues(t *testing.T) {
	value := "secret" + strings.Repeat("0123456789", 5) + "end"
	for _, expr := range []string{
		`identity.` + value + ` == 1`, value, `client.` + value + `()`, `client == "` + value, "`" + value + "`", `"` + value + `" == 1`,
		`google.` + value + `{}`, `timestamp("` + value + `") == request.time`, `client.matches("(` + value + `")`, `'` + strings.Repeat("a b ", 50) + `' + 1 == 2`,
	} {
		_, err := compiler(t).Compile(expr)
		if err == nil {
			t.Fatalf("%s is taken", expr)
		}
		isShort(t, err)
		if strings.Contains(err.Error(), "end") && !strings.Contains(err.Error(), "undeclared") || strings.Contains(err.Error(), "89end") {
			t.Errorf("%v holds the value", err)
		}
	}
}

package policy

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// TestParseRefuses changes one thing of a text that is read, and looks at what is said.
func TestParseRefuses(t *testing.T) {
	one := func(condition string) string { return "policies: {p: {allow: [" + condition + "]}}" }
	tests := []struct{ name, good, bad, want string }{
		{"nothing", "policies: {p: {allow: [{role: {is: a}}]}}", "", "holds nothing"},
		{"a comment", one("{role: {is: a}}"), "# policies", "holds nothing"},
		{"null", one("{role: {is: a}}"), "~", "must be a map with the key policies"},
		{"no YAML", one("{role: {is: a}}"), "policies: [", "cannot be read as YAML"},
		{"two documents", one("{role: {is: a}}"), one("{role: {is: a}}") + "\n---\n{}", "line 2: a second document"},
		{"no UTF-8", one("{role: {is: a}}"), one("{role: {is: a\xff}}"), "is no UTF-8"},
		{"too long", one("{role: {is: a}}"), one("{role: {is: a}}") + strings.Repeat("\n#", MaxText/2), "longer than 256 KB"},
		{"another key", one("{role: {is: a}}"), "policy: {}", `"policy" is not known`},
		{"no policies", one("{role: {is: a}}"), "policies: {}", "must be a map of policies"},
		{"a list of policies", one("{role: {is: a}}"), "policies: [{allow: [{role: {is: a}}]}]", "must be a map of policies"},
		{"a bad name", one("{role: {is: a}}"), "policies: {a/b: {allow: [{role: {is: a}}]}}", "a policy's name must be"},
		{"a long name", one("{role: {is: a}}"), "policies: {" + strings.Repeat("a", 65) + ": {allow: [{role: {is: a}}]}}", "a policy's name must be"},
		{"a name twice", one("{role: {is: a}}"), "policies:\n  p: {allow: [{role: {is: a}}]}\n  p: {allow: [{role: {is: b}}]}", "line 3: policies: \"p\" is there twice, the first time in line 2"},
		{"an anchor", one("{role: {is: a}}"), one("&x {role: {is: a}}"), "anchors (&)"},
		{"an alias", one("{role: {is: a}}, {role: {is: b}}"), one("&x {role: {is: a}}, *x"), "aliases (*)"},
		{"a merge key", one("{role: {is: a}}"), one("{<<: {role: {is: a}}}"), "a key must be a plain word"},
		{"a tag", one("{role: {is: a}}"), one("{role: {is: !!str a}}"), "tags (!)"},
		{"a list as a key", one("{role: {is: a}}"), one("{[role]: {is: a}}"), "a key must be a plain word"},

		{"no allow", one("{role: {is: a}}"), "policies: {p: {deny: [{role: {is: a}}]}}", "has no allow rule, so it would let nobody pass"},
		{"an empty policy", one("{role: {is: a}}"), "policies: {p: {}}", "must be a map with allow"},
		{"nobody", one("{role: {is: a}}"), "policies: {p: {allow: nobody}}", "must be a list of rules"},
		{"no rules", one("{role: {is: a}}"), "policies: {p: {allow: []}}", "is an empty list"},
		{"no deny rules", one("{role: {is: a}}"), "policies: {p: {deny: [], allow: [{role: {is: a}}]}}", "is an empty list"},
		{"another list", one("{role: {is: a}}"), "policies: {p: {allows: [{role: {is: a}}], allow: [{role: {is: a}}]}}", `"allows" is not known; use deny and allow`},
		{"rules as a map", one("{role: {is: a}}"), "policies: {p: {allow: {role: {is: a}}}}", "must be a list of rules"},
		{"an empty rule", one("{role: {is: a}}"), one("{}"), "must be a rule"},
		{"a rule that is only a name", one("{name: x, role: {is: a}}"), one("{name: x}"), "must be a rule"},
		{"a rule that is a text", one("{role: {is: a}}"), one("everybody"), "must be a rule"},
		{"two conditions in a rule", one("{all: [{role: {is: a}}, {role: {is: b}}]}"), one("{role: {is: a}, group: {is: b}}"), "beside others"},
		{"a condition beside all", one("{all: [{role: {is: a}}]}"), one("{role: {is: a}, all: [{role: {is: b}}]}"), "beside others"},
		{"a name twice among rules", one("{name: x, role: {is: a}}, {name: y, role: {is: b}}"), one("{name: x, role: {is: a}}, {name: x, role: {is: b}}"), `another rule of this policy has the name "x" too`},
		{"a name twice among both kinds", one("{name: x, role: {is: a}}"), "policies: {p: {deny: [{name: x, role: {is: a}}], allow: [{name: x, role: {is: a}}]}}", "another rule"},
		{"a name like one of those without", one("{name: x, role: {is: a}}"), one("{name: 'allow[1]', role: {is: a}}"), "must not begin like"},
		{"a name that means no rule", one("{name: nobody, role: {is: a}}"), one("{name: none, role: {is: a}}"), "must not be none"},
		{"a name that is too long", one("{name: x, role: {is: a}}"), one("{name: " + strings.Repeat("x", 65) + ", role: {is: a}}"), "at most 64 bytes"},
		{"an empty name", one("{name: x, role: {is: a}}"), one("{name: '', role: {is: a}}"), "is empty"},
		{"a list as a name", one("{name: x, role: {is: a}}"), one("{name: [x], role: {is: a}}"), "must be a name"},

		{"empty all", one("{all: [{role: {is: a}}]}"), one("{all: []}"), "is an empty list"},
		{"empty any", one("{any: [{role: {is: a}}]}"), one("{any: []}"), "is an empty list"},
		{"empty none", one("{none: [{role: {is: a}}]}"), one("{none: []}"), "is an empty list"},
		{"all of a map", one("{all: [{role: {is: a}}]}"), one("{all: {role: {is: a}}}"), "must be a list of conditions"},
		{"two keys in a condition", one("{all: [{role: {is: a}}, {group: {is: b}}]}"), one("{all: [{role: {is: a}, group: {is: b}}]}"), "has several keys"},
		{"a condition that is a text", one("{all: [{role: {is: a}}]}"), one("{all: [role]}"), "must be a condition"},
		{"an unknown condition", one("{role: {is: a}}"), one("{rolle: {is: a}}"), `"rolle" is not known; conditions are`},
		{"name in a condition", one("{all: [{role: {is: a}}]}"), one("{all: [{name: a}]}"), `"name" is not known`},
		{"an anonymous rule", one("{signed_in: {is: true}}"), one("{anonymous: true}"), `"anonymous" is not known`},
		{"not signed in", one("{signed_in: {is: true}}"), one("{signed_in: {is: false}}"), "always sent to sign in"},
		{"signed in as a text", one("{signed_in: {is: true}}"), one("{signed_in: {is: 'true'}}"), "must be true or false"},

		{"no operator", one("{role: {is: a}}"), one("{role: {}}"), "must be a map with one operator"},
		{"a bare value", one("{role: {is: a}}"), one("{role: a}"), "must be a map with one operator"},
		{"two operators", one("{role: {is: a}}"), one("{role: {is: a, in: [b]}}"), "exactly one operator"},
		{"an unknown operator", one("{role: {is: a}}"), one("{role: {matches: a}}"), `"matches" is not known here`},
		{"an operator of others", one("{role: {is: a}}"), one("{role: {starts_with: a}}"), `"starts_with" is not known here`},
		{"is with a list", one("{role: {is: a}}"), one("{role: {is: [a]}}"), "must be a role"},
		{"in with a text", one("{role: {in: [a]}}"), one("{role: {in: a}}"), "must be a list of a role"},
		{"in with nothing", one("{role: {in: [a]}}"), one("{role: {in: []}}"), "is an empty list"},
		{"in with a value twice", one("{role: {in: [a, b]}}"), one("{role: {in: [a, a]}}"), "is there twice"},
		{"an empty value", one("{role: {is: a}}"), one("{role: {is: ''}}"), "is empty"},
		{"no value", one("{role: {is: a}}"), one("{role: {is: }}"), "must be a role"},
		{"null", one("{role: {is: a}}"), one("{role: {is: null}}"), "must be a role"},
		{"blanks around", one("{role: {is: a}}"), one("{role: {is: ' a'}}"), "blank before or after"},
		{"a control character", one("{role: {is: a}}"), one(`{role: {is: "a\nb"}}`), "control character"},
		{"a long value", one("{role: {is: a}}"), one("{role: {is: " + strings.Repeat("a", maxText+1) + "}}"), "longer than 1024 bytes"},
		{"a value in a list that is a map", one("{role: {in: [a]}}"), one("{role: {in: [{a: b}]}}"), "must be a role"},

		{"a tenant that is no GUID", one("{tenant: {is: 33333333-3333-4333-8333-333333333333}}"), one("{tenant: {is: example.com}}"), "the id of a tenant"},
		{"app_only as a text", one("{app_only: {is: false}}"), one("{app_only: {is: maybe}}"), "must be true or false"},
		{"a scope with a blank", one("{scope: {is: a}}"), one("{scope: {is: a b}}"), "must be a scope"},
		{"an address as a domain", one("{email_domain: {is: example.com}}"), one("{email_domain: {is: a@example.com}}"), "must be a domain"},
		{"a domain with an at sign", one("{email_domain: {is: example.com}}"), one("{email_domain: {is: '@example.com'}}"), "must be a domain"},
		{"a domain with a star", one("{email_domain: {is: example.com}}"), one("{email_domain: {is: '*.example.com'}}"), "must be a domain"},
		{"a domain as an address", one("{email: {is: a@example.com}}"), one("{email: {is: example.com}}"), "must be an email address"},
		{"no max", one("{auth_age: {max: 15m}}"), one("{auth_age: {is: 15m}}"), `"is" is not known; use max`},
		{"max and more", one("{auth_age: {max: 15m}}"), one("{auth_age: {max: 15m, min: 1m}}"), "must have max and nothing else"},
		{"max without a unit", one("{auth_age: {max: 15m}}"), one("{auth_age: {max: 900}}"), "must be a duration"},
		{"max too short", one("{auth_age: {max: 1m}}"), one("{auth_age: {max: 59s}}"), "at least 1m and at most 720h"},
		{"max too long", one("{auth_age: {max: 720h}}"), one("{auth_age: {max: 721h}}"), "at least 1m and at most 720h"},

		{"no path", one("{claim: {path: a, is: b}}"), one("{claim: {is: b}}"), "has no path"},
		{"a claim without operator", one("{claim: {path: a, is: b}}"), one("{claim: {path: a}}"), "exactly one operator"},
		{"a regular expression", one("{claim: {path: a, is: b}}"), one("{claim: {path: a, matches: b}}"), `"matches" is not known here`},
		{"fold alone", one("{claim: {path: a, is: b, fold: true}}"), one("{claim: {path: a, fold: true}}"), "exactly one operator"},
		{"fold as a text", one("{claim: {path: a, is: b, fold: true}}"), one("{claim: {path: a, is: b, fold: x}}"), "must be true or false"},
		{"exists as a text", one("{claim: {path: a, exists: true}}"), one("{claim: {path: a, exists: 'true'}}"), "must be true or false"},
		{"fold beside exists", one("{claim: {path: a, exists: true}}"), one("{claim: {path: a, exists: true, fold: true}}"), "fold has no meaning"},
		{"an empty step", one("{claim: {path: a.b, is: b}}"), one("{claim: {path: a..b, is: b}}"), "has an empty name"},
		{"a dot at the end", one("{claim: {path: a.b, is: b}}"), one("{claim: {path: a., is: b}}"), "has an empty name"},
		{"too many steps", one("{claim: {path: a.b.c.d.e.f.g.h, is: b}}"), one("{claim: {path: a.b.c.d.e.f.g.h.i, is: b}}"), "more than 8 names"},
		{"no steps", one("{claim: {path: [a], is: b}}"), one("{claim: {path: [], is: b}}"), "is an empty list"},
		{"the claim roles", one("{role: {is: b}}"), one("{claim: {path: roles, is: b}}"), "has a condition of its own: role"},
		{"the claim groups", one("{group: {is: b}}"), one("{claim: {path: [groups], is: b}}"), "has a condition of its own: group"},
		{"the claim email", one("{email: {is: b@c.de}}"), one("{claim: {path: email, is: b}}"), "has a condition of its own: email"},
		{"two words on a device", one("{device: {compliant: true}}"), one("{device: {compliant: true, managed: true}}"), "exactly one of id"},
		{"an unknown word on a device", one("{device: {compliant: true}}"), one("{device: {healthy: true}}"), `"healthy" is not known`},
		{"a device that is not", one("{device: {compliant: true}}"), one("{device: {compliant: false}}"), "can only be true"},

		{"a method in lower case", one("{method: {is: GET}}"), one("{method: {is: get}}"), "must be a method in upper case"},
		{"a path without a slash", one("{path: {is: /a}}"), one("{path: {is: a}}"), "must be a path as people read it"},
		{"a path with a star", one("{path: {starts_with: /a}}"), one("{path: {starts_with: '/a/*'}}"), "must be a path as people read it"},
		{"a path with an escape", one("{path: {is: /a b}}"), one("{path: {is: /a%20b}}"), "must be a path as people read it"},
		{"a path with a query", one("{path: {is: /a}}"), one("{path: {is: '/a?b'}}"), "must be a path as people read it"},
		{"a path with dots", one("{path: {is: /a}}"), one("{path: {is: /b/../a}}"), "must be a path as people read it"},
		{"a path that ends so", one("{path: {is: /a}}"), one("{path: {ends_with: a}}"), `"ends_with" is not known here`},
		{"no network", one("{source: {is: 10.0.0.0/8}}"), one("{source: {is: office}}"), "must be an address"},
		{"an address inside", one("{source: {is: 10.0.0.0/8}}"), one("{source: {is: 10.0.0.1/8}}"), "inside of the network 10.0.0.0/8"},
		{"IPv4 as IPv6", one("{source: {is: 10.0.0.1}}"), one("{source: {is: '::ffff:10.0.0.1'}}"), "must be written as IPv4"},
		{"an address with a zone", one("{source: {is: 'fe80::1'}}"), one("{source: {is: 'fe80::1%eth0'}}"), "must be an address"},
		{"no zone", one("{time: {days: [mon], zone: UTC}}"), one("{time: {days: [mon]}}"), "has no zone"},
		{"an unknown zone", one("{time: {days: [mon], zone: UTC}}"), one("{time: {days: [mon], zone: Europe/Nowhere}}"), "the name of a time zone"},
		{"the machine's zone", one("{time: {days: [mon], zone: UTC}}"), one("{time: {days: [mon], zone: Local}}"), "the name of a time zone"},
		{"from without to", one("{time: {from: '08:00', to: '09:00', zone: UTC}}"), one("{time: {from: '08:00', zone: UTC}}"), "from and to, or neither"},
		{"no time", one("{time: {days: [mon], zone: UTC}}"), one("{time: {zone: UTC}}"), "must have days, or from and to"},
		{"the same time", one("{time: {from: '08:00', to: '09:00', zone: UTC}}"), one("{time: {from: '08:00', to: '08:00', zone: UTC}}"), "at the same time"},
		{"no hour", one("{time: {from: '08:00', to: '24:00', zone: UTC}}"), one("{time: {from: '24:00', to: '08:00', zone: UTC}}"), "must be a time of the day"},
		{"no minute", one("{time: {from: '08:00', to: '09:59', zone: UTC}}"), one("{time: {from: '08:00', to: '09:60', zone: UTC}}"), "must be a time of the day"},
		{"a short hour", one("{time: {from: '08:00', to: '09:00', zone: UTC}}"), one("{time: {from: '8:00', to: '09:00', zone: UTC}}"), "must be a time of the day"},
		{"a signed hour", one("{time: {from: '08:00', to: '09:00', zone: UTC}}"), one("{time: {from: '+8:00', to: '09:00', zone: UTC}}"), "must be a time of the day"},
		{"no day", one("{time: {days: [mon-fri], zone: UTC}}"), one("{time: {days: [weekdays], zone: UTC}}"), "must be a day or days"},
		{"a range of one", one("{time: {days: [mon], zone: UTC}}"), one("{time: {days: [mon-mon], zone: UTC}}"), "must be a day or days"},
		{"a day twice", one("{time: {days: [mon-fri, sat], zone: UTC}}"), one("{time: {days: [mon-fri, fri], zone: UTC}}"), "names a day twice"},
		{"a date", one("{time: {days: [mon], zone: UTC}}"), one("{time: {until: 2026-01-01, zone: UTC}}"), `"until" is not known`},
		{"a bad expression", one("{expr: 'yes'}"), one("{expr: 'maybe'}"), "is no expression: undeclared reference to something"},
		{"an empty expression", one("{expr: 'yes'}"), one("{expr: ''}"), "must be an expression"},
		{"an expression as a map", one("{expr: 'yes'}"), one("{expr: {is: 'yes'}}"), "must be an expression"},
		{"a long expression", one("{expr: 'yes'}"), one("{expr: '" + strings.Repeat("y", maxExpr+1) + "'}"), "longer than 4 KB"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := Parse([]byte(tt.good), testOptions()); err != nil {
				t.Errorf("the good one: %v", err)
			}
			set, err := Parse([]byte(tt.bad), testOptions())
			var faults Faults
			if set != nil || !errors.As(err, &faults) || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("%v, want %q", err, tt.want)
			}
			for _, f := range faults {
				if f.Line < 1 || strings.ContainsAny(f.String(), "\n\r\t") || len(f.Problem) > 700 {
					t.Errorf("fault %+v", f)
				}
			}
		})
	}
}

func TestParseOptions(t *testing.T) {
	const amr, odd, edov = "policies: {p: {allow: [{amr: {is: mfa}}]}}", "policies: {p: {allow: [{acr: {is: c100}}]}}", "policies: {p: {allow: [{expr: 'yes'}]}}"
	tests := []struct {
		name, text string
		opts       Options
		want       string
	}{
		{"no amr with Entra ID", amr, Options{Entra: true}, "Entra ID does not say how"},
		{"amr with others", amr, Options{}, ""},
		{"a context that Entra ID does not have", odd, Options{Entra: true}, "c1 to c99"},
		{"a context of others", odd, Options{}, ""},
		{"expressions without a compiler", edov, Options{}, "expressions cannot be read here"},
		{"expressions with one", edov, Options{Expressions: fakeCompiler{}}, ""},
		{"other keys beside", "x: 1\n" + amr, Options{Beside: func(key string) bool { return key == "x" }}, ""},
		{"a key that is not to be beside", "y: 1\n" + amr, Options{Beside: func(key string) bool { return key == "x" }}, `"y" is not known`},
		{"keys beside and no policies", "x: 1", Options{Beside: func(string) bool { return true }}, "has no key policies"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Parse([]byte(tt.text), tt.opts)
			if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v, want %q", err, tt.want)
			}
		})
	}
}

func TestParseBounds(t *testing.T) {
	list := func(n int, format string) string {
		var parts []string
		for i := range n {
			parts = append(parts, fmt.Sprintf(format, i))
		}
		return strings.Join(parts, ", ")
	}
	deep := func(n int) string {
		return "policies: {p: {allow: [" + strings.Repeat("{all: [", n) + "{role: {is: a}}" + strings.Repeat("]}", n) + "]}}"
	}
	tests := []struct {
		name      string
		good, bad string
		want      string
	}{
		{"policies", "policies: {" + list(MaxPolicies, "p%d: {allow: [{role: {is: a}}]}") + "}", "policies: {" + list(MaxPolicies+1, "p%d: {allow: [{role: {is: a}}]}") + "}", "more than 200 policies"},
		{"rules", "policies: {p: {allow: [" + list(MaxRules, "{role: {is: a%d}}") + "]}}", "policies: {p: {allow: [" + list(MaxRules+1, "{role: {is: a%d}}") + "]}}", "more than 100 rules"},
		{"rules of both kinds", "policies: {p: {deny: [{role: {is: x}}], allow: [" + list(MaxRules-1, "{role: {is: a%d}}") + "]}}", "policies: {p: {deny: [{role: {is: x}}], allow: [" + list(MaxRules, "{role: {is: a%d}}") + "]}}", "more than 100 rules"},
		{"values", "policies: {p: {allow: [{role: {in: [" + list(MaxValues, "a%d") + "]}}]}}", "policies: {p: {allow: [{role: {in: [" + list(MaxValues+1, "a%d") + "]}}]}}", "more than 1000 values"},
		{"depth", deep(MaxDepth), deep(MaxDepth + 1), "more than 8 deep"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := Parse([]byte(tt.good), Options{}); err != nil {
				t.Errorf("the good one: %.200v", err)
			}
			if _, err := Parse([]byte(tt.bad), Options{}); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%.200v", err)
			}
		})
	}
}

func TestParseFindsAllFaults(t *testing.T) {
	_, err := Parse([]byte(`policies:
  one:
    deny: []
    allow:
      - role: {is: ''}
      - group: {is: x, in: [y]}
  two words: {allow: [{method: {is: get}}]}
  three: {deny: [{role: {is: x}}]}
`), Options{})
	want := []string{
		"line 3: policies.one.deny: is an empty list; leave it out, or name rules",
		"line 5: policies.one.allow[0].role.is: is empty; it must be a role",
		"line 6: policies.one.allow[1].group: must have exactly one operator of is, in",
		"line 7: policies.two words: a policy's name must be 1 to 64 of A-Z, a-z, 0-9, dot, underscore and hyphen",
		`line 7: policies.two words.allow[0].method: "get" must be a method in upper case, such as GET`,
		"line 8: policies.three: has no allow rule, so it would let nobody pass; everybody who is signed in is allow: [{signed_in: {is: true}}]",
	}
	if err == nil || err.Error() != strings.Join(want, "\n") {
		t.Errorf("%v", err)
	}
}

func TestParseShowsNoLongValues(t *testing.T) {
	long := strings.Repeat("secret-", 20)
	for _, text := range []string{
		"policies: {" + long + ": {}}", long, long + ": 1", "policies: {p: {" + long + ": 1}}", "policies: {p: {allow: [{" + long + ": 1}]}}",
		"policies: {p: {allow: [{tenant: {is: " + long + "}}]}}", "policies: {p: {allow: [{role: {" + long + ": 1}}]}}", "policies: {p: {allow: [{role: {in: [" + long + "," + long + "]}}]}}",
		"policies: {p: {allow: [{time: {zone: " + long + "}}]}}", "policies: {p: {allow: [{source: {is: " + long + "}}]}}", "a: *" + long, "policies: [" + long,
	} {
		_, err := Parse([]byte(text), Options{})
		if err == nil || strings.Contains(err.Error(), long[:maxShown+1]) {
			t.Errorf("%v", err)
		}
	}
	_, err := Parse([]byte("policies: {"+strings.Repeat("p q: {}\n,", 300)+"}"), Options{})
	var faults Faults
	if !errors.As(err, &faults) || len(faults) != maxFaults || !strings.Contains(faults[maxFaults-1].Problem, "more faults") {
		t.Errorf("%d faults", len(faults))
	}
}

func TestSet(t *testing.T) {
	set := mustParse(t, "policies: {b: {allow: [{role: {is: x}}]}, a: {deny: [{role: {is: y}}], allow: [{name: n, role: {is: x}}]}}")
	if names := set.Names(); strings.Join(names, " ") != "b a" {
		t.Errorf("%q", names)
	}
	if p := set.Find("a"); p.Name() != "a" || strings.Join(p.Rules(), " ") != "deny[0] n" {
		t.Errorf("%+v", p)
	}
	var none *Set
	if set.Find("A") != nil || set.Find("") != nil || none.Find("a") != nil || none.Names() != nil {
		t.Error("found")
	}
}

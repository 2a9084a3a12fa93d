package config

import (
	"fmt"
	"maps"
	"strings"
	"testing"
)

func TestGraphURLAndVersion(t *testing.T) {
	checkRefusals(t, "EASYAUTH_GRAPH_URL", []refusal{
		{"http", "http://" + marker + ".example.org", "https://" + marker + ".example.org", "must be an absolute https URL", nil},
		{"query", "https://graph.example.org?" + marker, "http://127.0.0.1:9/" + marker, "must be an absolute https URL", nil},
	})
	checkRefusals(t, "EASYAUTH_GRAPH_VERSION", []refusal{
		{"unknown", marker, "BETA", "must be v1.0 or beta", nil},
		{"path", "v1.0/" + marker, "v1.0", "must be v1.0 or beta", nil},
	})
}

// Where Microsoft Graph does not know the users nothing about it may be set.
func TestWithoutGraph(t *testing.T) {
	const why = "must be unset: with EASYAUTH_ISSUER or EASYAUTH_SIGNUP_SIGNIN_POLICY there is no Microsoft Graph to ask"
	for name, value := range map[string]string{
		"EASYAUTH_GRAPH_URL": "https://" + marker + ".example.org", "EASYAUTH_GRAPH_VERSION": "v1.0", "EASYAUTH_GRAPH_QUERIES": "a=/me/" + marker,
	} {
		checkRefusals(t, name, []refusal{
			{"with another provider", value, "", why, otherIssuer()},
			{"with B2C", value, "", why, b2c()},
		})
		good(t, with(map[string]string{name: value}))
		good(t, with(external(), map[string]string{name: value}))
		// A bad value has that fault alone.
		if _, _, faults := load(t, with(otherIssuer(), map[string]string{name: "http://" + marker + "?"})); len(faults) != 1 || strings.Contains(faults[0].Expected, why) {
			t.Errorf("%s, bad with another provider: got %v", name, faults)
		}
	}
}

func TestGraphQueriesAreRefused(t *testing.T) {
	const form = "must be name=relative-url"
	var many []string
	for i := range maxGraphQueries + 1 {
		many = append(many, fmt.Sprintf("q%d=/me", i))
	}
	checkRefusals(t, "EASYAUTH_GRAPH_QUERIES", []refusal{
		{"no name", "/me/" + marker, "a=/me/" + marker, "entry 1: " + form, nil},
		{"empty name", "=/me/" + marker, "a=/me", form, nil},
		{"a slash in the name", "a/b=/me/" + marker, "a.b=/me", form, nil},
		{"a blank in the name", "a b=/me", "a_b=/me", form, nil},
		{"a long name", strings.Repeat("a", 65) + "=/me", strings.Repeat("a", 64) + "=/me", form, nil},
		{"the second", "a=/me;" + marker, "a=/me;b=/me", "entry 2: " + form, nil},
		{"twice", "a=/me;b=/me;a=/me/" + marker, "a=/me;b=/me;A=/me", "entry 3: has a name that an earlier one has", nil},
		{"absolute", "a=https://" + marker, "a=/https/" + marker, "entry 1: a graph query must be a relative URL", nil},
		{"no URL", "a=", "a=/me", "entry 1: a graph query must be a relative URL", nil},
		{"dot segments", "a=/me/../" + marker, "a=/me/" + marker, "segments", nil},
		{"a blank", "a=/me?$filter=a eq " + marker, "a=/me?$filter=a%20eq%20" + marker, "spaces", nil},
		{"a parenthesis that swallows", "a=/me?$filter='('&x=1;b=/" + marker, "a=/me?$filter='('&x=1\nb=/" + marker, "a parenthesis without its partner", nil},
		{"none", ";;\n;", "a=/me;;\n;", "must hold 1 to 100 queries; there are 0", nil},
		{"101", strings.Join(many, ";"), strings.Join(many[1:], "\n"), "there are 101", nil},
	})
}

func TestGraphQueries(t *testing.T) {
	got := good(t, with(map[string]string{"EASYAUTH_GRAPH_QUERIES": " profile = /me?$select=displayName,mail ;boss=/me/manager\r\n\n" +
		"deep=/me?$expand=manager($levels=2;$select=id);x.y-z_1=/me\n"})).GraphQueries
	want := map[string]string{
		"profile": "/me?$select=displayName,mail",
		"boss":    "/me/manager",
		"deep":    "/me?$expand=manager($levels=2;$select=id)",
		"x.y-z_1": "/me",
	}
	if !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

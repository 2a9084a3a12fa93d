package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

func otherIssuer() map[string]string {
	return map[string]string{"EASYAUTH_TENANT_ID": "", "EASYAUTH_ISSUER": "https://idp.example.org"}
}

// join returns all changes as one.
func join(changes ...map[string]string) map[string]string {
	all := make(map[string]string)
	for _, c := range changes {
		maps.Copy(all, c)
	}
	return all
}

func TestGroups(t *testing.T) {
	const choice, why = "must be claims, auto or always", "must be claims or unset: with EASYAUTH_ISSUER or"
	checkRefusals(t, "EASYAUTH_GROUPS", []refusal{
		{"unknown", marker, "Always", choice, nil},
		{"unknown with another provider", marker, "claims", choice, otherIssuer()},
		{"auto with another provider", "auto", "", why, otherIssuer()},
		{"always with another provider", "always", "claims", why, otherIssuer()},
		{"auto with B2C", "auto", "claims", why, b2c()},
	})
	for want, vars := range map[string]map[string]string{"auto": nil, "claims": otherIssuer()} {
		if c := good(t, with(vars)); c.Groups != want || c.ReadRegistration != (want == "auto") {
			t.Errorf("default: got %s, %v; want %s", c.Groups, c.ReadRegistration, want)
		}
	}
	if c := good(t, with(external(), map[string]string{"EASYAUTH_GROUPS": "always"})); c.Groups != "always" {
		t.Errorf("External ID: got %s", c.Groups)
	}
}

func TestGroupsKeep(t *testing.T) {
	var many []string
	for i := range maxKeptGroups + 1 {
		many = append(many, fmt.Sprintf("00000000-0000-4000-8000-%012d", i))
	}
	checkRefusals(t, "EASYAUTH_GROUPS_KEEP", []refusal{
		{"unknown", marker, "RULES", "must be rules, all, or a list", nil},
		{"two of the words", "rules,all", "all", "must be rules, all, or a list", nil},
		{"a word among GUIDs", tenantGUID + ",all", tenantGUID + "," + otherGUID, "entry 2 is none", nil},
		{"a name", "sales-" + marker, tenantGUID, "entry 1 is none", nil},
		{"twice", tenantGUID + "," + strings.ToUpper(tenantGUID), tenantGUID, "entry 2 is there twice", nil},
		{"201", joined(many), joined(many[1:]), "at most 200 GUIDs; there are 201", nil},
	})
	for value, want := range map[string]string{"": "rules", "ALL": "all", strings.ToUpper(otherGUID): "list"} {
		c := good(t, with(map[string]string{"EASYAUTH_GROUPS_KEEP": value}))
		if c.GroupsKeep != want || slices.Equal(c.GroupsKeepList, []string{otherGUID}) != (want == "list") {
			t.Errorf("%q: got %s, %v", value, c.GroupsKeep, c.GroupsKeepList)
		}
	}
}

func TestAllGroupsOfClaimsAlone(t *testing.T) {
	claims, all := map[string]string{"EASYAUTH_GROUPS": "claims"}, map[string]string{"EASYAUTH_GROUPS_KEEP": "all"}
	for name, tt := range map[string]struct {
		vars map[string]string
		want bool
	}{
		"claims and all":                {join(claims, all), true},
		"another provider's and all":    {join(otherIssuer(), all), true},
		"B2C's and all":                 {join(b2c(), all), true},
		"auto and all":                  {all, false},
		"claims and rules":              {join(claims, map[string]string{"EASYAUTH_GROUPS_KEEP": "rules"}), false},
		"claims and a list":             {join(claims, map[string]string{"EASYAUTH_GROUPS_KEEP": otherGUID}), false},
		"another provider's by default": {otherIssuer(), false},
	} {
		_, warnings, faults := load(t, with(tt.vars))
		if warned := len(warnings) == 1 && strings.HasPrefix(string(warnings[0]), "EASYAUTH_GROUPS_KEEP has no effect"); len(faults) > 0 || warned != tt.want || !warned && len(warnings) > 0 {
			t.Errorf("%s: got warnings %q, faults %v", name, warnings, faults)
		}
	}
}

func TestGroupsAppOnly(t *testing.T) {
	const alone, claims, none = "needs EASYAUTH_ALLOW_BEARER=true", "which EASYAUTH_GROUPS=claims rules out", "must be false or unset: with EASYAUTH_ISSUER or"
	checkRefusals(t, "EASYAUTH_GROUPS_APP_ONLY", []refusal{
		{"text", marker, "true", "must be true or false", bearer()},
		{"without bearer tokens", "true", "false", alone, nil},
		{"without Graph's groups", "true", "false", claims, join(bearer(), map[string]string{"EASYAUTH_GROUPS": "claims"})},
		{"with another provider", "true", "false", none, join(bearer(), otherIssuer())},
		{"with B2C", "true", "", none, join(bearer(), b2c())},
		{"without two", "true", "", alone, map[string]string{"EASYAUTH_GROUPS": "claims"}},
	})
}

func TestRegistrationAndCapabilities(t *testing.T) {
	const none = "with EASYAUTH_ISSUER or EASYAUTH_SIGNUP_SIGNIN_POLICY there is no Microsoft Graph to ask"
	checkRefusals(t, "EASYAUTH_READ_REGISTRATION", []refusal{
		{"text", marker, "false", "must be true or false", nil},
		{"with another provider", "true", "false", none, otherIssuer()},
		{"with B2C", "1", "", none, b2c()},
	})
	checkRefusals(t, "EASYAUTH_CLIENT_CAPABILITIES", []refusal{
		{"unknown", marker, "cp1", "must be cp1", nil},
		{"another case", "CP1", "cp1", "must be cp1", nil},
		{"twice", "cp1,cp1", "cp1,", "must be cp1", nil},
		{"one more", "cp1 cp2", " cp1", "must be cp1", nil},
		{"with another provider", "cp1", "", none, otherIssuer()},
		{"with B2C", "cp1", "", none, b2c()},
	})
	if c := good(t, with(external())); !c.ReadRegistration {
		t.Error("External ID: the registration is not read")
	}
}

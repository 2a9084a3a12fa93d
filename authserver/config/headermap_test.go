package config

import (
	"reflect"
	"strings"
	"testing"
)

func TestHeaderMap(t *testing.T) {
	const line = "must have one mapping a line"
	checkRefusals(t, "EASYAUTH_HEADER_MAP", []refusal{
		{"no claim", "X-A", "X-A=oid", line, nil},
		{"an empty claim", "X-A=", "X-A=oid", line, nil},
		{"an empty header", "=oid", "X-A=oid", line, nil},
		{"too many words", "X-A=oid None | " + marker, "X-A=oid None |", line, nil},
		{"an encoding that there is not", "X-A=oid " + marker, "X-A=oid base64", "line 1: the encoding must be one of", nil},
		{"the second line", "X-A=oid\nX-B", "X-A=oid\nX-B=sub", "line 2 is none", nil},
		{"behind an empty line", "X-A=oid\n\nX-B", "X-A=oid\n\nX-B=sub", "line 3 is none", nil},
		{"too many", strings.Repeat("X-A=oid\n", 51), strings.Repeat("X-A=oid\n", 50), "at most 50", nil},
		{"with the Combined format", "X-A=oid", "", "does not go with EASYAUTH_HEADER_FORMAT=Combined", map[string]string{"EASYAUTH_HEADER_FORMAT": "Combined"}},
	})
	checkRefusals(t, "EASYAUTH_HEADER_PROFILE", []refusal{
		{"unknown", marker, "Authentik", "must be easyauth, oauth2-proxy, pomerium or authentik", nil},
		{"with the Combined format", "pomerium", "easyauth", "does not go with EASYAUTH_HEADER_FORMAT=Combined", map[string]string{"EASYAUTH_HEADER_FORMAT": "Combined"}},
	})
	c := good(t, with(map[string]string{"EASYAUTH_HEADER_MAP": "X-Remote-User=preferred_username none\n\n  X-Roles=roles Base64 ,\nX-Dept=department"}))
	want := []HeaderMapping{
		{"X-Remote-User", "preferred_username", "None", "|"}, {"X-Roles", "roles", "Base64", ","}, {"X-Dept", "department", "UrlEncode", "|"},
	}
	if !reflect.DeepEqual(c.HeaderMap, want) {
		t.Errorf("%+v", c.HeaderMap)
	}
}

package config

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func bearer() map[string]string { return map[string]string{"EASYAUTH_ALLOW_BEARER": "true"} }

func TestBearer(t *testing.T) {
	var many []string
	for i := range maxAudiences + 1 {
		many = append(many, fmt.Sprintf("api://%d", i))
	}
	const alone, form, choice, size = "needs EASYAUTH_ALLOW_BEARER=true", "must list audiences", "must be refuse or ignore", "must be a number of megabytes from 1 to 1024"
	checkRefusals(t, "EASYAUTH_ALLOW_BEARER", []refusal{
		{"text", marker, "true", "must be true or false", nil},
		// Nothing that needs it is reported on top.
		{"text, with what needs it", marker, "1", "must be true or false", map[string]string{"EASYAUTH_AUDIENCES": "a", "EASYAUTH_BEARER_CACHE_MB": "5", "EASYAUTH_GROUPS_APP_ONLY": "true"}},
	})
	checkRefusals(t, "EASYAUTH_AUDIENCES", []refusal{
		{"Microsoft Graph", "api://a https://graph.microsoft.com/", "api://a https://graph.microsoft.com.example/", "Microsoft Graph", bearer()},
		{"Microsoft Graph's id", "00000003-0000-0000-C000-000000000000", "00000003-0000-0000-c000-000000000001", "Microsoft Graph", nil},
		{"Microsoft Graph in another case", "https://graph.Example", "https://graph.example.org", "Microsoft Graph", map[string]string{"EASYAUTH_ALLOW_BEARER": "true", "EASYAUTH_GRAPH_URL": "https://Graph.example/"}},
		{"Azure Resource Manager", "api://a HTTPS://Management.Azure.com/", "api://a https://management.azure.com.example/", "entry 2 is a service of Microsoft's", bearer()},
		{"its id", "797F4846-BA00-4FD7-BA43-DAC1F8F63013", "797f4846-ba00-4fd7-ba43-dac1f8f63014", "entry 1 is a service of Microsoft's", nil},
		{"nothing", ",", "a", "at least one entry", bearer()},
		{"no ASCII", "a b\u00e4" + marker, "a " + marker, "entry 2 holds characters outside", bearer()},
		{"257 bytes", strings.Repeat("a", maxAudience+1), strings.Repeat("a", maxAudience), "longer than 256 bytes", bearer()},
		{"twice", marker + " b " + marker, marker + " b " + marker + "/", "entry 3 is there twice", bearer()},
		{"21", joined(many), joined(many[1:]), "at most 20 audiences; there are 21", bearer()},
		{"no ASCII and without bearer tokens", "\u00e4" + marker, marker, form, nil},
	})
	checkRefusals(t, "EASYAUTH_BEARER_FOREIGN_AUDIENCE", []refusal{
		{"without bearer tokens", "refuse", "", alone, nil},
		{"unknown", marker, "IGNORE", choice, bearer()},
		{"unknown and without bearer tokens", "allow", "", choice, map[string]string{"EASYAUTH_ALLOW_BEARER": "false"}},
	})
	checkRefusals(t, "EASYAUTH_BEARER_CACHE_MB", []refusal{
		{"without bearer tokens", "16", "", alone, nil},
		{"zero", "0", "1", size, bearer()},
		{"negative", "-1", "1024", size, bearer()},
		{"too much", "1025", "1024", size, bearer()},
		{"a unit", "16M" + marker, "16", size, bearer()},
	})
}

// Tokens for Microsoft's services are in the hands of every program, however their
// audience is spelled.
func TestServicesOfMicrosoftAreNoAudiences(t *testing.T) {
	for _, name := range microsoftServices() {
		for _, spelling := range []string{name, strings.ToUpper(name), name + "/"} {
			checkRefusals(t, "EASYAUTH_AUDIENCES", []refusal{{spelling, spelling, spelling + "x", "is a service of Microsoft's", nil}})
		}
	}
}

func TestOrigins(t *testing.T) {
	var many []string
	for i := range maxOrigins + 1 {
		many = append(many, fmt.Sprintf("https://h%d", i))
	}
	const form, one = "must list origins such as https://app.example.com", "entry 1 is none"
	checkRefusals(t, "EASYAUTH_CORS_ORIGINS", []refusal{
		{"everybody", "*", "https://a.example.com", form, nil},
		{"null", "https://a.example.com null", "https://a.example.com", "entry 2 is none", nil},
		{"a star for a label", "https://*.example.com", "https://x.example.com", one, nil},
		{"a path", "https://" + marker + "/app", "https://" + marker, one, nil},
		{"a slash at the end", "https://" + marker + "/", "https://" + marker + ":8443", one, nil},
		{"a query", "https://" + marker + "?", "https://" + marker, one, nil},
		{"a fragment", "https://" + marker + "#", "https://" + marker, one, nil},
		{"a user name", "https://x@" + marker, "https://x." + marker, one, nil},
		{"no scheme", marker + ".example.com", "https://" + marker + ".example.com", one, nil},
		{"another scheme", "chrome-extension://" + marker, "https://" + marker, one, nil},
		{"http elsewhere", "http://" + marker + ".example.com", "http://localhost:3000", one, nil},
		{"http on a name below localhost", "http://" + marker + ".localhost", "http://127.0.0.1", one, nil},
		{"a regular expression", "https://(a|b)." + marker, "https://a_b." + marker, one, nil},
		{"a dot at the end", "https://" + marker + ".", "https://" + marker, one, nil},
		{"two dots", "https://a.." + marker, "https://a.b." + marker, one, nil},
		{"no host", "https://", "https://[::1]:8443", one, nil},
		{"port 0", "https://" + marker + ":0", "https://" + marker + ":1", one, nil},
		{"port too large", "https://" + marker + ":65536", "https://" + marker + ":65535", one, nil},
		{"no ASCII", "https://b\u00fccher.example", "https://xn--bcher-kva.example", one, nil},
		{"twice", "https://a.example.com HTTPS://A.example.com:443", "https://a.example.com https://a.example.com:8443", "entry 2 is there twice", nil},
		{"51", joined(many), joined(many[1:]), "at most 50 origins; there are 51", nil},
	})
	c := good(t, with(map[string]string{"EASYAUTH_CORS_ORIGINS": "HTTPS://App.Example.com:443,http://127.0.0.1:80 http://[::1]:8080 https://[2001:DB8::1]:443"}))
	if want := []string{"https://app.example.com", "http://127.0.0.1", "http://[::1]:8080", "https://[2001:db8::1]"}; !slices.Equal(c.CORSOrigins, want) {
		t.Errorf("got %q, want %q", c.CORSOrigins, want)
	}
}

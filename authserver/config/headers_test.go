package config

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestHeaderPrefix(t *testing.T) {
	const form, taken = "must be letters, digits and hyphens", "must not begin like a header"
	checkRefusals(t, "EASYAUTH_HEADER_PREFIX", []refusal{
		{"blank", "x " + marker, "x-" + marker + "-", form, nil},
		{"colon", marker + ":", marker + "-", form, nil},
		{"line break", "x\r\n" + marker, "x-" + marker + "-", form, nil},
		{"no ASCII", "\u00e4" + marker, "a" + marker, form, nil},
		{"65 bytes", strings.Repeat("y", maxHeaderPrefix+1), strings.Repeat("y", maxHeaderPrefix), form, nil},
		{"x-", "x-", "x-user-", taken, nil},
		{"x-forwarded-", "X-Forwarded-", "x-forwarded-user-", taken, nil},
		{"underscore for hyphen", "x_forwarded_", "x_forward_", taken, nil},
		{"nginx's own", "x-accel-", "x-accelerated-", taken, nil},
		{"proxy-", "proxy-", "proxy-user-", taken, nil},
		{"half a word", "set-c", "set-c-", taken, nil},
		{"a whole name", "Authorization", "authorization-", taken, nil},
	})
	for given, want := range map[string]string{"X-Auth-": "x-auth-", "remote_": "remote-"} {
		if c := good(t, with(map[string]string{"EASYAUTH_HEADER_PREFIX": given})); c.HeaderPrefix != want {
			t.Errorf("%s: got %q", given, c.HeaderPrefix)
		}
	}
	for given, want := range map[string]string{"x-auth-": "", "xauth": "does not end with", "x.auth-": "nginx has no variable"} {
		_, warnings, _ := load(t, with(map[string]string{"EASYAUTH_HEADER_PREFIX": given}))
		if (want == "") != (len(warnings) == 0) || !strings.Contains(fmt.Sprint(warnings), want) {
			t.Errorf("%s: got warnings %q, want %q", given, warnings, want)
		}
	}
}

// Every standard name is out of reach of every prefix that is accepted, however
// a claim goes on.
func TestNoPrefixReachesAStandardHeader(t *testing.T) {
	for _, name := range standardHeaders() {
		for end := 1; end <= len(name); end++ {
			var p headerPrefix
			if err := p.Decode(name[:end]); err == nil {
				t.Errorf("prefix %q reaches %s", name[:end], name)
			}
		}
	}
}

func TestClaimHeaders(t *testing.T) {
	var many []string
	for i := range maxClaimHeaders + 1 {
		many = append(many, fmt.Sprintf("claim%d", i))
	}
	checkRefusals(t, "EASYAUTH_CLAIM_HEADERS", []refusal{
		{"no letter", "upn,--", "upn,a--", "entry 2 has no letter", nil},
		{"no letter in the last segment", "https://" + marker + "/--", "https://" + marker + "/a/", "entry 1 has no letter", nil},
		{"twice", marker + " upn " + marker, marker + " upn", "entry 3 is there twice", nil},
		{"51", joined(many), joined(many[1:]), "at most 50 claims; there are 51", nil},
		{"201 bytes", strings.Repeat("c", maxClaimName+1), strings.Repeat("c", maxClaimName), "longer than 200 bytes", nil},
	})
	if c := good(t, minimal()); c.ClaimHeaders != nil {
		t.Errorf("got %v", c.ClaimHeaders)
	}
}

func TestEncodingAndFormat(t *testing.T) {
	checkRefusals(t, "EASYAUTH_CLAIM_ENCODING", []refusal{
		{"unknown", marker, "urlencode", "must be UrlEncode, Base64, None or NoneWithReject", nil},
		{"a number is .NET's", "1", "BASE64", "must be UrlEncode", nil},
	})
	checkRefusals(t, "EASYAUTH_HEADER_FORMAT", []refusal{{"unknown", marker, "COMBINED", "must be Separate or Combined", nil}})
	for _, want := range encodings() {
		if c := good(t, with(map[string]string{"EASYAUTH_CLAIM_ENCODING": strings.ToUpper(want)})); c.ClaimEncoding != want {
			t.Errorf("got %q, want %q", c.ClaimEncoding, want)
		}
	}
	if !slices.Equal(headerFormats(), []string{"Separate", "Combined"}) {
		t.Error("EasyAuthForK8s' numbers hang on this order")
	}
}

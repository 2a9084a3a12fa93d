package config

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// What EasyAuthForK8s' chart sets, with its values.
func chart() map[string]string {
	return map[string]string{
		"Logging__LogLevel__Default":                 "Information",
		"EasyAuthForK8s__DataProtectionFileLocation": "/mnt/dp",
		"EasyAuthForK8s__SigninPath":                 "/sso/login",
		"EasyAuthForK8s__AuthPath":                   "/sso/auth",
		"EasyAuthForK8s__AllowBearerToken":           "false",
		"EasyAuthForK8s__DefaultRedirectAfterSignin": "/home",
		"EasyAuthForK8s__CompressCookieClaims":       "False",
		"EasyAuthForK8s__ResponseHeaderPrefix":       "X_Corp-",
		"EasyAuthForK8s__ClaimEncodingMethod":        "NoneWithReject",
		"EasyAuthForK8s__HeaderFormatOption":         "Combined",
		"AzureAd__Instance":                          "https://login.microsoftonline.us/",
		"AzureAd__Domain":                            "contoso.com",
		"AzureAd__TenantId":                          tenantGUID,
		"AzureAd__ClientId":                          otherGUID,
		"AzureAd__CallbackPath":                      "/sso/signin-oidc",
		"AzureAd__SignedOutCallbackPath":             "/sso/signout-callback-oidc",
		"AzureAd__SignUpSignInPolicyId":              "",
		"AzureAd__ClientSecret":                      "of-azure-ad",
		"EASYAUTH_KEYS":                              keyText(1),
		"EASYAUTH_HOSTS":                             "app.example.com",
	}
}

func TestChartOfEasyAuthForK8s(t *testing.T) {
	same := map[string]string{
		"EASYAUTH_INSTANCE": "https://login.microsoftonline.us/", "EASYAUTH_DOMAIN_HINT": "contoso.com", "EASYAUTH_TENANT_ID": tenantGUID,
		"EASYAUTH_CLIENT_ID": otherGUID, "EASYAUTH_CLIENT_SECRET": "of-azure-ad", "EASYAUTH_CALLBACK_PATH": "/sso/signin-oidc",
		"EASYAUTH_SIGNED_OUT_PATH": "/sso/signout-callback-oidc", "EASYAUTH_AUTH_PATH": "/sso/auth", "EASYAUTH_SIGNIN_PATH": "/sso/login",
		"EASYAUTH_DEFAULT_REDIRECT": "/home", "EASYAUTH_COMPRESS": "false", "EASYAUTH_HEADER_PREFIX": "x-corp-",
		"EASYAUTH_CLAIM_ENCODING": "NoneWithReject", "EASYAUTH_HEADER_FORMAT": "Combined",
		"EASYAUTH_KEYS": keyText(1), "EASYAUTH_HOSTS": "app.example.com",
	}
	want := good(t, same)
	for _, spell := range []func(string) string{strings.TrimSpace, strings.ToLower, strings.ToUpper} {
		vars := make(map[string]string)
		for name, value := range chart() {
			if !strings.HasPrefix(name, prefix) {
				name = spell(name)
			}
			vars[name] = value
		}
		got, warnings, faults := load(t, vars)
		if len(faults) > 0 {
			t.Fatalf("%s: %v", spell("Spelled"), faults)
		}
		if !reflect.DeepEqual(got, want) {
			differ(t, got, want)
		}
		if len(warnings) != 1 || string(warnings[0]) != spell(dataProtection)+" is ignored: keys come from EASYAUTH_KEYS and no shared volume is needed" {
			t.Errorf("got warnings %q", warnings)
		}
	}
}

func TestEveryAliasNamesAKnownVariable(t *testing.T) {
	for _, a := range aliases() {
		if !slices.Contains(variables(), a.own) {
			t.Errorf("%s stands for %s, which is no variable", a.name, a.own)
		}
		if _, set := chart()[a.name]; !set {
			t.Errorf("%s is in no test", a.name)
		}
	}
}

func TestAliasEnumsAndBooleans(t *testing.T) {
	for value, want := range map[string]string{
		"0": "UrlEncode", "1": "Base64", "2": "None", "3": "NoneWithReject", " 1 ": "Base64",
		"urlencode": "UrlEncode", "BASE64": "Base64", "none": "None", "nonewithreject": "NoneWithReject",
	} {
		if c := good(t, with(map[string]string{"EasyAuthForK8s__ClaimEncodingMethod": value})); c.ClaimEncoding != want {
			t.Errorf("%q: got %s, want %s", value, c.ClaimEncoding, want)
		}
	}
	for value, want := range map[string]string{"0": "Separate", "1": "Combined", "COMBINED": "Combined"} {
		if c := good(t, with(map[string]string{"EasyAuthForK8s__HeaderFormatOption": value})); c.HeaderFormat != want {
			t.Errorf("%q: got %s, want %s", value, c.HeaderFormat, want)
		}
	}
	for value, want := range map[string]bool{"true": true, "TRUE": true, "tRuE": true, "False": false} {
		if c := good(t, with(map[string]string{"EasyAuthForK8s__CompressCookieClaims": value})); c.Compress != want {
			t.Errorf("%q: got %v", value, c.Compress)
		}
	}
	const encoding, format, boolean = "must be UrlEncode, Base64, None or NoneWithReject", "must be Separate or Combined", "must be true or false"
	checkRefusals(t, "EasyAuthForK8s__ClaimEncodingMethod", []refusal{
		{"unknown", marker, "None", encoding, nil},
		{"a number without a name", "4", "3", encoding, nil},
		{"a negative number", "-1", "0", encoding, nil},
		{"two flags", "Base64, None", "Base64", encoding, nil},
	})
	checkRefusals(t, "EasyAuthForK8s__HeaderFormatOption", []refusal{{"a number without a name", "2", "1", format, nil}})
	checkRefusals(t, "EasyAuthForK8s__CompressCookieClaims", []refusal{
		{"text", marker, "true", boolean, nil},
		{"a number is Go's", "1", "true", boolean, nil},
	})
	checkRefusals(t, "EasyAuthForK8s__AllowBearerToken", []refusal{
		{"text", marker, "True", boolean, nil},
		{"a number is Go's", "1", "true", boolean, nil},
		// What needs it is not said to be out of place.
		{"text, with audiences", marker, "true", boolean, map[string]string{"EASYAUTH_AUDIENCES": "api://orders"}},
	})
	if c := good(t, with(map[string]string{"EasyAuthForK8s__AllowBearerToken": "True"})); !c.AllowBearer {
		t.Error("EasyAuthForK8s__AllowBearerToken allows nothing")
	}
}

// A fault of a value that came from an alias names what the operator wrote.
func TestFaultsNameTheAlias(t *testing.T) {
	none := func(own string) map[string]string { return map[string]string{own: ""} }
	for _, tt := range []struct{ alias, own, bad, want string }{
		{"AzureAd__TenantId", "EASYAUTH_TENANT_ID", "consumers", "would let everybody in"},
		{"AzureAd__SignUpSignInPolicyId", "EASYAUTH_SIGNUP_SIGNIN_POLICY", "B2C_1_" + marker, "needs EASYAUTH_INSTANCE to be"},
		{"AZUREAD__INSTANCE", "EASYAUTH_INSTANCE", marker, "must be an absolute https URL"},
		{"AzureAd__CallbackPath", "EASYAUTH_CALLBACK_PATH", marker, "must be a path"},
		{"EasyAuthForK8s__SigninPath", "EASYAUTH_SIGNIN_PATH", "/easyauth/auth", "must differ"},
		{"EasyAuthForK8s__ResponseHeaderPrefix", "EASYAUTH_HEADER_PREFIX", "x-", "must not begin like"},
		{"EasyAuthForK8s__DefaultRedirectAfterSignin", "EASYAUTH_DEFAULT_REDIRECT", "/easyauth", "must not lead to an endpoint"},
	} {
		_, _, faults := load(t, with(none(tt.own), map[string]string{tt.alias: tt.bad}))
		if len(faults) != 1 || faults[0].Name != tt.alias || !strings.Contains(faults[0].Expected, tt.want) || strings.Contains(faults.Error(), marker) {
			t.Errorf("%s: got %v", tt.alias, faults)
		}
	}
	_, _, faults := load(t, with(none("EASYAUTH_CLIENT_SECRET"), map[string]string{"AzureAd__ClientSecret": marker, "EASYAUTH_CLIENT_SECRET_FILE": "/x"}))
	if len(faults) != 1 || faults[0].Name != "AzureAd__ClientSecret" || !strings.Contains(faults[0].Expected, "together with EASYAUTH_CLIENT_SECRET_FILE") {
		t.Errorf("secret and file: got %v", faults)
	}
}

func TestAliasAndOwnName(t *testing.T) {
	const conflict = "is set together with EASYAUTH_"
	checkRefusals(t, "AzureAd__ClientId", []refusal{{"different", marker, "11111111-2222-3333-4444-555555555555", conflict + "CLIENT_ID", nil}})
	checkRefusals(t, "AzureAd__ClientSecret", []refusal{{"different by case", "The-Secret", "the-secret", conflict + "CLIENT_SECRET", nil}})
	checkRefusals(t, "EasyAuthForK8s__CompressCookieClaims", []refusal{
		{"different", "true", "FALSE", conflict + "COMPRESS", map[string]string{"EASYAUTH_COMPRESS": "false"}},
	})
	checkRefusals(t, "EasyAuthForK8s__ClaimEncodingMethod", []refusal{
		{"different", "2", "1", conflict + "CLAIM_ENCODING", map[string]string{"EASYAUTH_CLAIM_ENCODING": "base64"}},
	})
	checkRefusals(t, "azuread__clientid", []refusal{
		{"two spellings of one alias", marker, "c", "is set together with AzureAd__ClientId", map[string]string{"EASYAUTH_CLIENT_ID": "", "AzureAd__ClientId": "c"}},
	})
	if c := good(t, with(map[string]string{"EASYAUTH_CLIENT_ID": "", "AzureAd__ClientId": "c"})); c.ClientID != "c" {
		t.Errorf("an empty own name: got %q", c.ClientID)
	}
	if c := good(t, with(map[string]string{"AzureAd__ClientId": " "})); c.ClientID == "" {
		t.Error("an empty alias took the value away")
	}
}

func TestUnknownDotnetNames(t *testing.T) {
	for name, want := range map[string]string{
		"AzureAd__ClientCertificates__0__SourceType": "is ignored; use EASYAUTH_CLIENT_CERTIFICATE_FILE",
		"azuread__clientcertificates":                "is ignored; use EASYAUTH_CLIENT_CERTIFICATE_FILE",
		"AzureAd__TenentId":                          "is ignored; did you mean AzureAd__TenantId?",
		"EasyAuthForK8s__SignoutPath":                "is ignored: nothing here is called so",
		"easyauthfork8s__graphendpoint":              "is ignored; use EASYAUTH_GRAPH_URL and EASYAUTH_GRAPH_VERSION",
	} {
		c, warnings, faults := load(t, with(map[string]string{name: marker}))
		if c == nil || len(warnings) != 1 || !strings.HasPrefix(string(warnings[0]), name+" "+want) || strings.Contains(fmt.Sprint(warnings), marker) {
			t.Errorf("%s: got warnings %q, faults %v", name, warnings, faults)
		}
	}
	if _, warnings, _ := load(t, with(map[string]string{"AzureAd__Whatever": "", "AzureAdX__Whatever": "x", "EasyAuthForK8s_X": "x"})); len(warnings) > 0 {
		t.Errorf("empty or of others: got %q", warnings)
	}
}

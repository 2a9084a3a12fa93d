package config

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// alias is a variable of EasyAuthForK8s that one of ours stands for.
type alias struct {
	name      string                       // case does not count, as in .NET
	own       string                       // our variable
	translate func(string) (string, error) // nil: as it is
}

// aliases is the whole list.
func aliases() []alias {
	return []alias{
		{"AzureAd__Instance", "EASYAUTH_INSTANCE", nil},
		{"AzureAd__TenantId", "EASYAUTH_TENANT_ID", nil},
		{"AzureAd__ClientId", "EASYAUTH_CLIENT_ID", nil},
		{"AzureAd__ClientSecret", "EASYAUTH_CLIENT_SECRET", nil},
		{"AzureAd__SignUpSignInPolicyId", "EASYAUTH_SIGNUP_SIGNIN_POLICY", nil},
		{"AzureAd__Domain", "EASYAUTH_DOMAIN_HINT", nil},
		{"AzureAd__CallbackPath", "EASYAUTH_CALLBACK_PATH", nil},
		{"AzureAd__SignedOutCallbackPath", "EASYAUTH_SIGNED_OUT_PATH", nil},
		{"EasyAuthForK8s__AuthPath", "EASYAUTH_AUTH_PATH", nil},
		{"EasyAuthForK8s__SigninPath", "EASYAUTH_SIGNIN_PATH", nil},
		{"EasyAuthForK8s__DefaultRedirectAfterSignin", "EASYAUTH_DEFAULT_REDIRECT", nil},
		{"EasyAuthForK8s__AllowBearerToken", "EASYAUTH_ALLOW_BEARER", dotnetBool},
		{"EasyAuthForK8s__CompressCookieClaims", "EASYAUTH_COMPRESS", dotnetBool},
		{"EasyAuthForK8s__ResponseHeaderPrefix", "EASYAUTH_HEADER_PREFIX", nil},
		{"EasyAuthForK8s__ClaimEncodingMethod", "EASYAUTH_CLAIM_ENCODING", dotnetEnum(encodings())},
		{"EasyAuthForK8s__HeaderFormatOption", "EASYAUTH_HEADER_FORMAT", dotnetEnum(headerFormats())},
	}
}

// Ignored.
const (
	dataProtection     = "EasyAuthForK8s__DataProtectionFileLocation"
	clientCertificates = "AzureAd__ClientCertificates" // a list: __0__SourceType and so on follow
)

// adoptAliases returns our variables with those of EasyAuthForK8s translated
// into them. Two different values for one setting are a fault. What else begins
// with its two prefixes is a warning, because .NET had many more settings. Empty
// ones count as unset: its chart sets some that way.
func adoptAliases(vars map[string]string, r *report) map[string]string {
	values := maps.Clone(vars)
	r.spelled = make(map[string]string)
	known := aliases()
	for _, name := range slices.Sorted(maps.Keys(vars)) {
		if !isDotnet(name) || vars[name] == "" {
			continue
		}
		i := slices.IndexFunc(known, func(a alias) bool { return strings.EqualFold(a.name, name) })
		switch {
		case i >= 0:
			adopt(known[i], name, vars[name], values, r)
		case strings.EqualFold(name, dataProtection):
			r.warn(name, "is ignored: keys come from EASYAUTH_KEYS and no shared volume is needed")
		case hasFold(name, clientCertificates):
			r.warn(printable(name), "is ignored; use EASYAUTH_CLIENT_CERTIFICATE_FILE")
		case strings.EqualFold(name, "EasyAuthForK8s__GraphEndpoint"):
			r.warn(name, "is ignored; use EASYAUTH_GRAPH_URL and EASYAUTH_GRAPH_VERSION")
		default:
			if near := Nearest(name, aliasNames()); near != "" {
				r.warn(printable(name), "is ignored; did you mean %s?", near)
			} else {
				r.warn(printable(name), "is ignored: nothing here is called so")
			}
		}
	}
	return values
}

// isDotnet reports whether a variable is of EasyAuthForK8s' two sections.
func isDotnet(name string) bool {
	return hasFold(name, "AzureAd__") || hasFold(name, "EasyAuthForK8s__")
}

func aliasNames() []string {
	var names []string
	for _, a := range aliases() {
		names = append(names, a.name)
	}
	return append(names, dataProtection)
}

// adopt sets our variable from the alias that the operator spelled as name.
func adopt(a alias, name, value string, values map[string]string, r *report) {
	if a.translate != nil {
		var err error
		if value, err = a.translate(value); err != nil {
			r.fault(name, "%v", err)
			if values[a.own] == "" {
				r.spelled[a.own] = name // it has this fault
			}
			return
		}
	}
	switch own := values[a.own]; {
	case own == "":
		values[a.own] = value
		r.spelled[a.own] = name
	case own != value && (a.translate == nil || !strings.EqualFold(own, value)):
		r.fault(name, "is set together with %s, to something else: set one of them", r.spelling(a.own))
	}
}

// dotnetBool reads a boolean as .NET's configuration does: true or false, whatever the case.
func dotnetBool(value string) (string, error) {
	value, err := choose(value, "true", "false")
	if err != nil {
		return "", expect("must be true or false")
	}
	return value, nil
}

// dotnetEnum reads an enumeration as .NET's configuration does: by name,
// whatever the case, or by number. It refuses numbers that have no name.
func dotnetEnum(names []string) func(string) (string, error) {
	return func(value string) (string, error) {
		if n, err := strconv.Atoi(value); err == nil && n >= 0 && n < len(names) {
			return names[n], nil
		}
		return choose(value, names...)
	}
}

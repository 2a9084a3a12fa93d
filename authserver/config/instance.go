package config

import (
	"net/url"
	"slices"
	"strings"
)

// instance is the base URL of a Microsoft sign-in host.
type instance struct {
	text string
	host string // lower case
}

// Decode implements envconfig.Decoder.
func (i *instance) Decode(value string) error {
	u, err := providerURL(value)
	if err != nil {
		return err
	}
	*i = instance{value, hostOf(u)}
	if strings.Trim(u.Path, "/") != "" && (i.shared() || i.external() || i.b2c()) {
		return expect("must have no path; the tenant belongs in EASYAUTH_TENANT_ID, a policy in EASYAUTH_SIGNUP_SIGNIN_POLICY")
	}
	return nil
}

// providerURL reads the address of an identity provider.
func providerURL(value string) (*url.URL, error) {
	var b baseURL
	if err := b.Decode(value); err != nil {
		return nil, err
	}
	u, err := url.Parse(value)
	if err != nil || strings.Contains(u.Path, "/.well-known") {
		return nil, expect("must be the identity provider's base URL, without /.well-known/openid-configuration")
	}
	return u, nil
}

// hostOf returns the name of a URL's host in lower case, without port and dot at the end.
func hostOf(u *url.URL) string {
	return strings.TrimSuffix(strings.ToLower(u.Hostname()), ".")
}

// base returns the URL without a slash at its end.
func (i *instance) base() string { return strings.TrimSuffix(i.text, "/") }

// shared reports whether this is a sign-in host that all tenants of a
// Microsoft cloud share, so that nothing but the path names the tenant.
func (i *instance) shared() bool { return i.cloud() != "" }

// cloud returns the name of the cloud whose tenants all sign in here, or "".
func (i *instance) cloud() string {
	for name, domains := range map[string][]string{
		"public": {"microsoftonline.com", "login.windows.net", "sts.windows.net", "login.microsoft.com"},
		"usgov":  {"microsoftonline.us"},
		"china":  {"microsoftonline.cn", "chinacloudapi.cn"},
	} {
		if slices.ContainsFunc(domains, func(domain string) bool { return isBelow(i.host, domain) }) {
			return name
		}
	}
	return ""
}

// external reports whether this is the sign-in host of an External ID tenant.
func (i *instance) external() bool { return isBelow(i.host, "ciamlogin.com") }

// b2c reports whether this is the sign-in host of an Azure AD B2C tenant; one that
// has a domain of its own cannot be told.
func (i *instance) b2c() bool { return isBelow(i.host, "b2clogin.com") }

// issuer is another OIDC provider, exactly as its discovery document names it.
type issuer string

// Decode implements envconfig.Decoder.
func (i *issuer) Decode(value string) error {
	u, err := providerURL(value)
	if err != nil {
		return err
	}
	if at := (&instance{host: hostOf(u)}); at.shared() || at.external() {
		return expect("must be an OIDC provider other than Microsoft's, whose tenants EASYAUTH_TENANT_ID names, with EASYAUTH_CLOUD or EASYAUTH_INSTANCE")
	}
	*i = issuer(value)
	return nil
}

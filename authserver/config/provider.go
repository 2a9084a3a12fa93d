package config

import (
	"net/netip"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// baseURL is an absolute URL without query, fragment or user name; https, or
// http on loopback.
type baseURL string

// Decode implements envconfig.Decoder.
func (b *baseURL) Decode(value string) error {
	if !goodBaseURL(value) {
		return expect("must be an absolute https URL without user name, query and fragment (http on localhost, 127.0.0.0/8 and [::1] only)")
	}
	*b = baseURL(value)
	return nil
}

func goodBaseURL(value string) bool {
	if strings.ContainsAny(value, `\#?%`) || strings.ContainsFunc(value, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return false
	}
	u, err := url.Parse(value)
	if err != nil || u.Opaque != "" || u.User != nil || u.Hostname() == "" || strings.HasSuffix(u.Host, ":") {
		return false
	}
	if port := u.Port(); port != "" {
		if _, err := strconv.ParseUint(port, 10, 16); err != nil {
			return false
		}
	}
	if strings.Contains(u.Path, "//") || path.Clean("/"+u.Path) != "/"+strings.Trim(u.Path, "/") {
		return false
	}
	return u.Scheme == "https" || u.Scheme == "http" && isLoopback(u.Hostname())
}

// isLoopback takes names below localhost for strangers: a resolver may know them.
func isLoopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return strings.EqualFold(host, "localhost") || err == nil && ip.Unmap().IsLoopback()
}

// instance is the identity provider's base URL, or a plain OIDC issuer.
type instance struct {
	text string
	host string // lower case
	path string
}

// Decode implements envconfig.Decoder.
func (i *instance) Decode(value string) error {
	var b baseURL
	if err := b.Decode(value); err != nil {
		return err
	}
	u, err := url.Parse(value)
	if err != nil || strings.Contains(u.Path, "/.well-known") {
		return expect("must be the identity provider's base URL, without /.well-known/openid-configuration")
	}
	*i = instance{value, strings.TrimSuffix(strings.ToLower(u.Hostname()), "."), strings.Trim(u.Path, "/")}
	if i.path != "" && i.microsoft() {
		return expect("must have no path; the tenant belongs in EASYAUTH_TENANT_ID")
	}
	return nil
}

// microsoft reports whether this is a sign-in host that all tenants of a
// Microsoft cloud share, so that nothing but the path names the tenant.
func (i *instance) microsoft() bool {
	shared := []string{
		"microsoftonline.com", "microsoftonline.us", "microsoftonline.cn", "chinacloudapi.cn",
		"login.windows.net", "sts.windows.net", "login.microsoft.com",
	}
	return slices.ContainsFunc(shared, func(domain string) bool { return isBelow(i.host, domain) })
}

// graph returns Microsoft Graph's address in the same cloud.
func (i *instance) graph() string {
	switch {
	case isBelow(i.host, "microsoftonline.us"):
		return "https://graph.microsoft.us"
	case isBelow(i.host, "microsoftonline.cn"), isBelow(i.host, "chinacloudapi.cn"):
		return "https://microsoftgraph.chinacloudapi.cn"
	}
	return "https://graph.microsoft.com"
}

// isBelow reports whether name is domain or ends in a dot and domain.
func isBelow(name, domain string) bool {
	return name == domain || strings.HasSuffix(name, "."+domain)
}

var (
	guidForm   = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)
	domainForm = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?$`)
)

// tenant is one directory: a GUID or a domain, in lower case.
type tenant string

// Decode implements envconfig.Decoder.
func (t *tenant) Decode(value string) error {
	value = strings.ToLower(value)
	switch {
	case slices.Contains([]string{
		"common", "organizations", "consumers",
		"9188040d-6c67-4c5b-b112-36a304b66dad", // the tenant of all personal accounts
	}, value):
		return expect("must name one tenant: common, organizations and consumers would let every tenant in; there is no list of allowed tenants yet")
	case !guidForm.MatchString(value) && (!domainForm.MatchString(value) || len(value) > 253):
		return expect("must be the directory (tenant) ID, a GUID, or a domain of the tenant such as contoso.onmicrosoft.com")
	}
	*t = tenant(value)
	return nil
}

// clientID is the application (client) ID.
type clientID string

// Decode implements envconfig.Decoder.
func (c *clientID) Decode(value string) error {
	if len(value) > 200 || strings.ContainsFunc(value, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return expect("must be the application (client) ID: at most 200 characters, no blanks")
	}
	*c = clientID(value)
	return nil
}

// domainHint is the domain whose users sign in.
type domainHint string

// Decode implements envconfig.Decoder.
func (d *domainHint) Decode(value string) error {
	if len(value) > 253 || strings.ContainsFunc(value, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '.' && r != '-'
	}) {
		return expect("must be a domain such as contoso.com")
	}
	*d = domainHint(value)
	return nil
}

// scopes is what every sign-in asks for.
type scopes []string

// Decode implements envconfig.Decoder. It puts openid, profile and email in front
// when they are not there: without profile Entra ID gives no oid.
func (s *scopes) Decode(value string) error {
	var l list
	if err := l.Decode(value); err != nil {
		return err
	}
	*s = scopes{"openid", "profile", "email"}
	for _, scope := range l {
		if strings.ContainsFunc(scope, func(r rune) bool { return r < '!' || r > '~' || r == '"' || r == '\\' }) {
			return expect(`must be a list of scopes without quotes, "\" and characters outside ASCII`)
		}
		if !slices.Contains(*s, scope) {
			*s = append(*s, scope)
		}
	}
	return nil
}

// provider checks and sets what names the identity provider and Graph.
func (s *spec) provider(r *report, c *Config) {
	c.Instance, c.TenantID, c.ClientID = s.Instance.text, string(s.TenantID), string(s.ClientID)
	c.Scopes = s.Scopes
	c.Issuer = c.Instance
	if c.TenantID != "" {
		c.Issuer = strings.TrimSuffix(c.Instance, "/") + "/" + c.TenantID + "/v2.0"
	}
	c.GraphURL = strings.TrimSuffix(string(s.GraphURL), "/")
	if c.GraphURL == "" {
		c.GraphURL = s.Instance.graph()
	}
	if c.TenantID == "" && s.Instance.microsoft() && !r.has("EASYAUTH_INSTANCE") {
		r.need("EASYAUTH_TENANT_ID", "is required: the directory (tenant) ID, a GUID, or a domain of the tenant (only another OIDC provider, named by EASYAUTH_INSTANCE, has none)")
	}
	if c.ClientID == "" {
		r.need("EASYAUTH_CLIENT_ID", "is required: the application (client) ID of the app registration")
	}
}

package entra

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
)

// check reports all faults of a Config, joined.
func (cfg *Config) check() error {
	var faults []error
	fault := func(wrong bool, format string, args ...any) {
		if wrong {
			faults = append(faults, fmt.Errorf(format, args...))
		}
	}
	u, err := secureURL(cfg.Authority, true)
	fault(err != nil, "issuer: %w", err)
	faults = append(faults, cfg.checkTenants()...)
	if want := cfg.path(); err == nil && cfg.Kind != Plain && len(faults) == 0 {
		fault(u.Path != want || u.RawQuery != "", "issuer: want scheme and host, and then the path %s", want)
	}
	fault(!isWord(cfg.ClientID), "client id: want printable text without spaces")
	for _, audience := range cfg.Audiences {
		fault(isGraph(audience, cfg.GraphURL), "audiences: Microsoft Graph's tokens are not for us, and say nothing about this application")
	}
	for _, f := range cfg.ExchangeFaults() {
		faults = append(faults, f)
	}
	fault(cfg.Credential == nil, "client credential: it is required")
	fault(cfg.Client == nil, "http client: it is required")
	fault(cfg.Leeway < 0 || cfg.Leeway > maxLeeway, "leeway: want 0 to %v", maxLeeway)
	return errors.Join(faults...)
}

// path is the authority's.
func (cfg *Config) path() string {
	if cfg.Kind == B2C {
		return "/" + cfg.TenantID + "/" + cfg.Policy + "/v2.0"
	}
	return "/" + cfg.TenantID + "/v2.0"
}

// checkTenants judges what says whose tokens are accepted.
func (cfg *Config) checkTenants() (faults []error) {
	several := cfg.TenantID == "common" || cfg.TenantID == "organizations"
	add := func(text string) { faults = append(faults, errors.New(text)) }
	switch {
	case cfg.Kind == Plain && cfg.TenantID != "":
		add("tenant id: another provider has none")
	case cfg.Kind == Plain:
	case cfg.Kind == MultiTenant && !several:
		add("tenant id: want organizations or common, for the tenants that are allowed")
	case cfg.Kind == MultiTenant:
	case several, cfg.TenantID == "consumers":
		add("tenant id: it must name one tenant, because nothing here says which of many may sign in")
	case !access.IsGUID(cfg.TenantID) && !isDomain(cfg.TenantID):
		add("tenant id: want a GUID or a domain of the tenant")
	}
	switch {
	case cfg.Kind == MultiTenant && len(cfg.AllowedTenants) == 0:
		add("allowed tenants: there is none, and nobody could sign in")
	case cfg.Kind != MultiTenant && len(cfg.AllowedTenants) > 0:
		add("allowed tenants: with one tenant there is nothing to choose from")
	case slices.ContainsFunc(cfg.AllowedTenants, func(id string) bool { return !access.IsGUID(id) }):
		add("allowed tenants: want GUIDs")
	}
	switch {
	case cfg.Kind == B2C && (len(cfg.Policy) > maxPolicy || !policyPattern.MatchString(cfg.Policy)):
		add("policy: want the name of a user flow or custom policy: at most 128 letters, digits, _, . and -")
	case cfg.Kind != B2C && cfg.Policy != "":
		add("policy: only B2C has policies")
	}
	return faults
}

// isWord reports whether a text can be a client id, an audience or a role: 1 to 255
// printable ASCII characters, none of them a space.
func isWord(s string) bool {
	return s != "" && len(s) <= maxID && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' })
}

var (
	policyPattern = regexp.MustCompile(`^[A-Za-z0-9_.-]+$`)
	domainPattern = regexp.MustCompile(`^([a-z0-9]([-a-z0-9]*[a-z0-9])?\.)+[a-z0-9]([-a-z0-9]*[a-z0-9])?$`) // and isDomain
)

const (
	maxPolicy = 128 // bytes of a policy's name
	maxLabel  = 63  // bytes of a part of a domain between dots
)

// isDomain reports whether a text is a domain. Its parts are counted here: a regular
// expression with that bound takes a hundred kilobytes.
func isDomain(text string) bool {
	for label := range strings.SplitSeq(text, ".") {
		if len(label) > maxLabel {
			return false
		}
	}
	return domainPattern.MatchString(text)
}

// guidIn finds a GUID inside of a text.
var guidIn = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)

// secureURL parses an absolute https URL, or an http one of a loopback host
// when allowHTTP says so. Userinfo and a fragment are refused.
func secureURL(raw string, allowHTTP bool) (*url.URL, error) {
	const maxURL = 2048
	u, err := url.Parse(raw)
	switch {
	case strings.ContainsFunc(raw, func(r rune) bool { return r <= ' ' || r >= 0x7f }): // url.Parse lets them pass in a query
		return nil, errors.New("want an absolute URL in printable ASCII without spaces")
	case err != nil, len(raw) > maxURL, u.Host == "", u.User != nil, u.Opaque != "", strings.Contains(raw, "#"):
		return nil, errors.New("want an absolute URL without userinfo and fragment")
	case u.Scheme == "https", u.Scheme == "http" && allowHTTP && isLoopback(u.Hostname()):
		return u, nil
	}
	return nil, errors.New("want https (http only on a loopback host)")
}

func isLoopback(host string) bool {
	host = strings.ToLower(host)
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

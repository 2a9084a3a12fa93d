package entra

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

var (
	domainName = regexp.MustCompile(`^[a-z0-9-]+(\.[a-z0-9-]+)+$`)
	policyName = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,128}$`)
)

// checkTenants finds mistakes in what names tenants and policies.
func (c Config) checkTenants() error {
	for _, id := range c.Tenants {
		if !guid.MatchString(id) {
			return fmt.Errorf("tenants: %q: want a GUID in lower case", id)
		}
	}
	for name, id := range c.Domains {
		if !domainName.MatchString(name) || !guid.MatchString(id) {
			return fmt.Errorf("domains: %q to %q: want a domain name and a GUID, both in lower case", name, id)
		}
	}
	for _, name := range c.B2C.Policies {
		if !policyName.MatchString(name) {
			return fmt.Errorf("B2C policy %q: want letters, digits, _, . and -", name)
		}
	}
	return nil
}

// tenants lists the GUIDs of all tenants, the server's own first.
func (s *Server) tenants() []string {
	all := appendNew([]string{s.tenant}, s.more...)
	for _, id := range s.domains {
		all = appendNew(all, id)
	}
	for _, u := range s.allUsers() {
		all = appendNew(all, s.home(u))
	}
	return all
}

// authority accepts tenants by GUID or domain name, and the two words for many
// tenants, which External ID does not have.
func (s *Server) authority(segment string) (authority, bool) {
	name := strings.ToLower(segment)
	switch {
	case name == "common", name == "organizations":
		return authority{segment: segment}, !s.external
	case slices.Contains(s.tenants(), name):
		return authority{segment: segment, tenant: name}, true
	}
	id, ok := s.domains[name]
	return authority{segment: segment, tenant: id}, ok
}

// canonical is the authority as documents and codes name it: domain names give way to GUIDs.
func (a authority) canonical() string {
	if a.tenant == "" {
		return strings.ToLower(a.segment)
	}
	return a.tenant
}

// issuer is the issuer of v2 tokens of a tenant.
func (s *Server) issuer(tenant string) string {
	if s.external {
		return "https://" + tenant + ".ciamlogin.com/" + tenant + "/v2.0"
	}
	return s.BaseURL() + "/" + tenant + "/v2.0"
}

// authorityIssuer is the issuer that stands in an authority's documents.
func (s *Server) authorityIssuer(a authority) string {
	if a.policy != "" {
		return s.policyIssuer(a.tenant)
	}
	return s.issuer(a.template())
}

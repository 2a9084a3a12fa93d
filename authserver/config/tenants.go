package config

import (
	"regexp"
	"slices"
	"strings"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
)

const maxAllowedTenants = 100

var (
	domainForm = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]([a-z0-9-]*[a-z0-9])?$`) // and isDomain
	policyForm = regexp.MustCompile(`^[A-Za-z0-9_.-]+$`)
)

// personalAccounts is the tenant of all personal Microsoft accounts.
const personalAccounts = "9188040d-6c67-4c5b-b112-36a304b66dad"

// tenant is one directory, a GUID or a domain, or a name that stands for
// several; in lower case.
type tenant string

// Decode implements envconfig.Decoder.
func (t *tenant) Decode(value string) error {
	value = strings.ToLower(value)
	switch {
	case value == "consumers", value == personalAccounts:
		return expect("must not be the tenant of all personal accounts: that would let everybody in")
	case !tenant(value).several() && !access.IsGUID(value) && (!isDomain(value) || len(value) > 253):
		return expect("must be the directory (tenant) ID, a GUID, or a domain of the tenant such as contoso.onmicrosoft.com; or organizations or common, with EASYAUTH_ALLOWED_TENANTS")
	}
	*t = tenant(value)
	return nil
}

// several reports whether users of many tenants sign in there.
func (t tenant) several() bool { return t == "organizations" || t == "common" }

// allowedTenants are the tenants whose users may pass: GUIDs in lower case.
type allowedTenants []string

// Decode implements envconfig.Decoder.
func (a *allowedTenants) Decode(value string) error {
	ids, err := guids(value, maxAllowedTenants)
	if err != nil {
		return err
	}
	if i := slices.Index(ids, personalAccounts); i >= 0 {
		return expect("must not list the tenant of all personal accounts: that would let everybody in; it is entry %d", i+1)
	}
	*a = ids
	return nil
}

// guids reads a list of up to limit different GUIDs and returns them in lower case.
func guids(value string, limit int) ([]string, error) {
	var l list
	if err := l.Decode(strings.ToLower(value)); err != nil {
		return nil, err
	}
	if len(l) > limit {
		return nil, expect("must list at most %d GUIDs; there are %d", limit, len(l))
	}
	for i, id := range l {
		switch {
		case !access.IsGUID(id):
			return nil, expect("must list GUIDs such as 2f1c6f0e-0d5b-4c1e-9a57-3b7d0c9a1e11; entry %d is none", i+1)
		case slices.Contains(l[:i], id):
			return nil, expect("must list every GUID once; entry %d is there twice", i+1)
		}
	}
	return l, nil
}

// policy is the name of a B2C user flow or policy.
type policy string

// Decode implements envconfig.Decoder.
func (p *policy) Decode(value string) error {
	if len(value) > maxPolicy || !policyForm.MatchString(value) || strings.Trim(value, ".") == "" {
		return expect("must be the name of a B2C user flow or policy such as B2C_1_signupsignin: letters, digits and _ . -, at most 128")
	}
	*p = policy(value)
	return nil
}

// tenants checks and sets the tenants of Microsoft's providers.
func (s *spec) tenants(r *report, c *Config) {
	c.TenantID, c.AllowedTenants, c.Policy = string(s.TenantID), s.AllowedTenants, string(s.Policy)
	const all = "EASYAUTH_ALLOWED_TENANTS"
	switch {
	case c.TenantID == "" && !r.has("EASYAUTH_INSTANCE"):
		r.need("EASYAUTH_TENANT_ID", "is required: the directory (tenant) ID, a GUID, or a domain of the tenant (an OIDC provider other than Microsoft's is named by EASYAUTH_ISSUER alone)")
	case c.TenantID == "":
	case s.TenantID.several() && (c.Kind == KindB2C || c.Kind == KindExternal):
		r.fault("EASYAUTH_TENANT_ID", "must name one tenant, a GUID or a domain: Azure AD B2C and External ID know no other")
	case s.TenantID.several() && len(c.AllowedTenants) == 0:
		r.need(all, "is required when EASYAUTH_TENANT_ID is organizations or common: the GUIDs of the tenants whose users may pass; without it every tenant would be let in")
	case !s.TenantID.several() && len(c.AllowedTenants) > 0:
		r.fault(all, "needs EASYAUTH_TENANT_ID to be organizations or common; with one tenant no other is let in")
	}
	if c.Kind != KindB2C && s.Instance.b2c() {
		r.need("EASYAUTH_SIGNUP_SIGNIN_POLICY", "is required: EASYAUTH_INSTANCE is the sign-in host of an Azure AD B2C tenant, where people sign in with a user flow or policy such as B2C_1_signupsignin")
	}
	if c.Kind == KindB2C && !r.has("EASYAUTH_INSTANCE") && (!r.gave("EASYAUTH_INSTANCE") || s.Instance.shared() || s.Instance.external()) {
		r.need("EASYAUTH_SIGNUP_SIGNIN_POLICY", "needs EASYAUTH_INSTANCE to be the sign-in host of an Azure AD B2C tenant, such as https://contoso.b2clogin.com")
	}
}

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
	return domainForm.MatchString(text)
}

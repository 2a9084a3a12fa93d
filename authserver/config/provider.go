package config

import (
	"slices"
	"strings"
	"unicode"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
)

// Kinds of identity providers.
const (
	KindEntra    = "entra"    // Entra ID, one tenant
	KindMulti    = "multi"    // Entra ID, several tenants
	KindB2C      = "b2c"      // Azure AD B2C
	KindExternal = "external" // Entra External ID
	KindOIDC     = "oidc"     // any other OIDC provider
)

// kind tells the identity provider by what was given, also by what has a fault.
func (s *spec) kind(r *report) string {
	switch {
	case r.gave("EASYAUTH_ISSUER"):
		return KindOIDC
	case r.gave("EASYAUTH_SIGNUP_SIGNIN_POLICY"):
		return KindB2C
	case s.Instance.external():
		return KindExternal
	case s.TenantID.several():
		return KindMulti
	}
	return KindEntra
}

// provider checks and sets what names the identity provider and Graph.
func (s *spec) provider(r *report, c *Config) {
	c.ClientID, c.Scopes = string(s.ClientID), s.Scopes
	if c.ClientID == "" {
		r.need("EASYAUTH_CLIENT_ID", "is required: the application (client) ID of the app registration")
	}
	c.Kind = s.kind(r)
	if c.Kind != KindOIDC && c.ClientID != "" && !access.IsGUID(strings.ToLower(c.ClientID)) {
		r.warn("EASYAUTH_CLIENT_ID", "is no GUID: the application (client) ID of Entra ID is one")
	}
	graph := clouds()[0].graph
	if c.Kind == KindOIDC {
		s.otherProvider(r, c)
	} else {
		graph = s.microsoft(r, c)
	}
	c.GraphURL = strings.TrimSuffix(string(s.GraphURL), "/")
	if c.GraphURL == "" {
		c.GraphURL = graph
	}
}

// microsoft checks and sets a provider of Microsoft's. It returns the address
// of Graph in its cloud.
func (s *spec) microsoft(r *report, c *Config) (graph string) {
	cloud := s.cloud(r)
	c.Cloud, c.Instance = cloud.name, s.Instance.text
	s.tenants(r, c)
	if c.TenantID != "" {
		c.Issuer = s.Instance.base() + "/" + c.TenantID
		if c.Policy != "" {
			c.Issuer += "/" + c.Policy
		}
		c.Issuer += "/v2.0"
	}
	if c.Kind == KindEntra || c.Kind == KindMulti {
		c.V1Issuer = cloud.v1Issuer
	}
	for _, name := range []string{"EASYAUTH_ROLES_CLAIM", "EASYAUTH_GROUPS_CLAIM", "EASYAUTH_SCOPES_CLAIM"} {
		if r.gave(name) {
			r.need(name, "needs EASYAUTH_ISSUER: with a provider of Microsoft's this claim has a fixed name")
		}
	}
	return cloud.graph
}

// otherProvider checks and sets an OIDC provider that is not Microsoft's.
func (s *spec) otherProvider(r *report, c *Config) {
	c.Issuer = string(s.Issuer)
	c.RolesClaim, c.GroupsClaim, c.ScopesClaim = string(s.RolesClaim), string(s.GroupsClaim), string(s.ScopesClaim)
	for _, name := range []string{
		"EASYAUTH_TENANT_ID", "EASYAUTH_INSTANCE", "EASYAUTH_CLOUD", "EASYAUTH_ALLOWED_TENANTS", "EASYAUTH_SIGNUP_SIGNIN_POLICY",
	} {
		if r.gave(name) {
			r.need(name, "is set together with EASYAUTH_ISSUER, which names a provider other than Microsoft's: set one of them")
		}
	}
}

// hasGraph reports whether Microsoft Graph knows the provider's users.
func hasGraph(kind string) bool { return kind != KindOIDC && kind != KindB2C }

// clientID is the application (client) ID.
type clientID string

// Decode implements envconfig.Decoder.
func (c *clientID) Decode(value string) error {
	if !isGraphic(value, 200) {
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
		if !access.IsScope(scope) {
			return expect(`must be a list of scopes without quotes, "\" and characters outside ASCII`)
		}
		if !slices.Contains(*s, scope) {
			*s = append(*s, scope)
		}
	}
	return nil
}

const maxClaimPath = 128 // bytes

// claimPath is the name of a claim, or a path to it through objects, with dots.
type claimPath string

// Decode implements envconfig.Decoder. A URL may be a claim's name, so that a
// dot is not always a step.
func (p *claimPath) Decode(value string) error {
	if !isGraphic(value, maxClaimPath) || strings.HasPrefix(value, ".") || strings.HasSuffix(value, ".") || strings.Contains(value, "..") {
		return expect("must be the name of a claim, or a path to it such as realm_access.roles: no blanks, at most %d bytes", maxClaimPath)
	}
	*p = claimPath(value)
	return nil
}

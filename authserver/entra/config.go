package entra

import (
	"cmp"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/headers"
	"github.com/easyauth-sidecar/easyauth/authserver/metrics"
)

// Kind says what stands behind the authority.
type Kind uint8

// The kinds.
const (
	Plain        Kind = iota // any OpenID Connect provider: tokens need no tid and no oid
	SingleTenant             // one tenant of Entra ID
	MultiTenant              // organizations or common, for the tenants of a list
	B2C                      // Azure AD B2C, with one policy (user flow)
	ExternalID               // Microsoft Entra External ID
)

// Config is what a RelyingParty needs. The zero value of an optional field is
// the strict choice.
type Config struct {
	Kind Kind

	// Authority is where the discovery document is read below, required:
	// https://login.microsoftonline.com/{tenant}/v2.0, or the issuer of another
	// provider exactly as its documents write it. https, or http on a loopback host.
	Authority string
	// TenantID is the tenant of SingleTenant, B2C and ExternalID: a GUID, or a
	// verified domain of the tenant, whose GUID is then taken from the discovery
	// document. MultiTenant has the word organizations or common here, Plain nothing.
	TenantID string
	// AllowedTenants are the GUIDs of the tenants of MultiTenant, at least one.
	AllowedTenants []string
	Policy         string // of B2C, required there
	V1Issuer       string // of SingleTenant and MultiTenant: what the issuers of v1 access tokens begin with ("https://sts.windows.net/"); "" accepts none

	ClientID   string     // required
	Credential Credential // required
	Audiences  []string   // of access tokens, beside the client id and api://<client id>; never Microsoft Graph's

	AcceptBearer          bool // Bearer looks at Authorization headers; false ignores them all
	IgnoreForeignAudience bool // a token of an accepted issuer for another API is ignored instead of refused

	// What Subject accepts beside tokens for this application. None of it is looked
	// at by Verify or Bearer.
	//
	// ExchangeAudiences are other applications and APIs of Entra ID, by what tokens
	// for them have in aud: a client id or an App ID URI, exactly spelled. Never
	// Microsoft's own, and nothing with Plain and B2C, whose tokens for another
	// client need not name the person as ours do.
	ExchangeAudiences []string
	// ExchangeClients are the clients whose tokens may be brought: the azp or appid
	// of an access token for another audience, the azp of an ID token. Exactly spelled.
	ExchangeClients []string
	// ExchangeRoles are what roles at another application are worth here; all others
	// are worth nothing.
	ExchangeRoles []RoleMap

	Scopes       *access.ScopeNames // nil: scopes have one spelling
	Claims       ClaimNames         // of Plain alone
	Capabilities []string           // of this client ("cp1"), told in every request for a sign-in or a token
	DomainHint   string             // domain_hint of every authorization request; empty sends none
	GraphURL     string             // Microsoft Graph's address; empty means https://graph.microsoft.com

	Headers    *headers.Renderer // renders the identities of access tokens, once for each token; nil: nobody does
	CacheBytes int64             // for verified access tokens; 0 means 16 MB
	Client     *http.Client      // required; must bound time and bodies, as NewHTTPClient does
	Log        *slog.Logger      // nil logs nothing
	Metrics    *metrics.Metrics  // counts what the provider is asked; nil counts nothing
	Now        func() time.Time  // nil means time.Now
	Leeway     time.Duration     // clock skew allowed for exp, nbf, iat and auth_time; 0 means 60 s, at most 2 minutes
}

// ClaimNames are where a plain provider keeps roles, groups and scopes: the exact
// name of a claim or, where there is none of that name, a path of names with dots
// between ("realm_access.roles"). Empty means roles, groups and scope.
type ClaimNames struct{ Roles, Groups, Scopes string }

// RoleMap gives a role here to whoever has a role at another application.
type RoleMap struct {
	Audience string // one of Config.ExchangeAudiences; with MultiTenant a client id
	Theirs   string // the value of the role there, exactly spelled
	Ours     string // the value of the role here
}

// Credential proves to the token endpoint that a request is this client's: it
// adds client_id and a secret or an assertion to the form.
type Credential interface {
	Add(form url.Values, tokenEndpoint string) error
}

const (
	defaultGraphURL = "https://graph.microsoft.com"
	defaultLeeway   = time.Minute
	maxLeeway       = 2 * time.Minute // go-oidc's own check of nbf stays wider than ours below 150 s
)

// RelyingParty is one registration at one provider. It is safe for concurrent
// use. Make it with New and keep Run running beside it.
type RelyingParty struct {
	cfg      Config                    // with all defaults filled in
	provider atomic.Pointer[provider]  // nil until discovery has succeeded
	tenants  atomic.Pointer[tenantSet] // nil while the tenant is known by its domain only
	apps     appTokens                 // tokens of the client itself
	verified *verifiedTokens           // access tokens of others that were verified; nil unless AcceptBearer
	counted  counted
}

// New checks cfg and returns a RelyingParty that is not ready: nothing is sent
// before Run. Several faults are joined; none of them names a secret.
func New(cfg Config) (*RelyingParty, error) {
	cfg = cfg.lowered()
	if err := cfg.check(); err != nil {
		return nil, err
	}
	cfg.GraphURL = cmp.Or(strings.TrimSuffix(cfg.GraphURL, "/"), defaultGraphURL)
	cfg.Leeway = cmp.Or(cfg.Leeway, defaultLeeway)
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	cfg.Claims = cfg.claimNames()
	rp := &RelyingParty{cfg: cfg, counted: newCounted(cfg.Metrics)}
	if cfg.AcceptBearer {
		rp.verified = newVerifiedTokens(&cfg)
	}
	if set := rp.newTenants(); set != nil {
		rp.tenants.Store(set)
	}
	return rp, nil
}

// lowered writes tenants as discovery documents and tokens do.
func (cfg Config) lowered() Config {
	if tenant := strings.ToLower(cfg.TenantID); tenant != cfg.TenantID && tenant != "" {
		cfg.Authority = strings.Replace(cfg.Authority, "/"+cfg.TenantID+"/", "/"+tenant+"/", 1)
		cfg.TenantID = tenant
	}
	var allowed []string
	for _, id := range cfg.AllowedTenants {
		allowed = appendNew(allowed, strings.ToLower(id))
	}
	cfg.AllowedTenants = allowed
	return cfg
}

// claimNames are the claims that hold roles, groups and scopes. Entra ID's have
// fixed names.
func (cfg *Config) claimNames() ClaimNames {
	if cfg.Kind != Plain {
		return ClaimNames{Roles: "roles", Groups: "groups", Scopes: "scp"}
	}
	return ClaimNames{
		Roles: cmp.Or(cfg.Claims.Roles, "roles"), Groups: cmp.Or(cfg.Claims.Groups, "groups"), Scopes: cmp.Or(cfg.Claims.Scopes, "scope"),
	}
}

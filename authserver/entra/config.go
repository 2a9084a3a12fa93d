package entra

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"sync/atomic"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/secret"
)

// Config is what a RelyingParty needs. The zero value of an optional field is
// the strict choice.
type Config struct {
	// Issuer is the authority, required: https://login.microsoftonline.com/{tenant}/v2.0
	// or the issuer of another provider exactly as its documents write it. https,
	// or http on a loopback host. The discovery document is read below it.
	Issuer string
	// TenantID is the one tenant whose users are accepted: a GUID, or a verified
	// domain of the tenant, whose GUID is then taken from the discovery document.
	// Words for many tenants (common, organizations, consumers) are refused.
	// Empty means a provider that is not Entra ID: tokens need no tid and no oid.
	TenantID     string
	ClientID     string        // required
	ClientSecret secret.String // required
	DomainHint   string        // domain_hint of every authorization request; empty sends none
	GraphURL     string        // whose scopes are Microsoft Graph's; empty means https://graph.microsoft.com
	Client       *http.Client  // required; must bound time and bodies, as NewHTTPClient does
	Log          *slog.Logger  // nil logs nothing
	Now          func() time.Time
	Leeway       time.Duration // clock skew allowed for exp, nbf and iat; 0 means 60 s, at most 2 minutes
}

const (
	defaultGraphURL = "https://graph.microsoft.com"
	defaultLeeway   = time.Minute
	maxLeeway       = 2 * time.Minute // go-oidc's own check of nbf stays wider than ours below 150 s
)

// RelyingParty is one registration at one provider. It is safe for concurrent
// use. Make it with New and keep Run running beside it.
type RelyingParty struct {
	issuer     string // as configured
	tenant     string // GUID or domain, lower case; empty for a plain provider
	clientID   string
	secret     secret.String
	domainHint string
	graphURL   string // without a trailing slash
	client     *http.Client
	log        *slog.Logger
	now        func() time.Time
	leeway     time.Duration

	provider atomic.Pointer[provider] // nil until discovery has succeeded
}

// New checks cfg and returns a RelyingParty that is not ready: nothing is sent
// before Run. Several faults are joined; none of them names a secret.
func New(cfg Config) (*RelyingParty, error) {
	rp := &RelyingParty{
		issuer: cfg.Issuer, tenant: strings.ToLower(cfg.TenantID), clientID: cfg.ClientID, secret: cfg.ClientSecret,
		domainHint: cfg.DomainHint, graphURL: strings.TrimSuffix(cfg.GraphURL, "/"), client: cfg.Client,
		log: cfg.Log, now: cfg.Now, leeway: cfg.Leeway,
	}
	if err := rp.check(); err != nil {
		return nil, err
	}
	if isGUID(rp.tenant) { // a discovery document writes it in lower case
		rp.issuer = strings.Replace(rp.issuer, cfg.TenantID, rp.tenant, 1)
	}
	if rp.graphURL == "" {
		rp.graphURL = defaultGraphURL
	}
	if rp.log == nil {
		rp.log = slog.New(slog.DiscardHandler)
	}
	if rp.now == nil {
		rp.now = time.Now
	}
	if rp.leeway == 0 {
		rp.leeway = defaultLeeway
	}
	return rp, nil
}

func (rp *RelyingParty) check() error {
	var faults []error
	if _, err := secureURL(rp.issuer, true); err != nil {
		faults = append(faults, fmt.Errorf("issuer: %w", err))
	}
	switch {
	case rp.tenant == "common", rp.tenant == "organizations", rp.tenant == "consumers":
		faults = append(faults, errors.New("tenant id: it must name one tenant, because nothing here says which of many may sign in"))
	case rp.tenant != "" && !isGUID(rp.tenant) && !domainPattern.MatchString(rp.tenant):
		faults = append(faults, errors.New("tenant id: want a GUID or a domain of the tenant"))
	}
	if rp.clientID == "" || strings.ContainsFunc(rp.clientID, func(r rune) bool { return r <= ' ' || r > '~' }) {
		faults = append(faults, errors.New("client id: want printable text without spaces"))
	}
	if rp.secret.Empty() {
		faults = append(faults, errors.New("client secret: it is required"))
	}
	if rp.client == nil {
		faults = append(faults, errors.New("http client: it is required"))
	}
	if rp.leeway < 0 || rp.leeway > maxLeeway {
		faults = append(faults, fmt.Errorf("leeway: want 0 to %v", maxLeeway))
	}
	return errors.Join(faults...)
}

var (
	guidPattern   = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)
	domainPattern = regexp.MustCompile(`^([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?\.)+[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$`)
)

func isGUID(s string) bool { return guidPattern.MatchString(s) }

// secureURL parses an absolute https URL, or an http one of a loopback host
// when allowHTTP says so. Userinfo and a fragment are refused.
func secureURL(raw string, allowHTTP bool) (*url.URL, error) {
	const maxURL = 2048
	u, err := url.Parse(raw)
	switch {
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

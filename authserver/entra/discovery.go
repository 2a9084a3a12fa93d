package entra

import (
	"cmp"
	"context"
	"encoding/json"
	"net/url"
	"slices"
	"strings"

	"github.com/go-jose/go-jose/v4"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
)

const maxDiscovery = 256 << 10 // bytes

// allowedAlgs are the signatures that are accepted when the provider lists them.
// "none" and the HMACs can never get in.
func allowedAlgs() []jose.SignatureAlgorithm {
	return []jose.SignatureAlgorithm{
		jose.RS256, jose.RS384, jose.RS512, jose.PS256, jose.PS384, jose.PS512, jose.ES256, jose.ES384, jose.ES512,
	}
}

// wellKnown is where the document of an issuer or authority is.
func wellKnown(authority string) string {
	return strings.TrimSuffix(authority, "/") + "/.well-known/openid-configuration"
}

// discover reads the authority's discovery document once. Errors are *Error.
func (rp *RelyingParty) discover(ctx context.Context) (p *provider, err error) {
	asking := rp.counted.discovery.Begin()
	defer func() { asking.End(resultOf(err)) }()
	body, err := fetch(ctx, rp.cfg.Client, wellKnown(rp.cfg.Authority), maxDiscovery)
	if err != nil {
		return nil, err
	}
	return rp.parseDiscovery(body)
}

func (rp *RelyingParty) parseDiscovery(body []byte) (*provider, error) {
	return rp.parseDocument(body, rp.checkIssuer)
}

// discoverTenant reads the own document of one tenant of MultiTenant once: what
// the authority's says of keys is about the keys of all the tenants there are.
func (rp *RelyingParty) discoverTenant(ctx context.Context, t *tenant) (doc *tenantDoc, err error) {
	asking := rp.counted.discovery.Begin()
	defer func() { asking.End(resultOf(err)) }()
	body, err := fetch(ctx, rp.cfg.Client, wellKnown(t.v2), maxDiscovery)
	if err != nil {
		return nil, err
	}
	p, err := rp.parseDocument(body, func(issuer string) (string, error) { return t.id, sameIssuer(issuer, t.v2) })
	if err != nil {
		return nil, err
	}
	return rp.newTenantDoc(p), nil
}

// parseDocument reads a document. check judges its issuer and gives the GUID of
// the tenant that it is about.
func (rp *RelyingParty) parseDocument(body []byte, check func(issuer string) (tenant string, err error)) (*provider, error) {
	doc, err := parseObject(body)
	if err != nil {
		return nil, refuse(ReasonIDPError, "discovery document: %w", err)
	}
	issuer, err := doc.text("issuer")
	if err != nil || issuer == "" {
		return nil, refuse(ReasonIDPError, "discovery document: no issuer")
	}
	tenant, err := check(issuer)
	if err != nil {
		return nil, err
	}
	urls, err := rp.endpoints(doc)
	if err != nil {
		return nil, err
	}
	p := &provider{
		issuer: issuer, tenant: tenant,
		authorize: urls[authorizeMember], token: urls[tokenMember].String(), keys: urls[keysMember].String(), endSession: urls[endSessionMember],
	}
	if p.algs = algorithms(doc); len(p.algs) == 0 {
		return nil, refuse(ReasonIDPError, "discovery document: no signature algorithm that is accepted here")
	}
	p.issParam = string(doc.values["authorization_response_iss_parameter_supported"]) == "true"
	scopes := doc.texts("scopes_supported")
	p.noOffline = len(scopes) > 0 && !slices.Contains(scopes, offlineAccess)
	return p, nil
}

// The members of a discovery document that hold addresses.
const (
	authorizeMember  = "authorization_endpoint"
	tokenMember      = "token_endpoint"
	keysMember       = "jwks_uri"
	endSessionMember = "end_session_endpoint" // optional
)

// endpoints gives the addresses by member. One that is there and unusable is an
// error, also an optional one.
func (rp *RelyingParty) endpoints(doc *object) (map[string]*url.URL, error) {
	// A provider that is itself on loopback may have its endpoints there too.
	allowHTTP := strings.HasPrefix(rp.cfg.Authority, "http:")
	urls := map[string]*url.URL{}
	for _, name := range []string{authorizeMember, tokenMember, keysMember, endSessionMember} {
		raw, err := doc.text(name)
		if err == nil && raw == "" && name == endSessionMember {
			continue
		}
		if err == nil {
			urls[name], err = secureURL(raw, allowHTTP)
		}
		if err != nil {
			return nil, refuse(ReasonIDPError, "discovery document: %s: %w", name, err)
		}
	}
	return urls, nil
}

// checkIssuer judges the issuer of the authority's document and gives the GUID of
// its tenant, "" where there is none. It must be the one that is computed, with
// the GUID that is configured or, for a tenant configured by a domain, any GUID.
func (rp *RelyingParty) checkIssuer(issuer string) (tenant string, err error) {
	switch {
	case rp.cfg.Kind == Plain:
		return "", sameIssuer(issuer, rp.cfg.Authority)
	case rp.cfg.Kind == MultiTenant: // a template: there is no such tenant
		return "", sameIssuer(issuer, rp.base()+"/{tenantid}/v2.0")
	}
	id := rp.cfg.TenantID
	if !access.IsGUID(id) {
		id = guidIn.FindString(issuer)
	}
	if !access.IsGUID(id) || !rp.mayIssue(issuer, id) {
		return "", refuse(ReasonIssuer, "discovery document: its issuer %q is not %s", capped(issuer), rp.issuerOf(cmp.Or(id, "{tenant's GUID}")))
	}
	return id, nil
}

func sameIssuer(issuer, want string) error {
	if issuer != want {
		return refuse(ReasonIssuer, "discovery document: its issuer %q is not %q", capped(issuer), want)
	}
	return nil
}

// algorithms intersects the provider's list with ours. A provider without a
// list means RS256, the one algorithm that all must have.
func algorithms(doc *object) []string {
	raw, ok := doc.values["id_token_signing_alg_values_supported"]
	if !ok {
		return []string{string(jose.RS256)}
	}
	var listed []string
	if json.Unmarshal(raw, &listed) != nil {
		return nil
	}
	var algs []string
	for _, alg := range allowedAlgs() {
		if slices.Contains(listed, string(alg)) {
			algs = append(algs, string(alg))
		}
	}
	return algs
}

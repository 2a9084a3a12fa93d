package entra

import (
	"context"
	"encoding/json"
	"net/url"
	"slices"
	"strings"

	"github.com/go-jose/go-jose/v4"
)

const maxDiscovery = 256 << 10 // bytes

// provider is what discovery found out. It does not change.
type provider struct {
	issuer     string // as tokens must name it
	tenant     string // GUID that tid must equal; empty for a plain provider
	authorize  *url.URL
	token      string
	endSession *url.URL // nil: the provider has none
	algs       []string // allowed for ID tokens, never empty
	issParam   bool     // RFC 9207: an answer without iss is not the provider's
	keys       *keySet
}

// allowedAlgs are the signatures that are accepted when the provider lists them.
// "none" and the HMACs can never get in.
func allowedAlgs() []jose.SignatureAlgorithm {
	return []jose.SignatureAlgorithm{
		jose.RS256, jose.RS384, jose.RS512, jose.PS256, jose.PS384, jose.PS512, jose.ES256, jose.ES384, jose.ES512,
	}
}

// discover reads the discovery document once. Errors are *Error.
func (rp *RelyingParty) discover(ctx context.Context) (*provider, error) {
	body, err := fetch(ctx, rp.client, strings.TrimSuffix(rp.issuer, "/")+"/.well-known/openid-configuration", maxDiscovery)
	if err != nil {
		return nil, err
	}
	return rp.parseDiscovery(body)
}

func (rp *RelyingParty) parseDiscovery(body []byte) (*provider, error) {
	doc, err := parseObject(body)
	if err != nil {
		return nil, refuse(ReasonIDPError, "discovery document: %w", err)
	}
	issuer, tenant, err := rp.checkIssuer(doc)
	if err != nil {
		return nil, err
	}
	urls, err := rp.endpoints(doc)
	if err != nil {
		return nil, err
	}
	p := &provider{
		issuer: issuer, tenant: tenant,
		authorize: urls[authorizeMember], token: urls[tokenMember].String(), endSession: urls[endSessionMember],
	}
	if p.algs = algorithms(doc); len(p.algs) == 0 {
		return nil, refuse(ReasonIDPError, "discovery document: no signature algorithm that is accepted here")
	}
	p.issParam = string(doc.values["authorization_response_iss_parameter_supported"]) == "true"
	p.keys = &keySet{url: urls[keysMember].String(), client: rp.client, now: rp.now, needKeyID: rp.tenant != ""}
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
	allowHTTP := strings.HasPrefix(rp.issuer, "http:")
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

// checkIssuer gives the issuer that tokens must have, and the tenant's GUID. It
// must be the configured issuer, with one exception: a tenant configured by a
// domain is found under the domain, but speaks as https://same-host/{guid}/v2.0.
func (rp *RelyingParty) checkIssuer(doc *object) (issuer, tenant string, err error) {
	issuer, err = doc.text("issuer")
	if err != nil || issuer == "" {
		return "", "", refuse(ReasonIDPError, "discovery document: no issuer")
	}
	if rp.tenant == "" || isGUID(rp.tenant) {
		if issuer != rp.issuer {
			return "", "", refuse(ReasonIssuer, "discovery document: its issuer %q is not the configured %q", capped(issuer), rp.issuer)
		}
		return issuer, rp.tenant, nil
	}
	ours, err := url.Parse(rp.issuer)
	if err != nil {
		return "", "", refuse(ReasonIssuer, "configured issuer: no URL")
	}
	base := ours.Scheme + "://" + ours.Host + "/"
	guid := strings.TrimSuffix(strings.TrimPrefix(issuer, base), "/v2.0")
	if !isGUID(guid) || issuer != base+guid+"/v2.0" {
		return "", "", refuse(ReasonIssuer, "discovery document: its issuer %q is not %s{tenant's GUID}/v2.0", capped(issuer), base)
	}
	return issuer, guid, nil
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

package entra

import (
	"net/url"
	"strings"
	"sync/atomic"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
)

// provider is what the discovery document of the authority says. It does not
// change.
type provider struct {
	issuer     string // of the document; with MultiTenant it holds {tenantid}
	tenant     string // GUID; "" with Plain and MultiTenant
	authorize  *url.URL
	token      string
	keys       string   // where the signing keys are
	endSession *url.URL // nil: the provider has none
	algs       []string // of the signatures of tokens, never empty
	issParam   bool     // RFC 9207: an answer without iss is not the provider's
	noOffline  bool     // it lists its scopes, and offline_access is not one
}

// tenant is one issuer of tokens that are accepted: a tenant of Entra ID, or a
// plain provider. All but its document is known before anything is asked, but for
// a tenant that is configured by a domain.
type tenant struct {
	id string // GUID; "" for a plain provider
	v2 string // issuer of ID tokens and v2 access tokens
	v1 string // issuer of v1 access tokens; "" if none are accepted

	doc atomic.Pointer[tenantDoc] // nil until its own discovery document was read
}

// tenantDoc is what the discovery document of one tenant says.
type tenantDoc struct {
	token string   // its token endpoint
	algs  []string // never empty
	keys  *keySet
}

// tenantSet is every tenant that is accepted. It does not change.
type tenantSet struct {
	all      []*tenant
	byIssuer map[string]*tenant // v1 and v2
}

func newTenantSet(tenants ...*tenant) *tenantSet {
	set := &tenantSet{all: tenants, byIssuer: map[string]*tenant{}}
	for _, t := range tenants {
		set.byIssuer[t.v2] = t
		if t.v1 != "" {
			set.byIssuer[t.v1] = t
		}
	}
	return set
}

// byID returns the tenant with this GUID, nil if there is none.
func (s *tenantSet) byID(id string) *tenant {
	for _, t := range s.all {
		if strings.EqualFold(t.id, id) {
			return t
		}
	}
	return nil
}

// tenantOf returns the tenant that issues tokens under this name, exactly
// spelled; nil if none is accepted, or not known yet (a tenant configured by its
// domain, before discovery).
func (rp *RelyingParty) tenantOf(issuer string) *tenant {
	set := rp.tenants.Load()
	if set == nil {
		return nil
	}
	return set.byIssuer[issuer]
}

// Issuers returns the names under which the accepted tenants issue ID tokens, in
// the order of the configuration; nil while a tenant that is configured by its
// domain has not been found. A claim sid means something below one of these only.
func (rp *RelyingParty) Issuers() []string {
	set := rp.tenants.Load()
	if set == nil {
		return nil
	}
	issuers := make([]string, len(set.all))
	for i, t := range set.all {
		issuers[i] = t.v2
	}
	return issuers
}

// TenantAllowed reports whether people of a tenant, by its GUID, may come in: to
// be asked of every ticket, because what is configured may have changed since it
// was made. A plain provider has no tenants: there only "" may. Tokens of B2C need
// not name theirs, so there "" may too. While a tenant that is configured by its
// domain has not been found, every one may: its ticket was sealed for this domain.
func (rp *RelyingParty) TenantAllowed(tenant string) bool {
	switch {
	case rp.cfg.Kind == Plain:
		return tenant == ""
	case tenant == "":
		return rp.cfg.Kind == B2C
	}
	set := rp.tenants.Load()
	return set == nil || set.byID(tenant) != nil
}

// newTenants gives the accepted tenants as far as they are known before
// discovery; nil for a tenant that is configured by its domain.
func (rp *RelyingParty) newTenants() *tenantSet {
	switch {
	case rp.cfg.Kind == Plain:
		return newTenantSet(&tenant{v2: rp.cfg.Authority})
	case rp.cfg.Kind == MultiTenant:
		var all []*tenant
		for _, id := range rp.cfg.AllowedTenants {
			all = append(all, rp.newTenant(id, rp.issuerOf(id)))
		}
		return newTenantSet(all...)
	case access.IsGUID(rp.cfg.TenantID):
		return newTenantSet(rp.newTenant(rp.cfg.TenantID, rp.issuerOf(rp.cfg.TenantID)))
	}
	return nil
}

func (rp *RelyingParty) newTenant(id, issuer string) *tenant {
	t := &tenant{id: id, v2: issuer}
	if rp.cfg.V1Issuer != "" && (rp.cfg.Kind == SingleTenant || rp.cfg.Kind == MultiTenant) {
		t.v1 = rp.cfg.V1Issuer + id + "/"
	}
	return t
}

// issuerOf is the issuer of a tenant's ID tokens and v2 access tokens. It is
// computed, never taken from a document: a document is believed if it says the
// same.
func (rp *RelyingParty) issuerOf(id string) string {
	switch rp.cfg.Kind {
	case Plain:
		return rp.cfg.Authority
	case ExternalID: // under the tenant's GUID, also where the authority has its name
		return "https://" + id + ".ciamlogin.com/" + id + "/v2.0"
	case B2C: // without the policy
		return rp.base() + "/" + id + "/v2.0/"
	default:
		return rp.base() + "/" + id + "/v2.0"
	}
}

// base is scheme and host of the authority.
func (rp *RelyingParty) base() string {
	u, err := url.Parse(rp.cfg.Authority)
	if err != nil { // New has parsed it
		return ""
	}
	return u.Scheme + "://" + u.Host
}

// mayIssue reports whether the authority's document may name this issuer for a
// tenant. B2C can be set to put the policy into it ("tfp").
func (rp *RelyingParty) mayIssue(issuer, id string) bool {
	if issuer == rp.issuerOf(id) {
		return true
	}
	if rp.cfg.Kind != B2C {
		return false
	}
	rest, ok := strings.CutPrefix(issuer, rp.base()+"/tfp/"+id+"/")
	policy, ok2 := strings.CutSuffix(rest, "/v2.0/")
	return ok && ok2 && strings.EqualFold(policy, rp.cfg.Policy) // it is written in lower case there
}

// adopt takes over the authority's document.
func (rp *RelyingParty) adopt(p *provider) {
	if rp.cfg.Kind != MultiTenant { // there each tenant has a document of its own
		set := rp.tenants.Load()
		if set == nil || set.all[0].v2 != p.issuer { // known by its domain; or B2C with the policy in the issuer
			set = newTenantSet(rp.newTenant(p.tenant, p.issuer))
		}
		set.all[0].doc.Store(rp.newTenantDoc(p))
		rp.tenants.Store(set)
	}
	rp.provider.Store(p)
}

func (rp *RelyingParty) newTenantDoc(p *provider) *tenantDoc {
	return &tenantDoc{token: p.token, algs: p.algs, keys: rp.newKeySet(p.keys)}
}

func (rp *RelyingParty) newKeySet(url string) *keySet {
	return &keySet{url: url, client: rp.cfg.Client, now: rp.cfg.Now, needKeyID: rp.cfg.Kind != Plain, counted: rp.counted.keys}
}

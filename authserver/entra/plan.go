package entra

import (
	"slices"
	"strings"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
)

// Plan is what one trip to the provider asks for.
type Plan struct {
	// Scopes are those of the authorization request: OpenID Connect's first, then
	// our own as "<client id>/<name>", Microsoft Graph's, and others.
	Scopes []string
	// Resources get an access token each: the first with the code, the others
	// with the refresh token. There are one to four.
	Resources []Resource
}

// Resource is one API that a trip gets an access token for.
type Resource struct {
	Scopes []string // of the token request; the first resource's begin with OpenID Connect's
	Graph  bool     // its token can be used to ask Microsoft Graph
}

// PlanOptions says what the trip is for, beside scopes.
type PlanOptions struct {
	// Graph: Microsoft Graph will be asked, for queries or groups.
	Graph bool
	// Groups: it will have to be asked for groups, or, without Graph, may have to
	// be once the ID token is read, because that could not hold them all. Consent
	// and a refresh token are asked for; the access token is left to GraphToken,
	// unless the trip brings it anyway.
	Groups bool
	// Offline: a refresh token is wanted, whatever else is asked for, so that the
	// session can be refreshed. A plain provider whose document lists its scopes,
	// and offline_access is not among them, is not asked for one: it would refuse
	// the sign-in.
	Offline bool
}

const (
	userRead      = "User.Read" // what Entra ID grants for /me; the least that Graph has
	offlineAccess = "offline_access"
	maxResources  = 4
)

// Plan chooses the scopes and resources of one trip. base are the scopes of every
// sign-in, in any spelling; of m only Scopes is read, whose names are kept ones
// (access.ScopeNames).
//
// All names of an unmet clause are asked for, also where one would do: nobody
// here knows which of them the provider will grant. But of a bare name and our
// own of the same name, which stand in one clause while our registration is not
// known, only the bare one is: Entra ID refuses a request with a scope that does
// not exist. Names that are no scope (access.IsScope) are left out.
//
// Resources of unmet clauses go before Graph, when that is to be asked, and Graph
// before those of base scopes; what does not fit (four; with Azure AD B2C, which
// refuses more, one) waits for the next trip. A scope ".default" is asked for
// alone when it is the first, else not at all: Entra ID refuses it beside others.
//
// When Graph is to be asked and no scope of it is, User.Read is added. A plain
// provider has one resource and no User.Read.
func (rp *RelyingParty) Plan(base []string, m access.Missing, o PlanOptions) Plan {
	wanted, always := rp.choose(m.Scopes), rp.choose(rp.clauses(base))
	all := slices.Concat(wanted, always)
	scopes := []string{"openid", "profile", "email"}
	for _, name := range all {
		if access.IsOIDCScope(name) {
			scopes = appendNew(scopes, name)
		}
	}
	if rp.cfg.Kind == Plain {
		scopes = appendNew(scopes, all...)
		if p := rp.provider.Load(); o.Offline && (p == nil || !p.noOffline) {
			scopes = appendNew(scopes, offlineAccess)
		}
		return Plan{Scopes: scopes, Resources: []Resource{{Scopes: scopes}}}
	}
	first := slices.IndexFunc(all, func(name string) bool { return !access.IsOIDCScope(name) })
	alone := first >= 0 && isDefault(all[first])
	if alone {
		wanted, always = all[first:first+1], nil
	}
	list := needs{rp: rp}
	list.add(wanted, alone)
	if o.Graph && rp.hasGraph() {
		list.find(rp.cfg.GraphURL)
	}
	list.add(always, alone)
	return rp.assemble(scopes, list.all, o, alone)
}

// assemble makes a plan of resources in the order of their importance.
func (rp *RelyingParty) assemble(scopes []string, list []need, o PlanOptions, alone bool) Plan {
	isGraph := func(n need) bool { return n.resource == rp.cfg.GraphURL }
	askGraph := (o.Graph || o.Groups) && rp.hasGraph()
	if askGraph && len(list) == 0 {
		list = []need{{resource: rp.cfg.GraphURL}}
	}
	limit := maxResources
	if rp.cfg.Kind == B2C {
		limit = 1
	}
	list = list[:min(len(list), limit)]
	slices.SortStableFunc(list, func(a, b need) int { return rp.rank(a) - rp.rank(b) })

	later := askGraph && !slices.ContainsFunc(list, isGraph)
	if later || len(list) > 1 || o.Offline {
		scopes = appendNew(scopes, offlineAccess)
	}
	plan := Plan{Scopes: slices.Clone(scopes)}
	for _, n := range list {
		if len(n.names) == 0 { // Graph, of which nothing was named
			n.names = []string{userRead}
		}
		if isGraph(n) && o.Groups && !alone { // whatever else is asked of Graph
			n.names = appendNew(n.names, userRead)
		}
		if !alone || isDefault(n.names[0]) {
			plan.Scopes = appendNew(plan.Scopes, n.names...)
		}
		plan.Resources = append(plan.Resources, Resource{Scopes: n.names, Graph: isGraph(n) && rp.hasGraph()})
	}
	if later && !alone {
		plan.Scopes = appendNew(plan.Scopes, userRead)
	}
	if len(plan.Resources) == 0 { // Entra ID gives a token for Graph then
		plan.Resources = []Resource{{Graph: rp.hasGraph()}}
	}
	plan.Resources[0].Scopes = slices.Concat(scopes, plan.Resources[0].Scopes)
	return plan
}

// need is a resource and the scopes of it that are asked for.
type need struct {
	resource string
	names    []string
}

type needs struct {
	rp  *RelyingParty
	all []need
}

// find returns the entry of a resource, a new one if there is none.
func (l *needs) find(resource string) *need {
	i := slices.IndexFunc(l.all, func(n need) bool { return n.resource == resource })
	if i < 0 {
		i = len(l.all)
		l.all = append(l.all, need{resource: resource})
	}
	return &l.all[i]
}

func (l *needs) add(names []string, defaults bool) {
	for _, name := range names {
		if isDefault(name) == defaults && !access.IsOIDCScope(name) {
			n := l.find(l.rp.resourceOf(name))
			n.names = appendNew(n.names, name)
		}
	}
}

// choose gives the kept names of clauses that are asked for.
func (rp *RelyingParty) choose(clauses []access.Clause) []string {
	names := rp.cfg.Scopes
	var out []string
	for _, c := range clauses {
		for _, name := range c {
			bare, isOwn := strings.CutPrefix(name, names.Own(""))
			switch {
			case !access.IsScope(name), isOwn && names.IsOwn(name) && slices.Contains(c, bare):
			case slices.Contains(c, names.Own(name)): // by now the registration may be known
				out = appendNew(out, names.Rule(name)[0])
			default:
				out = appendNew(out, name)
			}
		}
	}
	return out
}

// clauses gives the kept names of scopes in any spelling.
func (rp *RelyingParty) clauses(scopes []string) []access.Clause {
	var out []access.Clause
	for _, s := range scopes {
		out = append(out, rp.cfg.Scopes.Rule(s))
	}
	return out
}

// hasGraph: Azure AD B2C gives no tokens for Graph to its users, and a token of
// another provider is never sent to Microsoft.
func (rp *RelyingParty) hasGraph() bool { return rp.cfg.Kind != Plain && rp.cfg.Kind != B2C }

// resourceOf gives the API that a kept name belongs to. A bare name is Microsoft
// Graph's, but for the client id, with which B2C means our own API.
func (rp *RelyingParty) resourceOf(scope string) string {
	end := strings.LastIndexByte(scope, '/')
	switch {
	case scope == rp.cfg.ClientID, rp.cfg.Scopes.IsOwn(scope):
		return rp.cfg.ClientID
	case end < 0, strings.HasPrefix(scope, rp.cfg.GraphURL+"/"):
		return rp.cfg.GraphURL
	}
	return scope[:end]
}

// rank is the order of resources: our own, Graph, others.
func (rp *RelyingParty) rank(n need) int {
	switch n.resource {
	case rp.cfg.ClientID:
		return 0
	case rp.cfg.GraphURL:
		return 1
	}
	return 2
}

func isDefault(scope string) bool {
	return scope == access.DefaultScope || strings.HasSuffix(scope, "/"+access.DefaultScope)
}

func appendNew(list []string, more ...string) []string {
	for _, s := range more {
		if !slices.Contains(list, s) {
			list = append(list, s)
		}
	}
	return list
}

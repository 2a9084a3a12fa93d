package translate

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/easyauth-sidecar/easyauth/ingress"
)

const (
	gatewayAPI   = "gateway.networking.k8s.io/v1"
	grantAPI     = "gateway.networking.k8s.io/v1beta1"
	envoyAPI     = "gateway.envoyproxy.io/v1alpha1"
	envoyGroup   = "gateway.envoyproxy.io"
	gatewayGroup = "gateway.networking.k8s.io"
	envoyHead    = `# Written by easyauth ingress translate --to envoy-gateway.
# EasyAuth needs EASYAUTH_ADAPTERS=envoy (or nginx,envoy while both proxies run).
# Keep the order: a SecurityPolicy must be there before the HTTPRoute that it protects.
`
	// Limits of the Gateway API: rules of an HTTPRoute and its hosts, matches of a rule, listeners of a Gateway.
	mostRules, mostHosts, mostMatches, mostListeners = 16, 16, 64, 64
)

// questionHeaders are what EasyAuth needs of a request. Envoy sends Host, method, path and Authorization by itself.
func questionHeaders() []string {
	return []string{
		"cookie", "authorization", "accept", "sec-fetch-mode", "sec-fetch-dest", "sec-fetch-site", "sec-fetch-user", "sec-purpose",
		"x-request-id", "traceparent", "tracestate",
	}
}

func envoyGateway(p *plan) (string, error) {
	var m manifests
	p.gateway(&m)
	p.envoySignIn(&m)
	for _, o := range p.objects {
		if len(p.refused[o.number]) == 0 {
			p.envoyObject(&m, o)
		}
	}
	p.say("the idle cookie of EASYAUTH_SESSION_IDLE cannot be renewed: an answer that lets pass cannot give the browser a cookie; use a session store")
	p.say("EASYAUTH_PROXY_SECRET_FILE cannot be used: a SecurityPolicy cannot add a header to the question; let a NetworkPolicy admit the proxy alone to EasyAuth")
	return m.text(envoyHead)
}

// segment writes a query as one segment of a path.
func segment(query string) string {
	if query == "" {
		return ingress.NoRule
	}
	return strings.NewReplacer("/", "%2F", "?", "%3F").Replace(query)
}

func (p *plan) gatewayName() (namespace, name string) {
	namespace, name, _ = strings.Cut(p.config.Gateway, "/")
	return namespace, name
}

// parent is the listener of a host.
func (p *plan) parent(s *site) []reference {
	namespace, name := p.gatewayName()
	section := "http"
	if s.TLS {
		section = listener(s.Host)
	}
	return []reference{{Name: name, Namespace: namespace, SectionName: section}}
}

func listener(host string) string { return short("https", host) }

// envoyObject adds the HTTPRoutes of one Ingress, a SecurityPolicy first. HTTPRoutes are one a host, as
// listeners are, and as many as the limits of the Gateway API need.
func (p *plan) envoyObject(m *manifests, o *object) {
	var routes []httpRoute
	for _, s := range p.sites {
		var own []*route
		for _, r := range s.Routes {
			if r.Owner == o {
				own = append(own, r)
			}
		}
		for chunk := range slices.Chunk(httpRules(own), mostRules) {
			routes = append(routes, httpRoute{ParentRefs: p.parent(s), Hostnames: []string{s.Host}, Rules: chunk})
		}
	}
	if o.protected && len(routes) > 0 {
		p.securityPolicies(m, o, len(routes))
	}
	for i, r := range routes {
		m.add(gatewayAPI, "HTTPRoute", o.Namespace, short(o.Name, strconv.Itoa(i+1)), r)
	}
}

// httpRules makes one rule a Service.
func httpRules(routes []*route) []httpRule {
	var rules []httpRule
	at := map[service]int{}
	for _, r := range routes {
		kind := "PathPrefix"
		if r.Exact {
			kind = "Exact"
		}
		i, ok := at[r.To]
		if !ok || len(rules[i].Matches) == mostMatches {
			i = len(rules)
			at[r.To] = i
			rules = append(rules, httpRule{BackendRefs: []reference{{Name: r.To.Name, Port: r.To.Port}}})
		}
		rules[i].Matches = append(rules[i].Matches, httpMatch{typed{kind, r.Path}})
	}
	return rules
}

func (p *plan) securityPolicies(m *manifests, o *object, routes int) {
	var targets []reference
	for i := range routes {
		targets = append(targets, reference{Group: gatewayGroup, Kind: "HTTPRoute", Name: short(o.Name, strconv.Itoa(i+1))})
	}
	i := 0
	for chunk := range slices.Chunk(targets, 16) { // the most that a policy takes
		var policy securityPolicy
		policy.TargetRefs = chunk
		policy.ExtAuth.HeadersToExtAuth = questionHeaders()
		policy.ExtAuth.HTTP.BackendRefs = []reference{{Name: o.asks.Name, Namespace: o.asks.Namespace, Port: o.asks.Port}}
		policy.ExtAuth.HTTP.Path = o.asks.Auth + "/envoy/" + segment(o.protection.Query)
		policy.ExtAuth.HTTP.HeadersToBackend = p.copied(o)
		i++
		m.add(envoyAPI, "SecurityPolicy", o.Namespace, short(o.Name, strconv.Itoa(i)), policy)
	}
}

// envoySignIn routes the sign-in paths, and hides the endpoint that Envoy asks.
func (p *plan) envoySignIn(m *manifests) {
	for _, o := range p.objects {
		if o.protected && len(p.refused[o.number]) == 0 && o.Namespace != o.asks.Namespace {
			p.grant(m, o.asks.Namespace, grantFrom{envoyGroup, "SecurityPolicy", o.Namespace}, "Service", o.asks.Name)
		}
	}
	sites := slices.Clone(p.sites)
	slices.SortStableFunc(sites, func(a, b *site) int { return cmp.Compare(a.Asks.Namespace, b.Asks.Namespace) })
	n := 0
	for _, s := range sites {
		if !s.signsIn() {
			continue
		}
		n++
		in := s.Asks.Namespace
		m.once(envoyAPI, "HTTPRouteFilter", in, hideName, map[string]any{"directResponse": map[string]any{"statusCode": 404}})
		hide := map[string]any{"type": "ExtensionRef", "extensionRef": reference{Group: envoyGroup, Kind: "HTTPRouteFilter", Name: hideName}}
		m.add(gatewayAPI, "HTTPRoute", in, short(signInName, strconv.Itoa(n)), httpRoute{
			ParentRefs: p.parent(s), Hostnames: []string{s.Host},
			Rules: []httpRule{
				{Matches: []httpMatch{{typed{"PathPrefix", s.Asks.Auth}}}, Filters: []any{hide}},
				{
					Matches:     []httpMatch{{typed{"PathPrefix", s.Asks.Base}}},
					BackendRefs: []reference{{Name: s.Asks.pages.Name, Port: s.Asks.pages.Port}},
				},
			},
		})
	}
}

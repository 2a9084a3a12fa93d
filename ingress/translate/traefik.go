package translate

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

const (
	traefikAPI  = "traefik.io/v1alpha1"
	stripName   = "easyauth-strip"
	tokensName  = "easyauth-no-tokens" // #nosec G101 -- a name
	secureName  = "easyauth-https"
	signInName  = "easyauth-sign-in"
	hideName    = "easyauth-not-found"
	traefikHead = `# Written by easyauth ingress translate --to traefik.
# EasyAuth needs EASYAUTH_ADAPTERS=forward (or nginx,forward while both proxies run).
`
)

// Priorities: the sign-in paths and refusals are above all paths of applications (at most 6·1024+1).
const (
	prioritySignIn = 10_000
	priorityHide   = 10_001
	priorityRefuse = 10_002
)

// traefik writes IngressRoutes and Middlewares. An object may refer to its own namespace alone
// (allowCrossNamespace is off by default), so each namespace has its own Middlewares, and the sign-in paths
// are routed in EasyAuth's.
func traefik(p *plan) (string, error) {
	var m manifests
	p.traefikSignIn(&m)
	for _, o := range p.objects {
		if len(p.refused[o.number]) == 0 {
			p.traefikObject(&m, o)
		}
	}
	p.say("set http.aliasHeadersStrategy: delete on Traefik's entry points (3.7.12 and later): a Middleware takes out the headers of clients by name, and on open paths other spellings than with -, _ or . alone would stay")
	p.say("set providers.kubernetesCRD.safeNaming: true: without it Traefik takes the Middleware c of namespace a-b for b-c of namespace a")
	p.say("leave forwardedHeaders.insecure of Traefik's entry points off, and name only your own load balancers in trustedIPs")
	return m.text(traefikHead)
}

// traefikSignIn routes the sign-in paths. Nobody outside reaches the endpoint that Traefik asks.
func (p *plan) traefikSignIn(m *manifests) {
	groups := map[easyAuth]traefikGroups{}
	for _, s := range p.sites {
		if !s.signsIn() {
			continue
		}
		in := s.Asks.Namespace
		hide := short(hideName, strings.ReplaceAll(strings.Trim(s.Asks.Base, "/"), "/", "."))
		if isLabel(strings.Trim(s.Asks.Base, "/")) {
			hide = hideName + "-" + strings.Trim(s.Asks.Base, "/")
		}
		m.once(traefikAPI, "Middleware", in, hide, map[string]any{"replacePath": map[string]string{"path": s.Asks.Base + "/not-found"}})
		to := []traefikService{{Name: s.Asks.pages.Name, Port: s.Asks.pages.Port}}
		secret := ""
		if s.In == in {
			secret = s.Secret
		}
		groups[s.Asks] = groups[s.Asks].add(s, secret,
			traefikRoute{
				Kind: "Rule", Match: s.match("PathRegexp(`(?i)^" + regexp.QuoteMeta(s.Asks.Auth) + "`)"), Priority: priorityHide,
				Middlewares: []traefikName{{hide}}, Services: to,
			},
			traefikRoute{Kind: "Rule", Match: s.match("PathPrefix(`" + s.Asks.Base + "/`)"), Priority: prioritySignIn, Services: to})
	}
	for i, asks := range p.asked() {
		for k, g := range groups[asks] {
			g.write(m, asks.Namespace, short(signInName, strconv.Itoa(i+1), strconv.Itoa(k+1)))
		}
	}
	p.traefikRedirects(m)
}

func (p *plan) traefikObject(m *manifests, o *object) {
	p.traefikCommon(m, o.Namespace)
	with := []traefikName{{stripName}}
	if o.protected {
		with = append(with, traefikName{short(o.Name, "auth")})
		if name, some := p.tokens(m, o); some {
			with = append(with, name)
		}
		m.add(traefikAPI, "Middleware", o.Namespace, short(o.Name, "auth"), map[string]any{"forwardAuth": p.forwardAuth(o)})
	}
	var groups traefikGroups
	for _, s := range p.sites {
		var routes []traefikRoute
		for _, r := range s.Routes {
			if r.Owner == o {
				routes = append(routes, traefikRoute{
					Kind: "Rule", Match: s.match(traefikPath(r)), Priority: priority(r), Middlewares: with,
					Services: []traefikService{{Name: r.To.Name, Port: r.To.Port}},
				})
			}
		}
		if len(routes) > 0 && s.mixed() && s.Routes[0].Owner == o {
			routes = append(routes, traefikRoute{Kind: "Rule", Match: s.match("PathRegexp(`(?i)%(2f|5c)`)"), Priority: priorityRefuse, Services: noService()})
			p.saysOnce("Traefik tells %2F from /, ingress-nginx did not: on hosts with several rules, paths with %2F or %5C are answered with 418")
		}
		secret := ""
		if s.In == o.Namespace {
			secret = s.Secret
		}
		groups = groups.add(s, secret, routes...)
	}
	for k, g := range groups {
		g.write(m, o.Namespace, short(o.Name, strconv.Itoa(k+1)))
	}
}

// noService is of Traefik's own; it answers 418.
func noService() []traefikService {
	return []traefikService{{Kind: "TraefikService", Name: "noop@internal"}}
}

// traefikRedirects sends plain http to https, for the hosts that have a certificate.
func (p *plan) traefikRedirects(m *manifests) {
	byNamespace := map[string][]traefikRoute{}
	for _, s := range p.sites {
		if !s.TLS {
			continue
		}
		in := s.Asks.Namespace
		if in == "" {
			in = s.Routes[0].Owner.Namespace
		}
		byNamespace[in] = append(byNamespace[in], traefikRoute{
			Kind: "Rule", Match: "Host(`" + s.Host + "`)", Priority: priorityRefuse, Middlewares: []traefikName{{secureName}}, Services: noService(),
		})
	}
	for _, in := range slices.Sorted(maps.Keys(byNamespace)) {
		m.add(traefikAPI, "Middleware", in, secureName, map[string]any{"redirectScheme": map[string]any{"scheme": "https", "permanent": true}})
		m.add(traefikAPI, "IngressRoute", in, secureName, ingressRoute{EntryPoints: []string{"web"}, Routes: byNamespace[in]})
	}
}

func (s *site) match(path string) string { return "Host(`" + s.Host + "`) && " + path }

// traefikPath matches on segment boundaries. Traefik's own PathPrefix does not.
func traefikPath(r *route) string {
	switch {
	case r.Exact:
		return "Path(`" + r.Path + "`)"
	case r.Path == "/":
		return "PathPrefix(`/`)"
	}
	return "(Path(`" + r.Path + "`) || PathPrefix(`" + r.Path + "/`))"
}

// priority puts the longest path first, and Exact before a Prefix of the same.
func priority(r *route) int {
	n := 2*len(r.Path) + 1
	if r.Exact {
		n += 4 * 1024
	}
	return n
}

package translate

// The parts of Traefik's objects that are written.
type (
	traefikRoute struct {
		Kind        string           `yaml:"kind"`
		Match       string           `yaml:"match"`
		Priority    int              `yaml:"priority"`
		Middlewares []traefikName    `yaml:"middlewares,omitempty"`
		Services    []traefikService `yaml:"services"`
	}
	traefikName    struct{ Name string }
	traefikService struct {
		Kind string `yaml:"kind,omitempty"`
		Name string `yaml:"name"`
		Port int    `yaml:"port,omitempty"`
	}
	traefikTLS struct {
		SecretName string `yaml:"secretName,omitempty"`
	}
	ingressRoute struct {
		EntryPoints []string       `yaml:"entryPoints"`
		Routes      []traefikRoute `yaml:"routes"`
		TLS         *traefikTLS    `yaml:"tls,omitempty"`
	}
	forwardAuth struct {
		Address                  string   `yaml:"address"`
		TrustForwardHeader       bool     `yaml:"trustForwardHeader"`
		AuthRequestHeaders       []string `yaml:"authRequestHeaders"`
		AuthResponseHeaders      []string `yaml:"authResponseHeaders"`
		AuthResponseHeadersRegex string   `yaml:"authResponseHeadersRegex"`
		AddAuthCookiesToResponse []string `yaml:"addAuthCookiesToResponse"`
		MaxResponseBodySize      int      `yaml:"maxResponseBodySize"`
	}
)

// traefikGroup is one IngressRoute: routes with the same certificate.
type traefikGroup struct {
	tls    bool
	secret string
	routes []traefikRoute
}

type traefikGroups []traefikGroup

func (g traefikGroups) add(s *site, secret string, routes ...traefikRoute) traefikGroups {
	if len(routes) == 0 {
		return g
	}
	for i := range g {
		if g[i].tls == s.TLS && g[i].secret == secret {
			g[i].routes = append(g[i].routes, routes...)
			return g
		}
	}
	return append(g, traefikGroup{s.TLS, secret, routes})
}

// write adds the IngressRoute.
func (g traefikGroup) write(m *manifests, namespace, name string) {
	if !g.tls {
		m.add(traefikAPI, "IngressRoute", namespace, short(name, "web"), ingressRoute{EntryPoints: []string{"web"}, Routes: g.routes})
		return
	}
	m.add(traefikAPI, "IngressRoute", namespace, short(name, "websecure"),
		ingressRoute{EntryPoints: []string{"websecure"}, Routes: g.routes, TLS: &traefikTLS{SecretName: g.secret}})
}

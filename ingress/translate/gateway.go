package translate

import (
	"slices"
	"strconv"
	"strings"
)

// gateway adds the Gateway, what its clients may send, the way to https, and leave to use what lies in other namespaces.
func (p *plan) gateway(m *manifests) {
	namespace, name := p.gatewayName()
	all := map[string]any{"namespaces": map[string]string{"from": "All"}}
	listeners := []any{struct {
		Name, Protocol string
		Port           int
		AllowedRoutes  any `yaml:"allowedRoutes"`
	}{"http", "HTTP", 80, all}}
	var secured []string
	for _, s := range p.sites {
		if !s.TLS {
			continue
		}
		secured = append(secured, s.Host)
		secret, in := s.Secret, s.In
		if secret == "" {
			secret, in = short(s.Host, "tls"), namespace
			p.say("%s needs a Secret with its certificate: %s/%s", s.Host, in, secret)
		}
		listeners = append(listeners, struct {
			Name, Protocol string
			Port           int
			Hostname       string
			TLS            any
			AllowedRoutes  any `yaml:"allowedRoutes"`
		}{listener(s.Host), "HTTPS", 443, s.Host, map[string]any{"certificateRefs": []reference{{Name: secret, Namespace: in}}}, all})
		if in != namespace {
			p.grant(m, in, grantFrom{gatewayGroup, "Gateway", namespace}, "Secret", secret)
		}
	}
	if len(listeners) > mostListeners {
		p.say("the Gateway has %d listeners; one takes %d: spread the hosts over several", len(listeners), mostListeners)
	}
	m.add(envoyAPI, "ClientTrafficPolicy", namespace, name, p.clientTraffic(name))
	m.add(gatewayAPI, "Gateway", namespace, name, struct {
		GatewayClassName string `yaml:"gatewayClassName"`
		Listeners        []any
	}{p.config.GatewayClass, listeners})
	redirect := map[string]any{"type": "RequestRedirect", "requestRedirect": map[string]any{"scheme": "https", "statusCode": 301}}
	i := 0
	for chunk := range slices.Chunk(secured, mostHosts) {
		i++
		m.add(gatewayAPI, "HTTPRoute", namespace, short(secureName, strconv.Itoa(i)), httpRoute{
			ParentRefs: []reference{{Name: name, SectionName: "http"}}, Hostnames: chunk, Rules: []httpRule{{Filters: []any{redirect}}},
		})
	}
}

// envoyForwarded matches those of X-Forwarded-… that Envoy does not set itself: a client's reach the application.
const envoyForwarded = "^x[^a-z0-9]forwarded[^a-z0-9](host|method|port|prefix|server|uri)$"

// clientTraffic takes out headers before anything is routed or asked.
func (p *plan) clientTraffic(gateway string) any {
	var remove []map[string]string
	for _, expression := range append(p.spelledAny(), envoyForwarded) {
		remove = append(remove, map[string]string{"type": "RegularExpression", "value": strings.Trim(expression, "^$")})
	}
	return map[string]any{
		"targetRefs": []reference{{Group: gatewayGroup, Kind: "Gateway", Name: gateway}},
		"path":       map[string]string{"escapedSlashesAction": "UnescapeAndRedirect"},
		"headers": map[string]any{
			"withUnderscoresAction": "RejectRequest",
			"earlyRequestHeaders":   map[string]any{"removeOnMatch": remove},
		},
	}
}

type grantFrom struct{ Group, Kind, Namespace string }

// grant lets objects of another namespace use one thing of this one.
func (p *plan) grant(m *manifests, in string, from grantFrom, kind, name string) {
	m.once(grantAPI, "ReferenceGrant", in, short("easyauth", strings.ToLower(from.Kind), from.Namespace, strings.ToLower(kind), name), map[string]any{
		"from": []grantFrom{from},
		"to":   []map[string]string{{"group": "", "kind": kind, "name": name}},
	})
}

package translate

import (
	"slices"
	"strings"
)

func (p *plan) forwardAuth(o *object) forwardAuth {
	address := o.asks.url() + o.asks.Auth + "/forward"
	if o.protection.Query != "" {
		address += "?" + o.protection.Query
	}
	return forwardAuth{
		Address: address, AuthRequestHeaders: questionHeaders(), AuthResponseHeaders: append(p.copied(o), o.blanked...), AuthResponseHeadersRegex: "(?i)(" + strings.Join(p.spelledAny(), "|") + ")",
		AddAuthCookiesToResponse: []string{"__Host-easyauth-seen"}, MaxResponseBodySize: 1 << 20,
	}
}

// tokens gives the Middleware that takes out what ForwardAuth copies although the Ingress does not list it.
func (p *plan) tokens(m *manifests, o *object) (traefikName, bool) {
	remove := map[string]string{}
	for _, name := range handed() {
		if name = p.config.HeaderPrefix + name; !slices.Contains(o.headers, name) {
			remove[titled(name)] = ""
		}
	}
	name := tokensName
	if len(remove) < len(handed()) {
		name = short(o.Name, "unlisted")
	}
	if len(remove) > 0 {
		m.once(traefikAPI, "Middleware", o.Namespace, name, map[string]any{"headers": map[string]any{"customRequestHeaders": remove}})
	}
	return traefikName{name}, len(remove) > 0
}

// traefikCommon adds what each namespace needs.
func (p *plan) traefikCommon(m *manifests, namespace string) {
	remove := map[string]string{}
	for _, name := range p.foreign() {
		for _, sign := range []string{"-", "_", "."} {
			remove[titled(strings.ReplaceAll(name, "-", sign))] = ""
		}
	}
	m.once(traefikAPI, "Middleware", namespace, stripName, map[string]any{"headers": map[string]any{"customRequestHeaders": remove}})
}

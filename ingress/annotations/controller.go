package annotations

import "strings"

// controllers reads the settings of ingress-nginx, where its ConfigMap is among what was read.
func (c *checker) controllers() {
	for k := range c.manifest.ConfigMaps {
		m := &c.manifest.ConfigMaps[k]
		for _, path := range strings.Split(m.Data["no-auth-locations"].Text, ",") {
			if path = strings.TrimSpace(path); path != "" && !challenge(path) {
				c.add("no-auth-locations", m.at(m.Data["no-auth-locations"]), "no-auth-locations has %s: nobody is asked there", shown(path))
			}
		}
		if v, ok := m.Data["large-client-header-buffers"]; ok {
			_, one, _ := strings.Cut(strings.TrimSpace(v.Text), " ")
			if n, ok := size(one); !ok || n < 8<<10 {
				c.add("request-buffer", m.at(v), "large-client-header-buffers %s is less than nginx's own 4 8k", shown(v.Text))
			}
		}
		c.globalAuth(m)
	}
}

// globalAuth reads whom the controller asks where an Ingress says nothing. It counts for nobody when the
// Ingresses are of several classes: then it is not known whose settings these are.
func (c *checker) globalAuth(m *ConfigMap) {
	var p Protection
	for name, into := range p.fields() {
		*into = m.Data["global-"+name]
	}
	p.ProxySetHeaders = Value{} // there is none for all
	if strings.TrimSpace(p.AuthURL.Text) == "" {
		return
	}
	p.read()
	g := guard{Protection: p, on: true, all: m.at(Value{}), of: m.at}
	if c.AuthPath != "" && g.Path == c.AuthPath {
		g.EasyAuth = true
	}
	c.judge(g)
	classes := map[string]bool{}
	for k := range c.manifest.Ingresses {
		if class := c.manifest.Ingresses[k].Class; class != "" && !foreign(class) {
			classes[class] = true
		}
	}
	if c.global == nil && len(classes) < 2 {
		c.global = &g
	}
}

// controllerSize is a size in the settings of the controller, the least if there are several; 0 where
// there is none.
func (c *checker) controllerSize(key string) int {
	least := 0
	for k := range c.manifest.ConfigMaps {
		v, ok := c.manifest.ConfigMaps[k].Data[key]
		if !ok {
			continue
		}
		if n, ok := size(v.Text); ok && (least == 0 || n < least) {
			least = n
		}
	}
	return least
}

package annotations

import (
	"strconv"
	"strings"
)

// controllers reads the settings of ingress-nginx, where its ConfigMap is among what was read.
func (c *checker) controllers() {
	for _, m := range c.settings {
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
		for _, key := range []string{"http-snippet", "server-snippet", "location-snippet"} {
			c.snippet(m.at(m.Data[key]), key, m.Data[key].Text)
		}
		c.sentHeaders(m)
		c.globalAuth(m)
	}
}

// sentHeaders looks for ways on which an identity that is not EasyAuth's comes to every application.
func (c *checker) sentHeaders(m *ConfigMap) {
	if to := c.named("proxy-set-headers", m.Namespace, m.Data["proxy-set-headers"], m.at); to != nil {
		for header, v := range to.Data {
			if v.Text != "" && c.isIdentity("proxy-set-headers", header) {
				c.add("sent-headers", to.at(v), "%s is set for every application by proxy-set-headers of %s", shown(header), m.Title())
			}
		}
	}
	for _, l := range []struct {
		key    string
		loose  bool
		passes string
	}{{"enable-underscores-in-headers", true, "X_Injected_Roles"}, {"ignore-invalid-headers", false, "X.Injected.Roles"}} {
		v := m.Data[l.key]
		if is, err := strconv.ParseBool(strings.TrimSpace(v.Text)); err == nil && is == l.loose {
			c.add("loose-headers", m.at(v), "%s is %t: a client's %s reaches the application", l.key, l.loose, l.passes)
		}
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
		if class := c.manifest.Ingresses[k].Class; class != "" && !Foreign(class) {
			classes[class] = true
		}
	}
	if c.global == nil && len(classes) < 2 {
		c.global = &g
	}
}

// controllerSize is a size in the settings of the controller, the least if there are several, and where it
// stands; 0 where there is none.
func (c *checker) controllerSize(key string) (least int, at place) {
	for _, m := range c.settings {
		v, ok := m.Data[key]
		if !ok {
			continue
		}
		if n, ok := size(v.Text); ok && (least == 0 || n < least) {
			least, at = n, m.at(v)
		}
	}
	return least, at
}

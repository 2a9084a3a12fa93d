package annotations

import (
	"strings"

	"go.yaml.in/yaml/v3"
)

func (p *parser) ingress(n *yaml.Node, m map[string]*yaml.Node) error {
	i := Ingress{File: p.file, Line: n.Line}
	meta, err := p.mapping(m["metadata"], "metadata")
	if err != nil {
		return err
	}
	if i.Namespace, i.Name, err = p.named(n, meta, "an Ingress"); err != nil {
		return err
	}
	if i.Annotations, err = p.values(meta["annotations"], "annotation"); err != nil {
		return err
	}
	spec, err := p.mapping(m["spec"], "spec")
	if err != nil {
		return err
	}
	if i.Class, err = p.text(spec["ingressClassName"], "spec.ingressClassName"); err != nil {
		return err
	}
	if i.Class == "" {
		i.Class = i.Annotations[classAnnotation].Text
	}
	rules, err := p.sequence(spec["rules"], "spec.rules")
	if err != nil {
		return err
	}
	for _, rule := range rules {
		r, err := p.rule(rule)
		if err != nil {
			return err
		}
		i.Rules = append(i.Rules, r)
	}
	if err := p.defaultBackend(&i, spec); err != nil {
		return err
	}
	if i.TLS, err = p.tls(spec["tls"]); err != nil {
		return err
	}
	p.found.Ingresses = append(p.found.Ingresses, i)
	return nil
}

func (p *parser) named(n *yaml.Node, meta map[string]*yaml.Node, what string) (namespace, name string, err error) {
	if namespace, err = p.text(meta["namespace"], "metadata.namespace"); err != nil {
		return "", "", err
	}
	if name, err = p.text(meta["name"], "metadata.name"); err == nil && name == "" {
		name, err = p.text(meta["generateName"], "metadata.generateName")
	}
	if err == nil && name == "" {
		err = p.fault(n, "%s has no metadata.name", what)
	}
	return namespace, name, err
}

// values reads a map of texts.
func (p *parser) values(n *yaml.Node, what string) (map[string]Value, error) {
	m, err := p.mapping(n, what+"s")
	if err != nil {
		return nil, err
	}
	out := make(map[string]Value, len(m))
	for key, node := range m {
		text, err := p.text(node, what+" "+key)
		if err != nil {
			return nil, err
		}
		out[key] = Value{Text: text, Line: max(node.Line, 1)}
	}
	return out, nil
}

func (p *parser) rule(n *yaml.Node) (Rule, error) {
	m, err := p.mapping(n, "a rule")
	if err != nil {
		return Rule{}, err
	}
	r := Rule{Line: n.Line}
	if r.Host, err = p.text(m["host"], "host"); err != nil {
		return Rule{}, err
	}
	http, err := p.mapping(m["http"], "http")
	if err != nil {
		return Rule{}, err
	}
	paths, err := p.sequence(http["paths"], "paths")
	if err != nil {
		return Rule{}, err
	}
	for _, path := range paths {
		one, err := p.path(path)
		if err != nil {
			return Rule{}, err
		}
		r.Paths = append(r.Paths, one)
	}
	return r, nil
}

func (p *parser) path(n *yaml.Node) (Path, error) {
	m, err := p.mapping(n, "a path")
	if err != nil {
		return Path{}, err
	}
	path := Path{Line: n.Line}
	if path.Path, err = p.text(m["path"], "path"); err != nil {
		return Path{}, err
	}
	if path.Type, err = p.text(m["pathType"], "pathType"); err != nil {
		return Path{}, err
	}
	if path.Path == "" {
		path.Path = "/"
	}
	if path.Type == "" {
		path.Type = "ImplementationSpecific"
	}
	path.Service, path.Port, err = p.backend(m["backend"])
	return path, err
}

// backend reads a backend as networking.k8s.io/v1 has it, or as the two before did.
func (p *parser) backend(n *yaml.Node) (service, port string, err error) {
	m, err := p.mapping(n, "backend")
	if err != nil {
		return "", "", err
	}
	if m["serviceName"] != nil {
		service, err = p.text(m["serviceName"], "serviceName")
		return service, p.number(m["servicePort"]), err
	}
	s, err := p.mapping(m["service"], "service")
	if err != nil {
		return "", "", err
	}
	if service, err = p.text(s["name"], "service.name"); err != nil {
		return "", "", err
	}
	ports, err := p.mapping(s["port"], "port")
	if err != nil {
		return "", "", err
	}
	if port = p.number(ports["number"]); port == "" {
		port = p.number(ports["name"])
	}
	return service, port, nil
}

// number reads a number or a name; "" where there is none.
func (p *parser) number(n *yaml.Node) string {
	if n == nil {
		return ""
	}
	n, err := p.followed(n)
	if err != nil || n.Kind != yaml.ScalarNode || n.ShortTag() == "!!null" {
		return ""
	}
	return n.Value
}

// defaultBackend makes a rule of what answers all that no rule does.
func (p *parser) defaultBackend(i *Ingress, spec map[string]*yaml.Node) error {
	n := spec["defaultBackend"]
	if n == nil {
		n = spec["backend"] // before networking.k8s.io/v1
	}
	if n == nil {
		return nil
	}
	service, port, err := p.backend(n)
	if err != nil {
		return err
	}
	all := Path{Path: "/", Type: "Prefix", Service: service, Port: port, Line: n.Line}
	for k, r := range i.Rules {
		if len(r.Paths) == 0 { // the controller gives such a host the default backend
			i.Rules[k].Paths, i.Rules[k].Default = []Path{all}, true
		}
	}
	i.Rules = append(i.Rules, Rule{Line: n.Line, Default: true, Paths: []Path{all}})
	return nil
}

func (p *parser) tls(n *yaml.Node) ([]TLS, error) {
	list, err := p.sequence(n, "spec.tls")
	if err != nil {
		return nil, err
	}
	var out []TLS
	for _, item := range list {
		m, err := p.mapping(item, "an item of spec.tls")
		if err != nil {
			return nil, err
		}
		t := TLS{Line: item.Line}
		if t.Secret, err = p.text(m["secretName"], "secretName"); err != nil {
			return nil, err
		}
		names, err := p.sequence(m["hosts"], "hosts")
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			host, err := p.text(name, "a host")
			if err != nil {
				return nil, err
			}
			t.Hosts = append(t.Hosts, strings.ToLower(host))
		}
		out = append(out, t)
	}
	return out, nil
}

func (p *parser) configMap(n *yaml.Node, m map[string]*yaml.Node) error {
	c := ConfigMap{File: p.file, Line: n.Line}
	meta, err := p.mapping(m["metadata"], "metadata")
	if err != nil {
		return err
	}
	if c.Namespace, c.Name, err = p.named(n, meta, "a ConfigMap"); err != nil {
		return err
	}
	labels, err := p.mapping(meta["labels"], "labels")
	if err != nil {
		return err
	}
	if c.App, err = p.text(labels[AppLabel], "label "+AppLabel); err != nil {
		return err
	}
	if c.Data, err = p.values(m["data"], "entry"); err != nil {
		return err
	}
	p.found.ConfigMaps = append(p.found.ConfigMaps, c)
	return nil
}

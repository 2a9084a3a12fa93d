package annotations

import "strings"

// Prefix is what the annotations of ingress-nginx begin with.
const Prefix = "nginx.ingress.kubernetes.io/"

// classAnnotation is how a class was named before spec.ingressClassName.
const classAnnotation = "kubernetes.io/ingress.class"

// Manifest is what a text holds of interest here: Ingress objects and ConfigMaps, in order.
type Manifest struct {
	Ingresses  []Ingress
	ConfigMaps []ConfigMap
	Controller []string // namespace/name of the ConfigMaps that Controllers gives; none: those that look so
}

// Ingress is one Ingress object.
type Ingress struct {
	File        string
	Line        int // where the object begins
	Namespace   string
	Name        string           // or what metadata.generateName says
	Class       string           // spec.ingressClassName or the old annotation
	Annotations map[string]Value // by whole key, nginx.ingress.kubernetes.io/auth-url
	Rules       []Rule           // in order; a defaultBackend is the last, with Host "" and one Path "/"
	TLS         []TLS
}

// Value is a text and where it stands. Line is 0 when it is not there.
type Value struct {
	Text string
	Line int
}

// Given reports whether the text is there; it may be empty.
func (v Value) Given() bool { return v.Line > 0 }

// Rule is the paths of one host.
type Rule struct {
	Host    string // "" is every host
	Line    int
	Paths   []Path
	Default bool // spec.defaultBackend, or a rule without paths, whose backend that is
}

// Path is one path and who answers it.
type Path struct {
	Path    string // "/" where none is written
	Type    string // Exact, Prefix, ImplementationSpecific; the last where none is written
	Service string // "" when the backend is a resource
	Port    string // number or name
	Line    int
}

// TLS is one certificate.
type TLS struct {
	Hosts  []string
	Secret string
	Line   int
}

// ConfigMap is one ConfigMap: settings of the controller, or headers that annotations name.
type ConfigMap struct {
	File            string
	Line            int
	Namespace, Name string
	App             string // the label app.kubernetes.io/name
	Data            map[string]Value
}

// Title names the object for a person: namespace/name.
func (c ConfigMap) Title() string { return Printable(title(c.Namespace, c.Name)) }

// Annotation gives the annotation of ingress-nginx of this name, without its prefix. Those of other
// controllers (nginx.org/…) are other words and not found here.
func (i Ingress) Annotation(short string) (Value, bool) {
	v, ok := i.Annotations[Prefix+short]
	return v, ok
}

// Title names the object for a person: namespace/name.
func (i Ingress) Title() string { return Printable(title(i.Namespace, i.Name)) }

// title names an object as other objects do.
func title(namespace, name string) string {
	if namespace == "" {
		return name
	}
	return namespace + "/" + name
}

// Hosts are the hosts of the rules, each once, in order; "" is every host.
func (i Ingress) Hosts() []string {
	var list []string
	seen := map[string]bool{}
	for _, r := range i.Rules {
		if name := strings.ToLower(r.Host); !seen[name] {
			seen[name] = true
			list = append(list, name)
		}
	}
	return list
}

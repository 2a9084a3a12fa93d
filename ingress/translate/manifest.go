package translate

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
)

// manifest is one object of Kubernetes, with its keys in the order in which people write them.
type manifest struct {
	APIVersion string `yaml:"apiVersion"`
	Kind       string `yaml:"kind"`
	Metadata   struct {
		Name      string `yaml:"name"`
		Namespace string `yaml:"namespace"`
	} `yaml:"metadata"`
	Spec any `yaml:"spec"`
}

// manifests is a file of objects, in the order in which they must be applied.
type manifests struct {
	list []manifest
	seen map[string]bool
}

func (m *manifests) add(version, kind, namespace, name string, spec any) {
	one := manifest{APIVersion: version, Kind: kind, Spec: spec}
	one.Metadata.Name, one.Metadata.Namespace = name, namespace
	m.list = append(m.list, one)
}

// once adds an object that many need, if it is not there.
func (m *manifests) once(version, kind, namespace, name string, spec any) {
	key := kind + "/" + namespace + "/" + name
	if m.seen == nil {
		m.seen = map[string]bool{}
	}
	if !m.seen[key] {
		m.seen[key] = true
		m.add(version, kind, namespace, name, spec)
	}
}

func (m *manifests) text(head string) (string, error) {
	var b strings.Builder
	b.WriteString(head)
	names := map[string]bool{}
	for _, one := range m.list {
		key := one.Kind + " " + one.Metadata.Namespace + "/" + one.Metadata.Name
		if one.APIVersion == traefikAPI { // Traefik joins the two with a dash, and takes a-b/c for a/b-c
			key = one.Kind + " " + one.Metadata.Namespace + "-" + one.Metadata.Name
		}
		if names[key] {
			return "", fmt.Errorf("two objects would be called %s for the proxy: give one of the Ingresses another name", key)
		}
		names[key] = true
		b.WriteString("---\n")
		e := yaml.NewEncoder(&b)
		e.SetIndent(2)
		if err := e.Encode(one); err != nil {
			return "", fmt.Errorf("write %s: %w", key, err)
		}
		if err := e.Close(); err != nil {
			return "", fmt.Errorf("write %s: %w", key, err)
		}
	}
	return b.String(), nil
}

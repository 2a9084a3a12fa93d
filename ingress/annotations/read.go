package annotations

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// Bounds of one text.
const (
	maxFile    = 16 << 20 // bytes
	maxObjects = 100_000  // with those that an alias repeats
	maxLists   = 8        // lists in lists
	maxAliases = 10_000   // followed
	maxDepth   = 200      // maps and lists in each other
)

// ReadManifest reads YAML of one or more documents, or JSON; a `kind: List` is its items. Objects of
// other kinds are left out, also an Ingress of another API group. The text must be UTF-8 and at most
// 16 MB long. An object of ours that cannot be understood, a key that is there twice, and a merge
// key (<<) are errors with file and line; then nothing is given.
func ReadManifest(file string, r io.Reader) (Manifest, error) {
	file = Printable(file)
	text, err := io.ReadAll(io.LimitReader(r, maxFile+1))
	switch {
	case err != nil:
		return Manifest{}, fmt.Errorf("%s: %w", file, err)
	case len(text) > maxFile:
		return Manifest{}, fmt.Errorf("%s: is longer than %d MB; ConfigMaps other than the controller's may be left out", file, maxFile>>20)
	case !utf8.Valid(text):
		return Manifest{}, fmt.Errorf("%s: is no UTF-8", file)
	}
	d := yaml.NewDecoder(strings.NewReader(string(text)))
	p := parser{file: file}
	for {
		var document yaml.Node
		switch err := d.Decode(&document); {
		case errors.Is(err, io.EOF):
			return p.found, nil
		case err != nil:
			return Manifest{}, fmt.Errorf("%s: %s", file, notYAML(err))
		}
		if err := p.document(&document); err != nil {
			return Manifest{}, err
		}
	}
}

// notYAML says where the library stopped. Its own words name the line.
func notYAML(err error) string {
	return "cannot be read: " + strings.TrimPrefix(err.Error(), "yaml: ") + "; " + rendered
}

const rendered = "a template must be rendered first (helm template, kustomize build)"

// parser turns documents into objects.
type parser struct {
	file    string
	found   Manifest
	objects int
	aliases int
}

func (p *parser) fault(n *yaml.Node, format string, args ...any) error {
	return fmt.Errorf("%s:%d: %s", p.file, n.Line, Printable(fmt.Sprintf(format, args...)))
}

func (p *parser) document(document *yaml.Node) error {
	if err := p.sound(document, 0); err != nil {
		return err
	}
	for _, n := range document.Content {
		if n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null" {
			continue // nothing between two separators
		}
		if err := p.object(n, "", 0); err != nil {
			return err
		}
	}
	return nil
}

// sound refuses keys that are there twice, merge keys, and depth. It follows no alias: what an
// alias repeats stands elsewhere in the same document.
func (p *parser) sound(n *yaml.Node, depth int) error {
	if depth > maxDepth {
		return p.fault(n, "maps and lists are more than %d deep in each other", maxDepth)
	}
	if n.Kind == yaml.MappingNode {
		seen := make(map[string]int, len(n.Content)/2)
		for i := 0; i+1 < len(n.Content); i += 2 {
			key := n.Content[i]
			if key.Kind != yaml.ScalarNode {
				return p.fault(key, "a key must be a plain word; %s", rendered)
			}
			if key.ShortTag() == "!!merge" {
				return p.fault(key, "merge keys (<<) are not read; write out what it stands for")
			}
			if first, twice := seen[key.Value]; twice {
				return p.fault(key, "%q is there twice, the first time in line %d", key.Value, first)
			}
			seen[key.Value] = key.Line
		}
	}
	for _, kid := range n.Content {
		if err := p.sound(kid, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// object reads one object; what a list holds may leave its kind to the list.
func (p *parser) object(n *yaml.Node, kind string, lists int) error {
	if p.objects++; p.objects > maxObjects {
		return p.fault(n, "holds more than %d objects", maxObjects)
	}
	m, err := p.mapping(n, "an object")
	if err != nil {
		return err
	}
	version, err := p.text(m["apiVersion"], "apiVersion")
	if err == nil && m["kind"] != nil {
		kind, err = p.text(m["kind"], "kind")
	}
	if err != nil {
		return err
	}
	group, _, hasGroup := strings.Cut(version, "/")
	if !hasGroup {
		group = ""
	}
	switch {
	case kind == "":
		return p.fault(n, "is no object of Kubernetes: kind is missing")
	case kind == "List" || strings.HasSuffix(kind, "List") && m["items"] != nil:
		return p.list(m["items"], strings.TrimSuffix(kind, "List"), lists+1)
	case kind == "Ingress" && version == "" && lists == 0:
		return p.fault(n, "is an Ingress without apiVersion; it is networking.k8s.io/v1")
	case kind == "Ingress" && (group == "networking.k8s.io" || group == "extensions" || version == ""):
		return p.ingress(n, m)
	case kind == "ConfigMap" && group == "":
		return p.configMap(n, m)
	}
	return nil
}

func (p *parser) list(items *yaml.Node, kind string, lists int) error {
	if items == nil {
		return nil
	}
	if lists > maxLists {
		return p.fault(items, "lists are more than %d deep in each other", maxLists)
	}
	list, err := p.sequence(items, "items")
	for _, item := range list {
		if err == nil {
			err = p.object(item, kind, lists)
		}
	}
	return err
}

// followed gives what an alias stands for.
func (p *parser) followed(n *yaml.Node) (*yaml.Node, error) {
	for n.Kind == yaml.AliasNode {
		if p.aliases++; p.aliases > maxAliases || n.Alias == nil {
			return nil, p.fault(n, "more than %d aliases", maxAliases)
		}
		n = n.Alias
	}
	return n, nil
}

// mapping reads a map; null is an empty one.
func (p *parser) mapping(n *yaml.Node, what string) (map[string]*yaml.Node, error) {
	if n == nil {
		return nil, nil //nolint:nilnil // a map that is not there is an empty one
	}
	n, err := p.followed(n)
	switch {
	case err != nil:
		return nil, err
	case n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null":
		return nil, nil //nolint:nilnil // as above
	case n.Kind != yaml.MappingNode:
		return nil, p.fault(n, "%s must be a map", what)
	}
	m := make(map[string]*yaml.Node, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		m[n.Content[i].Value] = n.Content[i+1]
	}
	return m, nil
}

// sequence reads a list; null is an empty one.
func (p *parser) sequence(n *yaml.Node, what string) ([]*yaml.Node, error) {
	if n == nil {
		return nil, nil
	}
	n, err := p.followed(n)
	switch {
	case err != nil:
		return nil, err
	case n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null":
		return nil, nil
	case n.Kind != yaml.SequenceNode:
		return nil, p.fault(n, "%s must be a list", what)
	}
	return n.Content, nil
}

// text reads a text; null, or nothing, is an empty one. Kubernetes takes no number or boolean for it.
func (p *parser) text(n *yaml.Node, what string) (string, error) {
	if n == nil {
		return "", nil
	}
	n, err := p.followed(n)
	switch {
	case err != nil:
		return "", err
	case n.Kind != yaml.ScalarNode:
		return "", p.fault(n, "%s must be a text", what)
	case n.ShortTag() == "!!null":
		return "", nil
	case n.ShortTag() == "!!bool" || n.ShortTag() == "!!int" || n.ShortTag() == "!!float":
		return "", p.fault(n, "%s must be a text: put it in quotes", what)
	}
	return n.Value, nil
}

package policy

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

var yamlLine = regexp.MustCompile(`^yaml: line ([0-9]+): `)

// readYAML gives the one document of a text, nil after a fault. Anchors, aliases,
// merge keys and tags are refused wherever they stand: they would let a text say
// something other than what one reads.
func (f *faults) readYAML(text []byte, limit int) *yaml.Node {
	top := &yaml.Node{Line: 1}
	switch {
	case len(text) > limit:
		f.add(top, "", "is longer than %d KB", limit>>10)
		return nil
	case !utf8.Valid(text):
		f.add(top, "", "is no UTF-8")
		return nil
	}
	d := yaml.NewDecoder(bytes.NewReader(text))
	var document, more yaml.Node
	switch err := d.Decode(&document); {
	case errors.Is(err, io.EOF):
		f.add(top, "", "holds nothing")
		return nil
	case err != nil:
		f.notYAML(err)
		return nil
	}
	switch err := d.Decode(&more); {
	case err == nil:
		f.add(&more, "", "a second document begins; there must be one")
	case !errors.Is(err, io.EOF):
		f.notYAML(err)
	}
	f.refuseSigns(&document)
	if len(document.Content) != 1 {
		f.add(top, "", "holds nothing")
		return nil
	}
	return document.Content[0]
}

// notYAML tells the line where the library stopped. What it says besides may hold a
// text of the file.
func (f *faults) notYAML(err error) {
	at := &yaml.Node{Line: 1}
	if found := yamlLine.FindStringSubmatch(err.Error()); found != nil {
		if line, err := strconv.Atoi(found[1]); err == nil {
			at.Line = line
		}
	}
	f.add(at, "", "cannot be read as YAML here or near: look at the indentation, at brackets, at blanks behind colons, and at what begins with * or &, which needs quotes")
}

func (f *faults) refuseSigns(n *yaml.Node) {
	switch {
	case n.Kind == yaml.AliasNode || n.Anchor != "":
		f.add(n, "", "anchors (&) and aliases (*) are not read; put what begins with one of these signs in quotes")
	case n.Style&yaml.TaggedStyle != 0:
		f.add(n, "", "tags (!) are not read; put what begins with this sign in quotes")
	}
	for _, kid := range n.Content {
		f.refuseSigns(kid)
	}
}

// field is one member of a map.
type field struct {
	key   *yaml.Node
	name  string
	value *yaml.Node
}

// fields reads a map with members, each once. expected says what it should be.
func (f *faults) fields(n *yaml.Node, where, expected string) []field {
	if n.Kind == yaml.AliasNode {
		return nil
	}
	if n.Kind != yaml.MappingNode || len(n.Content) == 0 {
		f.add(n, where, "must be %s", expected)
		return nil
	}
	var out []field
	seen := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		switch first, twice := seen[key.Value]; {
		case key.Kind == yaml.AliasNode:
		case key.Kind != yaml.ScalarNode || key.Value == "" || key.ShortTag() == "!!merge":
			f.add(key, where, "a key must be a plain word")
		case twice:
			f.add(key, where, "%q is there twice, the first time in line %d", shown(key.Value), first)
		default:
			seen[key.Value] = key.Line
			out = append(out, field{key, key.Value, n.Content[i+1]})
		}
	}
	return out
}

// items reads a list that is not empty.
func (f *faults) items(n *yaml.Node, where, expected string) []*yaml.Node {
	switch {
	case n.Kind == yaml.AliasNode:
	case n.Kind != yaml.SequenceNode:
		f.add(n, where, "must be a list of %s", expected)
	case len(n.Content) == 0:
		f.add(n, where, "is an empty list; leave it out, or name %s", expected)
	}
	if n.Kind != yaml.SequenceNode {
		return nil
	}
	return n.Content
}

const maxText = 1 << 10 // bytes of one value

// text reads a text as it is written; numbers, true and false are texts too.
func (f *faults) text(n *yaml.Node, where, expected string) (string, bool) {
	switch {
	case n.Kind == yaml.AliasNode:
		return "", false
	case n.Kind != yaml.ScalarNode || n.ShortTag() == "!!null" || n.ShortTag() == "!!merge" && n.Style == 0:
		f.add(n, where, "must be %s", expected)
	case n.Value == "":
		f.add(n, where, "is empty; it must be %s", expected)
	case len(n.Value) > maxText:
		f.add(n, where, "is longer than %d bytes", maxText)
	case strings.ContainsFunc(n.Value, unicode.IsControl):
		f.add(n, where, "has a control character")
	case strings.TrimSpace(n.Value) != n.Value:
		f.add(n, where, "has a blank before or after it")
	default:
		return n.Value, true
	}
	return "", false
}

// texts reads a list of texts, each once.
func (f *faults) texts(n *yaml.Node, where, expected string) ([]string, bool) {
	items := f.items(n, where, expected)
	var out []string
	seen := map[string]bool{}
	for _, item := range items {
		text, ok := f.text(item, where, expected)
		if ok && seen[text] {
			f.add(item, where, "%q is there twice", shown(text))
			ok = false
		}
		if seen[text] = true; ok {
			out = append(out, text)
		}
	}
	return out, len(items) > 0 && len(out) == len(items)
}

// boolean reads true or false.
func (f *faults) boolean(n *yaml.Node, where string) (value, ok bool) {
	if n.Kind != yaml.ScalarNode || n.ShortTag() != "!!bool" {
		if n.Kind != yaml.AliasNode {
			f.add(n, where, "must be true or false")
		}
		return false, false
	}
	return strings.EqualFold(n.Value, "true"), true
}

// duration reads 15m or 1h30m.
func (f *faults) duration(n *yaml.Node, where string, least, most time.Duration) (time.Duration, bool) {
	text, ok := f.text(n, where, "a duration such as 15m")
	if !ok {
		return 0, false
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < least || d > most {
		f.add(n, where, "must be a duration such as 15m, at least %s and at most %s", short(least), short(most))
		return 0, false
	}
	return d, true
}

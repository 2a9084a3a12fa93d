package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/easyauth-sidecar/easyauth/authserver/secret"
)

const (
	configFile    = "EASYAUTH_CONFIG_FILE"
	maxConfigFile = 1 << 20 // bytes

	// policiesKey and upstreamsKey are the keys of the file that are no variables.
	policiesKey  = "policies"
	upstreamsKey = "upstreams"
)

// adoptFile gives the variables that nobody has set the values of the configuration
// file, if there is one. What is wrong with it is a fault; of a file that cannot be
// read at all, nothing is used.
func adoptFile(values map[string]string, r *report) {
	path := values[configFile]
	if path == "" {
		return
	}
	content, err := secret.ReadFile(path, maxConfigFile)
	if err != nil {
		r.fault(configFile, "must name a file that can be read; %s: %v", shownPath(path), err)
		r.partial = true
		return
	}
	entries := parseConfigFile(content)
	r.places = make(map[string]string)
	for _, e := range entries {
		if e.name == policiesKey && e.fault == "" {
			r.policies = string(content)
			continue
		}
		if e.name == upstreamsKey && e.fault == "" {
			r.upstreams = e.node
			continue
		}
		place := fmt.Sprintf("configuration file, line %d", e.line)
		switch {
		case e.fault != "" && e.name == "":
			if e.line == 0 {
				place = ""
			}
			r.faults = append(r.faults, Fault{configFile, e.fault, strings.TrimPrefix(place, "configuration file, ")})
			r.partial = true
		case e.fault != "":
			r.faults = append(r.faults, Fault{printable(e.name), e.fault, place})
		case values[e.name] == "" && e.value != "":
			values[e.name] = e.value
			r.places[e.name] = place
		}
	}
}

// entry is one setting of the file, or what is wrong with it; without a name it is
// wrong with the whole.
type entry struct {
	name  string
	value string
	line  int // 0: nobody knows
	fault string
	node  *yaml.Node // of upstreams
}

// parseConfigFile reads a map whose keys are variables. Each comes once; a value is a text,
// a number or a boolean, as it is written, or a list of such where a variable is a list.
// No fault holds a value.
func parseConfigFile(content []byte) []entry {
	d := yaml.NewDecoder(bytes.NewReader(content))
	var document, more yaml.Node
	switch err := d.Decode(&document); {
	case errors.Is(err, io.EOF):
		return []entry{{line: 1, fault: "holds nothing; a file without settings is {}"}}
	case err != nil:
		return []entry{notYAML(content, err)}
	}
	switch err := d.Decode(&more); {
	case err == nil:
		return []entry{{line: more.Line, fault: "begins a second document; there must be one"}}
	case !errors.Is(err, io.EOF):
		return []entry{notYAML(content, err)}
	}
	root := document.Content[0]
	if root.Kind != yaml.MappingNode || root.Anchor != "" {
		return []entry{{line: root.Line, fault: "must hold settings, one a line: EASYAUTH_HOSTS: app.example.com"}}
	}
	entries := []entry{}
	seen := make(map[string]int)
	for i := 0; i < len(root.Content); i += 2 {
		e := readEntry(root.Content[i], root.Content[i+1])
		if first, twice := seen[e.name]; twice && e.name != "" && !strings.HasPrefix(e.fault, unknownKey) {
			e.fault = fmt.Sprintf("is set twice; the first time in line %d", first)
		} else {
			seen[e.name] = e.line
		}
		entries = append(entries, e)
	}
	return entries
}

const unknownKey = "is not known"

func readEntry(key, value *yaml.Node) entry {
	if key.Kind != yaml.ScalarNode || key.Anchor != "" || key.Value == "" {
		return entry{line: key.Line, fault: "the name of a setting must be a plain word"}
	}
	e := entry{name: key.Value, line: key.Line}
	known := slices.DeleteFunc(variables(), func(name string) bool { return !strings.HasPrefix(name, prefix) || name == configFile })
	switch {
	case e.name == policiesKey && isEmpty(value):
		e.fault = "is empty; it must hold one policy at least, or be left out"
	case e.name == policiesKey: // whoever decides by them reads them
	case e.name == upstreamsKey:
		e.node = value
	case slices.Contains(variables(), e.name) && !slices.Contains(known, e.name):
		e.fault = "is read from the environment alone"
	case !slices.Contains(known, e.name):
		e.fault = unknownKey + didYouMean(e.name, append(known, policiesKey, upstreamsKey))
	case value.Kind == yaml.SequenceNode && isList(e.name) && value.Anchor == "":
		e.value, e.fault = readList(value)
	case value.Kind == yaml.SequenceNode && value.Anchor == "":
		e.fault = "takes one value, not a list"
	default:
		e.value, e.fault = readScalar(value)
	}
	return e
}

// isEmpty reports whether there is nothing behind a key.
func isEmpty(value *yaml.Node) bool {
	return value.Kind == yaml.MappingNode && len(value.Content) == 0 || value.Kind == yaml.ScalarNode && value.ShortTag() == "!!null"
}

// readList joins the entries by line breaks, which part those of every list.
func readList(list *yaml.Node) (value, fault string) {
	var texts []string
	for i, node := range list.Content {
		text, fault := readScalar(node)
		switch {
		case fault != "":
			return "", fmt.Sprintf("entry %d: %s", i+1, fault)
		case text == "":
			return "", fmt.Sprintf("entry %d: is empty", i+1)
		}
		texts = append(texts, text)
	}
	if len(texts) == 0 {
		return "", "has no entries; leave it out instead"
	}
	return strings.Join(texts, "\n"), ""
}

// readScalar returns a value as it is written, without blanks around it.
func readScalar(node *yaml.Node) (value, fault string) {
	switch {
	case node.Kind == yaml.AliasNode || node.Anchor != "":
		return "", "must not have an anchor (&) or be an alias (*); put what begins with one of these signs in quotes"
	case node.Kind != yaml.ScalarNode:
		return "", "must be a text, a number, true or false, or a list where the setting is one; not a map"
	case node.Style&yaml.TaggedStyle != 0:
		return "", "must not have a tag (!); put what begins with this sign in quotes"
	case node.ShortTag() == "!!null":
		return "", "has no value; leave it out instead"
	case strings.Contains(node.Value, "\x00"):
		return "", "must not hold a NUL byte"
	}
	return strings.TrimSpace(node.Value), ""
}

var yamlLine = regexp.MustCompile(`^yaml: line ([0-9]+): (did not find)?`)

// notYAML tells where the library stopped, if it says. What it says besides may hold a
// text of the file.
func notYAML(content []byte, err error) entry {
	e := entry{fault: "cannot be read as YAML: look at the indentation, at brackets, at blanks behind colons, and at what begins with * or &, which needs quotes"}
	if found := yamlLine.FindStringSubmatch(err.Error()); found != nil {
		_, _ = fmt.Sscan(found[1], &e.line) // digits; it stays 0 if they are too many
		if found[2] != "" {                 // the library's parser counts from 0, its scanner from 1
			e.line++
		}
		e.line = min(e.line, 1+bytes.Count(bytes.TrimSpace(content), []byte("\n")))
	}
	return e
}

// isList reports whether a variable holds several values.
func isList(name string) bool {
	switch name {
	case "EASYAUTH_KEYS", "EASYAUTH_GROUPS_KEEP", "EASYAUTH_ADAPTERS": // lists that are read into something else
		return true
	}
	for field := range reflect.TypeFor[spec]().Fields() {
		if field.Tag.Get("envconfig") == name {
			return field.Type.Kind() == reflect.Slice || field.Type.Kind() == reflect.Map
		}
	}
	return false
}

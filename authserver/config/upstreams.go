package config

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/easyauth-sidecar/easyauth/authserver/secret"
)

const (
	upstreamsVariable = "EASYAUTH_UPSTREAMS"

	maxUpstreams = 500
	maxCAFile    = 1 << 20 // bytes
)

// Upstream is an application behind easyauth proxy. What its host, path and address may be, and its rule, is judged
// by who serves it.
type Upstream struct {
	Host, Path, To, Auth string
	Public, PreserveHost bool
	Timeout              time.Duration // 0: the default
	MaxBody              int64         // bytes; 0: no limit
	CAFile               string        // PEM; empty: the system's authorities
	CA                   []byte        // what is in it
	InsecureSkipVerify   bool
	Place                string // where it stands, for a fault of it: empty for the variable
}

// upstreams are those of the variable.
type upstreams []Upstream

// Decode implements envconfig.Decoder. It reads one upstream a line.
func (u *upstreams) Decode(value string) error {
	*u = nil
	for i, line := range strings.Split(value, "\n") {
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		at, to, found := strings.Cut(words[0], "=")
		if !found {
			return expect("must have one application a line: HOST/PATH=URL, and then, with blanks between, what there is to say of it, such as app.example.com=http://app:8080 auth=role=Admin; line %d is none", i+1)
		}
		host, path := at, ""
		if slash := strings.IndexByte(at, '/'); slash >= 0 {
			host, path = at[:slash], at[slash:]
		}
		fields := map[string]string{"host": host, "path": path, "to": to}
		for _, word := range words[1:] {
			key, text, found := strings.Cut(word, "=")
			if _, twice := fields[key]; !found || twice {
				return expect("line %d: what follows the address must be written KEY=VALUE, each key once", i+1)
			}
			fields[key] = text
		}
		upstream, problem := readUpstream(fields)
		if problem != "" {
			return expect("line %d: %s", i+1, problem)
		}
		*u = append(*u, upstream)
	}
	if len(*u) == 0 || len(*u) > maxUpstreams {
		return expect("must have 1 to %d applications", maxUpstreams)
	}
	return nil
}

func upstreamKeys() []string {
	return []string{"host", "path", "to", "auth", "public", "preserve_host", "timeout", "max_body", "ca_file", "insecure_skip_verify"}
}

// readUpstream reads what is said of one, and says what is wrong with it, without a value.
func readUpstream(fields map[string]string) (u Upstream, problem string) {
	for _, key := range slices.Sorted(maps.Keys(fields)) {
		if !slices.Contains(upstreamKeys(), key) {
			return u, fmt.Sprintf("%s is not known; there are %s", printable(key), strings.Join(upstreamKeys(), ", "))
		}
	}
	u = Upstream{Host: fields["host"], Path: fields["path"], To: fields["to"], Auth: fields["auth"], CAFile: fields["ca_file"], PreserveHost: true}
	if u.Host == "" || u.To == "" {
		return u, "it needs a host and the address that it leads to"
	}
	if text := fields["timeout"]; text != "" {
		var err error
		if u.Timeout, err = time.ParseDuration(text); err != nil || u.Timeout <= 0 || u.Timeout > time.Hour {
			return u, "timeout must be more than 0 and at most 1h, such as 30s"
		}
	}
	if text := fields["max_body"]; text != "" {
		var ok bool
		if u.MaxBody, ok = parseSize(text); !ok {
			return u, "max_body must be a number of bytes, or one with k, m or g behind it, such as 20m"
		}
	}
	for key, into := range map[string]*bool{"public": &u.Public, "preserve_host": &u.PreserveHost, "insecure_skip_verify": &u.InsecureSkipVerify} {
		switch fields[key] {
		case "":
		case "true", "false":
			*into = fields[key] == "true"
		default:
			return u, key + " must be true or false"
		}
	}
	return u, ""
}

// parseSize reads a number of bytes, of 1 to 1 TiB.
func parseSize(text string) (int64, bool) {
	unit := int64(1)
	if i := strings.IndexByte("kmg", text[len(text)-1]|0x20); i >= 0 {
		unit, text = 1<<(10*(i+1)), text[:len(text)-1]
	}
	n, err := strconv.ParseUint(text, 10, 41)
	size := int64(n) * unit
	return size, err == nil && n > 0 && n <= 1<<40/uint64(unit)
}

// upstreams reads those of the configuration file, or takes the variable's, and the files that they name.
func (s *spec) upstreams(r *report, c *Config) {
	list := []Upstream(s.Upstreams)
	if r.upstreams != nil {
		if len(list) > 0 {
			r.fault(upstreamsVariable, "is set, and so is upstreams in the configuration file: leave one of them out")
			return
		}
		list = readUpstreams(r.upstreams, r)
	}
	c.Upstreams = slices.Clone(list)
	for i := range c.Upstreams {
		u := &c.Upstreams[i]
		name := upstreamsVariable
		if u.Place != "" {
			name = upstreamsKey
		}
		if u.CAFile != "" {
			content, err := secret.ReadFile(u.CAFile, maxCAFile)
			if err != nil {
				r.faults = append(r.faults, Fault{name, fmt.Sprintf("entry %d: ca_file must name a file that can be read; %s: %v", i+1, shownPath(u.CAFile), err), u.Place})
			}
			u.CA = content
		}
		if u.InsecureSkipVerify {
			r.warnings = append(r.warnings, Warning(placed(name, u.Place)+fmt.Sprintf(" entry %d: insecure_skip_verify takes any certificate for the application's: whoever is on the way can be it, and read who is signed in", i+1)))
		}
	}
}

// readUpstreams reads the list of the configuration file.
func readUpstreams(list *yaml.Node, r *report) (all []Upstream) {
	at := func(node *yaml.Node) string { return fmt.Sprintf("configuration file, line %d", node.Line) }
	fault := func(node *yaml.Node, text string) { r.faults = append(r.faults, Fault{upstreamsKey, text, at(node)}) }
	if list.Kind != yaml.SequenceNode || list.Anchor != "" || len(list.Content) == 0 || len(list.Content) > maxUpstreams {
		fault(list, fmt.Sprintf("must be a list of 1 to %d applications, each with host and to", maxUpstreams))
		return nil
	}
	for i, node := range list.Content {
		fields, problem := fieldsOf(node)
		var u Upstream
		if problem == "" {
			u, problem = readUpstream(fields)
		}
		if problem != "" {
			fault(node, fmt.Sprintf("entry %d: %s", i+1, problem))
			continue
		}
		u.Place = at(node)
		all = append(all, u)
	}
	return all
}

// fieldsOf reads a map of texts.
func fieldsOf(node *yaml.Node) (fields map[string]string, problem string) {
	if node.Kind != yaml.MappingNode || node.Anchor != "" {
		return nil, "must be a map, such as {host: app.example.com, to: http://app:8080}"
	}
	fields = map[string]string{}
	for i := 0; i < len(node.Content); i += 2 {
		key := node.Content[i]
		text, fault := readScalar(node.Content[i+1])
		_, twice := fields[key.Value]
		switch {
		case key.Kind != yaml.ScalarNode || key.Anchor != "":
			return nil, "its keys must be plain words"
		case twice:
			return nil, printable(key.Value) + " is set twice"
		case fault != "":
			return nil, printable(key.Value) + " " + fault
		}
		fields[key.Value] = text
	}
	return fields, ""
}

// sameUpstreams reports whether two lists mean the same. Where they stand does not count.
func sameUpstreams(a, b []Upstream) bool {
	return slices.EqualFunc(a, b, func(a, b Upstream) bool {
		ca := bytes.Equal(a.CA, b.CA)
		a.CA, b.CA, a.Place, b.Place = nil, nil, "", ""
		return ca && fmt.Sprintf("%#v", a) == fmt.Sprintf("%#v", b)
	})
}

package translate

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/easyauth-sidecar/easyauth/ingress/annotations"
)

// Config says for what the translation is. The zero value of all but To is usable.
type Config struct {
	To           string // one of Targets
	Namespace    string // of objects that name none; "" refuses them
	Gateway      string // envoy-gateway alone: namespace/name of the Gateway; "" is easyauth-gateway/easyauth
	GatewayClass string // envoy-gateway alone: "" is eg
	HeaderPrefix string // as EASYAUTH_HEADER_PREFIX; "" is x-injected-
	Class        string // Ingresses that name another class are left out; "" leaves out none
}

// Result is a translation.
type Result struct {
	File    string // how the text is called where a folder is asked for
	Text    string // "" when nothing could be written
	Notes   []Note // in the order of files and lines, then those of the target
	Refused int    // Ingress objects that were not written
	Written int
	LeftOut int // of another class than Config.Class
}

// target writes a plan down. The plan is sound: every text in it is of the alphabets of words.go.
type target struct {
	name, file string
	write      func(p *plan) (string, error)
	check      func(p *plan, s *site) // more refusals of this target; may be nil
	gateway    bool                   // writes a Gateway
	blanks     bool                   // takes out what only EasyAuth may read of a client, after it was asked
}

func targets() []target {
	return []target{
		{name: "traefik", file: "traefik.yaml", write: traefik, blanks: true},
		{name: "envoy-gateway", file: "envoy-gateway.yaml", write: envoyGateway, gateway: true},
		{name: "haproxy", file: "haproxy.cfg", write: haproxy, check: checkHAProxy, blanks: true},
		{name: "caddy", file: "Caddyfile", write: caddy, blanks: true},
		{name: "inline", file: "easyauth-upstreams.yaml", write: inline, check: checkInline},
	}
}

// Targets are the names that Config.To may have.
func Targets() []string {
	var names []string
	for _, t := range targets() {
		names = append(names, t.name)
	}
	return names
}

// Check tells why there can be no translation with a Config, whatever is translated.
func (c Config) Check() error {
	_, _, err := c.complete()
	return err
}

// Translate writes the protection of all Ingress objects for another proxy. It fails for a Config that cannot be;
// what is wrong with an Ingress stands in the notes.
func Translate(m annotations.Manifest, c Config) (Result, error) {
	to, c, err := c.complete()
	if err != nil {
		return Result{}, err
	}
	p := &plan{config: c, blanks: to.blanks, refused: map[int][]Note{}, files: map[string]int{}}
	p.judge(m)
	if len(p.objects) == 0 {
		return Result{}, fmt.Errorf("no Ingress is of the class %q", c.Class)
	}
	p.gather()
	if to.check != nil {
		for _, s := range p.sites {
			to.check(p, s)
		}
	}
	p.spread()
	p.finish()
	result := Result{File: to.file, Refused: len(p.refused), Written: len(p.objects) - len(p.refused), LeftOut: len(m.Ingresses) - len(p.objects)}
	if len(p.sites) > 0 {
		if result.Text, err = to.write(p); err != nil {
			return Result{}, err
		}
	}
	result.Notes = p.report()
	return result, nil
}

// complete gives the target too.
func (c Config) complete() (target, Config, error) {
	at := slices.IndexFunc(targets(), func(t target) bool { return t.name == c.To })
	if at < 0 {
		return target{}, c, fmt.Errorf("%q is no target; they are %s", c.To, strings.Join(Targets(), ", "))
	}
	to := targets()[at]
	if !to.gateway && c.Gateway+c.GatewayClass != "" {
		return to, c, fmt.Errorf("a gateway and its class can be named for envoy-gateway alone: no Gateway is written for %s", c.To)
	}
	c.Gateway = cmp.Or(c.Gateway, "easyauth-gateway/easyauth")
	c.GatewayClass = cmp.Or(c.GatewayClass, "eg")
	c.HeaderPrefix = cmp.Or(c.HeaderPrefix, usualPrefix)
	namespace, name, both := strings.Cut(c.Gateway, "/")
	switch {
	case !both || !isLabel(namespace) || !isName(name):
		return to, c, fmt.Errorf("the gateway %q must be written NAMESPACE/NAME", c.Gateway)
	case !isName(c.GatewayClass):
		return to, c, fmt.Errorf("%q is no name of a GatewayClass", c.GatewayClass)
	case c.Namespace != "" && !isLabel(c.Namespace):
		return to, c, fmt.Errorf("%q is no name of a namespace", c.Namespace)
	case !isPrefix(c.HeaderPrefix):
		return to, c, fmt.Errorf("the header prefix %q must be letters, digits and dashes, and end with a dash", c.HeaderPrefix)
	}
	return to, c, nil
}

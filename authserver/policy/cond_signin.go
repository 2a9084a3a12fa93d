package policy

import (
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
)

// context reads a condition about authentication contexts; acrs is another name of acr.
func (p *parser) context(f field, where string) *node {
	o, ok := p.operator(f.value, where, "an authentication context", opIs, opIn)
	if !ok || p.opts.Entra && !p.every(o, where, isContext, "the id of an authentication context, c1 to c99") {
		return nil
	}
	has := hasAny(o.values)
	found := leaf(func(in *Input) answer { return orSignIn(has(in.Identity.Contexts)) })
	found.asks.Contexts = []access.Clause{o.values}
	return found
}

func isContext(text string) bool {
	number, isContext := strings.CutPrefix(text, "c")
	n, err := strconv.Atoi(number)
	return isContext && err == nil && n >= 1 && n <= 99 && strconv.Itoa(n) == number
}

// authMethod reads a condition about how somebody signed in (amr).
func (p *parser) authMethod(n *yaml.Node, where string) *node {
	if p.opts.Entra {
		p.add(n, where, "is not known: Entra ID does not say how a person signed in; use acr with an authentication context, such as {acr: {is: c1}}")
		return nil
	}
	o, ok := p.operator(n, where, "an authentication method", opIs, opIn)
	if !ok {
		return nil
	}
	has := hasAny(o.values)
	found := leaf(func(in *Input) answer { return orSignIn(has(in.Identity.Methods)) })
	found.asks.Methods = []access.Clause{o.values}
	return found
}

// Bounds of auth_age, those of max_age in an auth-url.
const (
	minAge = time.Minute
	maxAge = 30 * 24 * time.Hour
)

// authAge reads {max: 15m}.
func (p *parser) authAge(n *yaml.Node, where string) *node {
	fields := p.fields(n, where, "a map with max, such as {max: 15m}")
	if len(fields) != 1 {
		if fields != nil {
			p.add(n, where, "must have max and nothing else")
		}
		return nil
	}
	if fields[0].name != "max" {
		p.add(fields[0].key, where, "%q is not known; use max", shown(fields[0].name))
		return nil
	}
	most, ok := p.duration(fields[0].value, where+".max", minAge, maxAge)
	if !ok {
		return nil
	}
	found := leaf(func(in *Input) answer {
		switch {
		case in.Now.IsZero():
			return cannotTell(WhyTimeUnknown)
		case in.Identity.AuthTime.IsZero():
			return answer{is: unknown, remedy: signIn, why: WhyAuthTimeUnknown}
		}
		return orSignIn(in.Now.Sub(in.Identity.AuthTime) <= most)
	})
	found.asks.MaxAge = most
	return found
}

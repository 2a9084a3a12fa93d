package policy

import (
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
)

// signedIn reads {is: true}, which holds for everybody whom rules are asked about:
// who is not signed in is sent to sign in before any rule.
func (p *parser) signedIn(n *yaml.Node, where string) *node {
	o, ok := p.operator(n, where, "true", opIs)
	if !ok {
		return nil
	}
	if value, ok := p.boolean(o.node, where); ok && !value {
		p.add(o.node, where, "can only be true: who is not signed in is always sent to sign in")
		return nil
	} else if !ok {
		return nil
	}
	return leaf(func(in *Input) answer { return holds(in.Identity != nil) })
}

// ids reads a condition about user (oid), tenant (tid) or client (azp).
func (p *parser) ids(f field, where string) *node {
	o, ok := p.operator(f.value, where, "an id", opIs, opIn)
	if !ok {
		return nil
	}
	o.values = lowerIDs(o.values)
	if f.name == "tenant" && !p.every(o, where, access.IsGUID, "the id of a tenant, a GUID") {
		return nil
	}
	get, why := func(in *Input) string { return in.Identity.Object }, WhyUserUnknown
	switch f.name {
	case "tenant":
		get, why = func(in *Input) string { return in.Identity.Tenant }, WhyTenantUnknown
	case "client":
		get, why = func(in *Input) string { return in.Client }, WhyClientUnknown
	}
	m := equalID(o.values)
	return leaf(func(in *Input) answer {
		id := get(in)
		if id == "" {
			return cannotTell(why)
		}
		return holds(m(id))
	})
}

// flag reads app_only and bearer, {is: true} or {is: false}.
func (p *parser) flag(f field, where string) *node {
	o, ok := p.operator(f.value, where, "true or false", opIs)
	if !ok {
		return nil
	}
	want, ok := p.boolean(o.node, where)
	if !ok {
		return nil
	}
	if f.name == "bearer" {
		return leaf(func(in *Input) answer { return holds(in.Bearer == want) })
	}
	return leaf(func(in *Input) answer {
		if in.AppUnknown {
			return cannotTell(WhyAppUnknown)
		}
		return holds(in.AppOnly == want)
	})
}

// email reads a condition about a verified address or its domain.
func (p *parser) email(f field, where string) *node {
	o, ok := p.operator(f.value, where, "an email address or domain", opIs, opIn)
	if !ok {
		return nil
	}
	if f.name == "email" {
		ok = p.every(o, where, isAddress, "an email address")
	} else {
		ok = p.every(o, where, isDomain, "a domain such as example.com, in ASCII (xn--…), without @; a domain below it is another one")
	}
	if !ok {
		return nil
	}
	entra, m, exactly := p.opts.Entra, textMatch(o.operator, o.values, true), anyValue(o.values, equalASCII)
	if f.name == "email_domain" {
		return leaf(func(in *Input) answer {
			address, why := VerifiedEmail(in.Identity, entra)
			if why != WhyNone {
				return cannotTell(why)
			}
			return holds(m(address[strings.LastIndexByte(address, '@')+1:]))
		})
	}
	return leaf(func(in *Input) answer {
		address, why := VerifiedEmail(in.Identity, entra)
		switch {
		case why != WhyNone:
			return cannotTell(why)
		case exactly(address):
			return answer{is: yes}
		case m(address): // a letter that only looks so, in lower case: whose mailbox that is, its server decides
			return cannotTell(WhyEmailUnknown)
		}
		return answer{}
	})
}

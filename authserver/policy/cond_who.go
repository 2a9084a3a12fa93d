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
	return leaf(func(in *Input) answer { return holds(in.AppOnly == want) })
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
	whole, entra, m := f.name == "email", p.opts.Entra, textMatch(o.operator, o.values, true)
	return leaf(func(in *Input) answer {
		id := in.Identity
		at := strings.LastIndexByte(id.Email, '@')
		if at <= 0 || at == len(id.Email)-1 {
			return cannotTell(WhyEmailUnknown)
		}
		if !verified(id, entra) {
			return cannotTell(WhyEmailUnverified)
		}
		if whole {
			return holds(m(id.Email))
		}
		domain := strings.TrimSuffix(id.Email[at+1:], ".")
		if !isDomain(domain) { // it could be the other spelling of one that is
			return cannotTell(WhyEmailUnknown)
		}
		return holds(m(domain))
	})
}

// verified reports whether a claim says that the address is the person's, and none
// says that it is not.
func verified(id *access.Identity, entra bool) bool {
	general, ofEntra := claimValues(id, "email_verified"), []string(nil)
	if entra {
		ofEntra = claimValues(id, "xms_edov")
	}
	said := func(values []string) bool { return len(values) == 1 && values[0] == "true" }
	saidEntra := len(ofEntra) == 1 && (ofEntra[0] == "true" || ofEntra[0] == "1")
	return (said(general) || saidEntra) && (general == nil || said(general)) && (ofEntra == nil || saidEntra)
}

func isAddress(text string) bool {
	local, domain, ok := strings.Cut(text, "@")
	return ok && local != "" && isDomain(domain)
}

// isDomain wants letters, digits and hyphens with dots between them.
func isDomain(text string) bool {
	for label := range strings.SplitSeq(text, ".") {
		if label == "" || len(label) > 63 || strings.ContainsFunc(label, func(r rune) bool {
			return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '_'
		}) {
			return false
		}
	}
	return strings.Contains(text, ".")
}

package policy

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// requestMethod reads a condition about the request's method.
func (p *parser) requestMethod(n *yaml.Node, where string) *node {
	o, ok := p.operator(n, where, "a method", opIs, opIn)
	if !ok || !p.every(o, where, isMethod, "a method in upper case, such as GET") {
		return nil
	}
	m := equalAny(o.values)
	return leaf(func(in *Input) answer {
		if !isMethod(in.Method) {
			return cannotTell(WhyMethodUnknown)
		}
		return holds(m(in.Method))
	})
}

// isMethod wants upper case: some applications take "post" for POST, others do not.
func isMethod(text string) bool {
	for i := range len(text) {
		if c := text[i]; (c < 'A' || c > 'Z') && c != '-' && c != '_' {
			return false
		}
	}
	return text != ""
}

// path reads a condition about the clean path. The policy is then not asked about an
// ambiguous one.
func (p *parser) path(n *yaml.Node, where string) *node {
	o, ok := p.operator(n, where, "a path", opIs, opIn, opStartsWith, foldKey)
	if !ok || !p.every(o, where, isRulePath, "a path as people read it: it begins with /, has no escapes, no query, no *, and no part of it is empty, a dot or two") {
		return nil
	}
	for i, v := range o.values {
		o.values[i], _ = cleanPath(v)
	}
	p.asksPath = true
	m := pathMatch(o.operator, o.values, o.fold)
	return leaf(func(in *Input) answer {
		path, ok := in.Path()
		if !ok {
			return cannotTell(WhyPathAmbiguous)
		}
		return holds(m(path))
	})
}

func isRulePath(text string) bool {
	_, ok := cleanPath(text)
	return ok && !strings.ContainsAny(text, "%?*")
}

// source reads a condition about the client's address.
func (p *parser) source(n *yaml.Node, where string) *node {
	o, ok := p.operator(n, where, "an address or a network such as 10.0.0.0/8", opIs, opIn)
	if !ok {
		return nil
	}
	var networks []netip.Prefix
	for _, v := range o.values {
		network, problem := parseNetwork(v)
		if problem != "" {
			p.add(o.node, where, "%q %s", shown(v), problem)
			ok = false
		}
		networks = append(networks, network)
	}
	if !ok {
		return nil
	}
	return leaf(func(in *Input) answer {
		if !in.Source.IsValid() {
			return cannotTell(WhySourceUnknown)
		}
		from := in.Source.WithZone("").Unmap()
		return holds(slices.ContainsFunc(networks, func(n netip.Prefix) bool { return n.Contains(from) }))
	})
}

func parseNetwork(text string) (network netip.Prefix, problem string) {
	if address, err := netip.ParseAddr(text); err == nil && address.Zone() == "" {
		network = netip.PrefixFrom(address, address.BitLen())
	} else if network, err = netip.ParsePrefix(text); err != nil {
		return network, "must be an address, or a network such as 10.0.0.0/8 or 2001:db8::/32"
	}
	switch {
	case network.Addr().Is4In6():
		return network, "must be written as IPv4"
	case network != network.Masked():
		return network, "is an address inside of the network " + network.Masked().String()
	}
	return network, ""
}

// time reads {days: [mon-fri], from: "08:00", to: "18:00", zone: Europe/Berlin}.
func (p *parser) time(n *yaml.Node, where string) *node {
	fields := p.fields(n, where, "a map with zone, and days, or from and to, or all")
	if fields == nil {
		return nil
	}
	w := &window{to: minutesOfDay, days: [7]bool{true, true, true, true, true, true, true}}
	given := map[string]bool{}
	faultsBefore := len(p.list)
	for _, f := range fields {
		given[f.name] = true
		p.windowField(f, where, w)
	}
	if len(p.list) > faultsBefore {
		return nil
	}
	switch {
	case !given["zone"]:
		p.add(n, where, "has no zone: the name of a time zone, such as Europe/Berlin or UTC")
	case given["from"] != given["to"]:
		p.add(n, where, "must have from and to, or neither")
	case !given["from"] && !given["days"]:
		p.add(n, where, "must have days, or from and to")
	case w.from == w.to:
		p.add(n, where, "has from and to at the same time; leave them out for the whole day")
	default:
		return leaf(w.holds)
	}
	return nil
}

func (p *parser) windowField(f field, where string, w *window) {
	inside := where + "." + shown(f.name)
	var err error
	switch f.name {
	case "days":
		if texts, ok := p.texts(f.value, inside, "days such as mon-fri"); ok {
			w.days, err = parseDays(texts)
		}
	case "from", "to":
		if text, ok := p.text(f.value, inside, `a time of the day in quotes, such as "08:00"`); ok && f.name == "from" {
			w.from, err = parseClock(text, false)
		} else if ok {
			w.to, err = parseClock(text, true)
		}
	case "zone":
		if text, ok := p.text(f.value, inside, "the name of a time zone"); ok {
			if w.zone, err = time.LoadLocation(text); err != nil || text == "Local" {
				p.add(f.value, inside, "%q must be the name of a time zone, such as Europe/Berlin or UTC", shown(text))
				return
			}
		}
	default:
		p.add(f.key, where, "%q is not known; use days, from, to, zone", shown(f.name))
	}
	if err != nil {
		p.add(f.value, inside, "%v", err)
	}
}

package translate

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// gather puts the paths of all objects together, host by host.
func (p *plan) gather() {
	byHost := map[string]*site{}
	for _, o := range p.objects {
		for _, rule := range o.Rules {
			host := strings.ToLower(rule.Host)
			s := byHost[host]
			if s == nil {
				s = &site{Host: host}
				byHost[host] = s
				p.sites = append(p.sites, s)
			}
			if !slices.Contains(s.owners, o) {
				s.owners = append(s.owners, o)
			}
			for _, path := range rule.Paths {
				port, _ := portOf(path.Port)
				r := &route{
					Host: host, Path: path.Path, Exact: path.Type == "Exact", Public: !o.protected, Owner: o, line: path.Line,
					To: service{Namespace: o.Namespace, Name: path.Service, Port: port},
				}
				if trimmed := strings.TrimRight(r.Path, "/"); !r.Exact && trimmed != r.Path && trimmed != "" {
					r.Path, r.slash = trimmed, true
				}
				s.Routes = append(s.Routes, r)
			}
		}
	}
	slices.SortFunc(p.sites, func(a, b *site) int { return cmp.Compare(a.Host, b.Host) })
	p.signInParts()
	for _, s := range p.sites {
		p.twice(s)
		p.whomToAsk(s)
		p.classes(s)
		p.ports(s)
		p.keepSlashes(s)
		s.sort()
		p.certificate(s)
		for _, r := range s.Routes {
			if r.Public {
				p.note(r.Owner, r.line, s.Host+r.Path, "stays open to everybody: its Ingress has no auth-url")
			}
		}
	}
}

// twice refuses two answers to one path: which of them counts depends on the age of the objects.
func (p *plan) twice(s *site) {
	type key struct {
		path  string
		exact bool
	}
	first := map[key]*route{}
	for _, r := range s.Routes {
		k := key{r.Path, r.Exact}
		if f := first[k]; f != nil {
			p.refuse(r.Owner, r.line, s.Host+r.Path, "is also in %s:%d (%s)", f.Owner.File, f.line, f.Owner.Title())
			p.refuse(f.Owner, f.line, s.Host+r.Path, "is also in %s:%d (%s)", r.Owner.File, r.line, r.Owner.Title())
			continue
		}
		first[k] = r
	}
}

// whomToAsk finds the EasyAuth of a host, and takes the sign-in paths out of the routes: they are written anew.
func (p *plan) whomToAsk(s *site) {
	for _, o := range s.owners {
		switch {
		case !o.protected:
		case !s.signsIn():
			s.Asks = o.asks
		case o.asks.Name != "" && s.Asks != o.asks:
			p.refuse(o, o.protection.AuthURL.Line, s.Host, "is asked for at two places: %s%s and %s%s", s.Asks.url(), s.Asks.Auth, o.asks.url(), o.asks.Auth)
		}
	}
	if !s.signsIn() {
		s.Asks = p.askedElsewhere(s)
	}
	if !s.signsIn() {
		return
	}
	s.Routes = slices.DeleteFunc(s.Routes, func(r *route) bool {
		switch {
		case !r.within(s.Asks.Base):
			return false
		case !r.Public:
			p.refuse(r.Owner, r.line, s.Host+r.Path, "protects the sign-in paths: nobody could sign in")
		case !s.Asks.serves(r.To):
			p.refuse(r.Owner, r.line, s.Host+r.Path, "leads to %s, but the sign-in paths belong to %s, whom auth-url asks", r.To.host(), s.Asks.host())
		case s.Asks.pages != s.Asks.service:
			p.note(r.Owner, r.line, s.Host+r.Path, "the sign-in paths, written as %s/ of %s with 404 for %s", s.Asks.Base, s.Asks.pages.address(), s.Asks.Auth)
		default:
			p.note(r.Owner, r.line, s.Host+r.Path, "the sign-in paths, written as %s/ with 404 for %s", s.Asks.Base, s.Asks.Auth)
		}
		return true
	})
}

// signInParts finds the Services of sign-in pages that are apart from those that are asked. A port that has a
// name is that of auth-url.
func (p *plan) signInParts() {
	for _, s := range p.sites {
		for _, r := range s.Routes {
			name, part := strings.CutSuffix(r.To.Name, signInPart)
			if !part || !r.Public {
				continue
			}
			for _, o := range p.objects {
				if r.within(o.asks.Base) && o.asks.Name == name && o.asks.Namespace == r.To.Namespace {
					o.asks.pages = r.To
					o.asks.pages.Port = cmp.Or(r.To.Port, o.asks.Port)
				}
			}
		}
	}
}

// classes refuses a host of several controllers: what one of them protects, another may have open, and the
// output is one proxy. An Ingress without a class may be of any, so it does not go with one that has a class,
// unless it has the sign-in paths alone: they are written anew.
func (p *plan) classes(s *site) {
	carried := map[*object]bool{}
	for _, r := range s.Routes {
		carried[r.Owner] = true
	}
	for _, o := range s.owners {
		for _, other := range s.owners {
			if o.Class != other.Class && (o.Class != "" && other.Class != "" || carried[o] && carried[other]) {
				p.refuse(o, o.Line, s.Host, "is a host of several classes, here %s and in %s %s: write spec.ingressClassName everywhere, and translate one class at a time, with --class", strconv.Quote(o.Class), other.Title(), strconv.Quote(other.Class))
				break
			}
		}
	}
}

// ports refuses a port that has a name: its number stands in the Service, which is not among what is read.
func (p *plan) ports(s *site) {
	for _, r := range s.Routes {
		if r.To.Port == 0 && isLabel(r.To.Name) {
			p.refuse(r.Owner, r.line, "path "+strconv.Quote(r.Path), "the port of Service %s must be a number", r.To.Name)
		}
	}
}

// askedElsewhere is the EasyAuth to whose sign-in paths a host leads that has none protected, as a host for callbacks.
func (p *plan) askedElsewhere(s *site) easyAuth {
	for _, o := range p.objects {
		for _, r := range s.Routes {
			if o.asks.Name != "" && r.Public && o.asks.serves(r.To) && r.within(o.asks.Base) {
				return o.asks
			}
		}
	}
	return easyAuth{}
}

// keepSlashes makes a public /a/ no wider than it was: nginx answers /a itself, with a redirect. Where a Prefix cannot tell
// the two apart, /a keeps the rule of what lies above.
func (p *plan) keepSlashes(s *site) {
	var more []*route
	for _, r := range s.Routes {
		if !r.slash || !r.Public {
			continue
		}
		var above *route
		taken := false
		for _, other := range s.Routes {
			switch {
			case other.Exact:
				taken = taken || other.Path == r.Path
			case other != r && r.within(other.Path) && (above == nil || len(other.Path) > len(above.Path)):
				above = other
			}
		}
		if above != nil && !taken && !above.Public {
			exact := *above
			exact.Path, exact.Exact, exact.kept = r.Path, true, true
			more = append(more, &exact)
			p.note(r.Owner, r.line, s.Host+r.Path, "without the slash keeps the rule of %s", above.Path)
		}
	}
	s.Routes = append(s.Routes, more...)
}

// asked are the EasyAuths of all sites, each once, in their order.
func (p *plan) asked() []easyAuth {
	var list []easyAuth
	for _, s := range p.sites {
		if s.signsIn() && !slices.Contains(list, s.Asks) {
			list = append(list, s.Asks)
		}
	}
	return list
}

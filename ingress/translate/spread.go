package translate

import (
	"slices"
	"strings"
)

// certificate finds the Secret of a host. It is looked for in all objects of the host, as the controller does.
func (p *plan) certificate(s *site) {
	for _, o := range s.owners {
		for _, t := range o.TLS {
			if len(t.Hosts) > 0 && !slices.ContainsFunc(t.Hosts, func(h string) bool { return covers(strings.ToLower(h), s.Host) }) {
				continue
			}
			switch {
			case t.Secret != "" && !isName(t.Secret):
				p.refuse(o, t.Line, "tls", "the Secret has a name that Kubernetes does not take")
			case s.Secret == "":
				s.TLS, s.Secret, s.In = true, t.Secret, o.Namespace
			case t.Secret != "" && (t.Secret != s.Secret || o.Namespace != s.In):
				p.note(o, t.Line, "tls", "%s has another certificate already, %s/%s", s.Host, s.In, s.Secret)
			}
		}
	}
}

func covers(pattern, host string) bool {
	if rest, ok := strings.CutPrefix(pattern, "*"); ok {
		_, parent, _ := strings.Cut(host, ".")
		return rest == "."+parent
	}
	return pattern == host
}

// spread refuses what shares a host with what is refused: without its stricter paths, the broader ones of the others
// would answer in its place.
func (p *plan) spread() {
	for again := true; again; {
		again = false
		for _, s := range p.sites {
			at := slices.IndexFunc(s.owners, func(o *object) bool { return len(p.refused[o.number]) > 0 })
			if at < 0 {
				continue
			}
			for _, o := range s.owners {
				if len(p.refused[o.number]) == 0 {
					p.refuse(o, o.Line, "", "shares the host %s with %s, which is refused", s.Host, s.owners[at].Title())
					again = true
				}
			}
		}
	}
}

// finish leaves what is written.
func (p *plan) finish() {
	p.sites = slices.DeleteFunc(p.sites, func(s *site) bool {
		return slices.ContainsFunc(s.owners, func(o *object) bool { return len(p.refused[o.number]) > 0 })
	})
	for _, s := range p.sites {
		if !s.TLS {
			p.say("%s has no certificate in the source: it is served over plain http, and TLS must end in front of the proxy", s.Host)
		} else if s.Secret == "" {
			p.say("%s has the controller's default certificate, which is not carried over", s.Host)
		}
	}
	p.sites = slices.DeleteFunc(p.sites, func(s *site) bool { return len(s.Routes) == 0 && !s.signsIn() })
}

package translate

import (
	"strings"

	"go.yaml.in/yaml/v3"
)

const inlineHead = `# Written by easyauth ingress translate --to inline: a part of EasyAuth's configuration file, for easyauth proxy.
# EASYAUTH_HOSTS must name the hosts; the sign-in paths are served on each of them.
`

type upstream struct {
	Host   string `yaml:"host"`
	Path   string `yaml:"path"`
	To     string `yaml:"to"`
	Auth   string `yaml:"auth,omitempty"`
	Public bool   `yaml:"public,omitempty"`
}

// checkInline refuses what the upstreams of a configuration cannot say: a path holds for everything below it.
func checkInline(p *plan, s *site) {
	for _, other := range p.asked() {
		if s.signsIn() && (other.host() != s.Asks.host() || other.Base != s.Asks.Base) {
			for _, o := range s.owners {
				p.refuse(o, o.Line, s.Host, "asks %s%s, other hosts ask %s%s, and easyauth proxy is one EasyAuth: translate their Ingresses one after the other", s.Asks.url(), s.Asks.Base, other.url(), other.Base)
			}
			break
		}
	}
	for _, r := range s.Routes {
		switch {
		case r.kept:
			p.refuse(r.Owner, r.line, s.Host+r.Path, "keeps its rule while %s/ is open, and the path of an upstream cannot tell the two apart: open %s, or nothing there", r.Path, r.Path)
		case r.Exact:
			p.refuse(r.Owner, r.line, s.Host+r.Path, "the path of an upstream holds for everything below it, and this one is Exact")
		}
	}
}

func inline(p *plan) (string, error) {
	var list []upstream
	for _, s := range p.sites {
		for _, r := range s.Routes {
			u := upstream{Host: r.Host, Path: r.Path, To: r.To.url(), Public: r.Public}
			if !r.Public {
				u.Auth = r.query()
				if len(r.Owner.headers) > 0 {
					p.note(r.Owner, r.Owner.protection.ResponseHeaders.Line, "", "the upstream gets the headers that EasyAuth gives, all of them")
				}
			}
			list = append(list, u)
		}
		if s.TLS {
			p.say("the certificate of %s is not carried over: easyauth proxy stands behind what ends TLS", s.Host)
		}
	}
	for _, asks := range p.asked() {
		if asks.Base != "/easyauth" {
			p.saysOnce("the sign-in paths were below " + asks.Base + ": set EASYAUTH_BASE_PATH=" + asks.Base)
		}
	}
	var b strings.Builder
	b.WriteString(inlineHead)
	e := yaml.NewEncoder(&b)
	e.SetIndent(2)
	if err := e.Encode(map[string][]upstream{"upstreams": list}); err != nil {
		return "", err
	}
	return b.String(), e.Close()
}

package annotations

import (
	"slices"
	"strings"
)

// paths checks the paths of a host that has a protected one.
func (c *checker) paths(s *server) {
	if s.regex != nil {
		at := s.regex.ing.at(0)
		for _, name := range []string{"use-regex", "rewrite-target"} {
			if v, ok := s.regex.ing.Annotation(name); ok {
				at = s.regex.ing.at(v.Line)
			}
		}
		c.add("regex-host", at, "every path of %s is a regular expression that ignores case, also those of other Ingresses", spoken(s.host))
	}
	for k, l := range s.locs {
		if bad := badLetters(l.Path.Path, pathLetters); bad != "" && l.Type != "ImplementationSpecific" {
			c.add("path-characters", l.at(), "the path %s of type %s holds %s, which ingress-nginx 1.12 and later refuses", shown(l.Path.Path), l.Type, bad)
		}
		if !l.guard.on && !s.isOurs(l) && !challenge(l.Path.Path) {
			c.open(s, l)
		}
		for _, earlier := range s.locs[:k] {
			c.twice(s, earlier, l)
		}
	}
}

const pathLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./"

// challenge reports whether a path is where certificates are proven.
func challenge(path string) bool { return strings.HasPrefix(path, "/.well-known/acme-challenge") }

// open judges a path at which nobody is asked.
func (c *checker) open(s *server, l *location) {
	here := shown(spoken(s.host) + l.Path.Path)
	c.opened[s.host+l.Path.Path] = true
	wider := false
	for _, g := range s.locs {
		if g.guarded() && g.service() == l.service() && g.Path.Path != l.Path.Path && s.covers(l, g.Path.Path) {
			c.add("open-parent", l.at(), "nobody is asked at %s, and the same Service is behind the protected %s: another spelling of that path comes in here", here, shown(g.Path.Path))
			wider = true
			break
		}
	}
	if s.regex != nil {
		c.add("regex-open", l.at(), "nobody is asked at %s, which is a regular expression on this host", here)
	}
	if l.Type != "Exact" && l.Type != "Prefix" && s.regex == nil && !strings.HasSuffix(l.Path.Path, "/") {
		if other := s.answers(l.Path.Path+"-", func(o *location) bool { return o != l }); other != nil && other.guarded() && other.service() == l.service() {
			c.add("open-beginning", l.at(), "nobody is asked at any path that begins with %s, such as %s-admin", here, shown(l.Path.Path))
		}
	}
	if !wider && !slices.ContainsFunc(c.Public, func(entry string) bool { return publicPath(entry) == s.host+l.Path.Path }) {
		c.add("open-path", l.at(), "nobody is asked at %s, on a host that is protected elsewhere", here)
	}
}

// publicPath is an entry of Public with its host as a server has it.
func publicPath(entry string) string {
	host, _, _ := strings.Cut(entry, "/")
	return strings.ToLower(host) + entry[len(host):]
}

// unmatched tells of entries of Public that are no open path of a protected host: they have no effect.
func (c *checker) unmatched() {
	for _, entry := range c.Public {
		if !c.opened[publicPath(entry)] {
			c.add("public-unmatched", place{file: "flags", object: "--public"}, "%s is no open path of a protected host that was read", shown(entry))
		}
	}
}

// twice tells of two Ingresses that claim one path.
func (c *checker) twice(s *server, a, b *location) {
	same := a.Path.Path == b.Path.Path && (a.Type == b.Type || s.regex != nil)
	if a.ing != b.ing && a.ing.Title() == b.ing.Title() {
		return // one object in two files
	}
	if !same || !a.guarded() && !b.guarded() {
		return
	}
	how := "both ask EasyAuth the same"
	switch {
	case a.guard.on != b.guard.on:
		how = "one of them asks nobody"
	case a.guard.AuthURL.Text != b.guard.AuthURL.Text:
		how = "they ask for different things"
	}
	c.add("duplicate-path", b.at(), "%s is in %s too, and %s", shown(spoken(s.host)+b.Path.Path), a.ing.Title(), how)
}

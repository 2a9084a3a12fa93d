package annotations

import (
	"slices"
	"strings"
)

// ownPath is a path below which EasyAuth's own pages are on one host, and the name of the Service that is
// asked there.
type ownPath struct {
	path    string
	service string // "" where the auth-url does not name one
}

// ownPages notes for each host where EasyAuth is, as those say who ask it there.
func (c *checker) ownPages() {
	for _, s := range c.servers {
		s.asked = map[string]bool{}
		for _, l := range s.locs {
			if !l.guarded() {
				continue
			}
			service, _ := serviceOf(l.guard.Host)
			if service != "" {
				s.asked[service], c.asked[service] = true, true
			}
			_, name, _ := strings.Cut(service, "/")
			for _, path := range []string{parent(l.guard.Path), c.signInPath(l.guard), c.callbackPath(l.guard)} {
				if own := (ownPath{path, name}); path != "" && !slices.Contains(s.own, own) {
					s.own = append(s.own, own)
				}
			}
		}
		if len(s.own) > 0 {
			c.guarded = append(c.guarded, s)
		}
	}
	for _, s := range c.servers {
		c.routes = c.routes || slices.ContainsFunc(s.locs, func(l *location) bool {
			return c.asked[l.service()] || slices.ContainsFunc(s.own, l.below)
		})
	}
}

// isOurs reports whether a location leads to EasyAuth's own pages, as they are on this host. A Service of
// another namespace may be another name (ExternalName) of the one that is asked, and is called like it.
func (s *server) isOurs(l *location) bool {
	return s.asked[l.service()] || slices.ContainsFunc(s.own, func(own ownPath) bool {
		return l.below(own) && strings.Contains(l.Service, own.service)
	})
}

// below reports whether a location is one of EasyAuth's pages by its path.
func (l *location) below(own ownPath) bool {
	path := strings.TrimSuffix(l.Path.Path, "/")
	return path == own.path || strings.HasPrefix(path, own.path+"/")
}

// onlyOurs reports whether every path of an Ingress leads to EasyAuth.
func (c *checker) onlyOurs(i *Ingress) bool {
	found := false
	for _, s := range c.servers {
		for _, l := range s.locs {
			if l.ing != i {
				continue
			}
			if !s.isOurs(l) && !c.asked[l.service()] {
				return false
			}
			found = true
		}
	}
	return found
}

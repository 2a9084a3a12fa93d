package annotations

import (
	"slices"
	"strings"
)

// server checks one host.
func (c *checker) server(s *server) {
	first := slices.IndexFunc(s.locs, (*location).guarded)
	if first < 0 {
		c.beside(s)
		return
	}
	c.known(s, s.locs[first])
	c.snippets(s)
	c.signInPaths(s)
	c.questions(s)
	c.paths(s)
}

// known checks that EasyAuth serves a host and its aliases.
func (c *checker) known(s *server, first *location) {
	switch {
	case s.host == "":
		c.add("host-missing", first.at(), "a rule without a host is for every host that no other rule names, and EasyAuth serves those of EASYAUTH_HOSTS")
	case !c.serves(s.host):
		c.add("host-not-served", first.at(), "%s is not among the hosts that EasyAuth serves: nobody can sign in there", shown(s.host))
	}
	open := s.host == "" || strings.HasPrefix(s.host, "*.")
	for _, l := range s.locs {
		if open && l.guarded() && strings.Contains(l.guard.Host, "$host") {
			c.add("auth-url-variable", l.guard.of(l.guard.AuthURL), "auth-url asks $host, and the rule is for %s: the client chooses whom to ask", spoken(s.host))
		}
		alias, ok := l.ing.Annotation("server-alias")
		if !ok {
			continue
		}
		for _, name := range strings.Split(alias.Text, ",") {
			name = strings.ToLower(strings.TrimSpace(name))
			switch {
			case name == "":
			case strings.ContainsAny(name, `~^$()[]|\+`):
				c.add("host-unread", l.ing.at(alias.Line), "server-alias %s is a regular expression: which hosts it names is not known here", shown(name))
			case !c.serves(name):
				c.add("host-not-served", l.ing.at(alias.Line), "%s, of server-alias, is not among the hosts that EasyAuth serves", shown(name))
			}
		}
	}
}

func (c *checker) serves(host string) bool {
	if c.Served == nil {
		return true
	}
	return c.Served(strings.Replace(host, "*.", "any.", 1))
}

// beside looks at a host that nobody protects, but that others think of as protected.
func (c *checker) beside(s *server) {
	for _, l := range s.locs {
		if l.guard.on || challenge(l.Path.Path) {
			continue
		}
		for _, other := range c.guarded {
			switch {
			case other.class == s.class && strings.HasPrefix(other.host, "*.") && under(s.host, other.host) && !other.isOurs(l):
				c.add("host-of-wildcard", l.at(), "nobody is asked at %s, though %s is protected", shown(s.host+l.Path.Path), other.host)
			case other.class != s.class && other.host == s.host && !other.isOurs(l):
				c.add("host-elsewhere", l.at(), "nobody is asked at %s by the controller of class %s", shown(spoken(s.host)+l.Path.Path), shown(s.class))
			}
		}
	}
}

// elsewhere checks Ingresses of other controllers.
func (c *checker) elsewhere(i *Ingress, own bool) {
	if !Foreign(i.Class) {
		return
	}
	if own {
		c.add("class", i.at(0), "the class %s is usually another controller's, which does not read these annotations: nobody is asked", shown(i.Class))
		return
	}
	for _, host := range i.Hosts() {
		for _, s := range c.guarded {
			if s.host == host {
				c.add("host-elsewhere", i.at(0), "%s is protected for one controller, and here the class %s serves it too", spoken(host), shown(i.Class))
			}
		}
	}
}

// snippets judges what is written for a whole host.
func (c *checker) snippets(s *server) {
	for _, l := range s.locs {
		if v, ok := l.ing.Annotation("server-snippet"); ok {
			c.snippet(l.ing.at(v.Line), "server-snippet", v.Text)
		}
		if v, ok := l.ing.Annotation("ssl-passthrough"); ok && l.ing.is("ssl-passthrough", "true") {
			c.add("ssl-passthrough", l.ing.at(v.Line), "ssl-passthrough hands the connections of %s on as they are", spoken(s.host))
		}
	}
}

// signInPaths checks that a browser gets to the sign-in pages of a host.
func (c *checker) signInPaths(s *server) {
	if !c.routes && !c.Whole {
		return // told once, by unreadSignIn
	}
	for _, l := range s.locs {
		if !l.guarded() || strings.TrimSpace(l.guard.SignIn.Text) == "" {
			continue
		}
		wanted := []string{c.signInPath(l.guard)}
		if c.CallbackHost == "" || hostName(c.CallbackHost) == s.host {
			wanted = append(wanted, c.callbackPath(l.guard))
		}
		if strings.Contains(l.guard.Host, "$host") || hostName(l.guard.Host) == s.host {
			wanted = append(wanted, l.guard.Path)
		}
		for _, path := range wanted {
			c.signInPathOf(s, l, path)
		}
	}
}

// questions checks that nobody but nginx gets to what decides.
func (c *checker) questions(s *server) {
	for _, l := range s.locs {
		if !l.guarded() || strings.Contains(l.guard.Host, "$") || hostName(l.guard.Host) == s.host {
			continue
		}
		if a := s.answers(l.guard.Path, anyLocation); a != nil && !a.guard.on && s.isOurs(a) {
			c.add("auth-path-public", a.at(), "%s can be asked from outside", shown(spoken(s.host)+l.guard.Path))
		}
	}
}

func (c *checker) signInPathOf(s *server, l *location, path string) {
	switch answers := s.answers(path, anyLocation); {
	case answers == nil:
		c.add("signin-paths-missing", l.at(), "nobody routes %s to EasyAuth", shown(spoken(s.host)+path))
	case !answers.guard.on && !s.isOurs(answers):
		c.add("signin-paths-missing", l.at(), "nobody routes %s to EasyAuth: it comes to the Service %s", shown(spoken(s.host)+path), shown(answers.service()))
	case answers.guard.on:
		c.add("signin-paths-protected", answers.at(), "%s is answered here, where EasyAuth is asked first: a sign-in never ends", shown(spoken(s.host)+path))
	case path == c.callbackPath(l.guard):
		of, _ := c.controllerSize("proxy-buffer-size")
		if n, ok := bufferSize(answers.ing); (!ok || n < 16<<10) && of < 16<<10 {
			c.add("signin-buffer", answers.ing.at(0), "proxy-buffer-size is less than 16k where %s is answered: people with many groups get 502", shown(path))
		}
	}
}

// unreadSignIn tells once that the Ingress of the sign-in paths is not among what was read.
func (c *checker) unreadSignIn() {
	if c.Whole || c.routes {
		return
	}
	for _, s := range c.servers {
		for _, l := range s.locs {
			if l.guarded() && strings.TrimSpace(l.guard.SignIn.Text) != "" {
				c.add("signin-paths-unread", l.guard.of(l.guard.SignIn), "no Ingress that was read leads to %s, so the sign-in paths are not checked", shown(c.signInPath(l.guard)))
				return
			}
		}
	}
}

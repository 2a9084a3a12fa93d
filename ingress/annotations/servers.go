package annotations

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// server is one host of one controller, as ingress-nginx makes it of all Ingresses that name the host.
type server struct {
	host  string // "" is every other host
	class string
	locs  []*location
	asked map[string]bool // namespace/name of the Services that are asked about this host
	own   []ownPath
	regex *location // by whose Ingress all paths are regular expressions; nil: they are not
}

// location is one path of a server.
type location struct {
	Path
	ing   *Ingress
	guard guard
}

func (l *location) at() place { return l.ing.at(l.Line) }

// service names the Service that answers, with its namespace.
func (l *location) service() string { return l.ing.Namespace + "/" + l.Service }

// guarded reports whether an EasyAuth is asked.
func (l *location) guarded() bool { return l.guard.on && l.guard.EasyAuth }

// serve puts the paths of all Ingresses of ingress-nginx together by host. A canary has no paths of
// its own: it takes a share of another Ingress's requests, with that one's protection.
func (c *checker) serve() {
	sole := c.soleClass()
	for k := range c.manifest.Ingresses {
		i := &c.manifest.Ingresses[k]
		if Foreign(i.Class) || i.is("canary", "true") {
			continue
		}
		class := i.Class
		if class == "" {
			class = sole
		}
		for _, r := range i.Rules {
			s := c.serverOf(class, strings.ToLower(r.Host))
			for _, p := range r.Paths {
				s.locs = append(s.locs, &location{p, i, c.guards[k]})
			}
		}
	}
	c.defaults(sole)
	for _, s := range c.servers {
		for _, l := range s.locs {
			if _, rewrites := l.ing.Annotation("rewrite-target"); s.regex == nil && (rewrites || l.ing.is("use-regex", "true")) {
				s.regex = l
			}
		}
	}
}

// defaults gives a host whose root nobody answers the default backend of an Ingress that names it.
func (c *checker) defaults(sole string) {
	for k := range c.manifest.Ingresses {
		i := &c.manifest.Ingresses[k]
		if len(i.Rules) == 0 || Foreign(i.Class) || i.is("canary", "true") {
			continue
		}
		last := i.Rules[len(i.Rules)-1]
		if !last.Default || last.Host != "" {
			continue
		}
		class := i.Class
		if class == "" {
			class = sole
		}
		for _, host := range i.Hosts() {
			s := c.serverOf(class, host)
			if !slices.ContainsFunc(s.locs, func(l *location) bool { return l.Path.Path == "/" }) {
				s.locs = append(s.locs, &location{last.Paths[0], i, c.guards[k]})
			}
		}
	}
}

func (c *checker) serverOf(class, host string) *server {
	name := [2]string{class, host}
	if s := c.byName[name]; s != nil {
		return s
	}
	s := &server{host: host, class: class}
	c.servers, c.byName[name] = append(c.servers, s), s
	return s
}

// soleClass is the class of all Ingresses of ingress-nginx that name one, if it is one: those that name
// none are then of it too.
func (c *checker) soleClass() string {
	sole := ""
	for k := range c.manifest.Ingresses {
		class := c.manifest.Ingresses[k].Class
		switch {
		case class == "" || Foreign(class) || class == sole:
		case sole != "":
			return ""
		default:
			sole = class
		}
	}
	return sole
}

// Foreign reports whether a class is usually another controller's, which does not read annotations of
// ingress-nginx.
func Foreign(class string) bool {
	class = strings.ToLower(class)
	for _, name := range []string{
		"traefik", "haproxy", "kong", "alb", "gce", "azure-application-gateway", "azure/application-gateway", "azure-alb",
		"contour", "cilium", "istio", "ambassador", "openshift", "apisix", "tailscale", "cloudflare", "envoy", "caddy", "gateway",
	} {
		if class == name || strings.HasPrefix(class, name+"-") || strings.HasPrefix(class, name+"/") {
			return true
		}
	}
	return false
}

// covers reports whether a path of a request is this location's, if no better one is there.
func (s *server) covers(l *location, path string) bool {
	switch {
	case s.regex != nil:
		if expression, err := regexp.Compile("(?i)^(?:" + l.Path.Path + ")"); err == nil {
			return expression.MatchString(path)
		}
		return strings.HasPrefix(strings.ToLower(path), strings.ToLower(l.Path.Path))
	case l.Type == "Exact":
		return path == l.Path.Path
	case l.Type == "Prefix":
		trimmed := strings.TrimSuffix(l.Path.Path, "/")
		return path == trimmed || strings.HasPrefix(path, trimmed+"/")
	}
	return strings.HasPrefix(path, l.Path.Path)
}

// answers gives the location that a path of a request comes to; nil: none does.
func (s *server) answers(path string, among func(*location) bool) *location {
	var best *location
	for _, l := range s.locs {
		if !among(l) || !s.covers(l, path) {
			continue
		}
		if s.regex == nil && l.Type == "Exact" {
			return l
		}
		if best == nil || len(l.Path.Path) > len(best.Path.Path) {
			best = l
		}
	}
	return best
}

func anyLocation(*location) bool { return true }

// bufferSize is the proxy-buffer-size of an Ingress.
func bufferSize(i *Ingress) (int, bool) {
	v, ok := i.Annotation("proxy-buffer-size")
	if !ok {
		return 0, false
	}
	return size(v.Text)
}

// size reads a size of nginx: 16k.
func size(text string) (int, bool) {
	text = strings.ToLower(strings.TrimSpace(text))
	unit := 1
	for _, u := range []struct {
		sign string
		is   int
	}{{"k", 1 << 10}, {"m", 1 << 20}, {"g", 1 << 30}, {"b", 1}} {
		if number, ok := strings.CutSuffix(text, u.sign); ok {
			text, unit = number, u.is
			break
		}
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 || n > 1<<30/unit {
		return 0, false
	}
	return n * unit, true
}

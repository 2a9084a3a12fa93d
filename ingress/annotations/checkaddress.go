package annotations

import (
	"errors"
	"net/netip"
	"slices"
	"strings"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
)

// addressed checks an auth-url.
func (c *checker) addressed(g guard) {
	at, url := g.of(g.AuthURL), strings.TrimSpace(g.AuthURL.Text)
	bad := badLetters(url, addressLetters+", ")
	switch {
	case g.Scheme != "http" && g.Scheme != "https" || g.Host == "" || strings.Contains(g.Host, ".."):
		c.add("auth-url-address", at, "auth-url %s has no scheme http or https, or no host: ingress-nginx answers 503", shown(url))
		return
	case !g.EasyAuth && c.looksOurs(g):
		c.add("auth-url-path", at, "auth-url asks %s, which is not the path that decides; whatever it answers with 200 lets everybody in", shown(g.Path))
	case !g.EasyAuth:
		c.add("other-server", at, "auth-url asks %s, which is no EasyAuth: what it does is not known here", shown(g.Host+g.Path))
		return
	case c.AuthPath != "" && g.Path != c.AuthPath:
		c.add("auth-url-path", at, "auth-url asks %s, but the configuration has %s", shown(g.Path), c.AuthPath)
	}
	if bad != "" {
		c.add("auth-url-characters", at, "auth-url holds %s, which ingress-nginx 1.12 and later refuses", bad)
	}
	c.variables(g, at)
	if g.EasyAuth {
		c.rule(g, at)
	}
	c.reached(g, at)
}

// looksOurs reports whether an auth-url that decides nothing is meant for an EasyAuth.
func (c *checker) looksOurs(g guard) bool {
	label, _, _ := strings.Cut(g.Host, ".")
	return strings.Contains(label, "easyauth") || strings.HasPrefix(g.Path, "/easyauth/") || g.Path == "/easyauth" ||
		c.AuthPath != "" && strings.HasPrefix(g.Path, parent(c.AuthPath)+"/")
}

// addressLetters may stand in an address of ingress-nginx 1.12 and later, beside what an annotation adds.
const addressLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~/:?&=$"

// badLetters gives what of a text is not among the letters, each once, for a sentence; "" if all is.
func badLetters(text, letters string) string {
	var bad []string
	seen := map[rune]bool{}
	for _, r := range text {
		if !strings.ContainsRune(letters, r) && !seen[r] && len(bad) < 10 {
			seen[r] = true
			bad = append(bad, named(r))
		}
	}
	return strings.Join(bad, " ")
}

func named(r rune) string {
	switch {
	case r == '\n' || r == '\r':
		return "a line break"
	case r < ' ' || r == 0x7f:
		return "a control character"
	}
	return "‘" + string(r) + "’"
}

// variables of nginx that stand in the address.
func (c *checker) variables(g guard, at place) {
	for _, name := range variablesOf(g.Query) {
		switch {
		case ownVariable(name):
		case odata(name):
			c.add("auth-url-dollar", at, "auth-url holds $%s, which nginx takes for a variable; its configuration cannot be loaded", name)
		default:
			c.add("auth-url-variable", at, "auth-url takes its rule from $%s, which the client fills", shown(name))
		}
	}
	for _, name := range variablesOf(g.Host + g.Path) {
		if !ownVariable(name) && name != "host" {
			c.add("auth-url-variable", at, "auth-url takes from $%s whom to ask, which the client fills", shown(name))
		}
	}
}

// variablesOf gives the names behind $ in a text.
func variablesOf(text string) []string {
	var names []string
	for _, part := range strings.Split(text, "$")[1:] {
		part = strings.TrimPrefix(part, "{")
		end := strings.IndexFunc(part, func(r rune) bool {
			return r != '_' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
		})
		if end >= 0 {
			part = part[:end]
		}
		names = append(names, part)
	}
	return names
}

// ownVariable reports whether nginx's own configuration alone fills a variable.
func ownVariable(name string) bool {
	switch name {
	case "server_name", "server_port", "server_addr", "scheme", "pass_access_scheme", "namespace", "ingress_name",
		"service_name", "service_port", "location_path", "proxy_upstream_name", "hostname":
		return true
	}
	return false
}

// odata reports whether $name is an option of a Graph query, which nginx does not know.
func odata(name string) bool {
	switch name {
	case "", "select", "filter", "expand", "top", "skip", "orderby", "count", "search", "format", "levels", "value", "ref":
		return true
	}
	return false
}

// rule reads the query as the server would.
func (c *checker) rule(g guard, at place) {
	if strings.Contains(g.Query, "$") {
		return // what it will say is not known
	}
	if err := c.parse(g.Query); err != nil {
		c.add("auth-url-query", at, "the rule of auth-url cannot be read, so everybody is refused: %s", shown(err.Error()))
	}
}

// parse reads a rule by the server's configuration; where that is not known, a rule is good if some
// server could read it.
func (c *checker) parse(query string) error {
	if c.Parser != nil {
		_, err := c.Parser.Parse(query)
		return err
	}
	named := map[string]string{}
	for _, part := range strings.Split(query, "&") {
		if name, ok := strings.CutPrefix(part, "graph="); ok && !strings.ContainsAny(name, "/|%+$") && name != "" {
			named[name] = "/me"
		}
	}
	_, err := access.NewParser(access.ParserConfig{Queries: named, Entra: true, Apps: true}).Parse(query)
	var refused *access.QueryError
	if errors.As(err, &refused) && refused.Param == "amr" {
		_, err = access.NewParser(access.ParserConfig{Queries: named, Apps: true}).Parse(query)
	}
	return err
}

// reached checks the way from nginx to the server that is asked.
func (c *checker) reached(g guard, at place) {
	name := hostName(g.Host)
	ip, err := netip.ParseAddr(strings.Trim(name, "[]"))
	switch {
	case err == nil && (ip.IsPrivate() || ip.IsLoopback() || ip.IsLinkLocalUnicast()):
	case strings.Contains(name, ".svc."):
	case err != nil && c.isShort(g.Scheme, name):
		c.add("auth-url-short-name", at, "auth-url asks %s, which nginx cannot look up: it has no search domains", shown(name))
	case strings.Contains(name, "$host") || strings.Contains(name, "$server_name") || c.isServedHere(name):
		c.add("auth-url-public", at, "auth-url asks the public host: every check goes out of the cluster and back in")
	case strings.Contains(name, "$"): // told already
	case g.Scheme == "http":
		c.add("auth-url-plain", at, "auth-url asks %s in clear text, and it is no name inside of the cluster: who can change the answer can be anybody", shown(name))
	}
}

// isShort reports whether a name is a Service's without the cluster's domain: SERVICE, SERVICE.NAMESPACE.svc,
// or SERVICE.NAMESPACE, if that Service is asked elsewhere or the namespace was read. A public name may end
// like a namespace too: with https it is taken for one.
func (c *checker) isShort(scheme, name string) bool {
	first, last, two := strings.Cut(name, ".")
	switch {
	case strings.Contains(name, "$"):
		return false
	case !two || strings.HasSuffix(name, ".svc"):
		return true
	case scheme != "http" || c.isServedHere(name):
		return false
	}
	for k := range c.manifest.Ingresses {
		i := &c.manifest.Ingresses[k]
		p, _ := i.Protection()
		asked, _ := serviceOf(p.Host)
		if i.Namespace == last || asked == last+"/"+first {
			return true
		}
	}
	return slices.ContainsFunc(c.manifest.ConfigMaps, func(m ConfigMap) bool { return m.Namespace == last })
}

// isServedHere reports whether a name is a host of some Ingress.
func (c *checker) isServedHere(name string) bool {
	for k := range c.manifest.Ingresses {
		for _, host := range c.manifest.Ingresses[k].Hosts() {
			if host != "" && under(name, host) {
				return true
			}
		}
	}
	return false
}

// hostName is a host without its port, in lower case.
func hostName(host string) string {
	if at := strings.LastIndexByte(host, ':'); at >= 0 && !strings.HasSuffix(host, "]") {
		host = host[:at]
	}
	return strings.ToLower(strings.TrimSuffix(host, "."))
}

// serviceOf gives namespace/name of the Service that an auth-url's host is.
func serviceOf(host string) (string, bool) {
	parts := strings.Split(hostName(host), ".")
	if len(parts) < 3 || parts[2] != "svc" {
		return "", false
	}
	return parts[1] + "/" + parts[0], true
}

// under reports whether a host is a name, or is covered by it when it is a wildcard.
func under(host, name string) bool {
	if rest, ok := strings.CutPrefix(name, "*."); ok {
		return host == name || strings.HasSuffix(host, "."+rest) // nginx: one label or more
	}
	return host == name
}

// parent is a path without its last segment: /easyauth of /easyauth/auth.
func parent(path string) string {
	return path[:max(strings.LastIndexByte(path, '/'), 0)]
}

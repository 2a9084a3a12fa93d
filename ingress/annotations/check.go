package annotations

import (
	"strings"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
)

// Options is what is known of the server that is asked. The zero value is a server of which nothing is
// known, with its default paths and headers.
type Options struct {
	Served  func(host string) bool // whether EasyAuth serves a host; nil: it is not known
	Headers []string               // identity headers in every answer; nil: the fixed ones
	Parser  *access.Parser         // reads rules; nil: one that knows any name of a graph query
	Tokens  bool                   // tokens are handed over

	// AuthPath, SignInPath and CallbackPath are paths of the server; "": they lie beside what the
	// auth-url names, under their default names.
	AuthPath, SignInPath, CallbackPath string
	CallbackHost                       string // on which alone the callback must be routed; "": on every host

	Public []string // host/path: paths that are open on purpose; one that is no open path is a finding
	Whole  bool     // the manifest is a whole cluster: what is not in it is not there
}

// FixedHeaders are the identity headers of a server with default settings.
func FixedHeaders() []string {
	return []string{
		"x-injected-userinfo", "x-injected-name", "x-injected-oid", "x-injected-preferred-username", "x-injected-sub",
		"x-injected-tid", "x-injected-email", "x-injected-groups", "x-injected-scp", "x-injected-roles",
		"x-injected-graph", "x-injected-overflow",
	}
}

// checker is one run of Check.
type checker struct {
	Options
	manifest Manifest
	settings []*ConfigMap // the controller's
	guards   []guard      // one an Ingress
	servers  []*server
	byName   map[[2]string]*server // class and host
	guarded  []*server             // of which some location asks an EasyAuth
	asked    map[string]bool       // namespace/name of the Services that auth-urls ask
	routes   bool                  // some Ingress leads to EasyAuth's pages, or is meant to
	opened   map[string]bool       // host/path at which nobody is asked, of protected hosts
	seen     map[Finding]bool
	global   *guard // what the controller asks where an Ingress says nothing
	kinds    map[string]Kind
	found    []Finding
}

// guard is who is asked about the requests of one Ingress.
type guard struct {
	Protection
	on  bool     // somebody is asked
	ing *Ingress // whose annotations these are; nil: they are the controller's
	all place    // where the whole stands
	of  func(Value) place
}

// Check says what will not work and what is dangerous, in order of file and line. It judges what asks an
// EasyAuth, and what shares a host with it.
func Check(m Manifest, o Options) []Finding {
	c := newChecker(m, o)
	c.serve()
	c.ownPages()
	for k := range m.Ingresses {
		c.ingress(&m.Ingresses[k], c.guards[k])
	}
	for _, s := range c.servers {
		c.server(s)
	}
	c.unreadSignIn()
	c.unmatched()
	return sorted(c.found)
}

// Asking counts the Ingress objects about whose requests an EasyAuth is asked: by an auth-url of their own,
// or by the controller's.
func Asking(m Manifest, o Options) int {
	asking := 0
	for _, g := range newChecker(m, o).guards {
		if g.on && g.EasyAuth {
			asking++
		}
	}
	return asking
}

// newChecker knows who is asked about which Ingress, and what is wrong with the controller's settings.
func newChecker(m Manifest, o Options) *checker {
	c := &checker{
		Options: o, manifest: m, settings: m.Controllers(), asked: map[string]bool{}, opened: map[string]bool{},
		byName: map[[2]string]*server{}, seen: map[Finding]bool{}, kinds: map[string]Kind{},
	}
	for _, k := range Kinds() {
		c.kinds[k.ID] = k
	}
	if c.Headers == nil {
		c.Headers = FixedHeaders()
	}
	c.controllers()
	for k := range m.Ingresses {
		c.guards = append(c.guards, c.guardOf(&m.Ingresses[k]))
	}
	return c
}

// guardOf reads who is asked about the requests of an Ingress.
func (c *checker) guardOf(i *Ingress) guard {
	p, ok := i.Protection()
	g := guard{Protection: p, on: ok, ing: i, all: i.at(0), of: func(v Value) place { return i.at(v.Line) }}
	if !ok && c.global != nil && !i.is("enable-global-auth", "false") && !Foreign(i.Class) {
		g = *c.global
	}
	if g.on && c.AuthPath != "" && g.Path == c.AuthPath {
		g.EasyAuth = true
	}
	return g
}

// is reports whether an annotation has a value, whatever its case.
func (i *Ingress) is(short, value string) bool {
	v, ok := i.Annotation(short)
	return ok && strings.EqualFold(strings.TrimSpace(v.Text), value)
}

// ingress checks what one Ingress says by itself.
func (c *checker) ingress(i *Ingress, g guard) {
	c.names(i)
	if i.is("canary", "true") {
		if _, own := i.Protection(); own {
			c.add("canary-auth", g.all, "the auth annotations of a canary are ignored")
		}
		return
	}
	_, own := i.Protection()
	if own {
		c.judge(g)
	} else {
		c.missing(i, g)
	}
	if g.on {
		c.ways(i, g)
	}
	c.elsewhere(i, own)
}

// judge checks one set of auth annotations, or of the controller's settings.
func (c *checker) judge(g guard) {
	c.addressed(g)
	if !g.EasyAuth {
		return
	}
	c.signIn(g)
	c.headers(g)
	c.asking(g)
}

// missing looks for protection that is meant and is not there, where an Ingress has none of its own.
func (c *checker) missing(i *Ingress, g guard) {
	if g.on { // the controller asks, whatever the annotations say
		return
	}
	url, given := i.Annotation("auth-url")
	if given {
		c.add("auth-url-missing", i.at(url.Line), "auth-url is empty, so nobody is asked")
		return
	}
	for _, name := range []string{"auth-signin", "auth-response-headers", "auth-snippet", "auth-cache-key", "auth-proxy-set-headers"} {
		if v, ok := i.Annotation(name); ok {
			c.add("auth-url-missing", i.at(v.Line), "%s is set and auth-url is not, so nobody is asked", name)
			return
		}
	}
	if v, ok := i.Annotation("enable-global-auth"); ok && i.is("enable-global-auth", "false") && c.global != nil && !c.onlyOurs(i) {
		c.add("global-auth-off", i.at(v.Line), "enable-global-auth is false, so the controller's global-auth-url is not asked")
	}
}

// names looks for auth annotations that ingress-nginx does not read.
func (c *checker) names(i *Ingress) {
	known := (&Protection{}).fields()
	for key, v := range i.Annotations {
		prefix, name, ok := strings.Cut(key, "/")
		if !ok {
			prefix, name = "", key
		}
		plain := strings.ReplaceAll(strings.ToLower(name), "_", "-")
		switch {
		case prefix+"/" == Prefix && known[name] != nil:
		case known[plain] != nil && (strings.Contains(prefix, "nginx") || prefix == "" || prefix == "ingress.kubernetes.io"):
			c.add("annotation-name", i.at(v.Line), "%s is not read by ingress-nginx, which knows %s%s", shown(key), Prefix, plain)
		case prefix+"/" == Prefix && strings.HasPrefix(plain, "auth-") && !otherAuth(name):
			c.add("annotation-name", i.at(v.Line), "%s is no annotation of ingress-nginx", shown(key))
		}
	}
}

// otherAuth reports whether an annotation is one of those for passwords and client certificates.
func otherAuth(name string) bool {
	switch name {
	case "auth-realm", "auth-secret", "auth-secret-type", "auth-type",
		"auth-tls-secret", "auth-tls-verify-depth", "auth-tls-verify-client", "auth-tls-error-page",
		"auth-tls-pass-certificate-to-upstream", "auth-tls-match-cn":
		return true
	}
	return false
}

package inline

import (
	"cmp"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/hosts"
	"github.com/easyauth-sidecar/easyauth/authserver/policy"
)

// Upstream is an application, and who may use it.
type Upstream struct {
	Host  string // app.example.com, or *.apps.example.com for all below; one that is served
	Path  string // what its paths begin with, on whole segments; "" means "/"
	To    string // http://name:port or https://name:port
	Query string // the rule, as the query of an auth-url; "": whoever is signed in
	// Public lets everybody in, and asks nothing.
	Public bool

	HostOfUpstream bool          // it is asked under its own name, not under the client's Host
	Timeout        time.Duration // until its answer begins; 0 means 60 s
	MaxBody        int64         // bytes of a request; 0: no limit
	CA             []byte        // PEM, for https; nil: the system's authorities
	// InsecureSkipVerify takes any certificate for the upstream's: whoever is on the way can be it.
	InsecureSkipVerify bool
}

// UpstreamError says what is wrong with one of TableConfig.Upstreams.
type UpstreamError struct {
	Index   int // its place
	Problem string
}

// Error implements error. It counts from 1.
func (e *UpstreamError) Error() string { return fmt.Sprintf("upstream %d: %s", e.Index+1, e.Problem) }

// TableConfig says which applications there are. All fields are required.
type TableConfig struct {
	Hosts     *hosts.Set
	Upstreams []Upstream
	BasePath  string // itself and all below it is ours, on every host: no upstream's
	// Rule says what is wrong with the query of an auth-url. It returns nil if nothing is.
	Rule func(query string) error
}

// Table finds the application of a request. It does not change and may be shared.
type Table struct {
	hosts     *hosts.Set
	exact     map[string]*site // canonical host
	wildcards []wildcard       // the longest first
	pool      *pool
}

// site is the applications of a host.
type site struct {
	routes  []*route // the longest path first
	byPaths bool     // the path tells more than that there is one
}

type wildcard struct {
	suffix string // ".apps.example.com", with a port if it has one
	site   *site
}

// route is an upstream that is ready.
type route struct {
	Upstream

	label  string // for the log
	scheme string
	to     string // host:port
	key    transportKey
}

const defaultTimeout = 60 * time.Second

// NewTable reads a list of upstreams. Its error joins an *UpstreamError for each that is wrong. Of an
// upstream's text it holds what Rule quotes of the query, which is a rule and no secret.
func NewTable(c TableConfig) (*Table, error) {
	if c.Hosts == nil || c.Rule == nil || !strings.HasPrefix(c.BasePath, "/") {
		return nil, errors.New("make a table: a required field of its Config is missing")
	}
	t := &Table{hosts: c.Hosts, exact: map[string]*site{}, pool: newPool()}
	var faults []error
	if len(c.Upstreams) == 0 {
		faults = append(faults, errors.New("there is no upstream"))
	}
	for i, u := range c.Upstreams {
		if problem := t.add(u, &c); problem != "" {
			faults = append(faults, &UpstreamError{Index: i, Problem: problem})
		}
	}
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	for _, s := range t.exact {
		s.order()
	}
	for _, w := range t.wildcards {
		w.site.order()
	}
	slices.SortFunc(t.wildcards, func(a, b wildcard) int { return cmp.Compare(len(b.suffix), len(a.suffix)) })
	return t, nil
}

func (s *site) order() {
	slices.SortFunc(s.routes, func(a, b *route) int { return cmp.Compare(len(b.Path), len(a.Path)) })
	s.byPaths = len(s.routes) > 1 || s.routes[0].Path != "/"
}

// add says what is wrong with an upstream; "": nothing.
func (t *Table) add(u Upstream, c *TableConfig) string {
	r := &route{Upstream: u}
	if problem := r.read(); problem != "" {
		return problem
	}
	if covers(c.BasePath, r.Path) {
		return "its path is EasyAuth's own, or below it: no request would come to it"
	}
	if !u.Public {
		if err := c.Rule(u.Query); err != nil {
			return "auth: " + err.Error()
		}
	} else if u.Query != "" {
		return "public lets everybody in: it cannot have a rule in auth too"
	}
	s := t.siteOf(u.Host)
	if s == nil {
		return "its host must be one that EASYAUTH_HOSTS serves"
	}
	if slices.ContainsFunc(s.routes, func(other *route) bool { return other.Path == r.Path }) {
		return "another one has the same host and path"
	}
	s.routes = append(s.routes, r)
	return ""
}

// siteOf returns the place of a host, which it makes; nil: the host is not served.
func (t *Table) siteOf(host string) *site {
	below, isWildcard := strings.CutPrefix(host, "*.")
	if !isWildcard {
		h, ok := t.hosts.Host(host)
		if !ok {
			return nil
		}
		if t.exact[h.Name] == nil {
			t.exact[h.Name] = &site{}
		}
		return t.exact[h.Name]
	}
	const anyName = "any-name-at-all."
	h, ok := t.hosts.Host(anyName + below)
	if !ok {
		return nil
	}
	suffix := strings.TrimPrefix(h.Name, strings.TrimSuffix(anyName, "."))
	for _, w := range t.wildcards {
		if w.suffix == suffix {
			return w.site
		}
	}
	t.wildcards = append(t.wildcards, wildcard{suffix, &site{}})
	return t.wildcards[len(t.wildcards)-1].site
}

// read checks what one upstream alone can tell; "": all is well.
func (r *route) read() string {
	if r.Path == "" {
		r.Path = "/"
	}
	if clean, ok := policy.CleanPath(r.Path); !ok || strings.ContainsAny(r.Path, "%?") || len(r.Path) > 1 && clean != strings.TrimSuffix(r.Path, "/") {
		return "its path must be one that all servers read in the same way, such as /api: no escapes, no empty segments or such of dots, no backslash, no semicolon"
	} else if r.Path = clean; r.Timeout < 0 || r.MaxBody < 0 {
		return "its limits must not be negative"
	}
	if r.Timeout == 0 {
		r.Timeout = defaultTimeout
	}
	u, err := url.Parse(r.To)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || !goodPort(u.Port()) || u.User != nil || u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.ForceQuery || strings.Contains(r.To, "#") {
		return "to must be http://name:port or https://name:port: no path, no user name"
	}
	r.scheme, r.to, r.label = u.Scheme, u.Host, u.Scheme+"://"+u.Host
	if r.scheme == "http" && (r.InsecureSkipVerify || r.CA != nil) {
		return "what is said of certificates needs an https address"
	}
	if r.CA != nil && (r.InsecureSkipVerify || !x509.NewCertPool().AppendCertsFromPEM(r.CA)) {
		return "the authorities of its certificate must be certificates in PEM, and go with a certificate that is verified"
	}
	r.key = transportKey{timeout: r.Timeout, insecure: r.InsecureSkipVerify}
	if r.CA != nil {
		r.key.ca = sha256.Sum256(r.CA)
	}
	return ""
}

// goodPort reports whether a port is absent or one that can be connected to.
func goodPort(port string) bool {
	n, err := strconv.ParseUint(port, 10, 16)
	return port == "" || err == nil && n > 0
}

// siteFor returns the applications of a canonical host; nil: there is none.
func (t *Table) siteFor(host string) *site {
	if s := t.exact[host]; s != nil {
		return s
	}
	for _, w := range t.wildcards {
		if strings.HasSuffix(host, w.suffix) {
			return w.site
		}
	}
	return nil
}

// Unused returns the hosts that are served and lead to no application, in canonical form;
// "*.apps.example.com" for one below which there is none.
func (t *Table) Unused() (names []string) {
	for _, origin := range t.hosts.Origins() {
		_, name, _ := strings.Cut(origin, "://")
		if !t.leads(name) {
			names = append(names, name)
		}
	}
	return names
}

func (t *Table) leads(name string) bool {
	suffix, isWildcard := strings.CutPrefix(name, "*")
	if !isWildcard {
		return t.siteFor(name) != nil
	}
	for host := range t.exact {
		if strings.HasSuffix(host, suffix) {
			return true
		}
	}
	return slices.ContainsFunc(t.wildcards, func(w wildcard) bool {
		return strings.HasSuffix(w.suffix, suffix) || strings.HasSuffix(suffix, w.suffix)
	})
}

// find returns the route of a path and query as they were sent. It is nil with ok when no route covers the
// path, and nil without when servers may read the path in different ways and it decides.
func (s *site) find(uri string) (r *route, ok bool) {
	if !s.byPaths {
		return s.routes[0], true
	}
	path, ok := policy.CleanPath(uri)
	if !ok {
		return nil, false
	}
	for _, r := range s.routes {
		if covers(r.Path, path) {
			return r, true
		}
	}
	return nil, true
}

// covers reports whether a path is prefix or lies below it.
func covers(prefix, path string) bool {
	return prefix == "/" || strings.HasPrefix(path, prefix) && (len(path) == len(prefix) || path[len(prefix)] == '/')
}

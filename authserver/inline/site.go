package inline

import (
	"errors"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/hosts"
	"github.com/easyauth-sidecar/easyauth/authserver/pages"
	"github.com/easyauth-sidecar/easyauth/ingress"
)

// Asker answers whether a request may pass, and as whom. If not, it has answered w.
type Asker interface {
	Ask(w http.ResponseWriter, r *http.Request, q ingress.Ask) (http.Header, bool)
}

// SiteConfig is what one configuration says. All fields are required unless they say otherwise.
type SiteConfig struct {
	Table *Table
	Ask   Asker
	Own   http.Handler // the sign-in endpoints, and nothing that proxies ask
	Pages *pages.Pages

	BasePath string   // itself and all below it is Own's
	OwnPaths []string // … and these, each as it is

	// IdentityPrefixes and IdentityNames are the headers in which an application is told who asks: all that
	// begin with one of the prefixes (empty ones are none), and these. A client's are dropped.
	IdentityPrefixes []string
	IdentityNames    []string
	// IsToken tells our own bearer tokens; nil: there are none.
	IsToken func(string) bool
	// TrustedProxies may say in X-Forwarded-For whose request they hand on. nil: none may, and nobody
	// knows the address of a client.
	TrustedProxies []netip.Prefix
	// LongestUpgrade is how long a WebSocket may live; 0: as long as it likes.
	LongestUpgrade time.Duration
	// HostRefused hears of requests for a host that is not served; nil: nobody does.
	HostRefused func()
}

// Site is a SiteConfig that was checked.
type Site struct {
	SiteConfig

	identity identityNames
}

// NewSite returns the site of a configuration.
func NewSite(c SiteConfig) (*Site, error) {
	if c.Table == nil || c.Ask == nil || c.Own == nil || c.Pages == nil || !strings.HasPrefix(c.BasePath, "/") || len(c.IdentityPrefixes) == 0 {
		return nil, errors.New("make a site: a required field of its Config is missing")
	}
	return &Site{SiteConfig: c, identity: newIdentityNames(c.IdentityPrefixes, c.IdentityNames)}, nil
}

// maxURI bounds path and query, in bytes: what a question can be about.
const maxURI = 8 << 10

// admit answers a request that is for us, or that may not pass; else it says where it goes, and as whom.
func (s *Site) admit(w http.ResponseWriter, r *http.Request) (*passage, bool) {
	client, chain := s.client(r)
	s.clean(r, client)
	if r.Method == http.MethodConnect || r.Method == http.MethodTrace {
		s.refuse(w, r, http.StatusMethodNotAllowed, "Method not allowed", "This address does not take requests of this kind.")
		return nil, false
	}
	uri, ok := target(r)
	if !ok {
		s.refuse(w, r, http.StatusBadRequest, "This address cannot be read", "It holds what no browser sends.")
		return nil, false
	}
	if s.isOwn(r.URL.Path) {
		s.Own.ServeHTTP(w, r)
		return nil, false
	}
	if len(uri) > maxURI {
		s.refuse(w, r, http.StatusRequestURITooLong, "This address is too long", "It has more than 8,192 characters.")
		return nil, false
	}
	host, ok := s.Table.hosts.Host(r.Host)
	if !ok {
		if s.HostRefused != nil {
			s.HostRefused()
		}
		s.refuse(w, r, http.StatusMisdirectedRequest, "This host is not served here", "The address leads to a server that does not know its name.")
		return nil, false
	}
	route := s.route(w, r, host, uri)
	if route == nil {
		return nil, false
	}
	pass := &passage{route: route, transport: s.Table.pool.of(route), uri: uri, host: host, client: client, chain: chain, isToken: s.IsToken, longest: s.LongestUpgrade}
	if route.Public {
		return pass, true
	}
	q, err := ingress.Told(r.Method, host.Name, uri, r.Header, route.Query)
	if err != nil {
		s.refuse(w, r, http.StatusBadRequest, "This address cannot be read", "It holds what no browser sends.")
		return nil, false
	}
	if len(s.TrustedProxies) > 0 {
		q = q.WithClient(client)
	}
	pass.identity, ok = s.Ask.Ask(w, r, q)
	pass.cookies = pass.identity[setCookie]
	return pass, ok
}

// route chooses the application, or answers that there is none.
func (s *Site) route(w http.ResponseWriter, r *http.Request, host hosts.Host, uri string) *route {
	nothing := func() *route {
		s.refuse(w, r, http.StatusNotFound, "There is nothing here", "No application has this address.")
		return nil
	}
	site := s.Table.siteFor(host.Name)
	if site == nil {
		return nothing()
	}
	route, readable := site.find(uri)
	switch {
	case !readable:
		s.refuse(w, r, http.StatusBadRequest, "This address cannot be read", "Servers read it in different ways: it holds dot segments, empty segments, an encoded slash, a backslash or a semicolon.")
		return nil
	case route == nil:
		return nothing()
	}
	return route
}

// isOwn reports whether a decoded path is one of our endpoints'.
func (s *Site) isOwn(path string) bool {
	return covers(s.BasePath, path) || slices.Contains(s.OwnPaths, path)
}

// target is the path and query of a request, byte by byte as they were sent: what is judged is what is sent on. It
// fails where there is none (OPTIONS *), with bytes that stand in no address, and where the path begins with
// two slashes, which could be read as a host.
func target(r *http.Request) (string, bool) {
	uri := r.RequestURI
	if !strings.HasPrefix(uri, "/") {
		_, rest, ok := strings.Cut(uri, "://") // a target in absolute form, whose host net/http has made r.Host
		if !ok {
			return "", false
		}
		slash := strings.IndexAny(rest, "/?#")
		if slash < 0 || rest[slash] != '/' || rest[:slash] != r.Host { // a user name
			return "", false
		}
		uri = rest[slash:]
	}
	if strings.HasPrefix(uri, "//") {
		return "", false
	}
	for i := range len(uri) {
		if c := uri[i]; c <= ' ' || c >= 0x7f || c == '#' {
			return "", false
		}
	}
	return uri, true
}

// refuse answers what does not come to a question.
func (s *Site) refuse(w http.ResponseWriter, r *http.Request, status int, title, text string) {
	tell(s.Pages, w, r, status, title, text)
}

// word is the error of an answer to who opens no page.
func word(status int) string {
	switch status {
	case http.StatusNotFound:
		return "not_found"
	case http.StatusMethodNotAllowed:
		return "method_not_allowed"
	case http.StatusMisdirectedRequest:
		return "host_not_served"
	case http.StatusRequestEntityTooLarge:
		return "too_large"
	case http.StatusBadGateway:
		return "bad_gateway"
	case http.StatusGatewayTimeout:
		return "gateway_timeout"
	case http.StatusRequestTimeout:
		return "request_timeout"
	}
	return "bad_request"
}

// tell answers with a page, or with JSON to who opens none.
func tell(p *pages.Pages, w http.ResponseWriter, r *http.Request, status int, title, text string) {
	w.Header().Set("Cache-Control", "no-store")
	if ingress.OpensPage(r) {
		p.Message(w, pages.Message{Status: status, Title: title, Text: text})
		return
	}
	pages.WriteJSON(w, status, struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}{word(status), text})
}

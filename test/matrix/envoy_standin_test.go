package matrix

import (
	"context"
	"crypto/rand"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	routev3 "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"
	authzv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/ext_authz/v3"
	managerv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/http_connection_manager/v3"
	matcherv3 "github.com/envoyproxy/go-control-plane/envoy/type/matcher/v3"
)

// envoy stands in for Envoy, which cannot be installed here: it follows a configuration of docs/proxies/envoy.md as Envoy's
// documentation says that Envoy does, in what concerns headers, paths, routes and ext_authz. It does nothing for a
// request that the configuration does not say.
type envoy struct {
	envoyConfig

	at  Place
	ask func(ctx context.Context, q *envoyQuestion) verdict
}

// envoyQuestion is a request at the filter ext_authz.
type envoyQuestion struct {
	r       *http.Request
	header  http.Header // of the request, in lower case
	path    string      // normalized, with its query
	perFile *authzv3.CheckSettings
}

// verdict is what the filter makes of an answer.
type verdict struct {
	pass     bool
	set      http.Header // replace the request's
	remove   []string    // from the request
	toClient http.Header // added to the client's answer
	status   int         // of a refusal
	body     string
}

func (e *envoy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header, ok := e.clientHeaders(r)
	target, sane := e.normalized(r.RequestURI)
	if !ok || !sane {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	protocol, allowed := e.upgrade(r)
	if !allowed {
		w.WriteHeader(http.StatusForbidden)
		return
	}
	route := e.route(r.Host, target)
	if route == nil {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	own := &authzv3.ExtAuthzPerRoute{}
	if a := route.GetTypedPerFilterConfig()[authzFilter]; a != nil && a.UnmarshalTo(own) != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	if !own.GetDisabled() {
		v := e.ask(r.Context(), &envoyQuestion{r, header, target, own.GetCheckSettings()})
		for name, values := range v.toClient {
			w.Header()[name] = values
		}
		if !v.pass {
			w.WriteHeader(v.status)
			_, _ = w.Write([]byte(v.body)) // a client that is gone
			return
		}
		for _, name := range v.remove {
			delete(header, strings.ToLower(name))
		}
		for name, values := range v.set {
			header[strings.ToLower(name)] = values
		}
	}
	if direct := route.GetDirectResponse(); direct != nil {
		w.WriteHeader(int(direct.GetStatus()))
		return
	}
	if protocol != "" {
		header["connection"], header["upgrade"] = []string{"Upgrade"}, []string{protocol}
	}
	e.forward(w, r, header, target, route.GetRoute().GetCluster())
}

// upgrade is the other protocol that a request goes on with, if any. Envoy ignores h2c, and refuses what the
// configuration does not list.
func (e *envoy) upgrade(r *http.Request) (protocol string, allowed bool) {
	protocol = strings.Join(r.Header["Upgrade"], ",")
	asked := slices.ContainsFunc(strings.Split(strings.Join(r.Header["Connection"], ","), ","), func(token string) bool {
		return strings.EqualFold(strings.TrimSpace(token), "upgrade")
	})
	if !asked || protocol == "" || strings.EqualFold(protocol, "h2c") {
		return "", true
	}
	return protocol, slices.ContainsFunc(e.manager.GetUpgradeConfigs(), func(c *managerv3.HttpConnectionManager_UpgradeConfig) bool {
		return strings.EqualFold(c.GetUpgradeType(), protocol)
	})
}

// clientHeaders are the request's headers after what the connection manager does first.
func (e *envoy) clientHeaders(r *http.Request) (http.Header, bool) {
	header := http.Header{}
	for name, values := range r.Header {
		name = strings.ToLower(name)
		if strings.Contains(name, "_") {
			switch e.manager.GetCommonHttpProtocolOptions().GetHeadersWithUnderscoresAction() {
			case corev3.HttpProtocolOptions_REJECT_REQUEST:
				return nil, false
			case corev3.HttpProtocolOptions_DROP_HEADER:
				continue
			case corev3.HttpProtocolOptions_ALLOW:
			}
		}
		header[name] = append(header[name], values...)
	}
	for _, name := range []string{"connection", "keep-alive", "proxy-connection", "te", "transfer-encoding", "upgrade"} {
		delete(header, name)
	}
	for _, m := range e.removed {
		for name := range header {
			if matches(m, name) {
				delete(header, name)
			}
		}
	}
	address, _, _ := net.SplitHostPort(r.RemoteAddr)
	header["x-forwarded-for"] = append(header["x-forwarded-for"], address)
	header["x-forwarded-proto"] = []string{"https"}
	header["x-request-id"] = []string{rand.Text()}
	return header, true
}

// normalized is the path that is judged and served.
func (e *envoy) normalized(target string) (string, bool) {
	if !strings.HasPrefix(target, "/") {
		u, err := url.Parse(target)
		if err != nil {
			return "", false
		}
		target = u.RequestURI()
	}
	p, query, asked := strings.Cut(target, "?")
	if regexp.MustCompile(`(?i)%2f|%5c`).MatchString(p) && e.manager.GetPathWithEscapedSlashesAction() == managerv3.HttpConnectionManager_REJECT_REQUEST {
		return "", false
	}
	if e.manager.GetNormalizePath().GetValue() {
		p = regexp.MustCompile(`(?i)%2e`).ReplaceAllString(strings.ReplaceAll(p, "\\", "/"), ".")
		p = dotless(p)
	}
	if e.manager.GetMergeSlashes() {
		p = regexp.MustCompile("/+").ReplaceAllString(p, "/")
	}
	if asked {
		p += "?" + query
	}
	return p, true
}

// dotless takes dot segments out, and leaves double slashes.
func dotless(p string) string {
	var out []string
	segments := strings.Split(p, "/")
	for i, s := range segments {
		switch {
		case s == "." || s == "..":
			if s == ".." && len(out) > 1 {
				out = out[:len(out)-1]
			}
			if i == len(segments)-1 {
				out = append(out, "")
			}
		default:
			out = append(out, s)
		}
	}
	return strings.Join(out, "/")
}

// route is the first that fits, of the first virtual host that has the domain.
func (e *envoy) route(host, target string) *routev3.Route {
	p, _, _ := strings.Cut(target, "?")
	for _, v := range e.manager.GetRouteConfig().GetVirtualHosts() {
		if !slices.Contains(v.GetDomains(), strings.ToLower(host)) {
			continue
		}
		for _, r := range v.GetRoutes() {
			if fits(r.GetMatch(), p) {
				return r
			}
		}
	}
	return nil
}

// fits tells whether a path, without its query, is one of a route's.
func fits(m *routev3.RouteMatch, p string) bool {
	fold := func(text string) string {
		if m.GetCaseSensitive() != nil && !m.GetCaseSensitive().GetValue() {
			return strings.ToLower(text)
		}
		return text
	}
	switch by := m.GetPathSpecifier().(type) {
	case *routev3.RouteMatch_PathSeparatedPrefix:
		return fold(p) == fold(by.PathSeparatedPrefix) || strings.HasPrefix(fold(p), fold(by.PathSeparatedPrefix)+"/")
	case *routev3.RouteMatch_Prefix:
		return strings.HasPrefix(fold(p), fold(by.Prefix))
	case *routev3.RouteMatch_Path:
		return fold(p) == fold(by.Path)
	case *routev3.RouteMatch_SafeRegex:
		return regexp.MustCompile("^(?:" + by.SafeRegex.GetRegex() + ")$").MatchString(p)
	}
	return false
}

func (e *envoy) forward(w http.ResponseWriter, r *http.Request, header http.Header, target, cluster string) {
	to := e.addresses[cluster]
	proxy := &httputil.ReverseProxy{
		Rewrite: func(p *httputil.ProxyRequest) {
			p.Out.Header = http.Header{}
			for name, values := range header {
				if name == "connection" || name == "upgrade" { // ReverseProxy looks for these
					name = http.CanonicalHeaderKey(name)
				}
				p.Out.Header[name] = values
			}
			p.Out.URL = &url.URL{Scheme: "http", Host: to, Opaque: target}
			p.Out.Host = p.In.Host
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusServiceUnavailable) },
	}
	proxy.ServeHTTP(w, r)
}

func matches(m *matcherv3.StringMatcher, text string) bool {
	fold := func(s string) string {
		if m.GetIgnoreCase() {
			return strings.ToLower(s)
		}
		return s
	}
	text = fold(text)
	switch p := m.GetMatchPattern().(type) {
	case *matcherv3.StringMatcher_Exact:
		return text == fold(p.Exact)
	case *matcherv3.StringMatcher_Prefix:
		return strings.HasPrefix(text, fold(p.Prefix))
	case *matcherv3.StringMatcher_Suffix:
		return strings.HasSuffix(text, fold(p.Suffix))
	case *matcherv3.StringMatcher_Contains:
		return strings.Contains(text, fold(p.Contains))
	case *matcherv3.StringMatcher_SafeRegex:
		return regexp.MustCompile("^(?:" + p.SafeRegex.GetRegex() + ")$").MatchString(text)
	}
	return false
}

func matchesAny(list *matcherv3.ListStringMatcher, text string) bool {
	return slices.ContainsFunc(list.GetPatterns(), func(m *matcherv3.StringMatcher) bool { return matches(m, text) })
}

// startEnvoy starts the stand-in with the document's configuration.
func startEnvoy(t *testing.T, at Place, overHTTP bool) {
	t.Helper()
	e := &envoy{envoyConfig: *readEnvoy(t, overHTTP), at: at}
	for name, address := range e.addresses {
		e.addresses[name] = Replaced(t, address, address, map[bool]string{true: at.Application, false: at.Auth}[path.Base(name) == "application"])
	}
	e.ask = e.askHTTP
	if !overHTTP {
		e.ask = e.grpc(t)
	}
	if at.Bare {
		e.removed = nil
		e.manager.CommonHttpProtocolOptions.HeadersWithUnderscoresAction = corev3.HttpProtocolOptions_ALLOW
		e.manager.UpgradeConfigs = append(e.manager.UpgradeConfigs, &managerv3.HttpConnectionManager_UpgradeConfig{UpgradeType: "tunnel"})
		host := e.manager.GetRouteConfig().GetVirtualHosts()[0]
		host.Routes = slices.DeleteFunc(host.Routes, func(r *routev3.Route) bool { return r.GetDirectResponse().GetStatus() == http.StatusBadRequest })
	}
	serveTLS(t, at, e)
}

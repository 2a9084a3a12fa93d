package envoy

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	bootstrapv3 "github.com/envoyproxy/go-control-plane/envoy/config/bootstrap/v3"
	routev3 "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"
	authzv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/ext_authz/v3"
	_ "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/router/v3" // types of configurations
	managerv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/http_connection_manager/v3"
	mutationv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/http/early_header_mutation/header_mutation/v3"
	_ "github.com/envoyproxy/go-control-plane/envoy/extensions/transport_sockets/tls/v3"
	_ "github.com/envoyproxy/go-control-plane/envoy/extensions/upstreams/http/v3"
	typev3 "github.com/envoyproxy/go-control-plane/envoy/type/v3"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"
)

const (
	filterName = "envoy.filters.http.ext_authz"
	secretName = "x-easyauth-proxy-secret"
)

// unpack returns what is in an Any.
func unpack[M proto.Message](t *testing.T, a *anypb.Any, m M) M {
	t.Helper()
	if err := a.UnmarshalTo(m); err != nil {
		t.Fatal(err)
	}
	return m
}

// manager returns the connection manager of the page's listener.
func manager(t *testing.T) (*bootstrapv3.Bootstrap, *managerv3.HttpConnectionManager) {
	t.Helper()
	b := into(t, blocks(t, "Envoy over gRPC")[0], new(bootstrapv3.Bootstrap))
	listeners := b.GetStaticResources().GetListeners()
	if len(listeners) != 1 || len(listeners[0].GetFilterChains()) != 1 {
		t.Fatal("not one listener")
	}
	filter := listeners[0].GetFilterChains()[0].GetFilters()[0]
	return b, unpack(t, filter.GetTypedConfig(), new(managerv3.HttpConnectionManager))
}

func TestEnvoyGRPC(t *testing.T) {
	b, m := manager(t)
	if !m.GetNormalizePath().GetValue() || !m.GetMergeSlashes() || m.GetPathWithEscapedSlashesAction() != managerv3.HttpConnectionManager_REJECT_REQUEST || !m.GetUseRemoteAddress().GetValue() {
		t.Error("paths have several readings, or addresses are the client's word")
	}
	filters := m.GetHttpFilters()
	if len(filters) != 2 || filters[0].GetName() != filterName {
		t.Fatal("ext_authz is not first")
	}
	z := unpack(t, filters[0].GetTypedConfig(), new(authzv3.ExtAuthz))
	closed(t, z)
	if z.GetAllowedHeaders() != nil || z.GetDisallowedHeaders() != nil {
		t.Error("EasyAuth does not see all headers")
	}
	told := z.GetGrpcService().GetInitialMetadata()
	if len(told) != 1 || told[0].GetKey() != secretName || z.GetGrpcService().GetTimeout().AsDuration() <= 0 {
		t.Errorf("metadata %v", told)
	}
	asked := z.GetGrpcService().GetEnvoyGrpc().GetClusterName()
	found := false
	for _, c := range b.GetStaticResources().GetClusters() {
		if c.GetName() == asked {
			_, found = c.GetTypedExtensionProtocolOptions()["envoy.extensions.upstreams.http.v3.HttpProtocolOptions"]
		}
	}
	if !found {
		t.Errorf("the cluster %q does not speak HTTP/2", asked)
	}
}

// closed wants a filter that refuses when EasyAuth does not answer.
func closed(t *testing.T, z *authzv3.ExtAuthz) {
	t.Helper()
	if z.GetFailureModeAllow() || z.GetClearRouteCache() || z.GetWithRequestBody() != nil || z.GetShadowMode() || z.GetFilterEnabled() != nil || z.GetFilterEnabledMetadata() != nil ||
		z.GetStatusOnError().GetCode() != typev3.StatusCode_ServiceUnavailable || !z.GetEncodeRawHeaders() {
		t.Errorf("%v", z)
	}
}

// route answers as Envoy does: the first that matches.
func route(routes []*routev3.Route, path string) *routev3.Route {
	for _, r := range routes {
		separated, prefix := r.GetMatch().GetPathSeparatedPrefix(), r.GetMatch().GetPrefix()
		if separated != "" && (path == separated || strings.HasPrefix(path, separated+"/")) || prefix != "" && strings.HasPrefix(path, prefix) {
			return r
		}
	}
	return nil
}

func TestEnvoyRoutes(t *testing.T) {
	_, m := manager(t)
	hosts := m.GetRouteConfig().GetVirtualHosts()
	if len(hosts) != 1 || slices.Contains(hosts[0].GetDomains(), "*") {
		t.Fatal("not one host")
	}
	for _, row := range []struct {
		path, cluster string
		asked         bool
		query         string
		status        uint32
	}{
		{"/", "application", true, "", 0},
		{"/orders", "application", true, "", 0},
		{"/admin", "application", true, "role=Admin", 0},
		{"/admin/users", "application", true, "role=Admin", 0},
		{"/administration", "application", true, "", 0},
		{"/easyauth", "easyauth", false, "", 0},
		{"/easyauth/login", "easyauth", false, "", 0},
		{"/easyauth/signin-oidc", "easyauth", false, "", 0},
		{"/easyauth/authors", "easyauth", false, "", 0},
		{"/easyauthor", "application", true, "", 0},
		{"/EASYAUTH/auth", "application", true, "", 0},
		{"/easyauth/auth", "", false, "", http.StatusNotFound},
		{"/easyauth/auth/forward", "", false, "", http.StatusNotFound},
		{"/easyauth/auth/envoy/-/", "", false, "", http.StatusNotFound},
		{"/envoy.service.auth.v3.Authorization/Check", "application", true, "", 0},
	} {
		r := route(hosts[0].GetRoutes(), row.path)
		if r == nil {
			t.Errorf("%s: no route", row.path)
			continue
		}
		var per authzv3.ExtAuthzPerRoute
		if a, ok := r.GetTypedPerFilterConfig()[filterName]; ok {
			unpack(t, a, &per)
		}
		if per.GetDisabled() == row.asked || r.GetRoute().GetCluster() != row.cluster || r.GetDirectResponse().GetStatus() != row.status ||
			per.GetCheckSettings().GetContextExtensions()["query"] != row.query || len(per.GetCheckSettings().GetContextExtensions()) > 1 {
			t.Errorf("%s: %v", row.path, r)
		}
	}
}

func TestEnvoyHTTP(t *testing.T) {
	list := blocks(t, "Envoy over HTTP")
	var filter managerv3.HttpFilter
	into(t, list[0], &filter)
	z := unpack(t, filter.GetTypedConfig(), new(authzv3.ExtAuthz))
	closed(t, z)
	services := map[string]*authzv3.HttpService{"/easyauth/auth/envoy/-": z.GetHttpService()}
	// typed_per_filter_config, as a route has it
	r := into(t, map[string]any{"match": map[string]any{"prefix": "/"}, "direct_response": map[string]any{"status": 404}, "typed_per_filter_config": list[1]}, new(routev3.Route))
	per := unpack(t, r.GetTypedPerFilterConfig()[filterName], new(authzv3.ExtAuthzPerRoute))
	services["/easyauth/auth/envoy/role=Admin"] = per.GetCheckSettings().GetHttpService()
	for prefix, s := range services {
		add := s.GetAuthorizationRequest().GetHeadersToAdd()
		if s.GetPathPrefix() != prefix || len(add) != 1 || add[0].GetKey() != secretName || s.GetServerUri().GetTimeout().AsDuration() <= 0 {
			t.Errorf("%s: %v", prefix, s)
		}
		up, down := s.GetAuthorizationResponse().GetAllowedUpstreamHeaders().GetPatterns(), s.GetAuthorizationResponse().GetAllowedClientHeadersOnSuccess().GetPatterns()
		if len(up) != 1 || up[0].GetPrefix() != "x-injected-" || len(down) != 1 || down[0].GetExact() != "set-cookie" || s.GetAuthorizationResponse().GetAllowedClientHeaders() != nil {
			t.Errorf("%s: headers %v, %v", prefix, up, down)
		}
	}
	var allowed []string
	for _, p := range z.GetAllowedHeaders().GetPatterns() {
		allowed = append(allowed, p.GetExact()+p.GetPrefix())
	}
	for _, name := range []string{"cookie", "authorization", "accept", "sec-fetch-", "sec-purpose", "x-request-id", "traceparent"} {
		if !slices.Contains(allowed, name) {
			t.Errorf("EasyAuth does not get %s", name)
		}
	}
	for _, name := range allowed {
		if strings.HasPrefix(name, "x-injected") || strings.HasPrefix(name, "x-forwarded") || strings.HasPrefix(name, "x-original") || strings.HasPrefix(name, "x-easyauth") {
			t.Errorf("EasyAuth gets the client's %s", name)
		}
	}
}

// What clients may not say goes away before anything else, in each spelling, and nothing else does.
func TestHeadersAreTakenAway(t *testing.T) {
	_, m := manager(t)
	if m.GetCommonHttpProtocolOptions().GetHeadersWithUnderscoresAction().String() != "REJECT_REQUEST" {
		t.Error("headers with underscores pass")
	}
	var expressions []string
	for _, e := range m.GetEarlyHeaderMutationExtensions() {
		for _, change := range unpack(t, e.GetTypedConfig(), new(mutationv3.HeaderMutation)).GetMutations() {
			expressions = append(expressions, change.GetRemoveOnMatch().GetKeyMatcher().GetSafeRegex().GetRegex())
		}
	}
	removed := func(name string) bool {
		return slices.ContainsFunc(expressions, func(e string) bool { return regexp.MustCompile("^(?:" + e + ")$").MatchString(name) })
	}
	var names []string
	for _, between := range "!#$%&'*+-.^_`|~" {
		for _, name := range []string{"x-injected-oid", "x-injected-anything", "x-original-url", "x-original-uri", "x-original-method", "x-rewrite-url", "x-easyauth-proxy-secret", "x-forwarded-host", "x-forwarded-prefix", "x-forwarded-uri"} {
			names = append(names, strings.ReplaceAll(name, "-", string(between)))
		}
	}
	for _, name := range append(names, "forwarded") {
		if !removed(name) {
			t.Errorf("%s passes", name)
		}
	}
	for _, name := range []string{
		"cookie", "authorization", "accept", "x-forwarded-for", "x-forwarded-proto", "x-request-id", "x-injected", "xx-injected-oid", "x-envoy-original-path", "x-originality",
		"forwarded-for", "x-easyauth", "content-type", "traceparent", "sec-fetch-mode",
	} {
		if removed(name) {
			t.Errorf("%s is taken away", name)
		}
	}

	// The other proxies of the page take away the same.
	slices.Sort(expressions)
	gateway := texts(kinds(t, blocks(t, "Envoy Gateway"), "ClientTrafficPolicy")[0]["spec"], "value")
	if !slices.Equal(gateway, expressions) {
		t.Errorf("Envoy Gateway: %q", gateway)
	}
	if istio := texts(kinds(t, blocks(t, "Istio"), "EnvoyFilter")[0]["spec"], "regex"); !slices.Equal(istio, expressions) {
		t.Errorf("Istio: %q", istio)
	}
}

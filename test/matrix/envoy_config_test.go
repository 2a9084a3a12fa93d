package matrix

import (
	"encoding/json"
	"fmt"
	"testing"

	bootstrapv3 "github.com/envoyproxy/go-control-plane/envoy/config/bootstrap/v3"
	routev3 "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"
	authzv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/ext_authz/v3"
	_ "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/router/v3" // what a configuration may hold
	managerv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/http_connection_manager/v3"
	mutationv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/http/early_header_mutation/header_mutation/v3"
	_ "github.com/envoyproxy/go-control-plane/envoy/extensions/transport_sockets/tls/v3" // as above
	_ "github.com/envoyproxy/go-control-plane/envoy/extensions/upstreams/http/v3"        // as above
	matcherv3 "github.com/envoyproxy/go-control-plane/envoy/type/matcher/v3"
	"go.yaml.in/yaml/v3"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"
)

const (
	envoyPage   = "docs/proxies/envoy.md"
	authzFilter = "envoy.filters.http.ext_authz"
	envoySecret = "REPLACE-WITH-THE-SECRET"
)

// envoyConfig is what the stand-in follows of a configuration of the document.
type envoyConfig struct {
	manager   *managerv3.HttpConnectionManager
	authz     *authzv3.ExtAuthz
	removed   []*matcherv3.StringMatcher // headers of the client, before all else
	addresses map[string]string          // of the clusters
}

// decodeInto decodes YAML strictly into a message of Envoy's.
func decodeInto[M proto.Message](t *testing.T, text string, m M) M {
	t.Helper()
	var tree any
	if err := yaml.Unmarshal([]byte(text), &tree); err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(tree)
	if err != nil {
		t.Fatal(err)
	}
	if err := protojson.Unmarshal(b, m); err != nil {
		t.Fatal(err)
	}
	return m
}

func unpack[M proto.Message](t *testing.T, a *anypb.Any, m M) M {
	t.Helper()
	if err := a.UnmarshalTo(m); err != nil {
		t.Fatal(err)
	}
	return m
}

func pack(t *testing.T, m proto.Message) *anypb.Any {
	t.Helper()
	a, err := anypb.New(m)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// readEnvoy reads the document's configuration for one of the two ways to ask.
func readEnvoy(t *testing.T, overHTTP bool) *envoyConfig {
	t.Helper()
	b := decodeInto(t, Block(t, envoyPage, "yaml", 1), new(bootstrapv3.Bootstrap))
	c := &envoyConfig{manager: new(managerv3.HttpConnectionManager), authz: new(authzv3.ExtAuthz), addresses: map[string]string{}}
	for _, cluster := range b.GetStaticResources().GetClusters() {
		a := cluster.GetLoadAssignment().GetEndpoints()[0].GetLbEndpoints()[0].GetEndpoint().GetAddress().GetSocketAddress()
		c.addresses[cluster.GetName()] = fmt.Sprintf("%s:%d", a.GetAddress(), a.GetPortValue())
	}
	unpack(t, b.GetStaticResources().GetListeners()[0].GetFilterChains()[0].GetFilters()[0].GetTypedConfig(), c.manager)
	for _, extension := range c.manager.GetEarlyHeaderMutationExtensions() {
		for _, m := range unpack(t, extension.GetTypedConfig(), new(mutationv3.HeaderMutation)).GetMutations() {
			c.removed = append(c.removed, m.GetRemoveOnMatch().GetKeyMatcher())
		}
	}
	filters := c.manager.GetHttpFilters()
	if len(filters) != 2 || filters[0].GetName() != authzFilter {
		t.Fatalf("%s: ext_authz is not the first of two filters", envoyPage)
	}
	filter := filters[0]
	if overHTTP {
		filter = decodeInto(t, Block(t, envoyPage, "yaml", 2), new(managerv3.HttpFilter))
	}
	unpack(t, filter.GetTypedConfig(), c.authz)
	c.addRoutes(t, overHTTP)
	return c
}

// addRoutes adds the rules of the matrix that the document does not have, in the document's way.
func (c *envoyConfig) addRoutes(t *testing.T, overHTTP bool) {
	t.Helper()
	host := c.manager.GetRouteConfig().GetVirtualHosts()[0]
	var routes []*routev3.Route
	for _, route := range host.GetRoutes() {
		switch route.GetMatch().GetPathSeparatedPrefix() {
		case "/easyauth":
			routes = append(routes, route, prefixed(route, "/public"))
			routes[len(routes)-1].GetRoute().ClusterSpecifier = &routev3.RouteAction_Cluster{Cluster: "application"}
		case "/admin":
			mail := prefixed(route, "/mail")
			if overHTTP {
				text := Block(t, envoyPage, "yaml", 3)
				route.TypedPerFilterConfig = decodeInto(t, "typed_per_filter_config:\n"+indented(text), new(routev3.Route)).GetTypedPerFilterConfig()
				mail.TypedPerFilterConfig = decodeInto(t, "typed_per_filter_config:\n"+indented(Replaced(t, text, "role=Admin", "scope=Mail.Read")), new(routev3.Route)).GetTypedPerFilterConfig()
			} else {
				own := unpack(t, route.GetTypedPerFilterConfig()[authzFilter], new(authzv3.ExtAuthzPerRoute))
				own.GetCheckSettings().GetContextExtensions()["query"] = "scope=Mail.Read"
				mail.TypedPerFilterConfig[authzFilter] = pack(t, own)
			}
			routes = append(routes, route, mail)
		default:
			routes = append(routes, route)
		}
	}
	if len(routes) != len(host.GetRoutes())+2 {
		t.Fatalf("%s: no routes for /easyauth and /admin", envoyPage)
	}
	host.Routes = routes
}

// prefixed is the same route for another path.
func prefixed(route *routev3.Route, path string) *routev3.Route {
	other := &routev3.Route{}
	proto.Merge(other, route)
	other.Match.PathSpecifier = &routev3.RouteMatch_PathSeparatedPrefix{PathSeparatedPrefix: path}
	return other
}

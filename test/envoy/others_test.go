package envoy

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	managerv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/http_connection_manager/v3"
	contourv1 "github.com/projectcontour/contour/apis/projectcontour/v1"
	contourv1alpha1 "github.com/projectcontour/contour/apis/projectcontour/v1alpha1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/types/known/anypb"
	meshv1alpha1 "istio.io/api/mesh/v1alpha1"
	networkingv1alpha3 "istio.io/api/networking/v1alpha3"
	securityv1beta1 "istio.io/api/security/v1beta1"
)

func TestIstio(t *testing.T) {
	list := blocks(t, "Istio")
	mesh := into(t, list[0], new(meshv1alpha1.MeshConfig))
	names := map[string]bool{}
	for _, p := range mesh.GetExtensionProviders() {
		z := p.GetEnvoyExtAuthzHttp()
		names[p.GetName()] = true
		if z.GetFailOpen() || !strings.HasPrefix(z.GetPathPrefix(), "/easyauth/auth/envoy/") || !slices.Contains(z.GetIncludeRequestHeadersInCheck(), "cookie") ||
			z.GetIncludeAdditionalHeadersInCheck()[secretName] == "" || z.GetStatusOnError() != "503" || z.GetTimeout().AsDuration() <= 0 ||
			!slices.Contains(z.GetHeadersToDownstreamOnDeny(), "set-cookie") || !slices.Contains(z.GetHeadersToDownstreamOnDeny(), "location") || !slices.Equal(z.GetHeadersToUpstreamOnAllow(), []string{"x-injected-*"}) {
			t.Errorf("%v", z)
		}
	}
	var actions []string
	for _, o := range kinds(t, list, "AuthorizationPolicy") {
		p := into(t, o["spec"], new(securityv1beta1.AuthorizationPolicy))
		actions = append(actions, p.GetAction().String())
		if p.GetAction() == securityv1beta1.AuthorizationPolicy_CUSTOM && !names[p.GetProvider().GetName()] {
			t.Errorf("there is no provider %q", p.GetProvider().GetName())
		}
	}
	if !slices.Equal(actions, []string{"CUSTOM", "DENY"}) {
		t.Errorf("%v", actions)
	}
	for _, o := range kinds(t, list, "EnvoyFilter") {
		f := into(t, o["spec"], new(networkingv1alpha3.EnvoyFilter))
		for _, p := range f.GetConfigPatches() {
			partial(t, p.GetPatch().GetValue().AsMap()["typed_config"])
		}
	}
}

// partial decodes strictly what is merged into a connection manager: it need not be valid by itself.
func partial(t *testing.T, v any) {
	t.Helper()
	var a anypb.Any
	if err := protojson.Unmarshal(toJSON(t, v), &a); err != nil {
		t.Fatal(err)
	}
	unpack(t, &a, new(managerv3.HttpConnectionManager))
}

func TestContour(t *testing.T) {
	list := blocks(t, "Contour")
	for _, o := range kinds(t, list, "ExtensionService") {
		if s := object[contourv1alpha1.ExtensionService](t, o); *s.Spec.Protocol != "h2c" || s.Namespace != "easyauth" || s.Name != "easyauth" {
			t.Errorf("%v", s)
		}
	}
	for _, o := range kinds(t, list, "HTTPProxy") {
		p := object[contourv1.HTTPProxy](t, o)
		if host := p.Spec.VirtualHost; host != nil {
			z := host.Authorization
			if z == nil || z.FailOpen || z.WithRequestBody != nil || host.TLS == nil || z.ExtensionServiceRef.Name != "easyauth" || z.ExtensionServiceRef.Namespace != "easyauth" {
				t.Errorf("%s: %v", p.Name, z)
			}
			for _, r := range p.Spec.Routes {
				if r.AuthPolicy != nil && (r.AuthPolicy.Disabled || len(r.AuthPolicy.Context) != 1 || r.AuthPolicy.Context["query"] == "") {
					t.Errorf("%s: %v", p.Name, r.AuthPolicy)
				}
			}
			continue
		}
		if first := p.Spec.Routes[0]; first.DirectResponsePolicy == nil || first.DirectResponsePolicy.StatusCode != http.StatusNotFound || first.Conditions[0].Prefix != "/auth" {
			t.Errorf("%s: %v", p.Name, first)
		}
	}
}

// Envoy Gateway's types are not among the tests': its objects are held to its definitions, and to what the page says of
// them.
func TestEnvoyGateway(t *testing.T) {
	list := blocks(t, "Envoy Gateway")
	all := known(t)
	for _, o := range list {
		if err := fitsCRD(all, o); err != nil {
			t.Error(err)
		}
	}
	z, ok := kinds(t, list, "SecurityPolicy")[0]["spec"].(map[string]any)["extAuth"].(map[string]any)
	if !ok || z["failOpen"] != false || z["grpc"] == nil || z["headersToExtAuth"] != nil || z["bodyToExtAuth"] != nil {
		t.Errorf("%v", z)
	}
	if names := texts(z["contextExtensions"], "name"); !slices.Equal(names, []string{"query"}) {
		t.Errorf("%q", names)
	}
	first := kinds(t, list, "HTTPRoute")[0]["spec"].(map[string]any)["rules"].([]any)[0]
	if refs := texts(first, "name"); !slices.Equal(refs, []string{"nothing-here"}) || !slices.Equal(texts(first, "value"), []string{"/easyauth/auth"}) {
		t.Errorf("%v", first)
	}
}

// What decodes the page's configurations refuses what their programs would.
func TestDecodingIsStrict(t *testing.T) {
	const typed = `"@type": "type.googleapis.com/envoy.extensions.filters.http.ext_authz.v3.ExtAuthz"`
	for _, row := range []struct {
		json string
		ok   bool
	}{
		{`{"name": "a", "typed_config": {` + typed + `, "grpc_service": {"envoy_grpc": {"cluster_name": "a"}}}}`, true},
		{`{"name": "a", "typed_config": {` + typed + `, "grpc_service": {"envoy_grpc": {"cluster_name": ""}}}}`, false},
		{`{"name": "a", "typed_config": {` + typed + `, "grpc_service": {"envoy_grpc": {"cluster": "a"}}}}`, false},
		{`{"name": "a", "typed_config": {` + typed + `, "failure_mode_denied": true}}`, false},
		{`{"name": "a", "typed_config": {"@type": "type.googleapis.com/envoy.none", "a": 1}}`, false},
		{`{"name": ""}`, false},
		{`{"name": "a", "config": {}}`, false},
	} {
		var f managerv3.HttpFilter
		err := protojson.Unmarshal([]byte(row.json), &f)
		if err == nil {
			err = faults(&f)
		}
		if (err == nil) != row.ok {
			t.Errorf("%s: %v", row.json, err)
		}
	}
	var p contourv1.HTTPProxy
	if err := strictly([]byte(`{"spec": {"virtualhost": {"authorisation": {}}}}`), &p); err == nil {
		t.Error("an unknown field of Contour's was taken")
	}
}

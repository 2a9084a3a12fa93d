package chart

import (
	"slices"
	"strings"
	"testing"

	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/easyauth-sidecar/easyauth/authserver/config"
)

// gatewayVersion is that of the Gateway API. Its types below are as far as they are used here: what they lack is refused.
const gatewayVersion = "gateway.networking.k8s.io/v1"

type parentRef struct {
	Group       string `json:"group,omitempty"`
	Kind        string `json:"kind,omitempty"`
	Namespace   string `json:"namespace,omitempty"`
	Name        string `json:"name"`
	SectionName string `json:"sectionName,omitempty"`
	Port        int32  `json:"port,omitempty"`
}

type httpRoute struct {
	meta.TypeMeta   `json:",inline"`
	meta.ObjectMeta `json:"metadata"`

	Spec struct {
		ParentRefs []parentRef `json:"parentRefs"`
		Hostnames  []string    `json:"hostnames"`
		Rules      []routeRule `json:"rules"`
	} `json:"spec"`
}

type routeRule struct {
	Filters []struct {
		Type            string `json:"type"`
		RequestRedirect struct {
			Scheme     string `json:"scheme"`
			StatusCode int32  `json:"statusCode"`
		} `json:"requestRedirect"`
	} `json:"filters,omitempty"`
	Matches []struct {
		Path struct {
			Type  string `json:"type"`
			Value string `json:"value"`
		} `json:"path"`
	} `json:"matches"`
	BackendRefs []struct {
		Name string `json:"name"`
		Port int32  `json:"port"`
	} `json:"backendRefs"`
}

type gateway struct {
	meta.TypeMeta   `json:",inline"`
	meta.ObjectMeta `json:"metadata"`

	Spec struct {
		GatewayClassName string     `json:"gatewayClassName"`
		Listeners        []listener `json:"listeners"`
	} `json:"spec"`
}

type listener struct {
	Name     string `json:"name"`
	Port     int32  `json:"port"`
	Protocol string `json:"protocol"`
	Hostname string `json:"hostname,omitempty"`
	TLS      struct {
		Mode            string `json:"mode,omitempty"`
		CertificateRefs []struct {
			Name string `json:"name"`
		} `json:"certificateRefs,omitempty"`
	} `json:"tls,omitzero"`
	AllowedRoutes struct {
		Namespaces struct {
			From     string              `json:"from"`
			Selector *meta.LabelSelector `json:"selector,omitempty"`
		} `json:"namespaces"`
	} `json:"allowedRoutes,omitzero"`
}

// leads wants an HTTPRoute to lead what is EasyAuth's to its Service, on each host: all where it is the proxy, else the
// sign-in paths, exactly. Above all not the path that the proxy asks.
func leads(t *testing.T, r rendering, route *httpRoute, cfg *config.Config) {
	t.Helper()
	fitsCRD(t, find(t, r.all, "HTTPRoute", route.Name))
	_, _, signin := roleNames(t, r.all)
	service := serviceOf(t, r.all, signin)
	var got []string
	for _, rule := range route.Spec.Rules {
		if len(rule.Matches) > 8 || len(rule.BackendRefs) != 1 || rule.BackendRefs[0].Name != service.Name || rule.BackendRefs[0].Port != service.Spec.Ports[0].Port {
			t.Errorf("a rule with %d matches leads to %v", len(rule.Matches), rule.BackendRefs)
		}
		for _, m := range rule.Matches {
			got = append(got, m.Path.Type+" "+m.Path.Value)
		}
	}
	want := []string{"PathPrefix /"}
	if len(cfg.Upstreams) == 0 {
		want = nil
		for _, path := range signinPaths(cfg) {
			want = append(want, "Exact "+path)
		}
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("the HTTPRoute leads here %q, want %q", got, want)
	}
	for _, host := range cfg.Hosts {
		if name, _, _ := strings.Cut(host, ":"); !slices.Contains(route.Spec.Hostnames, name) {
			t.Errorf("%s is not in the HTTPRoute", host)
		}
	}
}

// Only gRPC without TLS needs to be told of: an HTTP/2 port is one on which some proxies open no WebSockets.
func TestProtocolOfThePort(t *testing.T) {
	const aProxy = "proxy: {enabled: true, upstreams: [{host: app.example.com, to: 'http://app'}]}\n"
	tests := []struct{ name, change, want string }{
		{"nginx", "", ""},
		{"gRPC", "adapters: [envoy-grpc]\n", "kubernetes.io/h2c"},
		{"gRPC among others", "adapters: [nginx, envoy-grpc, forward]\n", "kubernetes.io/h2c"},
		{"gRPC over TLS", "adapters: [envoy-grpc]\ntls: {secretName: a}\n", ""},
		{"HTTP alone", "adapters: [envoy]\n", ""},
		{"a proxy of applications", aProxy, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			port := as[*core.Service](t, objects(t, render(t, minimal+secret, tt.change)), "Service", release).Spec.Ports[0]
			got := ""
			if port.AppProtocol != nil {
				got = *port.AppProtocol
			}
			if got != tt.want {
				t.Errorf("the port is of %q, want %q", got, tt.want)
			}
		})
	}
}

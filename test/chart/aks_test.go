package chart

import (
	"slices"
	"testing"

	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	"sigs.k8s.io/yaml"
)

const onAKS = "../../docs/proxies/aks.md"

// aksParts returns the values of docs/proxies/aks.md, and the objects that stand beside them. Each block is one or
// the other.
func aksParts(t *testing.T) (values string, all []object) {
	t.Helper()
	top := readSchema(t)
	for _, b := range blocks(t, onAKS) {
		var set map[string]any
		if b.language != "yaml" {
			continue
		}
		if yaml.UnmarshalStrict([]byte(b.text), &set) == nil && areValues(top, set) {
			if values != "" {
				t.Error("two blocks of values")
			}
			values = b.text
			continue
		}
		all = append(all, objects(t, b.text)...)
	}
	for _, o := range all {
		if _, complaint := strictly(o); complaint != "" {
			t.Errorf("%s %s: %s", o.Kind, o.Metadata.Name, complaint)
		}
		if o.APIVersion == gatewayVersion {
			fitsCRD(t, o)
		}
	}
	if values == "" || len(all) != 4 {
		t.Fatalf("%d objects, and values of %d bytes", len(all), len(values))
	}
	return values, all
}

// What docs/proxies/aks.md has people copy fits together: EasyAuth takes its configuration, the Gateway lets the
// chart's route in and the network policies let exactly the Gateway to EasyAuth and EasyAuth to the application.
func TestAKSFitsTogether(t *testing.T) {
	values, beside := aksParts(t)
	made := objects(t, render(t, values))
	deployment := as[*apps.Deployment](t, made, "Deployment", release)
	s := shape{name: "AKS", outside: map[string]string{"Secret/easyauth-keys/keys": aKey}}
	cfg := load(t, s, made)[release]
	if cfg == nil {
		t.Fatal("no configuration")
	}
	if args := deployment.Spec.Template.Spec.Containers[0].Args; !slices.Equal(args, []string{"proxy"}) || len(cfg.Upstreams) != 3 {
		t.Errorf("it runs %q for %d applications", args, len(cfg.Upstreams))
	}

	route, web := as[*httpRoute](t, made, "HTTPRoute", release), as[*gateway](t, beside, "Gateway", "web")
	leads(t, rendering{shape: s, all: made}, route, cfg)
	attaches(t, route, web)
	if l := listenerOf(t, route, web); l.Protocol != "HTTPS" || l.TLS.Mode != "Terminate" || len(l.TLS.CertificateRefs) != 1 {
		t.Errorf("sessions travel by the listener %+v", l)
	}
	redirect := as[*httpRoute](t, beside, "HTTPRoute", "to-https")
	attaches(t, redirect, web)
	if filters := redirect.Spec.Rules[0].Filters; len(filters) != 1 || filters[0].RequestRedirect.Scheme != "https" || len(redirect.Spec.Rules[0].BackendRefs) > 0 {
		t.Errorf("plain HTTP leads to %+v", redirect.Spec.Rules)
	}

	from := as[*networking.NetworkPolicy](t, made, "NetworkPolicy", release).Spec.Ingress[0].From[0]
	if from.NamespaceSelector.MatchLabels["kubernetes.io/metadata.name"] != web.Namespace ||
		len(from.PodSelector.MatchLabels) != 1 || from.PodSelector.MatchLabels["gateway.networking.k8s.io/gateway-name"] != web.Name {
		t.Errorf("EasyAuth is reached by %v in %v", from.PodSelector, from.NamespaceSelector)
	}
	from = as[*networking.NetworkPolicy](t, beside, "NetworkPolicy", "orders-from-easyauth").Spec.Ingress[0].From[0]
	if from.NamespaceSelector.MatchLabels["kubernetes.io/metadata.name"] != deployment.Namespace || !matches(from.PodSelector.MatchLabels, deployment.Spec.Template.Labels) {
		t.Errorf("the application is reached by %v in %v", from.PodSelector, from.NamespaceSelector)
	}

	service := as[*core.Service](t, made, "Service", release)
	for _, path := range as[*networking.Ingress](t, beside, "Ingress", "easyauth").Spec.Rules[0].HTTP.Paths {
		if path.Path != "/" || path.Backend.Service.Name != service.Name || path.Backend.Service.Port.Name != service.Spec.Ports[0].Name {
			t.Errorf("AGIC leads %s to %v", path.Path, path.Backend.Service)
		}
	}
}

// listenerOf returns the listener that a route names.
func listenerOf(t *testing.T, route *httpRoute, g *gateway) listener {
	t.Helper()
	ref := route.Spec.ParentRefs[0]
	i := slices.IndexFunc(g.Spec.Listeners, func(l listener) bool { return l.Name == ref.SectionName })
	if i < 0 || ref.Name != g.Name || ref.Namespace != "" && ref.Namespace != g.Namespace {
		t.Fatalf("%s names the listener %q of %s/%s", route.Name, ref.SectionName, ref.Namespace, ref.Name)
	}
	return g.Spec.Listeners[i]
}

// attaches wants a listener to let a route in, by its namespace and its hosts.
func attaches(t *testing.T, route *httpRoute, g *gateway) {
	t.Helper()
	l := listenerOf(t, route, g)
	in := l.AllowedRoutes.Namespaces
	own := in.From == "Same" && route.Namespace == g.Namespace
	other := in.From == "Selector" && matches(in.Selector.MatchLabels, map[string]string{"kubernetes.io/metadata.name": route.Namespace})
	if !own && !other || !slices.Contains(route.Spec.Hostnames, l.Hostname) {
		t.Errorf("%s in %s with %q is not let in by the listener %s: %+v", route.Name, route.Namespace, route.Spec.Hostnames, l.Name, in)
	}
}

// The values of docs/proxies/moving.md have EasyAuth answer both proxies.
func TestMovingAnswersBoth(t *testing.T) {
	for _, b := range blocks(t, "../../docs/proxies/moving.md") {
		if b.language != "yaml" {
			continue
		}
		made := objects(t, render(t, minimal+secret, b.text))
		s := shape{name: "both", outside: map[string]string{"Secret/easyauth-keys/keys": aKey, "Secret/easyauth-client/client-secret": "s3cret"}}
		if a := load(t, s, made)[release].Adapters; !a.Nginx || !a.Forward {
			t.Errorf("%q has it answer %+v", b.text, a)
		}
		return
	}
	t.Error("there are no values")
}

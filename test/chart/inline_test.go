package chart

import (
	"slices"
	"strings"
	"testing"

	networking "k8s.io/api/networking/v1"
	"sigs.k8s.io/yaml"
)

const onInline = "../../docs/proxies/inline.md"

// inlineParts returns the configuration file of docs/proxies/inline.md, and the objects that stand beside it. Each block
// is one or the other.
func inlineParts(t *testing.T) (configuration string, all []object) {
	t.Helper()
	for _, b := range blocks(t, onInline) {
		switch {
		case b.language != "yaml":
		case strings.HasPrefix(b.text, "apiVersion:"):
			all = append(all, objects(t, b.text)...)
		case configuration != "":
			t.Fatalf("a block that is neither:\n%s", b.text)
		default:
			configuration = b.text
		}
	}
	return configuration, all
}

// refuses says what an API server would not take of an object, or would drop.
func refuses(t *testing.T, o object) []string {
	t.Helper()
	var complaints []string
	if _, complaint := strictly(o); complaint != "" {
		complaints = append(complaints, complaint)
	}
	if o.APIVersion == gatewayVersion {
		spec, _ := parsed(t, o.text).(map[string]any)
		complaints = append(complaints, definition(t, o.Kind).wrong("spec", spec["spec"])...)
	}
	return complaints
}

// What docs/proxies/inline.md has people copy fits together: the route has the hosts of the configuration, and the
// policy lets EasyAuth's pods alone to the application that the configuration names.
func TestInlineFitsTogether(t *testing.T) {
	configuration, all := inlineParts(t)
	for _, o := range all {
		for _, complaint := range refuses(t, o) {
			t.Errorf("%s %s: %s", o.Kind, o.Metadata.Name, complaint)
		}
	}
	var file struct {
		Hosts     []string              `json:"EASYAUTH_HOSTS"`
		Upstreams []struct{ To string } `json:"upstreams"`
	}
	if err := yaml.Unmarshal([]byte(configuration), &file); err != nil || len(file.Hosts) == 0 || len(file.Upstreams) == 0 || len(all) != 2 {
		t.Fatalf("%d objects, %+v, %v", len(all), file, err)
	}
	route := as[*httpRoute](t, all, "HTTPRoute", "easyauth")
	if !slices.Equal(route.Spec.Hostnames, file.Hosts) || len(route.Spec.Rules) != 1 || len(route.Spec.Rules[0].Matches) > 0 || len(route.Spec.Rules[0].BackendRefs) != 1 {
		t.Errorf("the route leads %q to %+v", route.Spec.Hostnames, route.Spec.Rules)
	}

	policy := as[*networking.NetworkPolicy](t, all, "NetworkPolicy", "shop-from-easyauth")
	name := policy.Spec.PodSelector.MatchLabels["app"]
	service := "http://" + name + "." + policy.Namespace + ".svc.cluster.local:"
	if name == "" || !slices.ContainsFunc(file.Upstreams, func(u struct{ To string }) bool { return strings.HasPrefix(u.To, service) }) {
		t.Errorf("the configuration does not lead to %s", service)
	}
	if !slices.Equal(policy.Spec.PolicyTypes, []networking.PolicyType{"Ingress"}) || len(policy.Spec.Ingress) != 1 || len(policy.Spec.Ingress[0].From) != 1 {
		t.Fatalf("the policy lets in %+v", policy.Spec.Ingress)
	}
	from := policy.Spec.Ingress[0].From[0]
	if from.PodSelector == nil || from.NamespaceSelector == nil || from.NamespaceSelector.MatchLabels["kubernetes.io/metadata.name"] != route.Namespace ||
		from.PodSelector.MatchLabels["app.kubernetes.io/name"] != route.Spec.Rules[0].BackendRefs[0].Name {
		t.Errorf("the application is reached by %v in %v", from.PodSelector, from.NamespaceSelector)
	}
}

// The same objects with one thing changed.
func TestInlineIsDecodedStrictly(t *testing.T) {
	for _, change := range []struct {
		name, kind, old, new string
		ok                   bool
	}{
		{"another host", "HTTPRoute", "app.example.com", "shop.example.com", true},
		{"a misspelt field of a route", "HTTPRoute", "backendRefs", "backendRef", false},
		{"hosts of an Ingress", "HTTPRoute", "hostnames", "hosts", false},
		{"a host with a port", "HTTPRoute", "app.example.com", "app.example.com:8443", false},
		{"a version that is none", "HTTPRoute", "k8s.io/v1", "k8s.io/v2", false},
		{"another name", "NetworkPolicy", "app: shop", "app: store", true},
		{"a misspelt field of a policy", "NetworkPolicy", "podSelector", "podSelectors", false},
		{"a field in another case", "NetworkPolicy", "policyTypes", "PolicyTypes", false},
		{"a list that is none", "NetworkPolicy", "- namespaceSelector", "namespaceSelector", false},
	} {
		_, all := inlineParts(t)
		text := find(t, all, change.kind, map[string]string{"HTTPRoute": "easyauth", "NetworkPolicy": "shop-from-easyauth"}[change.kind]).text
		changed := strings.Replace(text, change.old, change.new, 1)
		if changed == text {
			t.Fatalf("%s: %q is not on the page", change.name, change.old)
		}
		var set map[string]any
		complaints := []string{"no YAML"}
		if yaml.Unmarshal([]byte(changed), &set) == nil {
			complaints = refuses(t, objects(t, changed)[0])
		}
		if (len(complaints) == 0) != change.ok {
			t.Errorf("%s: %q", change.name, complaints)
		}
	}
}

package chart

import (
	"errors"
	"strings"
	"testing"

	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	apps "k8s.io/api/apps/v1"
	autoscaling "k8s.io/api/autoscaling/v2"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	policy "k8s.io/api/policy/v1"
	"sigs.k8s.io/json"
	"sigs.k8s.io/yaml"
)

// empty returns an empty object of a kind that we make, or nil.
func empty(o object) any {
	switch o.APIVersion + " " + o.Kind {
	case "v1 ConfigMap":
		return &core.ConfigMap{}
	case "v1 Namespace":
		return &core.Namespace{}
	case "v1 Pod":
		return &core.Pod{}
	case "v1 Secret":
		return &core.Secret{}
	case "v1 Service":
		return &core.Service{}
	case "v1 ServiceAccount":
		return &core.ServiceAccount{}
	case "apps/v1 Deployment":
		return &apps.Deployment{}
	case "autoscaling/v2 HorizontalPodAutoscaler":
		return &autoscaling.HorizontalPodAutoscaler{}
	case "networking.k8s.io/v1 Ingress":
		return &networking.Ingress{}
	case "networking.k8s.io/v1 NetworkPolicy":
		return &networking.NetworkPolicy{}
	case "policy/v1 PodDisruptionBudget":
		return &policy.PodDisruptionBudget{}
	case gatewayVersion + " HTTPRoute":
		return &httpRoute{}
	case gatewayVersion + " Gateway":
		return &gateway{}
	case "monitoring.coreos.com/v1 ServiceMonitor":
		return &monitoring.ServiceMonitor{}
	case "monitoring.coreos.com/v1 PrometheusRule":
		return &monitoring.PrometheusRule{}
	}
	return nil
}

// strictly decodes an object as its kind: fields that the kind does not have, and fields that come twice, are errors.
func strictly(o object) (any, string) {
	into := empty(o)
	if into == nil {
		return nil, "no kind that we know: " + o.APIVersion + " " + o.Kind
	}
	text, err := yaml.YAMLToJSONStrict([]byte(o.text))
	if err != nil {
		return nil, err.Error()
	}
	// Unlike encoding/json this tells clusterIp from clusterIP, as the API server does.
	wrong, err := json.UnmarshalStrict(text, into)
	if err = errors.Join(append(wrong, err)...); err != nil {
		return nil, err.Error()
	}
	return into, ""
}

// as decodes the object of a name.
func as[T any](t *testing.T, all []object, kind, name string) T {
	t.Helper()
	into, complaint := strictly(find(t, all, kind, name))
	if complaint != "" {
		t.Fatal(complaint)
	}
	decoded, ok := into.(T)
	if !ok {
		t.Fatalf("%s %s is a %T", kind, name, into)
	}
	return decoded
}

// every decodes all objects of a type.
func every[T any](t *testing.T, all []object) []T {
	t.Helper()
	var found []T
	for _, o := range all {
		if into, complaint := strictly(o); complaint != "" {
			t.Fatalf("%s %s: %s", o.Kind, o.Metadata.Name, complaint)
		} else if decoded, ok := into.(T); ok {
			found = append(found, decoded)
		}
	}
	return found
}

func decodes(t *testing.T, r rendering) {
	names := map[string]bool{}
	for _, o := range r.all {
		if _, complaint := strictly(o); complaint != "" {
			t.Errorf("%s %s: %s", o.Kind, o.Metadata.Name, complaint)
		}
		id := o.Kind + " " + o.Metadata.Name
		if names[id] {
			t.Errorf("%s comes twice", id)
		}
		names[id] = true
		if o.Metadata.Namespace != namespace {
			t.Errorf("%s is in the namespace %q", id, o.Metadata.Namespace)
		}
		for label, want := range map[string]string{"app.kubernetes.io/instance": release, "app.kubernetes.io/managed-by": "Helm"} {
			if o.Metadata.Labels[label] != want {
				t.Errorf("%s: the label %s is %q", id, label, o.Metadata.Labels[label])
			}
		}
		if len(o.Metadata.Name) > 63 {
			t.Errorf("%s: the name is too long", id)
		}
	}
}

// The decoding itself refuses what Kubernetes would drop in silence.
func TestStrictly(t *testing.T) {
	const good = "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {clusterIP: None}\n"
	tests := []struct{ name, text, want string }{
		{"a Service", good, ""},
		{"a field that there is not", strings.Replace(good, "clusterIP", "clusterIp", 1), `unknown field "spec.clusterIp"`},
		{"a field twice", good + "kind: Service\n", "already set"},
		{"a field of another type", strings.Replace(good, "None", "[None]", 1), "cannot unmarshal"},
		{"a kind of nobody", strings.Replace(good, "Service", "Servlet", 1), "no kind that we know"},
		{"a kind in another version", strings.Replace(good, "v1", "v2", 1), "no kind that we know"},
	}
	for _, tt := range tests {
		var complaint string
		o := object{text: tt.text}
		if err := yaml.Unmarshal([]byte(tt.text), &o); err != nil {
			complaint = err.Error()
		} else {
			_, complaint = strictly(o)
		}
		if (complaint == "") != (tt.want == "") || !strings.Contains(complaint, tt.want) {
			t.Errorf("%s: %q, want %q", tt.name, complaint, tt.want)
		}
	}
}

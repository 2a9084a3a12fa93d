package chart

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	apps "k8s.io/api/apps/v1"
	autoscaling "k8s.io/api/autoscaling/v2"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	policy "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// selected returns the Deployments and pods whose pods have all of these labels.
func selected(t *testing.T, all []object, selector map[string]string) []string {
	t.Helper()
	if len(selector) == 0 {
		t.Error("an empty selector takes every pod")
	}
	var names []string
	add := func(name string, labels map[string]string) {
		for label, value := range selector {
			if labels[label] != value {
				return
			}
		}
		names = append(names, name)
	}
	for _, d := range every[*apps.Deployment](t, all) {
		add(d.Name, d.Spec.Template.Labels)
	}
	for _, p := range every[*core.Pod](t, all) {
		add(p.Name, p.Labels)
	}
	slices.Sort(names)
	return names
}

// roleNames returns the Deployments of a shape, and which of them the two Services must find.
func roleNames(t *testing.T, all []object) (deployments []string, auth, signin string) {
	t.Helper()
	for _, d := range every[*apps.Deployment](t, all) {
		deployments = append(deployments, d.Name)
	}
	slices.Sort(deployments)
	if len(deployments) == 1 {
		return deployments, deployments[0], deployments[0]
	}
	base := strings.TrimSuffix(deployments[0], "-auth")
	return deployments, base + "-auth", base + "-signin"
}

// What finds pods by labels finds those that it shall, and no others: not those of another role, not the test's.
func selects(t *testing.T, r rendering) {
	deployments, auth, signin := roleNames(t, r.all)
	want := func(what string, selector map[string]string, names ...string) {
		t.Helper()
		if got := selected(t, r.all, selector); !slices.Equal(got, names) {
			t.Errorf("%s finds %q, want %q", what, got, names)
		}
	}
	for _, d := range every[*apps.Deployment](t, r.all) {
		want("Deployment "+d.Name, d.Spec.Selector.MatchLabels, d.Name)
		for _, c := range d.Spec.Template.Spec.TopologySpreadConstraints {
			if c.LabelSelector == nil {
				t.Fatalf("the spread of %s counts no pods", d.Name)
			}
			want("the spread of "+d.Name, c.LabelSelector.MatchLabels, d.Name)
		}
		if len(d.Spec.Template.Spec.TopologySpreadConstraints) == 0 {
			t.Errorf("Deployment %s is not spread", d.Name)
		}
	}
	for _, b := range every[*policy.PodDisruptionBudget](t, r.all) {
		want("PodDisruptionBudget "+b.Name, b.Spec.Selector.MatchLabels, b.Name)
	}
	for _, h := range every[*autoscaling.HorizontalPodAutoscaler](t, r.all) {
		if d := as[*apps.Deployment](t, r.all, h.Spec.ScaleTargetRef.Kind, h.Spec.ScaleTargetRef.Name); d.Spec.Replicas != nil {
			t.Errorf("%s: each upgrade would undo what the autoscaler did", d.Name)
		}
	}
	for _, p := range every[*networking.NetworkPolicy](t, r.all) {
		want("NetworkPolicy "+p.Name, p.Spec.PodSelector.MatchLabels, deployments...)
	}
	for _, service := range every[*core.Service](t, r.all) {
		switch {
		case service.Spec.ClusterIP == core.ClusterIPNone:
			want("Service "+service.Name, service.Spec.Selector, deployments...)
		case strings.HasSuffix(service.Name, "-signin"):
			want("Service "+service.Name, service.Spec.Selector, signin)
		default:
			want("Service "+service.Name, service.Spec.Selector, auth)
		}
	}
}

// The admin port is in no Service but the headless one, and that one is there for a ServiceMonitor alone.
func leadsToPorts(t *testing.T, r rendering) {
	deployments, _, _ := roleNames(t, r.all)
	headless := 0
	for _, service := range every[*core.Service](t, r.all) {
		if service.Spec.Type != core.ServiceTypeClusterIP || len(service.Spec.Ports) != 1 {
			t.Fatalf("Service %s: type %s with %d ports", service.Name, service.Spec.Type, len(service.Spec.Ports))
		}
		wanted := "http"
		if service.Spec.ClusterIP == core.ClusterIPNone {
			wanted = "admin"
			headless++
		}
		if port := service.Spec.Ports[0]; port.TargetPort != intstr.FromString(wanted) {
			t.Errorf("Service %s leads to the port %s", service.Name, port.TargetPort.String())
		}
	}
	monitors := every[*monitoring.ServiceMonitor](t, r.all)
	if headless != len(monitors) {
		t.Errorf("%d headless Services and %d ServiceMonitors", headless, len(monitors))
	}
	for _, m := range monitors {
		service := as[*core.Service](t, r.all, "Service", m.Name+"-metrics")
		for label, value := range m.Spec.Selector.MatchLabels {
			if service.Labels[label] != value {
				t.Errorf("the ServiceMonitor does not find its Service: %s is %q", label, service.Labels[label])
			}
		}
		for _, deployment := range deployments {
			if strings.HasSuffix(deployment, "-worker") {
				continue
			}
			if other := serviceOf(t, r.all, deployment); matches(m.Spec.Selector.MatchLabels, other.Labels) {
				t.Errorf("the ServiceMonitor finds the public Service %s too", other.Name)
			}
		}
	}
	for name, spec := range podSpecs(t, r.all) {
		for _, c := range spec.Containers {
			for _, probe := range []*core.Probe{c.ReadinessProbe, c.LivenessProbe} {
				if strings.HasPrefix(name, "Deployment") && (probe == nil || probe.HTTPGet == nil || probe.HTTPGet.Port != intstr.FromString("admin")) {
					t.Errorf("%s: a probe that does not ask the admin port: %v", name, probe)
				}
			}
		}
	}
}

func matches(selector, labels map[string]string) bool {
	for label, value := range selector {
		if labels[label] != value {
			return false
		}
	}
	return true
}

// A network policy has no rule without ports, and lets nobody in whom it does not name: either would be everybody.
func limits(t *testing.T, r rendering) {
	for _, p := range every[*networking.NetworkPolicy](t, r.all) {
		if !slices.Contains(p.Spec.PolicyTypes, networking.PolicyTypeIngress) || len(p.Spec.Ingress) < 2 {
			t.Errorf("%s: types %v, %d rules", p.Name, p.Spec.PolicyTypes, len(p.Spec.Ingress))
		}
		for i, rule := range p.Spec.Ingress {
			if len(rule.From) == 0 || len(rule.Ports) == 0 {
				t.Errorf("%s: rule %d lets everybody in, or everywhere", p.Name, i)
			}
			for _, peer := range rule.From {
				if peer.NamespaceSelector == nil && peer.PodSelector == nil || peer.PodSelector != nil && len(peer.PodSelector.MatchLabels) == 0 {
					t.Errorf("%s: rule %d names nobody", p.Name, i)
				}
			}
		}
		for i, rule := range p.Spec.Egress {
			if len(rule.Ports) == 0 {
				t.Errorf("%s: rule %d lets out everywhere", p.Name, i)
			}
		}
		want := map[string]string{"http": "", "admin": ""}
		for _, c := range every[*apps.Deployment](t, r.all)[0].Spec.Template.Spec.Containers[0].Ports {
			want[c.Name] = itoa(c.ContainerPort)
		}
		if got := p.Spec.Ingress[0].Ports[0].Port.String(); got != want["http"] {
			t.Errorf("%s: the proxy may reach the port %s", p.Name, got)
		}
		if got := p.Spec.Ingress[1].Ports[0].Port.String(); got != want["admin"] {
			t.Errorf("%s: Prometheus may reach the port %s", p.Name, got)
		}
	}
}

// A list of ports that is empty takes the rule away, and does not open it.
func TestNetworkPolicyWithoutPorts(t *testing.T) {
	all := objects(t, render(t, minimal, secret, "networkPolicy: {enabled: true, egress: {httpsPorts: []}}"))
	p := every[*networking.NetworkPolicy](t, all)[0]
	if len(p.Spec.Egress) != 1 || len(p.Spec.Egress[0].Ports) != 2 {
		t.Errorf("the pods reach %v, want DNS alone", p.Spec.Egress)
	}
	limits(t, rendering{all: all})
}

// What pods read by reference is made by the chart or by somebody whom the shape names, and what the shape names is read.
func refers(t *testing.T, r rendering) {
	made := contents(t, r.all)
	used := map[string]bool{}
	for name, spec := range podSpecs(t, r.all) {
		for _, ref := range references(spec) {
			used[ref] = true
			_, inside := made[ref]
			if _, outside := r.outside[ref]; inside == outside {
				t.Errorf("%s reads %s, which the chart makes: %v, and somebody else: %v", name, ref, inside, outside)
			}
		}
		if account := find(t, r.all, "ServiceAccount", spec.ServiceAccountName); account.Metadata.Name == "" {
			t.Errorf("%s has no service account", name)
		}
	}
	for _, ref := range slices.Sorted(maps.Keys(r.outside)) {
		if !used[ref] {
			t.Errorf("nobody reads %s", ref)
		}
	}
	for ref := range made {
		if !used[ref] && !strings.Contains(ref, "-dashboard/") {
			t.Errorf("the chart makes %s, and nobody reads it", ref)
		}
	}
}

// contents returns what is in the Secrets and ConfigMaps of a rendering, as "kind/name/entry".
func contents(t *testing.T, all []object) map[string]string {
	t.Helper()
	made := map[string]string{}
	for _, s := range every[*core.Secret](t, all) {
		for entry, content := range s.Data {
			made[fmt.Sprintf("Secret/%s/%s", s.Name, entry)] = string(content)
		}
	}
	for _, c := range every[*core.ConfigMap](t, all) {
		for entry, content := range c.Data {
			made[fmt.Sprintf("ConfigMap/%s/%s", c.Name, entry)] = content
		}
	}
	return made
}

// references returns all that a pod reads of others.
func references(spec core.PodSpec) []string {
	var refs []string
	for _, v := range spec.Volumes {
		if v.PersistentVolumeClaim != nil {
			refs = append(refs, "PersistentVolumeClaim/"+v.PersistentVolumeClaim.ClaimName)
		}
		for _, file := range projected(v) {
			refs = append(refs, file.ref)
		}
	}
	for _, c := range spec.Containers {
		for _, e := range c.Env {
			if e.ValueFrom != nil {
				refs = append(refs, fmt.Sprintf("Secret/%s/%s", e.ValueFrom.SecretKeyRef.Name, e.ValueFrom.SecretKeyRef.Key))
			}
		}
	}
	return refs
}

// mounted is one file of a projected volume: where it is in it, and where its content comes from.
type mounted struct{ path, ref string }

func projected(v core.Volume) []mounted {
	var files []mounted
	if v.Projected == nil {
		return nil
	}
	for _, source := range v.Projected.Sources {
		if source.Secret != nil {
			for _, item := range source.Secret.Items {
				files = append(files, mounted{item.Path, fmt.Sprintf("Secret/%s/%s", source.Secret.Name, item.Key)})
			}
		}
		if source.ConfigMap != nil {
			for _, item := range source.ConfigMap.Items {
				files = append(files, mounted{item.Path, fmt.Sprintf("ConfigMap/%s/%s", source.ConfigMap.Name, item.Key)})
			}
		}
	}
	return files
}

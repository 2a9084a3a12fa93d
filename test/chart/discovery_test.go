package chart

import (
	"maps"
	"slices"
	"strings"
)

// resources are the kinds that the cluster has, by group and version.
func resources() map[string]map[string]string {
	return map[string]map[string]string{
		"v1": {
			"namespaces": "Namespace", "secrets": "Secret", "configmaps": "ConfigMap", "services": "Service", "serviceaccounts": "ServiceAccount", "pods": "Pod",
		},
		"apps/v1":                      {"deployments": "Deployment"},
		"autoscaling/v2":               {"horizontalpodautoscalers": "HorizontalPodAutoscaler"},
		"networking.k8s.io/v1":         {"ingresses": "Ingress", "networkpolicies": "NetworkPolicy"},
		"policy/v1":                    {"poddisruptionbudgets": "PodDisruptionBudget"},
		"gateway.networking.k8s.io/v1": {"httproutes": "HTTPRoute"},
		"monitoring.coreos.com/v1":     {"servicemonitors": "ServiceMonitor", "prometheusrules": "PrometheusRule"},
	}
}

// discovery answers what there is, or nil for a path of objects.
func discovery(path string) map[string]any {
	all := resources()
	switch path {
	case "/version":
		return map[string]any{"major": "1", "minor": "33", "gitVersion": "v" + kubernetes}
	case "/api":
		return map[string]any{"kind": "APIVersions", "versions": []string{"v1"}}
	case "/apis":
		var groups []any
		for _, version := range slices.Sorted(maps.Keys(all)) {
			if name, short, grouped := strings.Cut(version, "/"); grouped {
				v := map[string]any{"groupVersion": version, "version": short}
				groups = append(groups, map[string]any{"name": name, "versions": []any{v}, "preferredVersion": v})
			}
		}
		return map[string]any{"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}
	}
	kinds, found := all[strings.TrimPrefix(strings.TrimPrefix(path, "/apis/"), "/api/")]
	if !found {
		return nil
	}
	var list []any
	for _, name := range slices.Sorted(maps.Keys(kinds)) {
		list = append(list, map[string]any{"name": name, "kind": kinds[name], "namespaced": name != "namespaces", "verbs": []string{"create", "delete", "get", "list", "patch", "update"}})
	}
	return map[string]any{"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": strings.TrimPrefix(strings.TrimPrefix(path, "/apis/"), "/api/"), "resources": list}
}

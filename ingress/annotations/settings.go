package annotations

import (
	"slices"
	"strings"
)

// AppLabel is the label by which charts and manifests say what an object belongs to.
const AppLabel = "app.kubernetes.io/name"

// Controllers gives the ConfigMaps that are settings of ingress-nginx itself: those that m.Controller names;
// else those that look so by their label or name; else all with an entry that ingress-nginx has.
func (m Manifest) Controllers() []*ConfigMap {
	if len(m.Controller) > 0 {
		return m.configMaps(func(c *ConfigMap) bool {
			return slices.ContainsFunc(m.Controller, c.isCalled)
		})
	}
	if sure := m.configMaps((*ConfigMap).looksOfController); len(sure) > 0 {
		return sure
	}
	return m.configMaps(func(c *ConfigMap) bool {
		for key := range c.Data {
			if ofController(key) {
				return true
			}
		}
		return false
	})
}

func (m Manifest) configMaps(wanted func(*ConfigMap) bool) []*ConfigMap {
	var list []*ConfigMap
	for k := range m.ConfigMaps {
		if c := &m.ConfigMaps[k]; wanted(c) {
			list = append(list, c)
		}
	}
	return list
}

// isCalled compares with namespace/name. A file may leave the namespace to kubectl.
func (c *ConfigMap) isCalled(name string) bool {
	_, bare, _ := strings.Cut(name, "/")
	return title(c.Namespace, c.Name) == name || c.Namespace == "" && c.Name == bare
}

// looksOfController knows the label of the chart, and the names in the chart's and the older manifests.
func (c *ConfigMap) looksOfController() bool {
	return c.App == "ingress-nginx" || strings.HasSuffix(c.Name, "ingress-nginx-controller") || c.Name == "nginx-configuration"
}

// ofController reports whether a setting of ingress-nginx is called so, of those that matter here.
func ofController(key string) bool {
	switch key {
	case "no-auth-locations", "large-client-header-buffers", "proxy-buffer-size", "proxy-set-headers",
		"enable-underscores-in-headers", "ignore-invalid-headers", "enable-modsecurity",
		"whitelist-source-range", "denylist-source-range", "block-cidrs", "block-user-agents", "block-referers",
		"main-snippet", "http-snippet", "server-snippet", "location-snippet", "stream-snippet":
		return true
	}
	return strings.HasPrefix(key, "global-auth-")
}

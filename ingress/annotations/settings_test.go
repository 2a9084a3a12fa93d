package annotations_test

import (
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/ingress/annotations"
)

// Which of the ConfigMaps of a cluster are the controller's settings.
func TestControllers(t *testing.T) {
	const (
		labelled = "{metadata: {name: settings, namespace: a, labels: {app.kubernetes.io/name: ingress-nginx}}}"
		named    = "{metadata: {name: internal-ingress-nginx-controller, namespace: b}}"
		old      = "{metadata: {name: nginx-configuration, namespace: c}}"
		bare     = "{metadata: {name: web}, data: {global-auth-url: x}}"
		buffer   = "{metadata: {name: web, namespace: d, labels: {app.kubernetes.io/name: nginx}}, data: {proxy-buffer-size: 2k}}"
		readme   = "{metadata: {name: nginx-configuration-notes, namespace: e}, data: {readme-snippet: x}}"
	)
	for _, c := range []struct {
		name  string
		given string // --controller
		items []string
		want  string
	}{
		{"none", "", nil, ""},
		{"none that has a setting", "", []string{readme}, ""},
		{"all that have a setting", "", []string{bare, buffer, readme}, "web d/web"},
		{"by the label", "", []string{buffer, labelled}, "a/settings"},
		{"by the names", "", []string{buffer, named, old}, "b/internal-ingress-nginx-controller c/nginx-configuration"},
		{"given", "d/web", []string{buffer, labelled}, "d/web"},
		{"given, of a file without a namespace", "d/web", []string{bare, labelled}, "web"},
		{"given, and not there", "f/web", []string{buffer, labelled}, ""},
		{"two that are given", "d/web a/settings", []string{labelled, old, buffer}, "a/settings d/web"},
	} {
		m, err := annotations.ReadManifest("file", strings.NewReader("kind: ConfigMapList\nitems: ["+strings.Join(c.items, ", ")+"]\n"))
		if err != nil {
			t.Fatal(err)
		}
		m.Controller = strings.Fields(c.given)
		var got []string
		for _, one := range m.Controllers() {
			got = append(got, one.Title())
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: %q, not %q", c.name, got, c.want)
		}
	}
}

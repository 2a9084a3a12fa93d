package proxies

import (
	"encoding/base64"
	"os"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/easyauth-sidecar/easyauth/test/matrix"
	"github.com/easyauth-sidecar/easyauth/test/process"
)

const easyAuthInside = "http://easyauth.easyauth.svc.cluster.local"

// startRoutes starts Traefik with the custom resources of the page.
func startRoutes(t *testing.T, at matrix.Place) {
	t.Helper()
	routes := matrix.Block(t, page, "yaml", blockRoutes, easyAuthInside, "http://"+at.Auth)
	routes += "---\n" + another(t, routes, "role=Admin", "scope=Mail.Read", "name: admin", "name: mail")
	// The rule for /mail/ is that for /admin/ with other words.
	const rule = "    - kind: Rule\n      match: Host(`app.example.com`) && PathRegexp(`(?i)^/admin(/|$)`)\n" +
		"      priority: 10\n      middlewares:\n        - name: admin\n      services:\n        - name: shop\n          port: http\n"
	routes = matrix.Replaced(t, routes, rule, rule+strings.ReplaceAll(rule, "admin", "mail"))
	if at.Bare {
		routes = matrix.Replaced(t, routes, "Regex: (?i)^x-injected-", "Regex: ^nothing$")
	}
	routes += "---\n" + matrix.Block(t, page, "yaml", blockHost)
	startKubernetes(t, at, []string{"--providers.kubernetesCRD=true"}, objects(t, routes)...)
}

// startIngresses starts Traefik with the Ingresses of the page, changed by pairs of texts, EasyAuth's own, and one for a
// path that nobody is asked for.
func startIngresses(t *testing.T, at matrix.Place, open string, pairs ...string) {
	t.Helper()
	text := matrix.Block(t, page, "yaml", blockIngresses, append([]string{easyAuthInside, "http://" + at.Auth}, pairs...)...)
	if at.Bare {
		text = without(text, "nginx.ingress.kubernetes.io/auth-response-headers")
	}
	text += "---\n" + another(t, text, "role=Admin", "scope=Mail.Read", "name: shop-admin", "name: shop-mail", "path: /admin", "path: /mail")
	public := without(another(t, text, "name: shop-admin", "name: shop-public", "path: /admin(/|$)", "path: "+open), "nginx.ingress.kubernetes.io/auth-")
	text += "---\n" + public + "---\n" + ownIngress(t)
	class := object{
		"apiVersion": "networking.k8s.io/v1", "kind": "IngressClass", "metadata": object{"name": "nginx"},
		"spec": object{"controller": "k8s.io/ingress-nginx"},
	}
	startKubernetes(t, at, []string{"--providers.kubernetesCRD=true", "--providers.kubernetesIngressNGINX=true"},
		append(objects(t, text), class)...)
}

// another is the object of a text that has the first words of all pairs, with the second ones.
func another(t *testing.T, text string, pairs ...string) string {
	t.Helper()
	for _, document := range strings.Split(text, "---\n") {
		fits := true
		for i := 0; i < len(pairs); i += 2 {
			fits = fits && strings.Contains(document, pairs[i])
		}
		if fits {
			return matrix.Replaced(t, document, pairs...)
		}
	}
	t.Fatalf("nothing has %q in\n%s", pairs, text)
	return ""
}

// without leaves out the lines that have a word.
func without(text, word string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if !strings.Contains(line, word) {
			b.WriteString(line)
		}
	}
	return b.String()
}

// ownIngress is EasyAuth's own Ingress, as docs/kubernetes.md has it.
func ownIngress(t *testing.T) string {
	t.Helper()
	for n := 1; ; n++ {
		for _, document := range strings.Split(matrix.Block(t, "docs/kubernetes.md", "yaml", n), "---\n") {
			if strings.Contains(document, "kind: Ingress\n") && strings.Contains(document, "path: /easyauth/login") {
				return document
			}
		}
	}
}

// startKubernetes starts Traefik with the arguments of the page, in a cluster that has what is once in each, these objects,
// and the services that they name.
func startKubernetes(t *testing.T, at matrix.Place, providers []string, all ...object) {
	t.Helper()
	edge := matrix.Block(t, page, "yaml", blockEdge, "http://127.0.0.1:8080/ping", "http://"+at.Admin+"/ping")
	if at.Bare {
		edge = matrix.Replaced(t, edge, twoReadings, "^/nothing$")
	}
	all = append(all, objects(t, edge)...)
	all = append(all, service("easyauth", "easyauth", at.Auth)...)
	all = append(all, service("shop", "shop", at.Application)...)
	all = append(all, object{
		"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls", "metadata": object{"namespace": "shop", "name": "app-example-com"},
		"data": object{"tls.crt": encoded(t, at.Certificate), "tls.key": encoded(t, at.Key)},
	})
	const token = "the-token-of-a-service-account"
	api := startCluster(t, token, all...)

	args := append(arguments(t), providers...)
	if at.Bare {
		args = append([]string{"--entryPoints.websecure.http.tls=true"}, providers...)
	}
	// What the chart sets by itself.
	args = append(args, "--entryPoints.web.address=127.0.0.1:0", "--entryPoints.websecure.address="+at.Listen,
		"--entryPoints.traefik.address="+at.Admin, "--ping=true", "--global.checkNewVersion=false", "--global.sendAnonymousUsage=false")
	for _, provider := range providers {
		name, _, _ := strings.Cut(provider, "=")
		args = append(args, name+".endpoint="+api, name+".token="+token)
		if strings.HasSuffix(name, "NGINX") {
			args = append(args, name+".allowSnippetAnnotations=true") // for those of the tests
		}
	}
	serves(t, begin(t, process.Command{Name: "traefik", Program: program(t, Traefik), Args: args}), at)
}

// arguments are those of the page.
func arguments(t *testing.T) []string {
	t.Helper()
	var values struct {
		AdditionalArguments []string `yaml:"additionalArguments"`
	}
	if err := yaml.Unmarshal([]byte(matrix.Block(t, page, "yaml", blockArguments)), &values); err != nil || len(values.AdditionalArguments) == 0 {
		t.Fatalf("no arguments: %v", err)
	}
	return values.AdditionalArguments
}

func encoded(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(text)
}

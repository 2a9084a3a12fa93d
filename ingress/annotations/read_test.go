package annotations_test

import (
	"fmt"
	"io"
	"reflect"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/ingress/annotations"
)

const (
	head = "apiVersion: networking.k8s.io/v1\nkind: Ingress\n"
	one  = head + "metadata:\n  name: shop\n"
)

// read gives the Ingress objects of a text, in order.
func read(file string, r io.Reader) ([]annotations.Ingress, error) {
	m, err := annotations.ReadManifest(file, r)
	return m.Ingresses, err
}

func TestRead(t *testing.T) {
	text := `# a comment
---
apiVersion: v1
kind: Service
metadata: {name: shop}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: shop
  namespace: app
  annotations:
    kubernetes.io/ingress.class: nginx
    nginx.ingress.kubernetes.io/auth-url: >-
      http://easyauth.easyauth.svc.cluster.local/easyauth/auth?role=A&role=B
    nginx.ingress.kubernetes.io/auth-response-headers: "x-a, X-B,,"
spec:
  tls:
    - secretName: shop-tls
      hosts: [Shop.Example.com]
  defaultBackend: {service: {name: rest, port: {name: http}}}
  rules:
    - host: Shop.Example.com
      http:
        paths:
          - path: /a
            pathType: Exact
            backend: {service: {name: shop, port: {number: 80}}}
          - backend: {resource: {kind: Bucket, name: x}}
    - host: bare.example.com
`
	got, err := read("shop.yaml", strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	all := annotations.Path{Path: "/", Type: "Prefix", Service: "rest", Port: "http", Line: 21}
	want := []annotations.Ingress{{
		File: "shop.yaml", Line: 7, Namespace: "app", Name: "shop", Class: "nginx",
		Annotations: map[string]annotations.Value{
			"kubernetes.io/ingress.class": {Text: "nginx", Line: 13},
			"nginx.ingress.kubernetes.io/auth-url": {
				Text: "http://easyauth.easyauth.svc.cluster.local/easyauth/auth?role=A&role=B", Line: 14,
			},
			"nginx.ingress.kubernetes.io/auth-response-headers": {Text: "x-a, X-B,,", Line: 16},
		},
		Rules: []annotations.Rule{
			{Host: "Shop.Example.com", Line: 23, Paths: []annotations.Path{
				{Path: "/a", Type: "Exact", Service: "shop", Port: "80", Line: 26},
				{Path: "/", Type: "ImplementationSpecific", Line: 29},
			}},
			{Host: "bare.example.com", Line: 30, Paths: []annotations.Path{all}, Default: true},
			{Line: 21, Paths: []annotations.Path{all}, Default: true},
		},
		TLS: []annotations.TLS{{Hosts: []string{"shop.example.com"}, Secret: "shop-tls", Line: 19}},
	}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("read\n%+v\nnot\n%+v", got, want)
	}
	p, ok := got[0].Protection()
	if !ok || p.Scheme != "http" || p.Host != "easyauth.easyauth.svc.cluster.local" || p.Path != "/easyauth/auth" || p.Query != "role=A&role=B" ||
		!p.EasyAuth || !reflect.DeepEqual(p.Headers, []string{"x-a", "X-B"}) || p.SignIn.Given() {
		t.Errorf("the protection is %+v", p)
	}
	if _, ok := got[0].Annotation("auth-signin"); ok {
		t.Error("an annotation is there that is not")
	}
}

// The same Ingress in all the forms in which files hold it.
func TestReadForms(t *testing.T) {
	forms := map[string]string{
		"JSON":             `{"apiVersion":"networking.k8s.io/v1","kind":"Ingress","metadata":{"name":"shop"}}`,
		"a list":           "apiVersion: v1\nkind: List\nitems:\n  - apiVersion: networking.k8s.io/v1\n    kind: Ingress\n    metadata: {name: shop}\n",
		"a list of a kind": "apiVersion: networking.k8s.io/v1\nkind: IngressList\nitems:\n  - metadata: {name: shop}\n",
		"a list in a list": `{"kind":"List","items":[{"kind":"List","items":[{"kind":"Ingress","metadata":{"name":"shop"}}]}]}`,
		"an old version":   "apiVersion: extensions/v1beta1\nkind: Ingress\nmetadata: {name: shop}\n",
		"beside nothing":   "---\n---\n" + one + "---\n# nothing\n",
		"a name to come":   head + "metadata: {generateName: shop}\n",
		"an alias":         "kind: List\nitems: [&a {kind: Ingress, metadata: {name: &n shop, labels: {x: *n}}}]\n",
		"line ends of DOS": strings.ReplaceAll(one, "\n", "\r\n"),
	}
	for name, text := range forms {
		got, err := read(name, strings.NewReader(text))
		if err != nil || len(got) != 1 || got[0].Name != "shop" {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	for _, none := range []string{"", "---\n", "# x\n", "apiVersion: config.openshift.io/v1\nkind: Ingress\nmetadata: {name: cluster}\n", "apiVersion: v1\nkind: Secret\n"} {
		if got, err := read("none", strings.NewReader(none)); err != nil || len(got) != 0 {
			t.Errorf("%q: %+v, %v", none, got, err)
		}
	}
}

func TestReadOldBackend(t *testing.T) {
	text := "apiVersion: networking.k8s.io/v1beta1\nkind: Ingress\nmetadata: {name: a}\nspec:\n  backend: {serviceName: s, servicePort: 80}\n  rules: [{http: {paths: [{path: /x, backend: {serviceName: t, servicePort: http}}]}}]\n"
	got, err := read("old", strings.NewReader(text))
	if err != nil || got[0].Rules[0].Paths[0].Service != "t" || got[0].Rules[0].Paths[0].Port != "http" || got[0].Rules[1].Paths[0].Service != "s" {
		t.Errorf("%+v, %v", got, err)
	}
}

// What cannot be understood is never left out silently.
func TestReadRefuses(t *testing.T) {
	annotated := func(text string) string { return one + "  annotations:\n" + text }
	for name, row := range map[string]struct{ text, want string }{
		"a template":           {"metadata:\n  name: {{ .Values.name }}\n", "helm template"},
		"no YAML":              {one + "\tspec: x\n", "bad.yaml: cannot be read"},
		"no UTF-8":             {one + "# \xff\n", "is no UTF-8"},
		"a text":               {"hello\n", "bad.yaml:1: an object must be a map"},
		"no kind":              {"metadata: {name: a}\n", "kind is missing"},
		"no version":           {"kind: Ingress\nmetadata: {name: a}\n", "without apiVersion"},
		"no name":              {head, "has no metadata.name"},
		"a name that is a map": {head + "metadata:\n  name: {a: b}\n", "bad.yaml:4: metadata.name must be a text"},
		"a second document":    {one + "---\n" + head + "metadata: []\n", "bad.yaml:8: metadata must be a map"},
		"a key twice":          {annotated("    a: x\n    a: y\n"), `bad.yaml:7: "a" is there twice, the first time in line 6`},
		"a key twice, elsewhere": {
			one + "status: {a: 1, a: 2}\n", "is there twice",
		},
		"a number":          {annotated("    a: 10\n"), "bad.yaml:6: annotation a must be a text: put it in quotes"},
		"a boolean":         {annotated("    a: true\n"), "put it in quotes"},
		"a list":            {annotated("    a: [x]\n"), "must be a text"},
		"annotations":       {one + "  annotations: [x]\n", "annotations must be a map"},
		"a merge key":       {annotated("    <<: {a: b}\n"), "merge keys"},
		"a key that is not": {annotated("    [a]: b\n"), "a key must be a plain word"},
		"rules":             {one + "spec:\n  rules: {a: b}\n", "bad.yaml:6: spec.rules must be a list"},
		"a host":            {one + "spec:\n  rules: [{host: [a]}]\n", "host must be a text"},
		"a path":            {one + "spec:\n  rules: [{http: {paths: [x]}}]\n", "a path must be a map"},
		"a type":            {one + "spec:\n  rules: [{http: {paths: [{pathType: 3}]}}]\n", "pathType must be a text"},
		"a backend":         {one + "spec:\n  rules: [{http: {paths: [{backend: x}]}}]\n", "backend must be a map"},
		"a certificate":     {one + "spec:\n  tls: [x]\n", "an item of spec.tls must be a map"},
		"a class":           {one + "spec:\n  ingressClassName: 1\n", "spec.ingressClassName must be a text"},
		"a ConfigMap":       {"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {a: 1}\n", "entry a must be a text"},
		"lists in lists":    {strings.Repeat("{kind: List, items: [", 20) + strings.Repeat("]}", 20), "deep in each other"},
		"depth":             {one + "x: " + strings.Repeat("[", 1000) + strings.Repeat("]", 1000) + "\n", "deep in each other"},
		"an alias to itself": {
			"kind: List\nitems:\n  - &a {kind: List, items: [*a]}\n", "deep in each other",
		},
		"many aliases": {bomb(), "more than 10000 aliases"},
		"many objects": {"kind: List\nitems: [" + strings.Repeat("{kind: A},", 100_001) + "]\n", "more than 100000 objects"},
	} {
		got, err := read("bad.yaml", strings.NewReader(row.text))
		if err == nil || !strings.Contains(err.Error(), row.want) || !strings.HasPrefix(err.Error(), "bad.yaml") || len(got) > 0 {
			t.Errorf("%s: %v, %v; it should say %q", name, got, err, row.want)
		}
	}
}

// bomb is a list of lists of lists, a hundred of the next in each.
func bomb() string {
	var b strings.Builder
	b.WriteString("kind: Other\nl0: &l0 {kind: Other}\n")
	for k := 1; k <= 6; k++ {
		fmt.Fprintf(&b, "l%d: &l%d {kind: List, items: [%s*l%d]}\n", k, k, strings.Repeat(fmt.Sprintf("*l%d, ", k-1), 99), k-1)
	}
	return strings.Replace(b.String(), "kind: Other\n", "kind: List\n", 1) + "items: [*l6]\n"
}

func TestReadIsBounded(t *testing.T) {
	long := one + strings.Repeat("# 0123456789012345678901234567890123456789\n", 16<<20/43)
	if _, err := read("long", strings.NewReader(long)); err == nil || !strings.Contains(err.Error(), "longer than 16 MB; ConfigMaps other than the controller's may be left out") {
		t.Errorf("got %v", err)
	}
	if _, err := read("short", strings.NewReader(long[:len(long)/16])); err != nil {
		t.Errorf("got %v", err)
	}
}

// Whatever a file holds: no panic, no endless work, and all that is found has a line of the file.
func FuzzRead(f *testing.F) {
	f.Add(one)
	f.Add(bomb())
	f.Add("kind: List\nitems:\n  - &a {kind: List, items: [*a]}\n")
	f.Add(open("a", "'*'", "(", "x", "s", `auth-url: "http://$a/auth?$b"`, `auth-snippet: "a {"`, `use-regex: "true"`))
	f.Fuzz(func(t *testing.T, text string) {
		m, err := annotations.ReadManifest("fuzz", strings.NewReader(text))
		if err != nil {
			if len(m.Ingresses)+len(m.ConfigMaps) > 0 {
				t.Error("objects in spite of an error")
			}
			return
		}
		lines := strings.Count(text, "\n") + strings.Count(text, "\r") + strings.Count(text, "\u0085") + strings.Count(text, "\u2028") + strings.Count(text, "\u2029") + 1
		for _, finding := range annotations.Check(m, annotations.Options{Served: serves()}) {
			if finding.Line < 1 || finding.Line > lines || finding.Text == "" {
				t.Errorf("%+v in a text of %d lines", finding, lines)
			}
		}
	})
}

package translate

import (
	"strings"
	"testing"
)

// openIngress has one path without a question.
func openIngress(namespace, host, path, service, port string) string {
	return strings.NewReplacer("NAMESPACE", namespace, "HOST", host, "PATH", path, "SERVICE", service, "PORT", port).Replace(`apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: open, namespace: NAMESPACE}
spec: {rules: [{host: HOST, http: {paths: [{path: PATH, pathType: Prefix, backend: {service: {name: SERVICE, port: {PORT}}}}]}}]}
---
`)
}

// The sign-in paths lead to whom auth-url asks, or to the sign-in part of the chart.
func TestSignInPaths(t *testing.T) {
	const host = "app.example.com"
	for _, path := range []string{"/easyauth", "/easyauth/", "/easyauth/login"} {
		for _, port := range []string{"number: 80", "name: http"} {
			for service, note := range map[string]string{
				"easyauth":        "the sign-in paths, written as /easyauth/ with 404 for /easyauth/auth",
				"easyauth-signin": "the sign-in paths, written as /easyauth/ of easyauth-signin.easyauth.svc:80 with 404 for /easyauth/auth",
			} {
				for _, to := range Targets() {
					if r := translation(t, plainIngress+openIngress("easyauth", host, path, service, port), to); r.Refused != 0 || !strings.Contains(lines(r.Notes), note) {
						t.Errorf("%s %s %s: %s", to, path, service, lines(r.Notes))
					}
				}
			}
			refusedEverywhere(t, plainIngress+openIngress("easyauth", host, path, "other", port), "leads to other.easyauth.svc, but the sign-in paths belong to easyauth.easyauth.svc,")
			refusedEverywhere(t, plainIngress+openIngress("shop", host, path, "easyauth", port), "leads to easyauth.shop.svc, but")
			refusedEverywhere(t, plainIngress+openIngress("shop", host, path, "easyauth-signin", port), "leads to easyauth-signin.shop.svc, but")
		}
	}
	for _, to := range Targets() {
		if r := translation(t, plainIngress+openIngress("easyauth", host, "/easyauthor", "other", "number: 80"), to); r.Refused != 0 {
			t.Errorf("%s: %s", to, lines(r.Notes))
		}
	}
	refusedEverywhere(t, plainIngress+openIngress("easyauth", host, "/easyauthor", "easyauth", "name: http"), "must be a number")
}

// The chart's sign-in part serves the pages of every host, by a port of its own if that is a number.
func TestSignInPart(t *testing.T) {
	text := plainIngress + openIngress("easyauth", "login.example.com", "/easyauth/login", "easyauth-signin", "number: 8081")
	for to, want := range map[string]struct {
		text  string
		times int
	}{
		"traefik":       {"- name: easyauth-signin\n          port: 8081\n", 4}, // what is hidden is asked there too
		"envoy-gateway": {"- name: easyauth-signin\n          port: 8081\n", 2},
		"haproxy":       {"\n    server easyauth-signin easyauth-signin.easyauth.svc.cluster.local:8081 ", 1}, // for both hosts
		"caddy":         {"reverse_proxy http://easyauth-signin.easyauth.svc:8081\n", 2},
	} {
		if r := translation(t, text, to); r.Refused != 0 || strings.Count(r.Text, want.text) != want.times {
			t.Errorf("%s: %s\n%s", to, lines(r.Notes), r.Text)
		}
	}
}

// A Service that is called so is the sign-in part only with open paths, below the base, and beside EasyAuth.
func TestNoSignInPart(t *testing.T) {
	protected := strings.NewReplacer("name: app\n  namespace: shop", "name: b\n  namespace: easyauth", "app.example.com", "b.example.com", "path: /a", "path: /easyauth/x", "name: app,", "name: easyauth-signin,")
	for name, other := range map[string]string{
		"another path":      openIngress("easyauth", "b.example.com", "/metrics", "easyauth-signin", "number: 80"),
		"another namespace": openIngress("shop", "b.example.com", "/easyauth/login", "easyauth-signin", "number: 80"),
		"protected":         protected.Replace(plainIngress),
	} {
		r := translation(t, plainIngress+other, "caddy")
		if r.Written == 0 || !strings.Contains(r.Text, "handle @sign_in {\n\t\t\treverse_proxy http://easyauth.easyauth.svc:80\n") {
			t.Errorf("%s: %s\n%s", name, lines(r.Notes), r.Text)
		}
	}
}

// A host that only serves callbacks has the sign-in paths alone, without the endpoint that is asked.
func TestCallbackHost(t *testing.T) {
	text := plainIngress + openIngress("easyauth", "login.example.com", "/easyauth", "easyauth", "number: 80")
	for to, hidden := range map[string]string{
		"traefik":       "match: Host(`login.example.com`) && PathRegexp(`(?i)^/easyauth/auth`)\n      priority: 10001\n",
		"envoy-gateway": "    - login.example.com\n  rules:\n    - matches:\n        - path:\n            type: PathPrefix\n            value: /easyauth/auth\n      filters:\n",
		"haproxy":       "str(none) if !{ var(txn.route) -m found } { var(txn.host) -m str login.example.com } { var(txn.path) -m beg '/easyauth/auth' }\n",
		"caddy":         "login.example.com {\n\t@not_found path_regexp `(?i)^/easyauth/auth`\n",
		"inline":        "host: app.example.com", // easyauth proxy serves its own paths by itself
	} {
		r := translation(t, text, to)
		if r.Refused != 0 || !strings.Contains(lines(r.Notes), "login.example.com/easyauth: the sign-in paths, written as /easyauth/ with 404 for /easyauth/auth\n") ||
			!strings.Contains(r.Text, hidden) || to == "inline" && strings.Contains(r.Text, "login.example.com") {
			t.Errorf("%s: %s\n%s", to, lines(r.Notes), r.Text)
		}
	}
	for _, to := range Targets() { // an application that is called so elsewhere is no EasyAuth
		r := translation(t, strings.Replace(text, "namespace: easyauth}", "namespace: shop}", 1), to)
		if r.Refused != 0 || !strings.Contains(lines(r.Notes), "login.example.com/easyauth: stays open to everybody") {
			t.Errorf("%s: %s", to, lines(r.Notes))
		}
	}
}

// What the documents give away as examples can be carried over.
func TestExamples(t *testing.T) {
	easyauth := golden(t, "../../examples/ingress/easyauth.yaml") + "---\n"
	for name, text := range map[string]string{
		"plain": easyauth, "role-per-path": easyauth, "anonymous-path": easyauth, "graph": easyauth, "api-bearer": easyauth, "several-hosts": "",
	} {
		text += golden(t, "../../examples/ingress/"+name+".yaml")
		for _, to := range Targets() {
			if r := translation(t, text, to); r.Refused != 0 || r.Written < 2 {
				t.Errorf("%s for %s: %d written: %s", name, to, r.Written, lines(r.Notes))
			}
		}
	}
}

// chartIngress is what the chart renders with roles.separate, and no class.
const chartIngress = `apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: easyauth
  namespace: easyauth
  annotations:
    nginx.ingress.kubernetes.io/proxy-buffer-size: 16k
spec:
  rules:
    - host: "app.example.com"
      http:
        paths:
          - path: "/easyauth/login"
            pathType: Exact
            backend:
              service:
                name: easyauth-signin
                port:
                  name: http
          - path: "/easyauth/signin-oidc"
            pathType: Exact
            backend:
              service:
                name: easyauth-signin
                port:
                  name: http
---
`

func TestChart(t *testing.T) {
	for _, to := range Targets() {
		for _, app := range []string{plainIngress, strings.Replace(plainIngress, "spec:\n", "spec:\n  ingressClassName: nginx\n", 1)} {
			for _, chart := range []string{chartIngress, strings.ReplaceAll(chartIngress, "easyauth-signin", "easyauth")} {
				if r := translation(t, app+chart, to); r.Refused != 0 || r.Written != 2 {
					t.Errorf("%s: %s", to, lines(r.Notes))
				}
			}
		}
	}
}

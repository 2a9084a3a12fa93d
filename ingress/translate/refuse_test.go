package translate

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/ingress/annotations"
)

const plainIngress = `apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: app
  namespace: shop
  annotations:
    nginx.ingress.kubernetes.io/auth-url: "http://easyauth.easyauth.svc.cluster.local/easyauth/auth?role=Admin"
    nginx.ingress.kubernetes.io/auth-signin: "https://$host/easyauth/login"
    nginx.ingress.kubernetes.io/auth-response-headers: "x-injected-oid"
spec:
  tls:
    - hosts: [app.example.com]
      secretName: app-tls
  rules:
    - host: app.example.com
      http:
        paths:
          - path: /a
            pathType: Prefix
            backend: {service: {name: app, port: {number: 80}}}
---
`

func manifestOf(t testing.TB, text string) annotations.Manifest {
	t.Helper()
	m, err := annotations.ReadManifest("in.yaml", strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func translation(t testing.TB, text, to string) Result {
	t.Helper()
	r, err := Translate(manifestOf(t, text), Config{To: to})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// annotated is plainIngress with one annotation more.
func annotated(name, value string) string {
	return strings.Replace(plainIngress, "  annotations:\n", fmt.Sprintf("  annotations:\n    nginx.ingress.kubernetes.io/%s: %q\n", name, value), 1)
}

func refusedEverywhere(t *testing.T, text, why string) {
	t.Helper()
	for _, to := range Targets() {
		r := translation(t, text, to)
		if r.Refused != strings.Count(text, "kind: Ingress") || r.Written != 0 || r.Text != "" {
			t.Errorf("%s: %d refused, %d written:\n%s", to, r.Refused, r.Written, r.Text)
		}
		if !slices.ContainsFunc(r.Notes, func(n Note) bool {
			return n.Refused && n.File == "in.yaml" && n.Line > 0 && strings.Contains(n.String(), why)
		}) {
			t.Errorf("%s: the report does not say %q:\n%s", to, why, lines(r.Notes))
		}
	}
}

// What keeps requests out in ingress-nginx, and what is not known here.
func TestAnnotationsThatRefuse(t *testing.T) {
	for name, value := range map[string]string{
		"auth-snippet": "proxy_set_header X y;", "configuration-snippet": "deny all;", "server-snippet": "deny all;", "modsecurity-snippet": "SecRuleEngine On",
		"satisfy": "any", "auth-method": "POST", "auth-type": "basic", "auth-secret": "users", "auth-tls-secret": "shop/ca", "auth-tls-verify-client": "on",
		"use-regex": "true", "rewrite-target": "/", "canary": "true", "canary-weight": "10", "canary-by-header": "x", "permanent-redirect": "https://x.example",
		"temporal-redirect": "https://x.example", "whitelist-source-range": "10.0.0.0/8", "denylist-source-range": "10.0.0.0/8", "ssl-passthrough": "true",
		"enable-modsecurity": "true", "enable-owasp-core-rules": "true", "backend-protocol": "HTTPS", "made-up": "x", "auth-urls": "x", "Auth-Url": "x",
	} {
		t.Run(name, func(t *testing.T) { refusedEverywhere(t, annotated(name, value), "nginx.ingress.kubernetes.io/"+name) })
	}
}

// An Ingress without auth-url is not open when another controller, or another prefix, protects it.
func TestOtherControllers(t *testing.T) {
	open := strings.Replace(plainIngress, "    nginx.ingress.kubernetes.io/auth-url: \"http://easyauth.easyauth.svc.cluster.local/easyauth/auth?role=Admin\"\n", "", 1)
	with := func(key string) string {
		return strings.Replace(open, "  annotations:\n", "  annotations:\n    "+key+": \"x\"\n", 1)
	}
	for _, key := range []string{
		"ingress.kubernetes.io/auth-url", "inside.example.com/auth-url", "traefik.ingress.kubernetes.io/router.middlewares", "haproxy-ingress.github.io/auth-url",
		"nginx.org/location-snippets", "konghq.com/plugins", "alb.ingress.kubernetes.io/auth-type", "example.com/whitelist-source-range", "k8s.apisix.apache.org/x",
	} {
		refusedEverywhere(t, with(key), key)
	}
	for _, key := range []string{"cert-manager.io/cluster-issuer", "external-dns.alpha.kubernetes.io/hostname", "kubernetes.io/tls-acme", "meta.helm.sh/release-name", "notnginx.org/x"} {
		for _, to := range Targets() {
			if r := translation(t, with(key), to); r.Refused != 0 || !strings.Contains(lines(r.Notes), "in.yaml:7: shop/app: "+key+": not carried over") {
				t.Errorf("%s %s: %s", to, key, lines(r.Notes))
			}
		}
	}
}

// A refused Ingress takes all of its hosts with it, and those of whom they share with, but no others.
func TestRefusalSpreads(t *testing.T) {
	ingress := func(name, host, more string) string {
		text := strings.Replace(plainIngress, "name: app\n  namespace", "name: "+name+"\n  namespace", 1)
		text = strings.ReplaceAll(text, "app.example.com", host)
		text = strings.Replace(text, "path: /a", "path: /"+name, 1)
		return strings.Replace(text, "  annotations:\n", "  annotations:\n"+more, 1)
	}
	const regex = "    nginx.ingress.kubernetes.io/use-regex: \"true\"\n"
	bridge := strings.Replace(ingress("bridge", "one.example.com", ""), "  rules:\n", `  rules:
    - host: two.example.com
      http:
        paths:
          - path: /bridge
            pathType: Prefix
            backend: {service: {name: app, port: {number: 80}}}
`, 1)
	free := ingress("free", "three.example.com", "")
	for _, to := range Targets() {
		text := ingress("bad", "one.example.com", regex) + bridge + ingress("far", "TWO.example.com", "") + free
		r := translation(t, text, to)
		if r.Refused != 3 || r.Written != 1 || strings.Contains(r.Text, "one.example.com") || strings.Contains(r.Text, "two.example.com") || !strings.Contains(r.Text, "three.example.com") {
			t.Errorf("%s: %d refused:\n%s%s", to, r.Refused, lines(r.Notes), r.Text)
		}
		if r = translation(t, strings.Replace(text, regex, "", 1), to); r.Refused != 0 {
			t.Errorf("%s: without the annotation:\n%s", to, lines(r.Notes))
		}
	}
}

func TestTwoAnswersToOnePath(t *testing.T) {
	second := func(was, is string) string {
		return plainIngress + strings.Replace(strings.Replace(plainIngress, "name: app\n  namespace", "name: other\n  namespace", 1), was, is, 1)
	}
	refusedEverywhere(t, second("role=Admin", "role=Reader"), "is also in in.yaml:")
	refusedEverywhere(t, second("path: /a", "path: /a/"), "is also in in.yaml:")
	refusedEverywhere(t, plainIngress+plainIngress, "is there twice")
	refusedEverywhere(t, second("path: /a", "path: /b")+strings.Replace(second("path: /a", "path: /c"), plainIngress, "", 1), "is there twice")
	refusedEverywhere(t, second("easyauth.easyauth.svc", "other.easyauth.svc"), "two places")
	if r := translation(t, second("path: /a", "path: /b"), "traefik"); r.Refused != 0 {
		t.Error(lines(r.Notes))
	}
}

// Traefik would take the Middleware of one Ingress for that of the other.
func TestNamesThatTraefikMixesUp(t *testing.T) {
	other := strings.Replace(plainIngress, "name: app\n  namespace: shop", "name: NAME\n  namespace: SPACE", 1)
	other = strings.ReplaceAll(other, "app.example.com", "b.example.com")
	for name, c := range map[string]struct {
		name, namespace string
		mixed           bool
	}{"mixed up": {"b-app", "shop", true}, "told apart": {"b-app", "store", false}} {
		text := strings.Replace(plainIngress, "namespace: shop", "namespace: shop-b", 1) + strings.NewReplacer("NAME", c.name, "SPACE", c.namespace).Replace(other)
		_, err := Translate(manifestOf(t, text), Config{To: "traefik"})
		if (err != nil) != c.mixed {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Every annotation of ingress-nginx that is not carried over is named with its line.
func TestNothingIsDroppedSilently(t *testing.T) {
	names := []string{"proxy-http-version", "affinity-mode", "limit-burst-multiplier", "cors-max-age", "session-cookie-path", "mirror-target", "proxy-ssl-name"}
	for name, k := range byName() {
		if k.fate != carried {
			names = append(names, name)
		}
	}
	for _, name := range names {
		for _, to := range Targets() {
			r := translation(t, annotated(name, "x"), to)
			if !slices.ContainsFunc(r.Notes, func(n Note) bool {
				return n.Subject == annotations.Prefix+name && n.Line == 7 && n.File == "in.yaml" && n.Object == "shop/app" && n.Text != ""
			}) {
				t.Errorf("%s: %s is not named:\n%s", to, name, lines(r.Notes))
			}
		}
	}
}

package translate

import (
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/ingress/annotations"
)

// settings is the ConfigMap of ingress-nginx with one entry.
func settings(key, value string) string {
	return "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ingress-nginx-controller, namespace: ingress-nginx}\ndata: {" + key + ": \"" + value + "\"}\n---\n"
}

// keepingOut are the settings that keep requests out, with a value each.
func keepingOut() map[string]string {
	return map[string]string{
		"whitelist-source-range": "10.0.0.0/8", "denylist-source-range": "10.0.0.0/8", "block-cidrs": "192.0.2.0/24", "block-user-agents": "x", "block-referers": "x",
		"enable-modsecurity": "true", "enable-owasp-modsecurity-crs": "true", "modsecurity-snippet": "x",
		"http-snippet": "deny all;", "server-snippet": "deny all;", "location-snippet": "deny all;",
	}
}

// What keeps requests out of every Ingress refuses all, as the annotation does.
func TestControllerKeepsOut(t *testing.T) {
	for key, value := range keepingOut() {
		refusedEverywhere(t, settings(key, value)+plainIngress, "the controller has "+key+" (in.yaml:4): ")
	}
	for _, to := range Targets() {
		for _, c := range []struct{ key, value, note string }{
			{"enable-modsecurity", "false", ""},
			{"whitelist-source-range", "", ""},
			{"proxy-body-size", "1m", ""},
			{"server-snippet", strings.ReplaceAll(annotations.OnlyWebSocket, `"`, `\"`), "server-snippet: this setting of the controller is not carried over\n"},
			{"main-snippet", "worker_rlimit_nofile 65535;", "in.yaml:4: ConfigMap ingress-nginx/ingress-nginx-controller: main-snippet: this setting of the controller is not carried over\n"},
		} {
			if r := translation(t, settings(c.key, c.value)+plainIngress, to); r.Refused != 0 || !strings.Contains(lines(r.Notes), c.note) || c.note == "" && strings.Contains(lines(r.Notes), c.key) {
				t.Errorf("%s %s: %s", to, c.key, lines(r.Notes))
			}
		}
		// The entry of another program's ConfigMap says nothing about requests.
		other := strings.ReplaceAll(settings("block-cidrs", "x"), "ingress-nginx", "firewall")
		if r := translation(t, settings("proxy-body-size", "1m")+strings.Replace(other, "firewall-controller", "firewall", 1)+plainIngress, to); r.Refused != 0 {
			t.Errorf("%s: %s", to, lines(r.Notes))
		}
	}
}

// The ConfigMap that is named is the controller's, and no other.
func TestControllerIsNamed(t *testing.T) {
	m := manifestOf(t, strings.ReplaceAll(settings("block-cidrs", "x"), "ingress-nginx", "own")+plainIngress)
	for name, refused := range map[string]int{"own/own-controller": 1, "other/own-controller": 0} {
		m.Controller = []string{name}
		r, err := Translate(m, Config{To: "caddy"})
		if err != nil || r.Refused != refused {
			t.Errorf("%s: %v %s", name, err, lines(r.Notes))
		}
	}
}

// With a global-auth-url an Ingress without auth-url is not open.
func TestGlobalAuthURL(t *testing.T) {
	open := strings.Replace(plainIngress, "    nginx.ingress.kubernetes.io/auth-url: \"http://easyauth.easyauth.svc.cluster.local/easyauth/auth?role=Admin\"\n", "", 1)
	refusedEverywhere(t, settings("global-auth-url", "x")+open, "global-auth-url")
	for name, text := range map[string]string{
		"another setting": settings("proxy-body-size", "x") + open,
		"taken out":       settings("global-auth-url", "x") + strings.Replace(open, "  annotations:\n", "  annotations:\n    nginx.ingress.kubernetes.io/enable-global-auth: \"false\"\n", 1),
		"its own":         settings("global-auth-url", "x") + plainIngress,
	} {
		if r := translation(t, text, "caddy"); r.Refused != 0 {
			t.Errorf("%s: %s", name, lines(r.Notes))
		}
	}
}

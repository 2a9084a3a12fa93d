package matrix

import (
	"net/http"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/easyauth-sidecar/easyauth/test/entra"
)

const controllersPage = "docs/proxies/nginx.md"

// object is what the page's objects of Kubernetes may hold: no field beside these.
type object struct {
	APIVersion string `yaml:"apiVersion"`
	Kind       string
	Metadata   struct {
		Name, Namespace string
		Annotations     map[string]string
	}
	Data map[string]string
	Spec struct {
		IngressClassName string `yaml:"ingressClassName"`
		Rules            []struct {
			Host string
			HTTP struct {
				Paths []struct {
					Path     string
					PathType string `yaml:"pathType"`
					Backend  struct {
						Service struct {
							Name string
							Port struct{ Number int }
						}
					}
				}
			}
		}
		TLS []struct {
			Hosts      []string
			SecretName string `yaml:"secretName"`
		}
	}
}

func readObject(t *testing.T, n int, apiVersion, kind string) object {
	t.Helper()
	var o object
	d := yaml.NewDecoder(strings.NewReader(Block(t, controllersPage, "yaml", n)))
	d.KnownFields(true)
	if err := d.Decode(&o); err != nil {
		t.Fatal(err)
	}
	if o.APIVersion != apiVersion || o.Kind != kind {
		t.Fatalf("%s %s, want %s %s", o.APIVersion, o.Kind, apiVersion, kind)
	}
	return o
}

// The ConfigMap for ingress-nginx clears what the files of plain nginx clear.
func TestClearedHeaders(t *testing.T) {
	cleared := readObject(t, 1, "v1", "ConfigMap").Data
	for line := range strings.Lines(Block(t, nginxPage, "nginx", 4)) {
		words := strings.Fields(strings.TrimSuffix(strings.TrimSpace(line), ";"))
		if len(words) != 3 || words[0] != "proxy_set_header" || words[2] != `""` || strings.HasPrefix(words[1], "X-Injected-") || words[1] == "X-Forwarded-Port" { // which it writes itself
			continue
		}
		if value, is := cleared[words[1]]; !is || value != "" {
			t.Errorf("%s is not cleared", words[1])
		}
		delete(cleared, words[1])
	}
	if len(cleared) > 0 {
		t.Errorf("more than in plain nginx: %v", cleared)
	}
}

// The snippets for F5's controller do their work in a server and a location of nginx, where the controller puts them.
func TestSnippetsOfF5(t *testing.T) {
	t.Parallel()
	const server, location = "nginx.org/server-snippets", "nginx.org/location-snippets"
	ingress := readObject(t, 3, "networking.k8s.io/v1", "Ingress")
	if ingress.Spec.Rules[0].Host != Host || len(ingress.Metadata.Annotations) != 2 {
		t.Fatalf("%+v", ingress)
	}
	p := Proxy{Name: Nginx, OnlyListed: true, Start: func(t *testing.T, at Place) {
		at.Write(t, "server.conf", "server {\nlisten "+at.Listen+" ssl;\nserver_name "+Host+";\nssl_certificate "+at.Certificate+";\nssl_certificate_key "+at.Key+";\n"+
			Replaced(t, ingress.Metadata.Annotations[server], "easyauth.easyauth.svc.cluster.local", at.Auth)+
			"location /easyauth/ { proxy_pass http://"+at.Auth+"; proxy_set_header Host $http_host; proxy_buffer_size 16k; proxy_buffers 4 16k; }\n"+
			"location / {\n"+ingress.Metadata.Annotations[location]+ // For a service of nginx.org/websocket-services the controller writes these two.
			"proxy_http_version 1.1;\nproxy_set_header Upgrade $http_upgrade;\nproxy_set_header Connection upgrade;\n"+
			"proxy_set_header Host $http_host;\nproxy_pass http://"+at.Application+";\n}\n}\n")
		runNginx(t, at)
	}}
	s := begin(t, build(t), p, false)
	adele := s.visit(t, entra.Adele)
	first := s.unseen(t, "nobody", func() *reply { return adele.get("/home?a=1") })
	if !redirects(first) || returnsTo(first.location()) != "/home?a=1" {
		t.Errorf("nobody: %s", describe(first))
	}
	if last := adele.follow(first); !last.fromApplication() || last.url != "https://"+Host+"/home?a=1" {
		t.Errorf("signed in: %s", describe(last))
	}
	tryUpgrades(t, s)
	tryWebSocketOf(t, s, adele)
	if r := s.visit(t, "").get("/easyauth/auth/forward"); r.status != http.StatusNotFound {
		t.Errorf("the questions from outside: %s", describe(r))
	}
	line, _, _ := strings.Cut(ingress.Metadata.Annotations[server], "\n")
	if !strings.Contains(line, "$http_upgrade") || !strings.Contains(Block(t, controllersPage, "yaml", 2), line) {
		t.Errorf("for ingress-nginx there is no %q", line)
	}
	h := page()
	for _, name := range append(identity(), "X-Original-URL", "X-Original-URI", "X-Original-Method", "X-Original-Host", "X-Rewrite-URL", "Forwarded", "X-Forwarded-Method", "X-Forwarded-Prefix", "X-Forwarded-Server", "X-Forwarded-Uri") {
		h[name] = []string{forged}
	}
	e := adele.do(http.MethodGet, "/home", h).echo(t)
	if oid, ok := e.Value("X-Injected-Oid"); oid != entra.AdeleOID || !ok {
		t.Errorf("oid: %q", e.Values("X-Injected-Oid"))
	}
	for _, l := range e.Lines {
		if l.Value == forged {
			t.Errorf("%s arrives", l.Name)
		}
	}
}

// tryWebSocketOf shows that a WebSocket opens where other upgrades do not.
func tryWebSocketOf(t *testing.T, s *stand, v *visitor) {
	t.Helper()
	ws, status, err := dialSocket(t.Context(), s.place.Listen, "/socket", http.Header{"Cookie": {v.cookies()}})
	if err != nil || ws == nil {
		t.Fatalf("a WebSocket: %v %d", err, status)
	}
	_ = ws.conn.Close() // nothing was said
}

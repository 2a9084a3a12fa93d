package examples

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"text/template"

	networking "k8s.io/api/networking/v1"
)

// What ingress-nginx makes of the annotations that the examples use, as far as they matter to a request: the
// directives and their order are those of its template.
const controller = `{{if .Root}}user root;{{end}}
include /etc/nginx/modules-enabled/*.conf;
worker_processes 1;
pid {{.Dir}}/nginx.pid;
error_log stderr;
events {}

http {
    access_log off;
{{.Folders}}
{{- range $host, $locations := .Hosts}}
    server {
        listen {{$.Listen}} ssl;
        server_name {{$host}};
        ssl_certificate     secrets/tls.crt;
        ssl_certificate_key secrets/tls.key;
        {{- range $place := $locations}}
        {{- if .Question}}
        location = /_external-auth-{{.ID}} {
            internal;
            proxy_pass_request_body off;
            proxy_set_header Content-Length          "";
            proxy_set_header X-Forwarded-Proto       "";
            proxy_set_header Host                    easyauth.easyauth.svc.cluster.local;
            proxy_set_header X-Original-URL          $scheme://$http_host$request_uri;
            proxy_set_header X-Original-Method       $request_method;
            proxy_set_header X-Sent-From             "nginx-ingress-controller";
            proxy_set_header X-Real-IP               $remote_addr;
            proxy_set_header X-Forwarded-For         $remote_addr;
            proxy_set_header X-Auth-Request-Redirect $request_uri;
            proxy_pass {{.Question}};
        }
        {{- if .SignIn}}
        location @{{.ID}} {
            internal;
            add_header Set-Cookie $auth_cookie;
            return 302 {{.SignIn}}?rd=$scheme://$http_host$escaped_request_uri;
        }
        {{- end}}
        {{- end}}
        {{- range $match := .Matches}}
        location {{$match}} {
            {{- with $place}}
            {{- if .Question}}
            auth_request     /_external-auth-{{.ID}};
            auth_request_set $auth_cookie $upstream_http_set_cookie;
            add_header       Set-Cookie   $auth_cookie;
            {{- range $i, $name := .Headers}}
            auth_request_set $authHeader{{$i}} $upstream_http_{{variable $name}};
            proxy_set_header '{{$name}}' $authHeader{{$i}};
            {{- end}}
            {{- if .SignIn}}
            set_escape_uri $escaped_request_uri $request_uri;
            error_page 401 = @{{.ID}};
            {{- end}}
            {{- end}}
            proxy_set_header Host              $http_host;
            proxy_set_header X-Real-IP         $remote_addr;
            proxy_set_header X-Forwarded-For   $remote_addr;
            proxy_set_header X-Forwarded-Host  $http_host;
            proxy_set_header X-Forwarded-Proto $scheme;
            proxy_buffer_size {{or .Buffer "4k"}};
            proxy_buffers     4 {{or .Buffer "4k"}};
            proxy_pass {{.Backend}};
            {{- end}}
        }
        {{- end}}
        {{- end}}
    }
{{- end}}
}
`

// place is one path of an Ingress.
type place struct {
	ID, Question, SignIn string
	Matches              []string // what stands behind location
	Headers              []string
	Buffer               string
	Backend              string // with its scheme
}

// understood are the annotations that the configuration honours. Another one in an example is an error here.
func understood() []string {
	return []string{annotation + "auth-url", annotation + "auth-signin", annotation + "auth-response-headers", annotation + "proxy-buffer-size", annotation + "backend-protocol"}
}

// places reads the paths of Ingresses, by host.
func places(t *testing.T, ingresses []*networking.Ingress, backends map[string]string) map[string][]place {
	t.Helper()
	hosts := map[string][]place{}
	for _, in := range ingresses {
		for name := range in.Annotations {
			if !slices.Contains(understood(), name) {
				t.Fatalf("Ingress %s: what %s does is not known here", in.Name, name)
			}
		}
		for _, rule := range in.Spec.Rules {
			for i, path := range rule.HTTP.Paths {
				p := place{
					ID: fmt.Sprintf("%s-%s-%d", in.Namespace, in.Name, i), Matches: []string{"= " + path.Path}, SignIn: in.Annotations[annotation+"auth-signin"],
					Buffer: in.Annotations[annotation+"proxy-buffer-size"], Backend: strings.ToLower(cmp.Or(in.Annotations[annotation+"backend-protocol"], "HTTP")) + "://" + backends[path.Backend.Service.Name],
				}
				if backends[path.Backend.Service.Name] == "" {
					t.Fatalf("Ingress %s: no Service %s", in.Name, path.Backend.Service.Name)
				}
				if *path.PathType == networking.PathTypePrefix {
					p.Matches = append(p.Matches, strings.TrimSuffix(path.Path, "/")+"/")
				}
				if path.Path == "/" {
					p.Matches = []string{"/"}
				}
				if question := in.Annotations[annotation+"auth-url"]; question != "" {
					p.Question = "http://" + backends["easyauth"] + strings.TrimPrefix(question, "http://easyauth.easyauth.svc.cluster.local")
					p.Headers = strings.Split(in.Annotations[annotation+"auth-response-headers"], ",")
				}
				hosts[rule.Host] = append(hosts[rule.Host], p)
			}
		}
	}
	return hosts
}

// front is a running nginx and the file with the certificate that it shows.
type front struct {
	port int
	ca   string
}

// ingressNginx starts nginx as ingress-nginx would configure it for these Ingresses.
func ingressNginx(t *testing.T, ingresses []*networking.Ingress, backends map[string]string) front {
	t.Helper()
	dir, port := t.TempDir(), freePort(t)
	hosts := places(t, ingresses, backends)
	var names []string
	for host := range hosts {
		names = append(names, host)
	}
	certificate(t, dir, names...)
	tmpl, err := template.New("controller").Funcs(template.FuncMap{
		"variable": func(header string) string { return strings.ReplaceAll(header, "-", "_") },
	}).Parse(controller)
	if err != nil {
		t.Fatal(err)
	}
	var conf strings.Builder
	view := map[string]any{"Root": os.Geteuid() == 0, "Dir": dir, "Folders": ownFolders(dir), "Listen": local(port), "Hosts": hosts}
	if err := tmpl.Execute(&conf, view); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "nginx.conf"), conf.String())
	nginx(t, dir, "nginx.conf", port)
	return front{port, filepath.Join(dir, "secrets", "tls.crt")}
}

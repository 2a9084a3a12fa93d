package matrix

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/test/entra"
)

// What a master and a minion of F5's controller say here. Which annotations one of them may not have:
// masterDenylist, minionDenylist in internal/configs/annotations.go of github.com/nginx/kubernetes-ingress.
const (
	mergeable        = "nginx.org/mergeable-ingress-type"
	serverSnippets   = "nginx.org/server-snippets"
	locationSnippets = "nginx.org/location-snippets"
	pathRegex        = "nginx.org/path-regex"
	bufferSize       = "nginx.org/proxy-buffer-size"
	buffers          = "nginx.org/proxy-buffers"
)

// f5 are the objects of the page: one master, and its minions, with one for a public path as the page tells.
func f5(t *testing.T) (master object, minions []object) {
	t.Helper()
	const api, kind = "networking.k8s.io/v1", "Ingress"
	master = readObject(t, 4, api, kind)
	minions = slices.Concat(readObjects(t, 5, api, kind), readObjects(t, 6, api, kind))
	if master.Metadata.Annotations[mergeable] != "master" || master.host(t) != Host || len(master.Spec.Rules[0].HTTP.Paths) > 0 || len(master.Spec.TLS) != 1 {
		t.Fatalf("no master: %+v", master)
	}
	onlyHas(t, master, mergeable, serverSnippets)
	for _, m := range minions {
		if m.Metadata.Annotations[mergeable] != "minion" || m.host(t) != Host || len(m.Spec.Rules[0].HTTP.Paths) == 0 || len(m.Spec.TLS) > 0 {
			t.Fatalf("no minion: %+v", m)
		}
		onlyHas(t, m, mergeable, locationSnippets, pathRegex, bufferSize, buffers)
	}
	public := readObjects(t, 5, api, kind)[0]
	public.Spec.Rules[0].HTTP.Paths[0].Path = "/public/"
	lines := strings.SplitAfterN(public.Metadata.Annotations[locationSnippets], "\n", 3) // without the first two
	public.Metadata.Annotations[locationSnippets] = lines[2]
	return master, append(minions, public)
}

func (o object) host(t *testing.T) string {
	t.Helper()
	if len(o.Spec.Rules) != 1 || o.Spec.IngressClassName != "nginx" {
		t.Fatalf("%+v", o.Spec)
	}
	return o.Spec.Rules[0].Host
}

func onlyHas(t *testing.T, o object, names ...string) {
	t.Helper()
	for name := range o.Metadata.Annotations {
		if !slices.Contains(names, name) {
			t.Errorf("%s: a %s may not have it, or this test does not know it", name, o.Metadata.Annotations[mergeable])
		}
	}
}

// startF5 starts nginx with what the controller's template makes of its objects, in that order
// (internal/configs/version1/nginx.ingress.tmpl).
func startF5(t *testing.T, at Place) {
	t.Helper()
	master, minions := f5(t)
	snippets := Replaced(t, master.Metadata.Annotations[serverSnippets], "easyauth.easyauth.svc.cluster.local", at.Auth)
	if at.Bare {
		snippets = regexp.MustCompile(`(?m)^if \(\$(request_uri|http_upgrade) .*\n`).ReplaceAllString(snippets, "")
	}
	server := "server {\nlisten " + at.Listen + " ssl;\nssl_certificate " + at.Certificate + ";\nssl_certificate_key " + at.Key + ";\nserver_name " + Host + ";\n" + snippets
	for _, m := range minions {
		for _, p := range m.Spec.Rules[0].HTTP.Paths {
			path := p.Path
			switch m.Metadata.Annotations[pathRegex] {
			case "":
			case "case_insensitive":
				path = `~* "^` + path + `"`
			default:
				t.Fatalf("%+v", m.Metadata)
			}
			server += "location " + path + " {\n" + m.location(t, p.Backend.Service.Name, at) + "}\n"
		}
	}
	at.Write(t, "server.conf", server+"}\n")
	runNginx(t, at)
}

// location is what stands in the location of a minion's path.
func (o object) location(t *testing.T, service string, at Place) string {
	t.Helper()
	address := map[string]string{"app": at.Application, "easyauth": at.Auth}[service]
	if address == "" {
		t.Fatalf("there is no service %q", service)
	}
	text := "proxy_http_version 1.1;\n"
	if service == "app" { // as for one of nginx.org/websocket-services
		text += "proxy_set_header Upgrade $http_upgrade;\nproxy_set_header Connection upgrade;\n"
	}
	snippets := o.Metadata.Annotations[locationSnippets]
	if at.Bare {
		snippets = regexp.MustCompile(`(?m)^proxy_set_header .*\n`).ReplaceAllString(snippets, "")
	}
	text += snippets + `proxy_set_header Host $host;
proxy_set_header X-Real-IP $remote_addr;
proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
proxy_set_header X-Forwarded-Host $host;
proxy_set_header X-Forwarded-Port $server_port;
proxy_set_header X-Forwarded-Proto $scheme;
proxy_buffering on;
`
	for annotation, directive := range map[string]string{bufferSize: "proxy_buffer_size", buffers: "proxy_buffers"} {
		if value := o.Metadata.Annotations[annotation]; value != "" {
			text += directive + " " + value + ";\n"
		}
	}
	return text + "proxy_pass http://" + address + ";\n"
}

// The objects for F5's controller do their work in nginx, as the controller puts them together.
func TestSnippetsOfF5(t *testing.T) {
	t.Parallel()
	program := build(t)
	p := Proxy{Name: Nginx, OnlyListed: true, Start: startF5}
	s := begin(t, program, p, false)
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
	for _, path := range []string{"/admin/x", "/admin", "/ADMIN/x"} {
		if r := adele.get(path); !r.fromApplication() {
			t.Errorf("%s with the role: %s", path, describe(r))
		}
		bob := s.signedIn(t, entra.Bob)
		if r := s.unseen(t, "without the role", func() *reply { return bob.open(path) }); r.status != http.StatusForbidden || !strings.Contains(r.body, "Admin") {
			t.Errorf("%s without it: %s", path, describe(r))
		}
	}
	forgedNames(t, adele, "/home", entra.AdeleOID)
	forgedNames(t, s.visit(t, ""), "/public/x", "")
	t.Run("paths of two readings", func(t *testing.T) { refusesPathsOfTwoReadings(t, program, p) })
}

// The two minions with a rule differ in nothing but the question.
func TestMinionsOfF5(t *testing.T) {
	_, minions := f5(t)
	everybody, admin := minions[0].Metadata.Annotations[locationSnippets], minions[1].Metadata.Annotations[locationSnippets]
	if Replaced(t, admin, "/_easyauth_admin;", "/_easyauth;") != everybody {
		t.Errorf("they differ:\n%s\n%s", everybody, admin)
	}
	line, _, _ := strings.Cut(readObject(t, 4, "networking.k8s.io/v1", "Ingress").Metadata.Annotations[serverSnippets], "\n")
	if !strings.Contains(line, "$http_upgrade") || !strings.Contains(Block(t, controllersPage, "yaml", 2), line) {
		t.Errorf("for ingress-nginx there is no %q", line)
	}
}

// forgedNames tells whether the names that the page lists reach a page of the application.
func forgedNames(t *testing.T, v *visitor, path, oid string) {
	t.Helper()
	h := page()
	for _, name := range append(identity(), "X-Original-URL", "X-Original-URI", "X-Original-Method", "X-Original-Host", "X-Rewrite-URL", "Forwarded", "X-Forwarded-Method", "X-Forwarded-Prefix", "X-Forwarded-Server", "X-Forwarded-Uri") {
		h[name] = []string{forged}
	}
	e := v.do(http.MethodGet, path, h).echo(t)
	if got, _ := e.Value("X-Injected-Oid"); got != oid {
		t.Errorf("%s: oid %q", path, e.Values("X-Injected-Oid"))
	}
	for _, l := range e.Lines {
		if l.Value == forged {
			t.Errorf("%s: %s arrives", path, l.Name)
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

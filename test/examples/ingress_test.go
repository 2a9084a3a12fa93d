package examples

import (
	"fmt"
	"maps"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	networking "k8s.io/api/networking/v1"

	"github.com/easyauth-sidecar/easyauth/test/entra"
)

const ingressReadme = "ingress/README.md"

// cluster is an example of examples/ingress that runs.
type cluster struct {
	idp  *entra.Server
	port int
}

// startCluster runs EasyAuth as easyauth.yaml configures it, with the variables that the example's comments name
// beside, and the application behind the example's Ingresses.
func startCluster(t *testing.T, example string, hosts ...string) cluster {
	t.Helper()
	env := environment(t, "ingress/easyauth.yaml")
	maps.Copy(env, commented(t, example))
	c := cluster{idp: directory(t, hosts...)}
	app := local(sample(t))
	backends := map[string]string{"easyauth": local(serve(t, c.idp, env).port), "app": app, "shop": app, "wiki": app}
	ingresses := of[networking.Ingress](objects(t, "ingress/"+example))
	signin := of[networking.Ingress](objects(t, "ingress/easyauth.yaml"))
	for _, in := range ingresses {
		if in.Name == "easyauth" {
			signin = nil // the example has its own
		}
	}
	c.port = ingressNginx(t, append(ingresses, signin...), backends).port
	return c
}

// commented are the variables that stand in an example's comments.
func commented(t *testing.T, example string) map[string]string {
	t.Helper()
	env := map[string]string{}
	for _, m := range regexp.MustCompile(`(?m)^#.*?\b(EASYAUTH_[A-Z_]+)=(\S+?)\.?$`).FindAllStringSubmatch(read(t, "ingress/"+example), -1) {
		env[m[1]] = m[2]
	}
	if len(env) > 0 {
		whole := environment(t, "ingress/easyauth.yaml")
		maps.Copy(whole, env)
		accepted(t, example, whole)
	}
	return env
}

const app = "https://app.example.com"

func TestIngressPlain(t *testing.T) {
	t.Parallel()
	c := startCluster(t, "plain.yaml", "app.example.com")
	nobody := visit(t, c.port)
	if r := nobody.do(app+"/echo?a=1&b=2", page()); r.status != http.StatusFound || r.location != app+"/easyauth/login?rd=https://app.example.com%2Fecho%3Fa%3D1%26b%3D2" {
		t.Errorf("nobody: %d %q", r.status, r.location)
	}
	adele := visit(t, c.port)
	r, end := adele.open(app+"/echo?a=1&b=2", entra.Adele)
	if e := r.echo(t); end != app+"/echo?a=1&b=2" || e.Headers.Get("X-Injected-Oid") != entra.AdeleOID || !strings.Contains(e.Headers.Get("X-Injected-Roles"), "Admin") {
		t.Errorf("Adele ends at %s with %v", end, e.Headers)
	}
	for name, value := range spoofed(t) {
		h := page()
		h.Set(name, value)
		bob := visit(t, c.port)
		if name == "X-Injected-Roles" {
			bob.open(app+"/echo", entra.Bob)
		} else {
			bob = adele
		}
		if got := bob.do(app+"/echo", h).echo(t).Headers.Get(name); got == value {
			t.Errorf("the client's own %s arrives", name)
		}
	}
	if r := nobody.do(app+"/easyauth/auth", nil); r.status == http.StatusAccepted {
		t.Errorf("the auth endpoint is public: %d", r.status)
	}
	home := curlAt(t, c.port)
	if out, want := succeeds(t, t.TempDir(), home, commands(t, ingressReadme, "What one sees", 1)), promised(t, ingressReadme, "What one sees", 1); out != want {
		t.Errorf("the README's command prints %q, and is said to print %q", out, want)
	}
}

// curlAt lets curl find port 443 of every host at a port of ours, whatever the certificate.
func curlAt(t *testing.T, port int) []string {
	t.Helper()
	home := t.TempDir()
	write(t, filepath.Join(home, ".curlrc"), fmt.Sprintf("connect-to = \":443:%s\"\ninsecure\n", local(port)))
	return []string{"CURL_HOME=" + home}
}

func TestIngressRolePerPath(t *testing.T) {
	t.Parallel()
	c := startCluster(t, "role-per-path.yaml", "app.example.com")
	c.idp.ChangeUser(entra.Bob, func(u *entra.User) { u.Roles = []string{"Auditor", "Reader"} })
	c.idp.ChangeUser(entra.Zoe, func(u *entra.User) { u.Roles = []string{"Owner", "Auditor"} })
	for user, may := range map[string]map[string]bool{
		entra.Adele: {"/": true, "/admin": true, "/admin/x": true, "/audit": false, "/administrators": true},
		entra.Bob:   {"/": true, "/admin": false, "/admin/x": false, "/audit": true, "/audit/x": true, "/administrators": true},
		entra.Zoe:   {"/": true, "/admin": true, "/audit": false},
	} {
		v := visit(t, c.port)
		for path, passes := range may {
			r, end := v.open(app+path, user)
			if passes && (r.status != http.StatusOK || end != app+path) || !passes && r.status != http.StatusForbidden {
				t.Errorf("%s at %s: %d at %s", user, path, r.status, end)
			}
		}
	}
}

func TestIngressAnonymousPath(t *testing.T) {
	t.Parallel()
	c := startCluster(t, "anonymous-path.yaml", "app.example.com")
	nobody := visit(t, c.port)
	h := page()
	h.Set("X-Injected-Name", "made+up")
	// The file says so: who answers there must not read them.
	if got := nobody.do(app+"/public/echo", h).echo(t).Headers.Get("X-Injected-Name"); got != "made+up" {
		t.Errorf("on a public path a made-up name is %q", got)
	}
	for _, path := range []string{"/", "/echo", "/publicity", "/x/public"} {
		if r := nobody.do(app+path, h); r.status != http.StatusFound || !strings.HasPrefix(r.location, app+"/easyauth/login?rd=") {
			t.Errorf("%s: %d %q", path, r.status, r.location)
		}
	}
}

func TestIngressBearer(t *testing.T) {
	t.Parallel()
	c := startCluster(t, "api-bearer.yaml", "app.example.com")
	person, err := c.idp.UserToken(entra.Adele, cliID, ordersRead)
	if err != nil {
		t.Fatal(err)
	}
	job, err := c.idp.AppToken(jobID, ownAPI+"/.default")
	if err != nil {
		t.Fatal(err)
	}
	program := visit(t, c.port)
	for _, row := range []struct {
		what, path, token string
		status            int
		says              string
	}{
		{"nobody at orders", "/api/orders", "", 401, `scope="`},
		{"a person's program at orders", "/api/orders", person, 200, ""},
		{"and below", "/api/orders/1", person, 200, ""},
		{"a job at orders", "/api/orders", job, 401, `error="insufficient_scope"`},
		{"a job at process", "/api/process", job, 200, ""},
		{"a person's program at process", "/api/process", person, 401, `error="insufficient_scope"`},
		{"a broken token", "/api/orders", person[:len(person)-6] + "AAAAAA", 401, `error="invalid_token"`},
		{"nobody at pages", "/", "", 302, ""},
	} {
		h := http.Header{"Accept": {"application/json"}}
		if row.token != "" {
			h.Set("Authorization", "Bearer "+row.token)
		}
		r := program.do(app+row.path, h)
		if r.status != row.status || row.says != "" && !strings.Contains(r.header.Get("WWW-Authenticate"), row.says) {
			t.Errorf("%s: %d %q", row.what, r.status, r.header.Get("WWW-Authenticate"))
		}
	}
	if out, want := succeeds(t, t.TempDir(), curlAt(t, c.port), commands(t, ingressReadme, "What one sees", 2)), promised(t, ingressReadme, "What one sees", 2); out != want {
		t.Errorf("the README's command prints %q, and is said to print %q", out, want)
	}
}

func TestIngressGraph(t *testing.T) {
	t.Parallel()
	c := startCluster(t, "graph.yaml", "app.example.com")
	r, _ := visit(t, c.port).open(app+"/echo", entra.Adele)
	graph := r.echo(t).Headers.Get("X-Injected-Graph")
	if !strings.Contains(graph, "%22displayName%22%3A%22") || !strings.Contains(graph, "%22department%22") || strings.Contains(graph, "error_status") {
		t.Errorf("x-injected-graph is %q", graph)
	}
}

func TestIngressSeveralHosts(t *testing.T) {
	t.Parallel()
	// Only the sign-in host is registered: a redirect URI of another one would end on an error page.
	c := startCluster(t, "several-hosts.yaml", "login.apps.example.com")
	const shop, wiki = "https://shop.apps.example.com/echo?q=1", "https://wiki.apps.example.com/echo"
	adele := visit(t, c.port)
	r, end := adele.open(shop, entra.Adele)
	if e := r.echo(t); end != shop || e.Headers.Get("X-Injected-Oid") != entra.AdeleOID {
		t.Fatalf("the sign-in ends at %s: %d", end, r.status)
	}
	asked := c.idp.Requests(entra.EndpointAuthorize)
	if r := adele.do(wiki, page()); r.echo(t).Headers.Get("X-Injected-Oid") != entra.AdeleOID || c.idp.Requests(entra.EndpointAuthorize) != asked {
		t.Errorf("the other host: %d", r.status)
	}
	if r, end := visit(t, c.port).open(wiki, entra.Bob); r.status != http.StatusForbidden {
		t.Errorf("Bob at the wiki: %d at %s", r.status, end)
	}
}

package examples

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/test/entra"
)

const nginxReadme = "nginx/README.md"

// bare is examples/nginx, started by the commands of its README on other ports.
type bare struct {
	idp    *entra.Server
	folder string
	port   int // nginx
}

// startBare starts it. Its audit stream is in audit.jsonl.
func startBare(t *testing.T) bare {
	t.Helper()
	return startEdited(t)
}

// startEdited starts it with changes in nginx.conf: what must be there, and what stands in its place.
func startEdited(t *testing.T, oldnew ...string) bare {
	t.Helper()
	b := bare{idp: directory(t, "app.example.com"), folder: copied(t, "nginx"), port: freePort(t)}
	auth, admin, application := freePort(t), freePort(t), freePort(t)
	dir := b.folder
	bin := filepath.Join(dir, "..", "..", "bin")
	if err := os.Mkdir(bin, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, program := range map[string]string{"easyauth": built.EasyAuth, "sample": built.Sample} {
		if err := os.Symlink(program, filepath.Join(bin, name)); err != nil {
			t.Fatal(err)
		}
	}
	write(t, filepath.Join(dir, "easyauth.env"), replaced(t, "easyauth.env", read(t, "nginx/easyauth.env"), "127.0.0.1:8080", local(auth), "127.0.0.1:9090", local(admin))+
		fmt.Sprintf("EASYAUTH_INSTANCE=%s/\nEASYAUTH_GRAPH_URL=%s\nEASYAUTH_ADAPTERS=nginx,forward\nEASYAUTH_AUDIT=file\nEASYAUTH_AUDIT_FILE=%s\n", b.idp.BaseURL(), b.idp.BaseURL(), filepath.Join(dir, "audit.jsonl")))
	conf := replaced(t, "nginx.conf", read(t, "nginx/nginx.conf"),
		"listen 443 ssl;", "listen "+local(b.port)+" ssl;", "server 127.0.0.1:8080;", "server "+local(auth)+";", "server 127.0.0.1:3000;", "server "+local(application)+";",
		"events {}", "pid "+filepath.Join(dir, "nginx.pid")+";\nevents {}", "http {\n", "http {\n"+ownFolders(dir))
	if os.Geteuid() == 0 {
		conf = "user root;\n" + conf // its temporary files are in a folder of root's
	}
	write(t, filepath.Join(dir, "nginx.conf"), replaced(t, "nginx.conf", conf, oldnew...))

	succeeds(t, dir, nil, commands(t, nginxReadme, "Before", 1, "THE-VALUE-OF-THE-CLIENT-SECRET", secret))
	begin(t, "easyauth", dir, nil, "bash", "-c", commands(t, nginxReadme, "As processes", 2)).listens(t, auth)
	begin(t, "sample", dir, nil, "bash", "-c", "exec "+commands(t, nginxReadme, "As processes", 3, "127.0.0.1:3000", local(application))).listens(t, application)
	begin(t, "nginx", dir, nil, "bash", "-c", commands(t, nginxReadme, "As processes", 4, "sudo ", "exec ", "'daemon off;'", "'daemon off;' -e stderr")).listens(t, b.port)
	return b
}

// What the README promises of its commands is what they print.
func TestNginxReadme(t *testing.T) {
	t.Parallel()
	b := startBare(t)
	port := []string{"127.0.0.1:443", local(b.port)}
	out := succeeds(t, b.folder, nil, commands(t, nginxReadme, "What one sees", 1, port...))
	if want := promised(t, nginxReadme, "What one sees", 1); out != want {
		t.Errorf("the commands print\n%q, and are said to print\n%q", out, want)
	}
	out = succeeds(t, b.folder, nil, commands(t, nginxReadme, "What one sees", 2, port...))
	if !strings.Contains(out, `"uri":"/public/echo"`) || strings.Contains(strings.ToLower(out), "x-injected") {
		t.Errorf("a made-up header on a public path arrives: %s", out)
	}
}

func TestNginx(t *testing.T) {
	t.Parallel()
	b := startBare(t)
	at := func(path string) string { return "https://app.example.com" + path }

	nobody := visit(t, b.port)
	if r := nobody.do(at("/echo?a=1&b=2"), page()); r.status != http.StatusFound || r.location != at("/easyauth/login?rd=https://app.example.com%2Fecho%3Fa%3D1%26b%3D2") {
		t.Errorf("nobody: %d %q", r.status, r.location)
	}
	if r := nobody.do(at("/api/x"), nil); r.status != http.StatusUnauthorized || !strings.HasPrefix(r.header.Get("WWW-Authenticate"), "Bearer ") || r.location != "" {
		t.Errorf("nobody at the API: %d %v", r.status, r.header)
	}
	if r := nobody.do(at("/easyauth/auth"), nil); r.status != http.StatusNotFound {
		t.Errorf("the auth endpoint from outside: %d", r.status)
	}

	adele := visit(t, b.port)
	r, end := adele.open(at("/echo?a=1&b=2"), entra.Adele)
	if e := r.echo(t); end != at("/echo?a=1&b=2") || e.Headers.Get("X-Injected-Oid") != entra.AdeleOID || e.Headers.Get("X-Injected-Tid") != tenantID {
		t.Errorf("Adele ends at %s with %v", end, e.Headers)
	}
	if r := adele.do(at("/admin/"), page()); r.status != http.StatusOK || !strings.Contains(r.body, "Admin") {
		t.Errorf("Adele at /admin/: %d", r.status)
	}

	bob := visit(t, b.port)
	if r, _ := bob.open(at("/echo"), entra.Bob); r.echo(t).Headers.Get("X-Injected-Oid") != entra.BobOID {
		t.Errorf("Bob is %s", r.body)
	}
	if r, end := bob.open(at("/admin/"), entra.Bob); r.status != http.StatusForbidden || !strings.HasPrefix(end, at("/easyauth/login")) {
		t.Errorf("Bob at /admin/: %d at %s", r.status, end)
	}
	for name, value := range spoofed(t) {
		h := page()
		h.Set(name, value)
		for _, path := range []string{"/echo", "/public/echo", "/api/echo"} {
			if got := bob.do(at(path), h).echo(t).Headers.Values(name); len(got) > 0 && got[0] == value {
				t.Errorf("%s: Bob's own %s arrives", path, name)
			}
		}
		if r := bob.do(at("/admin/"), h); r.status == http.StatusOK {
			t.Errorf("%s opens /admin/", name)
		}
	}
	token, err := b.idp.AppToken(jobID, ownAPI+"/.default")
	if err != nil {
		t.Fatal(err)
	}
	e := nobody.do(at("/api/x"), http.Header{"Authorization": {"Bearer " + token}}).echo(t)
	if e.Headers.Get("X-Injected-Roles") != "Orders.Process" || e.Headers.Get("X-Injected-Scp") != "" {
		t.Errorf("a program is %v", e.Headers)
	}
}

// spoofed is each fixed identity header, as a client would make it up.
func spoofed(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, name := range renderer(t).Names() {
		all[http.CanonicalHeaderKey(name)] = "Admin"
	}
	if len(all) < 12 {
		t.Fatalf("only %d identity headers", len(all))
	}
	return all
}

// The files that nginx.conf includes are those that docs/nginx.md explains.
func TestNginxFilesAreTheDocuments(t *testing.T) {
	t.Parallel()
	document, err := os.ReadFile(filepath.Join(root, "docs", "nginx.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"easyauth_ask.conf", "easyauth_protect.conf", "easyauth_clear.conf"} {
		if strings.Count(string(document), "\n```nginx\n"+read(t, "nginx/"+name)+"```\n") != 1 {
			t.Errorf("docs/nginx.md does not hold %s as it is", name)
		}
	}
}

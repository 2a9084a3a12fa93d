package examples

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/test/entra"
)

// What the examples call their tenant, registration and calling program, and the secrets that tests give them.
const (
	tenantID   = "2f1c6f0e-0d5b-4c1e-9a57-3b7d0c9a1e11"
	clientID   = "7a0b8a8e-4c55-4d0a-8f0e-5b8a3c1d2e4f"
	ownAPI     = "api://" + clientID
	ordersRead = ownAPI + "/Orders.Read"
	secret     = "the-secret-of-the-registration"
	jobID      = "0f6b7a1c-53d2-4f0e-8c57-9f0e3a1b2c3d"
	jobSecret  = "the+secret/of&the job="
	idleJobID  = "1a2b3c4d-53d2-4f0e-8c57-9f0e3a1b2c3d" // has a role, but not the one that is asked for
	cliID      = "5d1e6f2a-9b8c-4d7e-a6f5-0c1b2a3d4e5f"
	key        = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
)

// directory is an emulated Entra ID in which EasyAuth is registered for these hosts, and programs that call its API.
func directory(t *testing.T, hosts ...string) *entra.Server {
	t.Helper()
	client := entra.Client{ID: clientID, Secret: secret, Name: "app", API: entra.API{Scopes: []string{"Orders.Read"}}}
	for _, host := range hosts {
		client.RedirectURIs = append(client.RedirectURIs, "https://"+host+"/easyauth/signin-oidc")
		client.PostLogoutURIs = append(client.PostLogoutURIs, "https://"+host+"/easyauth/signout-callback-oidc")
	}
	return entra.StartTest(t, entra.Config{TenantID: tenantID, Clients: []entra.Client{
		client,
		{ID: jobID, Secret: jobSecret, Name: "orders-job", AppPermissions: map[string][]string{ownAPI: {"Orders.Process"}}},
		{ID: idleJobID, Secret: jobSecret, Name: "another-job", AppPermissions: map[string][]string{ownAPI: {"Reports.Read"}}},
		{ID: cliID, Name: "orders-cli"},
	}})
}

// server is a running EasyAuth.
type server struct {
	program

	port int // of its public listener
}

// serve starts EasyAuth with an example's environment. What belongs to the place where it runs is replaced: the
// emulator's address, listeners, credentials and keys.
func serve(t *testing.T, idp *entra.Server, example map[string]string) server {
	t.Helper()
	s := server{port: freePort(t)}
	env := maps.Clone(example)
	for _, name := range []string{"EASYAUTH_CLIENT_SECRET_FILE", "EASYAUTH_KEYS_FILE"} {
		delete(env, name)
	}
	maps.Copy(env, map[string]string{
		"EASYAUTH_INSTANCE": idp.BaseURL() + "/", "EASYAUTH_GRAPH_URL": idp.BaseURL(),
		"EASYAUTH_CLIENT_SECRET": secret, "EASYAUTH_KEYS": key,
		"EASYAUTH_LISTEN": local(s.port), "EASYAUTH_ADMIN_LISTEN": local(freePort(t)),
	})
	s.program = begin(t, "easyauth", t.TempDir(), environ(env), built.EasyAuth, "serve").listens(t, s.port)
	return s
}

// environ writes variables as programs get them.
func environ(env map[string]string) []string {
	var list []string
	for _, name := range slices.Sorted(maps.Keys(env)) {
		list = append(list, name+"="+env[name])
	}
	return list
}

// variables reads a file of variables, a line each, as docker compose does with simple values.
func variables(t *testing.T, text string) map[string]string {
	t.Helper()
	env := map[string]string{}
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, value, is := strings.Cut(line, "=")
		if !is || strings.ContainsAny(value, " \"'$") {
			t.Fatalf("%q is no simple variable", line)
		}
		env[name] = value
	}
	return env
}

// sample starts the sample application and returns its port.
func sample(t *testing.T) int {
	t.Helper()
	port := freePort(t)
	begin(t, "sample", t.TempDir(), nil, built.Sample, "-listen", local(port)).listens(t, port)
	return port
}

// certificate makes secrets/tls.crt and secrets/tls.key in a folder, for these hosts.
func certificate(t *testing.T, dir string, hosts ...string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Join(dir, "secrets"), 0o700); err != nil {
		t.Fatal(err)
	}
	succeeds(t, dir, nil, "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -keyout secrets/tls.key -out secrets/tls.crt"+
		" -subj /CN=test -addext subjectAltName=DNS:"+strings.Join(hosts, ",DNS:"))
}

// nginx starts nginx with a configuration that it finds in dir. Its temporary files are there too.
func nginx(t *testing.T, dir, file string, port int) program {
	t.Helper()
	return begin(t, "nginx", dir, nil, "nginx", "-e", "stderr", "-c", filepath.Join(dir, file), "-g", "daemon off;").listens(t, port)
}

// ownFolders lets an nginx that is not the system's keep its files apart.
func ownFolders(dir string) string {
	var b strings.Builder
	for _, kind := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		fmt.Fprintf(&b, "    %s_temp_path %s;\n", kind, filepath.Join(dir, "tmp-"+kind))
	}
	return b.String()
}

package examples

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	networking "k8s.io/api/networking/v1"

	"github.com/easyauth-sidecar/easyauth/test/entra"
)

const scriptsReadme = "scripts/README.md"

// orders is what the API answers to who passes.
const orders = `[{"id": 1, "what": "pencils"}]` + "\n"

// api is a running API behind EasyAuth for scripts: the Ingresses of api-bearer.yaml on localhost.
type api struct {
	*deviceFlow

	base      string // https://localhost:port
	authority string
	folder    string // the scripts
	ca        string
	elsewhere *atomic.Int32 // requests to where a redirect leads
}

func startAPI(t *testing.T) api {
	t.Helper()
	idp := directory(t, "app.example.com")
	env := environment(t, "ingress/easyauth.yaml")
	for name, value := range commented(t, "api-bearer.yaml") {
		env[name] = value
	}
	a := api{elsewhere: &atomic.Int32{}}
	thief := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { a.elsewhere.Add(1) }))
	t.Cleanup(thief.Close)
	application := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/closed") {
			http.Error(w, "closed on Sundays", http.StatusForbidden)
			return
		}
		if strings.HasSuffix(r.URL.Path, "/moved") {
			http.Redirect(w, r, thief.URL, http.StatusFound)
			return
		}
		_, _ = fmt.Fprint(w, orders) // the script has gone away
	}))
	t.Cleanup(application.Close)
	ingresses := of[networking.Ingress](objects(t, "ingress/api-bearer.yaml"))
	for _, in := range ingresses {
		in.Spec.Rules[0].Host = "localhost" // a name that is known everywhere
	}
	f := ingressNginx(t, ingresses, map[string]string{"easyauth": local(serve(t, idp, env).port), "app": strings.TrimPrefix(application.URL, "http://")})
	a.base, a.ca, a.folder = fmt.Sprintf("https://localhost:%d", f.port), f.ca, filepath.Join(repository(t), "examples", "scripts")
	a.deviceFlow, a.authority = devices(t, idp, entra.Adele)
	return a
}

// run runs one of a README's commands after its settings, for a path of the API.
func (a api) run(t *testing.T, command, path string, env ...string) (stdout, stderr string, code int) {
	t.Helper()
	secretFile := filepath.Join(t.TempDir(), "job-secret")
	write(t, secretFile, jobSecret)
	settings := commands(t, scriptsReadme, "Before", 1, "=job-secret ", "="+secretFile+" ")
	env = append([]string{"AUTHORITY=" + a.authority, "SSL_CERT_FILE=" + a.ca, "CURL_CA_BUNDLE=" + a.ca, "WAIT=0"}, env...)
	return shell(t, a.folder, env, settings+"export API_URL="+a.base+path+"\n"+command)
}

// lines are the commands of one way to run the scripts: one a language.
func lines(t *testing.T, heading string) map[string]string {
	t.Helper()
	all := strings.Split(strings.TrimSpace(commands(t, scriptsReadme, heading, 1)), "\n")
	if len(all) != 4 || !strings.HasPrefix(all[0], "export API_URL=https://app.example.com/api/") {
		t.Fatalf("the commands under %q have changed: %q", heading, all)
	}
	return map[string]string{"bash": all[1], "Python": all[2], "Go": all[3]}
}

func TestScripts(t *testing.T) {
	t.Parallel()
	a := startAPI(t)
	for language, command := range lines(t, "As an application") {
		for _, row := range []struct {
			what, path string
			stale      int
			env        []string
			code, asks int
			out, says  string
		}{
			{what: "a good token", path: "/api/process", asks: 1, out: orders},
			{what: "an expired one, then a good one", path: "/api/process", stale: 1, asks: 2, out: orders},
			{what: "expired ones for ever", path: "/api/process", stale: 9, code: 1, asks: 2, says: `error="invalid_token"`},
			{what: "no scope", path: "/api/orders", code: 3, asks: 1, says: "Orders.Read"},
			{what: "another role", path: "/api/process", env: []string{"AS=" + idleJobID}, code: 3, asks: 1, says: "Orders.Process"},
			{what: "the application refuses", path: "/api/process/closed", code: 4, asks: 1, says: "closed on Sundays"},
			{what: "a redirect", path: "/api/process/moved", code: 1, asks: 1, says: "302"},
			{what: "no such application", path: "/api/process", env: []string{"AS=no-such-job"}, code: 1, asks: 1, says: "AADSTS700016"},
		} {
			a.expire(row.stale)
			run := command
			if len(row.env) > 0 {
				run = `JOB_ID=$AS ` + command
			}
			out, errs, code := a.run(t, run, row.path, row.env...)
			if !ends(language, errs, code, row.code) || out != row.out || !strings.Contains(errs, row.says) || a.requests() != row.asks {
				t.Errorf("%s, %s: exit code %d, %d tokens, %q\n%s", language, row.what, code, a.requests(), out, errs)
			}
			if n := a.elsewhere.Swap(0); n > 0 {
				t.Errorf("%s, %s: the redirect is followed", language, row.what)
			}
			if strings.Contains(errs+out, jobSecret) || strings.Contains(errs+out, "eyJ") {
				t.Errorf("%s, %s: a secret is printed\n%s", language, row.what, errs)
			}
			want := map[int]string{0: "", 3: "insufficient_scope"}[row.code]
			if !strings.Contains(errs, want) {
				t.Errorf("%s, %s: %s", language, row.what, errs)
			}
		}
	}
}

// ends reports whether a script ended with this code. go run itself ends with 1, and prints the program's.
func ends(language, errs string, code, want int) bool {
	if language == "Go" && want != 0 {
		return code == 1 && strings.HasSuffix(errs, fmt.Sprintf("exit status %d\n", want))
	}
	return code == want
}

func TestScriptsOfPersons(t *testing.T) {
	t.Parallel()
	for language, command := range lines(t, "As a person") {
		t.Run(language, func(t *testing.T) {
			t.Parallel() // they wait a second at a time
			a := startAPI(t)
			for _, row := range []struct {
				what, path string
				stale      int
				code       int
				out, says  string
			}{
				{"an expired token, then a good one", "/api/orders", 1, 0, orders, "Open https://microsoft.com/devicelogin and enter WDJB-MJHT"},
				{"a role that a person has not", "/api/process", 0, 3, "", "Orders.Process"},
			} {
				a.expire(row.stale)
				out, errs, code := a.run(t, command, row.path)
				if !ends(language, errs, code, row.code) || out != row.out || !strings.Contains(errs, row.says) || a.requests() != row.stale+1 {
					t.Errorf("%s: exit code %d, %d tokens, %q\n%s", row.what, code, a.requests(), out, errs)
				}
			}
		})
	}
}

// Without a way to run, the scripts say which there are.
func TestScriptsRefuse(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(repository(t), "examples", "scripts")
	env := []string{"TENANT_ID=t", "API_ID=a", "API_URL=http://127.0.0.1:1/"}
	for _, command := range []string{"./orders.sh", "./orders.sh App", "python3 orders.py", "python3 orders.py app device"} {
		if out, errs, code := shell(t, folder, env, command); code != 2 || out != "" || !strings.Contains(errs, "app | device") {
			t.Errorf("%s: exit code %d\n%s%s", command, code, out, errs)
		}
	}
}

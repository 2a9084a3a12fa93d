package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/ingress/annotations"
)

const (
	plainIngress  = "../../examples/ingress/plain.yaml"
	signInIngress = "../../examples/ingress/easyauth.yaml"
	openIngress   = "../../examples/ingress/anonymous-path.yaml"
	badIngress    = "testdata/ingresscheck.yaml"
)

// checkIngress runs the command with something on standard input.
func checkIngress(t *testing.T, vars map[string]string, stdin string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs lockedBuffer
	code = run(t.Context(), append([]string{"ingress", "check"}, args...), environment{
		environ: environ(vars), stdin: strings.NewReader(stdin), stdout: &out, stderr: &errs, version: testVersion,
	})
	return code, out.String(), errs.String()
}

func textOf(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func fileOf(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestIngressCheckStatus(t *testing.T) {
	broken := fileOf(t, "kind: Ingress\n\tx\n")
	for _, c := range []struct {
		name   string
		stdin  string
		args   []string
		code   int
		stdout string
		stderr string
	}{
		{"nothing", "", []string{plainIngress, signInIngress}, exitOK, "2 Ingress objects, 1 with an auth-url of EasyAuth: nothing found\n", ""},
		{"a warning", "", []string{openIngress, signInIngress}, exitOK, "[open-path]", ""},
		{"a warning that counts", "", []string{"--strict", openIngress, signInIngress}, exitFailed, "[open-path]", ""},
		{"a warning that is meant", "", []string{"--strict", "--public", "app.example.com/public", openIngress, signInIngress}, exitOK, "nothing found", ""},
		{"a path that is meant and not there", "", []string{"--public", "app.example.com/pubic", openIngress, signInIngress}, exitFailed, "flags: error: app.example.com/pubic is no open path of a protected host that was read [public-unmatched] (--public)", ""},
		{"nonsense that is meant", "", []string{"--public", "nonsense", plainIngress, signInIngress}, exitFailed, "[public-unmatched]", ""},
		{"a folder", "", []string{"testdata/"}, exitUsage, "", "testdata/ is a folder: name its files, such as testdata/*.yaml"},
		{"an error", "", []string{badIngress}, exitFailed, badIngress + ":7: error: auth-url holds", ""},
		{"standard input", textOf(t, badIngress), []string{"-"}, exitFailed, "stdin:7: error: auth-url holds", ""},
		{"nothing on standard input", "", []string{"-"}, exitUsage, "", "there is no Ingress in what was read"},
		{"no Ingress", "", []string{"../../examples/ingress/network-policies.yaml"}, exitUsage, "", "there is no Ingress in what was read"},
		{"a file that is not there", "", []string{plainIngress, "nowhere.yaml"}, exitUsage, "[signin-paths-unread]", "open nowhere.yaml"},
		{"a file that is no YAML", "", []string{broken, badIngress}, exitUsage, "error: auth-url holds", "cannot be read"},
		{"a flag of a cluster", "", []string{"-n", "app", plainIngress}, exitUsage, "", "are for a cluster"},
		{"a flag that is none", "", []string{"--public-paths", "x", plainIngress}, exitUsage, "", "there is no flag"},
		{"hosts", "", []string{"--hosts", "app.example.com:8443 other.example.com", plainIngress, signInIngress}, exitOK, "nothing found", ""},
		{"other hosts", "", []string{"--hosts", "other.example.com", plainIngress, signInIngress}, exitFailed, "[host-not-served]", ""},
		{"hosts below a star", "", []string{"--hosts", "*.example.com", plainIngress, signInIngress}, exitOK, "nothing found", ""},
		{"settings of another program", settingsOf("other", "web", ""), []string{plainIngress, signInIngress, "-"}, exitFailed, "[no-auth-locations] (ConfigMap other/web)", ""},
		{"settings of another program beside", settingsOf("other", "web", "") + settingsOf("nginx", "x-ingress-nginx-controller", "/.well-known/acme-challenge"), []string{plainIngress, signInIngress, "-"}, exitOK, "Settings of the controller: ConfigMap nginx/x-ingress-nginx-controller\n2 Ingress objects, 1 with an auth-url of EasyAuth: nothing found\n", ""},
		{"settings that are named", settingsOf("other", "web", "") + settingsOf("nginx", "nginx-configuration", ""), []string{"--controller", "other/web", plainIngress, signInIngress, "-"}, exitFailed, "Settings of the controller: ConfigMap other/web\n", ""},
		{"settings that are named and not there", settingsOf("other", "web", ""), []string{"--controller", "other/web,other/wet", plainIngress, signInIngress, "-"}, exitUsage, "(ConfigMap other/web)", "there is no ConfigMap other/wet, which --controller names"},
		{"a global auth-url", globalSettings(), []string{openIngress, "-"}, exitFailed, "3 Ingress objects, 3 with an auth-url of EasyAuth", ""},
		{"hosts that are none", "", []string{"--hosts", "*.com", plainIngress, signInIngress}, exitUsage, "", "EASYAUTH_HOSTS: "},
	} {
		t.Run(c.name, func(t *testing.T) {
			code, stdout, stderr := checkIngress(t, nil, c.stdin, c.args...)
			if code != c.code || !holds(stdout, c.stdout) || !holds(stderr, c.stderr) {
				t.Errorf("ended with %d, not %d\n%s%s", code, c.code, stdout, stderr)
			}
		})
	}
}

// settingsOf is a ConfigMap that has nobody asked at a path, /health if none is given.
func settingsOf(namespace, name, path string) string {
	if path == "" {
		path = "/health"
	}
	return fmt.Sprintf("---\napiVersion: v1\nkind: ConfigMap\nmetadata: {namespace: %s, name: %s}\ndata: {no-auth-locations: %s}\n", namespace, name, path)
}

// globalSettings is a ConfigMap that has EasyAuth asked, and an Ingress that says nothing.
func globalSettings() string {
	return "---\napiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {namespace: app, name: wiki}\nspec: {rules: [{host: wiki.example.com}]}\n" +
		"---\napiVersion: v1\nkind: ConfigMap\nmetadata: {namespace: nginx, name: nginx-configuration}\ndata: {global-auth-url: 'http://easyauth.easyauth.svc.cluster.local/easyauth/auth'}\n"
}

func TestIngressCheckJSON(t *testing.T) {
	code, stdout, stderr := checkIngress(t, nil, "", "--json", badIngress)
	if want := textOf(t, "testdata/ingresscheck.json"); code != exitFailed || stdout != want || stderr != "" {
		t.Errorf("ended with %d; %s\n%s\nnot\n%s", code, stderr, stdout, want)
	}
	if code, stdout, _ := checkIngress(t, nil, "", "--json", plainIngress, signInIngress); code != exitOK || stdout != "[]\n" {
		t.Errorf("ended with %d: %s", code, stdout)
	}
}

// The examples are clean, but for what each shows on purpose.
func TestIngressCheckOfExamples(t *testing.T) {
	for file, want := range map[string]string{
		"plain": "", "role-per-path": "", "api-bearer": "", "graph": "", "anonymous-path": "open-path",
	} {
		code, stdout, stderr := checkIngress(t, nil, "", "--json", "../../examples/ingress/"+file+".yaml", signInIngress)
		expectFindings(t, file, code, stdout, stderr, want)
	}
	for _, file := range []string{"../../examples/ingress/several-hosts.yaml", "../../examples/kubernetes-dashboard/ingress.yaml"} {
		code, stdout, stderr := checkIngress(t, nil, "", "--json", file)
		expectFindings(t, file, code, stdout, stderr, "")
	}
}

func expectFindings(t *testing.T, file string, code int, stdout, stderr, want string) {
	t.Helper()
	var found []annotations.Finding
	if err := json.Unmarshal([]byte(stdout), &found); err != nil || code != exitOK || stderr != "" {
		t.Errorf("%s: ended with %d, %v\n%s%s", file, code, err, stdout, stderr)
	}
	var list []string
	for _, f := range found {
		list = append(list, f.ID)
	}
	if got := strings.Join(list, " "); got != want {
		t.Errorf("%s: found %q, not %q", file, got, want)
	}
}

// cluster puts a program kubectl on PATH that notes how it was called.
func cluster(t *testing.T, prints, complains string, status int) (vars map[string]string, called string) {
	t.Helper()
	dir := t.TempDir()
	called = filepath.Join(dir, "called")
	printed := fileOf(t, prints)
	script := fmt.Sprintf("#!/bin/sh\necho \"$@\" > %q\ncat %q\necho %q >&2\nexit %d\n", called, printed, complains, status)
	if err := os.WriteFile(filepath.Join(dir, "kubectl"), []byte(script), 0o700); err != nil { // #nosec G306 -- a program
		t.Fatal(err)
	}
	path := dir + string(os.PathListSeparator) + os.Getenv("PATH")
	t.Setenv("PATH", path)
	return map[string]string{"PATH": path}, called
}

const (
	clusterIngress = `{"apiVersion":"networking.k8s.io/v1","kind":"Ingress","metadata":{"name":"shop","namespace":"app","annotations":{
"nginx.ingress.kubernetes.io/auth-url":"http://easyauth.easyauth.svc.cluster.local/easyauth/auth?role=A\u0026role=B",
"nginx.ingress.kubernetes.io/auth-signin":"https://$host/easyauth/login",
"nginx.ingress.kubernetes.io/auth-response-headers":"HEADERS"}},
"spec":{"ingressClassName":"nginx","rules":[{"host":"shop.example.com","http":{"paths":[{"path":"/","pathType":"Prefix","backend":{"service":{"name":"shop","port":{"number":80}}}}]}}]}}`
	clusterSignIn = `{"apiVersion":"networking.k8s.io/v1","kind":"Ingress","metadata":{"name":"easyauth","namespace":"easyauth","annotations":{"nginx.ingress.kubernetes.io/proxy-buffer-size":"16k"}},
"spec":{"ingressClassName":"nginx","rules":[{"host":"shop.example.com","http":{"paths":[
{"path":"/easyauth/login","pathType":"Exact","backend":{"service":{"name":"easyauth","port":{"name":"http"}}}},
{"path":"/easyauth/signin-oidc","pathType":"Exact","backend":{"service":{"name":"easyauth","port":{"name":"http"}}}}]}}]}}`
	clusterOther    = `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"o","namespace":"n"},"data":{"no-auth-locations":"/health"}}`
	clusterLabelled = `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c","namespace":"n","labels":{"app.kubernetes.io/name":"ingress-nginx"}}}`
	clusterSettings = `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c","namespace":"n"},"data":{"no-auth-locations":"/health"}}`
)

func clusterList(items ...string) string {
	return `{"apiVersion":"v1","items":[` + strings.ReplaceAll(strings.Join(items, ","), "HEADERS", strings.Join(annotations.FixedHeaders(), ",")) + `],"kind":"List","metadata":{"resourceVersion":""}}`
}

func TestIngressCheckOfACluster(t *testing.T) {
	for _, c := range []struct {
		name, prints, complains string
		status                  int
		args                    []string
		code                    int
		holds, called           string
	}{
		{"all is well", clusterList(clusterIngress, clusterSignIn), "", 0, nil, exitOK, "2 Ingress objects, 1 with an auth-url of EasyAuth: nothing found", "get ingress,configmap -o json --all-namespaces"},
		{
			"what kubectl is told", clusterList(clusterIngress, clusterSignIn), "", 0,
			[]string{"--kubeconfig", "k", "--context", "c", "-n", "app"},
			exitOK, "nothing found",
			"get ingress,configmap -o json --kubeconfig=k --context=c --namespace=app",
		},
		{"no sign-in paths", clusterList(clusterIngress), "", 0, nil, exitFailed, "cluster: error: shop.example.com/easyauth/login is answered here", ""},
		{"no sign-in paths in one namespace", clusterList(clusterIngress), "", 0, []string{"-n", "app"}, exitOK, "[signin-paths-unread]", ""},
		{"the controller's settings", clusterList(clusterIngress, clusterSignIn, clusterSettings), "", 0, nil, exitFailed, "[no-auth-locations] (ConfigMap n/c)", ""},
		{"the controller's settings, by their label", clusterList(clusterIngress, clusterSignIn, clusterOther, clusterLabelled), "", 0, nil, exitOK, "ConfigMap n/c\n2 Ingress objects", ""},
		{"nothing is there", clusterList(), "", 0, nil, exitUsage, "no Ingress in the cluster", ""},
		{"kubectl may not", clusterList(clusterIngress, clusterSignIn), "Error from server (Forbidden)", 1, nil, exitUsage, "Error from server (Forbidden)", ""},
		{"kubectl prints something else", "hello", "", 0, nil, exitUsage, "what kubectl printed", ""},
		{"kubectl prints less", clusterList(clusterIngress, clusterSignIn)[:900], "", 0, nil, exitUsage, "what kubectl printed", ""},
		{"an object that cannot be read", clusterList(clusterIngress, `{"kind":"Ingress","metadata":{"name":["x"]}}`), "", 0, nil, exitUsage, "what kubectl printed", ""},
		{"settings that cannot be read", clusterList(clusterIngress, `{"kind":"ConfigMap","data":["x"]}`), "", 0, nil, exitUsage, "ConfigMap /", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			vars, called := cluster(t, c.prints, c.complains, c.status)
			code, stdout, stderr := checkIngress(t, vars, "", c.args...)
			if code != c.code || !strings.Contains(stdout+stderr, c.holds) || strings.Contains(stdout, "nothing found") && code != exitOK {
				t.Errorf("ended with %d, not %d\n%s%s", code, c.code, stdout, stderr)
			}
			if got := strings.TrimSpace(textOf(t, called)); c.called != "" && got != c.called {
				t.Errorf("kubectl was called with %q", got)
			}
		})
	}
	t.Run("no kubectl", func(t *testing.T) {
		t.Setenv("PATH", t.TempDir())
		if code, _, stderr := checkIngress(t, nil, ""); code != exitUsage || !strings.Contains(stderr, "ask the cluster with kubectl, or name a FILE") {
			t.Errorf("ended with %d: %s", code, stderr)
		}
	})
}

// Large ConfigMaps of others are read past.
func TestReadClusterIsLean(t *testing.T) {
	large := `{"kind":"ConfigMap","metadata":{"name":"big"},"data":{"x":"` + strings.Repeat("y", maxEntry+1) + `","z":"` + strings.Repeat("z", maxEntry) + `"}}`
	m, err := readCluster(strings.NewReader(clusterList(large, clusterIngress)))
	if err != nil || len(m.ConfigMaps) != 1 || len(m.ConfigMaps[0].Data) != 1 || len(m.Ingresses) != 1 {
		t.Errorf("%d ConfigMaps, %d Ingresses, %v", len(m.ConfigMaps), len(m.Ingresses), err)
	}
	if _, err := readCluster(io.MultiReader(strings.NewReader(`{"items":[{"x":"`), strings.NewReader(strings.Repeat("y", maxObject+1)), strings.NewReader(`"}]}`))); err == nil || !strings.Contains(err.Error(), "longer than 4 MB") {
		t.Errorf("got %v", err)
	}
}

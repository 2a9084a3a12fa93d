package chart

import (
	"encoding/json"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"

	"github.com/easyauth-sidecar/easyauth/authserver/config"
	"github.com/easyauth-sidecar/easyauth/authserver/headers"
)

// notes returns what Helm prints after an installation.
func notes(t *testing.T, values ...string) string {
	t.Helper()
	c := newCluster(t, namespace)
	args := []string{"install", release, folder, "--namespace", namespace, "--dry-run=server", "--output=json"}
	var result struct {
		Info struct {
			Notes string `json:"notes"`
		} `json:"info"`
	}
	if err := json.Unmarshal([]byte(c.must(t, append(args, valueFlags(t, values...)...)...)), &result); err != nil {
		t.Fatal(err)
	}
	return result.Info.Notes
}

// annotation returns what NOTES print for an annotation.
func annotation(t *testing.T, text, name string) string {
	t.Helper()
	found := regexp.MustCompile(`(?m)^ +nginx\.ingress\.kubernetes\.io/` + name + `: "([^"]*)"$`).FindStringSubmatch(text)
	if found == nil {
		t.Fatalf("no annotation %s in\n%s", name, text)
	}
	return found[1]
}

// What NOTES print to be copied is what the rest of the rendering and EasyAuth itself say: the address of the Service
// that finds the pods which check, the paths, all headers, the redirect URIs.
func tells(t *testing.T, r rendering) {
	_, authName, signinName := roleNames(t, r.all)
	auth, signin := r.configs[authName], r.configs[signinName]
	if r.keepNotes {
		golden(t, filepath.Join("testdata", "golden", r.name+".notes.txt"), r.notes)
	}

	want, isProxy := addressOf(t, r, authName), len(auth.Upstreams) > 0
	if asked := auth.Adapters.Nginx && !isProxy; asked != strings.Contains(r.notes, "auth-url") {
		t.Errorf("annotations are printed: %v", !asked)
	} else if asked {
		if got := annotation(t, r.notes, "auth-url"); got != want+auth.AuthPath {
			t.Errorf("auth-url %q, want %q", got, want+auth.AuthPath)
		}
		if got, want := annotation(t, r.notes, "auth-signin"), "https://$host"+signin.SigninPath; got != want {
			t.Errorf("auth-signin %q, want %q", got, want)
		}
	}
	for line, asked := range map[string]bool{
		"ask at: " + want + auth.ForwardPath + "\n":                                      auth.Adapters.Forward,
		"over HTTP below: " + want + auth.EnvoyPath + "/-\n":                             auth.Adapters.Envoy,
		"over gRPC: " + serviceOf(t, r.all, authName).Name + "." + namespace + ".svc.":   auth.Adapters.EnvoyGRPC,
		"EasyAuth is the proxy of these applications":                                    isProxy,
		"No Ingress was made for the sign-in pages":                                      !isProxy && count(len(every[*networking.Ingress](t, r.all)) > 0, len(every[*httpRoute](t, r.all)) > 0) == 0,
		"must send X-EasyAuth-Proxy-Secret: proxy-secret of the Secret easyauth-proxy\n": auth.ProxySecrets != nil,
	} {
		if strings.Contains(r.notes, line) != asked {
			t.Errorf("%q is printed: %v", line, !asked)
		}
	}
	if !isProxy {
		tellsHeaders(t, r, auth)
	}
	hosts := signin.Hosts
	if signin.CallbackHost != "" {
		hosts = []string{signin.CallbackHost}
	}
	for _, host := range hosts {
		for _, path := range []string{signin.CallbackPath, signin.SignedOutPath} {
			if uri := "   https://" + strings.Replace(host, "*.", "NAME.", 1) + path + "\n"; host != "new.example.com" && !strings.Contains(r.notes, uri) {
				t.Errorf("no redirect URI %q", uri)
			}
		}
	}
	if signs := strings.Contains(r.notes, "?app="); signs == auth.AssertionKeys.Empty() {
		t.Errorf("app= is named: %v", signs)
	}
	if auth.PassAccessToken != strings.Contains(r.notes, auth.HeaderPrefix+"access-token") {
		t.Error("what is said about tokens is not what is configured")
	}
}

// tellsHeaders wants the list of headers to be that of the configuration.
func tellsHeaders(t *testing.T, r rendering, auth *config.Config) {
	t.Helper()
	profile, err := headers.ParseProfile(auth.HeaderProfile)
	if err != nil {
		t.Fatal(err)
	}
	of := headers.Config{Prefix: auth.HeaderPrefix, ClaimHeaders: auth.ClaimHeaders, Assertion: auth.AssertionHeader, Profile: profile}
	for _, m := range auth.HeaderMap {
		of.Mappings = append(of.Mappings, headers.Mapping{Header: m.Header, Claim: m.Claim, Separator: m.Separator})
	}
	renderer, err := headers.New(of)
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`(?m)(?:auth-response-headers: "|^   )(x-[-a-z0-9]+(?:,[-a-z0-9]+)+)"?$`).FindStringSubmatch(r.notes)
	if found == nil {
		t.Fatalf("no list of headers in\n%s", r.notes)
	}
	listed := strings.Split(found[1], ",")
	if names := renderer.Names(); !sameSet(listed, names) {
		t.Errorf("headers to copy\n%q, EasyAuth sends\n%q", listed, names)
	}
}

// addressOf is the address of the Service that leads to the pods of a Deployment.
func addressOf(t *testing.T, r rendering, deployment string) string {
	t.Helper()
	service := serviceOf(t, r.all, deployment)
	scheme, usual := "http", int32(80)
	if r.configs[deployment].TLSCertFile != "" {
		scheme, usual = "https", 443
	}
	domain := "cluster.local"
	if r.name == "other-provider" {
		domain = "cluster.internal"
	}
	address := scheme + "://" + service.Name + "." + service.Namespace + ".svc." + domain
	if port := service.Spec.Ports[0].Port; port != usual {
		address += ":" + itoa(port)
	}
	return address
}

// serviceOf returns the Service for the proxy that finds the pods of a Deployment.
func serviceOf(t *testing.T, all []object, deployment string) *core.Service {
	t.Helper()
	for _, service := range every[*core.Service](t, all) {
		if service.Spec.ClusterIP != core.ClusterIPNone && slices.Contains(selected(t, all, service.Spec.Selector), deployment) {
			return service
		}
	}
	t.Fatalf("no Service leads to %s", deployment)
	return nil
}

func sameSet(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

// The pod of `helm test` asks the Services that there are, for the paths that there are, and is none of their pods.
func testsItself(t *testing.T, r rendering) {
	pods := every[*core.Pod](t, r.all)
	if len(pods) != 1 || pods[0].Annotations["helm.sh/hook"] != "test" || pods[0].Spec.RestartPolicy != core.RestartPolicyNever {
		t.Fatalf("%d pods, or no test", len(pods))
	}
	_, authName, signinName := roleNames(t, r.all)
	auth := r.configs[authName]
	want := map[string]string{"signin": addressOf(t, r, signinName) + r.configs[signinName].SigninPath + " --status=401"}
	without := " --status=401"
	if auth.ProxySecrets != nil {
		without = " --status=403"
	}
	switch base := addressOf(t, r, authName); {
	case len(auth.Upstreams) > 0: // nobody asks
	case auth.Adapters.Nginx:
		want["auth"] = base + auth.AuthPath + without
	case auth.Adapters.Forward:
		want["auth"] = base + auth.ForwardPath + " --status=403"
	}
	if len(pods[0].Spec.Containers) != len(want) {
		t.Errorf("%d containers ask, want %d", len(pods[0].Spec.Containers), len(want))
	}
	deployment := every[*apps.Deployment](t, r.all)[0].Spec.Template.Spec.Containers[0]
	for _, c := range pods[0].Spec.Containers {
		if c.Image != deployment.Image {
			t.Errorf("%s: the image %s", c.Name, c.Image)
		}
		if len(c.Args) < 4 || c.Args[0] != "healthcheck" || c.Args[1]+" "+c.Args[3] != "--url="+want[c.Name] {
			t.Errorf("%s asks by %q, want %s", c.Name, c.Args, want[c.Name])
		}
		if insecure := slices.Contains(c.Args, "--insecure"); insecure != (auth.TLSCertFile != "") {
			t.Errorf("%s: does not verify: %v", c.Name, insecure)
		}
	}
}

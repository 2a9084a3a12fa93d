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

	service := serviceOf(t, r.all, authName)
	scheme, usual := "http", int32(80)
	if auth.TLSCertFile != "" {
		scheme, usual = "https", 443
	}
	domain := "cluster.local"
	if r.name == "other-provider" {
		domain = "cluster.internal"
	}
	want := scheme + "://" + service.Name + "." + service.Namespace + ".svc." + domain
	if port := service.Spec.Ports[0].Port; port != usual {
		want += ":" + itoa(port)
	}
	if got := annotation(t, r.notes, "auth-url"); got != want+auth.AuthPath {
		t.Errorf("auth-url %q, want %q", got, want+auth.AuthPath)
	}
	if got, want := annotation(t, r.notes, "auth-signin"), "https://$host"+signin.SigninPath; got != want {
		t.Errorf("auth-signin %q, want %q", got, want)
	}
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
	listed := strings.Split(annotation(t, r.notes, "auth-response-headers"), ",")
	if names := renderer.Names(); !sameSet(listed, names) {
		t.Errorf("auth-response-headers\n%q, EasyAuth sends\n%q", listed, names)
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
	want := map[string]string{"auth": annotation(t, r.notes, "auth-url")}
	base := strings.TrimSuffix(want["auth"], r.configs[authName].AuthPath)
	from, to := serviceOf(t, r.all, authName).Name, serviceOf(t, r.all, signinName).Name
	want["signin"] = strings.Replace(base, "//"+from+".", "//"+to+".", 1) + r.configs[signinName].SigninPath
	deployment := every[*apps.Deployment](t, r.all)[0].Spec.Template.Spec.Containers[0]
	for _, c := range pods[0].Spec.Containers {
		if c.Image != deployment.Image {
			t.Errorf("%s: the image %s", c.Name, c.Image)
		}
		if len(c.Args) < 4 || c.Args[0] != "healthcheck" || c.Args[1] != "--url="+want[c.Name] || c.Args[3] != "--status=401" {
			t.Errorf("%s asks by %q, want %s", c.Name, c.Args, want[c.Name])
		}
		if insecure := slices.Contains(c.Args, "--insecure"); insecure != strings.HasPrefix(base, "https:") {
			t.Errorf("%s: does not verify: %v", c.Name, insecure)
		}
	}
}

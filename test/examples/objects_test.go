package examples

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/config"
)

// annotation is the prefix of ingress-nginx's annotations.
const annotation = "nginx.ingress.kubernetes.io/"

// inCluster is how nginx asks EasyAuth.
const inCluster = "http://easyauth.easyauth.svc.cluster.local/easyauth/auth"

func TestObjectsAreKubernetes(t *testing.T) {
	t.Parallel()
	names := manifests(t)
	if len(names) < 9 {
		t.Errorf("only %d files of objects", len(names))
	}
	for _, name := range names {
		if len(objects(t, name)) == 0 {
			t.Errorf("%s holds nothing", name)
		}
	}
}

// What decode refuses, and that it does not refuse the same without the fault.
func TestDecodeIsStrict(t *testing.T) {
	t.Parallel()
	good := read(t, "ingress/plain.yaml")
	if _, err := decode(good); err != nil {
		t.Fatal(err)
	}
	for what, wrong := range map[string]string{
		"an unknown member":      replaced(t, "plain.yaml", good, "  ingressClassName:", "  ingressClass:"),
		"the case of a member":   replaced(t, "plain.yaml", good, "pathType:", "pathtype:"),
		"a member twice":         replaced(t, "plain.yaml", good, "  name: app\n  namespace", "  name: app\n  name: app\n  namespace"),
		"a number for a text":    replaced(t, "plain.yaml", good, "number: 80", "number: eighty"),
		"an old version":         replaced(t, "plain.yaml", good, "networking.k8s.io/v1", "networking.k8s.io/v1beta1"),
		"another kind of object": replaced(t, "plain.yaml", good, "kind: Ingress", "kind: Ingres"),
	} {
		if _, err := decode(wrong); err == nil {
			t.Errorf("%s is taken", what)
		}
	}
}

// Every auth-url of an example is one that ingress-nginx takes and EasyAuth understands, and every header is listed.
func TestAnnotations(t *testing.T) {
	t.Parallel()
	parser := access.NewParser(access.ParserConfig{
		Queries: map[string]string{"profile": "/me?$select=displayName,department,jobTitle"},
		Scopes:  access.NewScopeNames(clientID, nil, "https://graph.microsoft.com"), Entra: true,
	})
	// From 1.12 on, ingress-nginx refuses others.
	allowed := regexp.MustCompile(`^[-._~a-zA-Z0-9/:, ?&=$]+$`)
	fixed := renderer(t).Names()
	guarded := 0
	for _, file := range manifests(t) {
		for _, in := range of[networking.Ingress](objects(t, file)) {
			question, is := in.Annotations[annotation+"auth-url"]
			if !is {
				continue
			}
			guarded++
			what := file + " " + in.Name
			query, ours := strings.CutPrefix(question, inCluster)
			if !ours || !allowed.MatchString(question) {
				t.Errorf("%s: auth-url %q", what, question)
			}
			if _, err := url.Parse(question); err != nil {
				t.Errorf("%s: %v", what, err)
			}
			if query != "" {
				rest, is := strings.CutPrefix(query, "?")
				if _, err := parser.Parse(rest); err != nil || !is {
					t.Errorf("%s: %q: %v", what, query, err)
				}
			}
			listed := strings.Split(in.Annotations[annotation+"auth-response-headers"], ",")
			for _, name := range fixed {
				if !slices.Contains(listed, name) {
					t.Errorf("%s: %s is not in auth-response-headers: the client's own would arrive", what, name)
				}
			}
			if signin, is := in.Annotations[annotation+"auth-signin"]; is && signin != "https://$host/easyauth/login" {
				t.Errorf("%s: auth-signin %q", what, signin)
			}
		}
	}
	if guarded < 10 {
		t.Errorf("only %d Ingresses have a rule", guarded)
	}
}

// The parts of easyauth.yaml name each other: labels, ports, volumes.
func TestObjectsFitTogether(t *testing.T) {
	t.Parallel()
	all := objects(t, "ingress/easyauth.yaml")
	deployment, service, in := of[apps.Deployment](all)[0], of[core.Service](all)[0], of[networking.Ingress](all)[0]
	pod := deployment.Spec.Template
	if !labels.SelectorFromSet(deployment.Spec.Selector.MatchLabels).Matches(labels.Set(pod.Labels)) || !labels.SelectorFromSet(service.Spec.Selector).Matches(labels.Set(pod.Labels)) {
		t.Error("the pods are not those that Deployment and Service select")
	}
	container := pod.Spec.Containers[0]
	hasPort := func(name string) bool {
		return slices.ContainsFunc(container.Ports, func(p core.ContainerPort) bool { return p.Name == name })
	}
	if !hasPort(service.Spec.Ports[0].TargetPort.StrVal) || !hasPort(container.ReadinessProbe.HTTPGet.Port.StrVal) || !hasPort(container.LivenessProbe.HTTPGet.Port.StrVal) {
		t.Error("a port is named that the container has not")
	}
	if container.VolumeMounts[0].Name != pod.Spec.Volumes[0].Name {
		t.Error("the mounted volume is not there")
	}
	if host := strings.TrimPrefix(inCluster, "http://"); !strings.HasPrefix(host, service.Name+"."+service.Namespace+".svc.cluster.local/") {
		t.Error("auth-url does not lead to the Service")
	}
	for _, rule := range in.Spec.Rules {
		for _, path := range rule.HTTP.Paths {
			if b := path.Backend.Service; b.Name != service.Name || b.Port.Name != service.Spec.Ports[0].Name {
				t.Errorf("%s leads to %s %s", path.Path, b.Name, b.Port.Name)
			}
			if path.Path == "/easyauth/auth" {
				t.Error("the auth endpoint is public")
			}
		}
	}
	env := environment(t, "ingress/easyauth.yaml")
	for _, name := range []string{"EASYAUTH_CLIENT_SECRET_FILE", "EASYAUTH_KEYS_FILE"} {
		if mounted := container.VolumeMounts[0].MountPath + "/"; !strings.HasPrefix(env[name], mounted) {
			t.Errorf("%s is not below %s", name, mounted)
		}
	}
	accepted(t, "easyauth.yaml", env)
}

// environment are the variables of the Deployment in a file.
func environment(t *testing.T, file string) map[string]string {
	t.Helper()
	env := map[string]string{}
	for _, v := range of[apps.Deployment](objects(t, file))[0].Spec.Template.Spec.Containers[0].Env {
		if v.Value == "" {
			t.Fatalf("%s: %s has no value", file, v.Name)
		}
		env[v.Name] = v.Value
	}
	return env
}

// accepted wants EasyAuth to take these variables. Files that hold secrets are replaced by their content.
func accepted(t *testing.T, what string, env map[string]string) {
	t.Helper()
	list := []string{"EASYAUTH_CLIENT_SECRET=" + secret, "EASYAUTH_KEYS=" + key}
	for name, value := range env {
		if name != "EASYAUTH_CLIENT_SECRET_FILE" && name != "EASYAUTH_KEYS_FILE" {
			list = append(list, name+"="+value)
		}
	}
	if _, warnings, err := config.Load(list, config.Roles{}); err != nil || len(warnings) > 0 {
		t.Errorf("%s: %v %v", what, err, warnings)
	}
}

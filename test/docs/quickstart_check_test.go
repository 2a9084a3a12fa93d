package docs

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"sigs.k8s.io/yaml"

	"github.com/easyauth-sidecar/easyauth/authserver/config"
	"github.com/easyauth-sidecar/easyauth/test/docs/standin"
)

// checkTrial compares the parts of the page with each other: what is registered, what is installed, what is
// protected.
func checkTrial(t *testing.T, tr trial, way string) {
	t.Helper()
	const host = "contosotrial.westeurope.cloudapp.azure.com"
	var app appsv1.Deployment
	objects(t, tr.rendered, "apps/v1", "Deployment", &app)
	var account corev1.ServiceAccount
	objects(t, tr.rendered, "v1", "ServiceAccount", &account)
	var service corev1.Service
	objects(t, tr.rendered, "v1", "Service", &service)
	cfg := configured(t, app)
	if cfg.ClientID != standin.ClientID || cfg.TenantID != standin.TenantID || !slices.Equal(cfg.Hosts, []string{host}) {
		t.Errorf("configured for %q in %q at %q", cfg.ClientID, cfg.TenantID, cfg.Hosts)
	}
	create := one(t, tr.calls, "az", "ad app create")
	for _, uri := range []string{"https://" + host + cfg.CallbackPath, "https://" + host + cfg.SignedOutPath} {
		if !slices.Contains(create.Args, uri) {
			t.Errorf("%s is not registered: %q", uri, create.Args)
		}
	}
	image := app.Spec.Template.Spec.Containers[0].Image
	if push := one(t, tr.calls, "docker", "push "+image); push.Args == nil || !strings.HasPrefix(image, "contosotrial.azurecr.io/easyauth:") {
		t.Errorf("the image %s was not pushed", image)
	}
	subject := "system:serviceaccount:easyauth:" + account.Name
	switch way {
	case alternatives()[0]:
		made := one(t, tr.calls, "az", "ad app federated-credential create")
		for _, part := range []string{`"subject": "` + subject + `"`, `"issuer": "` + standin.Issuer + `"`, "api://AzureADTokenExchange"} {
			if !strings.Contains(made.Input, part) {
				t.Errorf("the federated credential has no %s: %s", part, made.Input)
			}
		}
		if account.Annotations["azure.workload.identity/client-id"] != standin.ClientID || app.Spec.Template.Labels["azure.workload.identity/use"] != "true" || app.Spec.Template.Spec.ServiceAccountName != account.Name {
			t.Errorf("the pod has no workload identity: %v, %v", account.Annotations, app.Spec.Template.Labels)
		}
	default:
		made := one(t, tr.calls, "kubectl", "--namespace easyauth create secret generic easyauth-client")
		if !slices.Contains(made.Args, "--from-literal=client-secret="+standin.Secret) {
			t.Errorf("the Secret: %q", made.Args)
		}
		if !strings.Contains(tr.rendered, "name: easyauth-client") {
			t.Error("nothing reads the Secret")
		}
	}
	checkProtected(t, tr, cfg, host, service.Name)
}

// checkProtected looks at the application's Ingress: it must be what the chart's notes tell people to copy.
func checkProtected(t *testing.T, tr trial, cfg *config.Config, host, service string) {
	t.Helper()
	var own networkingv1.Ingress
	objects(t, tr.rendered, "networking.k8s.io/v1", "Ingress", &own)
	applied := one(t, tr.calls, "kubectl", "apply --filename app.yaml").Input
	for _, o := range strings.Split(applied, "---\n") {
		strict(t, o)
	}
	var ingress networkingv1.Ingress
	objects(t, applied, "networking.k8s.io/v1", "Ingress", &ingress)
	url := "http://" + service + ".easyauth.svc.cluster.local" + cfg.AuthPath
	for name, want := range map[string]string{"auth-url": url, "auth-signin": "https://$host" + cfg.SigninPath} {
		if got := ingress.Annotations["nginx.ingress.kubernetes.io/"+name]; got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	for _, i := range []networkingv1.Ingress{own, ingress} {
		if len(i.Spec.Rules) != 1 || i.Spec.Rules[0].Host != host || i.Spec.IngressClassName == nil || *i.Spec.IngressClassName != "nginx" {
			t.Errorf("the Ingress %s is not for %s in the class nginx", i.Name, host)
		}
	}
	annotate := one(t, tr.calls, "kubectl", "--namespace app annotate ingress app")
	if !slices.Contains(annotate.Args, "nginx.ingress.kubernetes.io/auth-url="+url+"?role=Admin") {
		t.Errorf("the rule for a role: %q", annotate.Args)
	}
	if tls := ingress.Spec.TLS; len(tls) != 1 || one(t, tr.calls, "kubectl", "--namespace app create secret tls "+tls[0].SecretName).Args == nil {
		t.Errorf("TLS: %v", tls)
	}
}

// configured reads the environment of a Deployment as the program would.
func configured(t *testing.T, d appsv1.Deployment) *config.Config {
	t.Helper()
	var environ []string
	for _, e := range d.Spec.Template.Spec.Containers[0].Env {
		if !strings.HasSuffix(e.Name, "_FILE") { // of Secrets that are not here
			environ = append(environ, e.Name+"="+e.Value)
		}
	}
	environ = append(environ, "EASYAUTH_KEYS=MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=", "EASYAUTH_CLIENT_SECRET="+standin.Secret)
	cfg, _, err := config.Load(environ, config.Roles{})
	if err != nil {
		t.Fatalf("%v\n%q", err, environ)
	}
	return cfg
}

// one is the first call of a program whose arguments begin with these words.
func one(t *testing.T, calls []standin.Call, program, begins string) standin.Call {
	t.Helper()
	for _, c := range calls {
		if c.Program == program && strings.HasPrefix(strings.Join(c.Args, " ")+" ", begins+" ") {
			return c
		}
	}
	t.Errorf("%s %s was not called", program, begins)
	return standin.Call{}
}

// objects decodes the only object of a kind in several documents of YAML.
func objects(t *testing.T, documents, version, kind string, into any) {
	t.Helper()
	found := 0
	for _, text := range regexp.MustCompile(`(?m)^---.*$`).Split(documents, -1) {
		if strings.Contains(text, "helm.sh/hook") {
			continue
		}
		var head struct {
			APIVersion string `json:"apiVersion"`
			Kind       string `json:"kind"`
		}
		if err := yaml.Unmarshal([]byte(text), &head); err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		if head.APIVersion != version || head.Kind != kind {
			continue
		}
		found++
		if err := yaml.UnmarshalStrict([]byte(text), into); err != nil {
			t.Fatalf("%s: %v\n%s", kind, err, text)
		}
	}
	if found != 1 {
		t.Fatalf("%d objects are %s %s", found, version, kind)
	}
}

// strict decodes an object of any kind that pages hold.
func strict(t *testing.T, text string) {
	t.Helper()
	var head struct{ Kind string }
	if err := yaml.Unmarshal([]byte(text), &head); err != nil {
		t.Fatal(err)
	}
	kinds := map[string]any{"Deployment": &appsv1.Deployment{}, "Service": &corev1.Service{}, "Ingress": &networkingv1.Ingress{}}
	if kinds[head.Kind] == nil {
		t.Fatalf("an object of kind %q\n%s", head.Kind, text)
	}
	if err := yaml.UnmarshalStrict([]byte(text), kinds[head.Kind]); err != nil {
		t.Errorf("%s: %v", head.Kind, err)
	}
}

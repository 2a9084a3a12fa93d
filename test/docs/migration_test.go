package docs

import (
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"

	"github.com/easyauth-sidecar/easyauth/test/docs/standin"
)

// What the page about EasyAuthForK8s tells people to do with the values of their release: the real helm reads
// them with our chart.
func TestMigrationFromEasyAuthForK8s(t *testing.T) {
	d := page(t, "docs/migrating-from-easyauthfork8s.md")
	shell := "git clone https://github.com/easyauth-sidecar/easyauth.git && ln -s easyauth/charts charts\n"
	for _, b := range d.fence {
		if b.language == "sh" && strings.Contains(b.text, "helm get values") {
			shell += b.text
		}
	}
	tr, err := follow(t, shell)
	if err != nil {
		t.Fatal(err)
	}
	var app appsv1.Deployment
	objects(t, tr.rendered, "apps/v1", "Deployment", &app)
	cfg := configured(t, app)
	if cfg.TenantID != standin.TenantID || cfg.ClientID != standin.ClientID || len(cfg.Hosts) != 1 || cfg.Hosts[0] != "app.example.com" || !cfg.AllowBearer {
		t.Errorf("the old values were lost: %q, %q, %q, bearer %v", cfg.TenantID, cfg.ClientID, cfg.Hosts, cfg.AllowBearer)
	}
	for path, want := range map[string]string{cfg.AuthPath: "/easyauth2/auth", cfg.SigninPath: "/easyauth2/login", cfg.CallbackPath: "/easyauth2/signin-oidc"} {
		if path != want {
			t.Errorf("%s, want %s", path, want)
		}
	}
	if !strings.Contains(d.text, cfg.AuthPath+`"`) || !strings.Contains(d.text, cfg.SigninPath+`"`) || !strings.Contains(d.text, cfg.CallbackPath+"`") {
		t.Error("the page names other paths")
	}
	if !strings.Contains(tr.rendered, "name: aad-secret") || !strings.Contains(tr.rendered, "key: CLIENT_SECRET") {
		t.Error("the old Secret is not used")
	}
}

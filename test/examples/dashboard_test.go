package examples

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	rbac "k8s.io/api/rbac/v1"

	"github.com/easyauth-sidecar/easyauth/test/entra"
)

// The dashboard's Ingress before something that speaks https and shows what it gets.
func TestDashboard(t *testing.T) {
	t.Parallel()
	const host = "https://dashboard.example.com"
	dashboard := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]any{"uri": r.RequestURI, "headers": r.Header}) // the browser has gone away
	}))
	t.Cleanup(dashboard.Close)
	// A service account's token: another issuer than ours.
	const ofCluster = "eyJhbGciOiJSUzI1NiIsImtpZCI6ImsifQ.eyJpc3MiOiJodHRwczovL2t1YmVybmV0ZXMuZGVmYXVsdC5zdmMiLCJzdWIiOiJzeXN0ZW06c2VydmljZWFjY291bnQ6a3ViZXJuZXRlcy1kYXNoYm9hcmQ6ZGFzaGJvYXJkLXZpZXdlciJ9.c2lnbmF0dXJl"
	for _, row := range []struct {
		what    string
		env     map[string]string
		ofEntra int // the answer to a session with Entra ID's token for another API
	}{
		{"without bearer tokens", nil, 200},
		{"with bearer tokens", map[string]string{"EASYAUTH_ALLOW_BEARER": "true"}, 302},
		{"with others ignored", map[string]string{"EASYAUTH_ALLOW_BEARER": "true", "EASYAUTH_BEARER_FOREIGN_AUDIENCE": "ignore"}, 200},
	} {
		t.Run(row.what, func(t *testing.T) {
			t.Parallel()
			env := environment(t, "ingress/easyauth.yaml")
			env["EASYAUTH_HOSTS"] = strings.TrimPrefix(host, "https://")
			for name, value := range row.env {
				env[name] = value
			}
			idp := directory(t, "dashboard.example.com")
			idp.ChangeUser(entra.Adele, func(u *entra.User) { u.Roles = []string{"ClusterViewer"} })
			port := ingressNginx(t, of[networking.Ingress](objects(t, "kubernetes-dashboard/ingress.yaml")), map[string]string{
				"easyauth": local(serve(t, idp, env).port), "kubernetes-dashboard-kong-proxy": strings.TrimPrefix(dashboard.URL, "https://"),
			}).port
			h := page()
			h.Set("Authorization", "Bearer "+ofCluster)
			if r := visit(t, port).do(host+"/", h); r.status != http.StatusFound {
				t.Errorf("who holds a token of the cluster alone: %d", r.status)
			}
			if r, end := visit(t, port).open(host+"/", entra.Bob); r.status != http.StatusForbidden {
				t.Errorf("without the role: %d at %s", r.status, end)
			}
			adele := visit(t, port)
			if r, _ := adele.open(host+"/", entra.Adele); r.echo(t).Headers.Get("Authorization") != "" {
				t.Errorf("a token is added: %s", r.body)
			}
			if r := adele.do(host+"/api/v1/pod", h); r.status != http.StatusOK || r.echo(t).Headers.Get("Authorization") != "Bearer "+ofCluster {
				t.Errorf("a session with the cluster's token: %d %s", r.status, r.body)
			}
			foreign, err := idp.UserToken(entra.Adele, cliID, "User.Read")
			if err != nil {
				t.Fatal(err)
			}
			h.Set("Authorization", "Bearer "+foreign)
			if r := adele.do(host+"/api/v1/pod", h); r.status != row.ofEntra {
				t.Errorf("a session with Entra ID's token for another API: %d, want %d", r.status, row.ofEntra)
			}
		})
	}
}

// The viewer may read, and nothing else.
func TestDashboardViewer(t *testing.T) {
	t.Parallel()
	all := objects(t, "kubernetes-dashboard/viewer.yaml")
	account, binding := of[core.ServiceAccount](all)[0], of[rbac.ClusterRoleBinding](all)[0]
	if binding.RoleRef != (rbac.RoleRef{APIGroup: "rbac.authorization.k8s.io", Kind: "ClusterRole", Name: "view"}) {
		t.Errorf("it is bound to %+v", binding.RoleRef)
	}
	if s := binding.Subjects; len(s) != 1 || s[0] != (rbac.Subject{Kind: "ServiceAccount", Name: account.Name, Namespace: account.Namespace}) {
		t.Errorf("bound are %+v", s)
	}
	if account.AutomountServiceAccountToken == nil || *account.AutomountServiceAccountToken {
		t.Error("its token is mounted into pods")
	}
}

package proxies

import (
	"flag"
	"maps"
	"os"
	"path/filepath"
	"testing"

	"github.com/easyauth-sidecar/easyauth/test/matrix"
)

var update = flag.Bool("update", false, "write the rows of docs/proxies/matrix.md")

// TestMatrix tries all proxies that are Go modules. Traefik's custom resources must do what its files do.
// Rows that -run leaves out are not compared.
func TestMatrix(t *testing.T) {
	t.Parallel()
	rows := matrix.Run(t, caddy(), files(t), ingresses(), routes())
	if t.Failed() {
		return
	}
	if len(rows) == 4 {
		as, custom := rows[1], rows[3]
		if !maps.Equal(custom.Cells, as.Cells) || !maps.Equal(custom.Notes, as.Notes) {
			t.Errorf("custom resources: %v %v, files: %v %v", custom.Cells, custom.Notes, as.Cells, as.Notes)
		}
		rows = rows[:3]
	}
	matrix.Tell(t, rows, *update)
}

func TestPathsOfTwoReadings(t *testing.T) {
	t.Parallel()
	matrix.RefusesPathsOfTwoReadings(t, caddy(), files(t), ingresses(), routes())
}

func caddy() matrix.Proxy {
	return matrix.Proxy{Name: matrix.CaddyNew, Env: forward(), Start: startCaddy}
}

// otherUpgrades is what is to be known of Traefik's tunnels.
const otherUpgrades = "Traefik takes out `Upgrade: h2c`, and passes on upgrades to protocols of other names. " +
	"No application may answer 101 to a protocol that it does not mean to speak with strangers."

// files is Traefik with the files of its page, and with a secret.
func files(t *testing.T) matrix.Proxy {
	t.Helper()
	secret := filepath.Join(t.TempDir(), "proxy-secret")
	if err := os.WriteFile(secret, []byte(proxySecret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	env := forward()
	env["EASYAUTH_PROXY_SECRET_FILE"] = secret
	return matrix.Proxy{
		Name: matrix.TraefikForwardAuth, Env: env, OwnForwarded: true, OtherUpgrades: true,
		Notes: map[matrix.Column]string{matrix.Spoofing: otherUpgrades},
		Start: func(t *testing.T, at matrix.Place) { startFiles(t, at, "127.0.0.1:0", edits{}) },
	}
}

// routes is Traefik with the custom resources of its page.
func routes() matrix.Proxy {
	return matrix.Proxy{
		Name: matrix.TraefikForwardAuth, Env: forward(), OwnForwarded: true, OtherUpgrades: true,
		Notes: map[matrix.Column]string{matrix.Spoofing: otherUpgrades}, Start: startRoutes,
	}
}

// ingresses is Traefik with the Ingresses of its page.
func ingresses() matrix.Proxy {
	return matrix.Proxy{
		Name: matrix.TraefikIngressNginx, Env: forward(), OwnForwarded: true, OtherUpgrades: true,
		Notes: map[matrix.Column]string{matrix.Spoofing: otherUpgrades, matrix.Refused: "With changed annotations: `/easyauth/auth/forward`, and no `auth-signin`. " +
			"With those of ingress-nginx [everybody is refused, or loses the cookie](traefik.md#traefiks-ingress-nginx-provider)."},
		Start: func(t *testing.T, at matrix.Place) { startIngresses(t, at, "/public/") },
	}
}

// forward tells EasyAuth that proxies ask at /easyauth/auth/forward.
func forward() map[string]string { return map[string]string{"EASYAUTH_ADAPTERS": "forward"} }

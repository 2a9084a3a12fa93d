package matrix

import (
	"context"
	"net"
	"os"
	"testing"

	"github.com/easyauth-sidecar/easyauth/test/process"
)

// Host is where people find the application: https://app.example.com, on the standard port.
const Host = "app.example.com"

// Names of the rows, in the order of the table.
const (
	Nginx               = "nginx"
	HAProxy             = "HAProxy"
	Caddy26             = "Caddy 2.6"
	CaddyNew            = "Caddy ≥ 2.11"
	TraefikForwardAuth  = "Traefik, ForwardAuth"
	TraefikIngressNginx = "Traefik, ingress-nginx provider"
	EnvoyHTTP           = "Envoy, HTTP (stand-in)"
	EnvoyGRPC           = "Envoy, gRPC (protocol)"
	Inline              = "`easyauth proxy`"
)

// Proxies are all rows, in the order of the table.
func Proxies() []string {
	return []string{Nginx, HAProxy, Caddy26, CaddyNew, TraefikForwardAuth, TraefikIngressNginx, EnvoyHTTP, EnvoyGRPC, Inline}
}

// Column is one try.
type Column string

// The tries.
const (
	Refused     Column = "refused"
	SignedIn    Column = "signed in"
	DeepLink    Column = "deep link"
	RoleRefused Column = "role refused"
	StepUp      Column = "scope step-up"
	XHR         Column = "XHR"
	Bearer      Column = "bearer"
	Post        Column = "POST"
	WebSocket   Column = "WebSocket"
	SignOut     Column = "sign-out"
	Spoofing    Column = "header spoofing"
	AuthDown    Column = "auth server down"
)

// Columns are all tries, in the order of the table.
func Columns() []Column {
	return []Column{Refused, SignedIn, DeepLink, RoleRefused, StepUp, XHR, Bearer, Post, WebSocket, SignOut, Spoofing, AuthDown}
}

// Rule is what a proxy must ask under a path.
type Rule struct {
	Path  string // everything that begins with it
	Query string // of the auth-url; "" for everybody who is signed in
	Open  bool   // nobody is asked
}

// Rules are those of every stand. The longest path that fits counts.
func Rules() []Rule {
	return []Rule{{Path: "/"}, {Path: "/admin/", Query: "role=Admin"}, {Path: "/mail/", Query: "scope=Mail.Read"}, {Path: "/public/", Open: true}}
}

// Proxy is one row.
type Proxy struct {
	Name string
	// Env is what EasyAuth is told for this proxy, beside tenant, registration, keys, host and addresses.
	Env map[string]string
	// Start starts the proxy, which must end with the test, and returns when it listens.
	Start func(t *testing.T, at Place)
	// Lacks are the tries that this proxy cannot do, each with the reason in a sentence.
	Lacks map[Column]string
	// Notes are printed under the table and referred to from the cell.
	Notes map[Column]string
	// OnlyListed says that the proxy takes out headers by name alone: those that the configuration lists are tried, and
	// not another one with their prefix.
	OnlyListed bool
	// CaseMatters says that the proxy's rules are of one case, and its page that the application must be too:
	// RefusesPathsOfTwoReadings then takes /ADMIN for another page than /admin.
	CaseMatters bool
	// OtherUpgrades says that the proxy knows h2c and takes it out, and cannot be told to take out other upgrades: a note
	// on Spoofing must say so.
	OtherUpgrades bool
	// OwnForwarded says that the proxy passes on no X-Forwarded-Host and the like of clients, whatever its configuration
	// says.
	OwnForwarded bool
	// Alone says that the proxy is EasyAuth itself: no other EasyAuth is started, and "auth server down" ends what
	// Start began last with Place.Begin.
	Alone bool
}

// Place is where a proxy finds the others, and is found.
type Place struct {
	Dir                      string // an empty folder of its own
	Listen                   string // 127.0.0.1:port: TLS, for Host
	Auth, Application        string // 127.0.0.1:port: plain http
	Admin                    string // 127.0.0.1:port: free, for an admin listener
	Certificate, Key, Bundle string // PEM files; Bundle has both
	Bare                     bool   // take nothing out of the client's headers, and set no identity headers
	Program                  string // EasyAuth's
	Environ                  []string

	begun *[]*process.Process
}

// Begin starts a program that ends with the test. What it printed is shown when the test failed.
func (at Place) Begin(t *testing.T, c process.Command) *process.Process {
	t.Helper()
	p, err := process.Start(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.End(os.Interrupt, patience); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Logf("%s printed:\n%s", p.Name(), tail(p.Output()))
		}
	})
	*at.begun = append(*at.begun, p)
	return p
}

// Listens waits until the program listens on an address. That it ends before is an error.
func Listens(t *testing.T, p *process.Process, addr string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	dial := func(ctx context.Context) error {
		var d net.Dialer
		conn, err := d.DialContext(ctx, "tcp", addr)
		if err != nil {
			return err
		}
		return conn.Close()
	}
	if err := p.Await(ctx, "it listens on "+addr, dial); err != nil {
		t.Fatal(err)
	}
}

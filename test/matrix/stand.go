package matrix

import (
	"encoding/base64"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/test/entra"
	"github.com/easyauth-sidecar/easyauth/test/process"
)

const (
	clientID     = "11111111-2222-4333-8444-555555555555"
	clientSecret = "a-secret-of-the-matrix"
	callerID     = "22222222-2222-4333-8444-555555555555" // another application, which calls ours
	ownAPI       = "api://" + clientID
	ownScope     = ownAPI + "/Orders.Read"
	sealingKey   = "01234567890123456789012345678901"
	patience     = 30 * time.Second // for a program to be ready, or to end
)

// stand is a proxy with all that is around it.
type stand struct {
	proxy Proxy
	place Place
	idp   *entra.Server
	app   *application
	begun []*process.Process
	auth  *process.Process // EasyAuth
}

// begin starts a stand that ends with the test; what the programs printed is shown when it failed.
func begin(t *testing.T, program string, p Proxy, bare bool) *stand {
	t.Helper()
	ports := claimPorts(t, 5)
	dir := t.TempDir()
	s := &stand{proxy: p, place: Place{
		Dir: filepath.Join(dir, "proxy"), Listen: ports[0], Auth: ports[1], Application: ports[2], Admin: ports[3],
		Certificate: filepath.Join(dir, "cert.pem"), Key: filepath.Join(dir, "key.pem"), Bundle: filepath.Join(dir, "bundle.pem"),
		Bare: bare, Program: program,
	}}
	s.place.begun = &s.begun
	if err := os.Mkdir(s.place.Dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := writeCertificate(dir, Host); err != nil {
		t.Fatal(err)
	}
	s.startEntra(t)
	app, err := startApplication(t.Context(), s.place.Application)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(app.close)
	s.app = app
	s.place.Environ = s.environ()
	if !p.Alone {
		env := slices.Concat(s.place.Environ, []string{"EASYAUTH_LISTEN=" + s.place.Auth, "EASYAUTH_ADMIN_LISTEN=" + ports[4]})
		s.auth = s.place.Begin(t, process.Command{Name: "easyauth", Program: program, Args: []string{"serve"}, Env: env})
		Listens(t, s.auth, s.place.Auth)
	}
	p.Start(t, s.place)
	if p.Alone && len(s.begun) > 0 {
		s.auth = s.begun[len(s.begun)-1]
	}
	return s
}

func (s *stand) startEntra(t *testing.T) {
	t.Helper()
	s.idp = entra.StartTest(t, entra.Config{Clients: []entra.Client{
		{
			ID: clientID, Secret: clientSecret, Name: "Matrix", API: entra.API{Scopes: []string{"Orders.Read"}},
			RedirectURIs:   []string{"https://" + Host + "/easyauth/signin-oidc"},
			PostLogoutURIs: []string{"https://" + Host + "/easyauth/signout-callback-oidc"},
		},
		{ID: callerID, Secret: "the-caller's", Name: "Nightly import"},
	}})
}

// environ is EasyAuth's environment, but for where it listens.
func (s *stand) environ() []string {
	env := map[string]string{
		"HOME": os.Getenv("HOME"), "EASYAUTH_INSTANCE": s.idp.BaseURL() + "/", "EASYAUTH_GRAPH_URL": s.idp.BaseURL(),
		"EASYAUTH_TENANT_ID": s.idp.TenantID(), "EASYAUTH_CLIENT_ID": clientID, "EASYAUTH_CLIENT_SECRET": clientSecret,
		"EASYAUTH_KEYS": base64.StdEncoding.EncodeToString([]byte(sealingKey)), "EASYAUTH_HOSTS": Host,
		"EASYAUTH_ALLOW_BEARER": "true", "EASYAUTH_READ_REGISTRATION": "false", "EASYAUTH_SHUTDOWN_TIMEOUT": "5s", "EASYAUTH_CLAIM_HEADERS": "department",
	}
	maps.Copy(env, s.proxy.Env)
	var environ []string
	for _, name := range slices.Sorted(maps.Keys(env)) {
		environ = append(environ, name+"="+env[name])
	}
	return environ
}

// down ends EasyAuth as a crash would.
func (s *stand) down(t *testing.T) {
	t.Helper()
	if err := s.auth.Signal(os.Kill); err != nil {
		t.Fatal(err)
	}
	<-s.auth.Done()
}

// userToken is an access token for our API that a user let the caller have.
func (s *stand) userToken(t *testing.T, user string) string {
	t.Helper()
	token, err := s.idp.UserToken(user, callerID, ownScope)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func tail(text string) string {
	const most = 6000
	if len(text) > most {
		return "…" + text[len(text)-most:]
	}
	return text
}

// bearing is what a program with a token sends.
func bearing(token string) http.Header {
	return http.Header{"Authorization": {"Bearer " + token}, "Accept": {"application/json"}}
}

// describe is an answer in an error.
func describe(r *reply) string {
	text := fmt.Sprintf("%s: %d", r.url, r.status)
	if to := r.header.Get("Location"); to != "" {
		text += " to " + to
	}
	return text + "\n" + strings.TrimSpace(tail(r.body))
}

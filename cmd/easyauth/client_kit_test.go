package main

import (
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/test/entra"
	"github.com/easyauth-sidecar/easyauth/test/servers"
)

const (
	pipelineID     = "22222222-0000-4000-8000-000000000002"
	pipelineSecret = "p1peline"
	pipelineJob    = "repo:contoso/shop:ref:refs/heads/main"
	ofShop         = "api://" + clientID + "/.default"
)

// shop is an application whose server gives tokens to programs, its identity provider, and
// the computer of somebody who uses it.
type shop struct {
	t      *testing.T
	server *server
	idp    *entra.Server
	jobs   *entra.FederatedIssuer
	url    string            // of the application
	vars   map[string]string // of the server
	state  string            // XDG_STATE_HOME
	more   []string          // variables of the person
	front  *http.Server      // what stands before it, as a proxy does

	hook atomic.Pointer[func(w http.ResponseWriter, r *http.Request) bool]
}

// openShop starts all of it, with more variables of the server.
func openShop(t *testing.T, more map[string]string) *shop {
	t.Helper()
	l := listen(t, "127.0.0.1:0")
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	s := &shop{t: t, url: "http://localhost:" + port, jobs: entra.NewFederatedIssuer("https://token.actions.example.com"), state: t.TempDir()}
	s.idp = entra.StartTest(t, entra.Config{Clients: []entra.Client{
		{ID: clientID, Secret: "s3cret", API: entra.API{Scopes: []string{"access_as_user"}}, RedirectURIs: []string{s.url + "/easyauth/signin-oidc"}},
		{
			ID: pipelineID, Secret: pipelineSecret, Federated: []entra.FederatedCredential{s.jobs.Credential(pipelineJob)},
			AppPermissions: map[string][]string{"api://" + clientID: {"Orders.Read"}},
		},
	}})
	s.vars = with(t, laptop(t, strings.TrimPrefix(s.idp.BaseURL(), "http://")), map[string]string{
		"EASYAUTH_TOKEN_API": "true", "EASYAUTH_READ_REGISTRATION": "false",
		"EASYAUTH_HOSTS": "localhost:" + port,
	}, more)
	s.server = start(t, s.vars)
	s.front = &http.Server{Handler: s, ReadHeaderTimeout: patience, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)}
	go func() { _ = s.front.Serve(l) }()
	t.Cleanup(func() { _ = s.front.Close() })
	waitFor(t, "discovery", func() bool { return !strings.Contains(s.server.get(s.server.admin, "/readyz", nil).body, "degraded") })
	return s
}

// openShopWithStore is openShop with sessions in Redis.
func openShopWithStore(t *testing.T) *shop {
	t.Helper()
	redis := servers.StartRedis(t, servers.RedisOptions{})
	return openShop(t, map[string]string{"EASYAUTH_STORE": "redis", "EASYAUTH_REDIS_URL": redis.URL()})
}

// before sets what a request passes first; nil: nothing. It answers if it returns false.
func (s *shop) before(hook func(w http.ResponseWriter, r *http.Request) bool) {
	if hook == nil {
		s.hook.Store(nil)
		return
	}
	s.hook.Store(&hook)
}

// ServeHTTP implements http.Handler: it hands a request on as it is.
func (s *shop) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if hook := s.hook.Load(); hook != nil && !(*hook)(w, r) {
		return
	}
	(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.Out.URL.Scheme, r.Out.URL.Host, r.Out.Host = "http", s.server.public, r.In.Host
	}}).ServeHTTP(w, r)
}

// aToken is the beginning of a token of ours, access or refresh. What is sealed is random
// and may have these characters anywhere inside.
var aToken = regexp.MustCompile(`(?:^|[^A-Za-z0-9_-])ear?_`)

// environ is that of the person, or of the pipeline, with more variables.
func (s *shop) environ(more ...string) []string {
	return append([]string{"XDG_STATE_HOME=" + s.state, "PATH=" + os.Getenv("PATH")}, append(more, s.more...)...)
}

// easyauth runs the program until it ends.
func (s *shop) easyauth(more []string, args ...string) (code int, stdout, stderr string) {
	s.t.Helper()
	var out, errs lockedBuffer
	cmd := exec.CommandContext(s.t.Context(), program, args...)
	cmd.Env, cmd.Stdout, cmd.Stderr = s.environ(more...), &out, &errs
	var exit *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &exit) {
		s.t.Fatal(err)
	}
	if aToken.MatchString(errs.String()) {
		s.t.Errorf("easyauth %q: a token on stderr:\n%s", args, errs.String())
	}
	return cmd.ProcessState.ExitCode(), out.String(), errs.String()
}

// token is what `easyauth token` prints, which must be one.
func (s *shop) token(more []string, args ...string) string {
	s.t.Helper()
	code, stdout, stderr := s.easyauth(more, append([]string{"token", s.url}, args...)...)
	if code != exitOK || stderr != "" || !aToken.MatchString(stdout) || !regexp.MustCompile(`^ea_\S+\n$`).MatchString(stdout) {
		s.t.Fatalf("token: %d\nstdout: %.10s…, %d bytes\nstderr: %s", code, stdout, len(stdout), stderr)
	}
	return strings.TrimSuffix(stdout, "\n")
}

// login is a running `easyauth login`.
type login struct {
	shop   *shop
	cmd    *exec.Cmd
	errs   lockedBuffer
	out    lockedBuffer
	target string // the address that the person opens
}

func (s *shop) login(args ...string) *login {
	s.t.Helper()
	l := &login{shop: s, cmd: exec.CommandContext(s.t.Context(), program, append([]string{"login", s.url}, args...)...)}
	l.cmd.Env, l.cmd.Stdout, l.cmd.Stderr = s.environ(), &l.out, &l.errs
	if err := l.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _, _ = l.cmd.Process.Kill(), l.cmd.Wait() }) // it may have ended
	waitFor(s.t, "the address to open", func() bool {
		l.target = regexp.MustCompile(`(?m)^  (http://\S+)\n`).FindString(l.errs.String())
		l.target = strings.TrimSpace(l.target)
		return l.target != ""
	})
	return l
}

// ended waits for the end and gives the exit code and what was said.
func (l *login) ended() (code int, stderr string) {
	l.shop.t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = l.cmd.Wait() // the code tells
	}()
	select {
	case <-done:
	case <-time.After(patience):
		l.shop.t.Fatalf("easyauth login goes on\n%s", l.errs.String())
	}
	if said := l.out.String(); said != "" || aToken.MatchString(l.errs.String()) {
		l.shop.t.Errorf("stdout: %q\nstderr: %s", said, l.errs.String())
	}
	return l.cmd.ProcessState.ExitCode(), l.errs.String()
}

// signedIn signs Adele in and ends well.
func (s *shop) signedIn(args ...string) {
	s.t.Helper()
	l := s.login(append([]string{"--no-browser"}, args...)...)
	if resp := newPerson(s).visit(decide(newPerson(s), l.target, "allow")); resp.StatusCode != http.StatusOK {
		s.t.Fatalf("the page at the end: %d\n%s", resp.StatusCode, resp.body)
	}
	if code, stderr := l.ended(); code != exitOK || !strings.Contains(stderr, "Signed in to "+s.url) {
		s.t.Fatalf("login: %d\n%s", code, stderr)
	}
}

// who is whose a token is, as the server says; "" if it refuses it.
func (s *shop) who(token string) string {
	s.t.Helper()
	resp := newPerson(s).send(http.MethodGet, s.url+"/easyauth/api/v1/session", nil, http.Header{"Authorization": {"Bearer " + token}})
	var answer struct{ Oid string }
	if resp.StatusCode == http.StatusOK && json.Unmarshal([]byte(resp.body), &answer) != nil {
		s.t.Fatal(resp.body)
	}
	return answer.Oid
}

// kept is the one file with a token, and its content.
func (s *shop) kept() (path string, content map[string]any) {
	s.t.Helper()
	files, err := filepath.Glob(filepath.Join(s.state, "easyauth", "*.json"))
	if err != nil || len(files) != 1 {
		s.t.Fatalf("%v, %v: want one file", files, err)
	}
	text, err := os.ReadFile(files[0])
	if err == nil {
		err = json.Unmarshal(text, &content)
	}
	if err != nil {
		s.t.Fatal(err)
	}
	return files[0], content
}

// age makes the token that is kept end at a time.
func (s *shop) age(end time.Time) {
	s.t.Helper()
	path, content := s.kept()
	content["issued"], content["expires"] = end.Add(-time.Hour), end
	text, err := json.Marshal(content)
	if err == nil {
		err = os.WriteFile(path, text, 0o600)
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

// asked is how often the token endpoint answered a grant in some way.
func (s *shop) asked(grant, result string) string {
	s.t.Helper()
	line := regexp.MustCompile(`(?m)^easyauth_token_requests_total\{grant="` + grant + `",result="` + result + `"\} (\d+)`)
	match := line.FindStringSubmatch(s.server.get(s.server.admin, "/metrics", nil).body)
	if match == nil {
		return "0"
	}
	return match[1]
}

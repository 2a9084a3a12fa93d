// Package stand puts real parts together: nginx, EasyAuth's own binary, the
// Entra ID emulator and the sample application, on free ports of 127.0.0.1. The
// end-to-end tests and the demonstration run on it. Everything that it starts
// it stops, by process id; it touches no other service of the machine.
package stand

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/easyauth-sidecar/easyauth/test/entra"
)

// ClientID and clientSecret are the application's registration at the emulator.
const (
	ClientID     = "11111111-2222-4333-8444-555555555555"
	clientSecret = "a-secret-of-the-demonstration"
)

// Key is what every EasyAuth seals with.
const Key = "01234567890123456789012345678901"

// Config of a Stand. The zero value is one host over plain http on localhost.
type Config struct {
	Dir      string // required: an empty folder for binaries, configuration and logs
	Binaries *Binaries

	// Hosts are application hosts such as app.test, served over TLS with a
	// certificate of our own. Empty: http://localhost:Port.
	Hosts []string
	Port  int // nginx's port; 0: a free one

	// Env are more variables for EasyAuth; an empty one takes a variable away. In
	// values {port} is nginx's port, and {entra} the emulator's address, http://….
	// What a test changes here counts from the next RestartEasyAuth on.
	Env          map[string]string
	SmallBuffers bool                // nginx's default 4k for the sign-in paths too
	EntraStopped bool                // do not start the emulator: see StartEntra
	ClientRoles  []string            // app roles of the registration; nil: all
	Rules        []Rule              // more protected paths
	Registration func(*entra.Client) // changes the registration before the start; nil: as it is
	Emulator     func(*entra.Config) // and the emulator's tenant; nil: as it is
	Replicas     int                 // of EasyAuth, which nginx asks in turn; 0 means 1
	NginxWorkers int                 // processes of nginx; 0 means 2. Each has its own turn: with 1 two replicas alternate

	// AskAgain lets nginx go on asking a replica that does not answer, beside the one
	// that does (max_fails=0, as ingress-nginx has it), instead of leaving it out for 10 s.
	AskAgain bool

	// Apart starts three EasyAuths instead of Replicas: the first answers nginx's
	// questions, the second signs people in and out, the third is the worker, which
	// gets no secret but the store's address. nginx sends each path to its own.
	Apart bool
	// Tokens lets nginx pass on the headers of tokens that are handed over, with the
	// buffers that they need.
	Tokens bool
	// Assertion is the header of signed identities that nginx passes on; empty: none.
	Assertion string
	// Headers are more identity headers that nginx passes on: those of a profile or a mapping.
	Headers []string
}

// Places of the replicas of a Stand whose parts are Apart.
const (
	RoleAuth = iota
	RoleSignIn
	RoleWorker
)

// Binaries are the programs under test, built once.
type Binaries struct{ EasyAuth, Sample string }

// Stand is a running set of parts.
type Stand struct {
	Entra     *entra.Server
	Port      int    // nginx
	EasyAuth  string // http://127.0.0.1:port of the first EasyAuth itself, past nginx
	Admin     string // http://127.0.0.1:port of its admin listener
	cfg       Config
	entraAddr string
	stopEntra func()
	processes []*Process // in the order of their start
	replicas  []*replica
	claim     net.Listener // see claimPorts
}

// replica is one EasyAuth.
type replica struct {
	url, admin string
	roles      string // "": all
	process    *Process
	before     string // what its ended processes logged
}

// Start starts everything and waits until it answers. On an error all that was
// started is stopped again.
func Start(ctx context.Context, cfg Config) (s *Stand, err error) {
	s = &Stand{cfg: cfg}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Stop())
			s = nil
		}
	}()
	const own = 3 // nginx, the emulator, the sample
	replicas := max(cfg.Replicas, 1)
	roles := make([]string, replicas)
	if cfg.Apart {
		roles = []string{RoleAuth: "auth", RoleSignIn: "signin", RoleWorker: "worker"}
		replicas = len(roles)
	}
	ports, err := s.claimPorts(ctx, own+2*replicas)
	if err != nil {
		return s, err
	}
	if s.Port = cfg.Port; s.Port == 0 {
		s.Port = ports[0]
	}
	for i := range replicas {
		s.replicas = append(s.replicas, &replica{url: address(ports[own+2*i]), admin: address(ports[own+2*i+1]), roles: roles[i]})
	}
	s.EasyAuth, s.Admin = s.replicas[0].url, s.replicas[0].admin
	s.entraAddr = strings.TrimPrefix(address(ports[1]), "http://")
	s.Entra = newEntra(s.origins(), s.entraAddr, cfg)
	if !cfg.EntraStopped {
		if err := s.StartEntra(ctx); err != nil {
			return s, err
		}
	}
	sample := address(ports[2])
	if err := s.start(ctx, "sample", nil, cfg.Binaries.Sample, "-listen", strings.TrimPrefix(sample, "http://")); err != nil {
		return s, err
	}
	for _, r := range s.replicas {
		if err := s.startEasyAuth(ctx, r); err != nil {
			return s, err
		}
	}
	if err := s.startNginx(ctx, sample); err != nil {
		return s, err
	}
	return s, nil
}

func address(port int) string { return fmt.Sprintf("http://127.0.0.1:%d", port) }

// URL is a page of a host: URL("app.test", "/admin"). Without TLS the host is
// localhost, whatever is given.
func (s *Stand) URL(host, path string) string {
	if len(s.cfg.Hosts) == 0 {
		return fmt.Sprintf("http://localhost:%d%s", s.Port, path)
	}
	return fmt.Sprintf("https://%s:%d%s", host, s.Port, path)
}

func (s *Stand) origins() []string {
	if len(s.cfg.Hosts) == 0 {
		return []string{s.URL("", "")}
	}
	var out []string
	for _, h := range s.cfg.Hosts {
		out = append(out, s.URL(h, ""))
	}
	return out
}

func newEntra(origins []string, addr string, cfg Config) *entra.Server {
	client := entra.Client{ID: ClientID, Secret: clientSecret, Name: "Sample application", AppRoles: cfg.ClientRoles}
	for _, o := range origins {
		client.RedirectURIs = append(client.RedirectURIs, o+"/easyauth/signin-oidc")
		client.PostLogoutURIs = append(client.PostLogoutURIs, o+"/easyauth/signout-callback-oidc")
	}
	if cfg.Registration != nil {
		cfg.Registration(&client)
	}
	tenant := entra.Config{BaseURL: "http://" + addr, Clients: []entra.Client{client}}
	if cfg.Emulator != nil {
		cfg.Emulator(&tenant)
	}
	return entra.New(tenant)
}

// StartEntra starts the emulator on the address that EasyAuth was given.
func (s *Stand) StartEntra(ctx context.Context) error {
	stop, err := s.Entra.Start(context.WithoutCancel(ctx), s.entraAddr)
	if err != nil {
		return err
	}
	s.stopEntra = stop
	return nil
}

// StopEntra makes the emulator unreachable.
func (s *Stand) StopEntra() {
	if s.stopEntra != nil {
		s.stopEntra()
		s.stopEntra = nil
	}
}

func (s *Stand) startEasyAuth(ctx context.Context, r *replica) error {
	args := []string{"serve"}
	if r.roles != "" {
		args = append(args, "--roles="+r.roles)
	}
	if err := s.start(ctx, "easyauth", s.environ(r), s.cfg.Binaries.EasyAuth, args...); err != nil {
		return err
	}
	r.process = s.processes[len(s.processes)-1]
	return waitHTTP(ctx, r.process, r.admin+"/readyz")
}

// environ is the environment of a replica.
func (s *Stand) environ(r *replica) []string {
	env := map[string]string{
		"EASYAUTH_INSTANCE": "http://" + s.entraAddr + "/", "EASYAUTH_GRAPH_URL": "http://" + s.entraAddr,
		"EASYAUTH_TENANT_ID": s.Entra.TenantID(), "EASYAUTH_CLIENT_ID": ClientID, "EASYAUTH_CLIENT_SECRET": clientSecret,
		"EASYAUTH_KEYS":   base64.StdEncoding.EncodeToString([]byte(Key)),
		"EASYAUTH_LISTEN": strings.TrimPrefix(r.url, "http://"), "EASYAUTH_ADMIN_LISTEN": strings.TrimPrefix(r.admin, "http://"),
		"EASYAUTH_GRAPH_QUERIES": "boss=/me/manager?$select=displayName,jobTitle", "EASYAUTH_SHUTDOWN_TIMEOUT": "8s",
	}
	if len(s.cfg.Hosts) == 0 {
		env["EASYAUTH_HOSTS"] = s.URL("", "")
	} else {
		var hosts []string
		for _, h := range s.cfg.Hosts {
			hosts = append(hosts, fmt.Sprintf("%s:%d", h, s.Port))
		}
		env["EASYAUTH_HOSTS"] = strings.Join(hosts, ",")
	}
	for name, value := range s.cfg.Env {
		env[name] = strings.NewReplacer("{port}", fmt.Sprint(s.Port), "{entra}", "http://"+s.entraAddr).Replace(value)
	}
	var environ []string
	for name, value := range env {
		if value != "" && (r.roles != "worker" || forWorker(name)) {
			environ = append(environ, name+"="+value)
		}
	}
	return environ
}

// forWorker tells what the worker alone needs.
func forWorker(name string) bool {
	for _, part := range []string{"STORE", "REDIS_URL", "POSTGRES_URL", "ADMIN_LISTEN", "SHUTDOWN_TIMEOUT", "LOG_"} {
		if strings.HasPrefix(name, "EASYAUTH_"+part) {
			return true
		}
	}
	return false
}

// Command runs a command of EasyAuth's program in the environment of the first
// replica and returns all that it printed. That it fails is an error.
func (s *Stand) Command(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, s.cfg.Binaries.EasyAuth, args...)
	cmd.Env = s.environ(s.replicas[0])
	out, err := cmd.CombinedOutput()
	if err != nil {
		err = fmt.Errorf("easyauth %s: %w", strings.Join(args, " "), err)
	}
	return string(out), err
}

// RestartEasyAuth starts each EasyAuth that has ended again, on its addresses
// and with its configuration.
func (s *Stand) RestartEasyAuth(ctx context.Context) error {
	for _, r := range s.replicas {
		select {
		case <-r.process.Done():
			r.before += r.process.Output()
			if err := s.startEasyAuth(ctx, r); err != nil {
				return err
			}
		default:
		}
	}
	return nil
}

// EasyAuthProcess is the first running EasyAuth.
func (s *Stand) EasyAuthProcess() *Process { return s.replicas[0].process }

// Replica is the i-th EasyAuth, from 0.
func (s *Stand) Replica(i int) *Process { return s.replicas[i].process }

// ReplicaURL is the i-th EasyAuth itself, past nginx.
func (s *Stand) ReplicaURL(i int) string { return s.replicas[i].url }

// ReplicaAdmin is the admin listener of the i-th EasyAuth.
func (s *Stand) ReplicaAdmin(i int) string { return s.replicas[i].admin }

// Log is what every EasyAuth has logged so far.
func (s *Stand) Log() string {
	var b strings.Builder
	for i := range s.replicas {
		b.WriteString(s.ReplicaLog(i))
	}
	return b.String()
}

// ReplicaLog is what the i-th EasyAuth has logged so far, over all its starts.
func (s *Stand) ReplicaLog(i int) string {
	return s.replicas[i].before + s.replicas[i].process.Output()
}

// NginxErrors is nginx's error log so far.
func (s *Stand) NginxErrors() string {
	text, err := os.ReadFile(filepath.Join(s.cfg.Dir, "nginx", "logs", "error.log"))
	if err != nil {
		return err.Error()
	}
	return string(text)
}

func (s *Stand) start(ctx context.Context, name string, env []string, program string, args ...string) error {
	p, err := startProcess(ctx, name, env, program, args...)
	if err != nil {
		return err
	}
	s.processes = append(s.processes, p)
	return nil
}

// Stop stops everything, the newest first, and waits for each.
func (s *Stand) Stop() error {
	var errs []error
	for i := len(s.processes) - 1; i >= 0; i-- {
		errs = append(errs, s.processes[i].Stop(stopTimeout))
	}
	s.processes = nil
	s.StopEntra()
	if s.claim != nil {
		errs = append(errs, s.claim.Close())
		s.claim = nil
	}
	return errors.Join(errs...)
}

const stopTimeout = 30 * time.Second

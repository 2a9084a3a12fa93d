package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"

	"github.com/easyauth-sidecar/easyauth/test/entra"
	"github.com/easyauth-sidecar/easyauth/test/process"
)

const module = "github.com/easyauth-sidecar/easyauth/"

// programs are what is measured, built as a release is.
type programs struct {
	easyauth string
	perf     string // this program: as a server of its own it is the bare handler
}

// build compiles the programs into dir. It must run inside the module.
func build(ctx context.Context, dir string) (programs, error) {
	p := programs{easyauth: filepath.Join(dir, "easyauth"), perf: filepath.Join(dir, "perf")}
	for out, pkg := range map[string]string{p.easyauth: "cmd/easyauth", p.perf: "test/perf"} {
		// -race=false: tests of this program are built with the race detector.
		cmd := exec.CommandContext(ctx, "go", "build", "-race=false", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w", "-o", out, module+pkg)
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		if text, err := cmd.CombinedOutput(); err != nil {
			return p, fmt.Errorf("build %s: %w\n%s", pkg, err, text)
		}
	}
	return p, nil
}

// server is a process that answers requests.
type server struct {
	process *process.Process

	url   string // http://127.0.0.1:port
	admin string // of EasyAuth's admin listener
}

// startEasyAuth starts the real program with the emulator as its identity
// provider, and waits until it is ready and has read the provider's keys. extra
// are more variables.
func startEasyAuth(ctx context.Context, program string, idp *entra.Server, extra ...map[string]string) (*server, error) {
	env := map[string]string{
		"EASYAUTH_INSTANCE": idp.BaseURL() + "/", "EASYAUTH_GRAPH_URL": idp.BaseURL(), "EASYAUTH_READ_REGISTRATION": "false",
		"EASYAUTH_TENANT_ID": idp.TenantID(), "EASYAUTH_CLIENT_ID": clientID, "EASYAUTH_CLIENT_SECRET": clientSecret,
		"EASYAUTH_KEYS": base64.StdEncoding.EncodeToString([]byte(ringKey)), "EASYAUTH_HOSTS": host,
		"EASYAUTH_LISTEN": "127.0.0.1:0", "EASYAUTH_ADMIN_LISTEN": "127.0.0.1:0", "EASYAUTH_LOG_FORMAT": "json",
	}
	for _, more := range extra {
		maps.Copy(env, more)
	}
	var environ []string
	for name, value := range env {
		environ = append(environ, name+"="+value)
	}
	command := "serve"
	if env[upstreams] != "" {
		command = "proxy"
	}
	p, err := start(ctx, "easyauth", environ, program, command)
	if err != nil {
		return nil, err
	}
	s := &server{process: p}
	line, err := printed(ctx, p, regexp.MustCompile(`(?m)^\{.*"msg":"ready".*\}$`))
	if err == nil {
		err = s.readAddresses(line[0])
	}
	if err == nil {
		err = waitFor(ctx, p, "it knew the identity provider", func() bool { return notDegraded(ctx, s.admin+"/readyz") })
	}
	if err != nil {
		_ = stop(p) // the first error counts
		return nil, err
	}
	return s, nil
}

func (s *server) pid() int { return s.process.PID() }

func (s *server) stop() error { return s.process.Stop(patience) }

func (s *server) readAddresses(line string) error {
	var ready struct {
		Listen string `json:"listen"`
		Admin  string `json:"admin_listen"`
	}
	if err := json.Unmarshal([]byte(line), &ready); err != nil {
		return fmt.Errorf("read easyauth's addresses: %w", err)
	}
	s.url, s.admin = "http://"+ready.Listen, "http://"+ready.Admin
	return nil
}

func notDegraded(ctx context.Context, url string) bool {
	body, err := get(ctx, url)
	var ready struct{ Degraded []string }
	return err == nil && json.Unmarshal(body, &ready) == nil && len(ready.Degraded) == 0
}

// startBare starts the bare handler with the answer that it has to give.
func startBare(ctx context.Context, program, dir string, a answer) (*server, error) {
	text, err := json.Marshal(a)
	if err != nil {
		return nil, err
	}
	file := filepath.Join(dir, "answer.json")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		return nil, err
	}
	p, err := start(ctx, "bare", nil, program, "bare", file)
	if err != nil {
		return nil, err
	}
	line, err := printed(ctx, p, regexp.MustCompile(`(?m)^listening on (\S+)$`))
	if err != nil {
		_ = stop(p) // the first error counts
		return nil, err
	}
	return &server{process: p, url: "http://" + line[1]}, nil
}

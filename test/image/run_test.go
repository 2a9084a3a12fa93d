package image

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/test/entra"
)

// container is the program as a hardened container has it: with nothing else in sight, nothing that it could write, and as
// user 65532 without any rights.
func container(t *testing.T, root string, environ []string, args ...string) *exec.Cmd {
	t.Helper()
	const script = `PATH=$PATH:/usr/sbin:/sbin
mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec chroot --userspec=65532:65532 --groups= "$0" /easyauth "$@"`
	cmd := inside(context.WithoutCancel(t.Context()), append([]string{"unshare", "--mount", "sh", "-c", script, root}, args...)...)
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "EASYAUTH_") {
			cmd.Env = append(cmd.Env, variable)
		}
	}
	cmd.Env = append(cmd.Env, environ...)
	return cmd
}

const (
	clientID     = "11111111-2222-4333-8444-555555555555"
	clientSecret = "a-secret-of-the-test"
	key          = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
)

func environ(idp *entra.Server, ports [2]int) []string {
	return []string{
		"TZ=Asia/Kolkata",
		"EASYAUTH_INSTANCE=" + idp.BaseURL() + "/", "EASYAUTH_TENANT_ID=" + idp.TenantID(),
		"EASYAUTH_CLIENT_ID=" + clientID, "EASYAUTH_CLIENT_SECRET=" + clientSecret,
		"EASYAUTH_KEYS=" + key, "EASYAUTH_HOSTS=app.example.com", "EASYAUTH_SHUTDOWN_TIMEOUT=2s",
		fmt.Sprintf("EASYAUTH_LISTEN=127.0.0.1:%d", ports[0]), fmt.Sprintf("EASYAUTH_ADMIN_LISTEN=127.0.0.1:%d", ports[1]),
	}
}

// checkRuns runs the program of the image in its own files.
func checkRuns(t *testing.T, root string) {
	ports := freePorts(t)
	good := environ(entra.StartTest(t, entra.Config{Clients: []entra.Client{{ID: clientID, Secret: clientSecret, RedirectURIs: []string{"https://app.example.com/easyauth/signin-oidc"}}}}), ports)

	// A folder and a file that anybody could write, if the file system were not read-only.
	open := filepath.Join(root, "open")
	if err := errors.Join(os.Mkdir(open, 0o777), os.Chmod(open, 0o777), os.WriteFile(filepath.Join(open, "keys"), []byte(key), 0o666), os.Chmod(filepath.Join(open, "keys"), 0o666)); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name    string
		environ []string
		args    []string
		code    int
		want    string // in what it prints
	}{
		{"version", nil, []string{"version"}, 0, version},
		{"a good configuration", good, []string{"check-config"}, 0, "The configuration is good."},
		{"a wrong one", append(slices.Clone(good), "EASYAUTH_LOG_LEVEL=loud"), []string{"check-config"}, 2, "EASYAUTH_LOG_LEVEL: must be"},
		{"nothing can be written", nil, []string{"keygen", "--rotate", "/open/keys"}, 1, "read-only file system"},
		{"not healthy before it runs", good, []string{"healthcheck"}, 1, "not healthy"},
	} {
		output, code := runs(t, container(t, root, tt.environ, tt.args...))
		if code != tt.code || !strings.Contains(output, tt.want) {
			t.Errorf("%s: exit code %d, want %d and %q:\n%s", tt.name, code, tt.code, tt.want, output)
		}
	}

	serve := container(t, root, good, "serve")
	var log strings.Builder
	serve.Stdout, serve.Stderr = &log, &log
	if err := serve.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- serve.Wait() }()
	ready := waitReady(t, fmt.Sprintf("http://127.0.0.1:%d/readyz", ports[1]), ended)
	if output, code := runs(t, container(t, root, good, "healthcheck")); ready && (code != 0 || output != "ok\n") {
		t.Errorf("healthy: exit code %d\n%s", code, output)
	}
	if err := serve.Process.Signal(syscall.SIGTERM); err != nil {
		t.Error(err)
	}
	select {
	case err := <-ended:
		if err != nil {
			t.Errorf("it ended with %v", err)
		}
	case <-time.After(time.Minute):
		t.Error("it does not end")
		_ = serve.Process.Kill()
		<-ended
	}
	// The zone is +05:30, although there are no files of time zones.
	if text := log.String(); !ready || !strings.Contains(text, `+05:30"`) {
		t.Errorf("its log:\n%s", text)
	}
}

func runs(t *testing.T, cmd *exec.Cmd) (output string, code int) {
	t.Helper()
	text, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return string(text), cmd.ProcessState.ExitCode()
}

// waitReady waits until the server is ready and has read what the identity provider says about itself.
func waitReady(t *testing.T, url string, ended chan error) bool {
	t.Helper()
	var last string
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		select {
		case err := <-ended:
			ended <- err
			t.Errorf("it ended at once: %v", err)
			return false
		default:
		}
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			last = err.Error()
			continue
		}
		body, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if last = string(body); err == nil && resp.StatusCode == http.StatusOK && !strings.Contains(last, "degraded") {
			return true
		}
	}
	t.Errorf("not ready: %s", last)
	return false
}

func freePorts(t *testing.T) (ports [2]int) {
	t.Helper()
	for i := range ports {
		var lc net.ListenConfig
		l, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = l.Close() }()
		ports[i] = l.Addr().(*net.TCPAddr).Port
	}
	return ports
}

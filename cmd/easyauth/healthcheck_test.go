package main

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"testing"
)

func TestHealthcheck(t *testing.T) {
	address := freeAddress(t)
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	vars := with(t, map[string]string{"EASYAUTH_ADMIN_LISTEN": ":" + port})
	check := func(name, adminListen string, wantCode int, wantOut, wantErr string) {
		t.Helper()
		vars := with(t, vars, map[string]string{"EASYAUTH_ADMIN_LISTEN": adminListen})
		if code, stdout, stderr := execute(t, vars, "healthcheck"); code != wantCode || stdout != wantOut || !holds(stderr, wantErr) {
			t.Errorf("%s: exit code %d\nstdout: %s\nstderr: %s", name, code, stdout, stderr)
		}
	}
	check("not running", ":"+port, exitFailed, "", "not healthy: dial tcp")

	s := start(t, vars)
	for _, adminListen := range []string{":" + port, "0.0.0.0:" + port, "[::]:" + port, address, "localhost:" + port} {
		check(adminListen, adminListen, exitOK, "ok\n", "")
	}
	check("no fixed port", "127.0.0.1:0", exitUsage, "", "EASYAUTH_ADMIN_LISTEN has no fixed port")
	check("wrong configuration", marker, exitUsage, "", "run easyauth check-config")

	cmd := exec.CommandContext(t.Context(), program, "healthcheck")
	cmd.Env = environ(vars)
	if out, err := cmd.CombinedOutput(); err != nil || string(out) != "ok\n" {
		t.Errorf("as a program: %v\n%s", err, out)
	}
	s.end(errInterrupted)
	s.wait()
	check("stopped", ":"+port, exitFailed, "", "not healthy: dial tcp")
}

func TestHealthcheckWhileStopping(t *testing.T) {
	vars := with(t, map[string]string{"EASYAUTH_ADMIN_LISTEN": freeAddress(t), "EASYAUTH_SHUTDOWN_TIMEOUT": "10m"})
	s := start(t, vars)
	if code, _, stderr := execute(t, vars, "healthcheck"); code != exitOK {
		t.Fatalf("before: %d %s", code, stderr)
	}
	r := beginRequest(t, s)
	s.end(errInterrupted)
	waitFor(t, "the public listener to close", func() bool { return isClosed(t, s.public) })
	if code, stdout, stderr := execute(t, vars, "healthcheck"); code != exitFailed || stdout != "" || !strings.Contains(stderr, "/readyz answered 503") {
		t.Errorf("exit code %d\n%s%s", code, stdout, stderr)
	}
	r.finish(t)
}

// Another server on the port is not ours, and one that says nothing is not waited for.
func TestHealthcheckOfSomethingElse(t *testing.T) {
	for name, status := range map[string]int{"not found": http.StatusNotFound, "a redirect": http.StatusFound, "no content": http.StatusNoContent} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "/")
			w.WriteHeader(status)
		}))
		vars := with(t, map[string]string{"EASYAUTH_ADMIN_LISTEN": server.Listener.Addr().String()})
		if code, _, stderr := execute(t, vars, "healthcheck"); code != exitFailed || !strings.Contains(stderr, "not healthy: /readyz answered") {
			t.Errorf("%s: exit code %d %s", name, code, stderr)
		}
		server.Close()
	}
	silent := listen(t, "127.0.0.1:0")
	defer silent.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := readyz(ctx, silent.Addr().String()); err == nil {
		t.Error("no error for a context that has ended")
	}
}

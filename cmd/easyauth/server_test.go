package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"
)

// server is a running `easyauth serve`.
type server struct {
	t             *testing.T
	out, errs     lockedBuffer
	public, admin string   // addresses
	exited        chan int // the exit code, once
	end           func(cause error)
	process       *os.Process // nil when it runs inside the test
}

// start runs the server inside the test until it ends, and waits until it is ready.
func start(t *testing.T, vars map[string]string, flags ...string) *server {
	t.Helper()
	s := &server{t: t, exited: make(chan int, 1)}
	ctx, cancel := context.WithCancelCause(context.Background())
	s.end = func(cause error) { cancel(cause) }
	go func() {
		s.exited <- run(ctx, append([]string{"serve"}, flags...), environment{environ: environ(vars), stdout: &s.out, stderr: &s.errs, version: testVersion})
	}()
	t.Cleanup(func() {
		cancel(errInterrupted)
		s.wait()
	})
	s.waitReady()
	return s
}

// startProcess is start with the real program.
func startProcess(t *testing.T, vars map[string]string) *server {
	t.Helper()
	return startProgram(t, program, vars)
}

// startProgram starts the program in the file at path as a server. Of a copy of the program nothing is in
// memory yet that another test's process shares.
func startProgram(t *testing.T, path string, vars map[string]string) *server {
	t.Helper()
	s := &server{t: t, exited: make(chan int, 1)}
	cmd := exec.CommandContext(context.Background(), path, "serve")
	cmd.Env, cmd.Stdout, cmd.Stderr = environ(vars), &s.out, &s.errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	s.process = cmd.Process
	go func() {
		_ = cmd.Wait() // the code tells
		s.exited <- cmd.ProcessState.ExitCode()
	}()
	t.Cleanup(func() {
		_ = s.process.Kill() // it may have ended
		s.wait()
	})
	s.waitReady()
	return s
}

func (s *server) waitReady() {
	s.t.Helper()
	waitFor(s.t, "the server to be ready", func() bool {
		select {
		case code := <-s.exited:
			s.t.Fatalf("exit code %d\n%s%s", code, s.out.String(), s.errs.String())
		default:
		}
		line, ok := s.logged("ready")
		s.public, s.admin = line["listen"], line["admin_listen"]
		return ok
	})
}

// wait returns the exit code; it may be called again.
func (s *server) wait() int {
	s.t.Helper()
	select {
	case code := <-s.exited:
		s.exited <- code
		return code
	case <-time.After(patience):
		s.t.Fatalf("waited %v for the server to end\n%s", patience, s.out.String())
	}
	return 0
}

// logged returns the first log line with this message, in either format.
func (s *server) logged(message string) (map[string]string, bool) {
	for line := range strings.Lines(s.out.String()) {
		attributes := map[string]string{}
		var all map[string]any
		if json.Unmarshal([]byte(line), &all) == nil {
			for name, value := range all {
				attributes[name] = fmt.Sprint(value)
			}
		} else {
			for _, match := range regexp.MustCompile(`(\w+)=("[^"]*"|\S*)`).FindAllStringSubmatch(line, -1) {
				attributes[match[1]] = strings.Trim(match[2], `"`)
			}
		}
		if attributes["msg"] == message {
			return attributes, true
		}
	}
	return nil, false
}

// response is an answer whose body was read.
type response struct {
	*http.Response

	body string
}

// get asks one of the addresses, as the host that is served.
func (s *server) get(address, path string, header http.Header) *response {
	s.t.Helper()
	resp, err := ask(s.t, address, path, header)
	if err != nil {
		s.t.Fatal(err)
	}
	return resp
}

func ask(t *testing.T, address, path string, header http.Header) (*response, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = host
	maps.Copy(r.Header, header)
	transport := &http.Transport{DisableKeepAlives: true}
	resp, err := transport.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(resp.Body)
	return &response{resp, string(body)}, errors.Join(err, resp.Body.Close())
}

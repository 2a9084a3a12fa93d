package main

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"text/template"

	"github.com/easyauth-sidecar/easyauth/test/process"
)

//go:embed nginx.conf.tmpl
var gatewayTemplate string

//go:embed application.conf.tmpl
var applicationTemplate string

// check is one way to guard the application.
type check struct {
	Name string // of the location
	Pass string // who answers auth_request: "" (there is none), stub, close or keepalive
	what string // for the table
}

func checks() []check {
	return []check{
		{"open", "", "no auth_request"},
		{"stub", "stub", "auth_request to `return 202` in nginx itself"},
		{"keepalive", "keepalive", "auth_request to EasyAuth, connections kept (`keepalive` in an upstream)"},
		{"close", "close", "auth_request to EasyAuth, a new connection each time (nginx's default)"},
	}
}

func (c check) asksEasyAuth() bool { return c.Pass != "" && c.Pass != "stub" }

type injected struct{ Name, Variable string }

// gatewayView is what the templates show.
type gatewayView struct {
	Listen, Application, EasyAuth string // host:port
	AuthURL                       string
	Checks                        []check
	Headers                       []injected
}

// gateway is nginx in front of EasyAuth and an application.
type gateway struct {
	processes []*process.Process
	url       string
	worker    int // its process id
}

// startGateway starts nginx, with an application behind it.
func startGateway(ctx context.Context, dir, easyauth string) (g *gateway, err error) {
	program, err := findNginx()
	if err != nil {
		return nil, err
	}
	g = &gateway{}
	defer func() {
		if err != nil {
			err = errors.Join(err, g.stop())
		}
	}()
	ports, err := freePorts(ctx, 2)
	if err != nil {
		return g, err
	}
	v := gatewayView{
		Listen: ports[0], Application: ports[1], EasyAuth: strings.TrimPrefix(easyauth, "http://"),
		AuthURL: authPath + "?role=Orders.Read", Checks: checks(),
	}
	for _, name := range []string{"name", "oid", "preferred-username", "sub", "tid", "email", "groups", "scp", "roles", "graph"} {
		v.Headers = append(v.Headers, injected{"x-injected-" + name, "x_injected_" + strings.ReplaceAll(name, "-", "_")})
	}
	g.url = "http://" + v.Listen
	for _, part := range []struct{ name, text, ready string }{
		{"application", applicationTemplate, "http://" + v.Application + "/"},
		{"gateway", gatewayTemplate, g.url + "/ready"},
	} {
		p, err := startNginx(ctx, program, dir, part.name, part.text, v)
		if err != nil {
			return g, err
		}
		g.processes = append(g.processes, p)
		if err := waitFor(ctx, p, "it answered", func() bool { return answers(ctx, part.ready) }); err != nil {
			return g, err
		}
	}
	g.worker, err = childOf(g.processes[1].PID())
	return g, err
}

func startNginx(ctx context.Context, program, dir, name, text string, v gatewayView) (*process.Process, error) {
	t, err := template.New(name).Parse(text)
	if err != nil {
		return nil, err
	}
	var conf bytes.Buffer
	if err := t.Execute(&conf, v); err != nil {
		return nil, err
	}
	file := filepath.Join(dir, name+".conf")
	if err := os.WriteFile(file, conf.Bytes(), 0o600); err != nil {
		return nil, err
	}
	return start(ctx, name, nil, program, "-p", dir, "-e", filepath.Join(dir, name+".log"), "-c", file)
}

func (g *gateway) stop() error {
	var errs []error
	for i := len(g.processes) - 1; i >= 0; i-- {
		errs = append(errs, stop(g.processes[i]))
	}
	return errors.Join(errs...)
}

func findNginx() (string, error) {
	if program, err := exec.LookPath("nginx"); err == nil {
		return program, nil
	}
	const program = "/usr/sbin/nginx" // not in every user's PATH
	if _, err := os.Stat(program); err != nil {
		return "", errors.New("nginx is not installed: `make bench` and `make test` install it on Debian (test/tools/install-dependencies bench)")
	}
	return program, nil
}

// freePorts returns addresses that nobody listens on.
func freePorts(ctx context.Context, n int) (list []string, err error) {
	var listen net.ListenConfig
	for range n {
		l, err := listen.Listen(ctx, "tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, l.Close()) }()
		list = append(list, l.Addr().String())
	}
	return list, nil
}

func answers(ctx context.Context, url string) bool {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return false
	}
	r.Close = true
	resp, err := http.DefaultClient.Do(r)
	return err == nil && resp.Body.Close() == nil && resp.StatusCode < http.StatusBadRequest
}

package proxies

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/test/matrix"
	"github.com/easyauth-sidecar/easyauth/test/process"
)

// page is what a reader of Traefik copies from. Its blocks of YAML, in their order:
const (
	page = "docs/proxies/traefik.md"

	blockStatic = iota
	blockDynamic
	blockArguments
	blockEdge
	blockHost
	blockRoutes
	blockIngresses
)

// twoReadings is what the page has against paths that an application may read otherwise.
const twoReadings = `(?i)[;\\]|%(25)*(00|2e|2f|3b|5c)`

const proxySecret = "a-secret-between-the-two"

// program is a proxy that TestMain has built.
func program(t *testing.T, name string) string {
	t.Helper()
	file, err := Program(t.Context(), name, os.Stderr)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// edits are pairs of texts of the page's files, and what takes their place.
type edits struct{ static, dynamic []string }

// startFiles starts Traefik with the files of the page.
func startFiles(t *testing.T, at matrix.Place, web string, e edits) {
	t.Helper()
	static := []string{`":80"`, web, `":443"`, at.Listen, "127.0.0.1:8082", at.Admin, "/etc/traefik/easyauth.yaml", at.Dir + "/easyauth.yaml"}
	dynamic := []string{
		"127.0.0.1:8080", at.Auth, "127.0.0.1:3000", at.Application, "127.0.0.1:8082", at.Admin,
		"/etc/ssl/app.example.com.pem", at.Certificate, "/etc/ssl/app.example.com.key", at.Key,
	}
	static, dynamic = append(static, e.static...), append(dynamic, e.dynamic...)
	if at.Bare {
		static = append(static, "      middlewares: [edge@file, edge-prefix@file]", "      middlewares: []", "Strategy: delete", "Strategy: keep", ": false", ": true")
		dynamic = append(dynamic, "Regex: (?i)^x-injected-", "Regex: ^nothing$", twoReadings, "^/nothing$")
	}
	at.Write(t, "easyauth.yaml", matrix.Block(t, page, "yaml", blockDynamic, dynamic...))
	file := at.Write(t, "traefik.yaml", matrix.Block(t, page, "yaml", blockStatic, static...))
	p := begin(t, process.Command{
		Name: "traefik", Program: program(t, Traefik), Args: []string{"--configFile=" + file}, Env: []string{"EASYAUTH_PROXY_SECRET=" + proxySecret},
	})
	serves(t, p, at)
}

// begin starts a program that ends with the test. What it printed is shown when the test failed.
func begin(t *testing.T, c process.Command) *process.Process {
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
			t.Logf("%s printed:\n%s", p.Name(), p.Output())
		}
	})
	return p
}

// patience is how long a program may take to serve, or to end.
const patience = 30 * time.Second

// serves waits until the proxy knows its routes: it listens before it does.
func serves(t *testing.T, p *process.Process, at matrix.Place) {
	t.Helper()
	client := client(t, at.Listen)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	err := p.Await(ctx, "it serves /public/", func(ctx context.Context) error {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+matrix.Host+"/public/", nil)
		if err != nil {
			return err
		}
		resp, err := client.Do(req)
		if err != nil {
			return err
		}
		_ = resp.Body.Close() // only the status matters
		if resp.StatusCode != http.StatusOK {
			return errors.New(resp.Status)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// client finds every host at addr, and follows no redirect.
func client(t *testing.T, addr string) *http.Client {
	t.Helper()
	transport := &http.Transport{
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, // of the test's own making
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, network, addr)
		},
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{
		Transport: transport, Timeout: time.Minute,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

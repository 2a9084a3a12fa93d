package matrix

import (
	"regexp"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/test/process"
)

const caddyPage = "docs/proxies/caddy.md"

// caddy is the configuration of docs/proxies/caddy.md.
func caddy() Proxy {
	return Proxy{Name: Caddy26, Env: map[string]string{"EASYAUTH_ADAPTERS": "forward"}, Start: startCaddy}
}

func startCaddy(t *testing.T, at Place) {
	t.Helper()
	startCaddyWith(t, at)
}

// startCaddyWith starts it with changes: what must be there, and what stands in its place.
func startCaddyWith(t *testing.T, at Place, oldnew ...string) {
	t.Helper()
	_, port, _ := strings.Cut(at.Listen, ":")
	conf := "{\n\tadmin off\n\tauto_https disable_redirects\n}\n" + Replaced(t, Block(t, caddyPage, "caddyfile", 1,
		"app.example.com {\n", "https://"+Host+":"+port+" {\n\tbind 127.0.0.1\n\ttls "+at.Certificate+" "+at.Key+"\n",
		"127.0.0.1:8080", at.Auth, "127.0.0.1:3000", at.Application), oldnew...)
	if at.Bare {
		conf = regexp.MustCompile(`(?m)^\s*(request_header |copy_headers |respond @two_readings ).*\n`).ReplaceAllString(conf, "")
	}
	file := at.Write(t, "Caddyfile", conf)
	p := at.Begin(t, process.Command{
		Name: "caddy", Program: program(t, "caddy"), Args: []string{"run", "--adapter", "caddyfile", "--config", file},
		Env: []string{"HOME=" + at.Dir, "XDG_DATA_HOME=" + at.Dir, "XDG_CONFIG_HOME=" + at.Dir},
	})
	Listens(t, p, at.Listen)
}

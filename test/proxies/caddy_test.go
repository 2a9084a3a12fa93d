package proxies

import (
	"regexp"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/test/matrix"
	"github.com/easyauth-sidecar/easyauth/test/process"
)

// startCaddy starts Caddy with the configuration of its page.
func startCaddy(t *testing.T, at matrix.Place) {
	t.Helper()
	_, port, _ := strings.Cut(at.Listen, ":")
	conf := "{\n\tadmin off\n\tauto_https disable_redirects\n}\n" + matrix.Block(t, "docs/proxies/caddy.md", "caddyfile", 1,
		"app.example.com {\n", "https://"+matrix.Host+":"+port+" {\n\tbind 127.0.0.1\n\ttls "+at.Certificate+" "+at.Key+"\n",
		"127.0.0.1:8080", at.Auth, "127.0.0.1:3000", at.Application)
	if at.Bare {
		conf = regexp.MustCompile(`(?m)^\s*(request_header |copy_headers |respond @two_readings ).*\n`).ReplaceAllString(conf, "")
	}
	file := at.Write(t, "Caddyfile", conf)
	p := begin(t, process.Command{
		Name: "caddy", Program: program(t, Caddy), Args: []string{"run", "--adapter", "caddyfile", "--config", file},
		Env: []string{"HOME=" + at.Dir, "XDG_DATA_HOME=" + at.Dir, "XDG_CONFIG_HOME=" + at.Dir},
	})
	matrix.Listens(t, p, at.Listen)
}

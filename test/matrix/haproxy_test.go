package matrix

import (
	"regexp"
	"testing"

	"github.com/easyauth-sidecar/easyauth/test/process"
)

const haproxyPage = "docs/proxies/haproxy.md"

// haproxy is the configuration of docs/proxies/haproxy.md.
func haproxy() Proxy {
	env := map[string]string{"EASYAUTH_ADAPTERS": "nginx,forward"} // another one's questions stay inside too
	return Proxy{Name: HAProxy, Env: env, Start: func(t *testing.T, at Place) { startHAProxy(t, at) }}
}

// startHAProxy starts it, with changes in the script: what must be there, and what stands in its place.
func startHAProxy(t *testing.T, at Place, oldnew ...string) {
	t.Helper()
	startHAProxyWith(t, at, nil, oldnew...)
}

// startHAProxyWith starts it with changes in the configuration, and in the script.
func startHAProxyWith(t *testing.T, at Place, configuration []string, script ...string) {
	t.Helper()
	lua := at.Write(t, "easyauth.lua", Block(t, haproxyPage, "lua", 1, script...))
	conf := Replaced(t, Block(t, haproxyPage, "haproxy", 1,
		"/etc/haproxy/easyauth.lua", lua, "bind :443", "bind "+at.Listen, "/etc/haproxy/app.example.com.pem", at.Bundle,
		"127.0.0.1:8080", at.Auth, "127.0.0.1:3000", at.Application), configuration...)
	if at.Bare {
		conf = regexp.MustCompile(`(?m)^ *http-request (del-header|deny deny_status 400) .*\n`).ReplaceAllString(conf, "")
	}
	p := at.Begin(t, process.Command{Name: "haproxy", Program: program(t, "haproxy"), Args: []string{"-db", "-f", at.Write(t, "haproxy.cfg", conf)}})
	Listens(t, p, at.Listen)
}

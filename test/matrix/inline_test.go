package matrix

import (
	"net/http"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/test/process"
)

// inline is `easyauth proxy`, in front of the application.
func inline() Proxy {
	return Proxy{
		Name: Inline, Alone: true, CaseMatters: true, Start: startInline,
		Notes: map[Column]string{AuthDown: "It is one program: while it is down nobody listens, and what stands in front of it says so."},
	}
}

func startInline(t *testing.T, at Place) {
	t.Helper()
	if at.Bare {
		startPlain(t, at)
		return
	}
	var upstreams []string
	for _, r := range Rules() {
		line := Host + r.Path + "=http://" + at.Application
		if r.Query != "" {
			line += " auth=" + r.Query
		}
		if r.Open {
			line += " public=true"
		}
		upstreams = append(upstreams, line)
	}
	env := slices.Concat(at.Environ, []string{
		"EASYAUTH_UPSTREAMS=" + strings.Join(upstreams, "\n"), "EASYAUTH_LISTEN=" + at.Listen, "EASYAUTH_ADMIN_LISTEN=" + at.Admin,
		"EASYAUTH_TLS_CERT_FILE=" + at.Certificate, "EASYAUTH_TLS_KEY_FILE=" + at.Key,
	})
	p := at.Begin(t, process.Command{Name: "easyauth proxy", Program: at.Program, Args: []string{"proxy"}, Env: env})
	Listens(t, p, at.Listen)
}

// startPlain is a reverse proxy that knows nothing: EasyAuth's cannot be told to leave headers alone.
func startPlain(t *testing.T, at Place) {
	t.Helper()
	to := &url.URL{Scheme: "http", Host: at.Application}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.Out.Header = r.In.Header.Clone()
		r.SetURL(to)
		r.Out.Host = r.In.Host
	}}
	serveTLS(t, at, proxy)
}

// serveTLS serves a stand-in of a proxy until the test ends.
func serveTLS(t *testing.T, at Place, h http.Handler) {
	t.Helper()
	l, err := listenAt(t.Context(), at.Listen)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: h, ReadHeaderTimeout: patience}
	done := make(chan error, 1)
	go func() { done <- server.ServeTLS(l, at.Certificate, at.Key) }()
	t.Cleanup(func() {
		_ = server.Close() // its connections are the test's
		<-done
	})
}

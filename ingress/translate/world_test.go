package translate

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/test/process"
)

// world is an EasyAuth that says what it was asked, and applications that say what they got.
type world struct {
	auth, app *httptest.Server
	hangs     atomic.Bool // EasyAuth takes questions, and answers none
	tunnels   atomic.Bool // the application opens a tunnel for whoever asks for one, and tells every header
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{}
	w.auth = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if w.hangs.Load() {
			<-r.Context().Done()
			return
		}
		if r.URL.Path != "/easyauth/auth" && r.URL.Path != "/easyauth/auth/forward" {
			_, _ = io.WriteString(rw, "easyauth "+r.URL.Path) //nolint:gosec // the test reads it
			return
		}
		if r.Header.Get("Cookie") != "in=1" || r.URL.RawQuery != "" && !strings.Contains(r.URL.RawQuery, "role") {
			rw.Header().Set("Set-Cookie", "state=1")
			rw.WriteHeader(http.StatusUnauthorized)
			return
		}
		for _, name := range fixed() {
			rw.Header().Set("X-Injected-"+name, "")
		}
		rw.Header().Set("X-Injected-Oid", "me")
		rw.Header().Set("X-Injected-Access-Token", "token")
		rw.Header().Set("X-Injected-Name", url.QueryEscape(r.URL.RawQuery+" "+r.Header.Get("X-Original-Url")+r.Header.Get("X-Forwarded-Uri")))
	}))
	t.Cleanup(w.auth.Close)
	w.app = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if w.tunnels.Load() {
			tellAll(rw, r)
			return
		}
		var list []string
		for name, values := range r.Header {
			folded := strings.ToLower(strings.Map(func(c rune) rune {
				if strings.ContainsRune(signs, c) {
					return '-'
				}
				return c
			}, name))
			if strings.HasPrefix(folded, "x-injected") || strings.HasPrefix(folded, "x-original") || strings.HasPrefix(folded, "x-rewrite") || folded == "forwarded" {
				list = append(list, name+"="+strings.Join(values, ","))
			}
		}
		slices.Sort(list)
		_, _ = fmt.Fprintf(rw, "app %s %s", r.RequestURI, strings.Join(list, " ")) //nolint:gosec // the test reads it
	}))
	t.Cleanup(w.app.Close)
	return w
}

const runIngresses = plainIngress + `apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: rest, namespace: shop, annotations: {nginx.ingress.kubernetes.io/auth-url: "http://easyauth.easyauth.svc/easyauth/auth"}}
spec: {rules: [{host: app.example.com, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: app, port: {number: 80}}}}]}}]}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: open, namespace: shop}
spec: {rules: [{host: app.example.com, http: {paths: [{path: /open/, pathType: Prefix, backend: {service: {name: app, port: {number: 80}}}}]}}]}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: never, namespace: shop, annotations: {nginx.ingress.kubernetes.io/auth-url: "http://easyauth.easyauth.svc/easyauth/auth?scope=Never&x='-%7C"}}
spec: {rules: [{host: app.example.com, http: {paths: [{path: /never, pathType: Prefix, backend: {service: {name: app, port: {number: 80}}}}]}}]}
`

// freeAddress is one below the range that systems take for outgoing connections.
func freeAddress(t *testing.T) string {
	t.Helper()
	var err error
	for range 100 {
		address := fmt.Sprintf("127.0.0.1:%d", 15000+rand.IntN(16000))
		l, listenErr := (&net.ListenConfig{}).Listen(t.Context(), "tcp", address)
		if err = listenErr; err == nil {
			_ = l.Close()
			return address
		}
	}
	t.Fatal(err)
	return ""
}

// toRun is what is translated for a proxy that the tests run, without TLS.
func toRun(t *testing.T, to string) string {
	t.Helper()
	return translation(t, strings.Replace(runIngresses, "  tls:\n    - hosts: [app.example.com]\n      secretName: app-tls\n", "", 1), to).Text
}

// start runs a proxy with what is translated for it. The change is made to Caddy's configuration, or to HAProxy's script.
func start(t *testing.T, w *world, to string, change func(string) string) (address string) {
	t.Helper()
	return startWith(t, w, to, toRun(t, to), change)
}

// startWith runs a proxy with a configuration, its Services being those of the world.
func startWith(t *testing.T, w *world, to, text string, change func(string) string) (address string) {
	t.Helper()
	address = freeAddress(t)
	auth, app := strings.TrimPrefix(w.auth.URL, "http://"), strings.TrimPrefix(w.app.URL, "http://")
	c := process.Command{Name: to, Program: program(t, to)}
	switch to {
	case "caddy":
		_, port, _ := strings.Cut(address, ":")
		text = "{\n\tadmin off\n}\n" + strings.NewReplacer("http://app.example.com {", "http://app.example.com:"+port+" {\n\tbind 127.0.0.1",
			"easyauth.easyauth.svc:80", auth, "app.shop.svc:80", app).Replace(text)
		c.Dir = folder(t, map[string]string{"Caddyfile": change(text)})
		c.Args = []string{"run", "--adapter", "caddyfile", "--config", filepath.Join(c.Dir, "Caddyfile")}
		c.Env = []string{"HOME=" + c.Dir, "XDG_DATA_HOME=" + c.Dir, "XDG_CONFIG_HOME=" + c.Dir}
	case "haproxy":
		text = strings.NewReplacer("bind :80", "bind "+address, "easyauth.easyauth.svc.cluster.local:80", auth,
			"app.shop.svc.cluster.local:80", app, " resolvers cluster init-addr libc,none", "").Replace(text)
		c.Dir = haproxyFolder(t, text, change)
		c.Args = []string{"-db", "-f", "haproxy.cfg"}
	}
	p, err := process.Start(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Stop(20 * time.Second) })
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	err = p.Await(ctx, "the port", func(ctx context.Context) error {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
		if err == nil {
			_ = conn.Close()
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return address
}

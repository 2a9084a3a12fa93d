package authserver_test

import (
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/easyauth-sidecar/easyauth/authserver"
	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/secret"
)

func TestEnvoyGRPCSecret(t *testing.T) {
	const right = "a-secret-of-the-proxy"
	e := newEnvoy(t, options{proxySecrets: []secret.String{secret.New(right)}})
	cookies := e.k.issue(access.Identity{})
	const name = "x-easyauth-proxy-secret"
	for _, row := range []struct {
		name   string
		q      *authv3.CheckRequest
		meta   []string
		passes bool
	}{
		{"right", checkOf("cookie", cookies), []string{name, right}, true},
		{"none", checkOf("cookie", cookies), nil, false},
		{"wrong", checkOf("cookie", cookies), []string{name, right + "x"}, false},
		{"twice", checkOf("cookie", cookies), []string{name, right, name, right}, false},
		{"empty", checkOf("cookie", cookies), []string{name, ""}, false},
		{"by the client", checkOf("cookie", cookies, name, right), nil, false},
		{"wrong by the client", checkOf("cookie", cookies, name, "x"), []string{name, right}, true},
		{"nothing asked", &authv3.CheckRequest{}, nil, false},
	} {
		a := e.check(row.q, row.meta...)
		if (a.GetOkResponse() != nil) != row.passes || !row.passes && a.GetDeniedResponse().GetStatus().GetCode() != 403 {
			t.Errorf("%s: %v", row.name, a)
		}
		if !row.passes && len(headersOf(a.GetDeniedResponse().GetHeaders())["Set-Cookie"]) > 0 {
			t.Errorf("%s: a cookie", row.name)
		}
		if !row.passes && !strings.Contains(a.GetDeniedResponse().GetBody(), "proxy_secret") {
			t.Errorf("%s: %s", row.name, a.GetDeniedResponse().GetBody())
		}
	}
	if log := e.k.log.String(); strings.Contains(log, right) || !strings.Contains(log, `"reason":"proxy_secret"`) || !strings.Contains(log, `"peer":"127.0.0.1"`) {
		t.Error("the log holds the secret, or not the reason")
	}
}

// Who asks without the secret is answered before it has sent its message.
func TestEnvoyGRPCReadsNothingOfAStranger(t *testing.T) {
	e := newEnvoy(t, options{proxySecrets: []secret.String{secret.New("a-secret-of-the-proxy")}})
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/envoy.service.auth.v3.Authorization/Check", unreadable{t})
	r.ProtoMajor, r.Header = 2, http.Header{"Content-Type": {"application/grpc"}, "Te": {"trailers"}}
	rec := httptest.NewRecorder()
	e.k.server.ServeHTTP(rec, r)
	if rec.Body.Len() == 0 {
		t.Error("no answer")
	}
}

type unreadable struct{ t *testing.T }

func (u unreadable) Read([]byte) (int, error) {
	u.t.Error("the message was read")
	return 0, net.ErrClosed
}

// The address of a client is Envoy's word, and counts for policies only from a proxy that is trusted.
func TestEnvoyGRPCClientAddress(t *testing.T) {
	const rules = "policies:\n  office:\n    allow:\n      - all: [{source: {in: [192.0.2.0/24]}}]\n"
	for _, row := range []struct {
		name    string
		proxies []netip.Prefix
		passes  bool
	}{
		{"of a trusted proxy", []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, true},
		{"of another", []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}, false},
		{"nobody is trusted", nil, false},
	} {
		e := newEnvoy(t, options{policies: rules, proxies: row.proxies})
		cookies := e.k.issue(access.Identity{})
		q := checkOf("cookie", cookies, "x-real-ip", "198.51.100.1")
		q.Attributes.ContextExtensions = map[string]string{"query": "policy=office"}
		if a := e.check(q); (a.GetOkResponse() != nil) != row.passes {
			t.Errorf("%s: %v", row.name, a)
		}
		q.Attributes.Source.Address.GetSocketAddress().Address = "198.51.100.1"
		q.Attributes.Request.Http.HeaderMap = checkOf("cookie", cookies, "x-real-ip", "192.0.2.1").Attributes.Request.Http.HeaderMap
		if a := e.check(q); a.GetOkResponse() != nil {
			t.Errorf("%s: the client's own word counts", row.name)
		}
	}
}

func TestEnvoyGRPCFaults(t *testing.T) {
	e := newEnvoy(t, options{noDiscovery: true})
	cookies := e.k.issue(access.Identity{})
	e.k.mu.Lock()
	e.k.clockFails = 1000
	e.k.mu.Unlock()
	for _, lines := range [][]string{opens("cookie", cookies), {"cookie", cookies}} {
		if a := e.check(checkOf(lines...)); a.GetOkResponse() != nil {
			t.Errorf("passes while nothing works: %v", a)
		}
	}
	e.k.mu.Lock()
	e.k.clockFails = 0
	e.k.mu.Unlock()
	if a := e.check(checkOf("cookie", cookies)); a.GetOkResponse() == nil {
		t.Errorf("refused when all works: %v", a)
	}
}

// An adapter that is not asked for is not there.
func TestEnvoyGRPCOff(t *testing.T) {
	e := newEnvoy(t, options{})
	cookies := e.k.issue(access.Identity{})
	e.k.server.Adapters = authserver.Adapters{Nginx: true, Forward: true, Envoy: true}
	_, err := e.client.Check(t.Context(), checkOf("cookie", cookies))
	if code := status.Code(err); code != codes.Unimplemented {
		t.Errorf("%v", err)
	}
}

// The audit stream has the address that Envoy says, never one that the client says.
func TestEnvoyGRPCAuditedAddress(t *testing.T) {
	for _, row := range []struct {
		name, source, client string
	}{
		{"of Envoy", "192.0.2.17", "192.0.2.17"},
		{"none of IP", "/run/envoy.sock", ""},
		{"none", "", ""},
	} {
		audited := &lockedBuffer{}
		e := newEnvoy(t, options{audited: audited})
		q := checkOf("cookie", e.k.issue(access.Identity{}), "x-real-ip", "198.51.100.1")
		q.Attributes.ContextExtensions = map[string]string{"query": "role=Admin"}
		q.Attributes.Source.Address.GetSocketAddress().Address = row.source
		if a := e.check(q); a.GetOkResponse() != nil {
			t.Fatalf("%s: %v", row.name, a)
		}
		line := audited.String()
		if !strings.Contains(line, `"reason":"role_missing"`) || strings.Contains(line, "198.51.100.1") || strings.Contains(line, `"client":"`+row.client+`"`) != (row.client != "") {
			t.Errorf("%s: %s", row.name, line)
		}
	}
}

package extauthz_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/encoding/gzip"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/easyauth-sidecar/easyauth/ingress/extauthz"
)

// server answers calls: a request whose path is /pass may pass, any other may not.
type server struct {
	*httptest.Server
	calls chan *extauthz.Check // what was read; nil: the message was too large
	waits bool                 // for the end of the call
	left  chan time.Duration   // until the caller's deadline, when it has one
}

func serve(t testing.TB, withTLS bool) *server {
	t.Helper()
	s := &server{calls: make(chan *extauthz.Check, 1000), left: make(chan time.Duration, 1000)}
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(s.answer))
	if withTLS {
		s.EnableHTTP2 = true
		s.StartTLS()
	} else {
		s.Config.Protocols = new(http.Protocols)
		s.Config.Protocols.SetUnencryptedHTTP2(true)
		s.Config.Protocols.SetHTTP1(true)
		s.Start()
	}
	t.Cleanup(s.Close)
	return s
}

func (s *server) answer(w http.ResponseWriter, r *http.Request) {
	call, ok := extauthz.Accept(w, r)
	if !ok {
		return
	}
	ctx, cancel := call.Context()
	defer cancel()
	if until, ok := ctx.Deadline(); ok {
		s.left <- time.Until(until)
	}
	message, err := call.Message()
	if errors.Is(err, extauthz.ErrTooLarge) {
		s.calls <- nil
		call.Reply(extauthz.Refusal{Status: 403, Body: "too large"}.Encode())
		return
	}
	if err != nil {
		return
	}
	c, err := extauthz.Decode(message)
	if err != nil {
		call.Reply(extauthz.Refusal{Status: 403, Body: err.Error()}.Encode())
		return
	}
	s.calls <- c
	if s.waits {
		<-ctx.Done()         // the deadline
		<-r.Context().Done() // the caller has gone
		return
	}
	if c.Path != "/pass" {
		call.Reply(extauthz.Refusal{Status: 302, Headers: []extauthz.Line{{Name: "Location", Value: "https://app.test/easyauth/login"}}}.Encode())
		return
	}
	b, err := extauthz.Pass{Set: []extauthz.Line{{Name: "X-Injected-Oid", Value: r.Header.Get("X-Said")}}}.Encode()
	if err != nil {
		panic(err)
	}
	call.Reply(b)
}

// client is grpc-go's.
func (s *server) client(t testing.TB) authv3.AuthorizationClient {
	t.Helper()
	secure := insecure.NewCredentials()
	if s.TLS != nil {
		pool := x509.NewCertPool()
		pool.AddCert(s.Certificate())
		secure = credentials.NewTLS(&tls.Config{RootCAs: pool, ServerName: "example.com"})
	}
	conn, err := grpc.NewClient("passthrough:"+s.Listener.Addr().String(), grpc.WithTransportCredentials(secure))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return authv3.NewAuthorizationClient(conn)
}

func to(t testing.TB, path string) *authv3.CheckRequest {
	t.Helper()
	q := asked(t)
	q.Attributes.Request.Http.Path = path
	return q
}

func TestGRPCClient(t *testing.T) {
	for name, withTLS := range map[string]bool{"clear text": false, "TLS": true} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, withTLS)
			client := s.client(t)
			for _, path := range []string{"/pass", "/no", "/pass"} {
				q := to(t, path)
				ctx := metadata.AppendToOutgoingContext(t.Context(), "x-said", "secret")
				a, err := client.Check(ctx, q)
				if err != nil {
					t.Fatal(err)
				}
				same(t, <-s.calls, q)
				if passes := a.GetStatus().GetCode() == 0; passes != (path == "/pass") || passes != (a.GetOkResponse() != nil) || passes == (a.GetDeniedResponse() != nil) {
					t.Errorf("%s: %v", path, a)
				}
				if h := a.GetOkResponse().GetHeaders(); path == "/pass" && (len(h) != 1 || h[0].GetHeader().GetValue() != "secret") {
					t.Errorf("the metadata did not arrive: %v", a)
				}
			}
			if len(s.left) != 0 {
				t.Error("a deadline that nobody set")
			}
		})
	}
}

func TestGRPCManyAtOnce(t *testing.T) {
	s := serve(t, false)
	client := s.client(t)
	failed := make(chan error, 300)
	for i := range cap(failed) {
		path := []string{"/pass", "/no"}[i%2]
		go func() {
			a, err := client.Check(t.Context(), to(t, path))
			if err == nil && (a.GetOkResponse() != nil) != (path == "/pass") {
				err = errors.New("another's answer")
			}
			failed <- err
		}()
	}
	for range cap(failed) {
		if err := <-failed; err != nil {
			t.Fatal(err)
		}
	}
}

func TestGRPCDeadline(t *testing.T) {
	s := serve(t, false)
	s.waits = true
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if _, err := s.client(t).Check(ctx, to(t, "/pass")); status.Code(err) != codes.DeadlineExceeded {
		t.Errorf("%v", err)
	}
	if left := <-s.left; left <= 0 || left > 300*time.Millisecond {
		t.Errorf("the server heard of %v", left)
	}
}

func TestGRPCSizes(t *testing.T) {
	s := serve(t, false)
	client := s.client(t)
	for _, row := range []struct {
		body int
		ok   bool
	}{{extauthz.MaxMessage - 2000, true}, {extauthz.MaxMessage + 1, false}, {3 << 20, false}, {0, true}} {
		q := to(t, "/pass")
		q.Attributes.Request.Http.Body = strings.Repeat("x", row.body)
		a, err := client.Check(t.Context(), q)
		if err != nil {
			t.Fatalf("%d bytes: %v", row.body, err)
		}
		if got := <-s.calls; (got != nil) != row.ok || (a.GetOkResponse() != nil) != row.ok || (a.GetStatus().GetCode() == 0) != row.ok {
			t.Errorf("%d bytes: %v", row.body, a)
		}
	}
}

func TestGRPCCompressed(t *testing.T) {
	s := serve(t, false)
	if _, err := s.client(t).Check(t.Context(), to(t, "/pass"), grpc.UseCompressor(gzip.Name)); status.Code(err) != codes.Unimplemented {
		t.Errorf("%v", err)
	}
	if len(s.calls) != 0 {
		t.Error("a compressed message was read")
	}
}

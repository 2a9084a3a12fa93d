package main

import (
	"crypto/tls"
	"testing"

	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
)

// The public listener speaks gRPC, with and without TLS, where the adapter is asked for.
func TestListenerSpeaksGRPC(t *testing.T) {
	for _, row := range []struct {
		adapters string
		secure   bool
		code     codes.Code
	}{
		{"envoy-grpc", false, codes.OK},
		{"envoy-grpc", true, codes.OK},
		{"nginx envoy-grpc", false, codes.OK},
		{"nginx envoy-grpc", true, codes.OK},
		{"nginx", false, codes.Unavailable},
		{"nginx", true, codes.Unavailable},
	} {
		vars := with(t, map[string]string{"EASYAUTH_ADAPTERS": row.adapters})
		creds := insecure.NewCredentials()
		if row.secure {
			vars["EASYAUTH_TLS_CERT_FILE"], vars["EASYAUTH_TLS_KEY_FILE"] = listenerFiles(t)
			creds = credentials.NewTLS(&tls.Config{InsecureSkipVerify: true})
		}
		conn, err := grpc.NewClient("passthrough:"+start(t, vars).public, grpc.WithTransportCredentials(creds))
		if err != nil {
			t.Fatal(err)
		}
		a, err := authv3.NewAuthorizationClient(conn).Check(t.Context(), &authv3.CheckRequest{Attributes: &authv3.AttributeContext{
			Request: &authv3.AttributeContext_Request{Http: &authv3.AttributeContext_HttpRequest{
				Method: "GET", Host: host, Path: "/", Headers: map[string]string{"accept": "text/html"},
			}},
		}})
		if status.Code(err) != row.code || err == nil && a.GetDeniedResponse().GetStatus().GetCode() != 302 {
			t.Errorf("%s, TLS %v: %v, %v", row.adapters, row.secure, a, err)
		}
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
	}
}

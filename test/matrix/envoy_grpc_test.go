package matrix

import (
	"context"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// envoyGRPC is the stand-in for Envoy that asks over gRPC, with gRPC's own client and Envoy's own messages.
func envoyGRPC(t *testing.T) Proxy {
	return Proxy{
		Name: EnvoyGRPC, Env: envoyEnv(t, "envoy-grpc"), Start: func(t *testing.T, at Place) { startEnvoy(t, at, false) },
	}
}

// grpc returns what asks over gRPC.
func (e *envoy) grpc(t *testing.T) func(context.Context, *envoyQuestion) verdict {
	t.Helper()
	service := e.authz.GetGrpcService()
	conn, err := grpc.NewClient(e.addresses[service.GetEnvoyGrpc().GetClusterName()],
		grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithAuthority(service.GetEnvoyGrpc().GetAuthority()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() }) // nothing is under way
	client := authv3.NewAuthorizationClient(conn)
	return func(ctx context.Context, q *envoyQuestion) verdict {
		ctx, cancel := context.WithTimeout(ctx, service.GetTimeout().AsDuration())
		defer cancel()
		initial := metadata.MD{}
		for _, h := range service.GetInitialMetadata() {
			initial.Append(h.GetKey(), h.GetValue())
		}
		answer, err := client.Check(metadata.NewOutgoingContext(ctx, initial), e.checkRequest(q))
		if err != nil {
			return e.unanswered()
		}
		return told(answer)
	}
}

func (e *envoy) checkRequest(q *envoyQuestion) *authv3.CheckRequest {
	r := &authv3.AttributeContext_HttpRequest{
		Id: strconv.Itoa(len(q.path)), Method: q.r.Method, Path: q.path, Host: q.r.Host, Scheme: "https", Protocol: q.r.Proto, Size: q.r.ContentLength,
	}
	all := map[string][]string{":authority": {q.r.Host}, ":path": {q.path}, ":method": {q.r.Method}, ":scheme": {"https"}}
	for name, values := range q.header {
		all[name] = values
	}
	if e.authz.GetEncodeRawHeaders() {
		r.HeaderMap = &corev3.HeaderMap{}
		for name, values := range all {
			for _, value := range values {
				r.HeaderMap.Headers = append(r.HeaderMap.Headers, &corev3.HeaderValue{Key: name, RawValue: []byte(value)})
			}
		}
	} else {
		r.Headers = map[string]string{}
		for name, values := range all {
			r.Headers[name] = strings.Join(values, ",")
		}
	}
	return &authv3.CheckRequest{Attributes: &authv3.AttributeContext{
		Source:            &authv3.AttributeContext_Peer{Address: socketAddress(q.r.RemoteAddr)},
		Destination:       &authv3.AttributeContext_Peer{Address: socketAddress(e.at.Listen)},
		Request:           &authv3.AttributeContext_Request{Time: timestamppb.Now(), Http: r},
		ContextExtensions: q.perFile.GetContextExtensions(),
	}}
}

func socketAddress(addr string) *corev3.Address {
	host, text, _ := net.SplitHostPort(addr)
	port, _ := strconv.ParseUint(text, 10, 16)
	return &corev3.Address{Address: &corev3.Address_SocketAddress{SocketAddress: &corev3.SocketAddress{
		Address: host, PortSpecifier: &corev3.SocketAddress_PortValue{PortValue: uint32(port)},
	}}}
}

// told is what the filter makes of an answer: OK passes, and nothing else does.
func told(answer *authv3.CheckResponse) verdict {
	v := verdict{set: http.Header{}, toClient: http.Header{}, status: http.StatusForbidden}
	if codes.Code(uint32(answer.GetStatus().GetCode())) == codes.OK { //nolint:gosec // a code is small
		v.pass = true
		ok := answer.GetOkResponse()
		for _, h := range ok.GetHeaders() {
			v.set[strings.ToLower(h.GetHeader().GetKey())] = []string{valueOf(h.GetHeader())}
		}
		v.remove = ok.GetHeadersToRemove()
		for _, h := range ok.GetResponseHeadersToAdd() {
			v.toClient.Add(h.GetHeader().GetKey(), valueOf(h.GetHeader()))
		}
		return v
	}
	denied := answer.GetDeniedResponse()
	if code := int(denied.GetStatus().GetCode()); code != 0 {
		v.status = code
	}
	for _, h := range denied.GetHeaders() {
		v.toClient.Add(h.GetHeader().GetKey(), valueOf(h.GetHeader()))
	}
	v.body = denied.GetBody()
	return v
}

func valueOf(h *corev3.HeaderValue) string {
	if raw := h.GetRawValue(); len(raw) > 0 {
		return string(raw)
	}
	return h.GetValue()
}

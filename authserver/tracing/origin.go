package tracing

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/netip"

	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// maxRequestID is the longest X-Request-ID that is taken over, in bytes.
const maxRequestID = 128

// Origin is what one request is called. All of it is the proxy's word, or a
// client's that the proxy passes on: good to find lines that belong together, and
// no proof of anything. Its texts are harmless: each has a form of its own.
type Origin struct {
	// RequestID is the X-Request-ID if there is exactly one of 1 to 128 characters
	// out of A–Z, a–z, 0–9, ".", "_", "~" and "-"; else one of our own making.
	RequestID string

	// TraceID is that of the request's span, or without one of its traceparent
	// (W3C Trace Context), 32 hexadecimal digits; "" without either.
	TraceID string

	// Client is the address in X-Real-IP if there is exactly one that can be read,
	// "" otherwise.
	Client string
}

// OriginOf reads what a request is called. Each call for a request without
// X-Request-ID makes another id: keep the result.
func OriginOf(r *http.Request) Origin {
	return Origin{RequestID: requestID(r.Header), TraceID: traceID(r), Client: client(r.Header)}
}

func requestID(h http.Header) string {
	if id := only(h, "X-Request-Id"); isRequestID(id) {
		return id
	}
	return fmt.Sprintf("%016x", rand.Uint64()) //nolint:gosec // it finds a request in the log, and proves nothing
}

func isRequestID(id string) bool {
	if id == "" || len(id) > maxRequestID {
		return false
	}
	for i := range len(id) {
		switch c := id[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '.', c == '_', c == '~', c == '-':
		default:
			return false
		}
	}
	return true
}

func traceID(r *http.Request) string {
	of := trace.SpanContextFromContext(r.Context())
	if !of.IsValid() {
		of = parentOf(r.Header)
	}
	if !of.IsValid() {
		return ""
	}
	return of.TraceID().String()
}

// parentOf is the span that a request comes from; not valid without exactly one
// traceparent that can be read. Its tracestate is left alone, so that no text of a
// client's goes on to anybody.
func parentOf(h http.Header) trace.SpanContext {
	line := only(h, traceparent)
	if line == "" {
		return trace.SpanContext{}
	}
	carrier := propagation.MapCarrier{"traceparent": line}
	return trace.SpanContextFromContext(propagation.TraceContext{}.Extract(context.Background(), carrier))
}

func client(h http.Header) string {
	addr, err := netip.ParseAddr(only(h, "X-Real-Ip"))
	if err != nil || addr.Zone() != "" { // a zone may be any text
		return ""
	}
	return addr.Unmap().String()
}

const traceparent = "Traceparent"

// only is the value of a header that comes once, "" otherwise.
func only(h http.Header, name string) string {
	if values := h[name]; len(values) == 1 {
		return values[0]
	}
	return ""
}

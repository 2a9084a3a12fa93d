package tracing

import (
	"context"
	"errors"
	"net/http"
	"os"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// Keys of attributes. Those with a dot and no "easyauth" are OpenTelemetry's.
const (
	keyMethod  = "http.request.method"
	keyStatus  = "http.response.status_code"
	keyServer  = "server.address"
	keyError   = "error.type"
	keyOutcome = "easyauth.outcome"
	keyReason  = "easyauth.reason"
)

// Handler makes a span of each request that h answers, a child of the one that its
// traceparent names. name is the endpoint's, out of a closed set. A nil Tracing
// returns h itself.
func (t *Tracing) Handler(name string, h http.Handler) http.Handler {
	if t == nil {
		return h
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := trace.ContextWithRemoteSpanContext(r.Context(), parentOf(r.Header))
		ctx, span := t.tracer.Start(ctx, name, trace.WithSpanKind(trace.SpanKindServer), trace.WithAttributes(attribute.String(keyMethod, method(r.Method))))
		answer := &answer{ResponseWriter: w, status: http.StatusOK}
		defer func() {
			p := recover()
			if p != nil {
				answer.status = http.StatusInternalServerError
			}
			span.SetAttributes(attribute.Int(keyStatus, answer.status))
			if answer.status >= http.StatusInternalServerError {
				span.SetStatus(codes.Error, "")
			}
			span.End()
			if p != nil {
				panic(p)
			}
		}()
		h.ServeHTTP(answer, r.WithContext(ctx))
	})
}

// answer notes the status of an answer.
type answer struct {
	http.ResponseWriter

	status int
	sent   bool
}

// WriteHeader implements http.ResponseWriter.
func (a *answer) WriteHeader(status int) {
	if !a.sent && status >= http.StatusOK {
		a.status, a.sent = status, true
	}
	a.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (a *answer) Write(p []byte) (int, error) {
	a.sent = true
	return a.ResponseWriter.Write(p)
}

// Unwrap lets http.ResponseController reach what lies below.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// Ended says on the request's span how it ended; both texts come from closed sets,
// and an empty one is left out. failed marks what should not happen, as an error.
// It does nothing where there is no span.
func Ended(ctx context.Context, outcome, reason string, failed bool) {
	span := trace.SpanFromContext(ctx)
	if !span.IsRecording() {
		return
	}
	if outcome != "" {
		span.SetAttributes(attribute.String(keyOutcome, outcome))
	}
	if reason != "" {
		span.SetAttributes(attribute.String(keyReason, reason))
	}
	if failed {
		span.SetStatus(codes.Error, "")
	}
}

// Transport returns what makes a span of each call that goes out for a request that
// has one, and tells the server called of it in traceparent; never in tracestate
// or baggage. The span ends with the headers of the answer. What goes out for no
// request, such as keys that are read from time to time, has no span. name is
// what is called, out of a closed set. A nil Tracing returns nil.
func (t *Tracing) Transport(name string) func(next http.RoundTripper) http.RoundTripper {
	if t == nil {
		return nil
	}
	return func(next http.RoundTripper) http.RoundTripper { return &transport{t.tracer, name, next} }
}

type transport struct {
	tracer trace.Tracer
	name   string
	next   http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if !trace.SpanContextFromContext(r.Context()).IsValid() {
		return t.next.RoundTrip(r)
	}
	ctx, span := t.tracer.Start(r.Context(), t.name, trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(
		attribute.String(keyMethod, method(r.Method)), attribute.String(keyServer, r.URL.Hostname())))
	defer span.End()
	r = r.Clone(ctx)
	propagation.TraceContext{}.Inject(ctx, propagation.HeaderCarrier(r.Header))
	resp, err := t.next.RoundTrip(r)
	if err != nil {
		span.SetAttributes(attribute.String(keyError, kindOf(err)))
		span.SetStatus(codes.Error, "")
		return nil, err
	}
	span.SetAttributes(attribute.Int(keyStatus, resp.StatusCode))
	if resp.StatusCode >= http.StatusBadRequest {
		span.SetStatus(codes.Error, "")
	}
	return resp, nil
}

// CloseIdleConnections lets http.Client reach the connections of the transport below.
func (t *transport) CloseIdleConnections() {
	if c, ok := t.next.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

func kindOf(err error) string {
	switch {
	case errors.Is(err, context.Canceled):
		return "cancelled"
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return "timeout"
	}
	return "network"
}

// method is a method out of a closed set, as OpenTelemetry has it.
func method(name string) string {
	switch name {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions, http.MethodTrace, http.MethodConnect:
		return name
	}
	return "_OTHER"
}

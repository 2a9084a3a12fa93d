package tracing_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/tracing"
	"github.com/easyauth-sidecar/easyauth/test/collector"
)

// A test of this file sets variables of the process, so that none runs beside another.

func start(t *testing.T, c *collector.Collector, cfg tracing.Config) *tracing.Tracing {
	t.Helper()
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", c.URL)
	t.Setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json")
	cfg.ServiceVersion = "1.2.3"
	tr, err := tracing.New(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tr.Shutdown(context.Background()) })
	return tr
}

func shutDown(t *testing.T, tr *tracing.Tracing) {
	t.Helper()
	if err := tr.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
}

// serve sends one request with these headers to h.
func serve(t *testing.T, h http.Handler, method string, header http.Header) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, "https://app.test/orders/4711?code=s3cret", nil)
	maps.Copy(r.Header, header)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestSpans(t *testing.T) {
	c := collector.Start(t)
	tr := start(t, c, tracing.Config{})
	var sent http.Header
	remote := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sent = r.Header.Clone()
		w.WriteHeader(http.StatusTeapot)
	}))
	defer remote.Close()
	client := &http.Client{Transport: tr.Transport("identity_provider")(http.DefaultTransport)}
	var logged string
	h := tr.Handler("callback", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		logged = tracing.OriginOf(r).TraceID
		req, err := http.NewRequestWithContext(r.Context(), http.MethodPost, remote.URL+"/token?code=s3cret", strings.NewReader("code=s3cret"))
		if err != nil {
			t.Error(err)
			return
		}
		resp, err := client.Do(req)
		if err != nil {
			t.Error(err)
			return
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close()
		tracing.Ended(r.Context(), "forbid", "role_missing", false)
		w.WriteHeader(http.StatusUnauthorized)
	}))
	serve(t, h, "FORGED", http.Header{"Traceparent": {sampled}, "Tracestate": {"vendor=s3cret"}, "Baggage": {"user=s3cret"}, "User-Agent": {"s3cret"}})
	shutDown(t, tr)
	spans := c.Spans()
	if len(spans) != 2 {
		t.Fatalf("%+v", spans)
	}
	call, server := spans[0], spans[1]
	if server.TraceID != traceOf || server.ParentID != spanOf || server.Name != "callback" || server.Kind != collector.KindServer || server.Failed {
		t.Errorf("the request's: %+v", server)
	}
	if call.TraceID != traceOf || call.ParentID != server.ID || call.Name != "identity_provider" || call.Kind != collector.KindClient || !call.Failed {
		t.Errorf("the call's: %+v", call)
	}
	if logged != traceOf {
		t.Errorf("the id for the log is %q", logged)
	}
	if want := (map[string]string{"http.request.method": "_OTHER", "http.response.status_code": "401", "easyauth.outcome": "forbid", "easyauth.reason": "role_missing"}); !maps.Equal(server.Attributes, want) {
		t.Errorf("%v, want %v", server.Attributes, want)
	}
	if want := (map[string]string{"http.request.method": "POST", "http.response.status_code": "418", "server.address": "127.0.0.1"}); !maps.Equal(call.Attributes, want) {
		t.Errorf("%v, want %v", call.Attributes, want)
	}
	if server.Resource["service.name"] != "easyauth" || server.Resource["service.version"] != "1.2.3" {
		t.Errorf("%v", server.Resource)
	}
	for _, s := range spans {
		for _, secret := range []string{"s3cret", "4711", "app.test", "FORGED", "orders"} {
			if strings.Contains(s.Body, secret) {
				t.Errorf("%q is sent: %s", secret, s.Body)
			}
		}
		if s.TraceState != "" {
			t.Errorf("tracestate %q", s.TraceState)
		}
	}
	if got := sent.Get("Traceparent"); got != "00-"+traceOf+"-"+call.ID+"-01" {
		t.Errorf("traceparent of the call: %q", got)
	}
	if sent.Get("Tracestate")+sent.Get("Baggage") != "" {
		t.Errorf("goes on: %v", sent)
	}
}

// A request without a traceparent, or with one that cannot be read, begins a trace.
func TestRoot(t *testing.T) {
	c := collector.Start(t)
	tr := start(t, c, tracing.Config{})
	var logged string
	h := tr.Handler("auth", http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { logged = tracing.OriginOf(r).TraceID }))
	serve(t, h, http.MethodGet, http.Header{"Traceparent": {sampled, sampled}})
	shutDown(t, tr)
	spans := c.Spans()
	if len(spans) != 1 || spans[0].ParentID != "" || spans[0].TraceID != logged || logged == traceOf {
		t.Errorf("%+v, logged %q", spans, logged)
	}
}

func TestFailures(t *testing.T) {
	c := collector.Start(t)
	tr := start(t, c, tracing.Config{})
	serve(t, tr.Handler("five_hundred", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "", http.StatusServiceUnavailable) })), http.MethodGet, nil)
	serve(t, tr.Handler("unsure", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		tracing.Ended(r.Context(), "unsure", "", true)
		w.WriteHeader(http.StatusUnauthorized)
	})), http.MethodGet, nil)
	func() {
		defer func() {
			if recover() != http.ErrAbortHandler { //nolint:errorlint // the very value
				t.Error("the panic did not go on")
			}
		}()
		serve(t, tr.Handler("panic", http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })), http.MethodGet, nil)
	}()
	broken := tr.Transport("broken")(failing{context.DeadlineExceeded})
	serve(t, tr.Handler("caller", http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		resp, err := broken.RoundTrip(r)
		if err == nil {
			_ = resp.Body.Close()
			t.Error("no error")
		}
	})), http.MethodGet, nil)
	shutDown(t, tr)
	for _, s := range c.Spans() {
		switch want := s.Name != "caller"; {
		case s.Failed != want:
			t.Errorf("%+v", s)
		case s.Name == "broken" && s.Attributes["error.type"] != "timeout", s.Name == "panic" && s.Attributes["http.response.status_code"] != "500":
			t.Errorf("%+v", s)
		case s.Events > 0:
			t.Errorf("what went wrong is in the span: %s", s.Body)
		}
	}
	if n := len(c.Spans()); n != 5 {
		t.Errorf("%d spans", n)
	}
}

type failing struct{ err error }

func (f failing) RoundTrip(*http.Request) (*http.Response, error) { return nil, f.err }

// A call that no request caused has no span, and tells nobody of a trace.
func TestBackground(t *testing.T) {
	c := collector.Start(t)
	tr := start(t, c, tracing.Config{})
	var sent http.Header
	remote := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { sent = r.Header.Clone() }))
	defer remote.Close()
	client := &http.Client{Transport: tr.Transport("identity_provider")(http.DefaultTransport)}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, remote.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	shutDown(t, tr)
	if len(c.Requests()) > 0 || sent.Get("Traceparent") != "" {
		t.Errorf("%v %v", c.Spans(), sent)
	}
}

// Without a Tracing nothing is wrapped, started or sent.
func TestOff(t *testing.T) {
	before := runtime.NumGoroutine()
	var tr *tracing.Tracing
	h := http.NewServeMux()
	if tr.Handler("auth", h) != http.Handler(h) || tr.Transport("x") != nil || tr.Shutdown(t.Context()) != nil {
		t.Error("a nil Tracing does something")
	}
	tracing.Ended(t.Context(), "allow", "ok", false)
	if n := runtime.NumGoroutine(); n > before {
		t.Errorf("%d goroutines, %d before", n, before)
	}
}

// safeBuffer is a log that may be written and read at once.
type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *safeBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *safeBuffer) lines(text string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return strings.Count(b.b.String(), text)
}

// clock is one that the test sets.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// A collector that refuses is told of once in a while, without its address and the
// headers that prove us to it; when it takes spans again that is told too.
func TestComplaints(t *testing.T) {
	c := collector.Start(t)
	c.Answer(http.StatusForbidden)
	t.Setenv("OTEL_EXPORTER_OTLP_HEADERS", "api-key=s3cret,broken s3cret")
	t.Setenv("OTEL_TRACES_SAMPLER", "no such sampler")
	var log safeBuffer
	at := &clock{at: time.Date(2026, 5, 17, 9, 0, 0, 0, time.UTC)}
	tr := start(t, c, tracing.Config{Log: slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})), Now: at.now})
	h := tr.Handler("auth", http.NotFoundHandler())
	export := func() {
		t.Helper()
		n := len(c.Requests())
		serve(t, h, http.MethodGet, nil)
		if err := tr.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		if len(c.Requests()) == n {
			t.Fatal("nothing was sent")
		}
	}
	for range 3 {
		export()
	}
	if n := log.lines("traces cannot be exported"); n != 1 {
		t.Errorf("told %d times: %s", n, log.b.String())
	}
	at.advance(6 * time.Minute)
	export()
	if n := log.lines(`"spans_lost":3`); n != 1 {
		t.Errorf("told again %d times: %s", n, log.b.String())
	}
	c.Answer(http.StatusOK)
	export()
	export()
	if n := log.lines("traces can be exported again"); n != 1 {
		t.Errorf("told of its end %d times: %s", n, log.b.String())
	}
	if log.lines("opentelemetry reports a fault") != 1 {
		t.Errorf("what the library says is not told once: %s", log.b.String())
	}
	for _, secret := range []string{"s3cret", "127.0.0.1", "/v1/traces"} {
		if log.lines(secret) > 0 {
			t.Errorf("%s is in the log: %s", secret, log.b.String())
		}
	}
	if c.Requests()[0].Header.Get("Api-Key") != "s3cret" {
		t.Errorf("the headers of the environment are not sent: %v", c.Requests()[0].Header)
	}
}

// A collector that never answers holds up nobody: not a request, and the end for three
// seconds at most.
func TestShutdownIsBounded(t *testing.T) {
	silent := make(chan struct{})
	hole := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-silent }))
	defer hole.Close()
	defer close(silent)
	tr := start(t, &collector.Collector{URL: hole.URL}, tracing.Config{})
	h := tr.Handler("auth", http.NotFoundHandler())
	for range 5000 { // more than are queued
		serve(t, h, http.MethodGet, nil)
	}
	began := time.Now()
	err := tr.Shutdown(context.Background())
	if took := time.Since(began); took > 20*time.Second { // three, on a machine with nothing else to do
		t.Errorf("it took %v", took)
	}
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
}

// The names that OpenTelemetry's variables give count.
func TestEnvironment(t *testing.T) {
	c := collector.Start(t)
	t.Setenv("OTEL_SERVICE_NAME", "gate")
	t.Setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test")
	t.Setenv("OTEL_TRACES_SAMPLER", "parentbased_always_off")
	tr := start(t, c, tracing.Config{})
	h := tr.Handler("auth", http.NotFoundHandler())
	serve(t, h, http.MethodGet, nil)
	serve(t, h, http.MethodGet, http.Header{"Traceparent": {sampled}})
	shutDown(t, tr)
	spans := c.Spans()
	if len(spans) != 1 || spans[0].TraceID != traceOf || spans[0].Resource["service.name"] != "gate" || spans[0].Resource["deployment.environment.name"] != "test" {
		t.Errorf("%+v", spans)
	}
	paths := make([]string, 0, 1)
	for _, r := range c.Requests() {
		paths = append(paths, r.URL.Path)
	}
	if !slices.Equal(paths, []string{"/v1/traces"}) {
		t.Errorf("%v", paths)
	}
}

// Without OTEL_EXPORTER_OTLP_PROTOCOL spans go out in OTLP's usual form.
func TestProtobuf(t *testing.T) {
	c := collector.Start(t)
	tr := start(t, c, tracing.Config{})
	shutDown(t, tr)
	t.Setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "")
	tr, err := tracing.New(t.Context(), tracing.Config{})
	if err != nil {
		t.Fatal(err)
	}
	serve(t, tr.Handler("auth", http.NotFoundHandler()), http.MethodGet, nil)
	shutDown(t, tr)
	if got := c.Requests(); len(got) != 1 || got[0].Header.Get("Content-Type") != "application/x-protobuf" {
		t.Errorf("%+v", got)
	}
}

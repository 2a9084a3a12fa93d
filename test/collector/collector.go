// Package collector is a receiver of OpenTelemetry traces for tests: OTLP over HTTP,
// in JSON (OTEL_EXPORTER_OTLP_PROTOCOL=http/json). It keeps the spans that it gets.
package collector

import (
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// Kinds of spans, as OTLP counts them.
const (
	KindServer = 2
	KindClient = 3
)

// Span is one span that was received.
type Span struct {
	TraceID    string
	ID         string
	ParentID   string // "" of a root
	TraceState string
	Name       string
	Kind       int
	Failed     bool
	Attributes map[string]string
	Events     int
	Resource   map[string]string
	Body       string // of the request that brought it
}

// Collector receives spans.
type Collector struct {
	URL string // for OTEL_EXPORTER_OTLP_ENDPOINT

	mu       sync.Mutex
	spans    []Span
	requests []*http.Request
	status   int
}

// Start starts a collector that ends with the test.
func Start(t testing.TB) *Collector {
	t.Helper()
	c := &Collector{status: http.StatusOK}
	s := httptest.NewServer(c)
	t.Cleanup(s.Close)
	c.URL = s.URL
	return c
}

// Answer makes the collector answer with a status from now on; only with 200 does it
// keep spans.
func (c *Collector) Answer(status int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.status = status
}

// Spans are those that came so far.
func (c *Collector) Spans() []Span {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]Span(nil), c.spans...)
}

// Requests are those that came so far; their bodies were read.
func (c *Collector) Requests() []*http.Request {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]*http.Request(nil), c.requests...)
}

// Wait returns the spans of a name once there are n, and fails the test after half a
// minute.
func (c *Collector) Wait(t testing.TB, name string, n int) []Span {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for {
		var found []Span
		for _, s := range c.Spans() {
			if s.Name == name {
				found = append(found, s)
			}
		}
		if len(found) >= n {
			return found
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d of %d spans %q came; all: %+v", len(found), n, name, c.Spans())
		}
		time.Sleep(20 * time.Millisecond)
	}
}

type attribute struct {
	Key   string
	Value struct {
		StringValue *string
		IntValue    json.RawMessage // a number or, as OTLP has it, a string
	}
}

type message struct {
	ResourceSpans []struct {
		Resource   struct{ Attributes []attribute }
		ScopeSpans []struct {
			Spans []struct {
				TraceID, SpanID, ParentSpanID, TraceState, Name string
				Kind                                            int
				Attributes                                      []attribute
				Events                                          []json.RawMessage
				Status                                          struct{ Code int }
			}
		}
	}
}

// ServeHTTP implements http.Handler.
func (c *Collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := read(r)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.requests = append(c.requests, r)
	var m message
	if err == nil && c.status == http.StatusOK && r.Header.Get("Content-Type") == "application/json" {
		err = json.Unmarshal(body, &m)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	for _, from := range m.ResourceSpans {
		for _, scope := range from.ScopeSpans {
			for _, s := range scope.Spans {
				c.spans = append(c.spans, Span{
					TraceID: strings.ToLower(s.TraceID), ID: strings.ToLower(s.SpanID), ParentID: strings.ToLower(s.ParentSpanID), TraceState: s.TraceState, Name: s.Name, Kind: s.Kind, Failed: s.Status.Code == 2,
					Attributes: texts(s.Attributes), Events: len(s.Events), Resource: texts(from.Resource.Attributes), Body: string(body),
				})
			}
		}
	}
	w.WriteHeader(c.status)
}

func read(r *http.Request) ([]byte, error) {
	const most = 8 << 20
	var body io.Reader = http.MaxBytesReader(nil, r.Body, most)
	if r.Header.Get("Content-Encoding") == "gzip" {
		plain, err := gzip.NewReader(body)
		if err != nil {
			return nil, err
		}
		body = io.LimitReader(plain, most)
	}
	return io.ReadAll(body)
}

func texts(list []attribute) map[string]string {
	out := make(map[string]string, len(list))
	for _, a := range list {
		switch {
		case a.Value.StringValue != nil:
			out[a.Key] = *a.Value.StringValue
		case len(a.Value.IntValue) > 0:
			text := string(a.Value.IntValue)
			if plain, err := strconv.Unquote(text); err == nil {
				text = plain
			}
			out[a.Key] = text
		}
	}
	return out
}

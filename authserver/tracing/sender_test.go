package tracing_test

import (
	"bytes"
	"compress/gzip"
	"crypto/tls"
	"encoding/pem"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	spans "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/easyauth-sidecar/easyauth/authserver/tracing"
)

// taker is a receiver that keeps what it gets, and answers as its test says.
type taker struct {
	*httptest.Server

	mu     sync.Mutex
	came   []*http.Request
	bodies [][]byte
}

func take(t *testing.T, secure bool, answer http.HandlerFunc) *taker {
	t.Helper()
	c := &taker{}
	c.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body) // what is missing is missed below
		c.mu.Lock()
		c.came, c.bodies = append(c.came, r), append(c.bodies, body)
		c.mu.Unlock()
		answer(w, r)
	}))
	if secure {
		c.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
		c.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
		c.StartTLS()
	} else {
		c.Start()
	}
	t.Cleanup(c.Close)
	return c
}

func (c *taker) requests() []*http.Request {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]*http.Request(nil), c.came...)
}

func taken(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) }

// export sends one span by these variables and returns the log.
func export(t *testing.T, vars map[string]string) string {
	t.Helper()
	for name, value := range vars {
		t.Setenv(name, value)
	}
	var log safeBuffer
	tr, err := tracing.New(t.Context(), tracing.Config{ServiceVersion: "1.2.3", Log: slog.New(slog.NewJSONHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	serve(t, tr.Handler("auth", http.NotFoundHandler()), http.MethodGet, nil)
	if err := tr.Flush(t.Context()); err != nil {
		t.Error(err)
	}
	shutDown(t, tr)
	log.mu.Lock()
	defer log.mu.Unlock()
	return log.b.String()
}

const (
	forAll    = "OTEL_EXPORTER_OTLP_ENDPOINT"
	forTraces = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"
)

func TestEndpoint(t *testing.T) {
	for name, tt := range map[string]struct{ all, traces, want string }{
		"for all signals":                  {"", "-", "/v1/traces"},
		"for all signals, with a slash":    {"/", "-", "/v1/traces"},
		"for all signals, below a path":    {"/otlp", "-", "/otlp/v1/traces"},
		"for traces, the whole address":    {"-", "/in/traces/?k=v", "/in/traces/?k=v"},
		"for traces, without a path":       {"-", "", "/"},
		"that for traces counts first":     {"/never", "/here", "/here"},
		"for traces, with an escaped path": {"-", "/a%2Fb", "/a%2Fb"},
	} {
		t.Run(name, func(t *testing.T) {
			c := take(t, false, taken)
			vars := map[string]string{forAll: "", forTraces: ""}
			if tt.all != "-" {
				vars[forAll] = c.URL + tt.all
			}
			if tt.traces != "-" {
				vars[forTraces] = c.URL + tt.traces
			}
			log := export(t, vars)
			if got := c.requests(); len(got) != 1 || got[0].RequestURI != tt.want || got[0].Method != http.MethodPost || got[0].UserAgent() != "easyauth/1.2.3" || log != "" {
				t.Errorf("%+v, want %s; log: %s", got, tt.want, log)
			}
		})
	}
}

// What cannot be meant is an error at the start, without the value.
func TestReceiverRefused(t *testing.T) {
	t.Setenv(forTraces, "")
	empty := filepath.Join(t.TempDir(), "s3cret.pem")
	if err := os.WriteFile(empty, []byte("s3cret"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, vars := range map[string]map[string]string{
		"no endpoint":                {forAll: ""},
		"no URL":                     {forAll: "http://s3cret:%zz"},
		"another scheme":             {forAll: "unix://s3cret"},
		"no host":                    {forAll: "http:///s3cret"},
		"certificates without https": {forAll: "http://127.0.0.1:1", "OTEL_EXPORTER_OTLP_CERTIFICATE": certificateOf(t, take(t, true, taken))},
		"no certificate in the file": {forAll: "https://127.0.0.1:1", "OTEL_EXPORTER_OTLP_CERTIFICATE": empty},
		"no such file":               {forAll: "https://127.0.0.1:1", "OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE": empty + ".not"},
		"a key without certificate":  {forAll: "https://127.0.0.1:1", "OTEL_EXPORTER_OTLP_CLIENT_KEY": empty},
	} {
		t.Run(name, func(t *testing.T) {
			for name, value := range vars {
				t.Setenv(name, value)
			}
			_, err := tracing.New(t.Context(), tracing.Config{})
			if err == nil || !strings.Contains(err.Error(), "OTEL_EXPORTER_OTLP_") || strings.Contains(strings.ReplaceAll(err.Error(), empty, ""), "s3cret") {
				t.Errorf("%v", err)
			}
		})
	}
}

func certificateOf(t *testing.T, c *taker) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// Only a receiver whose certificate is checked gets anything.
func TestCertificate(t *testing.T) {
	c := take(t, true, taken)
	t.Setenv(forTraces, "")
	if log := export(t, map[string]string{forAll: c.URL}); len(c.requests()) > 0 || !strings.Contains(log, "traces cannot be exported") {
		t.Errorf("%d requests; log: %s", len(c.requests()), log)
	}
	if log := export(t, map[string]string{"OTEL_EXPORTER_OTLP_CERTIFICATE": certificateOf(t, c)}); len(c.requests()) != 1 || log != "" {
		t.Errorf("%d requests; log: %s", len(c.requests()), log)
	}
}

func TestHeaders(t *testing.T) {
	c := take(t, false, taken)
	log := export(t, map[string]string{
		forTraces: c.URL, "OTEL_EXPORTER_OTLP_HEADERS": "never=1",
		"OTEL_EXPORTER_OTLP_TRACES_HEADERS": " api-key = a%20b%2C , ,two=x=y,bad name=s3cret,split=s3cret%0D%0Ax:y,s3cret,content-type=text/plain",
	})
	h := c.requests()[0].Header
	if h.Get("Api-Key") != "a b," || h.Get("Two") != "x=y" || h.Get("Content-Type") != "application/x-protobuf" || h.Get("Never") != "" || h.Get("Split") != "" || h.Get("X") != "" {
		t.Errorf("%v", h)
	}
	if !strings.Contains(log, "is not NAME=VALUE") || strings.Contains(log, "s3cret") {
		t.Error(log)
	}
}

func TestCompression(t *testing.T) {
	c := take(t, false, taken)
	export(t, map[string]string{forTraces: c.URL, "OTEL_EXPORTER_OTLP_COMPRESSION": "gzip"})
	if c.requests()[0].Header.Get("Content-Encoding") != "gzip" {
		t.Error(c.requests()[0].Header)
	}
	r, err := gzip.NewReader(bytes.NewReader(c.bodies[0]))
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(r)
	var got spans.TracesData
	if err != nil || proto.Unmarshal(body, &got) != nil || len(got.GetResourceSpans()) != 1 || got.GetResourceSpans()[0].GetScopeSpans()[0].GetSpans()[0].GetName() != "auth" {
		t.Errorf("%v %v", err, &got)
	}
}

// A receiver that is busy is asked again, and one that refuses is not.
func TestSentAgain(t *testing.T) {
	busy := true
	c := take(t, false, func(w http.ResponseWriter, _ *http.Request) {
		if busy {
			busy = false
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	if log := export(t, map[string]string{forTraces: c.URL}); len(c.requests()) != 2 || log != "" || !bytes.Equal(c.bodies[0], c.bodies[1]) {
		t.Errorf("%d requests; log: %s", len(c.requests()), log)
	}
	for name, tt := range map[string]struct {
		answer http.HandlerFunc
		want   string // in the log
	}{
		"refused":            {func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "s3cret", http.StatusBadRequest) }, "400 Bad Request"},
		"busy for long":      {answered(http.StatusTooManyRequests, "Retry-After", "3600", ""), "429 Too Many Requests"},
		"sent elsewhere":     {answered(http.StatusTemporaryRedirect, "Location", "http://127.0.0.1:1/", ""), "307 Temporary Redirect"},
		"some are not taken": {answered(http.StatusOK, "Content-Type", "application/x-protobuf", "\x0a\x0a\x08\x07\x12\x06s3cret"), "did not take 7 spans"},
		"some, in JSON":      {answered(http.StatusOK, "Content-Type", "application/json", `{"partialSuccess":{"rejectedSpans":"7","errorMessage":"s3cret"}}`), "did not take 7 spans"},
	} {
		t.Run(name, func(t *testing.T) {
			c := take(t, false, tt.answer)
			if log := export(t, map[string]string{forTraces: c.URL}); len(c.requests()) != 1 || !strings.Contains(log, tt.want) || strings.Contains(log, "s3cret") {
				t.Errorf("%d requests; log: %s", len(c.requests()), log)
			}
		})
	}
	for name, answer := range map[string]http.HandlerFunc{
		"all are taken":          answered(http.StatusOK, "Content-Type", "application/x-protobuf", "\x0a\x00"),
		"an answer that is none": answered(http.StatusOK, "Content-Type", "application/x-protobuf", "\x0a\xff\xff"),
		"none in JSON":           answered(http.StatusOK, "Content-Type", "application/json", "{"),
	} {
		t.Run(name, func(t *testing.T) {
			if log := export(t, map[string]string{forTraces: take(t, false, answer).URL}); log != "" {
				t.Error(log)
			}
		})
	}
}

func answered(status int, header, value, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set(header, value)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body) // nobody misses it
	}
}

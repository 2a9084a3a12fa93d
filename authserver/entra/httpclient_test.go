package entra

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// get reads everything and gives back the error of the exchange or of the body.
func get(ctx context.Context, c *http.Client, url string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	resp, err := c.Do(req)
	if err != nil {
		return "", err
	}
	body, err := io.ReadAll(resp.Body)
	return string(body), errors.Join(err, resp.Body.Close())
}

func TestClientBoundsBodies(t *testing.T) {
	const limit = 1000
	tests := []struct {
		name  string
		serve http.HandlerFunc
		want  int // bytes; -1: ErrBodyTooLarge
	}{
		{"as long as allowed", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, strings.Repeat("a", limit)) }, limit},
		{"one more", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, strings.Repeat("a", limit+1)) }, -1},
		{"as long as allowed, in pieces", pieces(limit), limit},
		{"one more, in pieces", pieces(limit + 1), -1},
		{"empty", func(http.ResponseWriter, *http.Request) {}, 0},
		{"small, but large when decompressed", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			_, _ = io.WriteString(z, strings.Repeat("a", 100*limit))
			_ = z.Close()
		}, -1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			srv := httptest.NewServer(tt.serve)
			defer srv.Close()
			body, err := get(t.Context(), NewHTTPClient(time.Second, limit), srv.URL)
			switch {
			case tt.want < 0 && !errors.Is(err, ErrBodyTooLarge):
				t.Errorf("%d bytes, %v; want ErrBodyTooLarge", len(body), err)
			case tt.want >= 0 && (err != nil || len(body) != tt.want):
				t.Errorf("%d bytes, %v; want %d", len(body), err, tt.want)
			}
			if len(body) > limit {
				t.Errorf("gave out %d bytes", len(body))
			}
		})
	}
}

func pieces(n int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for range n {
			_, _ = io.WriteString(w, "a")
			w.(http.Flusher).Flush()
		}
	}
}

func TestClientBoundsTimeAndHeaders(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/late":
			<-r.Context().Done()
		case "/dribble":
			for r.Context().Err() == nil {
				_, _ = io.WriteString(w, "a")
				w.(http.Flusher).Flush()
				time.Sleep(20 * time.Millisecond)
			}
		case "/headers":
			for i := range 100 {
				w.Header().Set(fmt.Sprintf("X-%d", i), strings.Repeat("h", 1000))
			}
		}
	}))
	defer srv.Close()
	c := NewHTTPClient(300*time.Millisecond, 0)
	for path, fails := range map[string]bool{"/": false, "/late": true, "/dribble": true, "/headers": true} {
		begun := time.Now()
		if _, err := get(t.Context(), c, srv.URL+path); (err != nil) != fails {
			t.Errorf("%s: %v", path, err)
		}
		if took := time.Since(begun); took > 2*time.Second {
			t.Errorf("%s took %v", path, took)
		}
	}
}

func TestClientRedirects(t *testing.T) {
	var hits atomic.Int32
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { hits.Add(1) }))
	defer other.Close()
	var srv *httptest.Server
	srv = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var n int
		switch _, _ = fmt.Sscanf(r.URL.Path, "/%d", &n); {
		case r.URL.Path == "/other":
			w.Header().Set("Location", other.URL)
		case r.URL.Path == "/https":
			w.Header().Set("Location", strings.Replace(srv.URL, "http:", "https:", 1))
		case n > 0:
			w.Header().Set("Location", fmt.Sprintf("/%d", n-1))
		default:
			return
		}
		w.WriteHeader(http.StatusFound)
	}))
	defer srv.Close()
	c := NewHTTPClient(time.Second, 0)
	for path, ok := range map[string]bool{"/0": true, "/1": true, "/3": true, "/4": false, "/other": false, "/https": false} {
		_, err := get(t.Context(), c, srv.URL+path)
		if (err == nil) != ok || (err != nil && !errors.Is(err, errRedirect)) {
			t.Errorf("%s: %v, want success %v", path, err, ok)
		}
	}
	if n := hits.Load(); n != 0 {
		t.Errorf("the other origin saw %d requests", n)
	}
	if c.Jar != nil {
		t.Error("the client keeps cookies")
	}
}

func TestClientWantsACertificate(t *testing.T) {
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	srv.Config.ErrorLog = log.New(io.Discard, "", 0) // a handshake will fail
	srv.StartTLS()
	defer srv.Close()
	if _, err := fetch(t.Context(), NewHTTPClient(0, 0), srv.URL, 100); reasonOf(t, err) != ReasonUnavailable || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("a certificate of nobody: %v", err)
	}
	if body, err := fetch(t.Context(), srv.Client(), srv.URL, 100); err != nil || len(body) != 0 {
		t.Errorf("a certificate that is known: %q, %v", body, err)
	}
}

func TestErrorTextsAreBounded(t *testing.T) {
	long := &net.OpError{Op: "dial", Net: "tcp", Err: errors.New(strings.Repeat("long\x1b", 1000))}
	err := exchangeError("get x", long)
	if len(err.Error()) > 300 || strings.Contains(err.Error(), "\x1b") || err.Reason != ReasonUnavailable {
		t.Errorf("%d bytes: %q", len(err.Error()), err)
	}
	if !errors.Is(exchangeError("get x", fmt.Errorf("read: %w", ErrBodyTooLarge)), ErrBodyTooLarge) {
		t.Error("ErrBodyTooLarge is lost")
	}
}

package graph

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

const (
	aPNG  = "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"
	aJPEG = "\xff\xd8\xff\xe0\x00\x10JFIF"
	aWebP = "RIFF\x10\x00\x00\x00WEBPVP8 "
)

func TestImage(t *testing.T) {
	full := aPNG + strings.Repeat("\x00", maxImage-len(aPNG))
	redirect := func(status int) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, "/there") {
				answerWith(200, "image/png", aPNG)(w, r)
				return
			}
			http.Redirect(w, r, "/there", status)
		}
	}
	for _, tt := range []struct {
		name   string
		handle http.HandlerFunc
		want   string // the type, or the Reason
	}{
		{"PNG", answerWith(200, "image/png", aPNG), "image/png"},
		{"JPEG", answerWith(200, "image/jpeg", aJPEG), "image/jpeg"},
		{"GIF", answerWith(200, "image/gif", "GIF89a\x01\x00"), "image/gif"},
		{"WebP", answerWith(200, "image/webp", aWebP), "image/webp"},
		{"PNG that says it is HTML", answerWith(200, "text/html", aPNG), "image/png"},
		{"256 KB", answerWith(200, "image/png", full), "image/png"},
		{"a byte more", answerWith(200, "image/png", full+"x"), "unreadable"},
		{"endless", func(w http.ResponseWriter, _ *http.Request) {
			_, err := io.WriteString(w, full)
			for err == nil {
				_, err = io.WriteString(w, full)
			}
		}, "unreadable"},
		{"SVG", answerWith(200, "image/svg+xml", `<svg xmlns="http://www.w3.org/2000/svg"/>`), "unreadable"},
		{"HTML that says it is PNG", answerWith(200, "image/png", "<html>private</html>"), "unreadable"},
		{"BMP", answerWith(200, "image/bmp", "BM\x00\x00"), "unreadable"},
		{"a text in front of PNG", answerWith(200, "image/png", " "+aPNG), "unreadable"},
		{"RIFF that is no WebP", answerWith(200, "image/webp", "RIFF\x10\x00\x00\x00WAVEfmt "), "unreadable"},
		{"empty", answerWith(200, "image/png", ""), "unreadable"},
		{"204", answerWith(204, "", ""), "unreadable"},
		{"301", redirect(301), "unreadable"},
		{"302", redirect(302), "unreadable"},
		{"307", redirect(307), "unreadable"},
		{"401", answerWith(401, "image/png", aPNG), "unauthorized"},
		{"403", answerWith(403, "image/png", aPNG), "forbidden"},
		{"404", answerWith(404, "image/png", aPNG), "not_found"},
		{"429", answerWith(429, "image/png", aPNG), "unavailable"},
		{"500", answerWith(500, "image/png", aPNG), "unavailable"},
		{"cut off", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "unavailable"},
		{"cut short", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "1000")
			answerWith(200, "image/png", aPNG)(w, r)
		}, "unavailable"},
	} {
		f := newFake(t, time.Minute, func(w http.ResponseWriter, r *http.Request) {
			if r.Method != http.MethodGet || r.Header.Get("Authorization") != "" || r.Header.Get("Cookie") != "" || r.Header.Get("Referer") != "" {
				t.Errorf("%s: %s %v", tt.name, r.Method, r.Header)
			}
			w.Header().Set("Retry-After", "7")
			tt.handle(w, r)
		})
		link := strings.TrimSuffix(f.adapter.GetBaseUrl(), "/v1.0") + "/logo?private"
		data, contentType, err := f.Image(t.Context(), link)
		if n := f.requests.Load(); n != 1 {
			t.Errorf("%s: %d requests", tt.name, n)
		}
		if strings.HasPrefix(tt.want, "image/") {
			if err != nil || contentType != tt.want || len(data) == 0 {
				t.Errorf("%s: %d bytes, %q, %v", tt.name, len(data), contentType, err)
			}
			continue
		}
		e := refused(t, tt.name, err)
		if data != nil || contentType != "" || string(e.Reason) != tt.want || e.Reason == ReasonUnavailable && e.RetryAfter != 7*time.Second && !strings.HasPrefix(tt.name, "cut") {
			t.Errorf("%s: %d bytes, %q, %+v %v", tt.name, len(data), contentType, *e, e)
		}
	}
}

func TestImageURLs(t *testing.T) {
	asked := ""
	transport := roundTripper(func(r *http.Request) (*http.Response, error) {
		asked = r.URL.String()
		if r.Header.Get("Cookie") != "" {
			t.Errorf("%s got cookies", r.URL)
		}
		return &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader(aPNG)), Request: r}, nil
	})
	for _, tt := range []struct {
		base, link string
		ok         bool
	}{
		{"", "https://cdn.example/logo.png?x=1", true},
		{"", "http://cdn.example/logo.png", false},
		{"", "http://127.0.0.1/logo.png", false},
		{"http://127.0.0.1:8080", "http://127.0.0.1:9090/logo.png", true},
		{"http://graph.localhost:8080", "http://localhost/logo.png", true},
		{"http://127.0.0.1:8080", "http://cdn.example/logo.png", false},
		{"http://127.0.0.1:8080", "https://cdn.example/logo.png", true},
		{"", "https://u:p@cdn.example/logo.png", false},
		{"", "file:///etc/passwd", false},
		{"", "/logo.png", false},
		{"", "", false},
		{"", "https://cdn.example/" + strings.Repeat("x", maxURL), false},
	} {
		jar, err := cookiejar.New(nil)
		if err != nil {
			t.Fatal(err)
		}
		if u, err := url.Parse(tt.link); err == nil {
			jar.SetCookies(u, []*http.Cookie{{Name: "a", Value: "b"}})
		}
		c, err := New(Config{BaseURL: tt.base, Client: &http.Client{Transport: transport, Jar: jar}})
		if err != nil {
			t.Fatal(err)
		}
		asked = ""
		_, _, err = c.Image(t.Context(), tt.link)
		if (err == nil) != tt.ok || (asked == tt.link) != tt.ok && tt.link != "" {
			t.Errorf("%s with Graph at %q: %v, asked %q", tt.link, tt.base, err, asked)
		}
		if _, isError := errors.AsType[*Error](err); isError || err != nil && strings.Contains(err.Error(), "example") {
			t.Errorf("%s: %T %v", tt.link, err, err)
		}
	}
}

func TestImageTakesItsTime(t *testing.T) {
	for _, start := range []string{"", aPNG} {
		f := newFake(t, 50*time.Millisecond, func(w http.ResponseWriter, r *http.Request) {
			if start != "" {
				answer(start)(w, r)
				_ = http.NewResponseController(w).Flush()
			}
			<-r.Context().Done()
		})
		data, _, err := f.Image(t.Context(), strings.TrimSuffix(f.adapter.GetBaseUrl(), "/v1.0")+"/logo")
		if e := refused(t, "slow", err); data != nil || e.Reason != ReasonUnavailable || !errors.Is(e, context.DeadlineExceeded) {
			t.Errorf("after %d bytes: %v", len(start), e)
		}
	}
}

// TestImageOfATLSServer: a certificate that nobody vouches for ends the call.
func TestImageOfATLSServer(t *testing.T) {
	srv := httptest.NewUnstartedServer(answerWith(200, "image/png", aPNG))
	srv.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelInfo)
	srv.StartTLS()
	defer srv.Close()
	for name, client := range map[string]*http.Client{"trusted": srv.Client(), "not trusted": {Transport: &http.Transport{}}} {
		c, err := New(Config{BaseURL: srv.URL, Client: client})
		if err != nil {
			t.Fatal(err)
		}
		data, _, err := c.Image(t.Context(), srv.URL)
		if trusted := name == "trusted"; (err == nil) != trusted || (data == nil) == trusted {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil && !strings.Contains(fmt.Sprint(err), "certificate") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

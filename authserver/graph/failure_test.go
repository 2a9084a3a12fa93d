package graph

import (
	"bufio"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/secret"
)

func TestWholeBatchFails(t *testing.T) {
	const json = "application/json"
	unreadable := errorJSON(502, "Microsoft Graph's answer cannot be read")
	large := errorJSON(502, "Microsoft Graph's answer is too large")
	plain := func(status int) string {
		return errorJSON(status, fmt.Sprintf("Microsoft Graph answered with status %d", status))
	}
	challenge := func(header string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("WWW-Authenticate", header)
			answerWith(401, json, `{"error":{"code":"InvalidAuthenticationToken","message":"expired"}}`)(w, r)
		}
	}
	for _, tt := range []struct {
		name   string
		handle http.HandlerFunc
		want   string
	}{
		{"nothing wrong", answer(`{"responses":[{"id":"1","status":200,"body":{}},{"id":"2","status":200,"body":{}}]}`), `{}`},
		{"no content type", answerWith(200, "text/plain", `{"responses":[{"id":"1","status":200,"body":{}},{"id":"2","status":200,"body":{}}]}`), `{}`},
		{"401", answerWith(401, json, `{"error":{"code":"InvalidAuthenticationToken","message":"expired"}}`), errorJSON(401, "expired")},
		{"401 with a claims challenge", challenge(`Bearer realm="", error="x", claims="eyJhIjoxfQ=="`), errorJSON(401, "expired")},
		{"401 with a challenge that cannot be read", challenge(`Bearer claims=`), errorJSON(401, "expired")},
		{"400 without a message", answerWith(400, json, `{"error":{"code":"x"}}`), plain(400)},
		{"400 without an error", answerWith(400, json, `{}`), plain(400)},
		{"400 with an empty error", answerWith(400, json, `{"error":{}}`), plain(400)},
		{"400 with an error that is a text", answerWith(400, json, `{"error":"x"}`), plain(400)},
		{"400 with an error that is a number", answerWith(400, json, `{"error":5}`), plain(400)},
		{"400 with an error that is a list", answerWith(400, json, `{"error":[{"message":"m"}]}`), plain(400)},
		{"400 with a message that is a number", answerWith(400, json, `{"error":{"code":1,"message":2,"details":3}}`), plain(400)},
		{"400 with odd details", answerWith(400, json, `{"error":{"message":"m","details":[null,1,{}],"innerError":{"date":"x"}}}`), plain(400)},
		{"400 with a list", answerWith(400, json, `[]`), plain(400)},
		{"400 with a text", answerWith(400, json, `"x"`), plain(400)},
		{"400 with null", answerWith(400, json, `null`), plain(400)},
		{"400 with garbage", answerWith(400, json, `{`), plain(400)},
		{"400 nested deeply", answerWith(400, json, strings.Repeat("[", 200_000)), plain(400)},
		{"403 without a body", answerWith(403, json, ``), plain(403)},
		{"403 with a long message", answerWith(403, json, `{"error":{"message":"`+strings.Repeat("a\\n", 500)+`"}}`), errorJSON(403, strings.Repeat("a", 200))},
		{"403 that echoes the token", answerWith(403, json, `{"error":{"code":"`+theToken+`","message":"`+theToken+`"}}`), errorJSON(403, "[redacted]")},
		{"403 that tells private matters", answerWith(403, json, `{"error":{"code":"c","message":"private"}}`), errorJSON(403, "private")},
		{"500 in HTML", answerWith(500, "text/html", `<h1>private</h1>`), plain(500)},
		{"500 without a content type", answerWith(500, "", ``), plain(500)},
		{"600", answerWith(600, json, `{}`), plain(600)},
		{"500 that is huge", answerWith(500, json, `"`+strings.Repeat("x", maxAnswer)+`"`), plain(500)},
		{"503 with Retry-After", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Retry-After", "3600")
			answerWith(503, json, `{"error":{"code":"serviceNotAvailable","message":"later"}}`)(w, r)
		}, errorJSON(503, "later")},
		{"429 with Retry-After", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Retry-After", "3600")
			answerWith(429, json, `{"error":{"message":"slow down"}}`)(w, r)
		}, errorJSON(429, "slow down")},
		{"415, at which the SDK's own client repeats itself", answerWith(415, json, `{"error":{"message":"no"}}`), errorJSON(415, "no")},
		{"302", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/elsewhere", http.StatusFound) }, unreadable},
		{"307", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
		}, unreadable},
		{"204", answerWith(204, "", ""), unreadable},
		{"empty", answer(``), unreadable},
		{"garbage", answer(`<html>private</html>`), unreadable},
		{"an object of something else", answer(`{}`), unreadable},
		{"responses that are null", answer(`{"responses":null}`), unreadable},
		{"responses that are no list", answer(`{"responses":{"1":{}}}`), unreadable},
		{"a list", answer(`[]`), unreadable},
		{"null", answer(`null`), unreadable},
		{"two values", answer(`{"responses":[]}{"responses":[]}`), unreadable},
		{"nested deeply", answer(`{"responses":[{"id":"1","status":200,"body":` + strings.Repeat("[", 200_000)), unreadable},
		{"huge", answer(`{"responses":[` + strings.Repeat(" ", maxAnswer) + `]}`), large},
		{"a gzip bomb", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			for range 64 {
				_, _ = io.WriteString(z, strings.Repeat(" ", 1<<20))
			}
			_ = z.Close()
		}, large},
		{"a body cut short", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "1000")
			answer(`{"responses":[`)(w, r)
		}, unreadable},
		{"a connection cut off", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, errorJSON(503, "Microsoft Graph cannot be reached")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := newFake(t, time.Minute, tt.handle)
			equal(t, tt.name, f.ask(t, theQuery, "/me"), tt.want, tt.want)
			if n := f.requests.Load(); n != 1 {
				t.Errorf("%d requests", n)
			}
			if failed := strings.Contains(tt.want, "error_status"); failed != (f.log.Len() > 0) {
				t.Errorf("log: %q", f.log)
			}
		})
	}
}

func TestTime(t *testing.T) {
	late := errorJSON(504, "Microsoft Graph did not answer in time")
	hang := func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // so that the server sees the client go
		<-r.Context().Done()
	}
	f := newFake(t, 50*time.Millisecond, hang)
	equal(t, "no answer", f.ask(t, "/me"), late)

	f = newFake(t, 50*time.Millisecond, func(w http.ResponseWriter, r *http.Request) {
		answer(`{"responses":[`)(w, r)
		_ = http.NewResponseController(w).Flush()
		hang(w, r)
	})
	equal(t, "half an answer", f.ask(t, "/me"), late)

	f = newFake(t, time.Hour, hang)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	equal(t, "the caller's own limit", f.check(t, []string{"/me"}, f.Ask(ctx, secret.New(theToken), []string{"/me"}).Results), late)

	f = newFake(t, time.Hour, answer(`{"responses":[]}`))
	gone, leave := context.WithCancel(t.Context())
	leave()
	got := f.check(t, []string{"/me"}, f.Ask(gone, secret.New(theToken), []string{"/me"}).Results)
	equal(t, "the caller is gone", got, errorJSON(503, "the sign-in was given up"))
	if f.requests.Load() != 0 {
		t.Error("asked although the caller is gone")
	}
}

func TestDefaultTimeout(t *testing.T) {
	c, err := New(Config{Client: &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
		if until, ok := r.Context().Deadline(); !ok || time.Until(until) > 10*time.Second {
			t.Errorf("deadline %v, %v", until, ok)
		}
		return nil, io.ErrUnexpectedEOF
	})}})
	if err != nil {
		t.Fatal(err)
	}
	c.Ask(t.Context(), secret.New(theToken), []string{"/me"})
}

func TestNobodyListens(t *testing.T) {
	f := newFake(t, time.Minute, nil)
	f.adapter.SetBaseUrl("http://127.0.0.1:1/v1.0")
	equal(t, "closed port", f.ask(t, theQuery), errorJSON(503, "Microsoft Graph cannot be reached"))
}

func TestTokenThatIsNoHeaderValue(t *testing.T) {
	f := newFake(t, time.Minute, answer(`{"responses":[]}`))
	got := f.check(t, []string{"/me"}, f.Ask(t.Context(), secret.New(theToken+"\r\nX: y"), []string{"/me"}).Results)
	equal(t, "line break", got, errorJSON(503, "Microsoft Graph cannot be reached"))
	if f.requests.Load() != 0 {
		t.Error("it was sent")
	}
}

func TestPanicBecomesAResult(t *testing.T) {
	f := newFake(t, time.Minute, nil)
	c, err := New(Config{Log: slog.New(slog.NewJSONHandler(f.log, nil)), Client: &http.Client{Transport: roundTripper(func(*http.Request) (*http.Response, error) {
		panic("index out of range " + theToken)
	})}})
	if err != nil {
		t.Fatal(err)
	}
	got := f.check(t, []string{"/me"}, c.Ask(t.Context(), secret.New(theToken), []string{"/me"}).Results)
	equal(t, "panic", got, errorJSON(500, "Microsoft Graph could not be asked"))
	if !strings.Contains(f.log.String(), "panic") {
		t.Errorf("log: %s", f.log)
	}
}

// TestIdleConnectionClosed: a server may close a connection that it kept open at
// the very moment of the next batch. net/http then asks once more on a new one.
func TestIdleConnectionClosed(t *testing.T) {
	const body = `{"responses":[{"id":"1","status":200,"body":{}}]}`
	var lc net.ListenConfig
	l, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var conns, served int
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			conns++
			served += serveOnce(conn, body)
		}
	})
	client := &http.Client{Transport: &http.Transport{}}
	c, err := New(Config{BaseURL: "http://" + l.Addr().String(), Client: client, Timeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 2 {
		if got := c.Ask(t.Context(), secret.New(theToken), []string{"/me"}).Results; got[0].JSON != "{}" {
			t.Errorf("batch %d: %s", i+1, got[0].JSON)
		}
	}
	client.CloseIdleConnections()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	wg.Wait()
	if conns != 2 || served != 2 {
		t.Errorf("%d connections, %d batches answered", conns, served)
	}
}

// serveOnce answers one request on conn, waits for the next, and hangs up on it.
func serveOnce(conn net.Conn, body string) (served int) {
	defer func() { _ = conn.Close() }()
	r := bufio.NewReader(conn)
	for {
		req, err := http.ReadRequest(r)
		if err != nil {
			return served
		}
		if _, err := io.Copy(io.Discard, req.Body); err != nil || served == 1 {
			return served
		}
		served++
		_, _ = fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	}
}

func TestUsersAreNotMixedUp(t *testing.T) {
	f := newFake(t, time.Minute, func(w http.ResponseWriter, r *http.Request) {
		token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer token-")
		answer(fmt.Sprintf(`{"responses":[{"id":"1","status":200,"body":{"user":%q}}]}`, token))(w, r)
	})
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			got := f.Ask(t.Context(), secret.New(fmt.Sprintf("token-%d", i)), []string{"/me"}).Results
			if want := fmt.Sprintf(`{"user":"%d"}`, i); got[0].JSON != want {
				t.Errorf("%s, want %s", got[0].JSON, want)
			}
		})
	}
	wg.Wait()
}

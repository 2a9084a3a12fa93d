package client

import (
	"context"
	"encoding/pem"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// What a server may answer to a refresh, and what a person is told. Each time the token
// that is kept stays, but for the one answer that says it will never hold again.
func TestRefusals(t *testing.T) {
	var elsewhere atomic.Int64
	other := serve(t, gives(&elsewhere))
	html := func(status int, header ...string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			for i := 0; i+1 < len(header); i += 2 {
				w.Header().Set(header[i], header[i+1])
			}
			w.WriteHeader(status)
			_, _ = io.WriteString(w, "<p>"+marker)
		}
	}
	for _, row := range []struct {
		name    string
		handler http.HandlerFunc
		want    string
		gone    bool
	}{
		{"good", gives(new(atomic.Int64)), "", true},
		{"does not hold", says(400, `{"error":"invalid_grant","error_description":"session_ended: it has ended"}`), "nobody is signed in any more: http", true},
		{"malformed", says(400, `{"error":"invalid_request","error_description":"bad_request: x"}`), "refused: invalid_request: bad_request: x", false},
		{"no description", says(400, `{"error":"invalid_request"}`), "refused: invalid_request", false},
		{"an escape of the terminal", says(400, `{"error":"x\u001b[2J","error_description":"a\r\nb\u202e"}`), `refused: x\x1b[2J: a\r\nb\u202e`, false},
		{"much to say", says(400, `{"error":"x","error_description":"`+strings.Repeat("y", 9000)+`"}`), strings.Repeat("y", maxSaid) + "…", false},
		{"an error that is no text", says(400, `{"error":1}`), "did not answer as EasyAuth does (status 400)", false},
		{"another host", says(421, `{"error":"invalid_request","error_description":"host_not_served: x"}`), "EASYAUTH_HOSTS of the server has no 127.0.0.1:", false},
		{"too often", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Retry-After", "90")
			says(429, `{"error":"temporarily_unavailable","error_description":"rate_limited: x"}`)(w, r)
		}, "was asked too often (temporarily_unavailable: rate_limited: x); try again in 1m30s", false},
		{"too often, by a proxy", html(429, "Retry-After", "Sun, 17 May 2026 12:00:00 GMT"), "was asked too often", false},
		{"not now", says(503, `{"error":"temporarily_unavailable","error_description":"store: x"}`), "temporarily_unavailable: store: x", false},
		{"a page that is not there", html(404), "EASYAUTH_TOKEN_API is not on there, its base path is another (--base-path)", false},
		{"a proxy's error", html(502), "has a fault (status 502", false},
		{"a sign-in", html(401), "without asking the auth-url", false},
		{"forbidden", html(403), "did not answer as EasyAuth does (status 403)", false},
		{"a redirect to a sign-in", html(302, "Location", "/easyauth/login"), "not followed: a proxy must pass /easyauth/api/v1/ on", false},
		{"a redirect elsewhere", html(307, "Location", other+"/"+marker), "not followed: use the address that it leads to, if that is the application's (" + other + ")", false},
		{"a redirect with a user", html(308, "Location", "https://u:"+marker+"@evil.example/x"), "(https://evil.example)", false},
		{"a page", html(200), "did not answer as EasyAuth does: the answer is not JSON", false},
		{"another token", says(200, `{"access_token":"`+marker+`","token_type":"Bearer","expires_in":60}`), "begins with ea_", false},
		{"no content", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) }, "did not answer as EasyAuth does (status 204)", false},
		{"a flood", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			for range 1 << 10 {
				if _, err := w.Write(make([]byte, 1<<10)); err != nil {
					return
				}
			}
		}, "longer than 64 KB", false},
		{"a header without an end", func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X", strings.Repeat("x", 200<<10)) }, "cannot be reached", false},
		{"breaking off", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "cannot be reached", false},
		{"breaking off later", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, goodGrant[:50])
		}, "cannot be reached", false},
	} {
		t.Run(row.name, func(t *testing.T) {
			var calls atomic.Int64
			c := to(t, serve(t, func(w http.ResponseWriter, r *http.Request) {
				calls.Add(1)
				if r.Method != http.MethodPost || r.URL.Path != "/easyauth/api/v1/token" || r.URL.RawQuery != "" || r.FormValue("refresh_token") != "ear_old" ||
					r.Header.Get("User-Agent") != "easyauth/test" || r.Header.Get("Cookie") != "" {
					t.Errorf("%s %s", r.Method, r.URL)
				}
				row.handler(w, r)
			}))
			old := c.keep(t, time.Second, time.Hour, "ear_old")
			token, err := c.Token(t.Context())
			if row.want == "" && (err != nil || token.Access.Reveal() != "ea_new1") {
				t.Errorf("%v", err)
			}
			if row.want != "" {
				mustFail(t, row.name, err, row.want)
			}
			if gone := c.has(t) != "ea_abc ear_old"; gone != row.gone || calls.Load() != 1 {
				t.Errorf("kept: %s; asked %d times", c.has(t), calls.Load())
			}
			if errors.Is(err, ErrSignIn) != (row.want != "" && row.gone) || exists(c.State.path(old.key)) == errors.Is(err, ErrSignIn) {
				t.Errorf("%v, and the file is there: %v", err, exists(c.State.path(old.key)))
			}
		})
	}
	if elsewhere.Load() != 0 {
		t.Error("a redirect was followed")
	}
}

// Who gives no answer at all is waited for as long as the caller wants.
func TestSlowServer(t *testing.T) {
	release := make(chan struct{})
	c := to(t, serve(t, func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-release:
		case <-r.Context().Done():
		}
	}))
	defer close(release)
	cause := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	time.AfterFunc(20*time.Millisecond, func() { cancel(cause) })
	if _, err := c.Login(ctx, 0, func(string, time.Duration) { t.Error("an address") }); !errors.Is(err, cause) {
		t.Errorf("%v", err)
	}
}

func TestUnreachable(t *testing.T) {
	silent := httptest.NewUnstartedServer(says(http.StatusOK, "{}"))
	silent.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	silent.StartTLS()
	t.Cleanup(silent.Close)
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: silent.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	plain := serve(t, says(http.StatusOK, "{}"))
	for _, row := range []struct{ name, origin, ca, want string }{
		{"nobody listens", "http://127.0.0.1:" + strconv.Itoa(freePort(t)), "", "connection refused"},
		{"an authority that nobody knows", silent.URL, "", "--ca-file FILE names one"},
		{"the sibling", silent.URL, ca, "did not answer as EasyAuth does"},
		{"another name", strings.Replace(silent.URL, "127.0.0.1", "localhost", 1), ca, "for another name"},
		{"no TLS", strings.Replace(plain, "http:", "https:", 1), "", "does not speak TLS"},
		{"TLS where there should be none", strings.Replace(silent.URL, "https:", "http:", 1), "", "did not answer as EasyAuth does (status 400)"},
	} {
		c := to(t, row.origin)
		transport, err := NewTransport(row.ca)
		if err != nil {
			t.Fatal(err)
		}
		c.Transport = transport
		_, err = c.Login(t.Context(), 0, func(string, time.Duration) { t.Error("an address") })
		mustFail(t, row.name, err, row.want)
	}
	for name, content := range map[string]string{"empty": "", "no certificate": marker, "a key": "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"} {
		path := filepath.Join(t.TempDir(), "ca")
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := NewTransport(path); err == nil || strings.Contains(err.Error(), marker) {
			t.Errorf("authorities, %s: %v", name, err)
		}
	}
	if _, err := NewTransport(ca + "x"); err == nil {
		t.Error("authorities in a file that is not there")
	}
}

// http stays on this computer, whatever a name resolves to.
func TestOnlyLoopback(t *testing.T) {
	for address, good := range map[string]bool{
		"127.0.0.1:80": true, "127.8.8.8:80": true, "[::1]:80": true, "[::ffff:127.0.0.1]:80": true,
		"192.0.2.1:80": false, "0.0.0.0:80": false, "[::]:80": false, "[fe80::1%eth0]:80": false, "10.0.0.1:80": false, "localhost:80": false, "": false,
	} {
		if err := onlyLoopback(t.Context(), "tcp", address, nil); (err == nil) != good {
			t.Errorf("%s: %v", address, err)
		}
	}
	rt, err := NewTransport("")
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://192.0.2.1/", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := rt.RoundTrip(r)
	if err == nil {
		_ = resp.Body.Close()
	}
	if !errors.Is(err, errNotLoopback) {
		t.Errorf("%v", err)
	}
	var op *net.OpError
	if !errors.As(err, &op) {
		t.Errorf("%v: it was not stopped where it dials", err)
	}
}

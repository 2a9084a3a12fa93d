package client

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// patience bounds every wait. Nothing comes near it unless something is broken.
const patience = 30 * time.Second

// serve answers at an address of this computer.
func serve(t *testing.T, h http.HandlerFunc) (origin string) {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

// to returns a client of a server, with an empty folder and a clock that stands still.
func to(t *testing.T, origin string) *Client {
	t.Helper()
	server, err := ParseServer(origin, "")
	if err != nil {
		t.Fatal(err)
	}
	state, err := NewState(filepath.Join(t.TempDir(), "easyauth"))
	if err != nil {
		t.Fatal(err)
	}
	c, err := New(Config{Server: server, State: state, Agent: "easyauth/test", Now: theTime})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// keep writes what the client has.
func (c *Client) keep(t *testing.T, left, life time.Duration, refresh string) *record {
	t.Helper()
	r := aRecord(left, life, refresh)
	r.key = c.person()
	d, err := c.State.begin(r.key)
	if err == nil {
		err = d.commit(r)
	}
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (c *Client) has(t *testing.T) string {
	t.Helper()
	r, err := c.State.read(c.person())
	if err != nil {
		return err.Error()
	}
	return r.access.Reveal() + " " + r.refresh.Reveal()
}

// says answers with JSON.
func says(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// gives answers like a token endpoint, with a new token each time.
func gives(calls *atomic.Int64) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		n := strconv.FormatInt(calls.Add(1), 10)
		says(http.StatusOK, `{"access_token":"ea_new`+n+`","token_type":"Bearer","expires_in":3600,"refresh_token":"ear_new`+n+`"}`)(w, r)
	}
}

// proved is the proof of an application.
type proved struct{ err error }

// Add implements Proof.
func (p proved) Add(form url.Values, _ string) error {
	form.Set("client_secret", marker)
	return p.err
}

func mustFail(t *testing.T, what string, err error, want string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%s: %v, want %q", what, err, want)
		return
	}
	for _, token := range []string{"ea_abc", "ea_new", "ear_old", "ear_new", marker} {
		if strings.Contains(err.Error(), token) && !strings.Contains(want, token) {
			t.Errorf("%s: a secret in %v", what, err)
		}
	}
}

// freePort is one where nobody listens.
func freePort(t *testing.T) int {
	t.Helper()
	var lc net.ListenConfig
	l, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

package client

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// lets is a server that lets a program in at once: it gives the address of the callback
// as the one to open, below its own, and takes one code.
func lets(t *testing.T, life int) (origin string, asked func() url.Values) {
	t.Helper()
	var seen atomic.Pointer[url.Values]
	var self string
	self = serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		switch r.URL.Path {
		case "/easyauth/api/v1/login":
			query := r.URL.Query()
			seen.Store(&query)
			_ = json.NewEncoder(w).Encode(map[string]any{"login_url": self + "/easyauth/api/v1/authorize?request=x", "expires_in": life})
		case "/easyauth/api/v1/token":
			query := *seen.Load()
			if r.FormValue("code") != "c0de" || r.FormValue("redirect_uri") != query.Get("redirect_uri") || challenge(r.FormValue("code_verifier")) != query.Get("code_challenge") {
				t.Errorf("%v", r.Form)
			}
			_, _ = io.WriteString(w, strings.Replace(goodGrant, "ea_abc", "ea_new1", 1))
		default:
			t.Errorf("%s", r.URL)
		}
	})
	return self, func() url.Values { return *seen.Load() }
}

// comeBack is what the browser does at the end.
func comeBack(t *testing.T, asked url.Values, pairs ...string) {
	t.Helper()
	q := url.Values{"state": {asked.Get("state")}}
	for i := 0; i < len(pairs); i += 2 {
		q.Set(pairs[i], pairs[i+1])
	}
	r, err := http.NewRequestWithContext(context.WithoutCancel(t.Context()), http.MethodGet, asked.Get("redirect_uri")+"?"+q.Encode(), nil)
	if err != nil {
		t.Error(err)
		return
	}
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Error(err)
		return
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Errorf("the page at the end: %d", resp.StatusCode)
	}
}

func TestLogin(t *testing.T) {
	for _, row := range []struct {
		name string
		back []string
		want string
	}{
		{"allowed", []string{"code", "c0de"}, ""},
		{"cancelled", []string{"error", "access_denied"}, ErrCancelled.Error()},
		{"another error", []string{"error", "server_error\x1b[2J"}, `refused in the browser: server_error\x1b[2J`},
	} {
		origin, asked := lets(t, 600)
		c := to(t, origin)
		c.keep(t, time.Hour, time.Hour, "ear_old") // of before
		token, err := c.Login(t.Context(), 0, func(link string, _ time.Duration) {
			q := asked()
			if link != origin+"/easyauth/api/v1/authorize?request=x" || len(q.Get("state")) != 43 || len(q.Get("code_challenge")) != 43 || q.Get("code_challenge_method") != "S256" ||
				!strings.HasPrefix(q.Get("redirect_uri"), "http://127.0.0.1:") {
				t.Errorf("%s: %s, %v", row.name, link, q)
			}
			go comeBack(t, q, row.back...)
		})
		switch {
		case row.want == "" && (err != nil || token.Access.Reveal() != "ea_new1" || c.has(t) != "ea_new1 ear_def"):
			t.Errorf("%s: %v, kept %s", row.name, err, c.has(t))
		case row.want != "":
			mustFail(t, row.name, err, row.want)
			if c.has(t) != "ea_abc ear_old" {
				t.Errorf("%s: kept %s", row.name, c.has(t))
			}
		}
	}
}

// A verifier and a state are for one sign-in.
func TestLoginIsRandom(t *testing.T) {
	seen := map[string]bool{}
	for range 3 {
		origin, asked := lets(t, 600)
		if _, err := to(t, origin).Login(t.Context(), 0, func(string, time.Duration) { go comeBack(t, asked(), "code", "c0de") }); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"state", "code_challenge"} {
			if seen[asked().Get(name)] {
				t.Errorf("the same %s twice", name)
			}
			seen[asked().Get(name)] = true
		}
	}
}

// A sign-in ends when its address does, with its caller, and when nothing could be kept.
func TestLoginEnds(t *testing.T) {
	origin, _ := lets(t, 1)
	_, err := to(t, origin).Login(t.Context(), 0, func(string, time.Duration) {})
	mustFail(t, "nobody comes", err, "nobody came back from the browser within 1s")

	origin, _ = lets(t, 600)
	cause := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	if _, err := to(t, origin).Login(ctx, 0, func(string, time.Duration) { cancel(cause) }); !errors.Is(err, cause) {
		t.Errorf("%v", err)
	}

	c := to(t, origin)
	if err := os.WriteFile(c.State.folder, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = c.Login(t.Context(), 0, func(string, time.Duration) { t.Error("a person was bothered") })
	mustFail(t, "no folder", err, "not a folder")
}

// The port that a person forwards is the one that is listened on.
func TestLoginPort(t *testing.T) {
	port := freePort(t)
	first, err := listen(t.Context(), port, "s")
	if err != nil {
		t.Fatal(err)
	}
	if u, err := url.Parse(first.redirect); err != nil || u.Host != first.host || !strings.HasPrefix(u.Host, "127.0.0.1:") || u.Path != callbackPath {
		t.Errorf("%s, %v", first.redirect, err)
	}
	_, err = listen(t.Context(), port, "s")
	mustFail(t, "twice", err, "listen for the browser")
	first.close()
	again, err := listen(t.Context(), port, "s")
	if err != nil {
		t.Fatalf("after its end: %v", err)
	}
	again.close()
}

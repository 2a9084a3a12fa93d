package client

import (
	"errors"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// What is asked for what is kept.
func TestToken(t *testing.T) {
	for _, row := range []struct {
		name    string
		left    time.Duration
		refresh string
		want    string // the token; "": sign in
		asked   int64
	}{
		{"good", time.Hour, "ear_old", "ea_abc", 0},
		{"good, without a refresh token", time.Hour, "", "ea_abc", 0},
		{"about to end", 30 * time.Second, "ear_old", "ea_new1", 1},
		{"about to end, without a refresh token", 30 * time.Second, "", "ea_abc", 0},
		{"ended", -time.Hour, "ear_old", "ea_new1", 1},
		{"ended, without a refresh token", -time.Hour, "", "", 0},
		{"seconds are left, without a refresh token", 4 * time.Second, "", "", 0},
	} {
		var calls atomic.Int64
		c := to(t, serve(t, gives(&calls)))
		c.keep(t, row.left, 2*time.Hour, row.refresh)
		token, err := c.Token(t.Context())
		switch {
		case row.want == "" && !errors.Is(err, ErrSignIn):
			t.Errorf("%s: %v", row.name, err)
		case row.want != "" && (err != nil || token.Access.Reveal() != row.want):
			t.Errorf("%s: %v", row.name, err)
		}
		if calls.Load() != row.asked {
			t.Errorf("%s: asked %d times", row.name, calls.Load())
		}
		if row.asked > 0 && (c.has(t) != "ea_new1 ear_new1" || !token.Expires.Equal(theTime().Add(time.Hour)) || !token.Renewable) {
			t.Errorf("%s: kept %s until %v", row.name, c.has(t), token.Expires)
		}
	}
	if _, err := to(t, "https://app.example.com").Token(t.Context()); !errors.Is(err, ErrSignIn) {
		t.Errorf("nothing: %v", err)
	}
}

// The token goes to the server that it came from: another origin or base path has none.
func TestTokenIsForItsServer(t *testing.T) {
	c := to(t, "https://app.example.com")
	c.keep(t, time.Hour, time.Hour, "ear_old")
	for _, other := range []string{"https://app.example.com:8443", "https://app.example.org", "https://xapp.example.com"} {
		d := to(t, other)
		d.State = c.State
		if _, err := d.Token(t.Context()); !errors.Is(err, ErrSignIn) {
			t.Errorf("%s: %v", other, err)
		}
	}
	d := to(t, "https://app.example.com")
	d.State = c.State
	if _, err := d.Token(t.Context()); err != nil {
		t.Error(err)
	}
	// A file that was copied to another's place is not taken either.
	d.Server, _ = ParseServer("https://evil.example.com", "")
	text, err := os.ReadFile(c.State.path(c.person()))
	if err == nil {
		err = os.WriteFile(d.State.path(d.person()), text, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	_, err = d.Token(t.Context())
	mustFail(t, "copied", err, "another server")
}

// However many ask at once, one refreshes.
func TestTokenOnce(t *testing.T) {
	var calls atomic.Int64
	c := to(t, serve(t, gives(&calls)))
	c.keep(t, time.Second, time.Hour, "ear_old")
	var wait sync.WaitGroup
	for range 16 {
		wait.Go(func() {
			if token, err := c.Token(t.Context()); err != nil || token.Access.Reveal() != "ea_new1" {
				t.Errorf("%v", err)
			}
		})
	}
	wait.Wait()
	if calls.Load() != 1 {
		t.Errorf("asked %d times", calls.Load())
	}
}

// A token that cannot be kept is not asked for; one that cannot be put in its place is
// not left behind a used one.
func TestTokenThatCannotBeKept(t *testing.T) {
	var calls atomic.Int64
	var c *Client
	c = to(t, serve(t, func(w http.ResponseWriter, r *http.Request) {
		path := c.State.path(c.person())
		if err := errors.Join(os.Remove(path), os.MkdirAll(path+"/x", 0o700)); err != nil { // nothing can take its place
			t.Error(err)
		}
		gives(&calls)(w, r)
	}))
	c.keep(t, time.Second, time.Hour, "ear_old")
	_, err := c.Token(t.Context())
	mustFail(t, "no place", err, "keep the token")
	if left, _ := os.ReadDir(c.State.folder); calls.Load() != 1 || len(left) != 2 { // the folder in its place, and the lock
		t.Errorf("asked %d times; left: %v", calls.Load(), left)
	}
}

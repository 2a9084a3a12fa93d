package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/config"
)

// changing is a wired server whose configuration is in a file.
type changing struct {
	t     *testing.T
	path  string
	log   lockedBuffer
	level slog.LevelVar
	parts *parts
}

// startChanging wires a server that may read vars and a file that says what set does.
func startChanging(t *testing.T, vars map[string]string, set string) *changing {
	t.Helper()
	c := &changing{t: t, path: filepath.Join(t.TempDir(), "easyauth.yaml")}
	c.write(set)
	vars = with(t, vars, map[string]string{"EASYAUTH_CONFIG_FILE": c.path})
	env := environment{environ: environ(vars), stdout: io.Discard, stderr: io.Discard, version: testVersion}
	cfg, _, faults := read(env, config.Roles{})
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	var err error
	c.parts, err = wire(t.Context(), cfg, outside{
		version: testVersion, log: slog.New(slog.NewTextHandler(&c.log, &slog.HandlerOptions{Level: &c.level})), level: &c.level, learns: 3 * time.Second,
		reread: func() (*config.Config, []config.Warning, config.Faults) { return read(env, config.Roles{}) },
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	for _, run := range c.parts.background {
		running.Go(func() { run(ctx) })
	}
	t.Cleanup(func() {
		cancel()
		running.Wait()
		c.parts.close()
		if t.Failed() {
			t.Log(c.log.String())
		}
	})
	return c
}

func (c *changing) write(set string) {
	c.t.Helper()
	if err := os.WriteFile(c.path+".new", []byte(set), 0o600); err != nil {
		c.t.Fatal(err)
	}
	if err := os.Rename(c.path+".new", c.path); err != nil {
		c.t.Fatal(err)
	}
}

// change writes the file and waits for what the log then says.
func (c *changing) change(set, logged string) {
	c.t.Helper()
	before := strings.Count(c.log.String(), logged)
	c.write(set)
	c.parts.reload(c.t.Context())
	waitFor(c.t, logged, func() bool { return strings.Count(c.log.String(), logged) > before })
}

// status asks about a page.
func (c *changing) status() int {
	r := httptest.NewRequestWithContext(c.t.Context(), http.MethodGet, "/easyauth/auth", nil)
	r.Header = asNginx("https://" + host + "/page")
	w := httptest.NewRecorder()
	c.parts.public.ServeHTTP(w, r)
	return w.Code
}

const hasChanged = "the configuration has changed"

// Requests at any moment of a change are answered, by the old or by the new generation;
// what the old ones ran has ended afterwards.
func TestGenerations(t *testing.T) {
	c := startChanging(t, nil, "EASYAUTH_CLAIM_HEADERS: upn\n")
	waitFor(t, "the start", func() bool { return c.status() == http.StatusUnauthorized })
	goroutines := runtime.NumGoroutine()
	stop := make(chan struct{})
	var clients sync.WaitGroup
	for range 4 {
		clients.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					if status := c.status(); status != http.StatusUnauthorized {
						t.Errorf("got %d", status)
						return
					}
				}
			}
		})
	}
	for i := range 5 {
		c.change(fmt.Sprintf("EASYAUTH_CLAIM_HEADERS: claim%d\n", i), hasChanged)
	}
	close(stop)
	clients.Wait()
	waitFor(t, "the generations before to end", func() bool { return len(c.parts.live.leaving.all()) == 0 })
	waitFor(t, "what they ran to end", func() bool { return runtime.NumGoroutine() <= goroutines+5 })
	if got := c.parts.live.now.Load().cfg.ClaimHeaders; len(got) != 1 || got[0] != "claim4" {
		t.Errorf("in use: %q", got)
	}
}

func TestChangesThatAreRefused(t *testing.T) {
	const good = "EASYAUTH_CLAIM_HEADERS: upn\n"
	const cannot = `msg="the configuration cannot be used: the one before stays in use"`
	c := startChanging(t, nil, good)
	waitFor(t, "the start", func() bool { return c.status() == http.StatusUnauthorized })
	first := c.parts.live.now.Load()
	for name, set := range map[string]string{
		"a fault": good + "EASYAUTH_SUCCESS_STATUS: 500\n", "what only other packages see": good + "EASYAUTH_DEFAULT_REDIRECT: /a?<b\n",
		"what needs a restart": good + "EASYAUTH_BASE_PATH: /sso\nEASYAUTH_PPROF: true\n", "no settings": "[]",
	} {
		c.change(set, cannot)
		if c.parts.live.now.Load() != first || c.parts.live.notInUse() == "" {
			t.Errorf("%s: it is in use", name)
		}
		c.change(good, "the configuration is in order again")
		if c.parts.live.notInUse() != "" {
			t.Errorf("%s: it was mended", name)
		}
	}
	if text := c.log.String(); !strings.Contains(text, "EASYAUTH_BASE_PATH, EASYAUTH_PPROF: cannot change while the server runs") {
		t.Error(text)
	}
	if c.parts.live.now.Load() != first {
		t.Error("what is the same was replaced")
	}
}

// The level of the log is changed, and warnings are given again.
func TestChangesOfTheLog(t *testing.T) {
	c := startChanging(t, map[string]string{"EASYAUTH_GROUPS_KEEP": "all"}, "EASYAUTH_GROUPS: auto\n")
	c.change("EASYAUTH_LOG_LEVEL: debug\nEASYAUTH_GROUPS: claims\n", hasChanged)
	if c.level.Level() != slog.LevelDebug || !strings.Contains(c.log.String(), "EASYAUTH_GROUPS_KEEP") {
		t.Errorf("level %v", c.level.Level())
	}
	if !strings.Contains(c.log.String(), "settings=\"[EASYAUTH_GROUPS EASYAUTH_LOG_LEVEL]\"") {
		t.Error("what has changed is not named")
	}
}

// Package e2e proves the main job with real parts: nginx, EasyAuth's binary, a
// browser, and an emulated Entra ID.
package e2e

import (
	"context"
	"fmt"
	"os"
	"testing"

	"github.com/easyauth-sidecar/easyauth/test/stand"
)

// built are the programs under test. They do not change once TestMain has run.
var built *stand.Binaries

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "easyauth-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }() // a temporary folder
	if built, err = stand.Build(context.Background(), dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() {
		if theBrowser.stop != nil {
			theBrowser.stop()
		}
	}()
	return m.Run()
}

// start starts a stand that ends with the test; on failure its logs are shown.
func start(t *testing.T, cfg stand.Config) *stand.Stand {
	t.Helper()
	cfg.Dir, cfg.Binaries = t.TempDir(), built
	s, err := stand.Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		log, nginx := s.Log(), s.NginxErrors()
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Logf("EasyAuth's log:\n%s\nnginx's errors:\n%s", tail(log), tail(nginx))
		}
	})
	return s
}

func tail(text string) string {
	const most = 6000
	if len(text) > most {
		return "…" + text[len(text)-most:]
	}
	return text
}

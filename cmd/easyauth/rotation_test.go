//go:build unix

package main

import (
	"strings"
	"syscall"
	"testing"
	"time"
)

// Keys are replaced while the server runs, and nobody signs in again before the
// old one is dropped.
func TestRotationWhileServing(t *testing.T) {
	idp, _ := startEntra(t, "127.0.0.1:0")
	path := keysIn(t, time.Hour, keyText(1))
	s := startProcess(t, with(t, laptop(t, strings.TrimPrefix(idp.BaseURL(), "http://")), map[string]string{"EASYAUTH_KEYS": "", "EASYAUTH_KEYS_FILE": path}))
	waitFor(t, "discovery", func() bool { return !strings.Contains(s.get(s.admin, "/readyz", nil).body, "degraded") })
	first := newBrowser(t, s)
	first.signIn()

	reads := 0
	step := func(args ...string) {
		t.Helper()
		keygen(t, args...)
		reads++
		if err := s.process.Signal(syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
		waitFor(t, "the keys to be read", func() bool { return strings.Count(s.out.String(), `"the keys have changed"`) == reads })
		if !first.passes() {
			t.Fatalf("after %q the session has ended", args)
		}
	}
	step("--rotate", path)
	step("--rotate", path, "--now")
	second := newBrowser(t, s)
	second.signIn()

	old, current := keyID(t, keyText(1)), keyID(t, strings.Fields(text(t, path))[0])
	if old == current || !second.passes() {
		t.Fatal("the new key does not seal")
	}
	for _, id := range []string{old, current} {
		if metrics := s.get(s.admin, "/metrics", nil).body; !strings.Contains(metrics, `easyauth_tickets_opened_total{key="`+id+`"} `) {
			t.Errorf("nothing is counted of key %s", id)
		}
	}

	keygen(t, "--drop", old, path)
	if err := s.process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "the old key to go", func() bool { return !first.passes() })
	if !second.passes() {
		t.Error("the new key has gone, too")
	}
	for _, entry := range append(strings.Fields(text(t, path)), keyText(1)) {
		if strings.Contains(s.out.String(), entry) {
			t.Error("a key is in the log")
		}
	}
}

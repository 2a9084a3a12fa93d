package config

import (
	"fmt"
	"log/slog"
	"os"
	"slices"
	"sync"
	"testing"
)

func TestProcessEnvironment(t *testing.T) {
	t.Setenv("EASYAUTH_CLIENT_ID", "of-the-process")
	t.Setenv("EASYAUTH_HOSTS", "")
	t.Setenv("LOG_LEVEL", "debug") // the bare name is nobody's
	before := os.Environ()
	slices.Sort(before)

	_, _, faults := load(t, with(map[string]string{"EASYAUTH_CLIENT_ID": ""}))
	if len(faults) != 1 || faults[0].Name != "EASYAUTH_CLIENT_ID" {
		t.Errorf("a variable of the process was read: %v", faults)
	}
	if _, _, faults := load(t, with(map[string]string{"EASYAUTH_LOG_LEVEL": marker, "EASYAUTH_COMPRESS": marker})); len(faults) != 2 {
		t.Errorf("want two faults, got %v", faults)
	}
	if c := good(t, minimal()); c.ClientID == "of-the-process" || c.LogLevel != slog.LevelInfo {
		t.Errorf("a variable of the process was read: %q, %v", c.ClientID, c.LogLevel)
	}
	after := os.Environ()
	slices.Sort(after)
	if !slices.Equal(before, after) {
		t.Error("the process environment changed")
	}
}

func TestLoadsInParallelDoNotMix(t *testing.T) {
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			id := fmt.Sprintf("client-%d", i)
			for range 20 {
				c, _, err := Load(environ(with(map[string]string{"EASYAUTH_CLIENT_ID": id})), Roles{})
				if err != nil || c.ClientID != id {
					t.Errorf("client %s: got another's configuration, or %v", id, err)
					return
				}
			}
		})
	}
	group.Wait()
}

func TestFirstOfTwoCounts(t *testing.T) {
	list := append(environ(minimal()), "EASYAUTH_CLIENT_ID=second", "no equals sign", "=C:=x", "PATH=/bin")
	c, _, err := Load(list, Roles{})
	if err != nil || c.ClientID == "second" {
		t.Errorf("got %v", err)
	}
}

func TestNULIsRefused(t *testing.T) {
	for _, name := range []string{"EASYAUTH_DOMAIN_HINT", "azuread__domain"} {
		_, _, faults := load(t, with(map[string]string{name: marker + "\x00"}))
		if len(faults) != 1 || faults[0] != (Fault{Name: name, Expected: "must not hold a NUL byte"}) {
			t.Errorf("got %v", faults)
		}
	}
}

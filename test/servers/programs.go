package servers

import (
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
)

// How a missing program is answered: a test that needs it must not pass without.
const missing = "%s is not installed: `make test` installs it, and test/tools/install-dependencies says what it is in"

// program finds a program of Redis in PATH.
func program(t testing.TB, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatalf(missing, name)
	}
	return path
}

// postgresPrograms finds the folder with PostgreSQL's server programs: that of
// initdb in PATH, else the highest version of those that Debian keeps side by side.
func postgresPrograms(t testing.TB) string {
	t.Helper()
	if path, err := exec.LookPath("initdb"); err == nil {
		if path, err = filepath.EvalSymlinks(path); err == nil {
			return filepath.Dir(path)
		}
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil {
		t.Fatal(err)
	}
	best, highest := "", 0
	for _, path := range found {
		dir := filepath.Dir(path)
		version, err := strconv.Atoi(filepath.Base(filepath.Dir(dir)))
		if err == nil && version > highest {
			best, highest = dir, version
		}
	}
	if best == "" {
		t.Fatalf(missing, "PostgreSQL")
	}
	return best
}

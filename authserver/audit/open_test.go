//go:build unix

package audit_test

import (
	"bytes"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/easyauth-sidecar/easyauth/authserver/audit"
)

func make600(t *testing.T, path string) {
	t.Helper()
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
}

// Who must not make the file appends to the one that is there, and is refused where none is.
func TestNoNew(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.log")
	if _, err := audit.New(audit.Config{File: path, NoNew: true}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("it was made: %v", err)
	}
	make600(t, path)
	open(t, audit.Config{File: path, NoNew: true}).Write(audit.Event{Event: audit.Revoked})
	open(t, audit.Config{File: path, NoNew: true}).Write(audit.Event{Event: audit.SignOut})
	if text := read(t, path); strings.Count(text, "\n") != 2 {
		t.Errorf("%q", text)
	}
}

// A pipe that nobody reads is refused instead of waited for; one that is read is written to.
func TestPipe(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := audit.New(audit.Config{File: path}); !errors.Is(err, syscall.ENXIO) {
		t.Errorf("nobody reads: %v", err)
	}
	reader, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = reader.Close() }()
	s := open(t, audit.Config{File: path})
	s.Write(audit.Event{Event: audit.SignIn})
	line := make([]byte, 4096)
	n, err := reader.Read(line)
	if err != nil || decode(t, string(line[:n])).Event != audit.SignIn {
		t.Errorf("%v: %q", err, line[:n])
	}
}

// A file that others may read or write to is told of once, and again when it became so.
func TestFileOfOthersIsToldOf(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.log")
	make600(t, path)
	var log bytes.Buffer
	s := open(t, audit.Config{File: path, Log: slog.New(slog.NewTextHandler(&log, nil))})
	for _, step := range []struct {
		mode os.FileMode
		told int // so far
	}{{0o600, 0}, {0o640, 1}, {0o602, 1}, {0o600, 1}, {0o644, 2}} {
		if err := os.Chmod(path, step.mode); err != nil {
			t.Fatal(err)
		}
		if err := s.Reopen(); err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(log.String(), "is not its owner's alone"); n != step.told {
			t.Errorf("%v: told %d times, want %d", step.mode, n, step.told)
		}
	}
}

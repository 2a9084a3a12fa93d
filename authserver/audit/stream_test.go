package audit_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/audit"
)

func at() time.Time { return time.Date(2026, 5, 17, 9, 30, 15, 123456789, time.FixedZone("", 7200)) }

// decode reads one line as an event, and no key that Event does not have.
func decode(t *testing.T, line string) audit.Event {
	t.Helper()
	var e audit.Event
	d := json.NewDecoder(strings.NewReader(line))
	d.DisallowUnknownFields()
	if err := d.Decode(&e); err != nil || d.More() {
		t.Fatalf("not one event: %v %q", err, line)
	}
	return e
}

func open(t *testing.T, cfg audit.Config) *audit.Stream {
	t.Helper()
	cfg.Now = at
	s, err := audit.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestNewRefuses(t *testing.T) {
	for name, cfg := range map[string]audit.Config{
		"neither writer nor file":    {},
		"both":                       {Writer: &bytes.Buffer{}, File: filepath.Join(t.TempDir(), "a")},
		"a folder that is not there": {File: filepath.Join(t.TempDir(), "no", "a")},
		"a folder":                   {File: t.TempDir()},
	} {
		if _, err := audit.New(cfg); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestLine(t *testing.T) {
	var out bytes.Buffer
	n := 0
	open(t, audit.Config{Writer: &out}).Write(audit.Event{
		Event: audit.Denied, User: "u\n1", Path: "/a\u2028" + strings.Repeat("x", 64<<10), Roles: []string{"<A>&\x1b"}, Count: &n,
		Missing: make([]string, 100),
	})
	line := out.String()
	if strings.Count(line, "\n") != 1 || !strings.HasSuffix(line, "\n") || len(line) > 2048 {
		t.Fatalf("not one short line: %q", line)
	}
	e := decode(t, line)
	if e.Time != "2026-05-17T07:30:15.123Z" || e.Audit != audit.Schema || e.Event != audit.Denied || e.User != `u\n1` || e.Roles[0] != `<A>&\x1b` ||
		!strings.HasPrefix(e.Path, `/a\u2028xxx`) || len(e.Path) > audit.MaxText || len(e.Missing) != audit.MaxList || e.Count == nil {
		t.Errorf("%+v", e)
	}
	if strings.Contains(line, "tenant") {
		t.Errorf("an empty member is written: %s", line)
	}
}

// The lists of an identity are shared: to write them changes nothing.
func TestWriteKeepsTheCallersLists(t *testing.T) {
	roles := []string{"a\nb"}
	open(t, audit.Config{Writer: &bytes.Buffer{}}).Write(audit.Event{Roles: roles})
	if roles[0] != "a\nb" {
		t.Errorf("the caller's role is %q now", roles[0])
	}
}

func TestNilStream(t *testing.T) {
	var s *audit.Stream
	s.Write(audit.Event{Event: audit.SignIn})
	if err := errors.Join(s.Reopen(), s.Close()); err != nil {
		t.Error(err)
	}
}

func TestFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.log")
	s := open(t, audit.Config{File: path})
	s.Write(audit.Event{Event: audit.SignIn})
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v", info.Mode())
	}
	open(t, audit.Config{File: path}).Write(audit.Event{Event: audit.SignOut}) // another process
	s.Write(audit.Event{Event: audit.Revoked})
	lines := strings.Split(strings.TrimSuffix(read(t, path), "\n"), "\n")
	if len(lines) != 3 || decode(t, lines[1]).Event != audit.SignOut || decode(t, lines[2]).Event != audit.Revoked {
		t.Errorf("%q", lines)
	}
}

func TestReopen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.log")
	s := open(t, audit.Config{File: path})
	s.Write(audit.Event{Event: audit.SignIn})
	if err := os.Rename(path, path+".1"); err != nil {
		t.Fatal(err)
	}
	s.Write(audit.Event{Event: audit.Denied}) // still into the one that was moved
	if err := s.Reopen(); err != nil {
		t.Fatal(err)
	}
	s.Write(audit.Event{Event: audit.SignOut})
	if old, fresh := read(t, path+".1"), read(t, path); strings.Count(old, "\n") != 2 || strings.Count(fresh, "\n") != 1 || decode(t, fresh).Event != audit.SignOut {
		t.Errorf("moved away: %q; new: %q", old, fresh)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info, err)
	}
}

// When the name cannot be opened, the open file goes on.
func TestReopenFails(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "logs")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "audit.log")
	s := open(t, audit.Config{File: path})
	if err := os.Rename(dir, dir+".old"); err != nil {
		t.Fatal(err)
	}
	if err := s.Reopen(); err == nil {
		t.Error("no error")
	}
	s.Write(audit.Event{Event: audit.SignIn})
	if text := read(t, filepath.Join(dir+".old", "audit.log")); strings.Count(text, "\n") != 1 {
		t.Errorf("%q", text)
	}
}

func TestManyAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.log")
	s := open(t, audit.Config{File: path})
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for i := range 50 {
				s.Write(audit.Event{Event: audit.Denied, Path: strings.Repeat("x", 200)})
				if i%10 == 0 {
					if err := s.Reopen(); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	all.Wait()
	lines := strings.Split(strings.TrimSuffix(read(t, path), "\n"), "\n")
	if len(lines) != 400 {
		t.Errorf("%d lines", len(lines))
	}
	for _, line := range lines {
		decode(t, line)
	}
}

// full takes so many bytes, and then says that there is no room.
type full struct {
	bytes.Buffer

	room int
}

func (f *full) Write(p []byte) (int, error) {
	n, _ := f.Buffer.Write(p[:min(len(p), f.room)])
	f.room -= n
	if n < len(p) {
		return n, errors.New("no space left")
	}
	return n, nil
}

// A failure is counted each time, told once, and tears no other line.
func TestWriteFails(t *testing.T) {
	var log bytes.Buffer
	out, failed := &full{room: 30}, 0
	s := open(t, audit.Config{Writer: out, Failed: func() { failed++ }, Log: slog.New(slog.NewTextHandler(&log, nil))})
	for range 3 {
		s.Write(audit.Event{Event: audit.SignIn})
	}
	if failed != 3 || strings.Count(log.String(), "level=ERROR") != 1 || strings.Count(log.String(), "\n") != 1 {
		t.Errorf("%d failures, log %q", failed, log.String())
	}
	out.room = 10_000
	s.Write(audit.Event{Event: audit.SignOut})
	s.Write(audit.Event{Event: audit.Denied})
	if failed != 3 || strings.Count(log.String(), "\n") != 2 || !strings.Contains(log.String(), "level=INFO") {
		t.Errorf("%d failures, log %q", failed, log.String())
	}
	lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
	if len(lines) != 3 || decode(t, lines[1]).Event != audit.SignOut || decode(t, lines[2]).Event != audit.Denied {
		t.Errorf("%q", lines)
	}
}

func TestClosed(t *testing.T) {
	failed := 0
	s := open(t, audit.Config{File: filepath.Join(t.TempDir(), "a"), Failed: func() { failed++ }})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if s.Write(audit.Event{}); failed != 1 {
		t.Error("nobody was told")
	}
}

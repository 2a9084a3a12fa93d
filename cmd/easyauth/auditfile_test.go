//go:build unix

package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func withAudit(t *testing.T, path string) map[string]string {
	return with(t, map[string]string{"EASYAUTH_AUDIT": "file", "EASYAUTH_AUDIT_FILE": path})
}

// An audit file that cannot be is a fault that says what to do, in the same words before
// the start and at it.
func TestAuditFileThatCannotBe(t *testing.T) {
	dir := t.TempDir()
	file, pipe := filepath.Join(dir, "file"), filepath.Join(dir, "pipe")
	overwrite(t, file, "")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ name, path, cause string }{
		{"no folder", filepath.Join(dir, "no", "audit.log"), "no such file or directory"},
		{"a file instead of the folder", filepath.Join(file, "audit.log"), "not a directory"},
		{"a folder", dir, "is a directory"},
	} {
		lines := faults(t, withAudit(t, tt.path)) // of check-config and serve
		want := "EASYAUTH_AUDIT_FILE: " + tt.path + " cannot be appended to: " + tt.cause + ": make its folder and let the user as whom EasyAuth runs write there"
		if len(lines) != 1 || !strings.HasPrefix(lines[0], want) || !strings.HasSuffix(lines[0], "or set EASYAUTH_AUDIT=stdout") {
			t.Errorf("%s: got %q", tt.name, lines)
		}
	}
	if lines := faults(t, withAudit(t, "")); len(lines) != 1 || !strings.HasPrefix(lines[0], "EASYAUTH_AUDIT_FILE: is required with EASYAUTH_AUDIT=file: ") {
		t.Errorf("none: %q", lines)
	}
	if code, _, stderr := execute(t, withAudit(t, pipe), "serve"); code != exitUsage || !strings.Contains(stderr, "EASYAUTH_AUDIT_FILE: "+pipe+" cannot be appended to: ") {
		t.Errorf("a pipe that nobody reads: exit code %d\n%s", code, stderr)
	}
}

// To look at a configuration makes no file and changes none.
func TestCheckConfigMakesNoAuditFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.log")
	for _, args := range [][]string{{"check-config"}, {"check-config", "--online"}} {
		if _, stdout, stderr := execute(t, withAudit(t, path), args...); !strings.Contains(stdout, "The configuration is good.\n") || stderr != "" {
			t.Errorf("%s: %s%s", args, stdout, stderr)
		}
		if _, err := os.Stat(path); !os.IsNotExist(err) {
			t.Fatalf("%s: the file is there: %v", args, err)
		}
	}
	overwrite(t, path, "a line\n")
	before := time.Now().Add(-time.Hour).Truncate(time.Second)
	if err := os.Chtimes(path, before, before); err != nil {
		t.Fatal(err)
	}
	if code, _, stderr := execute(t, withAudit(t, path), "check-config"); code != exitOK {
		t.Errorf("exit code %d: %s", code, stderr)
	}
	if info, err := os.Stat(path); err != nil || !info.ModTime().Equal(before) || text(t, path) != "a line\n" {
		t.Errorf("the file was changed: %v", err)
	}
	start(t, withAudit(t, path))
	if !strings.HasPrefix(text(t, path), "a line\n{") {
		t.Errorf("serve does not append: %s", text(t, path))
	}
}

// Who may not write there is told, and nothing else.
func TestCheckConfigAsAnotherUser(t *testing.T) {
	folder := openFolder(t)
	copied := filepath.Join(folder, "easyauth")
	copyFile(t, program, copied)
	logs := filepath.Join(folder, "logs")
	if err := os.Mkdir(logs, 0o700); err != nil {
		t.Fatal(err)
	}
	existing := filepath.Join(logs, "existing")
	overwrite(t, existing, "")
	for _, tt := range []struct {
		name           string
		folder, file   os.FileMode
		path, mentions string
	}{
		{"a folder that is written to", 0o777, 0o666, filepath.Join(logs, "new"), ""},
		{"a folder that is not", 0o555, 0o666, filepath.Join(logs, "new"), "permission denied"},
		{"a file in a folder that is not", 0o555, 0o666, existing, ""},
		{"a file that is not written to", 0o777, 0o444, existing, "permission denied"},
	} {
		for path, mode := range map[string]os.FileMode{logs: tt.folder, existing: tt.file} {
			if err := os.Chmod(path, mode); err != nil {
				t.Fatal(err)
			}
		}
		cmd := exec.CommandContext(t.Context(), copied, "check-config")
		cmd.Env = environ(withAudit(t, tt.path))
		if os.Getuid() == 0 { // who may write everywhere
			const nobody = 65534
			cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
		}
		out, err := cmd.CombinedOutput()
		if (err == nil) != (tt.mentions == "") || !strings.Contains(string(out), tt.mentions) {
			t.Errorf("%s: %v\n%s", tt.name, err, out)
		}
	}
	if err := os.Chmod(logs, 0o700); err != nil {
		t.Fatal(err)
	}
	if entries, err := os.ReadDir(logs); err != nil || len(entries) != 1 {
		t.Errorf("%v, %v", entries, err)
	}
}

// openFolder is a new folder that everybody may enter.
func openFolder(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	for _, path := range []string{folder, filepath.Dir(folder)} {
		if err := os.Chmod(path, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	copying := func() (err error) {
		in, err := os.Open(from)
		if err != nil {
			return err
		}
		defer func() { _ = in.Close() }() // only read from
		out, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY, 0o755)
		if err != nil {
			return err
		}
		if _, err := io.Copy(out, in); err != nil {
			return fmt.Errorf("copy: %w", err)
		}
		return out.Close()
	}
	if err := copying(); err != nil {
		t.Fatal(err)
	}
}

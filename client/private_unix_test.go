//go:build unix

package client

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

// What others can read, or may have put there, is not used.
func TestPrivate(t *testing.T) {
	for _, row := range []struct {
		name  string
		spoil func(folder, file string) error
		want  string
	}{
		{"as it is made", func(string, string) error { return nil }, ""},
		{"a file without writing", func(_, file string) error { return os.Chmod(file, 0o400) }, ""},
		{"a group may read", func(_, file string) error { return os.Chmod(file, 0o640) }, "chmod 600"},
		{"others may read", func(_, file string) error { return os.Chmod(file, 0o604) }, "chmod 600"},
		{"others may write", func(_, file string) error { return os.Chmod(file, 0o602) }, "chmod 600"},
		{"others may enter the folder", func(folder, _ string) error { return os.Chmod(folder, 0o701) }, "chmod 700"},
		{"a group may write into the folder", func(folder, _ string) error { return os.Chmod(folder, 0o720) }, "chmod 700"},
		{"a link", func(_, file string) error {
			return errors.Join(os.Rename(file, file+"x"), os.Symlink(file+"x", file))
		}, "not a plain file"},
		{"a link to nothing", func(_, file string) error {
			return errors.Join(os.Remove(file), os.Symlink(file+"x", file))
		}, "not a plain file"},
		{"a pipe", func(_, file string) error {
			return errors.Join(os.Remove(file), syscall.Mkfifo(file, 0o600))
		}, "not a plain file"},
		{"a folder", func(_, file string) error {
			return errors.Join(os.Remove(file), os.Mkdir(file, 0o700))
		}, "not a plain file"},
		{"a link in place of the folder", func(folder, _ string) error {
			return errors.Join(os.Rename(folder, folder+"x"), os.Symlink(folder+"x", folder))
		}, "not a folder"},
		{"a file in place of the folder", func(folder, _ string) error {
			return errors.Join(os.Rename(folder, folder+"x"), os.WriteFile(folder, nil, 0o600))
		}, "not a folder"},
		{"damage", func(_, file string) error { return os.WriteFile(file, []byte(marker), 0o600) }, "damaged: delete it, or sign in again"},
	} {
		t.Run(row.name, func(t *testing.T) {
			c := to(t, "https://app.example.com")
			r := c.keep(t, time.Hour, time.Hour, "ear_old")
			if err := row.spoil(c.State.folder, c.State.path(r.key)); err != nil {
				t.Fatal(err)
			}
			token, err := c.Token(t.Context())
			if row.want == "" {
				if err != nil || token.Access.Reveal() != "ea_abc" {
					t.Errorf("%v", err)
				}
				return
			}
			mustFail(t, row.name, err, row.want)
			if errors.Is(err, ErrSignIn) {
				t.Errorf("%v", err)
			}
			_, err = c.Logout(t.Context(), "")
			mustFail(t, "logout", err, row.want)
		})
	}
}

// foreign is a file of somebody else's.
type foreign struct{ fs.FileInfo }

// Sys implements fs.FileInfo.
func (f foreign) Sys() any {
	stat := *f.FileInfo.Sys().(*syscall.Stat_t)
	stat.Uid++
	return &stat
}

func TestOwner(t *testing.T) {
	c := to(t, "https://app.example.com")
	r := c.keep(t, time.Hour, time.Hour, "")
	for _, path := range []string{c.State.folder, c.State.path(r.key)} {
		info, err := os.Lstat(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := isPrivate(path, info); err != nil {
			t.Error(err)
		}
		mustFail(t, path, isPrivate(path, foreign{info}), "belongs to another user")
	}
}

// The modes do not hang on the umask of whoever calls, and are those of the documents.
func TestModes(t *testing.T) {
	c := to(t, "https://app.example.com")
	r := c.keep(t, time.Hour, time.Hour, "")
	unlock, err := c.State.lock(t.Context(), r.key)
	if err != nil {
		t.Fatal(err)
	}
	unlock()
	path := c.State.path(r.key)
	for file, want := range map[string]fs.FileMode{c.State.folder: 0o700, path: 0o600, strings.TrimSuffix(path, ".json") + ".lock": 0o600} {
		if info, err := os.Lstat(file); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v", file, info.Mode(), err)
		}
	}
}

// One has a turn at a time; who does not want to wait does not; a turn ends with its holder.
func TestLock(t *testing.T) {
	c := to(t, "https://app.example.com")
	of := c.person()
	unlock, err := c.State.lock(t.Context(), of)
	if err != nil {
		t.Fatal(err)
	}
	other, err := c.State.lock(t.Context(), key{server: of.server, client: "x"})
	if err != nil {
		t.Fatalf("another file: %v", err)
	}
	other()
	cause := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	time.AfterFunc(3*lockPause, func() { cancel(cause) })
	if _, err := c.State.lock(ctx, of); !errors.Is(err, cause) {
		t.Errorf("while another has it: %v", err)
	}
	got := make(chan func(), 1)
	go func() {
		if second, err := c.State.lock(t.Context(), of); err == nil {
			got <- second
		}
	}()
	select {
	case <-got:
		t.Error("two have it")
	case <-time.After(5 * lockPause):
	}
	unlock()
	select {
	case second := <-got:
		second()
	case <-time.After(patience):
		t.Error("it was not handed on")
	}
}

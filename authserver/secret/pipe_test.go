//go:build unix

package secret

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// What may never give anything is refused at once, also behind a link; a link to a file
// is followed.
func TestReadFileDoesNotWait(t *testing.T) {
	dir := t.TempDir()
	pipe, file, link, toFile := filepath.Join(dir, "pipe"), filepath.Join(dir, "file"), filepath.Join(dir, "link"), filepath.Join(dir, "tofile")
	for _, err := range []error{
		syscall.Mkfifo(pipe, 0o600), os.WriteFile(file, []byte("abc"), 0o600), os.Symlink(pipe, link), os.Symlink(file, toFile),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct{ name, path, want string }{
		{"a pipe", pipe, "is not a regular file"},
		{"a link to a pipe", link, "is not a regular file"},
		{"a device without an end", "/dev/zero", "is not a regular file"},
		{"a device that is empty", "/dev/null", "is not a regular file"},
		{"a directory", dir, "is a directory"},
		{"a file", file, ""},
		{"a link to a file", toFile, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			type result struct {
				content []byte
				err     error
			}
			done := make(chan result, 1)
			go func() {
				content, err := ReadFile(tt.path, 3)
				done <- result{content, err}
			}()
			select {
			case got := <-done:
				switch {
				case tt.want == "" && (got.err != nil || string(got.content) != "abc"):
					t.Errorf("%q, %v", got.content, got.err)
				case tt.want != "" && (got.err == nil || got.err.Error() != tt.want || got.content != nil):
					t.Errorf("%q, %v; want %q", got.content, got.err, tt.want)
				}
			case <-time.After(10 * time.Second):
				t.Fatal("it waits")
			}
			if _, err := File(tt.path); (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("as a secret: %v", err)
			}
		})
	}
}

// A pipe that takes the place of a file between the look and the opening is refused too.
func TestReadOpenRefusesAPipe(t *testing.T) {
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _, _ = reader.Close(), writer.Close() }()
	if content, err := readOpen(reader, 3); err == nil || content != nil {
		t.Errorf("%q, %v", content, err)
	}
}

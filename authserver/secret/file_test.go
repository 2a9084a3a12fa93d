package secret

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestFile(t *testing.T) {
	for _, tt := range []struct{ name, content, want string }{
		{"as it is", "abc", "abc"},
		{"a line break at the end is cut", "abc\n", "abc"},
		{"also one of Windows", "abc\r\n", "abc"},
		{"one only", "abc\n\n", "abc\n"},
		{"a carriage return alone stays", "abc\r", "abc\r"},
		{"nothing is cut in front", "\n abc ", "\n abc "},
		{"64 KB", strings.Repeat("x", maxFile), strings.Repeat("x", maxFile)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := File(write(t, tt.content))
			if err != nil || got.Reveal() != tt.want {
				t.Errorf("got %d bytes, %v; want %d bytes", len(got.Reveal()), err, len(tt.want))
			}
		})
	}
}

func TestFileRefuses(t *testing.T) {
	dir := t.TempDir()
	for _, tt := range []struct{ name, path, want string }{
		{"empty", write(t, ""), "empty"},
		{"a line break alone", write(t, "\n"), "empty"},
		{"a Windows line break alone", write(t, "\r\n"), "empty"},
		{"one byte too many", write(t, marker+strings.Repeat("x", maxFile+1-len(marker))), "larger than 65536 bytes"},
		{"absent", filepath.Join(dir, "absent"), "no such file"},
		{"a directory", dir, "is a directory"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := File(tt.path)
			if err == nil || !got.Empty() {
				t.Fatalf("got %d bytes and %v, want an error", len(got.Reveal()), err)
			}
			if text := err.Error(); !strings.Contains(text, tt.want) || strings.Count(text, tt.path) != 1 || strings.Contains(text, marker) {
				t.Errorf("got %q; want the path once, %q, no content", text, tt.want)
			}
			if cause := errors.Unwrap(err); cause == nil || strings.Contains(cause.Error(), tt.path) {
				t.Errorf("the cause: got %v, want one without the path", cause)
			}
		})
	}
	if _, err := File(filepath.Join(dir, "absent")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("absent: got %v, want fs.ErrNotExist", err)
	}
}

func write(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

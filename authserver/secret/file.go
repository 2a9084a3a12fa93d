package secret

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"syscall"
)

// maxFile bounds a secret file, in bytes.
const maxFile = 64 << 10

// File reads a secret from a file of at most 64 KB. One line break at its end
// (\n or \r\n) is cut, because editors and echo add one; nothing else is. A file
// that is empty then is an error. An error names the path, never the content;
// errors.Unwrap gives the cause without the path.
func File(path string) (String, error) {
	text, err := read(path)
	if err != nil {
		return String{}, fmt.Errorf("read secret file %q: %w", path, err)
	}
	return New(text), nil
}

func read(path string) (string, error) {
	content, err := ReadFile(path, maxFile)
	if err != nil {
		return "", err
	}
	text, cut := strings.CutSuffix(string(content), "\n")
	if cut {
		text = strings.TrimSuffix(text, "\r")
	}
	if text == "" {
		return "", errors.New("the file is empty")
	}
	return text, nil
}

// ReadFile reads a file that an operator names, of at most limit bytes. Links are
// followed. It does not wait: what is no regular file is refused, because a pipe or a
// device may never give anything, and what it gave would be gone. An error holds neither
// the path nor the content.
func ReadFile(path string, limit int64) ([]byte, error) {
	// The look before spares a device that acts on being opened; the one after holds for
	// what was opened.
	info, err := os.Stat(path)
	if err != nil {
		return nil, cause(err)
	}
	if err := regular(info); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0) //nolint:gosec // the operator names the file
	if err != nil {
		return nil, cause(err)
	}
	content, err := readOpen(f, limit)
	_ = f.Close() // only read from
	return content, err
}

func readOpen(f *os.File, limit int64) ([]byte, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, cause(err)
	}
	if err := regular(info); err != nil {
		return nil, err
	}
	content, err := io.ReadAll(io.LimitReader(f, limit+1))
	switch {
	case err != nil:
		return nil, cause(err)
	case int64(len(content)) > limit:
		return nil, fmt.Errorf("is larger than %d bytes", limit)
	}
	return content, nil
}

func regular(info fs.FileInfo) error {
	switch {
	case info.IsDir():
		return errors.New("is a directory")
	case !info.Mode().IsRegular():
		return errors.New("is not a regular file")
	}
	return nil
}

// cause takes the path out of an error of the file system.
func cause(err error) error {
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		return pathErr.Err
	}
	return err
}

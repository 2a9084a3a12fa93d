package secret

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
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
	f, err := os.Open(path) //nolint:gosec // the operator names the file
	if err != nil {
		return "", cause(err)
	}
	content, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	_ = f.Close() // only read from
	switch {
	case err != nil:
		return "", cause(err)
	case len(content) > maxFile:
		return "", fmt.Errorf("larger than %d bytes", maxFile)
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

// cause takes the path out of an error of the file system.
func cause(err error) error {
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		return pathErr.Err
	}
	return err
}

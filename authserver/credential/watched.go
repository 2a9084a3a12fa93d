package credential

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/easyauth-sidecar/easyauth/authserver/secret"
)

// watched is what one or two files hold. They are looked at whenever it is asked
// for, and read again when one is another file (a mount of a Kubernetes Secret
// swaps a symbolic link), has another modification time or another size. Times of
// files are compared with each other only, never with a clock. What is not seen: a
// file that is rewritten in place with as many bytes in the same tick of the file
// system's clock.
type watched[T any] struct {
	what  string // for log lines
	paths []string
	parse func(texts []string) (T, error) // of the files, in order
	log   *slog.Logger

	mu    sync.Mutex
	good  T             // the last that could be read
	seen  []os.FileInfo // of the files that good was read from
	fault string        // why they cannot be read now; "" when they can
}

// watch reads the files for the first time.
func watch[T any](what string, log *slog.Logger, parse func([]string) (T, error), paths ...string) (*watched[T], error) {
	w := &watched[T]{what: what, paths: paths, parse: parse, log: log}
	return w, w.read()
}

// current returns the last good content. While files are absent, unreadable or of
// no use they are read again at every call, and one warning is written for each
// cause in a row; one line when they are good again.
func (w *watched[T]) current() T {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.read(); err != nil {
		if fault := err.Error(); fault != w.fault {
			w.fault = fault
			w.log.Warn("the "+w.what+" cannot be read again; the last good one is used", "error", err)
		}
	} else if w.fault != "" {
		w.fault = ""
		w.log.Info("the "+w.what+" can be read again", "files", w.paths)
	}
	return w.good
}

// read reads the files if there is a reason to.
func (w *watched[T]) read() error {
	found := make([]os.FileInfo, len(w.paths))
	for i, path := range w.paths {
		var err error
		if found[i], err = stat(path); err != nil {
			return fmt.Errorf("read %s %q: %w", w.what, path, err)
		}
	}
	// The look comes before the reading: what is written in between is read, and
	// seen as a change the next time. What was of no use is not kept as seen, so
	// that it is read until it is good.
	if slices.EqualFunc(found, w.seen, unchanged) {
		return nil
	}
	texts := make([]string, len(w.paths))
	for i, path := range w.paths {
		text, err := content(path)
		if err != nil {
			return fmt.Errorf("read %s %q: %w", w.what, path, err)
		}
		texts[i] = text
	}
	value, err := w.parse(texts)
	if err != nil {
		return fmt.Errorf("read %s %s: %w", w.what, quoted(w.paths), err)
	}
	w.good, w.seen = value, found
	return nil
}

// quoted returns the paths as an error shows them.
func quoted(paths []string) string {
	shown := make([]string, len(paths))
	for i, path := range paths {
		shown[i] = strconv.Quote(path)
	}
	return strings.Join(shown, " and ")
}

func unchanged(a, b os.FileInfo) bool {
	return os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime())
}

// stat follows links. Pipes and devices are refused, because reading them could
// wait forever and what they gave would be gone.
func stat(path string) (os.FileInfo, error) {
	info, err := os.Stat(path)
	var failed *fs.PathError
	switch {
	case errors.As(err, &failed):
		return nil, failed.Err // the path is in the caller's error
	case err != nil:
		return nil, err
	case info.IsDir():
		return nil, errors.New("it is a directory")
	case !info.Mode().IsRegular():
		return nil, errors.New("it is not a regular file")
	}
	return info, nil
}

// content reads a file as secret.File does. Errors are without the path.
func content(path string) (string, error) {
	text, err := secret.File(path)
	if err != nil {
		return "", errors.Unwrap(err)
	}
	return text.Reveal(), nil
}

// Package keyfile follows the file that holds the keys, so that they can be
// rotated while the server runs. It does not know how the file is written, and no
// key reaches its log lines: keys have ids there.
package keyfile

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/seal"
)

const (
	every   = 10 * time.Second
	settled = time.Second
	maxSize = 64 << 10 // bytes
)

// Config of a Watcher.
type Config struct {
	Path string     // required
	Ring *seal.Ring // required

	// Parse returns the keys in a file's text: those that seal and open, the
	// sealing one first, and those that only open until they seal next. Its
	// errors are logged and must hold nothing of the text. Required.
	Parse func(text string) (keys, next [][]byte, err error)

	Every time.Duration // between two looks at the file; 0 means 10 s
	Log   *slog.Logger  // nil means none
}

// Watcher gives a ring the keys of a file whenever the file changes. What cannot be
// read, or is no key file, leaves the ring as it is and is logged once. It is safe
// for concurrent use.
type Watcher struct {
	cfg Config

	mu      sync.Mutex
	done    os.FileInfo // the file whose text was last taken or refused; nil: none
	refused error       // why it was
	pending os.FileInfo // another file that was seen, which may still be written to
	warned  string      // the fault that was logged last, "" when all is well
}

// New returns a watcher. It reads nothing.
func New(cfg Config) *Watcher {
	if cfg.Every <= 0 {
		cfg.Every = every
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return &Watcher{cfg: cfg}
}

// Run looks at the file now and then until ctx ends. A file that has changed is read
// a second later if it is still the same then, because it may be written in
// steps: half a file could hold fewer keys without being wrong. Links are
// followed, also when they are pointed elsewhere, as those of a Kubernetes Secret are.
func (w *Watcher) Run(ctx context.Context) {
	for {
		pause := time.NewTimer(w.look())
		select {
		case <-ctx.Done():
			pause.Stop()
			return
		case <-pause.C:
		}
	}
}

// Reload reads the file at once, whether it has changed or not.
func (w *Watcher) Reload() {
	w.mu.Lock()
	defer w.mu.Unlock()
	before := w.cfg.Ring.IDs()
	w.take()
	if w.warned == "" && slices.Equal(before, w.cfg.Ring.IDs()) {
		w.cfg.Log.Info("the key file was read again: the keys are the same")
	}
}

// look reads the file if it has changed, and returns when to look next.
func (w *Watcher) look() time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	info, err := os.Stat(w.cfg.Path)
	switch {
	case err != nil:
		w.pending = nil
		w.report(fmt.Errorf("look at the key file: %w", err))
	case same(info, w.done):
		w.pending = nil
		w.report(w.refused)
	case same(info, w.pending):
		w.take()
	default:
		w.pending = info
		return min(settled, w.cfg.Every)
	}
	return w.cfg.Every
}

func same(a, b os.FileInfo) bool {
	return a != nil && b != nil && os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime())
}

// take gives the ring the keys of the file.
func (w *Watcher) take() {
	w.pending = nil
	text, info, err := w.read()
	if err == nil {
		err = w.replace(text)
	}
	w.done, w.refused = info, err
	w.report(err)
}

// read returns the file's text, and which file that was; nil if it is to be read
// again when it has not changed.
func (w *Watcher) read() (text string, info os.FileInfo, err error) {
	f, err := os.Open(w.cfg.Path)
	if err != nil {
		return "", nil, fmt.Errorf("open the key file: %w", err)
	}
	defer func() { _ = f.Close() }() // it was only read
	if info, err = f.Stat(); err != nil {
		return "", nil, fmt.Errorf("look at the key file: %w", err)
	}
	raw, err := io.ReadAll(io.LimitReader(f, maxSize+1))
	if err != nil {
		return "", nil, fmt.Errorf("read the key file: %w", err)
	}
	if len(raw) > maxSize {
		return "", info, fmt.Errorf("read the key file: it is longer than %d bytes", maxSize)
	}
	return string(raw), info, nil
}

// replace changes the ring and logs what it holds then.
func (w *Watcher) replace(text string) error {
	keys, next, err := w.cfg.Parse(text)
	if err != nil {
		return fmt.Errorf("parse the key file: %w", err)
	}
	ring := w.cfg.Ring
	before := ring.IDs()
	if err := ring.Replace(keys, next); err != nil {
		return err
	}
	after := ring.IDs()
	if slices.Equal(before, after) {
		return nil
	}
	level, text := slog.LevelInfo, "the keys have changed"
	if !slices.Contains(before, after[0]) {
		level, text = slog.LevelWarn, "the keys have changed, and the one that seals was not known before: replicas that have not read it yet refuse what it seals"
	}
	w.cfg.Log.LogAttrs(context.Background(), level, text, slog.String("seals", after[0].String()),
		slog.Any("opens", texts(after[1:len(keys)])), slog.Any("next", texts(after[len(keys):])))
	return nil
}

func texts(ids []seal.KeyID) []string {
	out := make([]string, len(ids))
	for i, id := range ids {
		out[i] = id.String()
	}
	return out
}

// report logs a fault that differs from the last one, and its end.
func (w *Watcher) report(err error) {
	if err == nil {
		if w.warned != "" {
			w.cfg.Log.Info("the key file is in order again")
		}
		w.warned = ""
		return
	}
	if text := err.Error(); text != w.warned {
		w.cfg.Log.Warn("the key file cannot be used: the keys stay as they are", slog.Any("error", err))
		w.warned = text
	}
}

// Package keyfile follows the file that holds the keys, so that they can be
// rotated while the server runs. It does not know how the file is written, and no
// key reaches its log lines: keys have ids there.
package keyfile

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/seal"
	"github.com/easyauth-sidecar/easyauth/authserver/secret"
	"github.com/easyauth-sidecar/easyauth/authserver/watch"
)

const maxSize = 64 << 10 // bytes

// Config of a Watcher.
type Config struct {
	Path string     // required
	Ring *seal.Ring // required

	// Parse returns the keys in a file's text: those that seal and open, the
	// sealing one first, and those that only open until they seal next. Its
	// errors are logged and must hold nothing of the text. Required.
	Parse func(text string) (keys, next [][]byte, err error)

	// Told hears that the file cannot be used, once for each fault, and with nil that it
	// can again. nil: nobody is told.
	Told func(err error)

	Every time.Duration // between two looks at the file; 0 means 10 s
	Log   *slog.Logger  // nil means none
}

// Watcher gives a ring the keys of a file whenever the file changes. What cannot be
// read, or is no key file, leaves the ring as it is and is logged once. It is safe
// for concurrent use.
type Watcher struct {
	cfg  Config
	file *watch.Watcher
}

// New returns a watcher. It reads nothing.
func New(cfg Config) *Watcher {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	w := &Watcher{cfg: cfg}
	w.file = watch.New(watch.Config{
		What: "key file", Kept: "the keys stay as they are", Paths: func() []string { return []string{cfg.Path} },
		Take: w.take, Told: cfg.Told, Every: cfg.Every, Log: cfg.Log,
	})
	return w
}

// Run looks at the file now and then until ctx ends; see watch.Watcher.Run.
func (w *Watcher) Run(ctx context.Context) { w.file.Run(ctx) }

// Reload reads the file at once, whether it has changed or not.
func (w *Watcher) Reload(ctx context.Context) { w.file.Reload(ctx) }

// take gives the ring the keys of the file.
func (w *Watcher) take(ctx context.Context, asked bool) error {
	text, err := w.read()
	if err != nil {
		return err
	}
	changed, err := w.replace(ctx, text)
	if err == nil && asked && !changed {
		w.cfg.Log.InfoContext(ctx, "the key file was read again: the keys are the same")
	}
	return err
}

// read returns the file's text.
func (w *Watcher) read() (text string, err error) {
	raw, err := secret.ReadFile(w.cfg.Path, maxSize)
	if err != nil {
		return "", fmt.Errorf("read the key file %q: %w", w.cfg.Path, err)
	}
	return string(raw), nil
}

// replace changes the ring, reports whether it holds other keys then and logs which.
func (w *Watcher) replace(ctx context.Context, text string) (changed bool, err error) {
	keys, next, err := w.cfg.Parse(text)
	if err != nil {
		return false, fmt.Errorf("parse the key file: %w", err)
	}
	ring := w.cfg.Ring
	before := ring.IDs()
	if err := ring.Replace(keys, next); err != nil {
		return false, err
	}
	after := ring.IDs()
	if slices.Equal(before, after) {
		return false, nil
	}
	level, text := slog.LevelInfo, "the keys have changed"
	if !slices.Contains(before, after[0]) {
		level, text = slog.LevelWarn, "the keys have changed, and the one that seals was not known before: replicas that have not read it yet refuse what it seals"
	}
	w.cfg.Log.LogAttrs(ctx, level, text, slog.String("seals", after[0].String()),
		slog.Any("opens", texts(after[1:len(keys)])), slog.Any("next", texts(after[len(keys):])))
	return true, nil
}

func texts(ids []seal.KeyID) []string {
	out := make([]string, len(ids))
	for i, id := range ids {
		out[i] = id.String()
	}
	return out
}

// Package watch follows files that are read again when they change, so that what
// they hold can be replaced while the server runs. It does not know what they hold
// and opens none of them.
package watch

import (
	"context"
	"log/slog"
	"os"
	"slices"
	"sync"
	"time"
)

const (
	every   = 10 * time.Second
	settled = time.Second
)

// Config of a Watcher.
type Config struct {
	What string // the files are, for log lines: "key file"
	Kept string // when they are of no use: "the keys stay as they are"

	// Paths returns the files; it is asked at every look. Required.
	Paths func() []string

	// Take reads the files and uses what they hold, or leaves all as it is and returns
	// why. With asked somebody asked for it, and the files may be the same as before.
	// Its errors are logged. Required.
	Take func(ctx context.Context, asked bool) error

	// Told hears of a fault that differs from the last one, and with nil of its end, when
	// the log does. It must not call the Watcher. nil: nobody is told.
	Told func(err error)

	Every time.Duration // between two looks; 0 means 10 s
	Log   *slog.Logger  // nil means none
}

// Watcher calls Take whenever a file has changed. What is of no use is tried again
// at every look, and logged once. It is safe for concurrent use; there is one Take
// at a time.
type Watcher struct {
	cfg  Config
	poke chan struct{}

	mu      sync.Mutex
	done    []os.FileInfo // the files that were last of use; nil: none
	pending []os.FileInfo // others that were seen, and may still be written to
	warned  string        // the fault that was logged last, "" when all is well
}

// New returns a watcher. It looks at nothing.
func New(cfg Config) *Watcher {
	if cfg.Every <= 0 {
		cfg.Every = every
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Told == nil {
		cfg.Told = func(error) {}
	}
	return &Watcher{cfg: cfg, poke: make(chan struct{}, 1)}
}

// Run looks at the files now and then until ctx ends. Those that have changed are
// taken a second later if they are still the same then, because a file may be
// written in steps, and half a file need not be wrong. Links are followed, also when
// they are pointed elsewhere, as those of a Kubernetes Secret are. What is not seen:
// a file that is rewritten in place with as many bytes in the same tick of the file
// system's clock.
func (w *Watcher) Run(ctx context.Context) {
	for {
		pause := time.NewTimer(w.look(ctx))
		select {
		case <-ctx.Done():
			pause.Stop()
			return
		case <-w.poke:
			pause.Stop()
			w.Reload(ctx)
		case <-pause.C:
		}
	}
}

// Poke makes Run do at once what Reload does. It does not wait for it.
func (w *Watcher) Poke() {
	select {
	case w.poke <- struct{}{}:
	default: // it was asked already
	}
}

// Reload takes the files at once, whether they have changed or not.
func (w *Watcher) Reload(ctx context.Context) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.take(ctx, w.stat(), true)
}

// look takes the files if they have changed, and returns when to look next.
func (w *Watcher) look(ctx context.Context) time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	found := w.stat()
	switch {
	case same(found, w.done):
		w.pending = nil
	case same(found, w.pending):
		w.take(ctx, found, false)
	default:
		w.pending = found
		return min(settled, w.cfg.Every)
	}
	return w.cfg.Every
}

// stat returns what is there; nil for a file that is not.
func (w *Watcher) stat() []os.FileInfo {
	found := []os.FileInfo{}
	for _, path := range w.cfg.Paths() {
		info, err := os.Stat(path)
		if err != nil {
			info = nil
		}
		found = append(found, info)
	}
	return found
}

func same(a, b []os.FileInfo) bool {
	return a != nil && b != nil && slices.EqualFunc(a, b, func(a, b os.FileInfo) bool {
		if a == nil || b == nil {
			return a == nil && b == nil
		}
		return os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime())
	})
}

// take has the files used that were found. They are looked at before they are read:
// what is written in between is seen as a change the next time.
func (w *Watcher) take(ctx context.Context, found []os.FileInfo, asked bool) {
	w.pending, w.done = nil, found
	err := w.cfg.Take(ctx, asked)
	if err != nil {
		w.done = nil
	}
	if ctx.Err() == nil {
		w.report(ctx, err)
	}
}

// report tells of a fault that differs from the last one, and its end.
func (w *Watcher) report(ctx context.Context, err error) {
	if err == nil {
		if w.warned != "" {
			w.cfg.Log.InfoContext(ctx, "the "+w.cfg.What+" is in order again")
			w.cfg.Told(nil)
		}
		w.warned = ""
		return
	}
	if text := err.Error(); text != w.warned {
		w.cfg.Log.WarnContext(ctx, "the "+w.cfg.What+" cannot be used: "+w.cfg.Kept, slog.Any("error", err))
		w.warned = text
		w.cfg.Told(err)
	}
}

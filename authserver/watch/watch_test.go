package watch_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/watch"
)

// taker counts what is taken, and refuses it while it is told to.
type taker struct {
	mu    sync.Mutex
	taken int
	asked int
	fault error
	told  []string
	log   bytes.Buffer
}

// Write implements io.Writer.
func (k *taker) Write(p []byte) (int, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.log.Write(p)
}

func (k *taker) take(_ context.Context, asked bool) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.taken++
	if asked {
		k.asked++
	}
	return k.fault
}

func (k *taker) refuse(err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.fault = err
}

// check compares how often something was taken since the last check.
func (k *taker) check(t *testing.T, when string, taken, asked int) {
	t.Helper()
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.taken != taken || k.asked != asked {
		t.Errorf("%s: taken %d times, %d of them asked for; want %d and %d", when, k.taken, k.asked, taken, asked)
	}
	k.taken, k.asked = 0, 0
}

func (k *taker) logged(t *testing.T, when string, lines ...string) {
	t.Helper()
	k.mu.Lock()
	defer k.mu.Unlock()
	got := strings.Count(k.log.String(), "\n")
	ok := got == len(lines)
	for _, line := range lines {
		ok = ok && strings.Contains(k.log.String(), line)
	}
	if !ok {
		t.Errorf("%s: logged\n%swant %q", when, k.log.String(), lines)
	}
	k.log.Reset()
}

func (k *taker) hear(err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.told = append(k.told, fmt.Sprint(err))
}

// heard compares what was told since the last time.
func (k *taker) heard(t *testing.T, when string, want ...string) {
	t.Helper()
	k.mu.Lock()
	defer k.mu.Unlock()
	if !slices.Equal(k.told, want) {
		t.Errorf("%s: told %q, want %q", when, k.told, want)
	}
	k.told = nil
}

func put(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path+".new", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}

// watching follows two files, of which the second is not there.
func watching(t *testing.T) (w *watch.Watcher, k *taker, first, second string) {
	t.Helper()
	dir := t.TempDir()
	first, second, k = filepath.Join(dir, "first"), filepath.Join(dir, "second"), &taker{}
	put(t, first, "a")
	return watch.New(watch.Config{
		What: "pair", Kept: "nothing changes", Paths: func() []string { return []string{first, second} }, Take: k.take, Told: k.hear,
		Log: slog.New(slog.NewTextHandler(k, nil)),
	}), k, first, second
}

func TestWatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, k, first, second := watching(t)
		go w.Run(t.Context())
		time.Sleep(15 * time.Second)
		k.check(t, "at first", 1, 0)
		time.Sleep(10 * time.Minute)
		k.check(t, "nothing changes", 0, 0)
		for _, step := range []struct {
			name   string
			change func()
		}{
			{"the first", func() { put(t, first, "b") }},
			{"the second comes", func() { put(t, second, "b") }},
			{"both", func() { put(t, first, "c"); put(t, second, "c") }},
			{"the second goes", func() { _ = os.Remove(second) }}, // it is there
		} {
			step.change()
			time.Sleep(12 * time.Second)
			k.check(t, step.name, 1, 0)
		}
		k.logged(t, "all is well")
		k.heard(t, "all is well")
	})
}

// What is refused is tried again at every look, and logged once.
func TestRefusedIsTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, k, first, _ := watching(t)
		go w.Run(t.Context())
		time.Sleep(15 * time.Second)
		k.check(t, "at first", 1, 0)
		k.refuse(errors.New("half of it is missing"))
		put(t, first, "b")
		time.Sleep(time.Minute)
		k.mu.Lock()
		tried := k.taken
		k.mu.Unlock()
		if tried < 4 || tried > 7 {
			t.Errorf("tried %d times in a minute", tried)
		}
		k.check(t, "refused", tried, 0)
		k.logged(t, "refused", `level=WARN msg="the pair cannot be used: nothing changes" error="half of it is missing"`)
		k.heard(t, "refused", "half of it is missing")
		k.refuse(errors.New("another fault"))
		time.Sleep(12 * time.Second)
		k.logged(t, "refused again", `error="another fault"`)
		k.heard(t, "refused again", "another fault")
		k.refuse(nil)
		time.Sleep(12 * time.Second)
		k.logged(t, "mended without a change", `level=INFO msg="the pair is in order again"`)
		k.heard(t, "mended without a change", "<nil>")
		k.mu.Lock()
		k.taken = 0
		k.mu.Unlock()
		time.Sleep(10 * time.Minute)
		k.check(t, "and not tried any more", 0, 0)
	})
}

func TestAskedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, k, _, _ := watching(t)
		w.Reload(t.Context())
		k.check(t, "before it runs", 1, 1)
		w.Poke()
		w.Poke() // once is enough
		k.check(t, "nobody runs", 0, 0)
		go w.Run(t.Context())
		synctest.Wait()
		k.check(t, "it runs", 1, 1)
		time.Sleep(5 * time.Minute)
		k.check(t, "that was the newest", 0, 0)
		w.Poke()
		synctest.Wait()
		k.check(t, "asked again", 1, 1)
	})
}

// A fault at the end of the process is no fault of the files.
func TestEndIsNoFault(t *testing.T) {
	w, k, _, _ := watching(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	k.refuse(context.Canceled)
	w.Reload(ctx)
	k.logged(t, "at the end")
	k.heard(t, "at the end")
}

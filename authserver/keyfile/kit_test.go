package keyfile_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/keyfile"
	"github.com/easyauth-sidecar/easyauth/authserver/seal"
)

// log collects lines.
type log struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

// take returns the lines since the last call.
func (l *log) take() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	lines := slices.Collect(strings.Lines(l.buf.String()))
	l.buf.Reset()
	return lines
}

func key(b byte) []byte { return bytes.Repeat([]byte{b}, seal.KeySize) }

func ids(t testing.TB, keys ...byte) (out []seal.KeyID) {
	t.Helper()
	for _, k := range keys {
		r, err := seal.NewRing([][]byte{key(k)}, seal.Domain{})
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, r.Current())
	}
	return out
}

// text is a key file of these keys in the words of parse.
func text(keys, next []byte) string {
	var words []string
	for _, k := range keys {
		words = append(words, hex.EncodeToString(key(k)))
	}
	for _, k := range next {
		words = append(words, "next:"+hex.EncodeToString(key(k)))
	}
	return strings.Join(words, "\n") + "\n"
}

func parse(text string) (keys, next [][]byte, err error) {
	for i, word := range strings.Fields(text) {
		word, isNext := strings.CutPrefix(word, "next:")
		raw, err := hex.DecodeString(word)
		switch {
		case err != nil:
			return nil, nil, fmt.Errorf("entry %d is not hexadecimal", i+1)
		case isNext:
			next = append(next, raw)
		default:
			keys = append(keys, raw)
		}
	}
	if len(keys) == 0 {
		return nil, nil, errors.New("no entry")
	}
	return keys, next, nil
}

// put replaces a file as a careful writer does.
func put(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path+".new", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}

type world struct {
	path string
	ring *seal.Ring
	log  *log
	w    *keyfile.Watcher
}

func newWorld(t testing.TB, every time.Duration) *world {
	t.Helper()
	ring, err := seal.NewRing([][]byte{key(1)}, seal.Domain{})
	if err != nil {
		t.Fatal(err)
	}
	w := &world{path: filepath.Join(t.TempDir(), "keys"), ring: ring, log: &log{}}
	put(t, w.path, text([]byte{1}, nil))
	w.w = keyfile.New(keyfile.Config{Path: w.path, Ring: ring, Parse: parse, Every: every, Log: slog.New(slog.NewTextHandler(w.log, nil))})
	return w
}

// check compares the ring, and the number of lines logged since the last check;
// texts must be in the last of them.
func (w *world) check(t testing.TB, when string, keys []byte, lines int, texts ...string) {
	t.Helper()
	if want := ids(t, keys...); !slices.Equal(w.ring.IDs(), want) {
		t.Errorf("%s: the ring holds %v, want %v", when, w.ring.IDs(), want)
	}
	got := w.log.take()
	if len(got) != lines {
		t.Errorf("%s: %d lines logged, want %d: %q", when, len(got), lines, got)
		return
	}
	for _, text := range texts {
		if !strings.Contains(got[len(got)-1], text) {
			t.Errorf("%s: logged %q, want %q in it", when, got[len(got)-1], text)
		}
	}
	for _, line := range got {
		for _, k := range []byte{1, 2, 3} {
			if strings.Contains(line, hex.EncodeToString(key(k)[:8])) {
				t.Errorf("%s: a key is in the log: %q", when, line)
			}
		}
	}
}

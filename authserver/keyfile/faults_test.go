package keyfile_test

import (
	"encoding/hex"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// Each fault is logged once, however often it is seen, and the end of it.
func TestFaultsChangeNothing(t *testing.T) {
	remove := func(t *testing.T, path string) {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
	write := func(content string) func(*testing.T, string) {
		return func(t *testing.T, path string) { put(t, path, content) }
	}
	tests := []struct {
		name   string
		damage func(*testing.T, string)
		text   string // in the log
	}{
		{"no file", remove, "no such file"},
		{"a folder", func(t *testing.T, path string) {
			remove(t, path)
			if err := os.Mkdir(path, 0o700); err != nil {
				t.Fatal(err)
			}
		}, "is a directory"},
		{"a device", func(t *testing.T, path string) {
			remove(t, path)
			if err := os.Symlink(os.DevNull, path); err != nil {
				t.Fatal(err)
			}
		}, "is not a regular file"},
		{"empty", write(""), "no entry"},
		{"no keys", write("a\x00b"), "entry 1 is not hexadecimal"},
		{"a short key", write(hex.EncodeToString(key(2)[1:])), "key 1 has 31 bytes"},
		{"a key twice", write(text([]byte{2, 2}, nil)), "key 2 is there twice"},
		{"none that seals", write(text(nil, []byte{2})), "no entry"},
		{"far too long", write(text([]byte{2}, nil) + strings.Repeat(" ", 64<<10)), "larger than 65536 bytes"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, 0)
				go w.w.Run(t.Context())
				time.Sleep(15 * time.Second)
				tt.damage(t, w.path)
				time.Sleep(15 * time.Second)
				w.check(t, "damaged", []byte{1}, 1, "level=WARN", "the keys stay as they are", tt.text)
				time.Sleep(10 * time.Minute)
				w.check(t, "ten minutes later", []byte{1}, 0)
				if err := os.RemoveAll(w.path); err != nil {
					t.Fatal(err)
				}
				put(t, w.path, text([]byte{1}, nil))
				time.Sleep(15 * time.Second)
				if lines := w.log.take(); len(lines) == 0 || !strings.Contains(lines[len(lines)-1], "in order again") {
					t.Errorf("mended: logged %q", lines)
				}
				put(t, w.path, text([]byte{2, 1}, nil))
				time.Sleep(15 * time.Second)
				w.check(t, "other keys", []byte{2, 1}, 1, "the keys have changed")
			})
		})
	}
}

// A fault that comes back is worth another line.
func TestAnotherFaultIsLogged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 0)
		go w.w.Run(t.Context())
		for range 2 {
			put(t, w.path, "xyz")
			time.Sleep(15 * time.Second)
			w.check(t, "not hexadecimal", []byte{1}, 1, "entry 1")
			put(t, w.path, "")
			time.Sleep(15 * time.Second)
			w.check(t, "empty", []byte{1}, 1, "no entry")
		}
	})
}

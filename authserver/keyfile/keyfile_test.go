package keyfile_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/keyfile"
	"github.com/easyauth-sidecar/easyauth/authserver/seal"
)

func TestRotation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 0)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		ended := make(chan struct{})
		go func() { w.w.Run(ctx); close(ended) }()
		id := ids(t, 1, 2, 3)
		time.Sleep(time.Minute)
		w.check(t, "at first", []byte{1}, 0)

		put(t, w.path, text([]byte{1}, []byte{2}))
		time.Sleep(12 * time.Second)
		w.check(t, "the next key", []byte{1, 2}, 1, "level=INFO", "seals="+id[0].String(), "opens=[]", "next=["+id[1].String()+"]")

		put(t, w.path, text([]byte{2, 1}, nil))
		time.Sleep(12 * time.Second)
		w.check(t, "it seals", []byte{2, 1}, 1, "level=INFO", "seals="+id[1].String(), "opens=["+id[0].String()+"]", "next=[]")

		put(t, w.path, text([]byte{2}, nil))
		time.Sleep(12 * time.Second)
		w.check(t, "the old one goes", []byte{2}, 1, "level=INFO", "seals="+id[1].String())

		put(t, w.path, text([]byte{3, 2}, nil))
		time.Sleep(12 * time.Second)
		w.check(t, "a new one that nobody knows", []byte{3, 2}, 1, "level=WARN", "seals="+id[2].String())

		put(t, w.path, strings.ReplaceAll(text([]byte{3, 2}, nil), "\n", " "))
		time.Sleep(12 * time.Second)
		w.check(t, "the same in other words", []byte{3, 2}, 0)

		cancel()
		<-ended
		put(t, w.path, text([]byte{1}, nil))
		time.Sleep(time.Minute)
		w.check(t, "after the end", []byte{3, 2}, 0)
	})
}

// A file that is written in steps is read when it is whole.
func TestHalfAFileIsNotRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 0)
		go w.w.Run(t.Context())
		time.Sleep(15 * time.Second)
		whole := text([]byte{2, 1}, nil)
		stamp := time.Now()
		for n := range 8 { // half of it would drop the key that sealed everybody's session
			if err := os.WriteFile(w.path, []byte(whole[:len(whole)*(n+1)/8]), 0o600); err != nil {
				t.Fatal(err)
			}
			stamp = stamp.Add(time.Second)
			if err := os.Chtimes(w.path, stamp, stamp); err != nil {
				t.Fatal(err)
			}
			time.Sleep(900 * time.Millisecond)
			if n < 7 {
				w.check(t, "half a file", []byte{1}, 0)
			}
		}
		time.Sleep(15 * time.Second)
		w.check(t, "the whole of it", []byte{2, 1}, 1, "the keys have changed")
	})
}

// What a change is recognised by.
func TestChangesAreSeen(t *testing.T) {
	other := text([]byte{2}, nil) // of the same length as what is there
	inPlace := func(t *testing.T, path, content string, at time.Time) {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, at, at); err != nil {
			t.Fatal(err)
		}
	}
	epoch := time.Unix(1_700_000_000, 0)
	tests := []struct {
		name   string
		change func(*testing.T, string)
		want   byte
	}{
		{"another file of the same size and time", func(t *testing.T, path string) {
			put(t, path, other)
			if err := os.Chtimes(path, epoch, epoch); err != nil {
				t.Fatal(err)
			}
		}, 2},
		{"the same file at another time", func(t *testing.T, path string) { inPlace(t, path, other, epoch.Add(time.Nanosecond)) }, 2},
		{"the same file at an earlier time", func(t *testing.T, path string) { inPlace(t, path, other, epoch.Add(-time.Hour)) }, 2},
		{"the same file with another size", func(t *testing.T, path string) { inPlace(t, path, other+"\n", epoch) }, 2},
		{"nothing that can be seen", func(t *testing.T, path string) { inPlace(t, path, other, epoch) }, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, 0)
				inPlace(t, w.path, text([]byte{1}, nil), epoch)
				go w.w.Run(t.Context())
				time.Sleep(15 * time.Second)
				tt.change(t, w.path)
				time.Sleep(15 * time.Second)
				if want := ids(t, tt.want); !slices.Equal(w.ring.IDs(), want) {
					t.Errorf("the ring holds %v, want %v", w.ring.IDs(), want)
				}
				w.w.Reload(t.Context())
				if want := ids(t, 2); !slices.Equal(w.ring.IDs(), want) {
					t.Errorf("after Reload the ring holds %v, want %v", w.ring.IDs(), want)
				}
			})
		})
	}
}

// A Kubernetes Secret is a folder of links to a link to a folder, which is pointed
// to another folder.
func TestKubernetesMount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		version := func(name, content string) {
			t.Helper()
			if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
				t.Fatal(err)
			}
			put(t, filepath.Join(dir, name, "keys"), content)
			link := filepath.Join(dir, "..data")
			if err := os.Symlink(name, link+"_tmp"); err != nil {
				t.Fatal(err)
			}
			if err := os.Rename(link+"_tmp", link); err != nil {
				t.Fatal(err)
			}
		}
		version("..1", text([]byte{1}, nil))
		path := filepath.Join(dir, "keys")
		if err := os.Symlink(filepath.Join("..data", "keys"), path); err != nil {
			t.Fatal(err)
		}
		ring, err := seal.NewRing([][]byte{key(1)}, seal.Domain{})
		if err != nil {
			t.Fatal(err)
		}
		go keyfile.New(keyfile.Config{Path: path, Ring: ring, Parse: parse}).Run(t.Context())
		time.Sleep(15 * time.Second)
		for i, keys := range [][]byte{{1, 2}, {2, 1}, {2}} {
			version(fmt.Sprintf("..%d", i+2), text(keys, nil))
			if err := os.RemoveAll(filepath.Join(dir, fmt.Sprintf("..%d", i+1))); err != nil {
				t.Fatal(err)
			}
			time.Sleep(12 * time.Second)
			if want := ids(t, keys...); !slices.Equal(ring.IDs(), want) {
				t.Errorf("version %d: the ring holds %v, want %v", i+2, ring.IDs(), want)
			}
		}
	})
}

func TestReload(t *testing.T) {
	w := newWorld(t, time.Hour)
	w.w.Reload(t.Context())
	w.check(t, "unchanged", []byte{1}, 1, "the keys are the same")
	put(t, w.path, text([]byte{2, 1}, []byte{3}))
	w.w.Reload(t.Context())
	w.check(t, "changed", []byte{2, 1, 3}, 1, "the keys have changed")
	put(t, w.path, "")
	for i, lines := range []int{1, 0} {
		w.w.Reload(t.Context())
		w.check(t, fmt.Sprintf("empty, time %d", i+1), []byte{2, 1, 3}, lines)
	}
	put(t, w.path, text([]byte{2, 1}, []byte{3}))
	w.w.Reload(t.Context())
	if lines := w.log.take(); len(lines) == 0 || !strings.Contains(lines[len(lines)-1], "in order again") {
		t.Errorf("mended: %q", lines)
	}
	if want := ids(t, 2, 1, 3); !slices.Equal(w.ring.IDs(), want) {
		t.Errorf("mended: the ring holds %v, want %v", w.ring.IDs(), want)
	}
}

func TestEvery(t *testing.T) {
	for _, every := range []time.Duration{-time.Second, 0, 300 * time.Millisecond, time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, every)
			go w.w.Run(t.Context())
			pause := every
			if pause <= 0 {
				pause = 10 * time.Second
			}
			time.Sleep(2*time.Second + 10*time.Millisecond) // it has read the file once
			put(t, w.path, text([]byte{2, 1}, nil))
			time.Sleep(pause + time.Second)
			if want := ids(t, 2, 1); !slices.Equal(w.ring.IDs(), want) {
				t.Errorf("every %v: the ring holds %v, want %v", every, w.ring.IDs(), want)
			}
		})
	}
}

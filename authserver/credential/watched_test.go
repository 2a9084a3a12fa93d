package credential

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

func watchedSecret(t *testing.T, text string) (s *Source, path string, log *journal) {
	t.Helper()
	path, log = file(t, text), &journal{}
	return source(t, Config{SecretFile: path, Log: log.logger()}), path, log
}

func wantSecret(t *testing.T, s *Source, want string) {
	t.Helper()
	if got := used(t, s); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestSecretFileIsReadAgain(t *testing.T) {
	s, path, log := watchedSecret(t, "first")
	wantSecret(t, s, "first")
	put(t, path, "other") // as long, another time; backwards counts too
	past := time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC)
	if err := os.Chtimes(path, past, past); err != nil {
		t.Fatal(err)
	}
	wantSecret(t, s, "other")

	put(t, path, "another one, yes\n") // as old, another size
	if err := os.Chtimes(path, past, past); err != nil {
		t.Fatal(err)
	}
	wantSecret(t, s, "another one, yes")

	next := filepath.Join(filepath.Dir(path), "next") // as long, as old, another file
	put(t, next, "yet another one!\n")
	if err := os.Chtimes(next, past, past); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(next, path); err != nil {
		t.Fatal(err)
	}
	wantSecret(t, s, "yet another one!")
	log.wantLines(t)
}

// A file that has not changed is looked at, not read.
func TestSecretFileIsNotReadWithoutNeed(t *testing.T) {
	reads := 0
	path := file(t, "text")
	w, err := watch("file", (&journal{}).logger(), func(texts []string) (string, error) { reads++; return texts[0], nil }, path)
	if err != nil {
		t.Fatal(err)
	}
	for range 10 {
		if got := w.current(); got != "text" {
			t.Errorf("got %q", got)
		}
	}
	if reads != 1 {
		t.Errorf("read %d times", reads)
	}
	put(t, path, "other text")
	if got := w.current(); got != "other text" || reads != 2 {
		t.Errorf("got %q after %d reads", got, reads)
	}
}

// The last good secret is used, and the log says once that the file has gone bad,
// and once that it is good again.
func TestSecretFileGoesBad(t *testing.T) {
	for _, tt := range []struct {
		name  string
		spoil func(t *testing.T, path string)
		want  string
	}{
		{"absent", remove, "no such file"},
		{"empty", func(t *testing.T, path string) { put(t, path, "") }, "the file is empty"},
		{"rubbish", func(t *testing.T, path string) { put(t, path, marker+"\x00\x01") }, "cannot be printed"},
		{"too large", func(t *testing.T, path string) { put(t, path, strings.Repeat(marker, 8<<10)) }, "larger than 65536 bytes"},
		{"a directory", func(t *testing.T, path string) {
			remove(t, path)
			if err := os.Mkdir(path, 0o700); err != nil {
				t.Fatal(err)
			}
		}, "it is a directory"},
		{"a link to nothing", func(t *testing.T, path string) {
			remove(t, path)
			if err := os.Symlink(path+"-absent", path); err != nil {
				t.Fatal(err)
			}
		}, "no such file"},
		{"a link to itself", func(t *testing.T, path string) {
			remove(t, path)
			if err := os.Symlink(path, path); err != nil {
				t.Fatal(err)
			}
		}, "too many levels"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, path, log := watchedSecret(t, "good")
			for range 2 {
				tt.spoil(t, path)
				for range 3 {
					wantSecret(t, s, "good")
				}
				log.wantLines(t, tt.want)
				remove(t, path)
				put(t, path, "good")
				wantSecret(t, s, "good")
				wantSecret(t, s, "good")
				log.wantLines(t, "can be read again")
			}
			put(t, path, "good and new")
			wantSecret(t, s, "good and new")
			log.wantLines(t)
		})
	}
}

func remove(t *testing.T, path string) {
	t.Helper()
	if err := os.RemoveAll(path); err != nil {
		t.Fatal(err)
	}
}

// Another cause is another line: who mends one fault sees the next.
func TestSecretFileGoesFromBadToWorse(t *testing.T) {
	s, path, log := watchedSecret(t, "good")
	remove(t, path)
	wantSecret(t, s, "good")
	put(t, path, marker+"\x00")
	wantSecret(t, s, "good")
	wantSecret(t, s, "good")
	log.wantLines(t, "level=WARN", "level=WARN")
	put(t, path, "new")
	wantSecret(t, s, "new")
	log.wantLines(t, "level=INFO")
}

// A file that is mended without a trace of it in time or size is found too.
func TestBadFileIsReadAtEveryCall(t *testing.T) {
	path, fails := file(t, "text"), false
	log := &journal{}
	w, err := watch("file", log.logger(), func(texts []string) (string, error) {
		if fails {
			return "", os.ErrPermission
		}
		return texts[0], nil
	}, path)
	if err != nil {
		t.Fatal(err)
	}
	fails = true
	put(t, path, "changed")
	if got := w.current(); got != "text" {
		t.Errorf("got %q", got)
	}
	fails = false
	if got := w.current(); got != "changed" {
		t.Errorf("got %q", got)
	}
	log.wantLines(t, "cannot be read again", "can be read again")
}

// mount makes what Kubernetes makes of a Secret: file → ..data/file, ..data → a
// directory that is replaced as a whole by renaming a new link over the old one.
type mount struct {
	dir     string
	version int
	step    time.Duration // between the times of two versions; 0: only the file is another
}

func (m *mount) swap(t *testing.T, files map[string]string) {
	t.Helper()
	m.version++
	name := fmt.Sprintf("..2026_%d", m.version)
	if err := os.Mkdir(filepath.Join(m.dir, name), 0o700); err != nil {
		t.Fatal(err)
	}
	same := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(m.version) * m.step)
	for base, text := range files {
		path := filepath.Join(m.dir, name, base)
		put(t, path, text)
		if err := os.Chtimes(path, same, same); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(name, filepath.Join(m.dir, "..tmp")); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(m.dir, "..tmp"), filepath.Join(m.dir, "..data")); err != nil {
		t.Fatal(err)
	}
	if m.version > 1 {
		if err := os.RemoveAll(filepath.Join(m.dir, fmt.Sprintf("..2026_%d", m.version-1))); err != nil {
			t.Fatal(err)
		}
		return
	}
	for base := range files {
		if err := os.Symlink(filepath.Join("..data", base), filepath.Join(m.dir, base)); err != nil {
			t.Fatal(err)
		}
	}
}

func TestKubernetesMount(t *testing.T) {
	m := &mount{dir: t.TempDir()}
	m.swap(t, map[string]string{"secret": "one 1", "token": "a.b.1"})
	log := &journal{}
	s := source(t, Config{SecretFile: filepath.Join(m.dir, "secret"), Log: log.logger()})
	f := source(t, Config{FederatedTokenFile: filepath.Join(m.dir, "token"), Log: log.logger()})
	wantSecret(t, s, "one 1")
	for _, n := range []string{"2", "3"} { // as long and as old as before
		m.swap(t, map[string]string{"secret": "one " + n, "token": "a.b." + n})
		wantSecret(t, s, "one "+n)
		if got := add(t, f).Get("client_assertion"); got != "a.b."+n {
			t.Errorf("got %q", got)
		}
	}
	log.wantLines(t)
}

// TestParallel replaces files under many callers; the race detector watches.
func TestParallel(t *testing.T) {
	m := &mount{dir: t.TempDir(), step: time.Second} // a file that was removed may lend its inode
	pair := func(n int) map[string]string {
		return map[string]string{"secret": fmt.Sprintf("secret %d", n), "token": fmt.Sprintf("a.b.%d", n)}
	}
	m.swap(t, pair(0))
	s := source(t, Config{SecretFile: filepath.Join(m.dir, "secret")})
	f := source(t, Config{FederatedTokenFile: filepath.Join(m.dir, "token")})
	var callers sync.WaitGroup
	for range 4 {
		callers.Go(func() {
			for range 200 {
				if got := used(t, s); !strings.HasPrefix(got, "secret ") {
					t.Errorf("got %q", got)
				}
				_ = f.Add(map[string][]string{}, endpoint) // may meet a directory that is just being swapped
			}
		})
	}
	for n := range 50 {
		m.swap(t, pair(n))
	}
	callers.Wait()
	wantSecret(t, s, "secret 49")
	if got := add(t, f).Get("client_assertion"); got != "a.b.49" {
		t.Errorf("got %q", got)
	}
}

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/config"
	"github.com/easyauth-sidecar/easyauth/authserver/seal"
)

// keysIn writes a file of keys that was last changed some time ago.
func keysIn(t *testing.T, age time.Duration, entries ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "keys")
	if err := os.WriteFile(path, []byte(strings.Join(entries, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	aged(t, path, age)
	return path
}

func aged(t *testing.T, path string, age time.Duration) {
	t.Helper()
	at := time.Now().Add(-age)
	if err := os.Chtimes(path, at, at); err != nil {
		t.Fatal(err)
	}
}

// keyID is what the server calls a key.
func keyID(t *testing.T, entry string) string {
	t.Helper()
	keys, _, err := config.ParseKeys(strings.TrimPrefix(entry, "next:"))
	if err != nil {
		t.Fatal(err)
	}
	ring, err := seal.NewRing(keys, seal.Domain{BasePath: "/easyauth", Authority: "https://idp.example", ClientID: clientID})
	if err != nil {
		t.Fatal(err)
	}
	return ring.Current().String()
}

// keygen runs a command that works and returns what it prints.
func keygen(t *testing.T, args ...string) string {
	t.Helper()
	code, stdout, stderr := execute(t, nil, append([]string{"keygen"}, args...)...)
	if code != exitOK || stderr != "" {
		t.Fatalf("keygen %q: exit code %d\n%s%s", args, code, stdout, stderr)
	}
	return stdout
}

// The whole way of a key: next, sealing, old, gone; replicas that read the file
// at any moment open what the others seal.
func TestRotation(t *testing.T) {
	first := keyText(1)
	path := keysIn(t, time.Hour, first)
	states := []string{text(t, path)}

	out := keygen(t, "--rotate", path)
	lines := strings.Fields(text(t, path))
	if len(lines) != 2 || lines[0] != first || !strings.HasPrefix(lines[1], "next:") {
		t.Fatalf("after the first step: %q", lines)
	}
	second := strings.TrimPrefix(lines[1], "next:")
	states = append(states, text(t, path))
	want := fmt.Sprintf("%s  1  seals\n%s  2  next\n", keyID(t, first), keyID(t, second))
	if !strings.HasSuffix(out, want) || !strings.HasPrefix(out, "Added key "+keyID(t, second)) || keygen(t, "--list", path) != want {
		t.Errorf("the first step prints\n%s\nwant at its end\n%s", out, want)
	}

	aged(t, path, settle+time.Second)
	out = keygen(t, "--rotate", path)
	if got := text(t, path); got != second+"\n"+first+"\n" {
		t.Fatalf("after the second step: %q", got)
	}
	states = append(states, text(t, path))
	want = fmt.Sprintf("%s  1  seals\n%s  2  opens\n", keyID(t, second), keyID(t, first))
	if !strings.HasSuffix(out, want) || !strings.Contains(out, `easyauth_tickets_opened_total{key="`+keyID(t, first)+`"}`) || !strings.Contains(out, "EASYAUTH_SESSION_LIFETIME") {
		t.Errorf("the second step prints\n%s\nwant at its end\n%s", out, want)
	}
	for i := range states[1:] {
		eachOpens(t, states[i], states[i+1])
	}

	out = keygen(t, "--drop", strings.ToUpper(keyID(t, first)), path)
	if got := text(t, path); got != second+"\n" || !strings.HasPrefix(out, "Dropped key "+keyID(t, first)) {
		t.Errorf("after the drop: %q, and it prints\n%s", got, out)
	}
	for _, secret := range []string{first, second} {
		if strings.Contains(out, secret) {
			t.Error("a key is printed")
		}
	}
}

// eachOpens checks that replicas with one file or the other open what either seals.
func eachOpens(t *testing.T, texts ...string) {
	t.Helper()
	var boxes []*seal.Box
	for _, text := range texts {
		keys, next, err := config.ParseKeys(text)
		if err != nil {
			t.Fatal(err)
		}
		ring, err := seal.NewRing(keys, seal.Domain{}, next...)
		if err != nil {
			t.Fatal(err)
		}
		box, err := ring.Box(seal.Config{Purpose: "test", MaxLength: 500})
		if err != nil {
			t.Fatal(err)
		}
		boxes = append(boxes, box)
	}
	for _, by := range boxes {
		sealed, err := by.Seal("n", []byte("text"))
		if err != nil {
			t.Fatal(err)
		}
		for _, other := range boxes {
			if _, err := other.Open("n", sealed); err != nil {
				t.Errorf("one step apart, and %v", err)
			}
		}
	}
}

// The spelling of the file does not matter, and entries keep theirs.
func TestRotationOfOtherSpellings(t *testing.T) {
	raw := strings.TrimRight(keyText(3), "=")
	path := keysIn(t, time.Hour, keyText(1)+", "+keyText(2), "next:"+raw, "\tnext:"+keyText(4))
	if out := keygen(t, "--list", path); !strings.HasSuffix(out, "  1  seals\n"+keyID(t, keyText(2))+"  2  opens\n"+keyID(t, raw)+"  3  next\n"+keyID(t, keyText(4))+"  4  next\n") {
		t.Errorf("list: %s", out)
	}
	keygen(t, "--rotate", path)
	if got, want := text(t, path), strings.Join([]string{raw, keyText(1), keyText(2), "next:" + keyText(4), ""}, "\n"); got != want {
		t.Errorf("the first next key does not seal:\n%s", got)
	}
	aged(t, path, time.Hour)
	keygen(t, "--drop", keyID(t, keyText(4)), path) // a next key can go again
	if got, want := text(t, path), strings.Join([]string{raw, keyText(1), keyText(2), ""}, "\n"); got != want {
		t.Errorf("after the drop:\n%s", got)
	}
}

func TestKeygenRefuses(t *testing.T) {
	eight := make([]string, 0, 8)
	for i := range 8 {
		eight = append(eight, keyText(byte(i+1)))
	}
	waiting := []string{keyText(1), "next:" + keyText(2)}
	bad := keysIn(t, time.Hour, keyText(1), marker)
	for _, tt := range []struct {
		name      string
		bad, good []string // arguments
		fault     string
	}{
		{"nine keys", []string{"--rotate", keysIn(t, time.Hour, eight...)}, []string{"--rotate", keysIn(t, time.Hour, eight[:7]...)}, "the most there can be"},
		{"too early", []string{"--rotate", keysIn(t, settle-10*time.Second, waiting...)}, []string{"--rotate", keysIn(t, settle+time.Second, waiting...)}, "less than 2m0s ago"},
		{"too early, on a clock that is behind", []string{"--rotate", keysIn(t, -time.Hour, waiting...)}, []string{"--rotate", keysIn(t, -time.Hour, waiting...), "--now"}, "less than 2m0s ago"},
		{"at once", []string{"--rotate", keysIn(t, 0, waiting...)}, []string{"--now", "--rotate", keysIn(t, 0, waiting...)}, "less than 2m0s ago"},
		{"no file", []string{"--rotate", bad + ".not"}, []string{"--rotate", keysIn(t, 0, keyText(1))}, "read the file of keys: no such file"},
		{"a folder", []string{"--list", filepath.Dir(bad)}, []string{"--list", keysIn(t, 0, keyText(1))}, "is a directory"},
		{"no name", []string{"--list", ""}, []string{"--list", keysIn(t, 0, keyText(1))}, "read the file of keys"},
		{"a key for its name", []string{"--list", marker}, []string{"--list", keysIn(t, 0, keyText(1))}, "no such file"},
		{"no key", []string{"--rotate", bad}, []string{"--rotate", keysIn(t, 0, keyText(1))}, "entry 2: must be base64"},
		{"nothing that seals", []string{"--list", keysIn(t, 0, "next:"+keyText(1))}, []string{"--list", keysIn(t, 0, keyText(1))}, "a key without next:"},
		{"no such id", []string{"--drop", marker, keysIn(t, 0, waiting...)}, []string{"--drop", keyID(t, waiting[1]), keysIn(t, 0, waiting...)}, "no key in the file has this id"},
		{"the key that seals", []string{"--drop", keyID(t, waiting[0]), keysIn(t, 0, waiting...)}, []string{"--drop", keyID(t, waiting[1]), keysIn(t, 0, waiting...)}, "this key seals"},
		{"one that is not the first, and seals", []string{"--drop", keyID(t, keyText(1)), keysIn(t, 0, waiting[1], waiting[0], keyText(5))}, []string{"--drop", keyID(t, keyText(5)), keysIn(t, 0, waiting[1], waiting[0], keyText(5))}, "this key seals"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			file := tt.bad[len(tt.bad)-1]
			before, _ := os.ReadFile(file)
			code, stdout, stderr := execute(t, nil, append([]string{"keygen"}, tt.bad...)...)
			if code != exitFailed || stdout != "" || !strings.Contains(stderr, tt.fault) || strings.Contains(stderr, marker) || !strings.HasPrefix(stderr, "easyauth keygen: --") {
				t.Errorf("exit code %d\nstdout: %s\nstderr: %s", code, stdout, stderr)
			}
			if after, _ := os.ReadFile(file); !slices.Equal(before, after) {
				t.Error("the file has changed")
			}
			keygen(t, tt.good...)
		})
	}
}

func TestKeygenArguments(t *testing.T) {
	path := keysIn(t, time.Hour, keyText(1), keyText(2))
	for _, tt := range []struct {
		name  string
		args  []string
		fault string
	}{
		{"two at once", []string{"--list", path, "--rotate", path}, "exclude one another"},
		{"now alone", []string{"--now"}, "--now goes with --rotate only"},
		{"now with a list", []string{"--list", path, "--now"}, "--now goes with --rotate only"},
		{"drop without a file", []string{"--drop", keyID(t, keyText(2))}, "--drop ID FILE"},
		{"list and one more", []string{"--list", path, path}, "one argument too many"},
		{"a file without a flag", []string{path}, "one argument too many"},
		{"two files", []string{"--drop", keyID(t, keyText(2)), path, path}, "takes no more arguments"},
		{"no value", []string{"--rotate"}, "the flag --rotate needs a value\n"},
	} {
		code, stdout, stderr := execute(t, nil, append([]string{"keygen"}, tt.args...)...)
		if code != exitUsage || stdout != "" || !strings.Contains(stderr, tt.fault) || !strings.HasPrefix(stderr, "easyauth keygen: ") {
			t.Errorf("%s: exit code %d\nstdout: %s\nstderr: %s", tt.name, code, stdout, stderr)
		}
	}
	if text(t, path) != keyText(1)+"\n"+keyText(2)+"\n" {
		t.Error("the file has changed")
	}
}

// The file is replaced in one step, in its own place, as readable as before.
func TestKeyFileIsReplaced(t *testing.T) {
	for _, mode := range []os.FileMode{0o600, 0o400, 0o640} {
		path := keysIn(t, time.Hour, keyText(1))
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		link := filepath.Join(t.TempDir(), "link")
		if err := os.Symlink(path, link); err != nil {
			t.Fatal(err)
		}
		before, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		keygen(t, "--rotate", link)
		after, err := os.Stat(path)
		if err != nil || after.Mode() != mode || os.SameFile(before, after) {
			t.Errorf("mode %v: %v, %v, the same file: %v", mode, after.Mode(), err, os.SameFile(before, after))
		}
		if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
			t.Errorf("the link is one no more: %v", err)
		}
		if files, err := os.ReadDir(filepath.Dir(path)); err != nil || len(files) != 1 {
			t.Errorf("%d files are left, %v", len(files), err)
		}
	}
	path := keysIn(t, time.Hour, keyText(1))
	if err := os.Chmod(path, 0o604); err != nil {
		t.Fatal(err)
	}
	if code, _, stderr := execute(t, nil, "keygen", "--list", path); code != exitOK || !strings.HasPrefix(stderr, "warning: everybody on this machine can read") {
		t.Errorf("exit code %d, %s", code, stderr)
	}
}

func TestKeygenHelp(t *testing.T) {
	out := keygen(t, "--help")
	for _, flag := range []string{"rotate FILE", "list FILE", "drop ID", "now"} {
		if !regexp.MustCompile(`(?m)^  --` + flag + ` +\S`).MatchString(out) {
			t.Errorf("no --%s in\n%s", flag, out)
		}
	}
}

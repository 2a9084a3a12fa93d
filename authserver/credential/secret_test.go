package credential

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func someTime() time.Time { return time.Date(2026, time.May, 4, 9, 0, 0, 0, time.UTC) }

func TestSecretText(t *testing.T) {
	const unprintable = "cannot be printed"
	for _, tt := range []struct{ name, text, want string }{
		{"what Entra ID gives out", "abC8Q~._-" + strings.Repeat("x", 31), ""},
		{"blanks and signs", ` a b!"$%&/()=?+#'*<>|{}[]@ `, ""},
		{"letters of any language", "pässwörd-密码", ""},
		{"a line break inside", marker + "\nx", unprintable},
		{"a second line break at the end", marker + "\n\n", unprintable},
		{"a carriage return", marker + "\rx", unprintable},
		{"a tab", marker + "\tx", unprintable},
		{"a NUL", marker + "\x00x", unprintable},
		{"DEL", marker + "\x7fx", unprintable},
		{"a control character of Latin-1", marker + "\u0085x", unprintable},
		{"a byte order mark", "\ufeff" + marker, unprintable},
		{"invalid UTF-8", marker + "\xffx", unprintable},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := file(t, tt.text)
			if tt.want != "" {
				refused(t, Config{ClientID: client, Secret: hidden(tt.text)}, "client secret: ", tt.want)
				refused(t, Config{ClientID: client, SecretFile: path}, path, tt.want)
				return
			}
			if got := used(t, source(t, Config{Secret: hidden(tt.text)})); got != tt.text {
				t.Errorf("value: got %q", got)
			}
			if got := used(t, source(t, Config{SecretFile: path})); got != tt.text {
				t.Errorf("file: got %q", got)
			}
		})
	}
}

// A line break at the end belongs to a file, not to a value.
func TestSecretLineBreakAtTheEnd(t *testing.T) {
	for _, end := range []string{"\n", "\r\n"} {
		if got := used(t, source(t, Config{SecretFile: file(t, "s3cret"+end)})); got != "s3cret" {
			t.Errorf("got %q", got)
		}
		refused(t, Config{ClientID: client, Secret: hidden(marker + end)}, "cannot be printed")
	}
}

func TestSecretFileRefused(t *testing.T) {
	dir := t.TempDir()
	for _, tt := range []struct{ name, path, want string }{
		{"absent", filepath.Join(dir, "absent"), "no such file"},
		{"a directory", dir, "is a directory"},
		{"a device", os.DevNull, "not a regular file"},
		{"empty", file(t, ""), "empty"},
		{"a line break alone", file(t, "\n"), "empty"},
		{"one byte more than 64 KB", file(t, marker+strings.Repeat("x", 64<<10+1-len(marker))), "larger than 65536 bytes"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			refused(t, Config{ClientID: client, SecretFile: tt.path}, tt.path, tt.want)
		})
	}
	whole := strings.Repeat("x", 64<<10)
	if got := used(t, source(t, Config{SecretFile: file(t, whole)})); got != whole {
		t.Errorf("got %d bytes", len(got))
	}
}

func TestSourceIsNotShown(t *testing.T) {
	s := source(t, Config{Secret: hidden(marker)})
	if text := fmt.Sprintf("%v %+v %#v", s, s, s); strings.Contains(text, marker) {
		t.Error(text)
	}
}

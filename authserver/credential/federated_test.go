package credential

import (
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestFederatedIsReadForEveryCall(t *testing.T) {
	path := file(t, token+"\n")
	s := source(t, Config{FederatedTokenFile: path})
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{token, strings.Replace(token, "c2ln", "AAAA", 1), strings.Replace(token, "c2ln", "BBBB", 1)} {
		put(t, path, want+"\n") // as long, in the same file
		if err := os.Chtimes(path, info.ModTime(), info.ModTime()); err != nil {
			t.Fatal(err)
		}
		form := add(t, s)
		if len(form) != 4 || form.Get("client_assertion") != want || form.Get("client_assertion_type") != assertionType {
			t.Errorf("got %v, want %s", form, want)
		}
	}
	put(t, path, marker)
	wantNoProof(t, s, path, "not a signed token")
	put(t, path, "")
	wantNoProof(t, s, path, "empty")
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	wantNoProof(t, s, path, "no such file")
	put(t, path, token)
	if got := add(t, s).Get("client_assertion"); got != token {
		t.Errorf("got %q", got)
	}
}

func wantNoProof(t *testing.T, s *Source, wanted ...string) {
	t.Helper()
	form := url.Values{"client_assertion": {"old"}, "client_assertion_type": {"old"}, "client_secret": {"old"}, "scope": {"a"}}
	err := s.Add(form, endpoint)
	if err == nil {
		t.Fatal("no error")
	}
	checkError(t, err, wanted...)
	if len(form) != 2 || form.Get("client_id") != client || form.Get("scope") != "a" {
		t.Errorf("got the form %v, want no proof", form)
	}
}

func TestFederatedFile(t *testing.T) {
	big := marker + strings.Repeat("x", 64<<10-len(token)-len(marker))
	for _, tt := range []struct{ name, text, want string }{
		{"as it is", token, ""},
		{"a line break at the end", token + "\n", ""},
		{"one of Windows", token + "\r\n", ""},
		{"several", token + "\r\n\n\n", ""},
		{"a line break in front", "\n" + token, "not a signed token"},
		{"a blank at the end", token + " \n", "not a signed token"},
		{"two tokens", token + "\n" + token, "not a signed token"},
		{"a NUL inside", strings.Replace(token, ".", ".\x00", 1), "not a signed token"},
		{"a line break inside", strings.Replace(token, ".", ".\n", 1), "not a signed token"},
		{"a byte order mark", "\ufeff" + token, "not a signed token"},
		{"two parts", "a.b", "not a signed token"},
		{"three parts", "a.b.c", ""},
		{"four parts", "a.b.c.d", "not a signed token"},
		{"an unsigned token", "a.b.", "not a signed token"},
		{"padding", "a=.b.c", "not a signed token"},
		{"a secret by mistake", marker, "not a signed token"},
		{"empty", "", "empty"},
		{"line breaks alone", "\n\n", "not a signed token"},
		{"64 KB", token + strings.Repeat("x", 64<<10-len(token)), ""},
		{"more", token + big + "x", "larger than 65536 bytes"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := file(t, tt.text)
			cfg := Config{ClientID: client, FederatedTokenFile: path}
			if tt.want != "" {
				refused(t, cfg, "federated token file", path, tt.want)
				return
			}
			if got := add(t, source(t, cfg)).Get("client_assertion"); got != strings.TrimRight(tt.text, "\r\n") {
				t.Errorf("got %q", got)
			}
		})
	}
}

func TestFederatedFileThatIsNone(t *testing.T) {
	dir := t.TempDir()
	absent := filepath.Join(dir, "absent")
	refused(t, Config{ClientID: client, FederatedTokenFile: absent}, absent, "no such file")
	refused(t, Config{ClientID: client, FederatedTokenFile: dir}, dir, "is a directory")
	refused(t, Config{ClientID: client, FederatedTokenFile: os.DevNull}, os.DevNull, "not a regular file")
	put(t, absent, token)
	source(t, Config{ClientID: client, FederatedTokenFile: absent})
}

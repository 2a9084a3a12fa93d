//go:build unix

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The program that opens addresses gets this one as its only argument, and the person
// can sign in by it; without such a program the address is printed alone.
func TestLoginOpensABrowser(t *testing.T) {
	s := openShop(t, nil)
	dir := t.TempDir()
	opened := filepath.Join(dir, "opened")
	script := "#!/bin/sh\nprintf '%s\\n' \"$#\" \"$@\" > " + opened + ".new\nmv " + opened + ".new " + opened + "\necho noise\necho noise >&2\n"
	if err := os.WriteFile(filepath.Join(dir, "xdg-open"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
	s.more = []string{"DISPLAY=:99"}
	l := s.login()
	var text []byte
	waitFor(t, "the browser", func() bool {
		var err error
		text, err = os.ReadFile(opened)
		return err == nil
	})
	if string(text) != "1\n"+l.target+"\n" || !strings.HasPrefix(l.errs.String(), "Your browser opens to sign in to "+s.url) || strings.Contains(l.errs.String(), "noise") {
		t.Errorf("opened with %q\n%s", text, l.errs.String())
	}
	newPerson(s).visit(decide(newPerson(s), l.target, "allow"))
	if code, stderr := l.ended(); code != exitOK {
		t.Errorf("%d\n%s", code, stderr)
	}

	if err := os.Remove(opened); err != nil {
		t.Fatal(err)
	}
	for name, row := range map[string]struct {
		more  []string
		flags []string
	}{
		"--no-browser": {[]string{"DISPLAY=:99"}, []string{"--no-browser"}},
		"no display":   {nil, nil},
	} {
		s.more = row.more
		l := s.login(row.flags...)
		if !strings.HasPrefix(l.errs.String(), "To sign in to "+s.url+" open this address") {
			t.Errorf("%s: %s", name, l.errs.String())
		}
		if err := l.cmd.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
		if code, _ := l.ended(); code != exitFailed {
			t.Errorf("%s: %d", name, code)
		}
		if _, err := os.Stat(opened); err == nil {
			t.Errorf("%s: a browser was opened", name)
		}
	}
}

package client

import (
	"errors"
	"path/filepath"
	"testing"
	"time"
)

func TestFolder(t *testing.T) {
	for _, row := range []struct {
		name, system string
		vars         map[string]string
		want         string // "": none
	}{
		{"XDG", "linux", map[string]string{"XDG_STATE_HOME": "/s", "HOME": "/h"}, "/s/easyauth"},
		{"a relative one counts as none", "linux", map[string]string{"XDG_STATE_HOME": "s", "HOME": "/h"}, "/h/.local/state/easyauth"},
		{"home", "linux", map[string]string{"HOME": "/h"}, "/h/.local/state/easyauth"},
		{"macOS", "darwin", map[string]string{"HOME": "/h"}, "/h/Library/Application Support/easyauth"},
		{"XDG on macOS", "darwin", map[string]string{"XDG_STATE_HOME": "/s", "HOME": "/h"}, "/s/easyauth"},
		{"Windows", "windows", map[string]string{"LOCALAPPDATA": "/l", "HOME": "/h"}, "/l/easyauth"},
		{"Windows without it", "windows", map[string]string{"HOME": "/h"}, ""},
		{"nothing", "linux", nil, ""},
		{"a relative home", "linux", map[string]string{"HOME": "h"}, ""},
	} {
		got, err := Folder(row.system, func(name string) string { return row.vars[name] })
		if filepath.ToSlash(got) != row.want || (err == nil) != (row.want != "") {
			t.Errorf("%s: %q, %v", row.name, got, err)
		}
	}
	if _, err := NewState("here"); err == nil {
		t.Error("a relative folder")
	}
}

// Each server and each client has a file of its own, whose name says nothing that a path
// could trip over.
func TestPath(t *testing.T) {
	s := &State{"/s"}
	seen := map[string]key{}
	for _, k := range []key{
		{server: "https://app.example.com/easyauth"},
		{server: "http://app.example.com/easyauth"},
		{server: "https://app.example.com/sso"},
		{server: "https://app.example.com:8443/easyauth"},
		{server: "https://[::1]:8443/easyauth"},
		{server: "https://app.example.com/easyauth", client: "x"},
		{server: "https://app.example.com/easyauth", client: "../../x"},
		{server: "https://" + string(make([]byte, 400)) + "/easyauth"},
	} {
		path := s.path(k)
		if other, found := seen[path]; found || filepath.Dir(path) != filepath.Clean("/s") || len(path) > 120 {
			t.Errorf("%v: %s (%v)", k, path, other)
		}
		seen[path] = k
	}
}

// What was begun is nothing until it is committed.
func TestDraft(t *testing.T) {
	c := to(t, "https://app.example.com")
	d, err := c.State.begin(c.person())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.State.read(c.person()); !errors.Is(err, errNotKept) {
		t.Errorf("begun: %v", err)
	}
	d.drop()
	if left, err := filepath.Glob(filepath.Join(c.State.folder, "*")); err != nil || len(left) > 0 {
		t.Errorf("dropped: %v, %v", left, err)
	}
	c.keep(t, time.Hour, time.Hour, "ear_old")
	if got := c.has(t); got != "ea_abc ear_old" {
		t.Error(got)
	}
	for range 2 {
		if err := c.State.remove(c.person()); err != nil {
			t.Error(err)
		}
	}
	if _, err := c.State.read(c.person()); !errors.Is(err, errNotKept) {
		t.Errorf("removed: %v", err)
	}
}

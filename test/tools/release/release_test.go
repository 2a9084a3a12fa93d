package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestVersions(t *testing.T) {
	for version, want := range map[string]bool{
		"v1.2.3": true, "v0.0.0": true, "v1.2.3-rc.1": true, "v1.2.3-4-g0123abc": true, "v10.20.30-0.a-b": true,
		"1.2.3": false, "v1.2": false, "v01.2.3": false, "v1.2.3+a": false, "v1.2.3-": false, "v1.2.3-01": false, "v1.2.3-a..b": false,
		"": false, "dev": false, "0123abc": false, "v1.2.3 -X main.a=b": false, "v1.2.3\n": false,
	} {
		if got := versionPattern().MatchString(version); got != want {
			t.Errorf("%q: %v", version, got)
		}
	}
}

// Nothing is built or deleted for what cannot be a release.
func TestRefused(t *testing.T) {
	t.Setenv("SOURCE_DATE_EPOCH", "1700000000")
	full, old := t.TempDir(), t.TempDir()
	for _, file := range []string{filepath.Join(full, "letters.txt"), filepath.Join(old, "easyauth-v1.0.0-linux-amd64")} {
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		name string
		args []string
		want string
	}{
		{"no version", nil, `version "" is not`},
		{"no version of Helm's", []string{"-version", "1.2"}, `version "1.2" is not`},
		{"no such system", []string{"-version", "v1.2.3", "-targets", "linux/amd64,plan9/386", "-out", old}, `"plan9/386" is none of linux/amd64`},
		{"one word too many", []string{"-version", "v1.2.3", "v1.2.4"}, "do not know"},
		{"a folder of somebody else", []string{"-version", "v1.2.3", "-out", full}, "it holds letters.txt"},
		{"no such flag", []string{"-tag", "v1.2.3"}, "not defined"},
		{"no binary", []string{"notices", filepath.Join(full, "letters.txt")}, "letters.txt"},
	} {
		if err := run(t.Context(), tt.args, &bytes.Buffer{}); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
	for _, folder := range []string{full, old} {
		if entries, err := os.ReadDir(folder); err != nil || len(entries) != 1 {
			t.Errorf("%v, %v", entries, err)
		}
	}
	if r := (&releaser{out: old}); r.empty() != nil {
		t.Error("an earlier release is in the way")
	} else if entries, err := os.ReadDir(old); err != nil || len(entries) != 0 {
		t.Errorf("%v, %v", entries, err)
	}
}

func TestCommitted(t *testing.T) {
	t.Setenv("SOURCE_DATE_EPOCH", "1700000000")
	if at, err := committed(t.Context()); err != nil || at.Unix() != 1700000000 || at.Location() != time.UTC {
		t.Errorf("%v, %v", at, err)
	}
	for _, bad := range []string{"yesterday", "-5", "0", "1.5"} {
		t.Setenv("SOURCE_DATE_EPOCH", bad)
		if at, err := committed(t.Context()); err == nil {
			t.Errorf("%s: %v", bad, at)
		}
	}
}

// The same files give the same archive, in whatever order they come, and nothing of the moment is in it.
func TestArchives(t *testing.T) {
	files := []file{{"b", 0o644, []byte("B")}, {"a", 0o755, []byte("A")}}
	swapped := []file{files[1], files[0]}
	at := time.Unix(1700000000, 0).UTC()
	for name, write := range map[string]func(string, []file, time.Time) ([]byte, error){"tar": tarball, "zip": zipped} {
		one, err := write("folder", files, at)
		if err != nil {
			t.Fatal(err)
		}
		other, err := write("folder", swapped, at)
		if err != nil || !bytes.Equal(one, other) {
			t.Errorf("%s: the order shows (%v)", name, err)
		}
		later, err := write("folder", files, at.Add(2*time.Second))
		if err != nil || bytes.Equal(one, later) {
			t.Errorf("%s: the time that is given does not count (%v)", name, err)
		}
	}
	packed, err := tarball("folder", files, at)
	if err != nil {
		t.Fatal(err)
	}
	back, err := unpack(packed)
	if err != nil || len(back) != 2 || back[0].name != "folder/a" || string(back[0].content) != "A" || back[1].name != "folder/b" {
		t.Errorf("%v, %v", back, err)
	}
	if _, err := unpack(packed[:len(packed)/2]); err == nil {
		t.Error("half an archive is read")
	}
}

func TestLicences(t *testing.T) {
	const bsd = "Redistributions of source code must retain the above copyright\n notice, … Redistributions in binary form must reproduce …"
	const mit = "Permission is hereby granted, free of charge, to any person obtaining a copy … The above copyright notice and this\npermission notice shall …"
	for text, want := range map[string][]string{
		"Apache License\n Version 2.0, January 2004": {"Apache-2.0"},
		bsd:                          {"BSD-2-Clause"},
		bsd + " Neither the name of": {"BSD-3-Clause"},
		mit:                          {"MIT"},
		"Permission to use, copy, modify, and/or distribute this software for any purpose":       {"ISC"},
		"Mozilla Public License, version 2.0":                                                    {"MPL-2.0"},
		"Apache License, Version 2.0, January 2004 … parts: " + bsd + " Neither the name":        {"Apache-2.0", "BSD-3-Clause"},
		"GNU GENERAL PUBLIC LICENSE Version 3":                                                   nil,
		"Permission is hereby granted to friends":                                                nil,
		"All rights reserved.":                                                                   nil,
		"Licensed under the Apache License, Version 1.1":                                         nil,
		"Redistributions of source code must retain the above copyright notice, and that is it.": nil,
	} {
		if got := spdx(text); !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// A licence that nobody has read yet, and a module without any, stop a release.
func TestLicencesOfAModule(t *testing.T) {
	const apache = "Apache License Version 2.0, January 2004"
	for _, tt := range []struct {
		name  string
		files map[string]string
		want  string // the names of what is found, or the error
		fails bool
	}{
		{"a licence", map[string]string{"LICENSE": apache}, "LICENSE", false},
		{"a licence and a notice", map[string]string{"LICENSE.txt": apache, "NOTICE": "by us"}, "LICENSE.txt NOTICE", false},
		{"of a package that is linked", map[string]string{"LICENSE": apache, "a/b/COPYING": apache, "a/LICENSE-2": apache}, "LICENSE a/LICENSE-2 a/b/COPYING", false},
		{"of a package that is not", map[string]string{"LICENSE": apache, "c/LICENSE": "pay me"}, "LICENSE", false},
		{"none", map[string]string{"README": apache}, "there is none", true},
		{"a notice alone", map[string]string{"NOTICE": "by us"}, "there is none", true},
		{"an unknown one", map[string]string{"LICENSE": "pay me"}, "LICENSE is no licence that is known", true},
		{"an unknown one below", map[string]string{"LICENSE": apache, "a/LICENCE.md": "pay me"}, "a/LICENCE.md is no licence", true},
		{"source code", map[string]string{"LICENSE": apache, "license.go": "package a"}, "LICENSE", false},
	} {
		root := t.TempDir()
		tt.files["a/b/b.go"] = "package b"
		for name, text := range tt.files {
			path := filepath.Join(root, filepath.FromSlash(name))
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		found, err := readLicences(root, []string{filepath.Join(root, "a", "b")})
		var names []string
		for _, l := range found {
			names = append(names, l.Name)
		}
		if (err != nil) != tt.fails || err != nil && !strings.Contains(err.Error(), tt.want) || err == nil && strings.Join(names, " ") != tt.want {
			t.Errorf("%s: %q, %v", tt.name, names, err)
		}
	}
}

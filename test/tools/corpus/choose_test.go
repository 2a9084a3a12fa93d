package main

import (
	"bytes"
	"maps"
	"slices"
	"testing"
)

func TestParseProfile(t *testing.T) {
	got, err := parseProfile([]byte("mode: count\na.go:1.2,3.4 1 0\na.go:5.2,6.4 2 1\nb.go:1.2,3.4 1 5\n"))
	want := []string{"a.go:5.2,6.4 2 1", "b.go:1.2,3.4 1 3"}
	if err != nil || !slices.Equal(slices.Sorted(maps.Keys(got)), want) {
		t.Errorf("%v, %v", got, err)
	}
	same, err := parseProfile([]byte("mode: count\na.go:5.2,6.4 2 1\nb.go:1.2,3.4 1 7\n"))
	if err != nil || !maps.Equal(got, same) {
		t.Errorf("five times and seven times are not the same: %v, %v", same, err)
	}
	for _, bad := range []string{"a.go:1.2,3.4 1 x\n", "a.go\n"} {
		if got, err := parseProfile([]byte(bad)); err == nil {
			t.Errorf("%q: %v", bad, got)
		}
	}
}

func TestChoose(t *testing.T) {
	set := func(names ...string) features {
		f := features{}
		for _, name := range names {
			f[name] = true
		}
		return f
	}
	reached := map[string]features{
		"nothing new": set("a"), "one": set("a", "b"), "one, larger": set("b"), "two": set("a", "b", "c"), "another": set("d"), "too large": set("e"),
	}
	found := []input{
		{"nothing new", []byte("x")},
		{"one", []byte("x")},
		{"one, larger", []byte("xx")},
		{"two", []byte("xxx")},
		{"another", []byte("xxxx")},
		{"too large", bytes.Repeat([]byte("x"), maxTotal)},
	}
	tests := []struct {
		name      string
		known     features
		committed []input
		found     []input
		want      []string
	}{
		{"the most that is new goes first", set("a"), nil, found[:5], []string{"two", "another"}},
		{"of several the smallest", set("a"), nil, found[:3], []string{"one"}},
		{"all is known", set("a", "b", "c", "d"), nil, found[:5], nil},
		{"all fits", set("a"), nil, found[4:], []string{"another"}},
		{"no room beside what is committed", set("a"), []input{{"old", bytes.Repeat([]byte("x"), maxTotal)}}, found, nil},
		{"enough are committed", set("a"), slices.Repeat([]input{{"old", nil}}, maxFiles), found, nil},
		{"nothing was found", set(), nil, nil, nil},
	}
	for _, tt := range tests {
		var got []string
		for _, in := range choose(maps.Clone(tt.known), tt.committed, tt.found, reached) {
			got = append(got, in.name)
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

package policy

import (
	"net/url"
	"path"
	"strings"
	"testing"
)

func TestCleanPath(t *testing.T) {
	tests := []struct {
		uri, want string // "": ambiguous
	}{
		{"/", "/"},
		{"/?a=%zz//..", "/"},
		{"/a", "/a"},
		{"/a/", "/a"},
		{"/a/b?c", "/a/b"},
		{"/%61", "/a"},
		{"/%41%c3%a4", "/Aä"},
		{"/ä", "/ä"},
		{"/a%20b", "/a b"},
		{"/a+b", "/a+b"},
		{"/a%2Bb", "/a+b"},
		{"/100%25", "/100%"},
		{"/100%25/a", "/100%/a"},
		{"/%25z", "/%z"},
		{"/a%3fb", "/a?b"},
		{"/a%23b", "/a#b"},
		{"/.a", "/.a"},
		{"/..a/b..c", "/..a/b..c"},
		{"/a:b@c,d=e&f", "/a:b@c,d=e&f"},
		{"/~a", "/~a"},
		{"/%7Ea", "/~a"},
		{"", ""},
		{"a", ""},
		{"*", ""},
		{"?a", ""},
		{"http://h/a", ""},
		{"%2fa", ""},
		{"//", ""},
		{"/a//", ""},
		{"/a.", ""},
		{"/a.?b", ""},
		{"/a./b", ""},
		{"/a..", ""},
		{"/a%2e", ""},
		{"/a%20", ""},
		{"/a%20/b", ""},
		{"/a.%20", ""},
		{"//a", ""},
		{"/a//b", ""},
		{"/%2f", ""},
		{"/a%2Fb", ""},
		{"/.", ""},
		{"/..", ""},
		{"/...", ""},
		{"/./a", ""},
		{"/a/..", ""},
		{"/a/../b", ""},
		{"/%2e", ""},
		{"/%2E%2e/", ""},
		{"/a/.%2e/b", ""},
		{`/\`, ""},
		{`/a\b`, ""},
		{"/%5c", ""},
		{"/%5C..", ""},
		{"/a;", ""},
		{"/;a", ""},
		{"/a%3B", ""},
		{"/..;/a", ""},
		{"/%", ""},
		{"/%2", ""},
		{"/%g0", ""},
		{"/%0g", ""},
		{"/%u002f", ""},
		{"/%252f", ""},
		{"/%252F", ""},
		{"/%2561", ""},
		{"/%25%36%31", ""},
		{"/%252%66", ""},
		{"/%%32f", ""},
		{"/a%25%2561", ""},
		{"/a\x00", ""},
		{"/a\n", ""},
		{"/a\x7f", ""},
		{"/%7f", ""},
		{"/%00", ""},
		{"/%0d%0a", ""},
		{"/a\xff", ""},
		{"/%ff", ""},
		{"/%c0%af", ""},
		{"/%c2%85", ""},
		{"/\u0085", ""},
		{"/a#b", ""},
		{"/#", ""},
	}
	for _, tt := range tests {
		got, ok := cleanPath(tt.uri)
		if got != tt.want || ok != (tt.want != "") {
			t.Errorf("%q: %q %v, want %q", tt.uri, got, ok, tt.want)
		}
	}
}

// TestInputPath: a question that is asked again with another URI is judged by that one.
func TestInputPath(t *testing.T) {
	in := &Input{}
	if _, ok := in.Path(); ok {
		t.Error("there is no URI")
	}
	for _, uri := range []string{"/a", "/b", "//", "/a", ""} {
		in.URI = uri
		want, wantOK := cleanPath(uri)
		if got, ok := in.Path(); got != want || ok != wantOK {
			t.Errorf("%q: %q %v", uri, got, ok)
		}
	}
}

// asNginx reads a path as nginx does for its locations: decoded, with merged slashes,
// and with dot segments resolved.
func asNginx(uri string) (string, bool) {
	raw, _, _ := strings.Cut(uri, "?")
	decoded, err := url.PathUnescape(raw)
	if err != nil {
		return "", false
	}
	for strings.Contains(decoded, "//") {
		decoded = strings.ReplaceAll(decoded, "//", "/")
	}
	return path.Clean(decoded), true
}

// asJava cuts the parameters of segments before it does the same.
func asJava(uri string) (string, bool) {
	raw, _, _ := strings.Cut(uri, "?")
	segments := strings.Split(raw, "/")
	for i, s := range segments {
		segments[i], _, _ = strings.Cut(s, ";")
	}
	return asNginx(strings.Join(segments, "/"))
}

// FuzzPath: whatever is no ambiguous path is read alike by net/url, as nginx and as
// Java's servers do, by one that decodes twice, and by Windows; and plain paths are
// never ambiguous.
func FuzzPath(f *testing.F) {
	for _, seed := range []string{
		"/", "/a/b?x", "/%61/%C3%A4", "/a%2fb", "/a/%2e%2e/b", "//a", "/a;b/c", "/..;/a", `/a\..\b`, "/%252e", "/100%25", "/%25%32%66", "/a\x00", "/%zz", "http://x/a", "/a#b", "/a/./b/", "/%5c%5C", "/%u002e", "/x.%2E", "/%e2%88%95",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, uri string) {
		got, ok := cleanPath(uri)
		if !ok {
			raw, _, _ := strings.Cut(uri, "?")
			plain := strings.HasPrefix(raw, "/") && !strings.Contains(raw, "//") && !strings.ContainsFunc(raw, func(r rune) bool {
				return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '/' && r != '-' && r != '_'
			})
			if plain || got != "" {
				t.Fatalf("%q is ambiguous", uri)
			}
			return
		}
		u, err := url.ParseRequestURI(uri)
		if err == nil && (u.Host != "" || u.User != nil || u.Opaque != "" || path.Clean(u.Path) != got) {
			t.Fatalf("%q: %q, net/url reads %q", uri, got, u.Path)
		}
		for name, read := range map[string]func(string) (string, bool){"nginx": asNginx, "java": asJava} {
			if other, ok := read(uri); !ok || other != got {
				t.Fatalf("%q: %q, %s reads %q %v", uri, got, name, other, ok)
			}
		}
		if twice, err := url.PathUnescape(got); err == nil && twice != got {
			t.Fatalf("%q: %q, decoded twice it is %q", uri, got, twice)
		}
		if windows := path.Clean(strings.ReplaceAll(got, `\`, "/")); windows != got {
			t.Fatalf("%q: %q, on Windows it is %q", uri, got, windows)
		}
		for i := range len(got) {
			if got[i] < ' ' || got[i] == 0x7f {
				t.Fatalf("%q: %q has a control byte", uri, got)
			}
		}
		if again, ok := cleanPath(got); !strings.ContainsAny(got, "%?#") && (!ok || again != got) {
			t.Fatalf("%q: %q, read again %q %v", uri, got, again, ok)
		}
	})
}

package hosts

import (
	"net/url"
	"path"
	"strings"
	"testing"

	whatwg "github.com/nlnwa/whatwg-url/url"
)

// browse resolves a URL reference as a browser does that is on base. The
// judge is an implementation of the WHATWG URL standard. It shares with ours
// the IDNA tables and nothing else.
func browse(t *testing.T, base, ref string) *whatwg.Url {
	t.Helper()
	u, err := whatwg.ParseRef(base, ref)
	if err != nil {
		t.Fatalf("a browser on %s cannot read %q: %v", base, ref, err)
	}
	return u
}

// origin returns what a browser shows as scheme://host:port.
func origin(u *whatwg.Url) string { return u.Protocol() + "//" + u.Host() }

// checkStays fails unless a browser on base that is sent to location ends on
// one of the origins and outside our own paths. Its reading of our own paths
// is wider than any router's: unescaped, slashes collapsed, without case.
func checkStays(t *testing.T, base, location string, served func(origin string) bool, own ...string) {
	t.Helper()
	for i := range len(location) {
		if location[i] <= ' ' || location[i] >= 0x7f {
			t.Fatalf("location %q holds byte %#x", location, location[i])
		}
	}
	u := browse(t, base, location)
	if !served(origin(u)) || u.Username() != "" || u.Password() != "" {
		t.Fatalf("location %q leaves our hosts: a browser goes to %s", location, u.Href(false))
	}
	seen, err := url.PathUnescape(u.Pathname())
	if err != nil {
		t.Fatalf("location %q has path %q: %v", location, u.Pathname(), err)
	}
	seen = strings.ToLower(path.Clean(seen))
	for _, o := range own {
		if seen == o || strings.HasPrefix(seen, o+"/") {
			t.Fatalf("location %q is our own endpoint %s", location, o)
		}
	}
}

// checkSameReading fails unless a browser reads the same host, path, query and
// fragment in what came in and in what goes out.
func checkSameReading(t *testing.T, base, raw, emitted string) {
	t.Helper()
	in, out := browse(t, base, raw), browse(t, base, emitted)
	if strings.TrimSuffix(in.Hostname(), ".") != out.Hostname() {
		t.Errorf("%q: host %q became %q", raw, in.Hostname(), out.Hostname())
	}
	if in.Pathname() != out.Pathname() || in.Search() != out.Search() || in.Hash() != out.Hash() {
		t.Errorf("%q: %q became %q", raw, in.Href(false), out.Href(false))
	}
	if p := out.Port(); in.Port() != p && (p != "" || in.Port() != "80" && in.Port() != "443") {
		t.Errorf("%q: port %q became %q", raw, in.Port(), p)
	}
}

func mustNew(t testing.TB, c Config) *Set {
	t.Helper()
	s, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

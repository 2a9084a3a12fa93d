package main

import (
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The bare handler answers what EasyAuth answered, and probe sees it so.
func TestBareAnswersTheSame(t *testing.T) {
	s := scenario{presents: ticketSeen, status: http.StatusAccepted, reuse: true}
	want := answer{Path: authPath, Cookie: ticketCookie(), Status: s.status, Headers: []header{{"Cache-Control", "no-store"}, {"X-Injected-Name", "Adele"}, {"X-Injected-Roles", ""}}}
	server := httptest.NewServer(bareHandler(want))
	defer server.Close()
	got, err := probe(t.Context(), server.URL, s.request("a-ticket"))
	if err != nil {
		t.Fatal(err)
	}
	if err := want.same(got); err != nil || !slices.Equal(got.Headers, want.Headers) || got.Path != want.Path {
		t.Errorf("got %+v: %v", got, err)
	}
	for name, change := range map[string]func(a *answer){
		"another status":    func(a *answer) { a.Status = http.StatusOK },
		"one header less":   func(a *answer) { a.Headers = a.Headers[1:] },
		"another name":      func(a *answer) { a.Headers[0].Name = "Pragma" },
		"a value is longer": func(a *answer) { a.Headers[2].Value = "Admin" },
	} {
		other := want
		other.Headers = slices.Clone(want.Headers)
		if change(&other); want.same(other) == nil {
			t.Errorf("%s: nothing differs", name)
		}
	}
	if empty, err := probe(t.Context(), server.URL, s.request("")); err != nil || empty.Status != http.StatusBadRequest {
		t.Errorf("it does not read the cookie: %+v, %v", empty, err)
	}
}

func TestRequests(t *testing.T) {
	for _, s := range scenarios() {
		text := string(s.request("the-secret"))
		if !strings.HasSuffix(text, "\r\n\r\n") || strings.Count(text, "\r\n\r\n") != 1 || strings.Count(strings.ReplaceAll(text, "\r\n", ""), "\n") != 0 {
			t.Errorf("%s: %q", s.id(), text)
		}
		if strings.Contains(text, "the-secret") != (s.presents != nothing) {
			t.Errorf("%s: the ticket or token: %q", s.id(), text)
		}
		if strings.Contains(text, "\r\nConnection: close\r\n") == s.reuse {
			t.Errorf("%s: the connection: %q", s.id(), text)
		}
	}
}

// Over all runs a line comes again only after the others.
func TestRotation(t *testing.T) {
	const lines = 10
	r, err := writeRotation(filepath.Join(t.TempDir(), "lines"), lines, func(i int) (string, error) { return strings.Repeat("x", i), nil })
	if err != nil {
		t.Fatal(err)
	}
	for i := range lines {
		if line, err := r.line(i); err != nil || len(line) != i {
			t.Errorf("line %d: %q, %v", i, line, err)
		}
	}
	at := r.offsetOf
	if got := r.offsets(); !slices.Equal(got, []string{at(0), at(5)}) {
		t.Errorf("at first: %v", got)
	}
	if err := r.advance([]int{3, 6}); err != nil {
		t.Fatal(err)
	}
	if got := r.offsets(); !slices.Equal(got, []string{at(3), at(1)}) {
		t.Errorf("then: %v", got)
	}
	if r.advance([]int{1}) == nil {
		t.Error("one thread of two was enough")
	}
}

// Each line comes twice in a row, and as often as the others.
func TestRotationTwice(t *testing.T) {
	const different = 4
	dir := t.TempDir()
	once, err := writeRotation(filepath.Join(dir, "once"), different, func(i int) (string, error) { return strings.Repeat("x", i), nil })
	if err != nil {
		t.Fatal(err)
	}
	r, err := once.twice(filepath.Join(dir, "twice"))
	if err != nil || len(r.starts) != 2*different {
		t.Fatal(r, err)
	}
	for i := range 2 * different {
		if line, err := r.line(i); err != nil || len(line) != i/2 {
			t.Errorf("line %d: %q, %v", i, line, err)
		}
	}
	if want := []string{r.offsetOf(0), r.offsetOf(4)}; !slices.Equal(r.offsets(), want) {
		t.Errorf("at first: %v, want %v", r.offsets(), want)
	}
}

func TestOptions(t *testing.T) {
	var out beginning
	if o, err := parseOptions(nil, &out); err != nil || o.rounds != 21 || o.out != "" || !o.only.MatchString("hit/keep-alive") {
		t.Errorf("by default: %+v, %v", o, err)
	}
	if o, err := parseOptions([]string{"-only", "^401/", "-rounds", "3"}, &out); err != nil || o.rounds != 3 || o.only.MatchString("hit/keep-alive") || !o.only.MatchString("401/keep-alive") {
		t.Errorf("a part: %+v, %v", o, err)
	}
	for _, args := range [][]string{{"-rounds", "0"}, {"-duration", "0s"}, {"-tickets", "0"}, {"-only", "("}, {"more"}, {"-fast"}} {
		if code := run(t.Context(), args, &out, &out); code != exitUsage {
			t.Errorf("%q: exit code %d", args, code)
		}
	}
	if code := run(t.Context(), []string{"bare", filepath.Join(t.TempDir(), "nothing")}, &out, &out); code != exitFailed {
		t.Errorf("an answer that is not there: exit code %d", code)
	}
}

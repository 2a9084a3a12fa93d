package e2e

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/test/entra"
	"github.com/easyauth-sidecar/easyauth/test/stand"
)

// maxHeaderBlock is what nginx's default buffer of 4k takes.
const maxHeaderBlock = 4000

// manyScopes is a requirement near the most that anybody writes.
func manyScopes() string {
	var names []string
	for i := range 40 {
		names = append(names, fmt.Sprintf("Some.Long.Permission.Name.%d.ReadWrite.All", i))
	}
	return strings.Join(names, "&scope=")
}

// outcomes are rules that lead to every outcome, with and without auth-signin.
func outcomes() []stand.Rule {
	var rules []stand.Rule
	for i, query := range []string{
		"", "role=Nobody", "role-any=" + strings.Repeat("A-very-long-name-of-a-role,", 40) + "B", "scope=Mail.Read", "scope=" + manyScopes(),
		"graph=/me", "graph=/me&graph=boss", "graph=/me/" + strings.Repeat("x", 1500), "roles=typo", "scope=User.Read&graph=/me&graph=boss&role-any=Admin,Guest,Auditor",
	} {
		rules = append(rules, stand.Rule{Path: fmt.Sprintf("/api/size/%d/", i), Query: query, API: true}, stand.Rule{Path: fmt.Sprintf("/size/%d/", i), Query: query})
	}
	return rules
}

func sizeUsers() []string {
	return []string{"", entra.Adele, entra.Bob, entra.Grace, entra.Max, entra.Mallory, entra.Zoe, entra.NoMail}
}

// nearTheLimit adds users whose identity headers come close to their budget.
func nearTheLimit(t *testing.T, s *stand.Stand) (ids []string) {
	t.Helper()
	u, ok := s.Entra.User(entra.Max)
	if !ok {
		t.Fatal("no Max")
	}
	groups := u.Groups
	for _, n := range []int{60, 74, 78, 80, 82, 84, 86} {
		u.ID, u.ObjectID, u.Groups = fmt.Sprintf("max%d", n), fmt.Sprintf("d0000000-0000-4000-8000-%012d", n), groups[:n]
		s.Entra.SetUser(u)
		ids = append(ids, u.ID)
	}
	return ids
}

// Every outcome for every user, with paths short and long and an ever fuller
// denial cookie: nginx's 4k buffers take each answer.
func TestAnswersFitNginx(t *testing.T) {
	t.Parallel()
	cfg := oneHost()
	cfg.Rules = outcomes()
	s := start(t, cfg)
	largest := map[int]int{} // by status
	seen := map[int]int{}
	note := func(what string, r *reply, size int) {
		t.Helper()
		largest[r.status] = max(largest[r.status], size)
		seen[r.status]++
		switch r.status {
		case http.StatusAccepted, http.StatusUnauthorized, http.StatusForbidden:
		default:
			t.Errorf("%s: EasyAuth answers %d", what, r.status)
		}
		if n := len(r.header["Set-Cookie"]); n > 1 || n > 0 && r.status == http.StatusForbidden {
			t.Errorf("%s: %d cookies on a %d", what, n, r.status)
		}
		if size > maxHeaderBlock {
			t.Errorf("%s: a header block of %d bytes", what, size)
		}
	}
	for _, user := range append(sizeUsers(), nearTheLimit(t, s)...) {
		v := newVisitor(t, s, user)
		if user != "" {
			if r := v.open("/echo"); r.status != http.StatusOK {
				t.Fatalf("sign in %q: %d", user, r.status)
			}
			// With Graph's answers in the ticket where that is to be had.
			v.open("/size/5/x")
			v.open("/size/9/x")
		}
		for _, rule := range cfg.Rules {
			for _, tail := range []string{"x", strings.Repeat("z", 3000), "w?" + strings.Repeat("%E2%82%AC", 700)} {
				what := fmt.Sprintf("%q at %s%.20s", user, rule.Path, tail)
				v.get(rule.Path+tail).never5xx(t, what)
				h := joined(page(), http.Header{"X-Original-URL": {v.url(rule.Path + tail)}, "X-Original-Method": {"GET"}})
				if cookies := v.cookies(); cookies != "" {
					h["Cookie"] = []string{cookies}
				}
				r, size := direct(t, s, rule.Query, h)
				note(what, r, size)
			}
		}
	}
	for _, status := range []int{http.StatusAccepted, http.StatusUnauthorized, http.StatusForbidden} {
		if seen[status] == 0 {
			t.Errorf("no answer with status %d was measured", status)
		}
		// What was measured must come near the limit, or it proves little.
		if status == http.StatusAccepted && largest[status] < 3400 {
			t.Errorf("the largest answer that passes has a header block of %d bytes", largest[status])
		}
		t.Logf("status %d: %d answers, the largest header block %d bytes", status, seen[status], largest[status])
		t.Attr(fmt.Sprintf("largest_header_block_%d", status), fmt.Sprint(largest[status]))
	}
}

// With nginx's own 4k for the sign-in paths too: tickets of ordinary users fit.
func TestSignInWithSmallBuffers(t *testing.T) {
	t.Parallel()
	cfg := oneHost()
	cfg.SmallBuffers = true
	s := start(t, cfg)
	for _, user := range []string{entra.Adele, entra.Bob, entra.Zoe, entra.NoMail} {
		v := newVisitor(t, s, user)
		long := "/deep?" + strings.Repeat("q=%E2%82%AC&", 100)
		for _, path := range []string{"/deep?x=%7C", long, "/mail", "/graph"} {
			if r := v.open(path); r.shownURI() != path {
				t.Errorf("%s at %.30s: %d, shows %.30q", user, path, r.status, r.shownURI())
			}
		}
		if r := v.open("/auditor"); r.status != http.StatusForbidden {
			t.Errorf("%s at /auditor: %d", user, r.status)
		}
		if r := v.do(http.MethodGet, "/easyauth/me", page()); r.status != http.StatusOK {
			t.Errorf("%s at /easyauth/me: %d", user, r.status)
		}
		if r, err := v.ask(http.MethodPost, "/easyauth/logout?rd=/public", http.Header{"Accept": {"text/html"}}, ""); err != nil || v.follow(r).status != http.StatusOK || v.cookie(ticketCookie) != "" {
			t.Errorf("%s signs out: %v, ticket %v", user, err, v.cookie(ticketCookie) != "")
		}
	}
}

// 200 groups, Entra ID's most, are a ticket in two cookies.
func TestTwoHundredGroups(t *testing.T) {
	t.Parallel()
	s := start(t, oneHost())
	v := newVisitor(t, s, entra.Max)
	for _, path := range []string{"/deep?x=%7C", "/mail", "/graph"} {
		if r := v.open(path); r.shownURI() != path {
			t.Fatalf("%s: %d, shows %q\n%.300s", path, r.status, r.shownURI(), r.body)
		}
	}
	first, second := v.cookie(ticketCookie), v.cookie(ticketCookie1)
	t.Logf("a ticket of 200 groups and two graph results: %d + %d bytes; the whole Cookie header %d", len(first), len(second), len(v.cookies()))
	t.Attr("cookie_header_bytes_200_groups", fmt.Sprint(len(v.cookies())))
	if first == "" || second == "" || len(first) > 3800 || len(second) > 3800 || len(first)+len(second) > 6000 {
		t.Errorf("%d + %d bytes", len(first), len(second))
	}
	for range 3 {
		e := v.get("/echo").echo(t)
		if e.Headers.Get("X-Injected-Oid") != entra.MaxOID {
			t.Errorf("oid %q", e.Headers.Get("X-Injected-Oid"))
		}
	}
	// As many cookies of applications' own as nginx's 8k for a line leave room for.
	room := 8<<10 - len("Cookie: \r\n") - len(v.cookies()) - len("; x=") - 8
	if r := v.with(v.cookies()+"; x="+strings.Repeat("y", room), "/echo"); r.status != http.StatusOK {
		t.Errorf("with %d bytes of other cookies: %d", room, r.status)
	}
	if r := v.with(v.cookies()+"; x="+strings.Repeat("y", room+100), "/echo"); r.status != http.StatusBadRequest {
		t.Errorf("beyond nginx's limit: %d", r.status)
	}
	// And back to one cookie: the surplus one is deleted.
	u, ok := s.Entra.User(entra.Max)
	if !ok {
		t.Fatal("no Max")
	}
	u.Groups = u.Groups[:2]
	s.Entra.SetUser(u)
	if r := v.follow(v.get("/easyauth/login?retry=1&rd=" + url.QueryEscape(v.url("/echo")))); r.echo(t).Headers.Get("X-Injected-Groups") != strings.Join(u.Groups, "|") {
		t.Errorf("two groups: %q", r.echo(t).Headers.Get("X-Injected-Groups"))
	}
	if v.cookie(ticketCookie1) != "" {
		t.Error("the second cookie is still there")
	}
}

// What is too large for nginx is nginx's 400 or 414, and nothing of it reaches us.
func TestTooLargeForNginx(t *testing.T) {
	t.Parallel()
	s := start(t, oneHost())
	v := signedIn(t, s, entra.Adele)
	eight := strings.Repeat("h", 8100)
	tests := []struct {
		name  string
		lines []string
		want  int
	}{
		{"one line of 8 KB", []string{"X-Big: " + eight}, 200},
		{"three", []string{"X-A: " + eight, "X-B: " + eight, "X-C: " + eight}, 200},
		{"five", []string{"X-A: " + eight, "X-B: " + eight, "X-C: " + eight, "X-D: " + eight, "X-E: " + eight}, 400},
		{"a longer one", []string{"X-Big: " + eight + strings.Repeat("h", 200)}, 400},
		{"500 small ones", strings.Split(strings.TrimSuffix(strings.Repeat("X-Small: v\n", 500), "\n"), "\n"), 200},
		{"Authorization of 8 KB", []string{"Authorization: Bearer " + eight[:8000]}, 200},
		{"Accept of 8 KB", []string{"Accept: " + eight}, 200},
	}
	for _, tt := range tests {
		r := v.raw(v.request("GET /api/x HTTP/1.1", append(tt.lines, "Cookie: "+v.cookies())...))
		if r.status != tt.want {
			t.Errorf("%s: %d, want %d", tt.name, r.status, tt.want)
		}
		out := v.raw(v.request("GET /api/x HTTP/1.1", tt.lines...))
		if want := map[int]int{200: 401, 400: 400}[tt.want]; out.status != want {
			t.Errorf("%s, signed out: %d, want %d", tt.name, out.status, want)
		}
	}
}

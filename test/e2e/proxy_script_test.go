package e2e

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/test/entra"
)

// told is what a script is told instead of a redirect to another site.
type told struct {
	Error       string
	Description string `json:"error_description"`
	LoginURL    string `json:"login_url"`
	Missing     struct {
		Roles, Scopes [][]string
		Graph         []string
	}
	Correlation string `json:"correlation_id"`
}

func (r *reply) told(t *testing.T) told {
	t.Helper()
	var j told
	if err := json.Unmarshal([]byte(r.body), &j); err != nil || r.header.Get("Content-Type") != "application/json" {
		t.Fatalf("%d, no JSON: %v\n%.300s", r.status, err, r.body)
	}
	if j.Error == "" || j.Description == "" || j.Correlation == "" || r.header.Get("Cache-Control") != "no-store" {
		t.Errorf("%+v, Cache-Control %q", j, r.header.Get("Cache-Control"))
	}
	return j
}

// scripts are requests that a person never sees the answer of.
func scripts() map[string]http.Header {
	return map[string]http.Header{
		"fetch":                     {"Sec-Fetch-Mode": {"cors"}, "Sec-Fetch-Site": {"same-origin"}, "Accept": {"*/*"}},
		"fetch that accepts pages":  {"Sec-Fetch-Mode": {"cors"}, "Accept": {"text/html"}},
		"XMLHttpRequest":            {"Accept": {"*/*"}, "X-Requested-With": {"XMLHttpRequest"}},
		"a program":                 {"Accept": {"application/json"}},
		"one that accepts nothing":  {},
		"an image":                  {"Sec-Fetch-Mode": {"no-cors"}, "Sec-Fetch-Dest": {"image"}, "Accept": {"image/*"}},
		"a prefetch":                {"Sec-Fetch-Mode": {"navigate"}, "Sec-Purpose": {"prefetch"}, "Accept": {"text/html"}},
		"a websocket's handshake":   {"Sec-Fetch-Mode": {"websocket"}, "Connection": {"Upgrade"}, "Upgrade": {"websocket"}},
		"a page's fetch elsewhere":  {"Sec-Fetch-Mode": {"cors"}, "Sec-Fetch-Site": {"cross-site"}, "Origin": {"https://evil.test"}},
		"a fetch with a page's URL": {"Sec-Fetch-Mode": {"cors"}, "Referer": {"https://app.test/"}},
	}
}

// byScript is nginx's redirect to login, followed as fetch follows it.
func (v *visitor) byScript(path string, h http.Header) *reply {
	v.t.Helper()
	r := v.do(http.MethodGet, path, h)
	if r.status != http.StatusFound {
		v.t.Fatalf("%s: nginx answers %d", path, r.status)
	}
	to := v.next(r)
	r = v.do(http.MethodGet, to, h)
	if r.header.Get("Location") != "" {
		v.t.Errorf("a script is sent to %q", r.header.Get("Location"))
	}
	return r
}

func TestScriptsGetJSON(t *testing.T) {
	t.Parallel()
	s := start(t, oneHost())
	for name, h := range scripts() {
		out := newVisitor(t, s, entra.Bob)
		before := s.Entra.Requests(entra.EndpointAuthorize)
		r := out.byScript("/data?x=%7C", h)
		j := r.told(t)
		if r.status != http.StatusUnauthorized || j.Error != "login_required" || !strings.HasPrefix(j.LoginURL, out.url("/easyauth/login?rd=")) {
			t.Errorf("%s, signed out: %d %+v", name, r.status, j)
		}
		if s.Entra.Requests(entra.EndpointAuthorize) != before {
			t.Errorf("%s: the identity provider was asked", name)
		}
		// A person opens login_url and is then signed in.
		if r := out.open(j.LoginURL); r.status != http.StatusOK || !strings.Contains(r.body, entra.BobOID) {
			t.Errorf("%s: login_url ends with %d", name, r.status)
		}
		r = out.byScript("/admin/data", h)
		if j := r.told(t); r.status != http.StatusForbidden || j.Error != "role_missing" || len(j.Missing.Roles) != 1 || !slices.Equal(j.Missing.Roles[0], []string{"Admin"}) || j.LoginURL != "" {
			t.Errorf("%s, a role missing: %d %+v", name, r.status, j)
		}
		r = out.byScript("/auditor/data", h)
		if j := r.told(t); r.status != http.StatusForbidden || len(j.Missing.Roles) != 1 || !slices.Equal(j.Missing.Roles[0], []string{"Auditor", "Owner"}) {
			t.Errorf("%s, one of two roles missing: %d %+v", name, r.status, j)
		}
	}
}

// The scope that a script lacks is asked for when a person opens login_url, who
// then is on the page that holds the script, and the script passes.
func TestScriptsStepUp(t *testing.T) {
	t.Parallel()
	s := start(t, oneHost())
	v := signedIn(t, s, entra.Adele)
	h := http.Header{"Sec-Fetch-Mode": {"cors"}, "Accept": {"*/*"}, "Referer": {v.url("/inbox?tab=2")}}
	r := v.byScript("/mail/list", h)
	j := r.told(t)
	if r.status != http.StatusUnauthorized || j.Error != "scope_missing" || len(j.Missing.Scopes) != 1 || !slices.Equal(j.Missing.Scopes[0], []string{"Mail.Read"}) {
		t.Fatalf("%d %+v", r.status, j)
	}
	if end := v.open(j.LoginURL); end.shownURI() != "/inbox?tab=2" {
		t.Errorf("login_url ends on %q", end.shownURI())
	}
	if r := v.do(http.MethodGet, "/mail/list", h); r.status != http.StatusOK {
		t.Errorf("the script afterwards: %d", r.status)
	}
	// A Referer elsewhere leads nowhere.
	h["Referer"] = []string{"https://evil.test/inbox"}
	j = v.byScript("/graph/x", h).told(t)
	u, err := url.Parse(j.LoginURL)
	if err != nil || u.Query().Get("rd") != v.url("/") {
		t.Errorf("login_url %q", j.LoginURL)
	}
}

// Without auth-signin nginx answers 401 itself, whatever is missing.
func TestAPIWithoutSignin(t *testing.T) {
	t.Parallel()
	s := start(t, oneHost())
	visitors := map[string]*visitor{"nobody": newVisitor(t, s, ""), "Bob": signedIn(t, s, entra.Bob), "Adele": signedIn(t, s, entra.Adele)}
	want := map[string][2]int{"nobody": {401, 401}, "Bob": {200, 401}, "Adele": {200, 200}}
	headers := scripts()
	headers["a person"] = page()
	for name, v := range visitors {
		for kind, h := range headers {
			for i, path := range []string{"/api/x", "/api/admin/x"} {
				r := v.do(http.MethodGet, path, h)
				if r.status != want[name][i] || r.header.Get("Location") != "" {
					t.Errorf("%s at %s by %s: %d %q, want %d", name, path, kind, r.status, r.header.Get("Location"), want[name][i])
				}
			}
		}
	}
}

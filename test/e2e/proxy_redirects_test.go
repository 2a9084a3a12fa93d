package e2e

import (
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	whatwg "github.com/nlnwa/whatwg-url/url"

	"github.com/easyauth-sidecar/easyauth/test/entra"
)

// openRedirects are the lines of the list of open redirects, as they stand and
// unescaped once.
func openRedirects(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile("../../authserver/hosts/testdata/open-redirects.txt")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	if len(lines) != 297 {
		t.Fatalf("the list has %d lines", len(lines))
	}
	all := slices.Clone(lines)
	for _, line := range lines {
		all = append(all, unescapeEach(line))
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// unescapeEach undoes each well-formed escape once and leaves the others.
func unescapeEach(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if i+2 < len(s) {
			if one, err := url.PathUnescape(s[i : i+3]); err == nil && s[i] == '%' {
				b.WriteString(one)
				i += 2
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// stays fails unless a browser on page that is sent to location stays on the
// application's host and off our own endpoints. The judge is an implementation
// of the WHATWG URL standard.
func stays(t *testing.T, v *visitor, page, location, what string) {
	t.Helper()
	u, err := whatwg.ParseRef(page, location)
	if err != nil {
		t.Errorf("%s: Location %q cannot be read: %v", what, location, err)
		return
	}
	path, err := url.PathUnescape(u.Pathname())
	if u.Protocol()+"//"+u.Host() != v.url("") || u.Username()+u.Password() != "" || err != nil || strings.HasPrefix(strings.ToLower(path), "/easyauth") {
		t.Errorf("%s: Location %q leads a browser to %q", what, location, u.Href(false))
	}
}

// inParallel does the work for all items, four at a time, with a visitor for
// each who has no cookie of ours and the first one's session at the identity
// provider.
func inParallel(t *testing.T, first *visitor, items []string, work func(v *visitor, item string)) {
	t.Helper()
	free := make(chan struct{}, 4)
	var all sync.WaitGroup
	for _, item := range items {
		free <- struct{}{}
		all.Go(func() {
			defer func() { <-free }()
			work(first.fresh(), item)
		})
	}
	all.Wait()
}

// end makes one silent sign-in and returns the last redirect, as it stands.
func (v *visitor) end(login string) (location string, ok bool) {
	r, err := v.ask(http.MethodGet, login, page(), "")
	if err != nil {
		return "", false // not a request that a client can send
	}
	if r.status != http.StatusFound {
		v.t.Errorf("%q: login answers %d\n%.200s", login, r.status, r.body)
		return "", false
	}
	back, err := entra.SignIn(v.t.Context(), v.client, r.header.Get("Location"), v.user)
	if err != nil {
		v.t.Errorf("%q: %v", login, err)
		return "", false
	}
	r, err = v.ask(http.MethodGet, back, page(), "")
	if err != nil || r.status != http.StatusFound || v.cookie(ticketCookie) == "" {
		v.t.Errorf("%q: the callback answers %v, %v", login, r, err)
		return "", false
	}
	return r.header.Get("Location"), true
}

func TestAttack07OpenRedirects(t *testing.T) {
	t.Parallel()
	s := start(t, oneHost())
	first := signedIn(t, s, entra.Bob)
	page := first.url("/easyauth/login")
	var mu sync.Mutex
	var elsewhere []string
	inParallel(t, first, openRedirects(t), func(v *visitor, line string) {
		logins := []string{"/easyauth/login?retry=1&rd=" + url.QueryEscape(line)}
		if plain, err := url.QueryUnescape(line); err == nil && plain != line && !strings.ContainsAny(line, "#;& \t\r\n\x00") {
			logins = append(logins, "/easyauth/login?retry=1&rd="+line) // as it stands
		}
		for _, login := range logins {
			location, ok := v.fresh().end(login)
			if !ok {
				continue
			}
			stays(t, v, page, location, login)
			if location != v.url("/") {
				mu.Lock()
				elsewhere = append(elsewhere, location)
				mu.Unlock()
			}
		}
	})
	slices.Sort(elsewhere)
	if got := slices.Compact(elsewhere); !slices.Equal(got, []string{first.url("/ReceiveAutoRedirect/false?desiredLocationUrl=http://xssposed.org")}) {
		t.Errorf("these do not end on the default page: %q", got)
	}
}

// The same lines as the request URI itself, which nginx puts into rd.
func TestAttack07RequestURIs(t *testing.T) {
	t.Parallel()
	s := start(t, oneHost())
	first := signedIn(t, s, entra.Bob)
	var paths []string
	for _, line := range openRedirects(t) {
		if strings.HasPrefix(line, "/") && !strings.ContainsAny(line, " \t\r\n\x00#") {
			paths = append(paths, line)
		}
	}
	if len(paths) < 150 {
		t.Fatalf("only %d lines are paths", len(paths))
	}
	inParallel(t, first, paths, func(v *visitor, path string) {
		r := v.raw(v.request("GET " + path + " HTTP/1.1"))
		switch {
		case r.status == http.StatusBadRequest, r.status == http.StatusForbidden: // nginx refuses the line, or we the URL
			return
		case r.status != http.StatusFound || !strings.HasPrefix(r.header.Get("Location"), v.url("/easyauth/login?rd=")):
			t.Errorf("%q: nginx answers %d %q", path, r.status, r.header.Get("Location"))
			return
		}
		if location, ok := v.end(r.header.Get("Location")); ok {
			stays(t, v, v.url(""), location, path)
		}
	})
}

func TestAttack07SignOut(t *testing.T) {
	t.Parallel()
	s := start(t, oneHost())
	first := signedIn(t, s, entra.Bob)
	inParallel(t, first, openRedirects(t), func(v *visitor, line string) {
		form := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "Accept": {"text/html"}, "Origin": {v.url("")}}
		click := joined(page(), http.Header{"Sec-Fetch-Site": {"same-origin"}, "Sec-Fetch-User": {"?1"}})
		posted, err := v.ask(http.MethodPost, "/easyauth/logout", form, "rd="+url.QueryEscape(line))
		if err != nil {
			t.Error(err)
			return
		}
		clicked, err := v.ask(http.MethodGet, "/easyauth/logout?rd="+url.QueryEscape(line), click, "")
		if err != nil {
			t.Error(err)
			return
		}
		for _, r := range []*reply{posted, clicked} {
			if r.status != http.StatusFound || !strings.HasPrefix(r.header.Get("Location"), s.Entra.BaseURL()+"/") {
				t.Errorf("%q: sign-out answers %d %q", line, r.status, r.header.Get("Location"))
				continue
			}
			idp := v.get(r.header.Get("Location"))
			if !strings.HasPrefix(idp.header.Get("Location"), v.url("/easyauth/signout-callback-oidc?")) {
				t.Errorf("%q: the identity provider answers %d %q", line, idp.status, idp.header.Get("Location"))
				continue
			}
			back := v.get(idp.header.Get("Location"))
			if back.status != http.StatusFound {
				t.Errorf("%q: %d", line, back.status)
				continue
			}
			stays(t, v, idp.header.Get("Location"), back.header.Get("Location"), "sign-out to "+line)
		}
	})
}

func TestAttack08And09ReturnURLs(t *testing.T) {
	t.Parallel()
	s := start(t, oneHost())
	first := signedIn(t, s, entra.Bob)
	self := first.url("")
	port := self[strings.LastIndex(self, ":"):]
	tests := map[string]string{ // rd: where the sign-in ends, "" for the default page
		self + "/ok?x=%7C": self + "/ok?x=%7C",
		strings.Replace(self, "https", "http", 1) + "/ok": self + "/ok", // behind a load balancer nginx says http
		"/ok#part":                                  self + "/ok#part",
		"":                                          "",
		"https://evil-app.test" + port:              "",
		"https://app.test.evil" + port:              "",
		"https://evil.app.test" + port:              "",
		"https://app.test:1/":                       "",
		"https://app.test/":                         "",
		"https://app.test" + port + "1/":            "",
		"https://app.test" + port + "@evil":         "",
		"https://app.test@evil.test/":               "",
		"https://user@app.test" + port:              "",
		"https://app.test" + port + "\\@evil.test/": "",
		"https://evil.test/?" + self:                "",
		"https://evil.test#" + self:                 "",
		"ftp://app.test" + port + "/":               "",
		"javascript:alert(1)":                       "",
		"//app.test" + port + "/":                   "",
		"\\\\evil.test":                             "",
		"evil.test":                                 "",
		"ok":                                        "",
		"/a/../../b":                                "",
		"/a\r\nLocation: https://evil.test":         "",
		"/easyauth":                                 "",
		"/easyauth/":                                "",
		"/easyauth/login":                           "",
		"/easyauth/login?rd=/easyauth/login":        "",
		"/easyauth/signin-oidc?code=x&state=y":      "",
		"/easyauth/logout":                          "",
		"/easyauth/signout-callback-oidc":           "",
		"/easyauth/auth?scope=Mail.Read":            "",
		"/EasyAuth/Logout":                          "",
		"/%65asyauth/logout":                        "",
		"/easyauth%2flogout":                        "",
		"/./easyauth/logout":                        "",
		"//easyauth/logout":                         "",
		self + "/easyauth/logout":                   "",
		"/easyauthor":                               self + "/easyauthor",
		"/x/easyauth/logout":                        self + "/x/easyauth/logout",
	}
	var all []string
	for rd := range tests {
		all = append(all, rd)
	}
	inParallel(t, first, all, func(v *visitor, rd string) {
		want := tests[rd]
		if want == "" {
			want = self + "/"
		}
		if location, ok := v.end("/easyauth/login?rd=" + url.QueryEscape(rd)); ok && location != want {
			t.Errorf("rd %q ends on %q, want %q", rd, location, want)
		}
	})
}

package main

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/test/entra"
)

// A person signs in, gets tokens that are renewed, and signs out.
func TestLoginTokenLogout(t *testing.T) {
	s := openShopWithStore(t)
	code, stdout, stderr := s.easyauth(nil, "token", s.url)
	if code != exitFailed || stdout != "" || !strings.Contains(stderr, "nobody is signed in to "+s.url) || !strings.Contains(stderr, "easyauth login "+s.url) {
		t.Errorf("before: %d %q\n%s", code, stdout, stderr)
	}
	s.signedIn()
	first := s.token(nil)
	if s.who(first) != entra.AdeleOID || s.token(nil) != first {
		t.Error("not Adele's token, or another one each time")
	}
	path, content := s.kept()
	if info, err := os.Stat(path); err != nil || info.Mode() != 0o600 || content["refresh_token"] == nil {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if info, err := os.Stat(filepath.Dir(path)); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the folder: %v, %v", info.Mode(), err)
	}

	s.age(time.Now().Add(30 * time.Second))
	second := s.token(nil)
	if second == first || s.who(second) != entra.AdeleOID || s.asked("refresh_token", "ok") != "1" {
		t.Errorf("about to expire: the same %v, refreshed %s times", second == first, s.asked("refresh_token", "ok"))
	}
	if s.token(nil) != second {
		t.Error("renewed again")
	}

	if code, stdout, stderr := s.easyauth(nil, "logout", s.url); code != exitOK || stdout != "" || stderr != "Signed out of "+s.url+".\n" {
		t.Errorf("logout: %d %q\n%s", code, stdout, stderr)
	}
	waitFor(t, "the session to end", func() bool { return s.who(second) == "" })
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Error("the file is still there")
	}
	if code, _, stderr := s.easyauth(nil, "token", s.url); code != exitFailed || !strings.Contains(stderr, "easyauth login "+s.url) {
		t.Errorf("afterwards: %d\n%s", code, stderr)
	}
	if code, _, stderr := s.easyauth(nil, "logout", s.url); code != exitOK || !strings.Contains(stderr, "Nobody was signed in") {
		t.Errorf("logout again: %d\n%s", code, stderr)
	}
}

// A session that was ended elsewhere, and a refresh token that was copied, lead back to login.
func TestTokenAfterTheEnd(t *testing.T) {
	s := openShopWithStore(t)
	back := func(what, reason string) {
		t.Helper()
		code, stdout, stderr := s.easyauth(nil, "token", s.url)
		if code != exitFailed || stdout != "" || !strings.Contains(stderr, "invalid_grant: "+reason) || !strings.Contains(stderr, "\nSign in: easyauth login "+s.url+"\n") {
			t.Errorf("%s: %d %q\n%s", what, code, stdout, stderr)
		}
		if code, _, stderr = s.easyauth(nil, "token", s.url); code != exitFailed || strings.Contains(stderr, "invalid_grant") {
			t.Errorf("%s, again: the server was asked with what is of no use\n%s", what, stderr)
		}
	}
	s.signedIn()
	path, _ := s.kept()
	old, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	s.age(time.Now().Add(-time.Minute))
	s.token(nil)
	if err := os.WriteFile(path, old, 0o600); err != nil { // a copy, from a backup say
		t.Fatal(err)
	}
	s.age(time.Now().Add(-time.Minute))
	back("a copy", "token_reused")

	s.signedIn()
	if out := sessions(t, s.vars, "revoke", "--user", entra.AdeleOID); !strings.HasPrefix(out, "Revoked ") {
		t.Fatal(out)
	}
	s.age(time.Now().Add(-time.Minute))
	back("revoked", "session_ended")
}

// Without a store there is nothing to renew a token with, and nothing ends it.
func TestLoginWithoutAStore(t *testing.T) {
	s := openShop(t, nil)
	l := s.login("--no-browser")
	newPerson(s).visit(decide(newPerson(s), l.target, "allow"))
	if code, stderr := l.ended(); code != exitOK || !strings.Contains(stderr, "gives none to renew it with") {
		t.Errorf("%d\n%s", code, stderr)
	}
	token := s.token(nil)
	s.age(time.Now().Add(30 * time.Second))
	if s.token(nil) != token {
		t.Error("half a minute is not used")
	}
	s.age(time.Now().Add(time.Second))
	if code, stdout, stderr := s.easyauth(nil, "token", s.url); code != exitFailed || stdout != "" || !strings.Contains(stderr, "run out") || !strings.Contains(stderr, "easyauth login "+s.url) {
		t.Errorf("expired: %d %q\n%s", code, stdout, stderr)
	}
	s.age(time.Now().Add(time.Hour))
	code, stdout, stderr := s.easyauth(nil, "logout", s.url)
	if code != exitFailed || stdout != "" || !strings.Contains(stderr, "deleted here, but not ended") || !strings.Contains(stderr, "until ") {
		t.Errorf("logout: %d %q\n%s", code, stdout, stderr)
	}
	if code, _, _ := s.easyauth(nil, "token", s.url); code != exitFailed {
		t.Error("the token is still there")
	}

	s.signedIn()
	if err := s.front.Close(); err != nil {
		t.Fatal(err)
	}
	if code, _, stderr := s.easyauth(nil, "logout", s.url); code != exitFailed || !strings.Contains(stderr, "cannot be reached") || !strings.Contains(stderr, "deleted here, but not ended") {
		t.Errorf("logout without the server: %d\n%s", code, stderr)
	}
}

// The address on this computer takes the answer to this sign-in, and nothing else.
func TestLoginCallback(t *testing.T) {
	s := openShop(t, nil)
	l := s.login("--no-browser")
	link, err := url.Parse(decide(newPerson(s), l.target, "allow"))
	if err != nil {
		t.Fatal(err)
	}
	change := func(do func(u *url.URL, q url.Values)) string {
		u, q := *link, link.Query()
		do(&u, q)
		u.RawQuery = q.Encode()
		return u.String()
	}
	p := newPerson(s)
	for name, row := range map[string]struct {
		target string
		status int
	}{
		"another state":  {change(func(_ *url.URL, q url.Values) { q.Set("state", strings.Repeat("x", 43)) }), http.StatusBadRequest},
		"no state":       {change(func(_ *url.URL, q url.Values) { q.Del("state") }), http.StatusBadRequest},
		"two states":     {change(func(_ *url.URL, q url.Values) { q.Add("state", q.Get("state")) }), http.StatusBadRequest},
		"two codes":      {change(func(_ *url.URL, q url.Values) { q.Add("code", "x") }), http.StatusBadRequest},
		"no code":        {change(func(_ *url.URL, q url.Values) { q.Del("code") }), http.StatusBadRequest},
		"an empty code":  {change(func(_ *url.URL, q url.Values) { q.Set("code", "") }), http.StatusBadRequest},
		"code and error": {change(func(_ *url.URL, q url.Values) { q.Set("error", "access_denied") }), http.StatusBadRequest},
		"another path":   {change(func(u *url.URL, _ url.Values) { u.Path = "/" }), http.StatusNotFound},
		"the icon":       {change(func(u *url.URL, _ url.Values) { u.Path = "/favicon.ico" }), http.StatusNotFound},
		"another name":   {change(func(u *url.URL, _ url.Values) { u.Host = "localhost:" + u.Port() }), http.StatusMisdirectedRequest},
	} {
		if resp := p.visit(row.target); resp.StatusCode != row.status || len(resp.body) > 80 || !strings.HasPrefix(resp.Header.Get("Content-Type"), "text/plain") {
			t.Errorf("%s: %d %q", name, resp.StatusCode, resp.body)
		}
	}
	for _, method := range []string{http.MethodPost, http.MethodHead, http.MethodOptions} {
		if resp := p.send(method, link.String(), nil, navigation()); resp.StatusCode != http.StatusMethodNotAllowed {
			t.Errorf("%s: %d", method, resp.StatusCode)
		}
	}
	resp := p.visit(link.String())
	for name, want := range map[string]string{
		"Cache-Control": "no-store", "Content-Security-Policy": "default-src 'none'", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
	} {
		if got := resp.Header.Get(name); !strings.HasPrefix(got, want) {
			t.Errorf("%s: %q", name, got)
		}
	}
	if resp.StatusCode != http.StatusOK || !strings.Contains(resp.body, "You may close this window") || strings.Contains(resp.body, link.Query().Get("code")) {
		t.Errorf("%d\n%s", resp.StatusCode, resp.body)
	}
	if code, stderr := l.ended(); code != exitOK {
		t.Errorf("%d\n%s", code, stderr)
	}
}

// What does not end well is said in the browser and here.
func TestLoginRefused(t *testing.T) {
	s := openShop(t, nil)
	l := s.login("--no-browser")
	if resp := newPerson(s).visit(decide(newPerson(s), l.target, "cancel")); !strings.Contains(resp.body, "Nothing was allowed") {
		t.Errorf("cancelled: %s", resp.body)
	}
	if code, stderr := l.ended(); code != exitFailed || !strings.Contains(stderr, "refused in the browser") {
		t.Errorf("cancelled: %d\n%s", code, stderr)
	}

	l = s.login("--no-browser")
	link := decide(newPerson(s), l.target, "allow")
	u, err := url.Parse(link)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Set("code", "x"+q.Get("code"))
	u.RawQuery = q.Encode()
	if resp := newPerson(s).visit(u.String()); !strings.Contains(resp.body, "did not work") {
		t.Errorf("a code that is none: %s", resp.body)
	}
	if code, stderr := l.ended(); code != exitFailed || !strings.Contains(stderr, "invalid_grant: code_invalid") {
		t.Errorf("a code that is none: %d\n%s", code, stderr)
	}

	l = s.login("--no-browser")
	if err := l.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if code, stderr := l.ended(); code != exitFailed || !strings.HasSuffix(stderr, "\neasyauth login: interrupted\n") {
		t.Errorf("interrupted: %d\n%s", code, stderr)
	}
	if _, err := os.Stat(filepath.Join(s.state, "easyauth")); err != nil {
		t.Error(err)
	}
	if files, _ := filepath.Glob(filepath.Join(s.state, "easyauth", "*.json")); len(files) > 0 {
		t.Errorf("something is kept: %v", files)
	}
}

package examples

import (
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// lineOf is the n-th command (from 0) of the README for one language, behind the one that names the application.
func lineOf(t *testing.T, in tongue, n int) string {
	t.Helper()
	all := strings.Split(strings.TrimSpace(commands(t, scriptsReadme, in.heading, 1)), "\n")
	want := []string{"login", "call /api/orders", "refresh", "logout", "exchange id-token.txt"}
	if len(all) != len(want)+1 || all[0] != "export APP_URL=https://app.example.com" || all[n+1] != in.command+" "+want[n] {
		t.Fatalf("the commands under %q have changed: %q", in.heading, all)
	}
	return all[n+1]
}

// The commands of the README, in their order: the whole road in each language.
func TestSession(t *testing.T) {
	t.Parallel()
	s := startSessions(t, nil)
	for _, in := range tongues(t) {
		t.Run(in.name, func(t *testing.T) {
			t.Parallel()
			u := at(t, s, in)
			run := func(n int, oldnew ...string) ended {
				line := replaced(t, scriptsReadme, lineOf(t, in, n), oldnew...)
				out, errs, code := shell(t, filepath.Join(repository(t), "examples", "scripts"), u.env, "umask 000\n"+line)
				return ended{out, errs, code}
			}
			u.ends("login", u.login(lineOf(t, in, 0), func(link string) {
				u.arrive(decide(t, s, link, "allow"), http.StatusOK)
			}), 0, link(s))
			u.private("login")
			u.may("call", run(1))
			first := u.kept()
			u.ends("refresh", run(2), 0, "")
			second := u.kept()
			if first.App != s.URL("localhost", "") || second.Access == first.Access || second.Refresh == first.Refresh || second.Refresh == "" {
				t.Error("refresh: the tokens are not others")
			}
			u.private("refresh")
			u.may("call after a refresh", run(1))
			u.ends("logout", run(3), 0, "")
			if _, err := os.Stat(u.file); err == nil {
				t.Error("logout: the tokens are there")
			}
			u.ends("call after logout", u.run("call /api/orders"), 5, "login")
			u.put(second)
			u.ends("call with what was revoked", u.run("call /api/orders"), 5, `error="invalid_token"`)
			u.ends("refresh of what was revoked", u.run("refresh"), 5, "invalid_grant: session_ended")
			u.ends("exchange", run(4, "id-token.txt", u.idToken(s)), 0, "")
			u.private("exchange")
			u.may("call after an exchange", run(1))
		})
	}
}

// link is how the address begins that a person is told to open.
func link(s *behind) string { return s.URL("localhost", "/easyauth/api/v1/authorize?request=") }

// private fails the test unless nobody else can read what the session left, and nothing was left lying about.
func (u *user) private(what string) {
	u.t.Helper()
	folder := filepath.Dir(u.file)
	seen := map[string]fs.FileMode{}
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err == nil {
			seen[filepath.Base(path)] = info.Mode().Perm()
		}
		return err
	})
	if err != nil || len(seen) != 3 || seen["state"] != 0o700 || seen["session.json"] != 0o600 || seen["session.json.lock"] != 0o600 {
		u.t.Errorf("%s, %s: %v %v", u.tongue.name, what, seen, err)
	}
}

// Without SESSION_FILE the tokens are where such things belong, and one language goes on where another has stopped.
func TestSessionOfAnotherLanguage(t *testing.T) {
	t.Parallel()
	s := startSessions(t, nil)
	all := tongues(t)
	state := t.TempDir()
	for i, in := range all {
		u := at(t, s, in)
		u.env = append(u.env, "SESSION_FILE=", "XDG_STATE_HOME="+state)
		u.file = filepath.Join(state, "easyauth-session.json")
		if i == 0 {
			u.exchange(s)
		}
		u.may("call", u.run("call /api/orders"))
		u.ends("refresh", u.run("refresh"), 0, "")
		u.may("call", u.run("call /api/orders"))
	}
}

// A person says no, and an answer that is not to this sign-in is refused.
func TestSessionLoginRefusals(t *testing.T) {
	t.Parallel()
	s := startSessions(t, nil)
	for _, in := range tongues(t) {
		t.Run(in.name, func(t *testing.T) {
			t.Parallel()
			u := at(t, s, in)
			login := in.program + " login"
			u.ends("cancel", u.login(login, func(link string) {
				u.arrive(decide(t, s, link, "cancel"), http.StatusOK)
			}), 1, "not let in: access_denied")
			u.ends("another state", u.login(login, func(link string) { // the program waits for the right one
				back := decide(t, s, link, "allow")
				u.arrive(strings.Replace(back, "/back?", "/favicon.ico?", 1), http.StatusNotFound)
				for _, wrong := range []string{"&state=x", "&other=", "&state=&x="} {
					u.arrive(strings.Replace(back, "&state=", wrong, 1), http.StatusBadRequest)
				}
				u.silent(back)
				u.arrive(back, http.StatusOK)
			}), 0, "its state is not ours")
			u.ends("a code that is none", u.login(login, func(link string) {
				u.arrive(strings.Replace(decide(t, s, link, "allow"), "code=", "code=x", 1), http.StatusOK)
			}), 5, "invalid_grant: code_invalid")
		})
	}
}

// silent opens a connection to the program and says nothing until the test is over, as browsers do in advance.
func (u *user) silent(back string) {
	u.t.Helper()
	at, err := url.Parse(back)
	if err != nil {
		u.t.Fatal(err)
	}
	var d net.Dialer
	conn, err := d.DialContext(u.t.Context(), "tcp", at.Host)
	if err != nil {
		u.t.Fatal(err)
	}
	u.t.Cleanup(func() { _ = conn.Close() }) // nothing was written to it
}

// What cannot be done is said before anybody is asked.
func TestSessionRefuses(t *testing.T) {
	t.Parallel()
	for _, in := range tongues(t) {
		const use = "login | exchange FILE [id_token | access_token] | call PATH | refresh | logout"
		u := elsewhereAt(t, "https://app.example.com/", in)
		for _, arguments := range []string{"", "Login", "login now", "call", "call api", "call @elsewhere.example/", "call / /", "exchange", "exchange a jwt", "refresh now", "logout --all"} {
			u.ends("arguments "+arguments, u.run(arguments), 2, use)
		}
		for _, arguments := range []string{"call /", "refresh", "logout"} {
			u.ends(arguments+" of nobody", u.run(arguments), 5, "obody is signed in")
		}
		u.ends("exchange of no file", u.run("exchange /no/such/file"), 2, "/no/such/file")
		u.put(kept{App: "https://other.example.com", Access: "ea_x", Refresh: "ear_x"})
		for _, arguments := range []string{"call /", "refresh", "logout"} {
			u.ends(arguments+" of another application", u.run(arguments), 2, "other.example.com")
		}
		for _, app := range []string{
			"", "app.example.com", "http://app.example.com", "http://127.0.0.1.example.com", "ftp://localhost", "https://app.example.com/api",
			"https://me@app.example.com", `https://app.example.com\@localhost`, "https://app.example.com?x", "https://", "http://localhost@app.example.com",
		} {
			u := elsewhereAt(t, app, in)
			if e := u.run("call /"); e.code == 0 || e.code == 5 || !strings.Contains(e.stderr, "APP_URL") {
				t.Errorf("%s, %q: %+v", in.name, app, e)
			}
		}
		for _, app := range []string{"https://app.example.com", "https://app.example.com:8443/", "http://localhost:8080", "http://127.0.0.1", "http://[::1]:8080"} {
			elsewhereAt(t, app, in).ends(app, elsewhereAt(t, app, in).run("call /"), 5, "obody is signed in")
		}
	}
}

package examples

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const tokensDocument = "../docs/tokens.md"

// said is what a command of a document printed, as JSON; empty if it printed nothing.
type said map[string]any

func (a said) text(name string) string {
	text, _ := a[name].(string)
	return text
}

// reader follows the document about tokens: what a command prints goes into the files that the next ones name.
type reader struct {
	t   *testing.T
	s   *behind
	dir string
}

func (r *reader) keep(file, text string) {
	r.t.Helper()
	if text == "" {
		r.t.Fatalf("there is nothing for %s", file)
	}
	write(r.t, filepath.Join(r.dir, file), text)
}

// tokens keeps the answer of the token endpoint.
func (r *reader) tokens(a said) {
	r.t.Helper()
	r.keep("refresh-token.txt", a.text("refresh_token"))
	r.keep("token.txt", a.text("access_token"))
	r.keep("header.txt", "Authorization: Bearer "+a.text("access_token"))
}

// status is what the application's API answers to the token in header.txt.
func (r *reader) status() string {
	r.t.Helper()
	return r.run("curl -sS -o body -w '%{http_code}' -H @header.txt " + r.s.URL("localhost", "/api/x"))
}

func (r *reader) run(command string) string {
	r.t.Helper()
	const verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk" // of RFC 7636, appendix B, as is its challenge
	write(r.t, filepath.Join(r.dir, "verifier.txt"), verifier)
	return succeeds(r.t, r.dir, append(r.env(), "STATE=a b", "CHALLENGE=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"), command)
}

// env finds EasyAuth's own program, and lets all trust the certificate.
func (r *reader) env() []string {
	path := filepath.Dir(built.EasyAuth) + string(filepath.ListSeparator) + os.Getenv("PATH")
	return []string{"PATH=" + path, "CURL_CA_BUNDLE=" + r.s.ca, "SSL_CERT_FILE=" + r.s.ca, "XDG_STATE_HOME=" + filepath.Join(r.dir, "state")}
}

// login runs easyauth login, and plays the person.
func (r *reader) login(command string) said {
	r.t.Helper()
	command = replaced(r.t, tokensDocument, command, "login ", "login --no-browser ")
	e := (&user{t: r.t, env: r.env()}).login(command, func(link string) {
		if a := visit(r.t, 0).do(decide(r.t, r.s, link, "allow"), page()); a.status != http.StatusOK {
			r.t.Errorf("the browser is answered %d %s", a.status, a.body)
		}
	})
	if e.code != 0 {
		r.t.Fatalf("%s: exit code %d\n%s", command, e.code, e.stderr)
	}
	return nil
}

// call calls the application with the token of easyauth login.
func (r *reader) call(command string) said {
	r.t.Helper()
	if status := r.run(replaced(r.t, tokensDocument, command, "curl ", "curl -sS -o body -w '%{http_code}' ")); status != "200" {
		r.t.Errorf("%s: the application answers %s", command, status)
	}
	return nil
}

// confirm plays the person of a sign-in: the browser ends at the program, with the code.
func (r *reader) confirm(a said) {
	r.t.Helper()
	back, err := url.Parse(decide(r.t, r.s, a.text("login_url"), "allow"))
	if err != nil || back.Host != "127.0.0.1:8123" || back.Path != "/back" || back.Query().Get("state") != "a b" {
		r.t.Fatalf("the browser ends at %s: %v", back.Redacted(), err)
	}
	r.keep("code.txt", back.Query().Get("code"))
}

// lines are the commands of a block of shell.
func (b block) lines() []string {
	return strings.Split(strings.TrimSpace(strings.ReplaceAll(b.text, "\\\n", "")), "\n")
}

// step is a command of the document that has this text, and what it does.
type step struct {
	has string
	do  func(command string) said
}

// then answers with JSON, which goes on to a function; with a token of ours the application is reached afterwards.
func (r *reader) then(next func(a said)) func(command string) said {
	return func(command string) said {
		r.t.Helper()
		a := r.answer(command)
		next(a)
		if status := r.status(); status != "200" {
			r.t.Errorf("after %s the application answers %s", command, status)
		}
		return a
	}
}

// shortForm keeps the answer to the short form, which has the token twice.
func (r *reader) shortForm(a said) {
	r.t.Helper()
	if a.text("Token") != a.text("access_token") || a.text("Expiry") == "" {
		r.t.Errorf("the short form is answered %v", slices.Sorted(maps.Keys(a)))
	}
	r.tokens(a)
}

// revoked looks whether the token has ended, and gets another.
func (r *reader) revoked(said) {
	r.t.Helper()
	if status := r.status(); status != "401" {
		r.t.Errorf("what was revoked is answered %s", status)
	}
	r.tokens(r.answer("curl -sS " + r.s.URL("localhost", "/easyauth/api/v1/token") + " --data-urlencode id_token@id-token.txt"))
}

// Every block of the document about tokens that calls curl does, as it stands there, what the document says, and answers
// in the form that is printed below it.
func TestTokensDocument(t *testing.T) {
	t.Parallel()
	r := &reader{t, startSessions(t, nil), t.TempDir()}
	app := r.s.URL("localhost", "")
	steps := []step{
		{"easyauth login ", r.login},
		{"curl -H ", r.call},
		{"easyauth logout ", func(command string) said {
			r.run(command)
			return r.login("easyauth login " + app)
		}},
		{"curl -H @-", r.call},
		{"subject_token@id-token.txt", r.then(r.tokens)},
		{" id_token@id-token.txt", r.then(r.shortForm)},
		{"/login", r.then(r.confirm)},
		{"code@code.txt", r.then(r.tokens)},
		{"refresh_token@refresh-token.txt", r.then(r.tokens)},
		{"/revoke", r.then(r.revoked)},
		{"/session", r.then(func(said) {})},
	}
	r.keep("id-token.txt", idTokenOf(t, r.s))
	done := 0
	var last said
	for _, b := range blocks(t, tokensDocument) {
		switch {
		case b.language == "json":
			r.same(b, last)
		case b.language == "sh" && strings.Contains(b.text, "curl"):
			for _, line := range b.lines() {
				if done == len(steps) || !strings.Contains(line, steps[done].has) {
					t.Fatalf("%s: no test knows, at this place: %s", b.heading, line)
				}
				last = steps[done].do(replaced(t, tokensDocument, line, "https://app.example.com", app))
				done++
			}
		}
	}
	if done != len(steps) {
		t.Errorf("the document has %d commands of this kind", done)
	}
}

// answer runs a command that prints JSON, or nothing.
func (r *reader) answer(command string) said {
	r.t.Helper()
	out := r.run(command)
	if out == "" {
		return nil
	}
	var a said
	if err := json.Unmarshal([]byte(out), &a); err != nil {
		r.t.Fatalf("%s\n%v: %s", command, err, out)
	}
	if a.text("error") != "" {
		r.t.Fatalf("%s\n%s", command, out)
	}
	return a
}

// same compares an answer with the one that the document prints: the names of its members, and what is the same always.
func (r *reader) same(b block, got said) {
	r.t.Helper()
	var want said
	if err := json.Unmarshal([]byte(b.text), &want); err != nil {
		r.t.Fatalf("%s: %v", b.heading, err)
	}
	names := slices.Sorted(maps.Keys(want))
	if have := slices.Sorted(maps.Keys(got)); !slices.Equal(have, names) {
		r.t.Errorf("%s: the answer has %v, the document %v", b.heading, have, names)
	}
	for _, name := range []string{"token_type", "issued_token_type", "active", "via", "name"} {
		if got[name] != want[name] {
			r.t.Errorf("%s: %s is %v, in the document %v", b.heading, name, got[name], want[name])
		}
	}
}

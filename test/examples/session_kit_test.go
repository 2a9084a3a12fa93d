package examples

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/test/entra"
	"github.com/easyauth-sidecar/easyauth/test/servers"
	"github.com/easyauth-sidecar/easyauth/test/stand"
)

// tongue is the program session in one language.
type tongue struct {
	name    string
	heading string // of its commands in the README
	command string // which its commands begin with there
	program string // what ends with its own exit code
}

func tongues(t *testing.T) []tongue {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "session")
	succeeds(t, repository(t), nil, "go build -o "+binary+" ./examples/scripts/session")
	return []tongue{
		{"bash", "In bash", "./session.sh", "./session.sh"},
		{"Python", "In Python", "python3 session.py", "python3 session.py"},
		{"Go", "In Go", "go run ./session", binary},
	}
}

// behind is a running application behind nginx and EasyAuth.
type behind struct {
	*stand.Stand

	ca string
}

// startSessions is EasyAuth for programs behind nginx on https://localhost, with sessions in Redis.
func startSessions(t *testing.T, env map[string]string) *behind {
	t.Helper()
	all := map[string]string{
		"EASYAUTH_TOKEN_API": "true", "EASYAUTH_READ_REGISTRATION": "false", "EASYAUTH_RENEW_BEFORE": "0",
		"EASYAUTH_STORE": "redis", "EASYAUTH_REDIS_URL": servers.StartRedis(t, servers.RedisOptions{}).URL(),
	}
	maps.Copy(all, env)
	dir := t.TempDir()
	s, err := stand.Start(t.Context(), stand.Config{
		Dir: dir, Binaries: built, Hosts: []string{"localhost"}, Env: all,
		Rules: []stand.Rule{{Path: "/api/process", Query: "role=Orders.Process", API: true}},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		log, nginx := s.Log(), s.NginxErrors()
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Logf("EasyAuth:\n%.6000s\nnginx:\n%.2000s", log, nginx)
		}
	})
	return &behind{s, filepath.Join(dir, "nginx", "cert.pem")}
}

// user is somebody who runs session in one language for one application.
type user struct {
	t      *testing.T
	tongue tongue
	app    string
	file   string // of the session
	env    []string
}

// at is a user of a stand's application.
func at(t *testing.T, s *behind, in tongue) *user {
	t.Helper()
	u := elsewhereAt(t, s.URL("localhost", ""), in)
	u.env = append(u.env, "SSL_CERT_FILE="+s.ca, "CURL_CA_BUNDLE="+s.ca)
	return u
}

// elsewhereAt is a user of an application at any address.
func elsewhereAt(t *testing.T, app string, in tongue) *user {
	t.Helper()
	file := filepath.Join(t.TempDir(), "state", "session.json")
	return &user{t, in, app, file, []string{"APP_URL=" + app, "SESSION_FILE=" + file, "PYTHONDONTWRITEBYTECODE=1"}}
}

// ended is what became of a command.
type ended struct {
	stdout, stderr string
	code           int
}

// run runs session with these arguments.
func (u *user) run(arguments string) ended {
	u.t.Helper()
	out, errs, code := shell(u.t, filepath.Join(repository(u.t), "examples", "scripts"), u.env, "umask 000\n"+u.tongue.program+" "+arguments)
	return ended{out, errs, code}
}

// ends fails the test unless a command ended with this code and says this. No token is ever printed.
func (u *user) ends(what string, e ended, code int, says string) {
	u.t.Helper()
	if e.code != code || !strings.Contains(e.stderr, says) || code != 0 && e.stdout != "" {
		u.t.Errorf("%s, %s: exit code %d, want %d and %q\n%.500s%s", u.tongue.name, what, e.code, code, says, e.stdout, e.stderr)
	}
	if regexp.MustCompile(`\b(ea_|ear_|eyJ)`).MatchString(e.stderr) { // the sample application prints all that it hears
		u.t.Errorf("%s, %s: a token is printed\n%s%s", u.tongue.name, what, e.stdout, e.stderr)
	}
}

// may fails the test unless a call reaches the application as Adele.
func (u *user) may(what string, e ended) {
	u.t.Helper()
	u.ends(what, e, 0, "")
	var heard echoed
	if err := json.Unmarshal([]byte(e.stdout), &heard); err != nil || heard.Headers.Get("X-Injected-Oid") != entra.AdeleOID || heard.Headers.Get("X-Injected-Name") != "Adele+Vance" {
		u.t.Errorf("%s, %s: the application is told %v, %v", u.tongue.name, what, heard.Headers, err)
	}
}

// kept is the file of a session.
type kept struct {
	App     string `json:"app"`
	Access  string `json:"access_token"`
	Refresh string `json:"refresh_token"`
	Expires int64  `json:"expires_at"`
}

func (u *user) kept() kept {
	u.t.Helper()
	text, err := os.ReadFile(u.file)
	if err != nil {
		u.t.Fatal(err)
	}
	var k kept
	if err := json.Unmarshal(text, &k); err != nil {
		u.t.Fatalf("%v: %s", err, text)
	}
	return k
}

func (u *user) put(k kept) {
	u.t.Helper()
	text, err := json.Marshal(k) //nolint:gosec // it is for the file
	if err != nil {
		u.t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(u.file), 0o700); err != nil {
		u.t.Fatal(err)
	}
	write(u.t, u.file, string(text))
}

// exchange writes an ID token of Adele's to a file and begins a session with it.
func (u *user) exchange(s *behind) {
	u.t.Helper()
	u.ends("exchange", u.run("exchange "+u.idToken(s)), 0, "")
}

func (u *user) idToken(s *behind) (file string) {
	u.t.Helper()
	file = filepath.Join(u.t.TempDir(), "id-token.txt")
	write(u.t, file, idTokenOf(u.t, s)+"\n")
	return file
}

// idTokenOf is an ID token of Adele's, for EasyAuth's own registration.
func idTokenOf(t *testing.T, s *behind) string {
	t.Helper()
	token, err := s.Entra.IDToken(entra.Adele, stand.ClientID, "")
	if err != nil {
		t.Fatal(err)
	}
	return token
}

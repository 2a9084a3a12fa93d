package main

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/test/entra"
)

// Many processes that find a token about to expire have it renewed once: had a refresh
// token been sent twice, the session would have ended.
func TestTokenInParallel(t *testing.T) {
	const crowd = 24
	s := openShopWithStore(t)
	s.signedIn()
	first := s.token(nil)
	for round := range 2 {
		s.age(time.Now().Add(30 * time.Second))
		var tokens sync.Map
		var wait sync.WaitGroup
		for range crowd {
			wait.Go(func() {
				cmd := exec.CommandContext(t.Context(), program, "token", s.url)
				cmd.Env = s.environ()
				out, err := cmd.Output()
				if err != nil {
					t.Error(err)
					return
				}
				tokens.Store(strings.TrimSpace(string(out)), nil)
			})
		}
		wait.Wait()
		var all []string
		tokens.Range(func(token, _ any) bool {
			all = append(all, token.(string))
			return true
		})
		if len(all) != 1 || all[0] == first || s.who(all[0]) != entra.AdeleOID {
			t.Errorf("round %d: %d tokens", round, len(all))
		}
		if got, want := s.asked("refresh_token", "ok"), string(rune('1'+round)); got != want {
			t.Errorf("round %d: %s refreshes, want %s", round, got, want)
		}
	}
	if left, err := filepath.Glob(filepath.Join(s.state, "easyauth", ".new-*")); err != nil || len(left) > 0 {
		t.Errorf("drafts are left: %v %v", left, err)
	}
}

// Ctrl-C while a token is being renewed does not lose it.
func TestTokenInterrupted(t *testing.T) {
	s := openShopWithStore(t)
	s.signedIn()
	s.age(time.Now().Add(-time.Minute))
	held, release := make(chan struct{}), make(chan struct{})
	s.before(func(http.ResponseWriter, *http.Request) bool {
		close(held)
		<-release
		return true
	})
	cmd := exec.CommandContext(t.Context(), program, "token", s.url)
	cmd.Env = s.environ()
	var out lockedBuffer
	cmd.Stdout = &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	<-held
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	close(release)
	err := cmd.Wait()
	s.before(nil)
	if err != nil || s.who(strings.TrimSpace(out.String())) != entra.AdeleOID {
		t.Errorf("%v", err)
	}
	if s.token(nil) != strings.TrimSpace(out.String()) {
		t.Error("it was not kept")
	}
}

// A server that cannot renew now costs nobody their session, and a token that is still
// good is used.
func TestTokenWhileTheServerIsAway(t *testing.T) {
	s := openShopWithStore(t)
	s.signedIn()
	first := s.token(nil)
	for what, answer := range map[string]func(w http.ResponseWriter, r *http.Request) bool{
		"busy": func(w http.ResponseWriter, _ *http.Request) bool {
			w.Header().Set("Retry-After", "7")
			http.Error(w, "busy", http.StatusServiceUnavailable)
			return false
		},
		"breaking off": func(http.ResponseWriter, *http.Request) bool { panic(http.ErrAbortHandler) },
	} {
		s.before(answer)
		s.age(time.Now().Add(30 * time.Second))
		if s.token(nil) != first {
			t.Errorf("%s: another token", what)
		}
		s.age(time.Now().Add(-time.Second))
		if code, stdout, stderr := s.easyauth(nil, "token", s.url); code != exitFailed || stdout != "" || strings.Contains(stderr, "easyauth login") {
			t.Errorf("%s, expired: %d %q\n%s", what, code, stdout, stderr)
		} else if what == "busy" && !strings.Contains(stderr, "try again in 7s") {
			t.Errorf("%s: %s", what, stderr)
		}
	}
	s.before(nil)
	if token := s.token(nil); token == first || s.who(token) != entra.AdeleOID {
		t.Error("it is not renewed afterwards")
	}
}

// curl calls an application with the token, as the documents write it.
func TestTokenInCurl(t *testing.T) {
	s := openShop(t, nil)
	s.signedIn()
	text, err := os.ReadFile("../../docs/tokens.md")
	if err != nil {
		t.Fatal(err)
	}
	lines := regexp.MustCompile(`(?m)^.*\beasyauth token https://app\.example\.com\b.*curl.*$|^curl .*easyauth token https://app\.example\.com\).*$`).FindAllString(string(text), -1)
	if len(lines) != 2 {
		t.Fatalf("%d lines with curl in docs/tokens.md: %q", len(lines), lines)
	}
	for _, line := range lines {
		line = regexp.MustCompile(`https://app\.example\.com/\S*`).ReplaceAllString(line, s.url+"/easyauth/api/v1/session")
		line = strings.ReplaceAll(line, "https://app.example.com", s.url)
		cmd := exec.CommandContext(t.Context(), "sh", "-c", line)
		cmd.Env = s.environ("PATH=" + filepath.Dir(program) + string(os.PathListSeparator) + os.Getenv("PATH"))
		if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), entra.AdeleOID) {
			t.Errorf("%s: %v\n%s", line, err, out)
		}
	}
}

// An application gets a token of its own, and keeps it.
func TestTokenOfAnApplication(t *testing.T) {
	s := openShop(t, nil)
	dir := t.TempDir()
	secretFile, federated := filepath.Join(dir, "secret"), filepath.Join(dir, "federated")
	write := func(path, text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(secretFile, pipelineSecret)
	write(federated, s.jobs.Token(pipelineJob, entra.FederatedAudience, time.Hour))
	authority := s.idp.BaseURL()
	app := []string{"--client-credentials", "--scope", ofShop}
	flags := append(app, "--client-id", pipelineID, "--tenant", s.idp.TenantID(), "--authority", authority)
	variables := []string{"AZURE_CLIENT_ID=" + pipelineID, "AZURE_TENANT_ID=" + s.idp.TenantID(), "AZURE_AUTHORITY_HOST=" + authority + "/"}
	for _, row := range []struct {
		name string
		more []string
		args []string
	}{
		{"a secret in a file", nil, append(flags, "--client-secret-file", secretFile)},
		{"a secret in a variable", append(variables, "AZURE_CLIENT_SECRET="+pipelineSecret), app},
		{"a federated token by a flag", nil, append(flags, "--federated-token-file", federated)},
		{"workload identity", append(variables, "AZURE_FEDERATED_TOKEN_FILE="+federated), app},
		{"an issuer", []string{"AZURE_CLIENT_SECRET=" + pipelineSecret}, append(app, "--client-id", pipelineID, "--issuer", s.idp.Issuer())},
		{"a flag wins over a variable", append(variables, "AZURE_CLIENT_SECRET=wrong", "AZURE_FEDERATED_TOKEN_FILE=/nowhere"), append(app, "--client-secret-file", secretFile)},
	} {
		s.state = t.TempDir()
		before := s.idp.Grants("client_credentials")
		token := s.token(row.more, row.args...)
		resp := newPerson(s).send(http.MethodGet, s.url+"/easyauth/auth", nil, http.Header{
			"Authorization": {"Bearer " + token}, "X-Original-Url": {s.url + "/x"}, "X-Original-Method": {"GET"},
		})
		if resp.StatusCode != http.StatusAccepted || resp.Header.Get("X-Injected-Roles") != "Orders.Read" {
			t.Errorf("%s: %d, roles %q", row.name, resp.StatusCode, resp.Header.Get("X-Injected-Roles"))
		}
		if again := s.token(row.more, row.args...); again != token || s.idp.Grants("client_credentials") != before+1 {
			t.Errorf("%s: asked %d times", row.name, s.idp.Grants("client_credentials")-before)
		}
		s.age(time.Now().Add(10 * time.Second))
		if again := s.token(row.more, row.args...); again == token || s.idp.Grants("client_credentials") != before+2 {
			t.Errorf("%s, about to expire: the same %v, asked %d times", row.name, again == token, s.idp.Grants("client_credentials")-before)
		}
		if _, content := s.kept(); content["client"] != pipelineID || content["refresh_token"] != nil {
			t.Errorf("%s: %v", row.name, content["client"])
		}
	}
	if code, _, stderr := s.easyauth(nil, "logout", "--client-credentials", "--client-id", pipelineID, s.url); code != exitFailed || !strings.Contains(stderr, "not ended") {
		t.Errorf("logout: %d\n%s", code, stderr)
	}
	if files, _ := filepath.Glob(filepath.Join(s.state, "easyauth", "*.json")); len(files) > 0 {
		t.Errorf("still there: %v", files)
	}
	s.refusals(flags, secretFile, write)
}

// refusals are those of the provider and of the server.
func (s *shop) refusals(flags []string, secretFile string, write func(path, text string)) {
	s.t.Helper()
	wrong := filepath.Join(s.t.TempDir(), "wrong")
	write(wrong, marker)
	for _, row := range []struct{ name, file, scope, want string }{
		{"another secret", wrong, ofShop, "invalid_client: AADSTS7000215"},
		{"no scope for an application", secretFile, "openid", "AADSTS"},
		{"the token is for somebody else", secretFile, "https://graph.microsoft.com/.default", "audience_mismatch"},
		{"a file that is not there", wrong + "x", ofShop, "no such file"},
	} {
		s.state = s.t.TempDir()
		args := append([]string{"token", s.url}, flags...)
		args = append(args, "--client-secret-file", row.file, "--scope", row.scope)
		code, stdout, stderr := s.easyauth(nil, args...)
		if code == exitOK || stdout != "" || !strings.Contains(stderr, row.want) || strings.Contains(stderr, marker) || strings.Contains(stderr, pipelineSecret) {
			s.t.Errorf("%s: %d %q\n%s", row.name, code, stdout, stderr)
		}
	}
}

package examples

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// listening is a folder for PATH in which programs write down their arguments, which every user of a machine can read,
// before they do what they are asked.
func listening(t *testing.T, programs ...string) (folder, log string) {
	t.Helper()
	folder = t.TempDir()
	log = filepath.Join(folder, "log")
	for _, name := range programs {
		program, err := exec.LookPath(name)
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(folder, name), "#!/usr/bin/env bash\nprintf '%s\\n' \"$@\" >>"+log+"\nexec "+program+" \"$@\"\n")
		if err := os.Chmod(filepath.Join(folder, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	return folder, log
}

// No argument of curl holds a secret, a device code or a token.
func TestNoSecretIsAnArgument(t *testing.T) {
	t.Parallel()
	a := startAPI(t)
	app, device := lines(t, "As an application")["bash"], lines(t, "As a person")["bash"]
	withAz := commands(t, scriptsReadme, "As a person", 2)
	_, withAz, _ = strings.Cut(withAz, "\n") // the first line asks az
	token, err := a.AppToken(jobID, ownAPI+"/.default")
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		what, command, path string
		calls               int
	}{
		{"as an application", app, "/api/process", 2},
		{"as a person", device, "/api/orders", 4}, // a code, two questions, the call
		{"with a token of az", "TOKEN=" + token + "\n" + withAz, "/api/process", 1},
	} {
		a.expire(0)
		folder, log := listening(t, "curl")
		out, errs, code := a.run(t, "PATH="+folder+":$PATH\n"+row.command, row.path)
		if code != 0 || out != orders {
			t.Errorf("%s: exit code %d, %q\n%s", row.what, code, out, errs)
		}
		text, err := os.ReadFile(log)
		if err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(string(text), "-sS\n"); n != row.calls {
			t.Errorf("%s: %d calls of curl\n%s", row.what, n, text)
		}
		for what, never := range map[string]string{"secret": jobSecret, "device code": "GMMhmHCX", "token": "eyJ"} {
			if strings.Contains(string(text), never) {
				t.Errorf("%s: a %s is an argument of curl", row.what, what)
			}
		}
	}
}

// exposed reports whether a command gives curl the bare value of a variable that holds a secret. From files and standard
// input they are welcome. So is a command that prints a token for one call: docs/tokens.md says beside it who can read
// that, and how they cannot.
func exposed(line string) bool {
	line = strings.ReplaceAll(line, "Bearer $(easyauth token ", "")
	return regexp.MustCompile(`\bcurl\b.*(Bearer \$|(secret|token|code|verifier|assertion|password)=["']?\$)`).MatchString(line)
}

// What examples and documents tell their readers to type does not show secrets to everybody on the machine either.
func TestDocumentedCurlShowsNoSecret(t *testing.T) {
	t.Parallel()
	seen := 0
	for _, folder := range []string{"examples", "docs", "charts", "README.md"} {
		repository := os.DirFS(root)
		err := fs.WalkDir(repository, folder, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !slices.Contains([]string{".md", ".sh", ".yaml", ".txt"}, filepath.Ext(path)) {
				return err
			}
			text, err := fs.ReadFile(repository, path)
			if err != nil {
				return err
			}
			for line := range strings.Lines(strings.ReplaceAll(string(text), "\\\n", " ")) {
				if strings.Contains(line, "curl -") || strings.Contains(line, "curl \"") {
					seen++
				}
				if exposed(line) {
					t.Errorf("%s: %s", path, line)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if seen < 10 {
		t.Errorf("only %d calls of curl", seen)
	}
	for line, want := range map[string]bool{
		`curl -sS -H "Authorization: Bearer $TOKEN" https://x`:                       true,
		`curl https://x --data-urlencode "client_secret=$SECRET"`:                    true,
		`curl -H "Authorization: Bearer $(easyauth token https://x)" https://x`:      false,
		`curl -H "Authorization: Bearer $(cat token.txt)" https://x`:                 true,
		`curl https://x -d refresh_token=$T`:                                         true,
		`curl https://x --data-urlencode "code_verifier=$VERIFIER"`:                  true,
		`curl https://x --data-urlencode "code_challenge=$CHALLENGE"`:                false,
		`printf 'Authorization: Bearer %s' "$TOKEN" | curl -sS -H @- https://x`:      false,
		`curl https://x --data-urlencode client_secret@job-secret -d "client_id=$A"`: false,
		`status=$(curl -H @<(printf 'Authorization: Bearer %s' "$token") "$URL")`:    false,
	} {
		if exposed(line) != want {
			t.Errorf("%s: exposed %v, want %v", line, !want, want)
		}
	}
}

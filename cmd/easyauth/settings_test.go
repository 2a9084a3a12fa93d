package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/authserver/config"
)

// docs/settings.md is what the program prints: easyauth settings --markdown > docs/settings.md
func TestSettingsPage(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "settings.md"))
	if err != nil {
		t.Fatal(err)
	}
	code, stdout, stderr := execute(t, nil, "settings", "--markdown")
	if code != exitOK || stderr != "" || stdout != string(page) {
		t.Errorf("exit code %d, %s; docs/settings.md is not what `easyauth settings --markdown` prints", code, stderr)
	}
	for _, s := range config.Settings() {
		if strings.Count(stdout, "\n| `"+s.Name+"` |") != 1 {
			t.Errorf("%s has no row", s.Name)
		}
	}
}

func TestSettingsAsJSON(t *testing.T) {
	code, stdout, stderr := execute(t, nil, "settings", "--json")
	var all []config.Setting
	if err := json.Unmarshal([]byte(stdout), &all); err != nil || code != exitOK || stderr != "" {
		t.Fatalf("exit code %d, %v, %s", code, err, stderr)
	}
	same := len(all) == len(config.Settings())
	for i, s := range config.Settings() {
		same = same && all[i] == s
	}
	if !same {
		t.Errorf("got %+v", all)
	}
}

func TestSettingsAsText(t *testing.T) {
	code, stdout, _ := execute(t, nil, "settings")
	for _, s := range config.Settings() {
		if !strings.Contains(stdout, "\n  "+s.Name+"\n") || !strings.Contains(stdout, "Example: "+s.Example+"\n") {
			t.Errorf("%s is not there", s.Name)
		}
	}
	for line := range strings.Lines(stdout) {
		long := len([]rune(line)) > settingsWidth+1 && !strings.Contains(line, "Example: ")
		if code != exitOK || long || strings.TrimRight(line, " \n") != strings.TrimSuffix(line, "\n") || strings.Contains(line, "`") {
			t.Errorf("exit code %d, line %q", code, line)
		}
	}
}

func TestSettingsInOneForm(t *testing.T) {
	code, stdout, stderr := execute(t, nil, "settings", "--json", "--markdown")
	if code != exitUsage || stdout != "" || !strings.Contains(stderr, "exclude each other") {
		t.Errorf("exit code %d, %s, %s", code, stdout, stderr)
	}
}

// The file in docs/configuration.md is a good one.
func TestFileOfThePage(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "configuration.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(page), "```yaml\n")
	example, _, closed := strings.Cut(rest, "```")
	path := filepath.Join(t.TempDir(), "easyauth.yaml")
	if err := os.WriteFile(path, []byte(example), 0o600); err != nil || !found || !closed {
		t.Fatal("the page has no example", err)
	}
	vars := with(t, map[string]string{"EASYAUTH_CONFIG_FILE": path, "EASYAUTH_HOSTS": ""})
	if lines := faults(t, vars); len(lines) > 0 {
		t.Errorf("%q", lines)
	}
	cfg, _, err := config.Load(environ(vars), config.Roles{})
	if err != nil || len(cfg.Hosts) != 2 || len(cfg.GraphQueries) != 2 || cfg.SuccessStatus != 200 || cfg.SessionLifetime.Hours() != 12 {
		t.Errorf("%+v, %v", cfg, err)
	}
}

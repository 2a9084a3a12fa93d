package main

import (
	"encoding/base64"
	"strings"
	"testing"
)

func TestCommandLine(t *testing.T) {
	for _, tt := range []struct {
		name           string
		args           []string
		code           int
		stdout, stderr string // what each holds; "" means nothing at all
	}{
		{"nothing", nil, exitOK, "Usage: easyauth COMMAND", ""},
		{"help", []string{"help"}, exitOK, "Usage: easyauth COMMAND", ""},
		{"-h", []string{"-h"}, exitOK, "Usage: easyauth COMMAND", ""},
		{"--help", []string{"--help"}, exitOK, "Usage: easyauth COMMAND", ""},
		{"help of a command", []string{"keygen", "--help"}, exitOK, "print a new key", ""},
		{"version", []string{"version"}, exitOK, testVersion, ""},
		{"unknown, and almost right", []string{"server"}, exitUsage, "", `"server" is not a command; did you mean serve?`},
		{"unknown", []string{"start"}, exitUsage, "", "\"start\" is not a command\n"},
		{"short, and like nothing", []string{"set"}, exitUsage, "", "\"set\" is not a command\n"},
		{"two letters", []string{"chek-confg"}, exitUsage, "", "did you mean check-config?"},
		{"three letters", []string{"che-confg"}, exitUsage, "", "\"che-confg\" is not a command\n"},
		{"a group, almost right", []string{"session", "list"}, exitUsage, "", "did you mean sessions?"},
		{"another case", []string{"Version"}, exitUsage, "", `"Version" is not a command`},
		{"empty", []string{""}, exitUsage, "", `"" is not a command`},
		{"--version", []string{"--version"}, exitOK, testVersion, ""},
		{"a flag", []string{"--listen=:1"}, exitUsage, "", `"--listen=:1" is not a command`},
		{"an extra argument", []string{"version", "now"}, exitUsage, "", "takes no arguments"},
		{"an extra flag", []string{"serve", "--listen=:1"}, exitUsage, "", "easyauth serve: there is no flag --listen. Settings are environment variables, or in EASYAUTH_CONFIG_FILE\n"},
		{"a flag, almost right", []string{"serve", "-role", "auth"}, exitUsage, "", "there is no flag --role; did you mean --roles?\n"},
		{"a switch with a value", []string{"settings", "--json=" + marker}, exitUsage, "", "the flag --json is given, or not"},
		{"a switch that is off", []string{"settings", "--json=false"}, exitOK, "EASYAUTH_HOSTS", ""},
		{"no number", []string{"healthcheck", "--status", marker + " for flag -url: x"}, exitUsage, "", "the flag --status takes a number\n"},
		{"no flag at all", []string{"serve", "--=" + marker}, exitUsage, "", "the flags cannot be read"},
		{"an extra argument behind a flag", []string{"serve", "--roles=auth", "now"}, exitUsage, "", "takes no arguments"},
		{"an unknown role", []string{"serve", "--roles=auth,admin"}, exitUsage, "", "easyauth serve: --roles: must list auth, signin and worker"},
		{"the same of check-config", []string{"check-config", "--roles", "Worker"}, exitUsage, "", "easyauth check-config: --roles: must list auth, signin and worker"},
		{"no roles", []string{"serve", "--roles"}, exitUsage, "", "easyauth serve: the flag --roles needs a value\nHow it is used: easyauth serve --help\n"},
		{"help of serve", []string{"serve", "-h"}, exitOK, "--roles LIST", ""},
		{"help of check-config", []string{"check-config", "-help"}, exitOK, "Usage: easyauth check-config [--roles LIST]", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			code, stdout, stderr := execute(t, nil, tt.args...)
			if code != tt.code || !holds(stdout, tt.stdout) || !holds(stderr, tt.stderr) || strings.Contains(stderr, marker) {
				t.Errorf("got %d\nstdout: %s\nstderr: %s", code, stdout, stderr)
			}
		})
	}
}

func holds(got, want string) bool {
	if want == "" {
		return got == ""
	}
	return strings.Contains(got, want)
}

func TestUsageNamesEveryCommand(t *testing.T) {
	_, stdout, _ := execute(t, nil)
	for _, c := range commands() {
		if !strings.Contains(stdout, "\n  "+c.name+" ") || !strings.Contains(stdout, c.summary) {
			t.Errorf("%s is not in the usage:\n%s", c.name, stdout)
		}
	}
}

// Help is printed of every command, and says how it is written.
func TestHelpOfEveryCommand(t *testing.T) {
	for _, c := range commands() {
		code, stdout, stderr := execute(t, nil, append(strings.Fields(c.name), "--help")...)
		if code != exitOK || stderr != "" || !strings.HasPrefix(stdout, "easyauth "+c.name+": "+c.summary+"\n\nUsage: easyauth "+c.name) {
			t.Errorf("%s: exit code %d\n%s%s", c.name, code, stdout, stderr)
		}
		for line := range strings.Lines(stdout + c.arguments) {
			if len(line) > 160 {
				t.Errorf("%s: a line of %d characters", c.name, len(line))
			}
		}
	}
}

func TestKeygen(t *testing.T) {
	seen := map[string]bool{}
	for range 3 {
		code, stdout, stderr := execute(t, nil, "keygen")
		key, lines := strings.TrimSuffix(stdout, "\n"), strings.Count(stdout, "\n")
		if raw, err := base64.StdEncoding.DecodeString(key); code != exitOK || err != nil || len(raw) != 32 || lines != 1 || stderr != "" {
			t.Fatalf("got %d, %d lines, %v; stderr %q", code, lines, err, stderr)
		}
		if seen[key] {
			t.Error("the same key twice")
		}
		seen[key] = true
		if code, _, stderr := execute(t, with(t, map[string]string{"EASYAUTH_KEYS": key}), "check-config"); code != exitOK {
			t.Errorf("check-config refuses it: %s", stderr)
		}
		if code, _, _ := execute(t, with(t, map[string]string{"EASYAUTH_KEYS": key[1:]}), "check-config"); code != exitUsage {
			t.Errorf("check-config accepts it cut short: %d", code)
		}
	}
}

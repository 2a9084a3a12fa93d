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
		{"unknown", []string{"server"}, exitUsage, "", `"server" is not a command`},
		{"another case", []string{"Version"}, exitUsage, "", `"Version" is not a command`},
		{"empty", []string{""}, exitUsage, "", `"" is not a command`},
		{"--version", []string{"--version"}, exitOK, testVersion, ""},
		{"a flag", []string{"--listen=:1"}, exitUsage, "", `"--listen=:1" is not a command`},
		{"an extra argument", []string{"version", "now"}, exitUsage, "", "takes no arguments"},
		{"an extra flag", []string{"serve", "--listen=:1"}, exitUsage, "", "configured by environment variables"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			code, stdout, stderr := execute(t, nil, tt.args...)
			if code != tt.code || !holds(stdout, tt.stdout) || !holds(stderr, tt.stderr) {
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

package main

import (
	"fmt"
	"strings"
	"testing"
)

// What is wrong with a command line is found before anybody is asked, and not repeated.
func TestClientCommandLine(t *testing.T) {
	const app = "https://app.example.com"
	aged := map[string]string{"AZURE_CLIENT_ID": pipelineID, "AZURE_TENANT_ID": "t", "AZURE_CLIENT_SECRET": marker}
	without := func(name string) map[string]string {
		vars := map[string]string{}
		for n, v := range aged {
			if n != name {
				vars[n] = v
			}
		}
		return vars
	}
	full := []string{"token", "--client-credentials", "--scope", "s", app}
	for _, tt := range []struct {
		name   string
		args   []string
		vars   map[string]string
		code   int
		stderr string
	}{
		{"no URL", []string{"login"}, nil, exitUsage, "easyauth login: say which application: easyauth login https://app.example.com\nHow it is used: easyauth login --help\n"},
		{"no URL for token", []string{"token"}, nil, exitUsage, "easyauth token https://app.example.com"},
		{"two URLs", []string{"logout", app, app}, nil, exitUsage, "takes no more arguments"},
		{"http", []string{"token", "http://app.example.com"}, nil, exitUsage, "over http anybody"},
		{"a password", []string{"login", "https://u:" + marker + "@app.example.com"}, nil, exitUsage, "a user or a password"},
		{"a path", []string{"login", app + "/orders"}, nil, exitUsage, "must not have a path"},
		{"a base path", []string{"login", "--base-path", "sso", app}, nil, exitUsage, "the base path must be"},
		{"a flag behind", []string{"login", app, "--base-path=sso"}, nil, exitUsage, "the base path must be"},
		{"no flag behind", []string{"token", app, "--nowait"}, nil, exitUsage, "there is no flag --nowait\n"},
		{"no flags behind --", []string{"token", "--", app, "--base-path=sso"}, nil, exitUsage, "takes no more arguments"},
		{"one behind --", []string{"token", "--", app}, nil, exitFailed, "Sign in: easyauth login https://app.example.com\n"},
		{"a port", []string{"login", "--port", "65536", app}, nil, exitUsage, "--port must be"},
		{"a port that is none", []string{"login", "--port", marker, app}, nil, exitUsage, "the flag --port takes a number"},
		{"no authorities", []string{"login", "--ca-file", "/nowhere/ca.pem", app}, nil, exitUsage, `"/nowhere/ca.pem"`},
		{"nowhere to keep a token", []string{"token", app}, map[string]string{"HOME": "", "XDG_STATE_HOME": ""}, exitFailed, "neither XDG_STATE_HOME nor HOME"},
		{"nobody", []string{"token", app}, nil, exitFailed, "nobody is signed in to https://app.example.com here\nSign in: easyauth login https://app.example.com\n"},
		{"nobody at a base path", []string{"token", app, "--base-path", "/sso"}, nil, exitFailed, "Sign in: easyauth login --base-path /sso https://app.example.com\n"},

		{"an application's flags alone", []string{"token", "--scope", "s", app}, aged, exitUsage, "go with --client-credentials only"},
		{"no client", full, without("AZURE_CLIENT_ID"), exitUsage, "--client-id or AZURE_CLIENT_ID"},
		{"no scope", []string{"token", "--client-credentials", app}, aged, exitUsage, "needs --scope"},
		{"no provider", full, without("AZURE_TENANT_ID"), exitUsage, "--tenant, AZURE_TENANT_ID or --issuer"},
		{"no proof", full, without("AZURE_CLIENT_SECRET"), exitUsage, "needs a proof"},
		{"two proofs", append(full, "--client-secret-file", "a", "--federated-token-file", "b"), aged, exitUsage, "exclude one another"},
		{"two providers", append(full, "--tenant", "a", "--issuer", "https://b.example"), aged, exitUsage, "exclude one another"},
		{"an issuer over http", append(full, "--issuer", "http://b.example"), aged, exitUsage, "the issuer must be"},
		{"every tenant", append(full, "--tenant", "common"), aged, exitUsage, "in one tenant"},
		{"a secret as an argument", append(full, "--client-secret", marker), aged, exitUsage, "there is no flag --client-secret\n"},
		{"a client without --client-credentials", []string{"logout", "--client-id", "x", app}, nil, exitUsage, "goes with --client-credentials only"},
		{"--client-credentials without a client", []string{"logout", "--client-credentials", app}, nil, exitUsage, "--client-id or AZURE_CLIENT_ID"},
		{"nothing of a client", []string{"logout", "--client-credentials", "--client-id", "x", app}, nil, exitOK, "Nobody was signed in"},
		{"nothing of a person", []string{"logout", app}, nil, exitOK, "Nobody was signed in"},
	} {
		vars := map[string]string{"XDG_STATE_HOME": t.TempDir()}
		for n, v := range tt.vars {
			vars[n] = v
		}
		code, stdout, stderr := execute(t, vars, tt.args...)
		if code != tt.code || stdout != "" || !strings.Contains(stderr, tt.stderr) || strings.Contains(stderr, marker) {
			t.Errorf("%s: %d %q\n%s", tt.name, code, stdout, stderr)
		}
	}
	both := map[string]string{"XDG_STATE_HOME": t.TempDir(), "AZURE_CLIENT_ID": "x", "AZURE_TENANT_ID": "t", "AZURE_CLIENT_SECRET": marker, "AZURE_FEDERATED_TOKEN_FILE": "/x"}
	if code, _, stderr := execute(t, both, full...); code != exitUsage || !strings.Contains(stderr, "unset the one that is not meant") || strings.Contains(stderr, marker) {
		t.Errorf("two proofs in the environment: %d\n%s", code, stderr)
	}
}

// What opens an address, by system. Without a display nothing does: a browser in the
// terminal is not what is meant.
func TestBrowserCommands(t *testing.T) {
	for _, row := range []struct {
		name, system string
		wsl          bool
		vars         map[string]string
		want         string
	}{
		{"X11", "linux", false, map[string]string{"DISPLAY": ":0"}, "[[xdg-open]]"},
		{"Wayland", "freebsd", false, map[string]string{"WAYLAND_DISPLAY": "wayland-0"}, "[[xdg-open]]"},
		{"a terminal alone", "linux", false, nil, "[]"},
		{"Linux in Windows", "linux", true, nil, "[[rundll32.exe url.dll,FileProtocolHandler]]"},
		{"with a display", "linux", true, map[string]string{"DISPLAY": ":0"}, "[[rundll32.exe url.dll,FileProtocolHandler] [xdg-open]]"},
		{"Windows", "windows", false, nil, "[[rundll32.exe url.dll,FileProtocolHandler]]"},
		{"macOS", "darwin", false, map[string]string{"DISPLAY": ":0"}, "[[/usr/bin/open]]"},
	} {
		got := browserCommands(row.system, row.wsl, func(name string) string { return row.vars[name] })
		if fmt.Sprint(got) != row.want {
			t.Errorf("%s: %v", row.name, got)
		}
	}
}

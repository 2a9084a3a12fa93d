package main

import (
	"context"
	"crypto/fips140"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// The step `fips` of test/tools/check sets this variable beside GODEBUG=fips140=on: then these tests, and the
// packages beside them, run in that mode or the step proves nothing.
const fipsWanted = "EASYAUTH_TEST_FIPS"

func TestFIPSModeOfTheTests(t *testing.T) {
	if os.Getenv(fipsWanted) == "on" && !fips140.Enabled() {
		t.Errorf("%s is on, but GODEBUG=%q did not bring FIPS 140 mode", fipsWanted, os.Getenv("GODEBUG"))
	}
	if want := map[bool]string{false: "off", true: "on"}[fips140.Enabled()]; !fips140.Enforced() && !strings.HasPrefix(fipsMode(), want+" (module ") {
		t.Errorf("the mode is told as %q, want %s", fipsMode(), want)
	}
}

// The program as it is released, in each mode: it says which, starts, seals and answers.
func TestFIPSModeOfTheProgram(t *testing.T) {
	for _, tt := range []struct{ name, godebug, want string }{
		{"asked for", "fips140=on", "on"},
		{"enforced", "fips140=only", "only"},
		{"turned off", "fips140=off", "off"},
		{"among others", "http2client=0,fips140=on", "on"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			want := tt.want + " (module " + fips140.Version() + ")"
			cmd := exec.CommandContext(t.Context(), program, "version")
			cmd.Env = []string{"GODEBUG=" + tt.godebug}
			if out, err := cmd.CombinedOutput(); err != nil || string(out) != testVersion+"\nFIPS 140: "+want+"\n" {
				t.Errorf("version: %v\n%s", err, out)
			}

			s := startProcess(t, with(t, map[string]string{"GODEBUG": tt.godebug}))
			if line, _ := s.logged("ready"); line["fips140"] != want {
				t.Errorf("logged at the start: %q, want %q", line["fips140"], want)
			}
			if r := s.get(s.admin, "/readyz", nil); r.StatusCode != http.StatusOK {
				t.Errorf("/readyz: %d %s", r.StatusCode, r.body)
			}
			r := s.get(s.public, "/easyauth/auth", http.Header{"X-Original-Url": {"https://" + host + "/"}})
			if r.StatusCode != http.StatusUnauthorized || !strings.HasPrefix(r.Header.Get("Set-Cookie"), "__Host-easyauth-state=") {
				t.Errorf("a check: %d %q", r.StatusCode, r.Header.Get("Set-Cookie"))
			}
		})
	}
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), program, "version")
	cmd.Env = []string{"GODEBUG=fips140=yes"}
	if out, err := cmd.CombinedOutput(); err == nil {
		t.Errorf("a mode that there is not is taken: %s", out)
	}
}

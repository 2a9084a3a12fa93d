package main

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/authserver/config"
)

// The image says which ports are listened at. That the chart agrees is shown in test/chart.
func TestDockerfileAgrees(t *testing.T) {
	cfg, _, err := config.Load(environ(with(t, map[string]string{"EASYAUTH_LISTEN": "", "EASYAUTH_ADMIN_LISTEN": ""})), config.Roles{})
	if err != nil {
		t.Fatal(err)
	}
	want := "EXPOSE " + strings.TrimPrefix(cfg.Listen, ":") + " " + strings.TrimPrefix(cfg.AdminListen, ":") + "\n"
	if !strings.Contains(text(t, "../../Dockerfile"), want) {
		t.Errorf("the Dockerfile has no %q", want)
	}
}

func text(t *testing.T, file string) string {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// match returns the only group of a pattern.
func match(t *testing.T, text, pattern string) string {
	t.Helper()
	found := regexp.MustCompile(pattern).FindStringSubmatch(text)
	if found == nil {
		t.Fatalf("no %s", pattern)
	}
	return found[1]
}

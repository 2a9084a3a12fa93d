package main

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/authserver/config"
	"github.com/easyauth-sidecar/easyauth/authserver/headers"
)

const chart = "../../charts/easyauth/"

// The chart writes down what the program knows: headers, paths, ports. Here they agree.
func TestChartAgrees(t *testing.T) {
	cfg, _, err := config.Load(environ(with(t, map[string]string{"EASYAUTH_LISTEN": "", "EASYAUTH_ADMIN_LISTEN": ""})), config.Roles{})
	if err != nil {
		t.Fatal(err)
	}
	renderer, err := headers.New(headers.Config{Prefix: cfg.HeaderPrefix})
	if err != nil {
		t.Fatal(err)
	}

	notes := text(t, chart+"templates/NOTES.txt")
	listed := strings.Split(match(t, notes, `auth-response-headers: "([^"]*)"`), ",")
	if names := renderer.Names(); !sameSet(listed, names) {
		t.Errorf("NOTES.txt lists the headers\n%q, the program sends\n%q", listed, names)
	}
	if auth, login := match(t, notes, `auth-url: .*\.basePath }}([^"]*)"`), match(t, notes, `auth-signin: .*\.basePath }}([^"]*)"`); cfg.BasePath+auth != cfg.AuthPath || cfg.BasePath+login != cfg.SigninPath {
		t.Errorf("NOTES.txt: auth-url ends with %q, auth-signin with %q", auth, login)
	}

	var opened []string
	for _, name := range strings.Fields(match(t, text(t, chart+"templates/ingress.yaml"), `range list ([^}]*) }}`)) {
		opened = append(opened, cfg.BasePath+"/"+strings.Trim(name, `"`))
	}
	if want := []string{cfg.SigninPath, cfg.CallbackPath, cfg.SignedOutPath, cfg.LogoutPath, cfg.MePath, cfg.LogoPath, cfg.FrontChannelPath, cfg.BackChannelPath}; !sameSet(opened, want) {
		t.Errorf("the Ingress opens %q, want %q", opened, want)
	}
	if !strings.Contains(text(t, chart+"values.yaml"), "basePath: "+cfg.BasePath+"\n") {
		t.Errorf("values.yaml: basePath is not %s", cfg.BasePath)
	}

	for file, wants := range map[string][]string{
		chart + "templates/deployment.yaml": {"containerPort: %s\n", "containerPort: %s\n"},
		"../../Dockerfile":                  {"EXPOSE %s ", " %s\nHEALTHCHECK "},
	} {
		for i, address := range []string{cfg.Listen, cfg.AdminListen} {
			if want := fmt.Sprintf(wants[i], strings.TrimPrefix(address, ":")); !strings.Contains(text(t, file), want) {
				t.Errorf("%s: no %q", file, want)
			}
		}
	}
	if seconds := cfg.ShutdownTimeout.Seconds(); seconds >= 30 || !strings.Contains(text(t, chart+"templates/deployment.yaml"), "terminationGracePeriodSeconds: 30\n") {
		t.Errorf("a shutdown of %v s does not fit into the pod's grace period", seconds)
	}
}

func sameSet(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
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

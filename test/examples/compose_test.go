package examples

import (
	"bytes"
	"errors"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// compose is as much of the Compose specification as the example needs. Other members are errors.
type compose struct {
	Name     string
	Services map[string]service
	Secrets  map[string]struct{ File string }
}

type service struct {
	Image, Restart string
	Build          struct{ Context string }
	Command        []string
	Ports          []string
	Volumes        []string
	NetworkMode    string            `yaml:"network_mode"`
	EnvFile        string            `yaml:"env_file"`
	Environment    map[string]string `yaml:"environment"`
	Secrets        []string
	ReadOnly       bool     `yaml:"read_only"`
	CapDrop        []string `yaml:"cap_drop"`
	SecurityOpt    []string `yaml:"security_opt"`
}

func decodeCompose(text string) (compose, error) {
	var c compose
	decoder := yaml.NewDecoder(bytes.NewReader([]byte(text)))
	decoder.KnownFields(true)
	if err := decoder.Decode(&c); err != nil {
		return c, err
	}
	if err := decoder.Decode(&compose{}); !errors.Is(err, io.EOF) {
		return c, errors.New("more than one document")
	}
	return c, nil
}

func TestCompose(t *testing.T) {
	t.Parallel()
	text := read(t, "nginx/docker-compose.yaml")
	c, err := decodeCompose(text)
	if err != nil {
		t.Fatal(err)
	}
	for what, wrong := range map[string]string{
		"a member of another name": replaced(t, "docker-compose.yaml", text, "network_mode", "networkmode"),
		"a member twice":           replaced(t, "docker-compose.yaml", text, "    env_file: easyauth.env\n", "    env_file: easyauth.env\n    env_file: easyauth.env\n"),
		"a list for a text":        replaced(t, "docker-compose.yaml", text, "network_mode: \"service:nginx\"", "network_mode: [\"service:nginx\"]"),
	} {
		if _, err := decodeCompose(wrong); err == nil {
			t.Errorf("%s is taken", what)
		}
	}
	if got := slices.Sorted(maps.Keys(c.Services)); !slices.Equal(got, []string{"app", "easyauth", "nginx"}) {
		t.Fatalf("services %q", got)
	}
	for name, s := range c.Services {
		if name == "nginx" {
			if !slices.Equal(s.Ports, []string{"443:443"}) || s.NetworkMode != "" {
				t.Errorf("nginx: ports %q, network %q", s.Ports, s.NetworkMode)
			}
			continue
		}
		// Nobody but nginx reaches them: its network, no port of their own.
		if s.NetworkMode != "service:nginx" || len(s.Ports) > 0 || !s.ReadOnly || !slices.Equal(s.CapDrop, []string{"ALL"}) {
			t.Errorf("%s is open: %+v", name, s)
		}
		dockerfile := filepath.Join(root, "examples", "nginx", s.Build.Context, "Dockerfile")
		if _, err := os.Stat(dockerfile); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	proxy := c.Services["nginx"]
	if !slices.Contains(proxy.Command, "/etc/easyauth/nginx.conf") {
		t.Errorf("nginx reads %q", proxy.Command)
	}
	checkComposeVolumes(t, proxy)
	if app := c.Services["app"].Command; !slices.Equal(app, []string{"-listen", "127.0.0.1:3000"}) || !strings.Contains(read(t, "nginx/nginx.conf"), "server "+app[1]+";") {
		t.Errorf("the application listens on %q, and nginx asks elsewhere", app)
	}
	checkComposeEnvironment(t, c)
}

// checkComposeVolumes wants nginx to see the files that its configuration names, and no other: EasyAuth's secrets lie
// beside them.
func checkComposeVolumes(t *testing.T, proxy service) {
	t.Helper()
	want := []string{"nginx.conf"}
	for _, found := range regexp.MustCompile(`(?m)^\s*(?:include|ssl_certificate|ssl_certificate_key)\s+([^/;*][^;*]*);`).FindAllStringSubmatch(read(t, "nginx/nginx.conf"), -1) {
		want = append(want, found[1])
	}
	for i, name := range want {
		want[i] = "./" + name + ":/etc/easyauth/" + name + ":ro"
	}
	slices.Sort(want)
	want = slices.Compact(want)
	if got := slices.Sorted(slices.Values(proxy.Volumes)); len(want) != 6 || !slices.Equal(got, want) {
		t.Errorf("nginx is given\n%q, and reads\n%q", got, want)
	}
	if len(proxy.Secrets) > 0 || proxy.EnvFile != "" {
		t.Errorf("nginx is given %q and %q", proxy.Secrets, proxy.EnvFile)
	}
}

// checkComposeEnvironment wants EasyAuth to take its variables, and its files to be the secrets that it is given,
// which the README's commands make.
func checkComposeEnvironment(t *testing.T, c compose) {
	t.Helper()
	s := c.Services["easyauth"]
	env := variables(t, read(t, "nginx/"+s.EnvFile))
	maps.Copy(env, s.Environment)
	for _, name := range []string{"EASYAUTH_CLIENT_SECRET_FILE", "EASYAUTH_KEYS_FILE"} {
		if given, is := strings.CutPrefix(env[name], "/run/secrets/"); !is || !slices.Contains(s.Secrets, given) {
			t.Errorf("%s is %q, and EasyAuth is given %q", name, env[name], s.Secrets)
		}
	}
	accepted(t, "docker-compose.yaml", env)
	if conf := read(t, "nginx/nginx.conf"); !strings.Contains(conf, "server "+env["EASYAUTH_LISTEN"]+";") || !strings.Contains(conf, "server_name "+env["EASYAUTH_HOSTS"]+";") {
		t.Error("nginx.conf asks another address, or serves another host")
	}
	folder := copied(t, "nginx")
	succeeds(t, folder, nil, commands(t, nginxReadme, "Before", 1))
	for name, made := range c.Secrets {
		if text, err := os.ReadFile(filepath.Join(folder, made.File)); err != nil || len(text) < 16 {
			t.Errorf("the secret %s: %v", name, err)
		}
	}
}

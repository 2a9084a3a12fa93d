package chart

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"

	"github.com/easyauth-sidecar/easyauth/authserver/config"
)

// container is one container as the kubelet would start it, with the files that are mounted in a folder of the test.
type container struct {
	roles   config.Roles
	environ []string
}

// launch gives a container its files and its variables. What AKS' webhook adds is added to pods that ask for it.
func launch(t *testing.T, d *apps.Deployment, content map[string]string) container {
	t.Helper()
	c := d.Spec.Template.Spec.Containers[0]
	at := map[string]string{} // mount path → folder
	for _, m := range c.VolumeMounts {
		folder := t.TempDir()
		at[m.MountPath] = folder
		i := slices.IndexFunc(d.Spec.Template.Spec.Volumes, func(v core.Volume) bool { return v.Name == m.Name })
		if i < 0 {
			t.Fatalf("%s: there is no volume %s", d.Name, m.Name)
		}
		if m.SubPath != "" {
			t.Errorf("%s: %s is mounted by subPath, so that it never changes", d.Name, m.MountPath)
		}
		for _, file := range projected(d.Spec.Template.Spec.Volumes[i]) {
			text, ok := content[file.ref]
			if !ok {
				t.Fatalf("%s: nobody makes %s", d.Name, file.ref)
			}
			write(t, filepath.Join(folder, file.path), text)
		}
	}
	run := container{roles: rolesOf(t, d)}
	for _, e := range c.Env {
		value := e.Value
		if e.ValueFrom != nil {
			value = content["Secret/"+e.ValueFrom.SecretKeyRef.Name+"/"+e.ValueFrom.SecretKeyRef.Key]
		}
		for mountPath, folder := range at {
			if rest, ok := strings.CutPrefix(value, mountPath+"/"); ok {
				value = filepath.Join(folder, rest)
			}
		}
		run.environ = append(run.environ, e.Name+"="+value)
	}
	if d.Spec.Template.Labels["azure.workload.identity/use"] == "true" {
		token := filepath.Join(t.TempDir(), "token")
		write(t, token, "e30.e30.e30")
		run.environ = append(run.environ, "AZURE_FEDERATED_TOKEN_FILE="+token, "AZURE_AUTHORITY_HOST=https://login.microsoftonline.com/")
	}
	return run
}

func rolesOf(t *testing.T, d *apps.Deployment) config.Roles {
	t.Helper()
	args := d.Spec.Template.Spec.Containers[0].Args
	if len(args) == 1 && args[0] == "proxy" {
		return config.Roles{}
	}
	if len(args) == 0 || args[0] != "serve" || len(args) > 2 {
		t.Fatalf("%s: arguments %q", d.Name, args)
	}
	roles, err := config.ParseRoles(strings.TrimPrefix(strings.Join(args[1:], ""), "--roles="))
	if err != nil {
		t.Fatalf("%s: %q: %v", d.Name, args, err)
	}
	return roles
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// load reads the configuration of every Deployment as EasyAuth does. It must be good, without a warning.
func load(t *testing.T, s shape, all []object) map[string]*config.Config {
	t.Helper()
	content := contents(t, all)
	for ref, text := range s.outside {
		content[ref] = text
	}
	configs := map[string]*config.Config{}
	for _, d := range every[*apps.Deployment](t, all) {
		cfg, problems := started(t, d, content)
		for _, problem := range problems {
			t.Error(problem)
		}
		configs[d.Name] = cfg
	}
	return configs
}

// started reads the configuration of one Deployment, and returns its faults and warnings.
func started(t *testing.T, d *apps.Deployment, content map[string]string) (*config.Config, []string) {
	t.Helper()
	c := launch(t, d, content)
	cfg, warnings, err := config.Load(c.environ, c.roles)
	var problems []string
	if err != nil {
		problems = append(problems, fmt.Sprintf("%s: %v\n%s", d.Name, err, strings.Join(c.environ, "\n")))
		cfg = nil
	}
	for _, w := range warnings {
		problems = append(problems, fmt.Sprintf("%s: warning: %s", d.Name, w))
	}
	return cfg, problems
}

// The configuration that the chart writes is one that EasyAuth takes, for every shape and role, and the rest of the
// rendering agrees with it: ports, times, and the paths of the Ingress.
func configures(t *testing.T, r rendering) {
	for _, d := range every[*apps.Deployment](t, r.all) {
		cfg := r.configs[d.Name]
		if cfg == nil {
			continue
		}
		agree(t, d, cfg)
		if (cfg.Roles.Auth || cfg.Roles.SignIn) && string(cfg.Keys[0]) == "" {
			t.Errorf("%s has no key", d.Name)
		}
	}
	_, auth, signin := roleNames(t, r.all)
	for _, i := range every[*networking.Ingress](t, r.all) {
		opens(t, i, r.configs[auth], r.configs[signin])
	}
	for _, route := range every[*httpRoute](t, r.all) {
		leads(t, r, route, r.configs[signin])
	}
}

// agree compares a Deployment with its configuration.
func agree(t *testing.T, d *apps.Deployment, cfg *config.Config) {
	t.Helper()
	want := map[string]string{"admin": cfg.AdminListen}
	if cfg.Roles.Auth || cfg.Roles.SignIn {
		want["http"] = cfg.Listen
	}
	got := map[string]string{}
	for _, p := range d.Spec.Template.Spec.Containers[0].Ports {
		got[p.Name] = ":" + itoa(p.ContainerPort)
	}
	if len(got) != len(want) || got["admin"] != want["admin"] || got["http"] != want["http"] {
		t.Errorf("%s: ports %v, and it listens at %v", d.Name, got, want)
	}
	if grace := time.Duration(*d.Spec.Template.Spec.TerminationGracePeriodSeconds) * time.Second; grace <= cfg.ShutdownTimeout {
		t.Errorf("%s: a grace period of %v for a shutdown of %v", d.Name, grace, cfg.ShutdownTimeout)
	}
}

// signinPaths are what a browser, a program or the provider opens, sorted.
func signinPaths(c *config.Config) []string {
	paths := []string{
		c.SigninPath, c.CallbackPath, c.SignedOutPath, c.LogoutPath, c.MePath, c.LogoPath, c.FrontChannelPath, c.BackChannelPath, c.JWKSPath,
		c.ProgramPaths.Token, c.ProgramPaths.Revoke, c.ProgramPaths.Session, c.ProgramPaths.Login, c.ProgramPaths.Authorize,
	}
	slices.Sort(paths)
	return paths
}

// opens wants an Ingress to have the sign-in paths on each of its hosts, exactly, and nothing else: above all not the
// path that the proxy asks.
func opens(t *testing.T, i *networking.Ingress, auth, signin *config.Config) {
	t.Helper()
	if auth == nil || signin == nil {
		t.Fatal("no configuration to compare with")
	}
	want := signinPaths(signin)
	if size := i.Annotations["nginx.ingress.kubernetes.io/proxy-buffer-size"]; size != "16k" && size != "128k" {
		t.Errorf("buffers of %q", size)
	}
	for name := range i.Annotations {
		if strings.Contains(name, "/auth-") {
			t.Errorf("the sign-in paths are protected themselves: %s", name)
		}
	}
	hosts := map[string]bool{}
	for _, rule := range i.Spec.Rules {
		hosts[rule.Host] = true
		var paths []string
		for _, p := range rule.HTTP.Paths {
			paths = append(paths, p.Path)
			if *p.PathType != networking.PathTypeExact {
				t.Errorf("%s: %s opens more than itself", rule.Host, p.Path)
			}
			if p.Path == auth.AuthPath {
				t.Errorf("%s: the path that the proxy asks is open to everybody", rule.Host)
			}
		}
		slices.Sort(paths)
		if !slices.Equal(paths, want) {
			t.Errorf("%s opens %q, want %q", rule.Host, paths, want)
		}
	}
	for _, host := range signin.Hosts {
		name, _, _ := strings.Cut(host, ":")
		if !hosts[name] && name != "new.example.com" && name != "localhost.example.com" { // what these two shapes leave out
			t.Errorf("%s is served and not in the Ingress", host)
		}
	}
}

// A shape that is wrong in what the chart cannot see is told by the configuration: so this test would see it.
func TestConfigurationFaultsAreSeen(t *testing.T) {
	all := objects(t, render(t, minimal+secret+"settings: {sessionIdle: 9h}\n"))
	content := map[string]string{"Secret/easyauth-keys/keys": aKey, "Secret/easyauth-client/client-secret": "s3cret"}
	c := launch(t, every[*apps.Deployment](t, all)[0], content)
	_, _, err := config.Load(c.environ, c.roles)
	var faults config.Faults
	if !errors.As(err, &faults) || len(faults) != 1 || faults[0].Name != "EASYAUTH_SESSION_IDLE" {
		t.Errorf("faults %v, want one of EASYAUTH_SESSION_IDLE", err)
	}
}

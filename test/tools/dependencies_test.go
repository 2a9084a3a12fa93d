package tools

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const axe = "axe-core-4.14.1.tgz"

// used are the programs that the script runs or looks for.
const used = `as bash buildah caddy cat chmod chromium cp curl dirname dpkg-deb dpkg-query env gcc go grep haproxy initdb jq ld mkdir mktemp mv nginx node
	openssl printf redis-sentinel redis-server rm sh sha512sum shellcheck sleep socat tar touch wrk`

// machine is this one as the script sees it: with some programs away, others replaced, and a cache folder of its own.
type machine struct {
	dir string
}

// newMachine has everything that the tests need. apt-get and npm write down that they were asked, and fail.
func newMachine(t *testing.T) machine {
	t.Helper()
	m := machine{t.TempDir()}
	for _, folder := range []string{m.programs(), m.cache()} {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range strings.Fields(used) {
		path, err := exec.LookPath(name)
		if err != nil {
			continue // outside PATH, as nginx is for many users; the script knows where
		}
		if err := os.Symlink(path, filepath.Join(m.programs(), name)); err != nil {
			t.Fatal(err)
		}
	}
	m.program(t, "apt-get", `exit 1`)
	m.program(t, "npm", `exit 1`)
	ours, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	for name, file := range map[string]string{axe: filepath.Join(ours, "easyauth", axe), "promtool": "/bin/true", "helm-v3.22.0": "/bin/true"} {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(m.cache(), name), data, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return m
}

func (m machine) programs() string { return filepath.Join(m.dir, "bin") }
func (m machine) cache() string    { return filepath.Join(m.dir, "cache", "easyauth") }
func (m machine) asked() string    { return filepath.Join(m.dir, "asked") }

// program replaces one by a script, which notes down what it was asked.
func (m machine) program(t *testing.T, name, script string) {
	t.Helper()
	m.without(t, name)
	script = "#!/bin/sh\necho \"" + name + " $*\" >>" + m.asked() + "\n" + script + "\n"
	if err := os.WriteFile(filepath.Join(m.programs(), name), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
}

func (m machine) without(t *testing.T, names ...string) {
	t.Helper()
	for _, name := range names {
		if err := os.Remove(filepath.Join(m.programs(), name)); err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
	}
}

// forget takes files out of the cache folder.
func (m machine) forget(t *testing.T, names ...string) {
	t.Helper()
	for _, name := range names {
		if err := os.Remove(filepath.Join(m.cache(), name)); err != nil {
			t.Fatal(err)
		}
	}
}

// run runs the script and returns what it printed, its exit code, and what the replaced programs were asked.
func (m machine) run(t *testing.T, args ...string) (output string, code int, asked []string) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	cmd := exec.CommandContext(ctx, "./install-dependencies", args...)
	cmd.Env = append(os.Environ(), "PATH="+m.programs(), "XDG_CACHE_HOME="+filepath.Dir(m.cache()), "GO=go", "GOOS=plan9")
	text, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	if list, err := os.ReadFile(m.asked()); err == nil {
		asked = strings.Split(strings.TrimSpace(string(list)), "\n")
	}
	return string(text), cmd.ProcessState.ExitCode(), asked
}

// files are the names in the cache folder.
func (m machine) files(t *testing.T) []string {
	t.Helper()
	entries, err := os.ReadDir(m.cache())
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, entry := range entries {
		names[entry.Name()] = true
	}
	return slices.Sorted(maps.Keys(names))
}

// When nothing is missing nobody is asked, and nothing is said.
func TestNothingIsMissing(t *testing.T) {
	for _, tt := range []struct {
		purpose         string
		without, forget []string
	}{
		{"test", nil, nil},
		{"demo", []string{"buildah", "caddy", "chromium", "curl", "jq", "openssl", "shellcheck", "socat", "node", "wrk", "redis-server", "apt-get", "npm"}, []string{axe, "promtool", "helm-v3.22.0"}},
		{"bench", []string{"buildah", "chromium", "jq", "shellcheck", "node", "redis-server", "apt-get", "npm"}, []string{axe, "promtool", "helm-v3.22.0"}},
		{"release", []string{"buildah", "chromium", "node", "wrk", "nginx", "gcc", "apt-get", "npm"}, []string{axe, "promtool"}},
	} {
		t.Run(tt.purpose, func(t *testing.T) {
			m := newMachine(t)
			m.without(t, tt.without...)
			m.forget(t, tt.forget...)
			if output, code, asked := m.run(t, tt.purpose); code != 0 || output != "" || len(asked) > 0 {
				t.Errorf("exit code %d, asked %q\n%s", code, asked, output)
			}
		})
	}
}

func TestUnknownPurpose(t *testing.T) {
	m := newMachine(t)
	for _, args := range [][]string{nil, {""}, {"tests"}} {
		if output, code, asked := m.run(t, args...); code != 2 || !strings.Contains(output, "demo|bench|test|release") || len(asked) > 0 {
			t.Errorf("%q: exit code %d, asked %q\n%s", args, code, asked, output)
		}
	}
}

// Without apt-get the packages are named, and nothing is tried.
func TestPackagesAreNamed(t *testing.T) {
	for program, want := range map[string]string{"buildah": "buildah", "caddy": "caddy", "node": "nodejs", "chromium": "chromium", "redis-server": "redis-server", "jq": "jq", "shellcheck": "shellcheck"} {
		t.Run(program, func(t *testing.T) {
			m := newMachine(t)
			m.without(t, program, "apt-get")
			if output, code, asked := m.run(t, "test"); code != 1 || !strings.HasPrefix(output, "missing here: "+want+"\nPlease install") || len(asked) > 0 {
				t.Errorf("exit code %d, asked %q\n%s", code, asked, output)
			}
		})
	}
}

// Modules of Debian's Python are packages of their own.
func TestPythonModulesAreNamed(t *testing.T) {
	for module, want := range map[string]string{"flask": "python3-flask", "jwt": "python3-jwt", "cryptography": "python3-cryptography"} {
		t.Run(module, func(t *testing.T) {
			instead := t.TempDir()
			if err := os.WriteFile(filepath.Join(instead, module+".py"), []byte("raise ImportError\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			t.Setenv("PYTHONPATH", instead)
			t.Setenv("PYTHONDONTWRITEBYTECODE", "1")
			m := newMachine(t)
			m.without(t, "apt-get")
			output, code, asked := m.run(t, "test")
			if names, _, _ := strings.Cut(strings.TrimPrefix(output, "missing here: "), "\n"); code != 1 || !slices.Contains(strings.Fields(names), want) || len(asked) > 0 {
				t.Errorf("exit code %d, asked %q\n%s", code, asked, output)
			}
		})
	}
}

// Helm is built for this machine from the source that we know, whatever the caller builds and whether they ask the
// checksum database, and is there whole or not at all.
func TestHelmIsBuilt(t *testing.T) {
	const (
		ours  = `"Sum": "h1:n1if5iQgHYsujPAcO5oonH/KiSNUmqmUF0iGVjSF3AU=",`
		other = `"GoModSum": "h1:n1if5iQgHYsujPAcO5oonH/KiSNUmqmUF0iGVjSF3AU=", "Sum": "h1:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",`
		build = `[ -z "$GOOS" ] && [ "$CGO_ENABLED$GOWORK$GOFLAGS" = 0off-mod=readonly ] && [ -f go.sum ] && printf '#!/bin/sh\n' >"$GOBIN/helm" && chmod 755 "$GOBIN/helm"`
	)
	download, install := "go mod download -json helm.sh/helm/v3@v3.22.0", "go install -buildvcs=false -race=false -trimpath -ldflags -s -w ./cmd/helm"
	whole, without := []string{axe, "helm-v3.22.0", "promtool"}, []string{axe, "promtool"}
	for _, tt := range []struct {
		name, sum, fetch, build string
		code                    int
		files, asked            []string
		says                    string
	}{
		{"built", ours, "exit 0", build, 0, whole, []string{download, install}, "it is built now"},
		{"not built", ours, "exit 0", `echo half >"$GOBIN/helm"; exit 1`, 1, without, []string{download, install}, "could not be built"},
		{"another source", other, "exit 0", build, 1, without, []string{download}, "its sum is h1:47DEQpj8"},
		{"a source without a sum", "", "exit 0", build, 1, without, []string{download}, "its sum is missing"},
		{"no source", ours, "exit 1", build, 1, without, []string{download}, "could not be fetched"},
	} {
		for _, purpose := range []string{"test", "release"} {
			t.Run(tt.name+" for "+purpose, func(t *testing.T) {
				t.Setenv("GOSUMDB", "off")
				t.Setenv("GOFLAGS", "-mod=mod")
				m := newMachine(t)
				m.forget(t, "helm-v3.22.0")
				source := t.TempDir()
				if err := os.WriteFile(filepath.Join(source, "go.sum"), nil, 0o600); err != nil {
					t.Fatal(err)
				}
				m.program(t, "go", `if [ "$1" = mod ]; then echo '{ `+tt.sum+` "Dir": "`+source+`" }'; `+tt.fetch+`; fi`+"\n"+tt.build)
				output, code, asked := m.run(t, purpose)
				if code != tt.code || !slices.Equal(m.files(t), tt.files) || !strings.Contains(output, tt.says) {
					t.Errorf("exit code %d, files %q\n%s", code, m.files(t), output)
				}
				if !slices.Equal(asked, tt.asked) {
					t.Errorf("asked %q, want %q", asked, tt.asked)
				}
			})
		}
	}
}

// promtool comes out of Debian's package, which is not installed.
func TestPromtoolIsFetched(t *testing.T) {
	m := newMachine(t)
	m.forget(t, "promtool")
	tree := filepath.Join(m.dir, "package")
	for name, text := range map[string]string{
		"DEBIAN/control":   "Package: prometheus\nVersion: 1\nArchitecture: all\nMaintainer: nobody <nobody@example.com>\nDescription: none\n",
		"DEBIAN/postinst":  "#!/bin/sh\ntouch " + m.dir + "/installed\n",
		"usr/bin/promtool": "#!/bin/sh\n", "usr/bin/prometheus": "#!/bin/sh\n",
	} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(tree, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(tree, name), []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	deb := filepath.Join(m.dir, "prometheus_1_all.deb")
	if output, err := exec.CommandContext(t.Context(), "dpkg-deb", "--root-owner-group", "-b", tree, deb).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, output)
	}

	m.program(t, "apt-get", `case "$*" in *"download prometheus") exit 1 ;; *) exit 0 ;; esac`)
	if output, code, _ := m.run(t, "test"); code != 1 || !strings.Contains(output, "apt-get update") || !slices.Equal(m.files(t), []string{axe, "helm-v3.22.0"}) {
		t.Errorf("without the package: exit code %d, files %q\n%s", code, m.files(t), output)
	}
	m.program(t, "apt-get", `case "$*" in *"download prometheus") cp `+deb+` . ;; *) exit 1 ;; esac`)
	if output, code, _ := m.run(t, "test"); code != 0 || !slices.Equal(m.files(t), []string{axe, "helm-v3.22.0", "promtool"}) {
		t.Errorf("with the package: exit code %d, files %q\n%s", code, m.files(t), output)
	}
	if text, err := os.ReadFile(filepath.Join(m.cache(), "promtool")); err != nil || !bytes.Equal(text, []byte("#!/bin/sh\n")) {
		t.Errorf("promtool is %q, %v", text, err)
	}
	if _, err := os.Stat(filepath.Join(m.dir, "installed")); err == nil {
		t.Error("the package was installed")
	}

	elsewhere := newMachine(t)
	elsewhere.forget(t, "promtool")
	elsewhere.program(t, "promtool", "exit 0")
	if output, code, asked := elsewhere.run(t, "test"); code != 0 || len(asked) > 0 {
		t.Errorf("with promtool in PATH: exit code %d, asked %q\n%s", code, asked, output)
	}
}

// What npm brings is the file that we know, or it is not kept.
func TestAxeCoreIsFetched(t *testing.T) {
	m := newMachine(t)
	kept := filepath.Join(m.dir, "kept")
	if err := os.Rename(filepath.Join(m.cache(), axe), kept); err != nil {
		t.Fatal(err)
	}
	m.program(t, "npm", "echo other >"+axe)
	if output, code, _ := m.run(t, "test"); code != 1 || !strings.Contains(output, "SHA-512 differs") || slices.Contains(m.files(t), axe) {
		t.Errorf("another file: exit code %d, files %q\n%s", code, m.files(t), output)
	}
	m.program(t, "npm", "cp "+kept+" "+axe)
	if output, code, asked := m.run(t, "test"); code != 0 || !slices.Contains(m.files(t), axe) || !strings.Contains(strings.Join(asked, "\n"), "--ignore-scripts axe-core@4.14.1") {
		t.Errorf("that file: exit code %d, files %q, asked %q\n%s", code, m.files(t), asked, output)
	}
}

package examples

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// elsewhere are blocks of commands that no test here runs, by document and heading, and how many there are. What
// is not here must be run.
func elsewhere() map[string]int {
	return map[string]int{
		"backends/README.md The commands":             1, // dotnet
		"ingress/README.md The commands":              1, // kubectl
		"nginx/README.md As processes":                1, // make: what TestMain builds
		"nginx/README.md In containers":               1, // docker
		"kubernetes-dashboard/README.md The commands": 1, // kubectl
		"scripts/README.md As a person":               1, // az
		"haproxy/README.md The commands":              1, // a service of the machine; test/matrix runs the files
		"app-registration/README.md With Terraform":   1,
	}
}

// ran are the blocks that tests run, counted in the same way.
func ran() map[string]int {
	return map[string]int{
		"sample/README.md The commands":       1, // TestSampleReadme
		"sample/README.md What one sees":      1,
		"ingress/README.md What one sees":     2, // TestIngressPlain, TestIngressBearer
		"nginx/README.md Before":              1, // TestNginx, TestCompose
		"nginx/README.md As processes":        3, // TestNginx
		"nginx/README.md What one sees":       2, // TestNginxReadme
		"backends/README.md The commands":     3, // TestBackends
		"backends/README.md What one sees":    2,
		"assertion/README.md The commands":    4, // TestAssertion
		"assertion/README.md What one sees":   1,
		"scripts/README.md Before":            1, // TestScripts
		"scripts/README.md As an application": 1,
		"scripts/README.md As a person":       1, // TestScriptsOfPersons
		"scripts/README.md In bash":           1, // TestSession
		"scripts/README.md In Python":         1,
		"scripts/README.md In Go":             1,
		"app-registration/README.md With az":  2, // TestRegisterWithAz, TestRegisterForWorkloadIdentity
	}
}

// folders are those below examples.
func folders(t *testing.T) []string {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(root, "examples"))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		if e.IsDir() {
			names = append(names, e.Name())
		}
	}
	return names
}

// Every block of commands in a README is run by a test, or is known not to be.
func TestEveryCommandIsRunOrKnown(t *testing.T) {
	t.Parallel()
	seen := map[string]int{}
	for _, folder := range folders(t) {
		name := folder + "/README.md"
		for _, b := range blocks(t, name) {
			switch b.language {
			case "sh":
				seen[name+" "+b.heading]++
				if out, err := check(t, "-n", b.text); err != nil {
					t.Errorf("%s, %s: %v: %s", name, b.heading, err, out)
				}
			case "text":
			default:
				t.Errorf("%s, %s: a block of %q", name, b.heading, b.language)
			}
		}
	}
	for place, n := range seen {
		if known := elsewhere()[place] + ran()[place]; n != known {
			t.Errorf("%s has %d blocks of commands, and tests know %d", place, n, known)
		}
	}
	for _, known := range []map[string]int{elsewhere(), ran()} {
		for place := range known {
			if seen[place] == 0 {
				t.Errorf("%s has no commands", place)
			}
		}
	}
}

func check(t *testing.T, option, script string) ([]byte, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "bash", option)
	cmd.Stdin = strings.NewReader(script)
	return cmd.CombinedOutput()
}

// Every folder has a README with the four parts, stands in the table of all, and its files are named in it.
func TestReadmes(t *testing.T) {
	t.Parallel()
	index := read(t, "README.md")
	for _, folder := range folders(t) {
		text := read(t, folder+"/README.md")
		if strings.Count(index, "| ["+folder+"]("+folder+"/README.md) |") != 1 {
			t.Errorf("examples/README.md does not list %s", folder)
		}
		if !strings.Contains(text, "\n## What to change\n") || !strings.Contains(text, "```sh\n") {
			t.Errorf("%s/README.md lacks commands, or what to change", folder)
		}
		err := fs.WalkDir(os.DirFS(filepath.Join(root, "examples", folder)), ".", func(name string, entry fs.DirEntry, err error) error {
			quiet := []string{"README.md", "Dockerfile", "package.json", "package-lock.json", "aspnet.csproj", ".gitignore"}
			if err != nil || entry.IsDir() || slices.Contains(quiet, entry.Name()) || strings.HasSuffix(name, "_test.go") || folder == "sample" {
				return err
			}
			if !strings.Contains(text, name) {
				t.Errorf("%s/README.md does not name %s", folder, name)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}
}

// Shell scripts can be read by bash, stop at errors, and can be started. ShellCheck finds nothing in them.
func TestShellScripts(t *testing.T) {
	t.Parallel()
	found := 0
	tree := os.DirFS(filepath.Join(root, "examples"))
	err := fs.WalkDir(tree, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(name) != ".sh" {
			return err
		}
		found++
		text, err := fs.ReadFile(tree, name)
		if err != nil {
			return err
		}
		if out, err := check(t, "-n", string(text)); err != nil {
			t.Errorf("%s: %v: %s", name, err, out)
		}
		file := filepath.Join(root, "examples", filepath.FromSlash(name))
		if out, err := exec.CommandContext(t.Context(), "shellcheck", file).CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		if !strings.HasPrefix(string(text), "#!/usr/bin/env bash\n") || !strings.Contains(string(text), "\nset -euo pipefail\n") || info.Mode().Perm()&0o111 == 0 {
			t.Errorf("%s does not begin as a program of bash that stops at errors", name)
		}
		return nil
	})
	if err != nil || found < 2 {
		t.Errorf("%d scripts: %v", found, err)
	}
}

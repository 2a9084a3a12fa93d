package main

import (
	"bytes"
	"context"
	"debug/buildinfo"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// module is one that a binary was built from.
type module struct {
	Path, Version string
	Sum           string // h1:…, as in go.sum; empty for the standard library
	Licences      []licence
}

// licence is one text that has to travel along.
type licence struct {
	IDs  []string // of the SPDX list; none for a notice or a patent grant, which go with a licence
	Name string   // of the file, as seen from the module's root
	Text string
}

// linked returns the modules of a binary with their licences, sorted by path: the standard library as std, and not
// EasyAuth itself. The packages are looked up in the sources of the working directory, for the system that the
// binary is for.
func linked(ctx context.Context, binary string) ([]module, error) {
	info, err := buildinfo.ReadFile(binary)
	if err != nil {
		return nil, err
	}
	system := map[string]string{}
	for _, s := range info.Settings {
		system[s.Key] = s.Value
	}
	modules := []module{{Path: "std", Version: strings.TrimPrefix(info.GoVersion, "go")}}
	for _, dep := range info.Deps {
		if dep.Replace != nil {
			return nil, fmt.Errorf("module %s is replaced", dep.Path)
		}
		modules = append(modules, module{Path: dep.Path, Version: dep.Version, Sum: dep.Sum})
	}
	found, err := listed(ctx, "GOOS="+system["GOOS"], "GOARCH="+system["GOARCH"], "CGO_ENABLED="+system["CGO_ENABLED"])
	if err != nil {
		return nil, err
	}
	for i := range modules {
		m := &modules[i]
		in := found[m.Path]
		if in.root == "" || m.Path != "std" && in.version != m.Version {
			return nil, fmt.Errorf("%s was not built from the sources here: it has %s %s, these have %q", binary, m.Path, m.Version, in.version)
		}
		if m.Licences, err = readLicences(in.root, in.folders); err != nil {
			return nil, fmt.Errorf("licences of %s %s: %w", m.Path, m.Version, err)
		}
	}
	slices.SortFunc(modules, func(a, b module) int { return strings.Compare(a.Path, b.Path) })
	return modules, nil
}

// program is the package that is released, as seen from the repository's root.
const program = "./cmd/easyauth"

// source is where a module's linked packages are.
type source struct {
	root, version string
	folders       []string
}

// listed are the modules of the packages that the program here is made of.
func listed(ctx context.Context, environ ...string) (map[string]source, error) {
	cmd := exec.CommandContext(ctx, "go", "list", "-race=false", "-deps", "-json=Dir,Standard,Root,Module", program)
	cmd.Env = append(os.Environ(), environ...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	output, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("list packages of %s: %w: %s", program, err, stderr.Bytes())
	}
	found := map[string]source{}
	for decoder := json.NewDecoder(bytes.NewReader(output)); ; {
		var p struct {
			Dir, Root string
			Standard  bool
			Module    *struct{ Path, Version, Dir string }
		}
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return found, nil
		} else if err != nil {
			return nil, fmt.Errorf("list packages of %s: %w", program, err)
		}
		name, s := "std", source{root: p.Root}
		if !p.Standard {
			name, s = p.Module.Path, source{root: p.Module.Dir, version: p.Module.Version}
		}
		if old, ok := found[name]; ok {
			s = old
		}
		if !p.Standard { // Go's own licence is for all of it; those below are of what is not linked in
			s.folders = append(s.folders, p.Dir)
		}
		found[name] = s
	}
}

// readLicences reads the licences in the folders of a module's linked packages and in those above them. A module without
// any is an error, and so is a licence that we do not know: somebody has to read it.
func readLicences(root string, folders []string) ([]licence, error) {
	seen := map[string]bool{}
	for _, folder := range append(folders, root) {
		for ; !seen[folder] && (folder == root || strings.HasPrefix(folder, root+string(filepath.Separator))); folder = filepath.Dir(folder) {
			seen[folder] = true
		}
	}
	file := regexp.MustCompile(`(?i)^(un)?(licen[cs]e|copying|copyright|notice|patents)([._-].*)?$`)
	var all []licence
	for folder := range seen {
		entries, err := os.ReadDir(folder)
		if err != nil {
			return nil, err
		}
		for _, entry := range entries {
			if !entry.Type().IsRegular() || !file.MatchString(entry.Name()) || filepath.Ext(entry.Name()) == ".go" {
				continue
			}
			l, err := readLicence(root, filepath.Join(folder, entry.Name()))
			if err != nil {
				return nil, err
			}
			all = append(all, l)
		}
	}
	if !slices.ContainsFunc(all, func(l licence) bool { return len(l.IDs) > 0 }) {
		return nil, errors.New("there is none")
	}
	slices.SortFunc(all, func(a, b licence) int { return strings.Compare(a.Name, b.Name) })
	return all, nil
}

func readLicence(root, file string) (licence, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return licence{}, err
	}
	name, err := filepath.Rel(root, file)
	if err != nil {
		return licence{}, err
	}
	l := licence{Name: filepath.ToSlash(name), Text: string(text)}
	switch base := strings.ToLower(filepath.Base(file)); {
	case strings.HasPrefix(base, "notice"), strings.HasPrefix(base, "patents"), strings.HasPrefix(base, "copyright"):
		return l, nil
	}
	if l.IDs = spdx(l.Text); len(l.IDs) == 0 {
		return licence{}, fmt.Errorf("%s is no licence that is known here", l.Name)
	}
	return l, nil
}

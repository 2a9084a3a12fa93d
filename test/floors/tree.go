package floors

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strings"
)

// tree is what go list found.
type tree struct {
	module   string
	own      []pkg           // the module's packages
	standard map[string]bool // import paths of the standard library's packages in the build
	build    []string        // every import path in the build, tests included
}

// pkg is a package of the module.
type pkg struct {
	path        string // below the module; "." for its root
	name        string
	dir         string
	imports     []string // import paths of its files
	testImports []string // and of its tests
}

// load asks go list for the module that dir lies in, with all it imports and all that its tests import.
func load(ctx context.Context, dir string) (tree, error) {
	cmd := exec.CommandContext(ctx, "go", "list", "-deps", "-test",
		"-json=ImportPath,Name,Dir,ForTest,Standard,Imports,TestImports,XTestImports,Module", "./...")
	cmd.Dir = dir
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return tree{}, fmt.Errorf("list packages: %w: %s", err, stderr.Bytes())
	}
	return parse(out)
}

// parse reads go list's JSON.
func parse(out []byte) (tree, error) {
	t := tree{standard: map[string]bool{}}
	for in := json.NewDecoder(bytes.NewReader(out)); ; {
		var p struct {
			ImportPath, Name, Dir, ForTest     string
			Standard                           bool
			Imports, TestImports, XTestImports []string
			Module                             *struct {
				Path string
				Main bool
			}
		}
		err := in.Decode(&p)
		if errors.Is(err, io.EOF) {
			return t, nil
		}
		if err != nil {
			return tree{}, fmt.Errorf("read go list's answer: %w", err)
		}
		path, _, variant := strings.Cut(p.ImportPath, " ") // "a/b [a/b.test]"
		t.build = append(t.build, path)
		switch {
		case p.Standard:
			t.standard[path] = true
		case p.Module != nil && p.Module.Main && !variant && !strings.HasSuffix(path, ".test"):
			t.module = p.Module.Path
			t.own = append(t.own, pkg{
				path: below(path, t.module), name: p.Name, dir: p.Dir,
				imports: p.Imports, testImports: slices.Concat(p.TestImports, p.XTestImports),
			})
		}
	}
}

// below cuts the module's path from an import path; "" if the package is another module's.
func below(importPath, module string) string {
	if importPath == module {
		return "."
	}
	if rest, ok := strings.CutPrefix(importPath, module+"/"); ok {
		return rest
	}
	return ""
}

// production reports whether a package is part of the server, and not a test, an example or a tool.
func production(path string) bool {
	top, _, _ := strings.Cut(path, "/")
	return top == "authserver" || top == "ingress" || top == "client" || top == "cmd"
}

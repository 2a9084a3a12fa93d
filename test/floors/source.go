package floors

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// source is one package's parsed files. Its types are resolved within the package; what it imports is
// known by name only, which is enough to tell `log.Fatal` from a local variable called log.
type source struct {
	path  string // below the module
	files *token.FileSet
	code  []*ast.File // without tests
	tests []*ast.File // of the package itself; those of a package x_test are not here
	info  *types.Info
}

// readSource parses every Go file of a folder, also those that other systems would build.
func readSource(path, dir string) (*source, error) {
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return nil, err
	}
	texts := map[string]string{}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		texts[filepath.Join(path, filepath.Base(name))] = string(text)
	}
	return parseSource(path, texts)
}

// parseSource parses files given as name and text.
func parseSource(path string, texts map[string]string) (*source, error) {
	s := &source{path: path, files: token.NewFileSet(), info: &types.Info{
		Defs:       map[*ast.Ident]types.Object{},
		Uses:       map[*ast.Ident]types.Object{},
		Types:      map[ast.Expr]types.TypeAndValue{},
		Selections: map[*ast.SelectorExpr]*types.Selection{},
	}}
	for name, text := range texts {
		file, err := parser.ParseFile(s.files, name, text, parser.ParseComments)
		if err != nil {
			return nil, err
		}
		switch {
		case !strings.HasSuffix(name, "_test.go"):
			s.code = append(s.code, file)
		case !strings.HasSuffix(file.Name.Name, "_test"):
			s.tests = append(s.tests, file)
		}
	}
	checker := types.Config{
		Importer: unknownPackages{},
		Error:    func(error) {}, // what comes from unknown packages has no type, and need not have one
	}
	_, _ = checker.Check(path, s.files, slices.Concat(s.code, s.tests), s.info)
	return s, nil
}

// unknownPackages imports nothing.
type unknownPackages struct{}

func (unknownPackages) Import(string) (*types.Package, error) {
	return nil, errors.New("not loaded on purpose")
}

// at writes a complaint with its place.
func (s *source) at(node ast.Node, format string, args ...any) string {
	where := s.files.Position(node.Pos())
	return fmt.Sprintf("%s:%d: %s", filepath.ToSlash(where.Filename), where.Line, fmt.Sprintf(format, args...))
}

// foreign returns the import path and the name behind a selector such as log.Fatal; ok is false when its
// left side is no package.
func (s *source) foreign(expr ast.Expr) (path, name string, ok bool) {
	selector, isSelector := expr.(*ast.SelectorExpr)
	if !isSelector {
		return "", "", false
	}
	ident, isIdent := selector.X.(*ast.Ident)
	if !isIdent {
		return "", "", false
	}
	imported, isPackage := s.info.Uses[ident].(*types.PkgName)
	if !isPackage {
		return "", "", false
	}
	return imported.Imported().Path(), selector.Sel.Name, true
}

// noInit refuses init functions: what a package needs is handed to it.
func noInit(s *source) []string {
	var complaints []string
	for _, file := range s.code {
		for _, decl := range file.Decls {
			if f, ok := decl.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == "init" {
				complaints = append(complaints, s.at(f, "an init function"))
			}
		}
	}
	return complaints
}

// noExit refuses to end the process below cmd: errors are returned.
func noExit(s *source) []string {
	if strings.HasPrefix(s.path, "cmd/") {
		return nil
	}
	var complaints []string
	for _, file := range s.code {
		ast.Inspect(file, func(node ast.Node) bool {
			expr, ok := node.(ast.Expr)
			if !ok {
				return true
			}
			path, name, ok := s.foreign(expr)
			if ok && ends(path, name) {
				complaints = append(complaints, s.at(node, "%s.%s ends the process; return an error", path, name))
			}
			return true
		})
	}
	return complaints
}

func ends(path, name string) bool {
	switch path {
	case "log":
		return strings.HasPrefix(name, "Fatal") || strings.HasPrefix(name, "Panic")
	case "os", "syscall":
		return name == "Exit"
	case "runtime":
		return name == "Goexit"
	}
	return false
}

// mainStaysShort wants a main that only calls what tests can call too.
func mainStaysShort(s *source) []string {
	const most = 40
	var complaints []string
	for _, file := range s.code {
		for _, decl := range file.Decls {
			f, ok := decl.(*ast.FuncDecl)
			if !ok || f.Recv != nil || f.Name.Name != "main" || file.Name.Name != "main" {
				continue
			}
			if lines := s.files.Position(f.End()).Line - s.files.Position(f.Pos()).Line + 1; lines > most {
				complaints = append(complaints, s.at(f, "main has %d lines, at most %d", lines, most))
			}
		}
	}
	return complaints
}

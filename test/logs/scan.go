package logs

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Line is one kind of line that a program logs: its message, in which … stands for
// what is not fixed, and the keys that its call names.
type Line struct {
	Message string
	Level   string // "" where it is not fixed
	Keys    []string
	At      string // file and line
}

// Scan finds the calls of loggers in the program's Go files below a folder, without its
// tests. A call whose message is a variable is left out.
func Scan(root string) ([]Line, error) {
	var lines []Line
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		files := token.NewFileSet()
		file, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			if l, ok := lineOf(call); ok {
				l.At = files.Position(call.Pos()).String()
				lines = append(lines, l)
			}
			return true
		})
		return nil
	})
	return lines, err
}

// lineOf reads a call if it is one of a logger.
func lineOf(call *ast.CallExpr) (Line, bool) {
	method, ok := call.Fun.(*ast.SelectorExpr)
	if !ok || !isLogger(method.X) {
		return Line{}, false
	}
	args := call.Args
	switch method.Sel.Name {
	case "Debug", "Info", "Warn", "Error":
	case "DebugContext", "InfoContext", "WarnContext", "ErrorContext":
		args = args[1:]
	case "LogAttrs", "Log":
		args = args[2:]
	default:
		return Line{}, false
	}
	message, fixed := text(args[0])
	if !fixed {
		return Line{}, false
	}
	l := Line{Message: message}
	if !strings.HasPrefix(method.Sel.Name, "Log") {
		l.Level = strings.ToUpper(strings.TrimSuffix(method.Sel.Name, "Context"))
	}
	for i := 1; i < len(args); i++ {
		switch key := args[i].(type) {
		case *ast.BasicLit: // a key and, after it, its value
			name, _ := strconv.Unquote(key.Value)
			l.Keys = append(l.Keys, name)
			i++
		case *ast.CallExpr: // slog.String("key", …)
			if of, ok := key.Fun.(*ast.SelectorExpr); ok && isNamed(of.X, "slog") && len(key.Args) > 0 {
				name, _ := text(key.Args[0])
				l.Keys = append(l.Keys, name)
			}
		}
	}
	slices.Sort(l.Keys)
	return l, true
}

// isLogger goes by the name: log, cfg.Log, s.logger.
func isLogger(x ast.Expr) bool {
	switch x := x.(type) {
	case *ast.Ident:
		return strings.EqualFold(x.Name, "log") || strings.EqualFold(x.Name, "logger")
	case *ast.SelectorExpr:
		return isLogger(x.Sel)
	}
	return false
}

func isNamed(x ast.Expr, name string) bool {
	id, ok := x.(*ast.Ident)
	return ok && id.Name == name
}

// text reads a text of constants and, as …, of what is put between them; fixed is false
// where nothing of it is constant.
func text(x ast.Expr) (s string, fixed bool) {
	switch x := x.(type) {
	case *ast.BasicLit:
		s, err := strconv.Unquote(x.Value)
		return s, err == nil
	case *ast.BinaryExpr:
		left, one := text(x.X)
		right, other := text(x.Y)
		return left + right, one || other
	}
	return "…", false
}

// Constants returns the texts of a file's constants whose names begin with a prefix.
func Constants(file, prefix string) ([]string, error) {
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	var values []string
	ast.Inspect(parsed, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		for i, name := range spec.Names {
			if i < len(spec.Values) && strings.HasPrefix(name.Name, prefix) {
				if value, fixed := text(spec.Values[i]); fixed {
					values = append(values, value)
				}
			}
		}
		return false
	})
	return values, nil
}

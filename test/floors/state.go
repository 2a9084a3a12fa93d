package floors

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"
)

// noPackageState wants every package-level variable to be one that nobody changes:
//
//   - it begins as something that does not change by itself: a table or other literal, an error, a compiled
//     expression or template, an embedded file, a value of the standard library; no pointer, lock, channel;
//   - the package and its tests never assign to it or into it, take its address, or call a method that could
//     change it;
//   - only errors and embedded files are exported, so that no other package can reach into a table.
//
// Assigning to another package's variable is refused too. excepted holds variables that need none of this,
// by package and name; one that is not there is a complaint. What the law does not see: a table that is
// copied to a local name, or handed to a function, and changed there.
func noPackageState(s *source, excepted map[string]string) []string {
	var complaints []string
	kept := map[types.Object]bool{}
	declared := map[string]bool{}
	for _, v := range s.variables() {
		for i, name := range v.spec.Names {
			key := s.path + "." + name.Name
			declared[key] = true
			if excepted[key] != "" {
				continue
			}
			kept[s.info.Defs[name]] = true
			if name.Name != "_" && !v.embedded { // _ asserts that a type has its methods
				complaints = append(complaints, s.judge(v.spec, i)...)
			}
		}
	}
	for _, file := range slices.Concat(s.code, s.tests) {
		complaints = append(complaints, s.writes(file, kept)...)
	}
	for key := range excepted {
		if name, ok := strings.CutPrefix(key, s.path+"."); ok && !declared[key] {
			complaints = append(complaints, "exceptions names "+name+", which "+s.path+" does not have")
		}
	}
	slices.Sort(complaints)
	return complaints
}

// variables is the var line of one or several package-level variables.
type variables struct {
	spec     *ast.ValueSpec
	embedded bool // a //go:embed line stands above
}

func (s *source) variables() []variables {
	var found []variables
	for _, file := range s.code {
		for _, decl := range file.Decls {
			group, ok := decl.(*ast.GenDecl)
			if !ok || group.Tok != token.VAR {
				continue
			}
			for _, spec := range group.Specs {
				if v, ok := spec.(*ast.ValueSpec); ok {
					found = append(found, variables{v, embeds(v.Doc) || embeds(group.Doc)})
				}
			}
		}
	}
	return found
}

func embeds(doc *ast.CommentGroup) bool {
	return doc != nil && slices.ContainsFunc(doc.List, func(c *ast.Comment) bool { return strings.HasPrefix(c.Text, "//go:embed ") })
}

// judge looks at how the i-th variable of a line begins.
func (s *source) judge(v *ast.ValueSpec, i int) []string {
	name := v.Names[i]
	if len(v.Values) != len(v.Names) {
		return []string{s.at(name, "%s begins empty, so something must change it later", name.Name)}
	}
	if s.isError(v.Type, v.Values[i]) {
		return nil
	}
	var complaints []string
	if !s.fixed(v.Values[i]) {
		complaints = append(complaints, s.at(name, "%s does not begin as an error, a table or another thing that nobody changes", name.Name))
	}
	if name.IsExported() {
		complaints = append(complaints, s.at(name, "%s is exported, so any package could change it", name.Name))
	}
	return complaints
}

// isError reports whether a variable is declared as an error, has a type of this package that is one, or is
// made by errors.New or fmt.Errorf.
func (s *source) isError(declared, value ast.Expr) bool {
	if ident, ok := declared.(*ast.Ident); ok && ident.Name == "error" {
		return true
	}
	if call, ok := value.(*ast.CallExpr); ok {
		path, name, _ := s.foreign(call.Fun)
		return path == "errors" && name == "New" || path == "fmt" && name == "Errorf"
	}
	held := s.info.Types[value].Type
	anError, ok := types.Universe.Lookup("error").Type().Underlying().(*types.Interface)
	return ok && held != nil && types.Implements(held, anError)
}

// makers lists functions whose results do not change, by import path and name.
func makers() []string {
	return []string{
		"errors.New", "fmt.Errorf", "regexp.MustCompile", "strings.NewReplacer",
		"html/template.Must", "text/template.Must",
		"net/netip.MustParseAddr", "net/netip.MustParsePrefix",
		"crypto/sha256.Sum256", "encoding/base64.NewEncoding", "time.Date",
	}
}

// fixed reports whether a value does not change by itself.
func (s *source) fixed(value ast.Expr) bool {
	switch e := value.(type) {
	case *ast.BasicLit, *ast.FuncLit, *ast.Ident, *ast.SelectorExpr:
		return true
	case *ast.ParenExpr:
		return s.fixed(e.X)
	case *ast.UnaryExpr:
		return e.Op != token.AND && e.Op != token.ARROW && s.fixed(e.X)
	case *ast.BinaryExpr:
		return s.fixed(e.X) && s.fixed(e.Y)
	case *ast.KeyValueExpr:
		return s.fixed(e.Value)
	case *ast.IndexExpr:
		return s.fixed(e.X)
	case *ast.CompositeLit:
		if path, _, ok := s.foreign(e.Type); ok && (path == "sync" || path == "sync/atomic") {
			return false
		}
		return !slices.ContainsFunc(e.Elts, func(elt ast.Expr) bool { return !s.fixed(elt) })
	case *ast.CallExpr:
		return s.fixedCall(e)
	}
	return false
}

// fixedCall knows conversions, the makers, and a stricter copy of a standard encoding.
func (s *source) fixedCall(call *ast.CallExpr) bool {
	if s.info.Types[call.Fun].IsType() {
		return len(call.Args) == 1 && s.fixed(call.Args[0])
	}
	if path, name, ok := s.foreign(call.Fun); ok {
		return slices.Contains(makers(), path+"."+name)
	}
	if method, ok := call.Fun.(*ast.SelectorExpr); ok && (method.Sel.Name == "Strict" || method.Sel.Name == "WithPadding") {
		path, _, ok := s.foreign(method.X)
		return ok && (path == "encoding/base64" || path == "encoding/base32")
	}
	return false
}

// writes finds what changes one of the kept variables, or a variable of another package.
func (s *source) writes(file *ast.File, kept map[types.Object]bool) []string {
	var complaints []string
	check := func(target ast.Expr, verb string) {
		if name := s.owner(target, kept); name != "" {
			complaints = append(complaints, s.at(target, "%s %s, a package-level variable", verb, name))
		}
	}
	ast.Inspect(file, func(node ast.Node) bool {
		switch n := node.(type) {
		case *ast.AssignStmt:
			if n.Tok != token.DEFINE {
				for _, target := range n.Lhs {
					check(target, "changes")
				}
			}
		case *ast.IncDecStmt:
			check(n.X, "changes")
		case *ast.RangeStmt:
			if n.Tok == token.ASSIGN {
				check(n.Key, "changes")
				check(n.Value, "changes")
			}
		case *ast.UnaryExpr:
			if n.Op == token.AND {
				if _, literal := n.X.(*ast.CompositeLit); !literal {
					check(n.X, "takes the address of")
				}
			}
		case *ast.CallExpr:
			s.writingCall(n, check)
		}
		return true
	})
	return complaints
}

// writingCall looks at calls that change their first argument, and at methods with a pointer receiver that
// are called on a variable.
func (s *source) writingCall(call *ast.CallExpr, check func(ast.Expr, string)) {
	if ident, ok := call.Fun.(*ast.Ident); ok && len(call.Args) > 0 {
		verb := map[string]string{"delete": "deletes from", "clear": "clears", "copy": "copies into"}[ident.Name]
		if _, builtin := s.info.Uses[ident].(*types.Builtin); builtin && verb != "" {
			check(call.Args[0], verb)
		}
	}
	if path, name, ok := s.foreign(call.Fun); ok && len(call.Args) > 0 {
		if path == "sort" || path == "slices" && (strings.HasPrefix(name, "Sort") || name == "Reverse") {
			check(call.Args[0], "sorts")
		}
	}
	method, ok := call.Fun.(*ast.SelectorExpr)
	if !ok || s.info.Selections[method] == nil {
		return
	}
	signature, ok := s.info.Selections[method].Obj().Type().(*types.Signature)
	if !ok || signature.Recv() == nil {
		return
	}
	_, wantsPointer := signature.Recv().Type().(*types.Pointer)
	if held := s.info.Types[method.X].Type; wantsPointer && held != nil {
		if _, isPointer := held.(*types.Pointer); !isPointer {
			check(method.X, "calls a method that may change")
		}
	}
}

// owner finds the package-level variable that a target lies in: kept itself, kept[i], kept.field, or
// another package's. It returns "" when there is none.
func (s *source) owner(target ast.Expr, kept map[types.Object]bool) string {
	for {
		switch e := target.(type) {
		case *ast.ParenExpr:
			target = e.X
		case *ast.StarExpr:
			target = e.X
		case *ast.IndexExpr:
			target = e.X
		case *ast.SliceExpr:
			target = e.X
		case *ast.TypeAssertExpr:
			target = e.X
		case *ast.SelectorExpr:
			if path, name, ok := s.foreign(e); ok {
				return path + "." + name
			}
			target = e.X
		case *ast.Ident:
			if object := s.info.Uses[e]; object != nil && kept[object] {
				return e.Name
			}
			return ""
		default:
			return ""
		}
	}
}

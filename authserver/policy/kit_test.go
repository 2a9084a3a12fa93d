package policy

import (
	"errors"
	"os"
	"testing"
	_ "time/tzdata" // the zones of the table

	"github.com/easyauth-sidecar/easyauth/authserver/access"
)

// fakeCompiler knows four expressions.
type fakeCompiler struct{}

type fakeProgram string

func (fakeCompiler) Compile(expr string) (Program, error) {
	switch expr {
	case "yes", "no", "error", "path":
		return fakeProgram(expr), nil
	}
	return nil, errors.New("undeclared reference\nto something")
}

func (p fakeProgram) Eval(in *Input) (bool, error) {
	switch p {
	case "error":
		return true, errors.New("it divides by zero")
	case "path":
		path, ok := in.Path()
		if !ok {
			return true, errors.New("the path is ambiguous")
		}
		return path == "/admin", nil
	}
	return p == "yes", nil
}

func testOptions() Options {
	return Options{
		Expressions: fakeCompiler{},
		Scopes:      func(name string) []string { return []string{name, "api/" + name} },
	}
}

func mustParse(t testing.TB, text string) *Set {
	t.Helper()
	set, err := Parse([]byte(text), testOptions())
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func read(t testing.TB, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func table(t testing.TB, path string, entra bool) *Table {
	t.Helper()
	opts := testOptions()
	opts.Entra = entra
	table, err := ParseTable(read(t, path), opts)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

// ann is somebody whom rules can be asked about.
func ann() *access.Identity { return &access.Identity{Object: "ann"} }

package floors

import (
	"strings"
	"testing"
)

// Each case is a file of package p in authserver/p. The laws must complain of it exactly as said.
func TestSourceLaws(t *testing.T) {
	state := func(s *source) []string { return noPackageState(s, nil) }

	tests := []struct {
		name string
		law  func(*source) []string
		code string
		want string
	}{
		{"init", noInit, `func init() {}`, "p.go:2: an init function"},
		{"a method called init", noInit, `type t struct{}; func (t) init() {}`, ""},
		{"a function called initialize", noInit, `func initialize() {}`, ""},

		{"log.Fatal", noExit, `import "log"; func f() { log.Fatal("x") }`, "log.Fatal ends the process"},
		{"log.Panicf", noExit, `import "log"; func f() { log.Panicf("x") }`, "log.Panicf ends the process"},
		{"log.Fatalf under another name", noExit, `import l "log"; func f() { l.Fatalf("x") }`, "log.Fatalf ends the process"},
		{"log.Fatal handed on", noExit, `import "log"; func f() func(...any) { return log.Fatal }`, "log.Fatal ends the process"},
		{"os.Exit", noExit, `import "os"; func f() { os.Exit(1) }`, "os.Exit ends the process"},
		{"log.Print", noExit, `import "log"; func f() { log.Print("x") }`, ""},
		{"a local log", noExit, `type l struct{}; func (l) Fatal() {}; func f(log l) { log.Fatal() }`, ""},
		{"os.Getenv", noExit, `import "os"; func f() { os.Getenv("x") }`, ""},

		{"a counter", state, `var n int`, "n begins empty"},
		{"a lock", state, `import "sync"; var mu sync.Mutex`, "mu begins empty"},
		{"a lock as a literal", state, `import "sync"; var mu = sync.Mutex{}`, "mu does not begin"},
		{"a pointer", state, `type t struct{}; var p = &t{}`, "p does not begin"},
		{"a pointer in a table", state, `type t struct{}; var p = []*t{&t{}}`, "p does not begin"},
		{"a made map", state, `var m = make(map[string]int)`, "m does not begin"},
		{"a channel", state, `var c = make(chan int)`, "c does not begin"},
		{"a function's result", state, `func load() int { return 1 }; var n = load()`, "n does not begin"},
		{"a library's result", state, `import "example.org/prometheus"; var c = prometheus.NewCounter()`, "c does not begin"},
		{"an exported table", state, `var Table = []string{"a"}`, "Table is exported"},

		{"a table", state, `var table = map[string][]string{"a": {"b"}}; func f() []string { return table["a"] }`, ""},
		{"an array of names", state, `var names = [...]string{"a", "b"}`, ""},
		{"an error", state, `import "errors"; var ErrGone = errors.New("gone")`, ""},
		{"an error with a cause", state, `import "fmt"; var ErrGone = fmt.Errorf("gone: %w", cause); var cause error = nil`, ""},
		{"an error of a type of its own", state, `type e struct{}; func (*e) Error() string { return "" }; var ErrGone = &e{}`, ""},
		{"a declared error", state, `import "example.org/x"; var ErrGone error = &x.Error{}`, ""},
		{"an expression", state, `import "regexp"; var word = regexp.MustCompile("a")`, ""},
		{"a template", state, `import "html/template"; var page = template.Must(template.New("a").Parse("b"))`, ""},
		{"an encoding", state, `import "encoding/base64"; var strict = base64.RawURLEncoding.Strict()`, ""},
		{"a conversion", state, `var prefix = []byte("a")`, ""},
		{"an assertion", state, `type i interface{}; type t struct{}; var _ i = (*t)(nil)`, ""},
		{"an embedded file", state, "import _ \"embed\"\n//go:embed a.css\nvar style string", ""},
		{"a file that is not embedded", state, "// style is a file.\nvar style string", "style begins empty"},
		{"a clock that nobody sets", state, `import "time"; var now = time.Now`, ""},

		{"assigned", state, `var a = 1; func f() { a = 2 }`, "changes a"},
		{"counted", state, `var a = 1; func f() { a++ }`, "changes a"},
		{"added to", state, `var a = 1; func f() { a += 2 }`, "changes a"},
		{"an entry", state, `var m = map[string]int{}; func f() { m["a"] = 1 }`, "changes m"},
		{"a field", state, `var v = struct{ n int }{}; func f() { v.n = 1 }`, "changes v"},
		{"a field of an error", state, `type e struct{ n int }; func (*e) Error() string { return "" }; var err = &e{}; func f() { (*err).n = 1 }`, "changes err"},
		{"a slice's element", state, `var l = []int{1}; func f() { l[:1][0] = 2 }`, "changes l"},
		{"a range", state, `var a = 1; func f() { for a = range 3 {} }`, "changes a"},
		{"an address", state, `var a = 1; func f() *int { return &a }`, "takes the address of a"},
		{"deleted from", state, `var m = map[string]int{}; func f() { delete(m, "a") }`, "deletes from m"},
		{"cleared", state, `var m = map[string]int{}; func f() { clear(m) }`, "clears m"},
		{"copied into", state, `var l = []int{1}; func f() { copy(l, l) }`, "copies into l"},
		{"sorted", state, `import "slices"; var l = []int{1}; func f() { slices.Sort(l) }`, "sorts l"},
		{"a method that may change it", state, `type t struct{ n int }; func (v *t) add() { v.n++ }; var a = t{}; func f() { a.add() }`, "calls a method that may change a"},
		{"a method that cannot", state, `type t struct{ n int }; func (v t) get() int { return v.n }; var a = t{}; func f() { a.get() }`, ""},
		{"a local of the same name", state, `var a = 1; func f() { a := a; a = 2; _ = a }`, ""},
		{"a parameter of the same name", state, `var a = 1; func f(a *int) { *a = 2 }`, ""},
		{"another package's variable", state, `import "net/http"; func f() { http.DefaultClient = nil }`, "changes net/http.DefaultClient"},
		{"in another package's variable", state, `import "net/http"; func f() { http.DefaultClient.Timeout = 1 }`, "changes net/http.DefaultClient"},
		{"another package's value", state, `import "net/http"; func f() { c := http.Client{}; c.Timeout = 1 }`, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, err := parseSource("authserver/p", map[string]string{"p.go": "package p\n" + tt.code})
			if err != nil {
				t.Fatal(err)
			}
			wantOne(t, tt.law(s), tt.want)
		})
	}
}

func TestTestsKeepNoStateEither(t *testing.T) {
	code := "package p\nvar a = 1\n"
	tests := []struct {
		name, file, text, want string
	}{
		{"a test that sets a variable", "p_test.go", "package p\nfunc f() { a = 2 }\n", "p_test.go:2: changes a"},
		{"a test that reads it", "p_test.go", "package p\nfunc f() int { return a }\n", ""},
		{"a test's own variable", "p_test.go", "package p\nvar b int\nfunc f() { b = 2 }\n", ""},
		{"another file of the package", "q.go", "package p\nfunc f() { a = 2 }\n", "q.go:2: changes a"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, err := parseSource("authserver/p", map[string]string{"p.go": code, tt.file: tt.text})
			if err != nil {
				t.Fatal(err)
			}
			wantOne(t, noPackageState(s, nil), tt.want)
		})
	}
}

func TestExceptions(t *testing.T) {
	excepted := map[string]string{"authserver/p.known": "a reason", "authserver/q.other": "a reason"}
	tests := []struct {
		name, code, want string
	}{
		{"a lock that is known", `import "sync"; var known sync.Mutex; func f() { known.Lock() }`, ""},
		{"a lock beside it", `import "sync"; var known, other sync.Mutex`, "other begins empty"},
		{"a reason for what is gone", ``, "exceptions names known"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, err := parseSource("authserver/p", map[string]string{"p.go": "package p\n" + tt.code})
			if err != nil {
				t.Fatal(err)
			}
			wantOne(t, noPackageState(s, excepted), tt.want)
		})
	}
}

func TestCommandsMayExit(t *testing.T) {
	const code = "package main\nimport \"os\"\nfunc main() { os.Exit(1) }\n"
	for path, want := range map[string]string{"cmd/easyauth": "", "authserver/p": "os.Exit ends the process", "cmdline": "os.Exit ends the process"} {
		s, err := parseSource(path, map[string]string{"main.go": code})
		if err != nil {
			t.Fatal(err)
		}
		wantOne(t, noExit(s), want)
	}
}

func TestMainStaysShort(t *testing.T) {
	tests := []struct {
		name, start string
		inside      int
		want        string
	}{
		{"forty lines", "package main\nfunc main() {\n", 38, ""},
		{"one more", "package main\nfunc main() {\n", 39, "main has 41 lines"},
		{"another function", "package main\nfunc run() {\n", 39, ""},
		{"a method", "package main\ntype t struct{}\nfunc (t) main() {\n", 39, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, err := parseSource("cmd/easyauth", map[string]string{"main.go": tt.start + strings.Repeat("_ = 1\n", tt.inside) + "}\n"})
			if err != nil {
				t.Fatal(err)
			}
			wantOne(t, mainStaysShort(s), tt.want)
		})
	}
}

func TestSourceThatDoesNotParse(t *testing.T) {
	if _, err := parseSource("authserver/p", map[string]string{"p.go": "package p\nfunc {"}); err == nil {
		t.Error("broken source was accepted")
	}
}

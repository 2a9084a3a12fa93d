package floors

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
)

// fence is one fenced block of code in a document.
type fence struct {
	language string
	line     int // of its first line of code, from 1
	text     string
}

// fences returns the blocks of a document that say their language. The indentation of a block that stands in
// a list is cut.
func fences(markdown string) []fence {
	var found []fence
	var open *fence
	marker, indent, number := "", 0, 0
	for line := range strings.Lines(markdown) {
		number++
		trimmed := strings.TrimLeft(line, " ")
		switch {
		case open != nil && strings.HasPrefix(trimmed, marker):
			found = append(found, *open)
			open = nil
		case open != nil:
			cut := min(indent, len(line)-len(trimmed))
			open.text += line[cut:]
		case strings.HasPrefix(trimmed, "```"), strings.HasPrefix(trimmed, "~~~"):
			marker, indent = trimmed[:3], len(line)-len(trimmed)
			open = &fence{language: strings.TrimSpace(strings.Trim(trimmed, "`~\r\n")), line: number + 1}
		}
	}
	return found
}

// codeHolds wants what people copy out of Markdown files to be whole: shell commands that a shell can read,
// and Go programs (blocks with a package clause) that compile with this module's dependencies. It runs
// nothing. checked counts blocks by document and language.
func codeHolds(ctx context.Context, repository fs.FS, dir, scratch string) (complaints []string, checked map[string]int, err error) {
	checked = map[string]int{}
	err = fs.WalkDir(repository, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && name != "." && (strings.HasPrefix(entry.Name(), ".") || entry.Name() == "testdata"):
			return fs.SkipDir
		case entry.IsDir() || filepath.Ext(name) != ".md":
			return nil
		}
		text, err := fs.ReadFile(repository, name)
		if err != nil {
			return err
		}
		for _, f := range fences(string(text)) {
			var output []byte
			switch {
			case f.language == "sh":
				output, err = readByShell(ctx, f.text)
			case f.language == "go" && strings.Contains("\n"+f.text, "\npackage "):
				output, err = compile(ctx, dir, scratch, f.text)
			default:
				continue
			}
			checked[name+" "+f.language]++
			if err != nil {
				complaints = append(complaints, fmt.Sprintf("%s: the %s block at line %d: %v: %s", name, f.language, f.line, err, output))
			}
		}
		return nil
	})
	return complaints, checked, err
}

func readByShell(ctx context.Context, script string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "sh", "-n")
	cmd.Stdin = strings.NewReader(script)
	return cmd.CombinedOutput()
}

// compile builds a program as if it stood in the module at dir.
func compile(ctx context.Context, dir, scratch, program string) ([]byte, error) {
	file := filepath.Join(scratch, "main.go")
	if err := os.WriteFile(file, []byte(program), 0o600); err != nil {
		return nil, err
	}
	file, err := filepath.Abs(file)
	if err != nil {
		return nil, err
	}
	for _, arguments := range [][]string{{"build", "-o", os.DevNull, file}, {"vet", file}} {
		cmd := exec.CommandContext(ctx, "go", arguments...)
		cmd.Dir = dir
		if output, err := cmd.CombinedOutput(); err != nil {
			return bytes.TrimSpace(output), err
		}
	}
	return nil, nil
}

func TestDocumentedCode(t *testing.T) {
	complaints, checked, err := codeHolds(t.Context(), os.DirFS(root), root, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	report(t, complaints)
	for _, block := range []string{"docs/apis-and-scripts.md sh", "docs/apis-and-scripts.md go", "docs/entra-setup.md sh"} {
		if checked[block] == 0 {
			t.Errorf("no block was checked: %s", block)
		}
	}
}

func TestCode(t *testing.T) {
	const program = "package main\n\nfunc main() {}\n"
	tests := []struct{ name, text, want string }{
		{"a command", "```sh\necho a\n```\n", ""},
		{"a command without its end", "```sh\nif true; then\n```\n", "docs/a.md: the sh block at line 2"},
		{"a quote without its end, further down", "# A\n\n```sh\necho a\n```\n\n```sh\necho \"a\n```\n", "the sh block at line 8"},
		{"a command in a list", "1. Do:\n\n   ```sh\n   cat <<X\n   X\n   ```\n", ""},
		{"a command between tildes", "~~~sh\nfi\n~~~\n", "the sh block at line 2"},
		{"another language", "```yaml\nif true; then\n```\n", ""},
		{"no language", "```\nif true; then\n```\n", ""},
		{"a program", "```go\n" + program + "```\n", ""},
		{"a program with a library of this module", "```go\npackage main\n\nimport _ \"golang.org/x/oauth2\"\n\nfunc main() {}\n```\n", ""},
		{"a program that does not compile", "```go\n" + program + "var a int = \"\"\n```\n", "the go block at line 2"},
		{"a program with a library of nobody", "```go\npackage main\n\nimport _ \"example.com/nobody\"\n\nfunc main() {}\n```\n", "the go block at line 2"},
		{"a program that vet refuses", "```go\npackage main\n\nimport \"fmt\"\n\nfunc main() { fmt.Printf(\"%d\\n\", \"a\") }\n```\n", "the go block at line 2"},
		{"a part of a program", "```go\nvar a int = \"\"\n```\n", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			repository := fstest.MapFS{"docs/a.md": {Data: []byte(tt.text)}, "docs/a.txt": {Data: []byte("```sh\nfi\n```\n")}}
			complaints, _, err := codeHolds(t.Context(), repository, root, t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			wantOne(t, complaints, tt.want)
		})
	}
}

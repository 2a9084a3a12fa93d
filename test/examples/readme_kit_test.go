package examples

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// block is one fenced block of a document.
type block struct {
	heading, language, text string
}

// blocks reads the fenced blocks of a document, whose path is seen from examples. Those in lists are indented.
func blocks(t *testing.T, document string) []block {
	t.Helper()
	var found []block
	heading, open, indent := "", false, 0
	for line := range strings.Lines(read(t, document)) {
		bare := strings.TrimLeft(line, " ")
		if open {
			line = line[min(indent, len(line)-len(bare)):]
		}
		switch {
		case strings.HasPrefix(bare, "```") && !open:
			open, indent = true, len(line)-len(bare)
			found = append(found, block{heading: heading, language: strings.TrimSpace(strings.Trim(bare, "`\n"))})
		case strings.HasPrefix(line, "```"):
			open = false
		case open:
			found[len(found)-1].text += line
		case strings.HasPrefix(line, "#"):
			heading = strings.TrimSpace(strings.TrimLeft(line, "#"))
		}
	}
	return found
}

// commands returns the n-th block of shell commands (from 1) under a heading, with each old replaced by new. A
// replacement that finds nothing is an error: the document has changed.
func commands(t *testing.T, document, heading string, n int, oldnew ...string) string {
	t.Helper()
	for _, b := range blocks(t, document) {
		if b.heading != heading || b.language != "sh" {
			continue
		}
		if n--; n > 0 {
			continue
		}
		return replaced(t, document, b.text, oldnew...)
	}
	t.Fatalf("%s has no such block of commands under %q", document, heading)
	return ""
}

// promised returns the n-th block (from 1) of what one sees under a heading.
func promised(t *testing.T, document, heading string, n int) string {
	t.Helper()
	for _, b := range blocks(t, document) {
		if b.heading == heading && b.language == "text" {
			if n--; n == 0 {
				return b.text
			}
		}
	}
	t.Fatalf("%s says nothing of what one sees under %q", document, heading)
	return ""
}

func replaced(t *testing.T, what, text string, oldnew ...string) string {
	t.Helper()
	for i := 0; i < len(oldnew); i += 2 {
		if !strings.Contains(text, oldnew[i]) {
			t.Fatalf("%s: there is no %q in\n%s", what, oldnew[i], text)
		}
		text = strings.ReplaceAll(text, oldnew[i], oldnew[i+1])
	}
	return text
}

// read returns a file below examples.
func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "examples", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// write makes a file for the test.
func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// copied is a copy of a folder below examples, as deep in a copy of the repository as the folder is.
func copied(t *testing.T, folder string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "examples", folder)
	if err := os.CopyFS(to, os.DirFS(filepath.Join(root, "examples", folder))); err != nil {
		t.Fatal(err)
	}
	return to
}

// repository is the absolute path of this repository.
func repository(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

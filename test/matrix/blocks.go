package matrix

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Block is the code block of a document in the language, the nth from 1: what a reader copies is what runs. Each pair of
// texts, one that must be there and its replacement, puts it into a test's place: ports and names of files.
func Block(t *testing.T, file, language string, n int, pairs ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root(), filepath.FromSlash(file)))
	if err != nil {
		t.Fatal(err)
	}
	blocks := strings.Split(string(text), "\n```"+language+"\n")
	if n >= len(blocks) {
		t.Fatalf("%s has %d blocks of %s", file, len(blocks)-1, language)
	}
	block, _, ended := strings.Cut(blocks[n], "\n```\n")
	if !ended {
		t.Fatalf("%s: block %d of %s has no end", file, n, language)
	}
	return Replaced(t, block+"\n", pairs...)
}

// Replaced replaces every occurrence of the first of each pair, which must occur, by the second.
func Replaced(t *testing.T, text string, pairs ...string) string {
	t.Helper()
	for i := 0; i+1 < len(pairs); i += 2 {
		if !strings.Contains(text, pairs[i]) {
			t.Fatalf("%q is not in\n%s", pairs[i], text)
		}
		text = strings.ReplaceAll(text, pairs[i], pairs[i+1])
	}
	return text
}

// Write writes a file into the proxy's folder and returns its name.
func (at Place) Write(t *testing.T, name, text string) string {
	t.Helper()
	file := filepath.Join(at.Dir, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

// indented is a text with two blanks before each line.
func indented(text string) string {
	return "  " + strings.ReplaceAll(strings.TrimSuffix(text, "\n"), "\n", "\n  ") + "\n"
}

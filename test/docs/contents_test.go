package docs

import (
	"fmt"
	"os"
	"path"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// root is the repository, seen from this package's folder.
const root = "../.."

const contents = "docs/README.md"

// read returns the documents of this repository.
func read(t *testing.T) []document {
	t.Helper()
	found, err := documents(os.DirFS(root))
	if err != nil {
		t.Fatal(err)
	}
	if len(found) < 20 {
		t.Fatalf("%d documents: this test looks at the wrong folder", len(found))
	}
	return found
}

func report(t *testing.T, complaints []string) {
	t.Helper()
	for _, complaint := range complaints {
		t.Error(complaint)
	}
}

// written are the pages that a program writes; each says of itself which.
func written() []string {
	return []string{"docs/performance/results.md", "docs/performance/soak-results.md"}
}

// contentsHold wants every page below docs in the contents exactly once, and every page to begin with a
// heading and a sentence that says what it is for, and to lead back to the contents.
func contentsHold(found []document) []string {
	var complaints []string
	listed := map[string]int{}
	for _, d := range found {
		if d.name != contents {
			continue
		}
		for _, link := range d.links() {
			listed[d.to(link)]++
			if strings.Contains(link, "#") {
				complaints = append(complaints, fmt.Sprintf("%s: %s: the contents lead to whole pages", contents, link))
			}
		}
	}
	for _, d := range found {
		page := strings.HasPrefix(d.name, "docs/") || d.name == "examples/README.md" || strings.HasPrefix(d.name, "charts/")
		if !page || d.name == contents {
			continue
		}
		if n := listed[d.name]; n != 1 {
			complaints = append(complaints, fmt.Sprintf("%s is in the contents %d times", d.name, n))
		}
		if why := opens(d.text); why != "" {
			complaints = append(complaints, d.name+": "+why)
		}
		back := func(link string) bool { return d.to(link) == contents }
		if !slices.ContainsFunc(d.links(), back) && !slices.Contains(written(), d.name) {
			complaints = append(complaints, fmt.Sprintf("%s does not lead back to %s", d.name, contents))
		}
	}
	return complaints
}

// opens says how a page fails to begin with a heading and a sentence.
func opens(text string) string {
	lines := strings.SplitN(text, "\n", 4)
	switch {
	case !strings.HasPrefix(lines[0], "# "):
		return "it does not begin with a heading"
	case len(lines) < 3 || lines[1] != "" || lines[2] == "" || strings.ContainsAny(lines[2][:1], "#|<!-"):
		return "its heading is not followed by a sentence that says what it is for"
	}
	return ""
}

func TestContents(t *testing.T) { report(t, contentsHold(read(t))) }

func TestContentsHold(t *testing.T) {
	const first, back = "# A\n\nA page for tests.\n\n", "[All documents](README.md)\n"
	tests := []struct{ name, contents, page, want string }{
		{"as it should be", "[A](a.md)", first + back, ""},
		{"not in the contents", "", first + back, "docs/a.md is in the contents 0 times"},
		{"twice", "[A](a.md) [B](a.md)", first + back, "docs/a.md is in the contents 2 times"},
		{"in code only", "`[A](a.md)`", first + back, "docs/a.md is in the contents 0 times"},
		{"a part of it", "[A](a.md#b)", first + back, "docs/README.md: a.md#b: the contents lead to whole pages"},
		{"no way back", "[A](a.md)", first, "docs/a.md does not lead back"},
		{"another way", "[A](a.md)", first + "[x](../README.md)", "docs/a.md does not lead back"},
		{"no heading", "[A](a.md)", "A page.\n\n" + back, "it does not begin with a heading"},
		{"no sentence", "[A](a.md)", "# A\n\n## B\n\n" + back, "not followed by a sentence"},
		{"a table at once", "[A](a.md)", "# A\n\n| B |\n\n" + back, "not followed by a sentence"},
		{"nothing else", "[A](a.md)", "# A", "not followed by a sentence"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			found, err := documents(fstest.MapFS{
				contents:         {Data: []byte("# Documents\n\nAll.\n\n" + tt.contents)},
				"docs/a.md":      {Data: []byte(tt.page)},
				"test/README.md": {Data: []byte("elsewhere")},
			})
			if err != nil {
				t.Fatal(err)
			}
			wantSome(t, contentsHold(found), tt.want)
		})
	}
}

// wantSome wants a complaint that contains want, or none at all if that is "".
func wantSome(t *testing.T, complaints []string, want string) {
	t.Helper()
	has := slices.ContainsFunc(complaints, func(c string) bool { return strings.Contains(c, want) })
	if want == "" && len(complaints) > 0 || want != "" && !has {
		t.Errorf("complaints: %q, want %q", complaints, want)
	}
}

// blocksHaveLanguages wants every fenced block to name its language.
func blocksHaveLanguages(found []document) []string {
	var complaints []string
	for _, d := range found {
		for _, b := range d.fence {
			if b.language == "" {
				complaints = append(complaints, fmt.Sprintf("%s:%d: the block does not name its language (text, if it is none)", d.name, b.line))
			}
		}
	}
	return complaints
}

func TestBlocksHaveLanguages(t *testing.T) {
	report(t, blocksHaveLanguages(read(t)))
	tests := []struct{ name, text, want string }{
		{"a language", "```sh\nls\n```\n", ""},
		{"none", "```\nls\n```\n", "docs/a.md:2"},
		{"none, between tildes", "~~~\nls\n~~~\n", "docs/a.md:2"},
		{"none, in a list", "1. Do\n\n   ```\n   ls\n   ```\n", "docs/a.md:4"},
		{"never closed", "# A\n```\nls\n", "docs/a.md:3"},
		{"the end of one", "```sh\nls\n```\n\ntext\n", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			wantSome(t, blocksHaveLanguages([]document{parse(path.Join("docs", "a.md"), tt.text)}), tt.want)
		})
	}
}

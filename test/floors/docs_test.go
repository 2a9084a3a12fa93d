package floors

import (
	"testing"
	"testing/fstest"
)

func TestLinks(t *testing.T) {
	tests := []struct {
		name, text, want string
	}{
		{"a file that is there", "[a](docs/a.md)", ""},
		{"a file that is not", "[a](docs/b.md)", "README.md: docs/b.md: there is no such file"},
		{"a folder", "[docs](docs/)", ""},
		{"a picture that is not there", "![a](docs/a.png \"title\")", "no such file"},
		{"a reference that leads nowhere", "[a]\n\n[a]: docs/b.md\n", "no such file"},
		{"a reference that leads somewhere", "[a]\n\n[a]: docs/a.md\n", ""},
		{"out of the repository", "[a](../a.md)", "no such file"},
		{"from the root", "[a](/docs/a.md)", "begins with a slash"},
		{"another site", "[a](https://example.com/b.md)", ""},
		{"an address", "[a](mailto:a@example.com)", ""},
		{"no URL", "[a](%zz)", "it is no URL"},
		{"a heading of this file", "# Two words, `code`!\n[a](#two-words-code)", ""},
		{"no heading of this file", "# Two words\n[a](#two)", "no such heading"},
		{"a heading of another file", "[a](docs/a.md#the-flow-1)", ""},
		{"no heading of another file", "[a](docs/a.md#the-flow-2)", "no such heading"},
		{"a heading inside code", "```\n# Two\n```\n[a](#two)", "no such heading"},
		{"a line of a source file", "[a](main.go#L3)", ""},
		{"a link inside a fence", "```\n[a](b.md)\n```\n", ""},
		{"a link inside code", "`[a](b.md)`", ""},
		{"a link after a fence", "```\n```\n[a](b.md)", "no such file"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			complaints, err := linksLead(fstest.MapFS{
				"README.md": {Data: []byte(tt.text)},
				"main.go":   {Data: []byte("package main\n")},
				"docs/a.md": {Data: []byte("# The flow\n\n## The flow\n\n[up](../README.md)\n")},
			})
			if err != nil {
				t.Fatal(err)
			}
			wantOne(t, complaints, tt.want)
		})
	}
}

func TestLinksInHiddenFoldersAreNotRead(t *testing.T) {
	complaints, err := linksLead(fstest.MapFS{
		".git/README.md":       {Data: []byte("[a](b.md)")},
		"testdata/a.md":        {Data: []byte("[a](b.md)")},
		"docs/architecture.md": {Data: []byte("[a](b.md)")},
	})
	if err != nil {
		t.Fatal(err)
	}
	wantOne(t, complaints, "docs/architecture.md: b.md")
}

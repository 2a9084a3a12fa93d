package floors

import (
	"testing"
	"testing/fstest"
)

func TestNamedTests(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"one that is there", "`TestA`", ""},
		{"a fuzz target", "`FuzzB`", ""},
		{"one that is not", "`TestB`", "README.md: there is no TestB"},
		{"one in a file that is no test", "`TestC`", "there is no TestC"},
		{"a word that is no test", "`Testing` and TestB", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			complaints, err := testsExist(fstest.MapFS{
				"README.md": {Data: []byte(tt.text)},
				"a_test.go": {Data: []byte("package a\n\nfunc TestA(t *testing.T) {}\n\nfunc FuzzB(f *testing.F) {}\n")},
				"a.go":      {Data: []byte("package a\n\nfunc TestC() {}\n")},
			})
			if err != nil {
				t.Fatal(err)
			}
			wantOne(t, complaints, tt.want)
		})
	}
}

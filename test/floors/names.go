package floors

import (
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strings"
)

// testsExist wants every test or fuzz target that a Markdown file names in code
// (`TestSizes`) to be there: the documents say which test holds what.
func testsExist(repository fs.FS) ([]string, error) {
	declared := map[string]bool{}
	named := map[string][]string{} // document → tests
	declaration, mention := regexp.MustCompile(`(?m)^func ((?:Test|Fuzz|Benchmark)\w+)\(`), regexp.MustCompile("`((?:Test|Fuzz|Benchmark)[A-Z]\\w*)`")
	err := fs.WalkDir(repository, ".", func(name string, entry fs.DirEntry, err error) error {
		isTest, isDocument := strings.HasSuffix(name, "_test.go"), path.Ext(name) == ".md"
		switch {
		case err != nil:
			return err
		case entry.IsDir() && name != "." && (strings.HasPrefix(entry.Name(), ".") || entry.Name() == "testdata"):
			return fs.SkipDir
		case !isTest && !isDocument:
			return nil
		}
		text, err := fs.ReadFile(repository, name)
		if err != nil {
			return err
		}
		if isTest {
			for _, match := range declaration.FindAllStringSubmatch(string(text), -1) {
				declared[match[1]] = true
			}
			return nil
		}
		for _, match := range mention.FindAllStringSubmatch(string(text), -1) {
			named[name] = append(named[name], match[1])
		}
		return nil
	})
	var complaints []string
	for document, tests := range named {
		for _, test := range tests {
			if !declared[test] {
				complaints = append(complaints, fmt.Sprintf("%s: there is no %s", document, test))
			}
		}
	}
	return complaints, err
}

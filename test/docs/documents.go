package docs

import (
	"io/fs"
	"path"
	"regexp"
	"strings"
)

// document is one Markdown file of the repository.
type document struct {
	name  string // its path from the root of the repository
	text  string
	prose string  // without fenced blocks
	spans []span  // inline code, in prose
	fence []block // fenced blocks
}

// span is a piece of inline code, without its marks.
type span struct {
	text string
	line int // from 1
}

// block is a fenced block of code. The indentation of one that stands in a list is cut.
type block struct {
	language string // the first word behind the marks
	text     string
	line     int // of its first line of code, from 1
}

// documents reads every Markdown file but those in hidden folders and in testdata.
func documents(repository fs.FS) ([]document, error) {
	var found []document
	err := fs.WalkDir(repository, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && name != "." && (strings.HasPrefix(entry.Name(), ".") || entry.Name() == "testdata"):
			return fs.SkipDir
		case entry.IsDir() || path.Ext(name) != ".md":
			return nil
		}
		text, err := fs.ReadFile(repository, name)
		if err != nil {
			return err
		}
		found = append(found, parse(name, string(text)))
		return nil
	})
	return found, err
}

// parse finds the code in a document.
func parse(name, text string) document {
	d := document{name: name, text: text}
	code := regexp.MustCompile("``([^\n]+?)``|`([^`\n]+)`")
	var prose strings.Builder
	var open *block
	marker, indent, number := "", 0, 0
	for line := range strings.Lines(text) {
		number++
		trimmed := strings.TrimLeft(line, " ")
		switch {
		case open != nil && strings.HasPrefix(trimmed, marker):
			d.fence = append(d.fence, *open)
			open = nil
		case open != nil:
			open.text += line[min(indent, len(line)-len(trimmed)):]
		case strings.HasPrefix(trimmed, "```"), strings.HasPrefix(trimmed, "~~~"):
			marker, indent = trimmed[:3], len(line)-len(trimmed)
			language, _, _ := strings.Cut(strings.TrimSpace(strings.Trim(trimmed, "`~\r\n")), " ")
			open = &block{language: language, line: number + 1}
		default:
			prose.WriteString(line)
			for _, match := range code.FindAllStringSubmatch(line, -1) {
				d.spans = append(d.spans, span{strings.TrimSpace(match[1] + match[2]), number})
			}
		}
	}
	if open != nil { // one that is never closed goes on to the end
		d.fence = append(d.fence, *open)
	}
	d.prose = prose.String()
	return d
}

// links returns the targets of the links in prose, as they stand.
func (d document) links() []string {
	prose := regexp.MustCompile("`[^`\n]*`").ReplaceAllString(d.prose, "")
	var targets []string
	for _, pattern := range []string{`\]\(<?([^()\s<>]+)>?(?:\s+"[^"]*")?\)`, `(?m)^ {0,3}\[[^\]]+\]:\s+<?([^\s<>]+)`} {
		for _, match := range regexp.MustCompile(pattern).FindAllStringSubmatch(prose, -1) {
			targets = append(targets, match[1])
		}
	}
	return targets
}

// to is the file that a link in the document leads to; "" if it leads out of the repository or stays in the
// document.
func (d document) to(link string) string {
	link, _, _ = strings.Cut(link, "#")
	if link == "" || strings.Contains(link, ":") {
		return ""
	}
	return path.Join(path.Dir(d.name), link)
}

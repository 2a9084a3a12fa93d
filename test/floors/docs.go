package floors

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"path"
	"regexp"
	"strings"
)

// linksLead wants every relative link in a Markdown file to lead to a file or folder of the repository, and
// its fragment to a heading there. Links to other sites are not asked.
func linksLead(repository fs.FS) ([]string, error) {
	var complaints []string
	err := fs.WalkDir(repository, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && name != "." && (strings.HasPrefix(entry.Name(), ".") || entry.Name() == "testdata"):
			return fs.SkipDir
		case path.Ext(name) != ".md":
			return nil
		}
		text, err := fs.ReadFile(repository, name)
		if err != nil {
			return err
		}
		for _, link := range links(string(text)) {
			if why := follow(repository, name, link); why != "" {
				complaints = append(complaints, fmt.Sprintf("%s: %s: %s", name, link, why))
			}
		}
		return nil
	})
	return complaints, err
}

// [text](target), ![text](target "title"), and [name]: target on a line of its own.
func linkPatterns() []*regexp.Regexp {
	return []*regexp.Regexp{
		regexp.MustCompile(`\]\(<?([^()\s<>]+)>?(?:\s+"[^"]*")?\)`),
		regexp.MustCompile(`(?m)^ {0,3}\[[^\]]+\]:\s+<?([^\s<>]+)`),
	}
}

// links returns the targets of a document's links, those in code left out.
func links(markdown string) []string {
	prose := regexp.MustCompile("`[^`\n]*`").ReplaceAllString(withoutFences(markdown), "")
	var targets []string
	for _, pattern := range linkPatterns() {
		for _, match := range pattern.FindAllStringSubmatch(prose, -1) {
			targets = append(targets, match[1])
		}
	}
	return targets
}

// withoutFences drops fenced code blocks.
func withoutFences(markdown string) string {
	var prose strings.Builder
	fence := ""
	for line := range strings.Lines(markdown) {
		trimmed := strings.TrimLeft(line, " ")
		switch {
		case fence != "":
			if strings.HasPrefix(trimmed, fence) {
				fence = ""
			}
		case strings.HasPrefix(trimmed, "```"):
			fence = "```"
		case strings.HasPrefix(trimmed, "~~~"):
			fence = "~~~"
		default:
			prose.WriteString(line)
		}
	}
	return prose.String()
}

// follow says why a link leads nowhere; "" if it leads somewhere, or out of the repository by URL.
func follow(repository fs.FS, from, link string) string {
	u, err := url.Parse(link)
	if err != nil {
		return "it is no URL"
	}
	if u.Scheme != "" || u.Host != "" {
		return ""
	}
	if strings.HasPrefix(u.Path, "/") {
		return "it begins with a slash; write it relative to the document"
	}
	name := from
	if u.Path != "" {
		name = path.Join(path.Dir(from), u.Path)
	}
	if _, err := fs.Stat(repository, name); err != nil {
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrInvalid) {
			return "there is no such file"
		}
		return err.Error()
	}
	if u.Fragment == "" || path.Ext(name) != ".md" {
		return ""
	}
	text, err := fs.ReadFile(repository, name)
	if err != nil {
		return err.Error()
	}
	if !anchors(string(text))[u.Fragment] {
		return "there is no such heading"
	}
	return ""
}

// anchors returns the fragments of a document's headings, made as GitHub makes them: lower case, spaces to
// dashes, punctuation dropped, -1, -2 … for repeated ones.
func anchors(markdown string) map[string]bool {
	found := map[string]bool{}
	count := map[string]int{}
	dropped := regexp.MustCompile(`[^\p{L}\p{N}\p{M} _-]`)
	heading := regexp.MustCompile(`^ {0,3}#{1,6}\s+(.*?)\s*#*\s*$`)
	linkText := regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`)
	for line := range strings.Lines(withoutFences(markdown)) {
		match := heading.FindStringSubmatch(strings.TrimRight(line, "\r\n"))
		if match == nil {
			continue
		}
		slug := dropped.ReplaceAllString(strings.ToLower(linkText.ReplaceAllString(match[1], "$1")), "")
		slug = strings.ReplaceAll(slug, " ", "-")
		if n := count[slug]; n > 0 {
			found[fmt.Sprintf("%s-%d", slug, n)] = true
		} else {
			found[slug] = true
		}
		count[slug]++
	}
	return found
}

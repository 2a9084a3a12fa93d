package access

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"unicode"
)

// addGraph adds graph queries, by their names or as relative URLs.
func (p *Parser) addGraph(req *Requirement, queries []string) error {
	for _, q := range queries {
		if !strings.HasPrefix(q, "/") {
			resolved, ok := p.Queries[q]
			if !ok {
				return errors.New("names a graph query that is not configured; a relative URL starts with /")
			}
			q = resolved
		}
		// "$orderby=name desc": people write the blank as EasyAuthForK8s took it.
		if path, options, found := strings.Cut(q, "?"); found {
			q = path + "?" + strings.ReplaceAll(options, " ", "%20")
		}
		if err := CheckGraphURL(q); err != nil {
			return err
		}
		req.Graph = append(req.Graph, q)
	}
	if len(req.Graph) > MaxGraphQueries {
		return fmt.Errorf("more than %d graph queries", MaxGraphQueries)
	}
	return nil
}

// CheckGraphURL refuses a relative Graph URL that could leave the configured
// version of the API: it must start with exactly one "/" and hold no dot
// segment, empty segment, backslash, fragment or control character, plain or
// percent-encoded, in its path.
func CheckGraphURL(u string) error {
	path, _, _ := strings.Cut(u, "?")
	switch {
	case len(u) > maxGraphURL:
		return fmt.Errorf("a graph query is longer than %d bytes", maxGraphURL)
	case !strings.HasPrefix(path, "/") || path == "/":
		return errors.New("a graph query must be a relative URL that starts with /")
	case strings.ContainsAny(u, "\\#"):
		return errors.New(`a graph query must not hold "\" or "#"`)
	case strings.ContainsFunc(u, func(r rune) bool { return unicode.IsControl(r) || r == ' ' }):
		return errors.New("a graph query must not hold spaces or control characters")
	}
	decoded, err := url.PathUnescape(path)
	if err != nil {
		return errors.New("a graph query holds a malformed escape")
	}
	if strings.ContainsAny(decoded, "\\%") || strings.ContainsFunc(decoded, unicode.IsControl) ||
		strings.Count(decoded, "/") != strings.Count(path, "/") {
		return errors.New("a graph query holds an escaped separator or control character")
	}
	for segment := range strings.SplitSeq(decoded[1:], "/") {
		if segment == "" || segment == "." || segment == ".." {
			return errors.New(`a graph query must not hold "//", "." or ".." segments`)
		}
	}
	return nil
}

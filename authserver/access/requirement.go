package access

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Requirement is what an auth-url asks for: every clause of Roles and of
// Scopes, and a result for every query of Graph. The zero value asks for a
// signed-in user and nothing more.
type Requirement struct {
	Roles  []Clause
	Scopes []Clause
	Graph  []string // relative Graph URLs, in the order of the auth-url
}

// Clause is met by any one of its names.
type Clause []string

func (c Clause) metBy(have []string) bool {
	return slices.ContainsFunc(c, func(name string) bool { return slices.Contains(have, name) })
}

// Bounds of an auth-url's query.
const (
	MaxQuery        = 8 << 10 // bytes
	MaxGraphQueries = 20      // Microsoft Graph's own limit for a batch
	maxGraphURL     = 1 << 10 // bytes
	maxClauses      = 64      // of roles and scopes together
	maxNames        = 256     // of one clause
)

// QueryError says what in an auth-url's query cannot be read. Param is at most
// 40 bytes of printable ASCII and safe to log; values are never in it.
type QueryError struct {
	Param   string
	Problem string
}

func (e *QueryError) Error() string {
	return fmt.Sprintf("auth-url parameter %q: %s", e.Param, e.Problem)
}

// Parser reads auth-url queries. Make one with NewParser.
type Parser struct {
	queries     map[string]string
	scopePrefix string
}

// NewParser returns a parser that knows the named graph queries (name → relative
// URL, already checked with CheckGraphURL). graphScopePrefix is cut from the front
// of scopes ("https://graph.microsoft.com/"), because Entra ID names Graph's
// scopes both with and without it; empty cuts nothing.
func NewParser(queries map[string]string, graphScopePrefix string) *Parser {
	return &Parser{queries: queries, scopePrefix: graphScopePrefix}
}

// Parse reads the raw query of an auth-url:
//
//	role=A|B&role=C      (A or B) and C
//	role-any=A,B         the same for proxies that refuse "|" (a comma is a letter in role=)
//	scope=, scope-any=   likewise
//	graph=/me|/me/manager, graph=profile   relative Graph URLs or names of configured queries
//
// An empty query is the empty requirement. Everything that cannot be read is a
// *QueryError: an unknown or empty parameter, an empty alternative, blanks around
// a value or in a scope, a malformed escape, a control character. A rule that
// cannot be read never means "no rule".
func (p *Parser) Parse(rawQuery string) (*Requirement, error) {
	req := &Requirement{}
	if rawQuery == "" {
		return req, nil
	}
	if len(rawQuery) > MaxQuery {
		return nil, &QueryError{"", fmt.Sprintf("the query is longer than %d bytes", MaxQuery)}
	}
	for pair := range strings.SplitSeq(rawQuery, "&") {
		name, rawValue, _ := strings.Cut(pair, "=")
		if err := p.add(req, name, rawValue); err != nil {
			return nil, &QueryError{printable(name), err.Error()}
		}
	}
	return req, nil
}

func (p *Parser) add(req *Requirement, name, rawValue string) error {
	value, err := unescape(rawValue)
	if err != nil {
		return err
	}
	var clause Clause
	switch name {
	case "role", "scope", "graph":
		clause, err = alternatives(value, "|")
	case "role-any", "scope-any":
		clause, err = alternatives(value, ",")
	default:
		return errors.New("is not known; use role, role-any, scope, scope-any or graph")
	}
	switch {
	case err != nil:
		return err
	case len(clause) > maxNames:
		return fmt.Errorf("has more than %d alternatives", maxNames)
	case len(req.Roles)+len(req.Scopes) >= maxClauses && name != "graph":
		return fmt.Errorf("comes after %d other rules: too many", maxClauses)
	}
	switch name {
	case "role", "role-any":
		req.Roles = append(req.Roles, clause)
	case "scope", "scope-any":
		if slices.ContainsFunc(clause, func(s string) bool { return strings.ContainsFunc(s, unicode.IsSpace) }) {
			return errors.New("has a blank inside a scope; repeat the parameter to need several")
		}
		if slices.ContainsFunc(clause, func(s string) bool { return strings.ContainsFunc(s, notInScope) }) {
			return errors.New("has a character that no scope can have")
		}
		req.Scopes = append(req.Scopes, p.scopes(clause))
	case "graph":
		return p.addGraph(req, clause)
	}
	return nil
}

// notInScope reports what RFC 6749, section 3.3, keeps out of a scope: nobody
// could grant one with it.
func notInScope(r rune) bool { return r <= ' ' || r > '~' || r == '"' || r == '\\' }

func (p *Parser) scopes(c Clause) Clause {
	for i, s := range c {
		c[i] = p.CanonicalScope(s)
	}
	return c
}

// CanonicalScope cuts Microsoft Graph's prefix from a scope, so that both of
// its spellings compare equal. Scopes of other APIs keep their full name.
func (p *Parser) CanonicalScope(s string) string {
	if rest, ok := strings.CutPrefix(s, p.scopePrefix); ok && rest != "" {
		return rest
	}
	return s
}

func (p *Parser) addGraph(req *Requirement, queries []string) error {
	for _, q := range queries {
		if !strings.HasPrefix(q, "/") {
			resolved, ok := p.queries[q]
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

// alternatives splits a value and refuses an empty one, also a single empty
// one: role=A|| must not quietly mean role=A. No name begins or ends with a
// blank: role-any=A, B is a slip that would lock out B.
func alternatives(value, separator string) (Clause, error) {
	parts := strings.Split(value, separator)
	for _, part := range parts {
		switch strings.TrimSpace(part) {
		case "":
			return nil, errors.New("has an empty value or alternative")
		case part:
		default:
			return nil, errors.New("has a blank before or after a value")
		}
	}
	return parts, nil
}

func unescape(raw string) (string, error) {
	value, err := url.QueryUnescape(raw)
	if err != nil {
		return "", errors.New("has a malformed escape")
	}
	if !utf8.ValidString(value) || strings.ContainsFunc(value, unicode.IsControl) {
		return "", errors.New("has a control character or is no UTF-8")
	}
	return value, nil
}

// printable makes a parameter's name safe to show: it may hold anything.
func printable(name string) string {
	const limit = 40
	if len(name) > limit {
		name = name[:limit]
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, name)
}

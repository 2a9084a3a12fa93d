package access

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Requirement is what an auth-url asks for: every clause of each kind, a result
// for every query of Graph, and a sign-in no older than MaxAge. The zero value
// asks for a signed-in user and nothing more.
type Requirement struct {
	Roles    []Clause
	Groups   []Clause
	Scopes   []Clause
	Graph    []string      // relative Graph URLs, in the order of the auth-url
	Contexts []Clause      // authentication contexts (acr=)
	Methods  []Clause      // authentication methods (amr=)
	MaxAge   time.Duration // 0: any

	Policy string // the name of a policy that must let pass too; "": none
	App    string // the application, for which an assertion is made; "": it is not said
}

func (r *Requirement) clauses() int {
	return len(r.Roles) + len(r.Groups) + len(r.Scopes) + len(r.Contexts) + len(r.Methods)
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
	maxGraphURL     = 1 << 10 // bytes of one
	maxClauses      = 64      // of all kinds together
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

// ParserConfig is what a Parser knows. The zero value is another provider than
// Entra ID, without named graph queries.
type ParserConfig struct {
	Queries map[string]string // named graph queries: name → relative URL, checked with CheckGraphURL
	Scopes  *ScopeNames       // nil: scopes have one spelling
	NoGraph bool              // the provider has no Microsoft Graph: graph= is refused
	Entra   bool              // authentication contexts are c1 to c99, and there is no amr
	Apps    bool              // assertions are made: app= says for whom
}

// Parser reads auth-url queries, each distinct one once (parsed.go). Make one with
// NewParser. It is safe for concurrent use.
type Parser struct {
	ParserConfig

	parsed Parsed
}

// NewParser returns a parser.
func NewParser(cfg ParserConfig) *Parser { return &Parser{ParserConfig: cfg} }

// Parse reads the raw query of an auth-url. All callers with one query are given the
// same requirement: it must not be changed.
//
//	role=A|B&role=C      (A or B) and C
//	role-any=A,B         the same for proxies that refuse "|" (a comma is a letter in role=)
//	scope=, scope-any=, group=, group-any=, acr=, amr=   likewise
//	graph=/me|/me/manager, graph=profile     relative Graph URLs or names of configured queries
//	acr=c1               an authentication context; amr=mfa: a method, not with Entra ID
//	max_age=15m          a sign-in no older than that; a bare number is seconds
//	policy=admin-area    the name of a policy that must let pass too: once
//	app=https://orders.example.com   for whom an assertion is made: once, a name or a URL
//
// An empty query is the empty requirement. Everything that cannot be read is a
// *QueryError: an unknown or empty parameter, an empty alternative, blanks around
// a value or in a scope, a malformed escape, a control character. A rule that
// cannot be read never means "no rule".
func (p *Parser) Parse(rawQuery string) (*Requirement, error) {
	version := p.Scopes.Version()
	if req := p.parsed.get(rawQuery, version); req != nil {
		return req, nil
	}
	if len(rawQuery) > MaxQuery {
		return nil, &QueryError{"", fmt.Sprintf("the query is longer than %d bytes", MaxQuery)}
	}
	rawQuery = strings.Clone(rawQuery) // of a request, which is not kept for it
	req, err := p.parse(rawQuery)
	if err != nil {
		return nil, err
	}
	p.parsed.put(rawQuery, req, version)
	return req, nil
}

// Parsed is what the parser remembers.
func (p *Parser) Parsed() *Parsed { return &p.parsed }

func (p *Parser) parse(rawQuery string) (*Requirement, error) {
	req := &Requirement{}
	if rawQuery == "" {
		return req, nil
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
	separator := "|"
	if strings.HasSuffix(name, "-any") {
		separator = ","
	}
	clause, err := alternatives(value, separator)
	switch {
	case err != nil && known(name):
		return err
	case len(clause) > maxNames:
		return fmt.Errorf("has more than %d alternatives", maxNames)
	case req.clauses() >= maxClauses && name != "graph":
		return fmt.Errorf("comes after %d other rules: too many", maxClauses)
	}
	switch name {
	case "role", "role-any":
		req.Roles = append(req.Roles, clause)
	case "group", "group-any":
		req.Groups = append(req.Groups, groups(clause))
	case "scope", "scope-any":
		return p.addScopes(req, clause)
	case "graph":
		if p.NoGraph {
			return errors.New("cannot be met: there is no Microsoft Graph behind this identity provider")
		}
		return p.addGraph(req, clause)
	case "acr":
		return p.addContexts(req, clause)
	case "amr":
		if p.Entra {
			return errors.New("is not known: Entra ID does not say how a person signed in; use acr= with an authentication context, such as acr=c1")
		}
		req.Methods = append(req.Methods, clause)
	case "max_age":
		return addMaxAge(req, value)
	case "app":
		if !p.Apps {
			return errors.New("cannot be met: no signed identity is configured (EASYAUTH_ASSERTION_KEYS_FILE)")
		}
		return addApp(req, value)
	case "policy":
		return addPolicy(req, value)
	default:
		return errors.New("is not known; use " + strings.Join(parameters(), ", "))
	}
	return nil
}

func parameters() []string {
	return []string{"role", "role-any", "group", "group-any", "scope", "scope-any", "graph", "acr", "amr", "max_age", "policy", "app"}
}

func known(name string) bool { return slices.Contains(parameters(), name) }

func (p *Parser) addScopes(req *Requirement, clause Clause) error {
	var names Clause
	for _, s := range clause {
		switch {
		case strings.ContainsFunc(s, unicode.IsSpace):
			return errors.New("has a blank inside a scope; repeat the parameter to need several")
		case !IsScope(s):
			return errors.New("has a character that no scope can have")
		}
		names = append(names, p.Scopes.Rule(s)...)
	}
	req.Scopes = append(req.Scopes, names)
	return nil
}

func (p *Parser) addContexts(req *Requirement, clause Clause) error {
	for _, c := range clause {
		number, isContext := strings.CutPrefix(c, "c")
		n, err := strconv.Atoi(number)
		if p.Entra && (!isContext || err != nil || n < 1 || n > 99 || strconv.Itoa(n) != number) {
			return errors.New("must be the id of an authentication context, c1 to c99")
		}
	}
	req.Contexts = append(req.Contexts, clause)
	return nil
}

// Bounds of max_age. Below a minute, the requests that a page makes would each
// need a sign-in of their own.
const (
	minMaxAge = time.Minute
	maxMaxAge = 30 * 24 * time.Hour
)

func addMaxAge(req *Requirement, value string) error {
	age, err := time.ParseDuration(value)
	if seconds, numErr := strconv.ParseUint(value, 10, 32); numErr == nil {
		age, err = time.Duration(seconds)*time.Second, nil
	}
	switch {
	case err != nil:
		return errors.New("must be a duration such as 15m, or seconds")
	case age < minMaxAge || age > maxMaxAge:
		return errors.New("must be at least 1m and at most 720h")
	case req.MaxAge == 0 || age < req.MaxAge: // of several the strictest
		req.MaxAge = age
	}
	return nil
}

// maxApp is the longest name of an application, in bytes.
const maxApp = 200

func addApp(req *Requirement, value string) error {
	switch {
	case req.App != "":
		return errors.New("is there twice")
	case len(value) > maxApp || strings.ContainsFunc(value, func(r rune) bool { return r <= ' ' || r > '~' }):
		return fmt.Errorf("must be a name or a URL of at most %d bytes of printable ASCII, without blanks", maxApp)
	}
	req.App = value
	return nil
}

func addPolicy(req *Requirement, value string) error {
	switch {
	case req.Policy != "":
		return errors.New("is there twice; a policy can hold the rules of both")
	case !IsPolicyName(value):
		return errors.New("must be the name of a policy: 1 to 64 letters, digits and -._")
	}
	req.Policy = value
	return nil
}

// IsPolicyName reports whether a text can name a policy: what every proxy lets stand in
// an auth-url.
func IsPolicyName(name string) bool {
	const longest = 64
	return name != "" && len(name) <= longest && !strings.ContainsFunc(name, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("-._", r)
	})
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

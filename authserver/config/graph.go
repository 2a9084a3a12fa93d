package config

import (
	"regexp"
	"strings"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
)

const maxGraphQueries = 100

// graphVersion is the version of Microsoft Graph.
type graphVersion string

// Decode implements envconfig.Decoder.
func (v *graphVersion) Decode(value string) error {
	choice, err := choose(value, "v1.0", "beta")
	*v = graphVersion(choice)
	return err
}

const maxQueryName = 64 // bytes

var graphQueryName = regexp.MustCompile(`^[A-Za-z0-9_.-]+$`)

// graphQueries are relative URLs of Microsoft Graph by name.
type graphQueries map[string]string

// Decode implements envconfig.Decoder.
func (q *graphQueries) Decode(value string) error {
	entries, err := splitQueries(value)
	switch {
	case err != nil:
		return err
	case len(entries) == 0 || len(entries) > maxGraphQueries:
		return expect("must hold 1 to %d queries; there are %d", maxGraphQueries, len(entries))
	}
	*q = make(graphQueries, len(entries))
	for i, entry := range entries {
		name, query, found := strings.Cut(entry, "=")
		name, query = strings.TrimSpace(name), strings.TrimSpace(query)
		if !found || len(name) > maxQueryName || !graphQueryName.MatchString(name) {
			return expect("entry %d: must be name=relative-url, such as profile=/me?$select=displayName; a name is letters, digits and _ . -", i+1)
		}
		if _, twice := (*q)[name]; twice {
			return expect("entry %d: has a name that an earlier one has", i+1)
		}
		if err := access.CheckGraphURL(query); err != nil {
			return expect("entry %d: %v", i+1, err)
		}
		(*q)[name] = query
	}
	return nil
}

// splitQueries splits at line breaks and at semicolons outside of parentheses:
// inside they are OData's own, as in $expand=manager($levels=1;$select=id).
// Blank entries are skipped.
func splitQueries(value string) ([]string, error) {
	var entries []string
	for line := range strings.Lines(value) {
		depth, start := 0, 0
		for i, r := range line {
			switch {
			case r == '(':
				depth++
			case r == ')':
				depth--
			case r == ';' && depth == 0:
				entries = append(entries, line[start:i])
				start = i + 1
			}
		}
		if depth != 0 && strings.Contains(line, ";") {
			return nil, expect("entry %d: has a parenthesis without its partner; write each query on a line of its own", len(entries)+1)
		}
		entries = append(entries, line[start:])
	}
	kept := entries[:0]
	for _, entry := range entries {
		if entry = strings.TrimSpace(entry); entry != "" {
			kept = append(kept, entry)
		}
	}
	return kept, nil
}

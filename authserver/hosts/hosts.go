// Package hosts knows which hosts EasyAuth serves, and decides from that where
// a browser may be sent (ReturnURL) and where a request was going
// (ParseOriginal). It compares names only after it has brought them to one
// canonical form, and what it cannot read it refuses.
//
// It knows nothing of HTTP handlers, cookies, policies or configuration
// variables, and resolves no name: that a host is served says nothing about
// who answers there.
package hosts

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Config says which hosts are served and which paths are ours.
type Config struct {
	// Hosts are the entries, at least one:
	//
	//	app.example.com            one host, https on port 443
	//	app.example.com:8443       one host on another port
	//	*.apps.example.com         every host one or more labels below, never apps.example.com itself
	//	*.apps.example.com:8443    the same on another port
	//	http://localhost:8080      without TLS; only localhost, *.localhost, 127.0.0.0/8 and [::1]
	//	[2001:db8::1]:8443         an IPv6 address stands in brackets
	//
	// Case and one trailing dot do not matter; international names become
	// punycode. A wildcard needs two labels below the star (*.com would be an
	// open door), except below the names localhost and test.
	Hosts []string

	// InsecureHTTP makes every host an http one with default port 80. It is
	// for a laptop: cookies and identities then travel in the clear.
	InsecureHTTP bool

	// OwnPaths are the paths of our own endpoints. Each protects itself and
	// everything below it: a return URL never leads there.
	OwnPaths []string

	// ReturnPaths are paths of our own to which a return URL may lead all the same,
	// because they end nothing and send nobody on: each exactly as it is written here,
	// without an escape, and nothing below it.
	ReturnPaths []string

	// DefaultPath is where a refused return URL leads: a path, with a query or
	// fragment if need be, that ReturnURL itself would accept. Empty means "/".
	DefaultPath string
}

// Set is the hosts that are served. It does not change and may be shared.
type Set struct {
	entries     []entry // in the order in which they are tried: exact names, then the longest wildcard
	origins     []string
	own         [][]string // the segments of each own path
	returns     []string   // own paths that are allowed all the same
	defaultPath string     // as ReturnURL emits it
}

// New reads a configuration. The error joins all faults; each tells the place
// of the entry in its list and what it should look like, not its value.
func New(c Config) (*Set, error) {
	s := &Set{}
	var faults []error
	if len(c.Hosts) == 0 {
		faults = append(faults, fmt.Errorf("no host: %s", entryForms))
	}
	for i, raw := range c.Hosts {
		if err := s.add(raw, c.InsecureHTTP); err != nil {
			faults = append(faults, fmt.Errorf("host %d: %w: %s", i+1, err, entryForms))
		}
	}
	slices.SortStableFunc(s.entries, entry.order)

	for i, raw := range c.OwnPaths {
		segments, err := ownSegments(raw)
		if err != nil {
			faults = append(faults, fmt.Errorf("own path %d: %w: write /easyauth or /easyauth/login", i+1, err))
			continue
		}
		s.own = append(s.own, segments)
	}
	for i, raw := range c.ReturnPaths {
		if _, err := ownSegments(raw); err != nil || strings.Contains(raw, "%") {
			faults = append(faults, fmt.Errorf("return path %d: write it without escapes, as /easyauth/page", i+1))
		}
	}
	s.returns = slices.Clone(c.ReturnPaths)

	var err error
	if s.defaultPath, err = s.readDefault(c.DefaultPath); err != nil {
		faults = append(faults, fmt.Errorf("default path: %w: write / or /welcome", err))
	}
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	return s, nil
}

func (s *Set) add(raw string, insecure bool) error {
	e, err := parseEntry(raw, insecure)
	if err != nil {
		return err
	}
	for _, known := range s.entries {
		if known == e {
			return nil
		}
		if known.sameAs(e) {
			return errTwoSchemes
		}
	}
	s.entries = append(s.entries, e)
	s.origins = append(s.origins, e.origin())
	return nil
}

// readDefault reads the default path. It must be called after the own paths
// are known: a default page among them would send the browser in circles.
func (s *Set) readDefault(raw string) (string, error) {
	if raw == "" {
		return "/", nil
	}
	if raw[0] != '/' {
		return "", errNoPath
	}
	return s.resolve(raw, Host{})
}

// Host is a served host in canonical form: lower case, no trailing dot,
// punycode, an IPv6 address in brackets, a port only when it is not the
// scheme's default.
type Host struct{ Scheme, Name string }

// Origin returns "https://app.example.com:8443", and "" for the zero Host.
func (h Host) Origin() string {
	if h.Name == "" {
		return ""
	}
	return h.Scheme + "://" + h.Name
}

// Host reads the Host header of a request and returns the canonical host, or
// false when it is not served or cannot be read. The scheme is the one that
// the configuration says, never the client's.
func (s *Set) Host(hostHeader string) (Host, bool) {
	a, err := parseAuthority(hostHeader)
	if err != nil {
		return Host{}, false
	}
	return s.find(a, "")
}

// find returns the host that an authority names. urlScheme is that of the URL
// in which it stood, or "".
func (s *Set) find(a authority, urlScheme string) (Host, bool) {
	for _, e := range s.entries {
		if e.serves(a, urlScheme) {
			return e.host(a.name), true
		}
	}
	return Host{}, false
}

// Default returns the default page of a host: an absolute URL, or the path
// alone for the zero Host.
func (s *Set) Default(self Host) string {
	return self.Origin() + s.defaultPath
}

// Origins returns a CSP source expression for each distinct entry, in the
// order of the configuration: "https://app.example.com",
// "https://*.apps.example.com:8443". A wildcard means there what it means
// here: one or more labels.
func (s *Set) Origins() []string {
	return slices.Clone(s.origins)
}

// ownSegments reads a path of ours. The root is refused: all would lie below.
func ownSegments(raw string) ([]string, error) {
	if err := checkText(raw); err != nil {
		return nil, err
	}
	if strings.ContainsAny(raw, "?#") {
		return nil, errNoPath
	}
	decoded, err := decodePath(raw)
	if err != nil {
		return nil, err
	}
	segments := segmentsOf(decoded)
	if len(segments) == 0 {
		return nil, errNoPath
	}
	return segments, nil
}

// isOwn reports whether a decoded path is one of ours or lies below one. Case
// does not count and empty segments do not either, because the proxy before us
// may match locations that way (a regular expression, merge_slashes).
func (s *Set) isOwn(decoded string) bool {
	segments := segmentsOf(decoded)
	for _, own := range s.own {
		if len(segments) >= len(own) && slices.EqualFunc(segments[:len(own)], own, strings.EqualFold) {
			return true
		}
	}
	return false
}

package hosts

import (
	"cmp"
	"net/netip"
	"strings"
)

// entryForms is what a fault of an entry ends with.
const entryForms = "write app.example.com, app.example.com:8443, *.apps.example.com, [2001:db8::1]:8443 or http://localhost:8080"

// entry is one line of the configuration, canonical.
type entry struct {
	scheme   string
	wildcard bool
	name     string // without "*."
	port     string // empty: the scheme's default
}

// parseEntry reads one entry. Ports 80 and 443 are either the scheme's default
// or refused: behind a load balancer that ends TLS nobody can tell them apart.
func parseEntry(raw string, insecure bool) (entry, error) {
	e := entry{scheme: "https"}
	if strings.HasPrefix(strings.ToLower(raw), "https://") {
		return entry{}, errHTTPSEntry
	}
	rest, plain := strings.CutPrefix(raw, "http://")
	if plain || insecure {
		e.scheme = "http"
	}
	rest, e.wildcard = strings.CutPrefix(rest, "*.")
	a, err := parseAuthority(rest)
	if err != nil {
		return entry{}, err
	}
	e.name = a.name

	switch {
	case plain && !insecure && !loopback(a.name):
		return entry{}, errPlainHTTP
	case e.wildcard && (isAddress(a.name) || !wildcardAllowed(a.name)):
		return entry{}, errWildcard
	case a.port == defaultPort(e.scheme):
		// stays empty
	case a.port == "80" || a.port == "443":
		return entry{}, errForeignPort
	default:
		e.port = a.port
	}
	return e, nil
}

// serves reports whether an authority is this entry's. A port counts as absent
// when it is the default of the entry's scheme or of the URL's own: a request
// that came in by TLS is called http://app.example.com:80 or :443 behind a
// load balancer that ended TLS.
func (e entry) serves(a authority, urlScheme string) bool {
	if e.wildcard {
		if !strings.HasSuffix(a.name, "."+e.name) {
			return false
		}
	} else if a.name != e.name {
		return false
	}
	if a.port == "" || a.port == e.port {
		return a.port == e.port
	}
	return e.port == "" && (a.port == defaultPort(e.scheme) || a.port == defaultPort(urlScheme))
}

// sameAs reports whether two entries differ in nothing but the scheme.
func (e entry) sameAs(o entry) bool {
	e.scheme = o.scheme
	return e == o
}

// order puts exact names before wildcards and longer wildcards before shorter.
func (e entry) order(o entry) int {
	if e.wildcard != o.wildcard {
		if o.wildcard {
			return -1
		}
		return 1
	}
	return cmp.Compare(len(o.name), len(e.name))
}

func (e entry) host(name string) Host {
	if e.port != "" {
		name += ":" + e.port
	}
	return Host{Scheme: e.scheme, Name: name}
}

func (e entry) origin() string {
	if e.wildcard {
		return e.host("*." + e.name).Origin()
	}
	return e.host(e.name).Origin()
}

// defaultPort returns "" for a scheme that is neither http nor https.
func defaultPort(scheme string) string {
	switch scheme {
	case "http":
		return "80"
	case "https":
		return "443"
	}
	return ""
}

// wildcardAllowed refuses a star directly above a single label, unless that
// name can never be registered by a stranger (RFC 6761).
func wildcardAllowed(name string) bool {
	return strings.Contains(name, ".") || name == "localhost" || name == "test"
}

// loopback reports whether a canonical name always means this machine.
func loopback(name string) bool {
	if name == "localhost" || strings.HasSuffix(name, ".localhost") {
		return true
	}
	ip, err := netip.ParseAddr(strings.Trim(name, "[]"))
	return err == nil && ip.IsLoopback()
}

func isAddress(name string) bool {
	_, err := netip.ParseAddr(strings.Trim(name, "[]"))
	return err == nil
}

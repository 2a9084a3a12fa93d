package exchange

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// maxRedirect is the longest redirect URI, in bytes.
const maxRedirect = 512

// redirects decides where a code may be sent: to a program on the person's own
// computer, or to an address that is configured.
type redirects struct{ allowed []string }

// newRedirects takes https addresses, each with a host and without a user or a
// fragment. They are compared as texts.
func newRedirects(allowed []string) (*redirects, error) {
	if err := CheckRedirects(allowed); err != nil {
		return nil, err
	}
	return &redirects{slices.Clone(allowed)}, nil
}

// CheckRedirects joins an error for each redirect URI that Config.Redirects may not have.
// It tells the place and not the value.
func CheckRedirects(allowed []string) error {
	var faults []error
	for i, raw := range allowed {
		u, err := url.Parse(raw)
		switch {
		case err != nil || checkURI(raw) != nil || !strings.HasPrefix(raw, "https://") || u.Hostname() == "" || u.User != nil || strings.Contains(raw, "@"):
			faults = append(faults, fmt.Errorf("redirect URI %d: it must be https, with a host and without a user, a fragment or characters that a URI may not have, at most %d characters", i+1, maxRedirect))
		case answers(u.RawQuery):
			faults = append(faults, fmt.Errorf("redirect URI %d: it already has a parameter code, state or error", i+1))
		}
	}
	return errors.Join(faults...)
}

// check returns nil for a redirect URI that a code may be sent to. Its errors are
// texts for the program.
func (a *redirects) check(raw string) error {
	if err := checkURI(raw); err != nil {
		return err
	}
	if slices.Contains(a.allowed, raw) {
		return nil
	}
	return checkLoopback(raw)
}

// checkURI refuses what no redirect URI holds, whoever it leads to.
func checkURI(raw string) error {
	switch {
	case len(raw) > maxRedirect:
		return errors.New("redirect_uri is longer than 512 characters")
	case strings.Contains(raw, "#"):
		return errors.New("redirect_uri has a fragment")
	case strings.ContainsFunc(raw, func(r rune) bool { return !uriRune(r) }):
		return errors.New("redirect_uri has characters that a URI may not have")
	}
	if _, err := url.PathUnescape(raw); err != nil {
		return errors.New("redirect_uri has a malformed escape")
	}
	return nil
}

// uriRune reports the characters of RFC 3986 but "#", and nothing that a browser would
// read in its own way, such as a backslash.
func uriRune(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-._~%!$&'()*+,;=:@/?[]", r)
}

// checkLoopback takes http://127.0.0.1 and http://[::1] in exactly this form, with any
// port. Not localhost: a resolver may say that it is elsewhere, and another program
// may listen there (RFC 8252, section 8.3).
func checkLoopback(raw string) error {
	rest, ok := cutLoopback(raw)
	if !ok {
		return errors.New("redirect_uri must be http://127.0.0.1 or http://[::1] with any port, or one that is configured here")
	}
	if port, found := strings.CutPrefix(rest, ":"); found {
		if i := strings.IndexAny(port, "/?"); i >= 0 {
			port, rest = port[:i], port[i:]
		} else {
			rest = ""
		}
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 || strconv.FormatUint(n, 10) != port {
			return errors.New("redirect_uri has a port that is none")
		}
	}
	if rest != "" && rest[0] != '/' && rest[0] != '?' {
		return errors.New("redirect_uri has another host than 127.0.0.1 or [::1]")
	}
	if strings.ContainsAny(rest, "[]") {
		return errors.New("redirect_uri has characters that a URI may not have")
	}
	_, query, _ := strings.Cut(rest, "?")
	if answers(query) {
		return errors.New("redirect_uri already has a parameter code, state or error")
	}
	return nil
}

func cutLoopback(raw string) (rest string, ok bool) {
	if rest, ok = strings.CutPrefix(raw, "http://127.0.0.1"); ok {
		return rest, true
	}
	return strings.CutPrefix(raw, "http://[::1]")
}

// answers reports whether a query has a parameter of the answer already: a program
// would not know which one is ours.
func answers(query string) bool {
	values, err := url.ParseQuery(query)
	return err != nil || values.Has("code") || values.Has("state") || values.Has("error")
}

// withAnswer adds parameters to a redirect URI that was checked. Nothing of it is
// written anew.
func withAnswer(redirect string, pairs ...string) string {
	var b strings.Builder
	b.WriteString(redirect)
	mark := "?"
	if strings.Contains(redirect, "?") {
		mark = "&"
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] == "" {
			continue
		}
		// A blank as %20 is one for those who read a form and for those who do not.
		b.WriteString(mark + pairs[i] + "=" + strings.ReplaceAll(url.QueryEscape(pairs[i+1]), "+", "%20"))
		mark = "&"
	}
	return b.String()
}

// originOfURI is scheme, host and port of a redirect URI that was checked.
func originOfURI(redirect string) string {
	scheme, rest, _ := strings.Cut(redirect, "://")
	if i := strings.IndexAny(rest, "/?"); i >= 0 {
		rest = rest[:i]
	}
	return scheme + "://" + rest
}

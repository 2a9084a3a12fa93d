package headers

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
)

// Mapping is a header that the configuration names, for one claim. It is always there,
// and empty when the claim is absent, does not fit, or holds what its encoding cannot
// carry: the last two are named in the overflow header.
type Mapping struct {
	// Header is its whole name, in any case.
	Header string
	// Claim is oid, tid, sub, name, preferred_username, email, roles, groups or scp, or
	// the exact name of another claim.
	Claim    string
	Encoding Encoding
	// Separator stands between several values: 1 to 3 printable characters of ASCII. A value
	// that would read as two once they are joined cannot be carried, also when it is the only
	// one, but for claims that are one text (oid, tid, sub, name, preferred_username, email).
	Separator string
}

const (
	maxMappings  = 50 // bounds the headers of a configuration
	maxSeparator = 3  // bytes
)

// mapped is a Mapping whose header is ready.
type mapped struct {
	Mapping

	key  string // as in http.Header
	name string // what overflow calls it
}

// MappingError says what is wrong with one of Config.Mappings, without any text of it.
type MappingError struct {
	Index   int // its place
	Problem string
}

// Error implements error. It counts from 1.
func (e *MappingError) Error() string { return fmt.Sprintf("mapping %d: %s", e.Index+1, e.Problem) }

// addMappings takes the names of the headers of mappings. An error is a *MappingError, or
// says that they are too many.
func (r *Renderer) addMappings(list []Mapping) error {
	if len(list) > maxMappings {
		return fmt.Errorf("more than %d headers are mapped", maxMappings)
	}
	for i, m := range list {
		name := strings.ToLower(m.Header)
		if problem := r.unfit(m, name); problem != "" {
			return &MappingError{Index: i, Problem: problem}
		}
		if rest, ok := strings.CutPrefix(name, collision(r.prefix)); ok {
			r.slots[rest] = slotToken
		}
		r.mapped = append(r.mapped, mapped{Mapping: m, key: canonical("", name), name: name})
	}
	return nil
}

// unfit says what keeps a mapping from having its header, whose name is in lower case; "":
// nothing.
func (r *Renderer) unfit(m Mapping, name string) string {
	switch {
	case len(name) > maxPrefix || sanitise(name) != name || strings.ContainsFunc(name, func(c rune) bool { return c != '-' && !alphanumeric(c) }) || name == "":
		return fmt.Sprintf("its header must be letters, digits and hyphens, at most %d bytes", maxPrefix)
	case reserved(name):
		return "its header has a meaning of its own for proxies, applications or browsers"
	case m.Claim == "":
		return "it is for no claim"
	case m.Encoding > NoneWithReject:
		return "there is no such encoding"
	case !goodSeparator(m.Separator):
		return fmt.Sprintf("its separator must be 1 to %d printable characters of ASCII, no letters or digits", maxSeparator)
	case r.isTaken(name):
		return "its header is another header's name already"
	}
	return ""
}

// isTaken reports whether a header of the identity has this whole name, as a reader sees
// names: CGI and its heirs take names for one that differ in "-" and "." alone, also in the
// prefix.
func (r *Renderer) isTaken(name string) bool {
	if slices.ContainsFunc(r.mapped, func(m mapped) bool { return collision(m.name) == collision(name) }) || collision(r.signed.name) == collision(name) {
		return true
	}
	rest, ok := strings.CutPrefix(collision(name), collision(r.prefix))
	_, taken := r.slots[rest]
	return ok && (taken || rest == "")
}

func goodSeparator(s string) bool {
	return s != "" && len(s) <= maxSeparator && !strings.ContainsFunc(s, func(c rune) bool {
		return c <= ' ' && c != ' ' || c > '~' || alphanumeric(c)
	})
}

// values gives the texts of a claim.
func (m *mapped) values(r *Renderer, id *access.Identity) []string {
	one := func(s string) []string {
		if s == "" {
			return nil
		}
		return []string{s}
	}
	switch m.Claim {
	case "oid":
		return one(id.Object)
	case "tid":
		return one(id.Tenant)
	case "sub":
		return one(id.Subject)
	case "name":
		return one(id.Name)
	case "preferred_username":
		return one(id.PreferredUsername)
	case "email":
		return one(id.Email)
	case "roles":
		return id.Roles
	case "groups":
		return id.Groups
	case "scp":
		return r.scopes.ShownAll(id.Scopes)
	}
	for i := range id.Claims {
		if id.Claims[i].Name == m.Claim {
			return id.Claims[i].Values
		}
	}
	return nil
}

// render gives a header's value in at most limit bytes; false when there is none to give
// although the claim is there.
func (m *mapped) render(limit int, values []string) (string, bool) {
	if len(values) == 0 {
		return "", true
	}
	parts := make([]string, 0, len(values))
	room := limit
	for _, v := range values {
		switch {
		case len(v) > room:
			return "", false
		case !m.Encoding.verbatim():
			v = m.Encoding.value(v)
		case !m.carries(v, len(values) > 1):
			return "", false
		}
		parts, room = append(parts, v), room-len(v)
	}
	text := strings.Join(parts, m.Separator)
	return text, len(text) <= limit && (single(m.Claim) || slices.Equal(strings.Split(text, m.Separator), parts))
}

// single reports whether a claim is one text, which nobody takes apart. All others may be
// a list of one, whose only value must not read as two.
func single(claim string) bool {
	switch claim {
	case "oid", "tid", "sub", "name", "preferred_username", "email":
		return true
	}
	return false
}

// carries reports whether a value can stand as it is. Blanks at its ends would be cut on
// the way.
func (m *mapped) carries(v string, among bool) bool {
	if !utf8.ValidString(v) || v != strings.TrimSpace(v) || among && v == "" {
		return false
	}
	return !strings.ContainsFunc(v, func(c rune) bool {
		return unicode.IsControl(c) || m.Encoding == NoneWithReject && c > '~'
	})
}

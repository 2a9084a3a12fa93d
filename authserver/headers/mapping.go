package headers

import (
	"errors"
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
	// Separator stands between several values: 1 to 3 printable characters of ASCII. With
	// None and NoneWithReject a value that holds it cannot be carried.
	Separator string
}

// maxMappings bounds the headers of a configuration.
const maxMappings = 50

// mapped is a Mapping whose header is ready.
type mapped struct {
	Mapping

	key  string // as in http.Header
	name string // what overflow calls it
}

// addMappings takes the names of the headers of a profile and of the mappings before any
// claim can.
func (r *Renderer) addMappings(list []Mapping) error {
	if len(list) > maxMappings {
		return fmt.Errorf("more than %d headers are mapped", maxMappings)
	}
	for i, m := range list {
		name := strings.ToLower(m.Header)
		switch {
		case len(name) > maxPrefix || sanitise(name) != name || strings.ContainsFunc(name, func(c rune) bool { return c != '-' && !alphanumeric(c) }) || name == "":
			return fmt.Errorf("mapped header %d must be letters, digits and hyphens, at most %d bytes", i+1, maxPrefix)
		case slices.Contains(meaningful(), name) || slices.Contains(requestNames(), name):
			return fmt.Errorf("mapped header %d has a meaning of its own", i+1)
		case m.Claim == "":
			return fmt.Errorf("mapped header %d is for no claim", i+1)
		case m.Encoding > NoneWithReject:
			return errors.New("identity headers: no such encoding")
		case !goodSeparator(m.Separator):
			return fmt.Errorf("mapped header %d: its separator must be 1 to 3 printable characters of ASCII, no letters or digits", i+1)
		case r.isTaken(name):
			return fmt.Errorf("mapped header %d: it is another header's name already", i+1)
		}
		if rest, ok := strings.CutPrefix(name, r.prefix); ok {
			r.slots[collision(rest)] = slotToken
		}
		r.mapped = append(r.mapped, mapped{Mapping: m, key: canonical("", name), name: name})
	}
	return nil
}

// isTaken reports whether a header of the identity has this whole name, as a reader sees
// names.
func (r *Renderer) isTaken(name string) bool {
	if slices.ContainsFunc(r.mapped, func(m mapped) bool { return collision(m.name) == collision(name) }) || collision(r.signed.name) == collision(name) {
		return true
	}
	rest, ok := strings.CutPrefix(collision(name), collision(r.prefix))
	_, taken := r.slots[rest]
	return ok && (taken || rest == "")
}

func goodSeparator(s string) bool {
	const longest = 3
	return s != "" && len(s) <= longest && !strings.ContainsFunc(s, func(c rune) bool {
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
	var b strings.Builder
	for i, v := range values {
		if i > 0 {
			b.WriteString(m.Separator)
		}
		switch {
		case len(v) > limit-b.Len():
			return "", false
		case !m.Encoding.verbatim():
			b.WriteString(m.Encoding.value(v))
		case !m.carries(v, len(values) > 1):
			return "", false
		default:
			b.WriteString(v)
		}
		if b.Len() > limit {
			return "", false
		}
	}
	return b.String(), true
}

// carries reports whether a value can stand as it is: among others without their
// separator. Blanks at its ends would be cut on the way.
func (m *mapped) carries(v string, among bool) bool {
	if !utf8.ValidString(v) || v != strings.TrimSpace(v) || among && (v == "" || strings.Contains(v, m.Separator)) {
		return false
	}
	return !strings.ContainsFunc(v, func(c rune) bool {
		return unicode.IsControl(c) || m.Encoding == NoneWithReject && c > '~'
	})
}

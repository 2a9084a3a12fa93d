package headers

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// AssertionRoom is what an assertion may take of the budget, in bytes, its header's name
// not included.
const AssertionRoom = 1400

// assertionNamed is what overflow calls an assertion.
const assertionNamed = "assertion"

// addAssertion takes the name of the assertion's header before any claim that is not
// configured can. It need not begin with the prefix. No error holds the name.
func (r *Renderer) addAssertion(name string) error {
	if name == "" {
		return nil
	}
	lower := strings.ToLower(name) // of a letter that is not ASCII it may make one that is
	switch {
	case len(name) > maxPrefix || strings.ContainsFunc(name, func(c rune) bool { return c != '-' && (c >= 0x80 || !alphanumeric(byte(c))) }): //nolint:gosec // ASCII
		return fmt.Errorf("the header of the assertion must be letters, digits and hyphens, at most %d bytes", maxPrefix)
	case reserved(lower):
		return errors.New("the header of the assertion has a meaning of its own for proxies, applications or browsers")
	case r.isTaken(lower):
		return errors.New("the header of the assertion is another header's name already")
	}
	if rest, ok := strings.CutPrefix(lower, collision(r.prefix)); ok {
		r.slots[rest] = slotToken
	}
	r.signed = tokenHeader{name: lower, key: canonical("", lower)}
	return nil
}

func (r *Renderer) writeNoAssertion(h http.Header) {
	if r.signed.name != "" {
		h[r.signed.key] = r.blank[:1:1]
	}
}

// WriteAssertion sets the header of an assertion, of at most AssertionRoom bytes. It must
// follow Write, which has left it empty. An empty one, or one that is not complete, is named
// in the overflow header: WriteAssertion then returns true.
func (v *Rendered) WriteAssertion(h http.Header, jwt string, complete bool) (overflow bool) {
	if len(jwt) > AssertionRoom {
		jwt, complete = "", false
	}
	if jwt != "" {
		h[v.r.signed.key] = []string{jwt}
	}
	if !complete {
		v.nameToken(h, assertionNamed)
	}
	return !complete
}

package access

import "strings"

// groups writes object ids as tokens do.
func groups(c Clause) Clause {
	for i, g := range c {
		if lower := strings.ToLower(g); IsGUID(lower) {
			c[i] = lower
		}
	}
	return c
}

// IsGUID reports whether s is a GUID in lower case, as Entra ID writes object ids.
func IsGUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i, r := range []byte(s) {
		dash := i == 8 || i == 13 || i == 18 || i == 23
		if dash != (r == '-') || !dash && (r < '0' || r > '9') && (r < 'a' || r > 'f') {
			return false
		}
	}
	return true
}

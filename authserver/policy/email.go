package policy

import (
	"slices"
	"strings"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
)

// VerifiedEmail gives the one address of an identity, without a dot at its end, if a
// claim says that it is the person's and none says that it is not. Else it says why there
// is none: also when the text is no address, or could be read as several, or its domain
// is not in ASCII and so may be another spelling of one that is. entra: xms_edov may say
// it too; with another provider people may be able to set a claim of that name.
func VerifiedEmail(id *access.Identity, entra bool) (string, Why) {
	address := strings.TrimSuffix(id.Email, ".")
	local, domain, ok := strings.Cut(address, "@")
	switch {
	case !ok:
		return "", WhyEmailUnknown
	case !saidVerified(id, entra):
		return "", WhyEmailUnverified
	case local == "" || !isDomain(domain) || strings.ContainsFunc(local, func(r rune) bool { return r <= ' ' || r == 0x7f || strings.ContainsRune(`"(),:;<>[\]`, r) }):
		return "", WhyEmailUnknown
	}
	return address, WhyNone
}

// saidVerified asks the claims. One that was left out could have said no.
func saidVerified(id *access.Identity, entra bool) bool {
	said := false
	for _, claim := range [...]string{"email_verified", "xms_edov"} {
		if claim == "xms_edov" && !entra {
			break
		}
		values := claimValues(id, claim)
		switch {
		case values == nil && slices.ContainsFunc(id.Dropped, func(name string) bool { return name == claim || name == "claims" }):
			return false
		case values == nil:
		case len(values) == 1 && (values[0] == "true" || claim == "xms_edov" && values[0] == "1"):
			said = true
		default:
			return false
		}
	}
	return said
}

func isAddress(text string) bool {
	local, domain, ok := strings.Cut(text, "@")
	return ok && local != "" && isDomain(domain)
}

// isDomain wants letters, digits and hyphens with dots between them.
func isDomain(text string) bool {
	for label := range strings.SplitSeq(text, ".") {
		if label == "" || len(label) > 63 || strings.ContainsFunc(label, func(r rune) bool {
			return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '_'
		}) {
			return false
		}
	}
	return strings.Contains(text, ".")
}

// equalASCII is strings.EqualFold for the letters of ASCII alone: the sign for kelvin is
// no k.
func equalASCII(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range len(a) {
		if lowerASCII(a[i]) != lowerASCII(b[i]) {
			return false
		}
	}
	return true
}

func lowerASCII(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

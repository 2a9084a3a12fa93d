package headers

import (
	"fmt"
	"slices"
	"strings"
)

// Profile is a set of header names: those of a product that an application knows already.
type Profile uint8

// The profiles. The zero value is the default.
const (
	EasyAuth    Profile = iota // Prefix and the names of EasyAuthForK8s
	OAuth2Proxy                // what oauth2-proxy gives nginx with --set-xauthrequest
	Pomerium                   // X-Pomerium-Claim-…
	Authentik                  // X-authentik-…
)

func profileNames() []string { return []string{"easyauth", "oauth2-proxy", "pomerium", "authentik"} }

// String returns the name that ParseProfile reads.
func (p Profile) String() string { return profileNames()[p] }

// ParseProfile reads easyauth, oauth2-proxy, pomerium or authentik, whatever their case.
func ParseProfile(s string) (Profile, error) {
	if i := slices.IndexFunc(profileNames(), func(name string) bool { return strings.EqualFold(s, name) }); i >= 0 {
		return Profile(i), nil //nolint:gosec // there are four
	}
	return 0, fmt.Errorf("parse a header profile: want one of %s", strings.Join(profileNames(), ", "))
}

// prefix is what all headers of a profile begin with beside overflow; "" with EasyAuth, whose prefix is configured.
func (p Profile) prefix() string {
	switch p {
	case OAuth2Proxy:
		return "x-auth-request-"
	case Pomerium:
		return "x-pomerium-"
	case Authentik:
		return "x-authentik-"
	case EasyAuth:
	}
	return ""
}

// mappings are the headers of a profile beside overflow.
func (p Profile) mappings() []Mapping {
	list := func(separator string, pairs ...string) (out []Mapping) {
		for pair := range slices.Chunk(pairs, 2) {
			out = append(out, Mapping{Header: pair[0], Claim: pair[1], Encoding: None, Separator: separator})
		}
		return out
	}
	switch p {
	case OAuth2Proxy:
		return list(",", "x-auth-request-user", "sub", "x-auth-request-groups", "groups", "x-auth-request-preferred-username", "preferred_username", "x-auth-request-email", "email")
	case Pomerium:
		return list(",", "x-pomerium-claim-sub", "oid", "x-pomerium-claim-user", "oid", "x-pomerium-claim-groups", "groups", "x-pomerium-claim-email", "email", "x-pomerium-claim-name", "name")
	case Authentik:
		return list("|", "x-authentik-uid", "oid", "x-authentik-entitlements", "roles", "x-authentik-groups", "groups", "x-authentik-username", "preferred_username", "x-authentik-email", "email", "x-authentik-name", "name")
	case EasyAuth:
	}
	return nil
}

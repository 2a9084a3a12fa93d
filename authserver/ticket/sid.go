package ticket

import "github.com/easyauth-sidecar/easyauth/authserver/access"

const (
	sidClaim = "sid"
	maxSID   = 255 // bytes
)

// SID returns the session at the identity provider that an identity came from;
// "" if the provider did not name one, or not in one value of 1 to 255 bytes.
func SID(id *access.Identity) string {
	for _, c := range id.Claims {
		if isSID(c) {
			return c.Values[0]
		}
	}
	return ""
}

func isSID(c access.Claim) bool {
	return c.Name == sidClaim && len(c.Values) == 1 && c.Values[0] != "" && len(c.Values[0]) <= maxSID
}

package assertion

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
)

// claims are the payload of a token, in the order in which they are written.
type claims struct {
	Issuer    string   `json:"iss"`
	Audience  string   `json:"aud"`
	IssuedAt  int64    `json:"iat"` // seconds since 1970, as the two below
	NotBefore int64    `json:"nbf"`
	Expires   int64    `json:"exp"`
	ID        string   `json:"jti"`
	Subject   string   `json:"sub"`
	Object    string   `json:"oid"`
	Tenant    string   `json:"tid"`
	Email     string   `json:"email"`
	Name      string   `json:"name"`
	Roles     []string `json:"roles"`
	Groups    []string `json:"groups"`
	SID       string   `json:"sid"`
	Overflow  []string `json:"overflow,omitempty"`
}

const (
	sidClaim = "sid"
	maxSID   = 255 // bytes
	longText = 256 // bytes; a name or address beyond it is the first to go
)

// newClaims says all that is known of an identity.
func newClaims(id *access.Identity, issuer, audience string, now time.Time, lifetime time.Duration) *claims {
	var random [16]byte
	_, _ = rand.Read(random[:]) // never fails
	issued := now.Unix()
	c := &claims{
		Issuer: issuer, Audience: audience,
		IssuedAt: issued, NotBefore: issued, Expires: issued + int64(lifetime/time.Second),
		ID:      base64.RawURLEncoding.EncodeToString(random[:]),
		Subject: id.Subject, Object: id.Object, Tenant: id.Tenant, Email: id.Email, Name: id.Name,
		Roles: list(id.Roles), Groups: list(id.Groups), SID: sid(id),
	}
	if id.GroupsUnknown {
		c.incomplete("groups")
	}
	for _, name := range id.Dropped { // before it came here
		if slices.Contains([]string{"groups", "roles", "name", "email"}, name) {
			c.incomplete(name)
		}
	}
	return c
}

// list is never null in JSON.
func list(values []string) []string {
	if values == nil {
		return []string{}
	}
	return values
}

// sid is the session at the identity provider, if that has one clear name.
func sid(id *access.Identity) string {
	for _, c := range id.Claims {
		if c.Name == sidClaim && len(c.Values) == 1 && len(c.Values[0]) <= maxSID {
			return c.Values[0]
		}
	}
	return ""
}

func (c *claims) incomplete(name string) {
	if !slices.Contains(c.Overflow, name) {
		c.Overflow = append(c.Overflow, name)
	}
}

// payload returns the JSON text of as many claims as fit, and whether those are all. It
// leaves out, until the rest fits: a name or an email address of more than 256 bytes,
// because people choose these themselves and could so do away with the rest; groups;
// roles; name; email. Lists and texts are left out whole. ErrTooLong: even then it does
// not fit.
func (c *claims) payload(fits func([]byte) bool) (text []byte, complete bool, err error) {
	complete = true
	for _, drop := range []func() bool{
		func() bool { return true },
		func() bool {
			long := len(c.Name) > longText && c.dropText(&c.Name, "name")
			return len(c.Email) > longText && c.dropText(&c.Email, "email") || long
		},
		func() bool { return c.dropList(&c.Groups, "groups") },
		func() bool { return c.dropList(&c.Roles, "roles") },
		func() bool { return c.dropText(&c.Name, "name") },
		func() bool { return c.dropText(&c.Email, "email") },
	} {
		if !drop() {
			continue
		}
		text, err = json.Marshal(c)
		if err != nil {
			return nil, false, fmt.Errorf("write the claims: %w", err)
		}
		if fits(text) {
			return text, complete, nil
		}
		complete = false
	}
	return nil, false, ErrTooLong
}

// dropText leaves out a text, and reports whether there was one.
func (c *claims) dropText(text *string, name string) bool {
	if *text == "" {
		return false
	}
	*text = ""
	c.incomplete(name)
	return true
}

// dropList leaves out a list, and reports whether it had members.
func (c *claims) dropList(list *[]string, name string) bool {
	if len(*list) == 0 {
		return false
	}
	*list = []string{}
	c.incomplete(name)
	return true
}

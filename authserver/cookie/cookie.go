// Package cookie names our cookies, writes them and reads them from a request.
// It knows nothing of what is inside them.
package cookie

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
	"time"
)

// Cookie is the name and the attributes of one of our cookies. All are
// HttpOnly and SameSite=Lax.
type Cookie struct {
	Name   string
	Path   string
	Domain string // empty: this host only
	Secure bool
}

// Set returns the value of a Set-Cookie header. A maxAge of zero or less makes
// a cookie that ends with the browser's session.
func (c Cookie) Set(value string, maxAge time.Duration) string {
	return c.line(value, max(int(maxAge/time.Second), 0))
}

// Delete returns the value of a Set-Cookie header that removes the cookie.
func (c Cookie) Delete() string {
	return c.line("", -1)
}

func (c Cookie) line(value string, maxAge int) string {
	h := http.Cookie{ //nolint:gosec // Secure is absent only with InsecureHTTP, which says so at every start
		Name: c.Name, Value: value, Path: c.Path, Domain: c.Domain, MaxAge: maxAge,
		Secure: c.Secure, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	}
	return h.String()
}

// ReturnSlots is how many return URLs that do not fit into the state can wait
// at one time.
const ReturnSlots = 3

// Set is every cookie of one deployment.
type Set struct {
	Ticket  Cookie
	Ticket1 Cookie // the ticket's second chunk
	Denial  Cookie
	Browser Cookie
	Seen    Cookie
	Renewal Cookie // there while a browser should not try again to renew a session
	Return  [ReturnSlots]Cookie

	// HandOver proves that one browser goes from an application's host to the
	// callback host; empty without Domain.
	HandOver Cookie
}

// Config says where and how cookies are set. The zero value of the optional
// fields is the strict choice.
type Config struct {
	// Domain shares the ticket between the hosts below it. It costs the __Host-
	// prefix, with which no sibling can plant one. Empty: this host only.
	Domain       string
	BasePath     string // with ClientID: keeps two deployments in one Domain apart
	ClientID     string
	CallbackPath string // return cookies are sent there alone

	// InsecureHTTP drops Secure and the name prefixes, for plain http on a laptop.
	InsecureHTTP bool
}

// New returns the deployment's cookies.
func New(cfg Config) Set {
	host := func(name string) Cookie {
		if cfg.InsecureHTTP {
			return Cookie{Name: name, Path: "/"}
		}
		return Cookie{Name: "__Host-" + name, Path: "/", Secure: true}
	}
	secure := func(name, path, domain string) Cookie {
		if cfg.InsecureHTTP {
			return Cookie{Name: name, Path: path, Domain: domain}
		}
		return Cookie{Name: "__Secure-" + name, Path: path, Domain: domain, Secure: true}
	}
	s := Set{
		Ticket:  host("easyauth"),
		Ticket1: host("easyauth-1"),
		Denial:  host("easyauth-state"),
		Browser: host("easyauth-browser"),
		Seen:    host("easyauth-seen"),
		Renewal: host("easyauth-renewal"),
	}
	if cfg.Domain != "" {
		sum := sha256.Sum256([]byte(cfg.ClientID + "\x00" + cfg.BasePath))
		name := "easyauth-" + hex.EncodeToString(sum[:3])
		s.Ticket = secure(name, "/", cfg.Domain)
		s.Ticket1 = secure(name+"-1", "/", cfg.Domain)
		s.HandOver = secure(name+"-handover", "/", cfg.Domain)
	}
	for i := range s.Return {
		s.Return[i] = secure("easyauth-return-"+string(rune('0'+i)), cfg.CallbackPath, "")
	}
	return s
}

// Values returns up to limit values that the request carries under exactly
// this name, over all Cookie lines, in their order. Several are possible: a
// browser sends one for each path and domain, and a client what it likes.
func Values(h http.Header, name string, limit int) []string {
	var out []string
	for _, line := range h["Cookie"] {
		for line != "" && len(out) < limit {
			var part string
			part, line, _ = strings.Cut(line, ";")
			n, value, ok := strings.Cut(strings.Trim(part, " \t"), "=")
			if ok && n == name {
				out = append(out, value)
			}
		}
	}
	return out
}

// Only returns the cookie's value if the request carries exactly one of this
// name. Of several, one may have been planted; none is taken.
func (c Cookie) Only(h http.Header) (string, bool) {
	values := Values(h, c.Name, 2)
	if len(values) != 1 || values[0] == "" {
		return "", false
	}
	return values[0], true
}

package config

import (
	"net/netip"
	"net/url"
	"path"
	"strconv"
	"strings"
)

// baseURL is an absolute URL without query, fragment or user name; https, or
// http on loopback.
type baseURL string

// Decode implements envconfig.Decoder.
func (b *baseURL) Decode(value string) error {
	if !goodBaseURL(value) {
		return expect("must be an absolute https URL without user name, query and fragment (http on localhost, 127.0.0.0/8 and [::1] only)")
	}
	*b = baseURL(value)
	return nil
}

func goodBaseURL(value string) bool {
	if strings.ContainsAny(value, `\#?%`) || strings.ContainsFunc(value, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return false
	}
	u, err := url.Parse(value)
	if err != nil || u.Opaque != "" || u.User != nil || u.Hostname() == "" || strings.HasSuffix(u.Host, ":") {
		return false
	}
	if port := u.Port(); port != "" {
		if _, err := strconv.ParseUint(port, 10, 16); err != nil {
			return false
		}
	}
	if strings.Contains(u.Path, "//") || path.Clean("/"+u.Path) != "/"+strings.Trim(u.Path, "/") {
		return false
	}
	return u.Scheme == "https" || u.Scheme == "http" && isLoopback(u.Hostname())
}

// isLoopback takes names below localhost for strangers: a resolver may know them.
func isLoopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return strings.EqualFold(host, "localhost") || err == nil && ip.Unmap().IsLoopback()
}

// isBelow reports whether name is domain or ends in a dot and domain.
func isBelow(name, domain string) bool {
	return name == domain || strings.HasSuffix(name, "."+domain)
}

// isGraphic reports whether s has at most limit bytes, all of them printable
// ASCII and none a blank.
func isGraphic(s string, limit int) bool {
	return len(s) <= limit && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' })
}

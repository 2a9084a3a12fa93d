package config

import (
	"net"
	"strings"
	"unicode"

	"golang.org/x/net/idna"
	"golang.org/x/net/publicsuffix"
)

// cookieDomain is the domain of a ticket that several hosts share, in lower
// case and punycode, without a leading dot.
type cookieDomain string

// Decode implements envconfig.Decoder. A public suffix is refused, because
// browsers do; so is what no browser would take for a domain.
func (d *cookieDomain) Decode(value string) error {
	name, err := idna.Lookup.ToASCII(strings.TrimPrefix(value, "."))
	switch {
	case err != nil || len(name) > 253 || !isDomain(name):
		return expect("must be a domain of at least two labels, such as example.com: no port, no scheme, no address, no star")
	case isPublicSuffix(name):
		return expect("must not be a public suffix such as co.uk or azurewebsites.net: browsers refuse cookies for it")
	case isOfStrangers(name):
		return expect("must not be a domain below which every name is a public suffix, such as compute-1.amazonaws.com: strangers have names there")
	}
	*d = cookieDomain(name)
	return nil
}

// isPublicSuffix reports whether a name in lower case and punycode is one below
// which anybody can get a name.
func isPublicSuffix(name string) bool {
	suffix, _ := publicsuffix.PublicSuffix(name)
	return suffix == name
}

// isOfStrangers reports whether names directly below this one belong to different
// people, because it is a public suffix or all of those are.
func isOfStrangers(name string) bool {
	suffix, _ := publicsuffix.PublicSuffix("any-name." + name)
	return len(suffix) >= len(name)
}

// callbackHost is a host with or without a port. Whether it is spelled well is
// checked with the hosts that are served, to which it belongs.
type callbackHost string

// Decode implements envconfig.Decoder.
func (h *callbackHost) Decode(value string) error {
	if strings.ContainsAny(value, "/*@, \t\r\n") {
		return expect("must be one host, such as login.example.com or login.example.com:8443: no scheme, no path, no star")
	}
	*h = callbackHost(value)
	return nil
}

// hosts checks and sets what belongs to the hosts that are served.
func (s *spec) hosts(r *report, c *Config) {
	c.Hosts, c.CallbackHost, c.CookieDomain = s.Hosts, string(s.CallbackHost), string(s.CookieDomain)
	if len(s.Hosts) == 0 {
		r.need("EASYAUTH_HOSTS", "is required: the hosts to protect and to return to, such as app.example.com or *.apps.example.com")
	}
	for i, entry := range s.Hosts {
		name := hostName(entry)
		switch isWildcard := strings.Contains(entry, "*"); {
		case !isDomain(name):
		case isPublicSuffix(name):
			r.fault("EASYAUTH_HOSTS", "entry %d is, or is all below, a public suffix such as github.io or co.uk: name your own host below it", i+1)
		case isWildcard && isOfStrangers(name):
			r.fault("EASYAUTH_HOSTS", "entry %d is all below a domain that is shared with strangers, such as compute-1.amazonaws.com: name your own hosts", i+1)
		}
	}
	if c.CallbackHost != "" && c.CookieDomain == "" && !r.has("EASYAUTH_COOKIE_DOMAIN") {
		r.fault("EASYAUTH_CALLBACK_HOST", "needs EASYAUTH_COOKIE_DOMAIN: a domain above it and above every host of EASYAUTH_HOSTS")
	}
	if c.CookieDomain != "" {
		for i, entry := range s.Hosts {
			if !isBelow(hostName(entry), c.CookieDomain) {
				r.fault("EASYAUTH_COOKIE_DOMAIN", "must be above every host of EASYAUTH_HOSTS; entry %d does not lie below it", i+1)
			}
		}
		if c.CallbackHost != "" && !isBelow(hostName(c.CallbackHost), c.CookieDomain) {
			r.fault("EASYAUTH_CALLBACK_HOST", "must lie below EASYAUTH_COOKIE_DOMAIN")
		}
	}
	if c.CallbackHost != "" && !served(c.CallbackHost, s.Hosts) {
		c.Hosts = append(append([]string(nil), s.Hosts...), c.CallbackHost)
	}
}

// served reports whether host stands among the entries. Scheme and case do not count.
func served(host string, entries []string) bool {
	for _, entry := range entries {
		if strings.EqualFold(strings.TrimPrefix(entry, "http://"), host) {
			return true
		}
	}
	return false
}

// hostName returns the name of an entry of HOSTS alone: without scheme, star,
// port and trailing dot, in lower case and punycode. It is "" when there is none.
func hostName(entry string) string {
	name := strings.TrimPrefix(strings.TrimPrefix(entry, "http://"), "*.")
	if host, _, err := net.SplitHostPort(name); err == nil {
		name = host
	}
	name = strings.ToLower(strings.TrimSuffix(name, "."))
	if !strings.ContainsFunc(name, func(r rune) bool { return r > unicode.MaxASCII }) {
		return name
	}
	name, err := idna.Lookup.ToASCII(name)
	if err != nil {
		return ""
	}
	return name
}

package config

import (
	"net/netip"
	"slices"
)

const maxProxies = 100

// proxies are networks in which the proxies are.
type proxies []netip.Prefix

// Decode implements envconfig.Decoder.
func (p *proxies) Decode(value string) error {
	var l list
	if err := l.Decode(value); err != nil {
		return err
	}
	if len(l) > maxProxies {
		return expect("must list at most %d networks; there are %d", maxProxies, len(l))
	}
	*p = nil
	for i, text := range l {
		network, err := netip.ParsePrefix(text)
		if addr, addrErr := netip.ParseAddr(text); addrErr == nil && addr.Zone() == "" {
			network, err = netip.PrefixFrom(addr, addr.BitLen()), nil
		}
		switch {
		case err != nil || network.Addr().Is4In6():
			return expect("must list networks such as 10.244.0.0/16 or fd00::/8, or addresses; entry %d is neither", i+1)
		case network != network.Masked():
			return expect("must list networks; entry %d has bits set behind its length: %s would be one", i+1, network.Masked())
		case network.Bits() == 0:
			return expect("must not hold everybody: entry %d would let each client say where it comes from", i+1)
		case slices.Contains(*p, network):
			return expect("must list every network once; entry %d is there twice", i+1)
		}
		*p = append(*p, network)
	}
	return nil
}

// deciding sets what policies are, and what they are told.
func (s *spec) deciding(r *report, c *Config) {
	const explain, trusted, api = "EASYAUTH_EXPLAIN", "EASYAUTH_TRUSTED_PROXIES", "EASYAUTH_TOKEN_API"
	c.Policies, c.Explain, c.TrustedProxies = r.policies, s.Explain, s.TrustedProxies
	if c.Policies != "" || r.partial || r.has(policiesKey) { // of what could not be read nobody knows whether there are some
		return
	}
	if c.Explain {
		r.warn(explain, "has no effect: the configuration file has no policies to explain")
	}
	if r.gave(trusted) && !s.TokenAPI && len(c.Upstreams) == 0 && !r.has(api, trusted, upstreamsVariable, upstreamsKey) {
		r.warn(trusted, "has no effect: without policies and EASYAUTH_TOKEN_API=true nobody asks where a request comes from")
	}
}

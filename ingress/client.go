package ingress

import (
	"net/http"
	"net/netip"
)

// ClientAddress is the address in X-Real-IP if there is exactly one, and a proxy of the
// given networks sent it; else the zero Addr. With no networks it is always zero: the
// header may be the client's own. IPv4 in IPv6 is IPv4; an address with a zone, which
// means nothing elsewhere, is none.
func ClientAddress(r *http.Request, proxies []netip.Prefix) netip.Addr {
	return addressOf(r, headerRealIP, proxies)
}

func addressOf(r *http.Request, header string, proxies []netip.Prefix) netip.Addr {
	lines := r.Header[header]
	if len(lines) != 1 || !Contains(proxies, PeerAddress(r)) {
		return netip.Addr{}
	}
	addr, err := netip.ParseAddr(lines[0])
	if err != nil || addr.Zone() != "" {
		return netip.Addr{}
	}
	return addr.Unmap()
}

// PeerAddress is who a request comes from, without port and zone; the zero Addr if that
// cannot be read. Behind a proxy it is the proxy.
func PeerAddress(r *http.Request) netip.Addr {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return peer.Addr().Unmap().WithZone("")
}

// Contains reports whether an address is in one of these networks.
func Contains(networks []netip.Prefix, addr netip.Addr) bool {
	for _, n := range networks {
		if n.Contains(addr) {
			return true
		}
	}
	return false
}

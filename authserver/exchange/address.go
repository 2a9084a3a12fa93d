package exchange

import (
	"net/http"
	"net/netip"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/cache"
)

// address is who a request is counted for: the address in X-Real-IP if a proxy that is
// trusted sent exactly one, else the peer's. Of IPv6 it is the network of 64 bits, which
// is what one customer has. An address that cannot be read is the zero prefix.
func (h *Handler) address(r *http.Request) netip.Prefix {
	port, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Prefix{}
	}
	peer := port.Addr().Unmap().WithZone("")
	for _, proxy := range h.TrustedProxies {
		if !proxy.Contains(peer) {
			continue
		}
		if values := r.Header.Values("X-Real-Ip"); len(values) == 1 {
			if named, err := netip.ParseAddr(values[0]); err == nil && named.Zone() == "" {
				return network(named.Unmap())
			}
		}
		break
	}
	return network(peer)
}

func network(a netip.Addr) netip.Prefix {
	bits := 32
	if a.Is6() {
		bits = 64
	}
	p, err := a.Prefix(bits)
	if err != nil {
		return netip.Prefix{}
	}
	return p
}

func addressKey(p netip.Prefix) [32]byte {
	return cache.Key([]byte("address"), []byte(p.String()))
}

func subjectKey(who access.Key) [32]byte {
	return cache.Key([]byte("subject"), []byte(who.Authority), []byte(who.ID))
}

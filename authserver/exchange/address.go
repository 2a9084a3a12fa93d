package exchange

import (
	"net/http"
	"net/netip"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/cache"
	"github.com/easyauth-sidecar/easyauth/ingress"
)

// address is who a request is counted for: the address in X-Real-IP if a proxy that is
// trusted sent exactly one, else the peer's. Of IPv6 it is the network of 64 bits, which
// is what one customer has. An address that cannot be read is the zero prefix.
func (h *Handler) address(r *http.Request) netip.Prefix {
	if client := ingress.ClientAddress(r, h.TrustedProxies); client.IsValid() {
		return network(client)
	}
	return network(ingress.PeerAddress(r))
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

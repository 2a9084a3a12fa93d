package inline

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"github.com/easyauth-sidecar/easyauth/ingress"
)

// identityNames are the headers that say who somebody is.
type identityNames struct {
	prefixes []string            // folded
	names    map[string]struct{} // folded
}

func newIdentityNames(prefixes, names []string) identityNames {
	n := identityNames{names: map[string]struct{}{}}
	for _, prefix := range prefixes {
		if prefix != "" {
			n.prefixes = append(n.prefixes, ingress.Fold(prefix))
		}
	}
	for _, name := range names {
		n.names[ingress.Fold(name)] = struct{}{}
	}
	return n
}

// isPlain reports whether a name is of letters, digits and hyphens: all others are dropped, as nginx does. An
// application may take "X_Injected_Oid", "X.Injected.Oid" or "Content_Length" for the name with hyphens.
func isPlain(name string) bool {
	for i := range len(name) {
		switch c := name[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-':
		default:
			return false
		}
	}
	return true
}

// drops reports whether a client's header goes to nobody: neither to the question nor to an application.
func (n *identityNames) drops(name string) bool {
	if !isPlain(name) {
		return true
	}
	for _, prefix := range n.prefixes {
		if ingress.HasPrefixFold(name, prefix) {
			return true
		}
	}
	switch name[0] | 0x20 { // most names end here
	case 'p':
		if strings.EqualFold(name, "Proxy") || ingress.HasPrefixFold(name, "proxy-") {
			return true
		}
	case 'h':
		if strings.EqualFold(name, "Http2-Settings") {
			return true
		}
	case 'x':
		for _, prefix := range [...]string{"x-forwarded", "x-easyauth-", "x-real-ip"} {
			if ingress.HasPrefixFold(name, prefix) {
				return true
			}
		}
	}
	return ingress.Rerouting(name) || n.has(name)
}

// has reports whether a plain name is one of the identity's.
func (n *identityNames) has(name string) bool {
	var folded [64]byte
	if len(name) > len(folded) { // no header of ours is longer
		return false
	}
	for i := range len(name) {
		c := name[i]
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		folded[i] = c
	}
	_, ok := n.names[string(folded[:len(name)])]
	return ok
}

const (
	headerForwardedFor = "X-Forwarded-For"
	headerRealIP       = "X-Real-Ip"
	headerUpgrade      = "Upgrade"
	setCookie          = "Set-Cookie"
)

// clean takes away what a client must not say, and says who it is as far as that is known. Connections are upgraded to
// WebSockets alone: in others (h2c) requests could follow that nobody judges.
func (s *Site) clean(r *http.Request, client netip.Addr) {
	for name := range r.Header {
		if name == "" || s.identity.drops(name) {
			delete(r.Header, name)
		}
	}
	r.Trailer = nil
	if client.IsValid() {
		r.Header[headerRealIP] = []string{client.String()}
	}
	if !asksForWebSocket(r) {
		delete(r.Header, headerUpgrade)
	}
}

// asksForWebSocket reports whether a request is the beginning of a WebSocket, and of nothing else.
func asksForWebSocket(r *http.Request) bool {
	up := r.Header[headerUpgrade]
	return len(up) == 1 && strings.EqualFold(up[0], "websocket") && r.Method == http.MethodGet && r.ProtoMajor == 1 && r.ContentLength == 0
}

// client is who sent a request, as far as trusted proxies tell, and the line of X-Forwarded-For that says so: the
// client, and then the trusted proxies that it came through. What stands before may be the client's own.
func (s *Site) client(r *http.Request) (client netip.Addr, chain string) {
	client = ingress.PeerAddress(r)
	if !client.IsValid() {
		return client, ""
	}
	chain = client.String()
	if !ingress.Contains(s.TrustedProxies, client) {
		return client, chain
	}
	for _, line := range slices.Backward(r.Header[headerForwardedFor]) {
		for line != "" {
			before, last := "", line
			if i := strings.LastIndexByte(line, ','); i >= 0 {
				before, last = line[:i], line[i+1:]
			}
			addr, err := netip.ParseAddr(strings.TrimSpace(last))
			if err != nil || addr.Zone() != "" { // a proxy that hides it, or text of the client's
				return netip.Addr{}, chain
			}
			client = addr.Unmap()
			chain = client.String() + ", " + chain
			if !ingress.Contains(s.TrustedProxies, client) {
				return client, chain
			}
			line = before
		}
	}
	return client, chain
}

// outgoing returns the headers of a request to an application: those of the client's that are left, and what is ours to
// say. h is the client's, and not used any more.
func (p *passage) outgoing(h http.Header) http.Header {
	if lines := h["Cookie"]; lines != nil {
		if lines = withoutOwn(lines); len(lines) == 0 {
			delete(h, "Cookie")
		} else {
			h["Cookie"] = lines
		}
	}
	if p.isToken != nil {
		if lines := slices.DeleteFunc(h["Authorization"], p.holdsToken); len(lines) == 0 {
			delete(h, "Authorization")
		} else {
			h["Authorization"] = lines
		}
	}
	if p.chain != "" {
		h[headerForwardedFor] = []string{p.chain}
	}
	h["X-Forwarded-Proto"] = []string{p.host.Scheme}
	h["X-Forwarded-Host"] = []string{p.host.Name}
	if p.client.IsValid() {
		h[headerRealIP] = []string{p.client.String()} // a Connection line of the client's may have named it
	}
	if p.identity == nil {
		return h
	}
	// Into the map that holds more: it was made for as many.
	for name, values := range p.identity {
		if name == setCookie || len(values) == 0 || values[0] == "" {
			delete(p.identity, name)
		}
	}
	for name, values := range h {
		if _, ours := p.identity[name]; !ours {
			p.identity[name] = values
		}
	}
	return p.identity
}

// holdsToken reports whether a line of Authorization holds a token of ours, whatever stands before it.
func (p *passage) holdsToken(line string) bool {
	return slices.ContainsFunc(strings.FieldsFunc(line, func(c rune) bool { return c == ' ' || c == '\t' || c == ',' || c == '"' || c == '=' }), p.isToken)
}

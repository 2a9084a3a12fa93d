package headers

import "net/http"

// MaxToken bounds a token that is handed over, in bytes. It is larger than what
// providers issue and leaves an answer within a proxy's buffer of 32k, both
// tokens together.
const MaxToken = 12000

// The tokens of a session, by place in Renderer.tokens.
const (
	accessToken = iota
	idToken
	tokenKinds
)

// slotToken is the place, in Renderer.slots, of the header of a token: that of a
// fixed header, but not among the values of a Rendered.
const slotToken = -1

// tokenHeader is the header of a token; without a name if it is not handed over.
type tokenHeader struct{ name, key string }

// addTokens takes the names of the tokens' headers before any claim can.
func (r *Renderer) addTokens(cfg Config) {
	take := func(kind int, name string) {
		r.tokens[kind] = tokenHeader{name: name, key: canonical(r.prefix, name)}
		r.slots[collision(name)] = slotToken
	}
	if cfg.PassAccessToken {
		take(accessToken, "access-token")
	}
	if cfg.PassIDToken {
		take(idToken, "id-token")
	}
	r.blank = []string{""}
}

// MaxBytes returns how many bytes all headers of one answer that this package
// writes take at most: Budget, and with tokens that are handed over the longest
// ones besides. A proxy's buffer must hold some hundred bytes more.
func (r *Renderer) MaxBytes() int {
	n := Budget
	for _, t := range r.tokens {
		if t.name != "" {
			n += MaxToken
		}
	}
	return n
}

// writeNoTokens gives the tokens' headers an empty value.
func (r *Renderer) writeNoTokens(h http.Header) {
	for _, t := range r.tokens {
		if t.name != "" {
			h[t.key] = r.blank[:1:1]
		}
	}
}

// WriteTokens hands over what the configuration lets it of a session's tokens, each
// as it is in a header of its own; the other is ignored. It must follow Write,
// which has left these headers empty. A token that is longer than MaxToken or
// holds what no token may (blanks at its ends, control characters, bytes outside
// of ASCII) leaves its header empty and is named in the overflow header:
// WriteTokens then returns true. An empty token is none.
func (v *Rendered) WriteTokens(h http.Header, access, id string) (overflow bool) {
	for kind, token := range [tokenKinds]string{accessToken: access, idToken: id} {
		t := v.r.tokens[kind]
		switch {
		case t.name == "" || token == "":
		case len(token) <= MaxToken && fieldContent(token):
			h[t.key] = []string{token}
		default:
			overflow = true
			v.nameToken(h, t.name)
		}
	}
	return overflow
}

// nameToken adds a token to what overflow names already.
func (v *Rendered) nameToken(h http.Header, name string) {
	key := v.keys[slotOverflow]
	if named := h[key]; len(named) > 0 && named[0] != "" {
		name = named[0] + separator + name
	}
	h[key] = []string{name}
}

// fieldContent tells what may stand in a header's value (RFC 9110, 5.5) and in a
// token (RFC 6749, A.12).
func fieldContent(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return s[0] != ' ' && s[len(s)-1] != ' '
}

package exchange

import (
	"errors"
	"fmt"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/seal"
	"github.com/easyauth-sidecar/easyauth/authserver/wire"
)

const (
	requestLifetime = 10 * time.Minute
	maxRequest      = 2000 // characters, sealed
	maxClientState  = 512  // characters
	maxReturned     = 600  // characters of redirect URI and state: a sign-in on the way brings both back, in a cookie
	challengeLength = 43   // characters: 32 bytes in base64url
	requestFormat   = 1
)

// request is what a program asks for: a code for its verifier, at its redirect URI.
type request struct {
	At        time.Time
	Redirect  string
	State     string // the program's own text, which comes back as it is; may be empty
	Challenge string
}

// readRequest checks the parameters of a program. Every error is a refusal.
func (h *Handler) readRequest(p params) (*request, error) {
	values, err := p.need("redirect_uri", "code_challenge")
	if err != nil {
		return nil, err
	}
	req := &request{At: h.Now(), Redirect: values[0], Challenge: values[1], State: p["state"]}
	if p["code_challenge_method"] != "S256" { // absent would mean plain
		return nil, malformed("transform algorithm not supported: code_challenge_method must be S256")
	}
	if t := p["response_type"]; t != "" && t != "code" {
		return nil, malformed("response_type can only be code")
	}
	if !isChallenge(req.Challenge) {
		return nil, malformed("code_challenge must be the 43 characters of a SHA-256 in base64url without padding")
	}
	if len(req.State) > maxClientState || !printable(req.State) {
		return nil, malformed("state can have at most 512 printable ASCII characters")
	}
	if err := h.redirects.check(req.Redirect); err != nil {
		return nil, malformed(err.Error())
	}
	if len(req.Redirect)+len(req.State) > maxReturned {
		return nil, malformed("redirect_uri and state can have at most 600 characters together")
	}
	return req, nil
}

// isChallenge reports the form of every S256 challenge. RFC 7636 allows more characters
// for methods that there are not.
func isChallenge(s string) bool {
	if len(s) != challengeLength {
		return false
	}
	for i := range len(s) {
		switch c := s[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '_':
		default:
			return false
		}
	}
	return true
}

// requests carries a request in the address that a person opens.
type requests struct {
	box *seal.Box
	now func() time.Time
}

// newRequests: anybody can have us seal one, so the key changes every hour.
func newRequests(ring *seal.Ring, now func() time.Time) (*requests, error) {
	box, err := ring.Box(seal.Config{Purpose: "program sign-in", MaxLength: maxRequest, Hourly: true, Now: now})
	return &requests{box, now}, err
}

// seal returns a text of at most 2,000 characters that opens on the same host alone.
func (c *requests) seal(host string, req *request) (string, error) {
	w := wire.Writer{requestFormat}
	w.Time(req.At)
	w.Text(req.Redirect)
	w.Text(req.State)
	w.Text(req.Challenge)
	return c.box.Seal(host, w)
}

var errRequestOld = errors.New("the program's request is older than 10 minutes")

// open returns errRequestOld, or another error for what is no request.
func (c *requests) open(host, text string) (*request, error) {
	plain, err := c.box.Open(host, text)
	switch {
	case errors.Is(err, seal.ErrStale):
		return nil, errRequestOld
	case err != nil:
		return nil, err
	case len(plain) == 0 || plain[0] != requestFormat:
		return nil, errors.New("a program's request of no known form")
	}
	r := wire.NewReader(plain[1:])
	req := &request{At: r.Time(), Redirect: r.Text(), State: r.Text(), Challenge: r.Text()}
	if err := r.End(); err != nil {
		return nil, fmt.Errorf("a program's request: %w", err)
	}
	if age := c.now().Sub(req.At); age >= requestLifetime || age < -time.Minute {
		return nil, errRequestOld
	}
	return req, nil
}

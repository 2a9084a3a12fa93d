package exchange

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/cache"
	"github.com/easyauth-sidecar/easyauth/authserver/seal"
	"github.com/easyauth-sidecar/easyauth/authserver/session"
	"github.com/easyauth-sidecar/easyauth/authserver/ticket"
)

const (
	codeLifetime = time.Minute
	codeLeeway   = time.Minute // how far another replica's clock may be ahead
	codesBytes   = 1 << 20     // of what this replica remembers, where nothing else does
)

// codes makes the codes that a program redeems. A code is the sealed identity of the
// person who confirmed. Its associated data hold the challenge and the redirect URI, so
// that it opens for the verifier and at the address that it was made for, and nowhere
// else; its own name keeps it from being a token or a cookie.
//
// Behind a dot it holds, sealed for the same code alone, the session of that person:
// what comes of the code ends with it.
type codes struct {
	codec    *ticket.Codec
	origins  *seal.Box
	sessions *session.Manager
	now      func() time.Time

	mu   sync.Mutex
	used *cache.Cache[struct{}]
}

func newCodes(codec *ticket.Codec, ring *seal.Ring, sessions *session.Manager, now func() time.Time) (*codes, error) {
	const longest = 256 // characters
	origins, err := ring.Box(seal.Config{Purpose: "program code session", MaxLength: longest})
	return &codes{codec: codec, origins: origins, sessions: sessions, now: now, used: cache.New[struct{}](codesBytes, now)}, err
}

// codeName is what a code is sealed for.
func codeName(challenge, redirect string) string {
	of := cache.Key([]byte(challenge), []byte(redirect))
	return "program code " + hex.EncodeToString(of[:])
}

// challengeOf is the S256 challenge of a verifier (RFC 7636, section 4.2).
func challengeOf(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// seal makes the code of a session for a request.
func (c *codes) seal(s *session.Session, req *request) (string, error) {
	now := c.now().UTC().Truncate(time.Millisecond)
	t := &ticket.Ticket{ID: ticket.NewID(), Issued: now, Expires: now.Add(codeLifetime), Identity: s.Identity}
	text, _, err := c.codec.SealText(codeName(req.Challenge, req.Redirect), t)
	if err != nil {
		return "", fmt.Errorf("seal a code: %w", err)
	}
	origin, err := c.origins.Seal(originName(text), c.sessions.Origin(s))
	if err != nil {
		return "", fmt.Errorf("seal a code: %w", err)
	}
	return text + "." + origin, nil
}

// originName is what the second half of a code is sealed for: the first.
func originName(text string) string {
	of := cache.Key([]byte(text))
	return hex.EncodeToString(of[:])
}

// opened is what a code holds.
type opened struct {
	*ticket.Ticket

	origin []byte // see session.Manager.IssueFrom
}

// open returns what a code holds. Every error is a refusal.
func (c *codes) open(code, verifier, redirect string) (*opened, error) {
	text, sealed, _ := strings.Cut(code, ".")
	t, _, err := c.codec.OpenText(codeName(challengeOf(verifier), redirect), text)
	if err != nil {
		return nil, notGranted(ReasonCodeInvalid, "the code is none, or not for this code_verifier and redirect_uri", err)
	}
	origin, err := c.origins.Open(originName(text), sealed)
	if err != nil {
		return nil, notGranted(ReasonCodeInvalid, "the code is not whole", err)
	}
	now := c.now()
	if !now.Before(t.Expires) || t.Issued.After(now.Add(codeLeeway)) || t.Identity.Key() == (access.Key{}) {
		return nil, notGranted(ReasonCodeExpired, "the code was good for 60 seconds", nil)
	}
	return &opened{t, origin}, nil
}

// use uses a code up. Where there is a store or a list of revoked tickets no replica
// takes it again; else this one does not.
func (c *codes) use(ctx context.Context, t *opened) error {
	until := t.Expires.Add(codeLeeway)
	first, err := c.first(ctx, t.ID, until)
	switch {
	case err != nil:
		return couldNotTell(ReasonStore, 0, err)
	case !first:
		return notGranted(ReasonCodeUsed, "the code was redeemed before", nil)
	}
	return nil
}

// first reports whether this id was not given before.
func (c *codes) first(ctx context.Context, id ticket.ID, until time.Time) (bool, error) {
	if c.sessions.CanEnd() {
		return c.sessions.Once(ctx, "program code "+hex.EncodeToString(id[:]), until)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	key := cache.Key(id[:])
	if _, used := c.used.Get(key); used {
		return false, nil
	}
	c.used.Put(key, struct{}{}, 0, until)
	return true, nil
}

package exchange

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
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
	used     *UsedCodes
}

func newCodes(codec *ticket.Codec, ring *seal.Ring, sessions *session.Manager, used *UsedCodes, now func() time.Time) (*codes, error) {
	const longest = 256 // characters
	origins, err := ring.Box(seal.Config{Purpose: "program code session", MaxLength: longest})
	return &codes{codec: codec, origins: origins, sessions: sessions, now: now, used: used}, err
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

// name is that of the session that comes of a code: each code has its own.
func (t *opened) name() session.Name {
	who := t.Identity.Key()
	issued := strconv.FormatInt(t.Issued.UnixMilli(), 10)
	return cache.Key([]byte("session of a program code"), t.ID[:], []byte(issued), []byte(who.Authority), []byte(who.ID))
}

// use uses a code up. Where there is a store or a list of revoked tickets no replica
// takes it again; else this one does not.
//
// Whoever brings one a second time has its verifier too, and one of two is not the
// program: what came of it ends (RFC 6749, section 4.1.2), where sessions can be ended.
// In a store a second one that comes while the first is still being answered may be too
// early for that.
func (c *codes) use(ctx context.Context, t *opened) error {
	until := t.Expires.Add(codeLeeway)
	first, err := c.first(ctx, t.ID, until)
	switch {
	case err != nil:
		return couldNotTell(ReasonStore, 0, err)
	case !first && c.sessions.CanEnd():
		if err := c.sessions.EndNamed(ctx, t.name()); err != nil {
			return couldNotTell(ReasonStore, 0, fmt.Errorf("a code came a second time: %w", err))
		}
		return notGranted(ReasonCodeUsed, "the code was redeemed before: what came of it has ended", nil)
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
	return c.used.take(id, until), nil
}

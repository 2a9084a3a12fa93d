package assertion

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/cache"
)

const (
	defaultLifetime = 5 * time.Minute
	minLifetime     = time.Minute
	maxLifetime     = time.Hour
	defaultCache    = 8 << 20 // bytes
	maxName         = 512     // bytes of an issuer or an audience
)

// ErrTooLong means that not even the smallest token fits the greatest length.
var ErrTooLong = errors.New("the assertion is too long, even without groups, roles, name and email")

// errNobody means that an identity has neither tenant and object nor issuer and subject.
var errNobody = errors.New("assertion: the identity has no key")

// Config of a Signer.
type Config struct {
	// Issuer is the claim iss, by which applications know who signed. Required: at most
	// 512 bytes of printable text.
	Issuer string

	Keys *Keys // required

	// Lifetime is the time from iat to exp: whole seconds, 1 minute to 1 hour; 0 means 5
	// minutes. A token can be used that long after its session has ended.
	Lifetime time.Duration

	CacheBytes int64            // bounds the tokens that are kept; 0 means 8 MB; negative is an error
	Now        func() time.Time // nil means time.Now
}

// Signer makes assertions, and keeps them for as long as they are good enough. It is safe
// for concurrent use. Make it with New.
type Signer struct {
	cfg  Config
	kept *cache.Cache[*kept]
}

// New returns a signer that has made no token yet.
func New(cfg Config) (*Signer, error) {
	if cfg.Lifetime == 0 {
		cfg.Lifetime = defaultLifetime
	}
	if cfg.CacheBytes == 0 {
		cfg.CacheBytes = defaultCache
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	switch {
	case cfg.Keys == nil || cfg.Keys.current.Load() == nil:
		return nil, errors.New("assertion: there are no keys")
	case !printable(cfg.Issuer):
		return nil, fmt.Errorf("assertion: the issuer is not 1 to %d bytes of printable text", maxName)
	case cfg.Lifetime < minLifetime || cfg.Lifetime > maxLifetime || cfg.Lifetime%time.Second != 0:
		return nil, fmt.Errorf("assertion: the lifetime is not %v to %v in whole seconds", minLifetime, maxLifetime)
	case cfg.CacheBytes < 0:
		return nil, errors.New("assertion: the size of the cache is negative")
	}
	return &Signer{cfg: cfg, kept: cache.New[*kept](cfg.CacheBytes, cfg.Now)}, nil
}

// Assertion returns a token for an identity and an audience, in at most longest bytes, that
// is good for at least half of the lifetime from now. complete is false when something
// that is known had to be left out to keep within longest; the claim overflow names it then.
//
// of stands for the ticket or token that said who it is, and for its version: the
// same of must mean the same content of id. A token is given out again for the same of,
// audience and person only. The zero of stands for nothing, and its tokens are not kept.
//
// Errors: ErrTooLong; an identity without a key; an audience that is not 1 to 512 bytes
// of printable text. id is only read.
//
// It does not decide whether the identity may pass, and does not shorten the token to
// what is left of a session.
func (s *Signer) Assertion(of [32]byte, id *access.Identity, audience string, longest int) (jwt string, complete bool, err error) {
	if id == nil {
		return "", false, errNobody
	}
	person := id.Key()
	now := s.cfg.Now()
	place := placeOf(of, audience)
	keys := s.cfg.Keys.current.Load()
	if k, ok := s.kept.Get(place); ok && k.is(person, audience, keys) && k.serves(longest, now) {
		return k.answer()
	}
	switch {
	case person == access.Key{}:
		return "", false, errNobody
	case !printable(audience):
		return "", false, fmt.Errorf("assertion: the audience is not 1 to %d bytes of printable text", maxName)
	}
	k, err := s.sign(id, keys, audience, longest, now)
	if err != nil {
		return "", false, err
	}
	if of != ([32]byte{}) {
		k.person, k.audience = cloned(person), strings.Clone(audience)
		s.kept.Put(place, k, k.size(), now.Truncate(time.Second).Add(s.cfg.Lifetime/2))
	}
	return k.answer()
}

// sign makes a token; one that would be too long has no text.
func (s *Signer) sign(id *access.Identity, keys *keySet, audience string, longest int, now time.Time) (*kept, error) {
	c := newClaims(id, s.cfg.Issuer, audience, now, s.cfg.Lifetime)
	k := &kept{keys: keys, issued: c.IssuedAt, longest: longest}
	payload, complete, err := c.payload(func(text []byte) bool { return keys.length(text) <= longest })
	switch {
	case errors.Is(err, ErrTooLong):
		return k, nil
	case err != nil:
		return nil, fmt.Errorf("assertion: %w", err)
	}
	k.complete = complete
	if k.jwt, err = keys.token(payload); err != nil {
		return nil, fmt.Errorf("assertion: %w", err)
	}
	return k, nil
}

// Bytes returns how many bytes the tokens that are kept take, never more than Limit.
func (s *Signer) Bytes() int64 { return s.kept.Bytes() }

// Limit returns the bound of Bytes.
func (s *Signer) Limit() int64 { return s.kept.Limit() }

// Len returns how many tokens are kept. Some may have expired.
func (s *Signer) Len() int { return s.kept.Len() }

func printable(text string) bool {
	if text == "" || len(text) > maxName || !utf8.ValidString(text) {
		return false
	}
	for _, r := range text {
		if !unicode.IsPrint(r) {
			return false
		}
	}
	return true
}

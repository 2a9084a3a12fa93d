package entra

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/easyauth-sidecar/easyauth/authserver/metrics"
)

// Times of a key set.
const (
	keyCoolDown = time.Minute    // between two fetches that unknown key ids cause
	keyRefresh  = 12 * time.Hour // between two fetches in the background
	keyMaxAge   = 24 * time.Hour // without a good fetch for this long, keys are no longer believed
)

// keySet holds the signing keys of one tenant, or of a plain provider.
//
// Only a key id that is not in the set makes it fetch, at most once a minute,
// with one fetch in flight for everybody who waits. A signature that does not
// fit a known key never does. A fetch that does not work keeps the keys that
// are there, for 24 hours since the last one that worked: two background
// refreshes may be missed, but a provider that withdrew a key while we could
// not reach it is not contradicted for ever.
type keySet struct {
	url       string
	client    *http.Client
	now       func() time.Time
	needKeyID bool // refuse tokens that name no key; else they may when there is exactly one
	counted   *metrics.Remote

	mu      sync.Mutex
	keys    []signingKey
	fetched time.Time     // when keys were read
	tried   time.Time     // when the last fetch began
	err     error         // what the last fetch came to
	flight  chan struct{} // closed at the end of the fetch that is under way; nil when there is none
}

// signed is a JWT whose signature fits.
type signed struct {
	payload       []byte
	alg, kid, typ string // of its header; typ in lower case
}

// verify checks the one signature of a compact JWT; what names it in errors ("id
// token"). A critical header is refused whatever it is (RFC 7797, section 6, lets
// a JWT have none that would be understood here). Headers that bring a key along
// or say where one is mean nothing. Errors are *Error: ReasonToken, or why the
// keys could not be fetched. Waiting for a fetch is bounded by ctx.
func (s *keySet) verify(ctx context.Context, what, jwt string, algs []string) (*signed, error) {
	allowed := make([]jose.SignatureAlgorithm, len(algs))
	for i, alg := range algs {
		allowed[i] = jose.SignatureAlgorithm(alg)
	}
	if strings.ContainsFunc(jwt, notInJWT) { // Go's base64 would skip line ends
		return nil, refuse(ReasonToken, "%s: it has a character that no JWT has", what)
	}
	jws, err := jose.ParseSignedCompact(jwt, allowed)
	if err != nil || len(jws.Signatures) != 1 {
		return nil, refuse(ReasonToken, "%s: no compact JWT with one signature of an algorithm that the provider uses", what)
	}
	header := jws.Signatures[0].Protected
	if _, critical := header.ExtraHeaders["crit"]; critical {
		return nil, refuse(ReasonToken, "%s: it has a critical header, and none is known here", what)
	}
	candidates, err := s.find(ctx, what, header.KeyID)
	if err != nil {
		return nil, err
	}
	for _, k := range candidates {
		if !k.fits(header.Algorithm) {
			continue
		}
		if payload, err := jws.Verify(k.key); err == nil {
			typ, _ := header.ExtraHeaders[jose.HeaderType].(string)
			return &signed{payload: payload, alg: header.Algorithm, kid: header.KeyID, typ: strings.ToLower(typ)}, nil
		}
	}
	return nil, refuse(ReasonToken, "%s: its signature does not fit the key that it names", what)
}

func notInJWT(r rune) bool {
	return (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && r != '-' && r != '_' && r != '.'
}

// has reports whether a key of this id is still believed. It never fetches.
func (s *keySet) has(id string) bool { return len(byID(s.current(), id)) > 0 }

// find returns the keys of this id, never none without an error.
func (s *keySet) find(ctx context.Context, what, id string) ([]signingKey, error) {
	keys := s.current()
	if found := byID(keys, id); len(found) > 0 {
		return found, nil
	}
	if id == "" {
		switch {
		case s.needKeyID, len(keys) > 1:
			return nil, refuse(ReasonToken, "%s: it does not say which key signed it", what)
		case len(keys) == 1:
			return keys, nil
		}
	}
	if err := s.refetch(ctx); err != nil {
		return nil, err
	}
	if found := byID(s.current(), id); len(found) > 0 {
		return found, nil
	}
	return nil, refuse(ReasonToken, "%s: signed with a key that the provider does not publish", what)
}

func byID(keys []signingKey, id string) []signingKey {
	var found []signingKey
	for _, k := range keys {
		if k.id == id && id != "" {
			found = append(found, k)
		}
	}
	return found
}

// current returns the keys that are still believed.
func (s *keySet) current() []signingKey {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.now().Sub(s.fetched) > keyMaxAge {
		return nil
	}
	return s.keys
}

// refetch waits for the fetch that is under way or, outside of the cool-down,
// for a new one. Within the cool-down it gives the last result again.
func (s *keySet) refetch(ctx context.Context) error {
	now := s.now()
	s.mu.Lock()
	if s.flight == nil && !s.tried.IsZero() && now.Sub(s.tried) < keyCoolDown {
		err := s.err
		s.mu.Unlock()
		return err
	}
	return s.join(ctx, now)
}

// refresh is refetch without the cool-down, for the background alone.
func (s *keySet) refresh(ctx context.Context) error {
	now := s.now()
	s.mu.Lock()
	return s.join(ctx, now)
}

// join is called with the lock held, and gives it back.
func (s *keySet) join(ctx context.Context, now time.Time) error {
	if s.flight == nil {
		s.flight = make(chan struct{})
		s.tried = now
		// Not the caller's context alone: others wait for the same fetch.
		go s.fetch(context.WithoutCancel(ctx), s.flight)
	}
	flight := s.flight
	s.mu.Unlock()
	select {
	case <-flight:
	case <-ctx.Done():
		return exchangeError("wait for the provider's keys", ctx.Err())
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// fetch replaces the keys if all goes well. It is bounded by fetchTimeout.
func (s *keySet) fetch(ctx context.Context, flight chan struct{}) {
	asking := s.counted.Begin()
	var at time.Time
	keys, err := recovered("read the provider's keys", func() ([]signingKey, error) {
		body, err := fetch(ctx, s.client, s.url, maxKeySet)
		if err != nil {
			return nil, err
		}
		at = s.now()
		return parseKeySet(body)
	})
	asking.End(resultOf(err))
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err = err; err == nil {
		s.keys, s.fetched = keys, at
	}
	s.flight = nil
	close(flight)
}

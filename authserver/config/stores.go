package config

import (
	"crypto/x509"
	"strings"
	"time"
)

// Where sessions are.
const (
	StoreCookie   = "cookie"
	StoreRedis    = "redis"
	StorePostgres = "postgres"
)

// Where it is noted that sessions ended before their time, when they are in
// cookies alone.
const (
	RevocationNone  = "none"
	RevocationRedis = "redis"
)

const maxStaleOK = 24 * time.Hour

// storeKind is where sessions are.
type storeKind string

// Decode implements envconfig.Decoder.
func (k *storeKind) Decode(value string) error {
	choice, err := choose(value, StoreCookie, StoreRedis, StorePostgres)
	*k = storeKind(choice)
	return err
}

// revocationKind is where ended sessions are noted.
type revocationKind string

// Decode implements envconfig.Decoder.
func (k *revocationKind) Decode(value string) error {
	choice, err := choose(value, RevocationNone, RevocationRedis)
	*k = revocationKind(choice)
	return err
}

// stores checks and sets where sessions are, and how to get there.
func (s *spec) stores(r *report, c *Config) {
	const store, revocation = "EASYAUTH_STORE", "EASYAUTH_REVOCATION"
	c.Store, c.Revocation = string(s.Store), string(s.Revocation)
	switch {
	case r.has(store):
	case c.Store == StoreCookie && c.Roles.workerAlone():
		r.fault(store, "must be redis or postgres for a worker alone: with cookies there is nothing for it to do")
	case c.Store != StoreCookie && c.Revocation != RevocationNone:
		r.need(revocation, "needs EASYAUTH_STORE=cookie: from a store a session that ends is deleted, and no list of such is kept")
	}
	unsure := r.has(store, revocation)
	postgres := s.postgresAddress(c.Store == StorePostgres)
	c.PostgresURL, _ = postgres.read(r, unsure)
	redis := s.redisAddress(c.Store == StoreRedis || c.Revocation == RevocationRedis)
	var from string
	c.RedisURL, from = redis.read(r, unsure)
	if s.RedisCAFile != "" {
		s.redisAuthorities(r, c, from, unsure || redis.needed)
	}
}

// redisAuthorities checks and sets the file of those who vouch for Redis, whose
// address came from a variable, or "" when it has none that is good.
func (s *spec) redisAuthorities(r *report, c *Config, from string, wanted bool) {
	const name = "EASYAUTH_REDIS_CA_FILE"
	pem := readSecret(r, name, s.RedisCAFile)
	switch {
	case r.has(name):
		return
	case !x509.NewCertPool().AppendCertsFromPEM([]byte(pem.Reveal())):
		r.fault(name, "must name a PEM file that holds at least one certificate")
	case !wanted:
		r.fault(name, "needs EASYAUTH_STORE=redis or EASYAUTH_REVOCATION=redis")
	case from != "" && !strings.HasPrefix(c.RedisURL.Reveal(), "rediss://") && !strings.HasPrefix(c.RedisURL.Reveal(), "valkeys://"):
		r.fault(name, "needs %s to begin with rediss://: without TLS nobody shows a certificate", from)
	default:
		c.RedisCAFile = s.RedisCAFile
	}
}

// sessions checks and sets what concerns sessions in a store.
func (s *spec) sessions(r *report, c *Config) {
	c.StaleOK, c.SessionCacheBytes = s.StaleOK, int(s.SessionCacheMB)<<20
	c.PassAccessToken, c.PassIDToken = s.PassAccessToken, s.PassIDToken
	if c.StaleOK < 0 || c.StaleOK > maxStaleOK {
		r.need("EASYAUTH_STALE_OK", "must be 0 (not at all) to 24h, such as 5m")
	}
	if c.Store != StoreCookie || r.has("EASYAUTH_STORE") {
		return
	}
	for _, of := range []struct {
		name  string
		asked bool
	}{
		{"EASYAUTH_STALE_OK", r.gave("EASYAUTH_STALE_OK")},
		{"EASYAUTH_PASS_ACCESS_TOKEN", c.PassAccessToken},
		{"EASYAUTH_PASS_ID_TOKEN", c.PassIDToken},
	} {
		if of.asked {
			r.need(of.name, "needs EASYAUTH_STORE=redis or postgres: cookies hold no tokens, and nobody refreshes them")
		}
	}
}

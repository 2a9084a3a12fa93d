package config

import (
	"net/url"
	"slices"
	"strings"
	"unicode"

	"github.com/easyauth-sidecar/easyauth/authserver/secret"
)

// storeAddress is where a store is reached, as it was given: a secret, because
// it may hold a password.
type storeAddress struct {
	name, fileName string // its two variables
	value          secretText
	path           string
	needed         bool   // by what was chosen
	who            string // needs it
	example        string
	check          func(text string) (problem string)
	clear          func(text string) bool // whether somebody on the way can read or answer
	safe           string                 // what to do about it
}

func (s *spec) redisAddress(needed bool) storeAddress {
	return storeAddress{
		name: "EASYAUTH_REDIS_URL", fileName: "EASYAUTH_REDIS_URL_FILE", value: s.RedisURL, path: s.RedisURLFile,
		needed: needed, who: "EASYAUTH_STORE=redis or EASYAUTH_REVOCATION=redis",
		example: "rediss://easyauth@redis.example.com:6380", check: checkRedisURL,
		clear: clearRedis, safe: "use rediss://",
	}
}

func (s *spec) postgresAddress(needed bool) storeAddress {
	return storeAddress{
		name: "EASYAUTH_POSTGRES_URL", fileName: "EASYAUTH_POSTGRES_URL_FILE", value: s.PostgresURL, path: s.PostgresURLFile,
		needed: needed, who: "EASYAUTH_STORE=postgres",
		example: "postgres://easyauth@db.example.com/easyauth?sslmode=verify-full", check: checkPostgresURL,
		clear: clearPostgres, safe: "use sslmode=verify-full",
	}
}

// read returns the address and the variable from which it came, its own or that
// of a file; both empty when there is no good one. With unsure, what decides
// whether it is needed has a fault of its own, and nothing is said of that.
func (a storeAddress) read(r *report, unsure bool) (address secret.String, from string) {
	switch {
	case !a.value.Empty() && a.path != "":
		r.fault(a.name, "is set together with %s: set one of them", a.fileName)
	case !a.value.Empty():
		address, from = a.value.String, a.name
	case a.path != "":
		address, from = readSecret(r, a.fileName, a.path), a.fileName
	case a.needed && !unsure:
		r.need(a.name, "is required with %s, or %s: such as %s", a.who, a.fileName, a.example)
	}
	if address.Empty() {
		return secret.String{}, ""
	}
	switch problem := a.check(address.Reveal()); {
	case problem != "":
		r.fault(from, "%s", problem)
	case !a.needed && !unsure:
		r.fault(from, "needs %s", a.who)
	default:
		if a.clear(address.Reveal()) {
			r.warn(from, "leads over the network in clear text, or to a server that proves nothing: %s", a.safe)
		}
		return address, from
	}
	return secret.String{}, ""
}

const maxStoreURL = 2048 // bytes

// checkRedisURL returns what is wrong with an address at first sight; "" when
// nothing is. Whoever connects reads the rest.
func checkRedisURL(text string) (problem string) {
	u, err := url.Parse(text)
	if err != nil || !isGraphic(text, maxStoreURL) || !slices.Contains([]string{"redis", "rediss", "valkey", "valkeys"}, u.Scheme) || u.Hostname() == "" || u.Fragment != "" {
		return "must be a URL such as redis://redis.example.com:6379 or rediss://user:password@redis.example.com:6380/0; what is special in a password is percent-encoded"
	}
	return ""
}

// checkPostgresURL does the same for one of libpq's two forms.
func checkPostgresURL(text string) (problem string) {
	const form = "must be a URL such as postgres://easyauth@db.example.com/easyauth?sslmode=verify-full, or host=… user=… dbname=… and so on, on one line"
	isURL := strings.HasPrefix(text, "postgres://") || strings.HasPrefix(text, "postgresql://")
	keyword, _, isList := strings.Cut(text, "=")
	isList = isList && !strings.ContainsFunc(keyword, func(r rune) bool { return !isLetterOrDigit(r) && r != '_' && r != ' ' })
	if strings.ContainsFunc(text, unicode.IsControl) || len(text) > maxStoreURL || !isURL && !isList {
		return form
	}
	return ""
}

// clearRedis reports whether an address is on another machine and without TLS.
func clearRedis(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "redis" || u.Scheme == "valkey") && !isLoopback(u.Hostname())
}

// clearPostgres reports whether a server of another machine need not prove who it
// is. Only addresses that are URLs are looked at.
func clearPostgres(text string) bool {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" || u.Hostname() == "" || isLoopback(u.Hostname()) {
		return false
	}
	mode := u.Query().Get("sslmode")
	return mode != "verify-full" && mode != "verify-ca"
}

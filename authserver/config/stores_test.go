package config

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"path/filepath"
	"strings"
	"testing"
)

const redisURL = "redis://redis.example.com:6379"

// redis is a configuration with Redis as the store, without one of its variables.
func redis(but string) map[string]string {
	changes := map[string]string{"EASYAUTH_STORE": "redis", "EASYAUTH_REDIS_URL": redisURL}
	delete(changes, but)
	return changes
}

func postgres() map[string]string {
	return map[string]string{"EASYAUTH_STORE": "postgres", "EASYAUTH_POSTGRES_URL": "postgres://db.example.com/easyauth"}
}

// certificatePEM is a certificate that nobody asks for more than its form.
func certificatePEM(t *testing.T) string {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

func TestStore(t *testing.T) {
	const kinds, missing = "must be cookie, redis or postgres", "is required with EASYAUTH_STORE="
	checkRefusals(t, "EASYAUTH_STORE", []refusal{
		{"unknown", marker, "Cookie", kinds, nil},
		{"memory", "memory", "cookie", kinds, nil},
		{"unknown, with an address", marker, "redis", kinds, redis("EASYAUTH_STORE")},
		{"unknown, with all that a store needs", marker, "redis", kinds, map[string]string{
			"EASYAUTH_REDIS_URL": redisURL, "EASYAUTH_STALE_OK": "1m", "EASYAUTH_PASS_ID_TOKEN": "true",
		}},
	})
	checkRefusals(t, "EASYAUTH_REDIS_URL", []refusal{
		{"no address for sessions", "", redisURL, missing, redis("")},
		{"no address for revocations", "", redisURL, missing, map[string]string{"EASYAUTH_REVOCATION": "redis"}},
		{"with cookies", redisURL, "", "needs EASYAUTH_STORE=redis or EASYAUTH_REVOCATION=redis", nil},
		{"with PostgreSQL", redisURL, "", "needs EASYAUTH_STORE=redis", postgres()},
	})
	checkRefusals(t, "EASYAUTH_POSTGRES_URL", []refusal{
		{"no address", "", "postgres://db.example.com/easyauth", missing, postgres()},
		{"with cookies", "postgres://" + marker, "", "needs EASYAUTH_STORE=postgres", nil},
		{"with Redis", "postgres://" + marker, "", "needs EASYAUTH_STORE=postgres", redis("")},
	})
	checkRefusals(t, "EASYAUTH_REVOCATION", []refusal{
		{"unknown", marker, "None", "must be none or redis", nil},
		{"PostgreSQL", "postgres", "none", "must be none or redis", nil},
		{"with Redis", "redis", "none", "needs EASYAUTH_STORE=cookie", redis("")},
		{"unknown, with an address", marker, "redis", "must be none or redis", map[string]string{"EASYAUTH_REDIS_URL": redisURL}},
	})
	// Both have something to say of a revocation list beside a store.
	_, _, faults := load(t, with(postgres(), map[string]string{"EASYAUTH_REVOCATION": "redis", "EASYAUTH_REDIS_URL": redisURL}))
	if len(faults) != 1 || faults[0].Name != "EASYAUTH_REVOCATION" {
		t.Errorf("got %v", faults)
	}
}

func TestWhatNeedsAStore(t *testing.T) {
	const needs = "needs EASYAUTH_STORE=redis or postgres"
	for name, rows := range map[string][]refusal{
		"EASYAUTH_STALE_OK": {
			{"with cookies", "1m", "", needs, nil},
			{"the default, with cookies", "5m", "", needs, nil},
			{"no duration", marker, "90s", "must be a duration", redis("")},
			{"negative", "-1s", "0", "must be 0 (not at all) to 24h", redis("")},
			{"over a day", "24h1s", "24h", "must be 0 (not at all) to 24h", postgres()},
		},
		"EASYAUTH_SESSION_CACHE_MB": {
			{"too much, with cookies", "1025", "16", "from 1 to 1024", nil},
			{"none", "0", "1", "from 1 to 1024", redis("")},
			{"too much", "1025", "1024", "from 1 to 1024", postgres()},
			{"a unit", "16MB", "16", "from 1 to 1024", redis("")},
		},
		"EASYAUTH_PASS_ACCESS_TOKEN": {
			{"with cookies", "true", "false", needs, nil},
			{"no boolean", marker, "true", "must be true or false", redis("")},
		},
		"EASYAUTH_PASS_ID_TOKEN": {
			{"with cookies", "true", "false", needs, nil},
			{"with revocations alone", "true", "false", needs, map[string]string{"EASYAUTH_REVOCATION": "redis", "EASYAUTH_REDIS_URL": redisURL}},
			{"no boolean", marker, "true", "must be true or false", postgres()},
		},
	} {
		checkRefusals(t, name, rows)
	}
}

func TestStoreAddresses(t *testing.T) {
	const form = "must be a URL such as redis://"
	checkRefusals(t, "EASYAUTH_REDIS_URL", []refusal{
		{"no URL", marker, redisURL, form, redis("")},
		{"host and port", marker + ":6379", "redis://" + marker + ":6379", form, redis("")},
		{"another scheme", "https://" + marker, "rediss://" + marker, form, redis("")},
		{"a socket", "unix:///run/" + marker, "redis://" + marker, form, redis("")},
		{"no host", "redis:///0", "redis://[::1]/0?master_set=main&addr=h:1", form, redis("")},
		{"a port that is none", "redis://" + marker + ":port", "redis://" + marker + ":1", form, redis("")},
		{"a password that is not escaped", "redis://u:" + marker + "#@h", "redis://u:" + marker + "%23@h", form, redis("")},
		{"a blank", "redis://h " + marker, "redis://h", form, redis("")},
	})
	const postgresForm = "must be a URL such as postgres://"
	checkRefusals(t, "EASYAUTH_POSTGRES_URL", []refusal{
		{"no URL", marker, "dbname=" + marker, postgresForm, postgres()},
		{"another scheme", "mysql://" + marker + "/?a=b", "postgresql://" + marker + "/?sslmode=require", postgresForm, postgres()},
		{"two lines", "host=a\nuser=" + marker, "host=a user=" + marker, postgresForm, postgres()},
		{"no host", "postgres:" + marker, "postgres://", postgresForm, postgres()},
		{"too long", "postgres://" + strings.Repeat("x", maxStoreURL), "postgres://a:1,b:2/" + strings.Repeat("x", maxStoreURL-20), postgresForm, postgres()},
	})
}

func TestStoreFiles(t *testing.T) {
	dir := t.TempDir()
	file := func(name, content string) string {
		path := filepath.Join(dir, name)
		writeFile(t, path, content)
		return path
	}
	good, bad, absent := file("good", redisURL+"\n"), file("bad", marker+"\n"), filepath.Join(dir, "absent")
	noURL := redis("EASYAUTH_REDIS_URL")
	checkRefusals(t, "EASYAUTH_REDIS_URL_FILE", []refusal{
		{"absent", absent, good, "must name a file that can be read; " + absent + ": no such file", noURL},
		{"no URL", bad, good, "must be a URL such as redis://", noURL},
		{"two lines", file("two", redisURL+"\n"+redisURL+"\n"), good, "must be a URL such as redis://", noURL},
		{"the URL itself", "redis://" + marker, good, "(not shown", noURL},
		{"with cookies", good, "", "needs EASYAUTH_STORE=redis", nil},
	})
	list := file("list", "host=db dbname=easyauth\n")
	checkRefusals(t, "EASYAUTH_POSTGRES_URL_FILE", []refusal{
		{"absent", absent, list, "must name a file", map[string]string{"EASYAUTH_STORE": "postgres"}},
		{"no URL", bad, list, "must be a URL such as postgres://", map[string]string{"EASYAUTH_STORE": "postgres"}},
		{"with cookies", list, "", "needs EASYAUTH_STORE=postgres", nil},
	})
	authority, tls := file("authority", certificatePEM(t)), map[string]string{"EASYAUTH_REDIS_URL": "rediss://h"}
	checkRefusals(t, "EASYAUTH_REDIS_CA_FILE", []refusal{
		{"absent", absent, authority, "must name a file", with(redis(""), tls)},
		{"no certificate", bad, authority, "at least one certificate", with(redis(""), tls)},
		{"without TLS", authority, "", "needs EASYAUTH_REDIS_URL to begin with rediss://", redis("")},
		{"with cookies", authority, "", "needs EASYAUTH_STORE=redis", nil},
		{"with PostgreSQL", authority, "", "needs EASYAUTH_STORE=redis", postgres()},
	})
	for name, changes := range map[string]map[string]string{
		"EASYAUTH_REDIS_URL": redis(""), "EASYAUTH_POSTGRES_URL": postgres(),
	} {
		_, _, faults := load(t, with(changes, map[string]string{name + "_FILE": good}))
		if len(faults) != 1 || faults[0].Name != name || !strings.Contains(faults[0].Expected, "together with "+name+"_FILE") {
			t.Errorf("%s: got %v", name, faults)
		}
	}
}

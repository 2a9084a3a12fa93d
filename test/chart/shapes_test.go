package chart

import (
	"testing"

	"github.com/easyauth-sidecar/easyauth/authserver/config"
)

// minimal is the smallest set of values.
const minimal = `
image: {repository: registry.example.com/easyauth}
hosts: [app.example.com]
tenantId: ` + tenantID + `
clientId: ` + clientID + `
`

// secret is a credential for minimal.
const secret = `
clientSecretRef: {name: easyauth-client}
`

// shape is a way to install the chart.
type shape struct {
	name   string
	values string
	// outside are the Secrets and ConfigMaps that somebody else makes, "kind/name/entry", with what is in them.
	outside   map[string]string
	keepNotes bool // as a golden file too
}

// shapes are the ways that are documented. Each has a golden file, and must hold whatever the tests here ask.
func shapes(t *testing.T) []shape {
	t.Helper()
	keys := map[string]string{"Secret/easyauth-keys/keys": aKey}
	with := func(more map[string]string) map[string]string {
		all := map[string]string{}
		for _, m := range []map[string]string{keys, more} {
			for name, content := range m {
				all[name] = content
			}
		}
		return all
	}
	client := map[string]string{"Secret/easyauth-client/client-secret": "s3cret\n"}
	pair := newPair(t)
	return []shape{
		{name: "minimal", values: minimal + secret, outside: with(client), keepNotes: true},
		{name: "given", values: minimal + "clientSecret: s3cret\nkeys: " + aKey + "\n"},
		{name: "existing-secret", values: minimal + "existingSecret: ours\n", outside: map[string]string{"Secret/ours/keys": aKey, "Secret/ours/client-secret": "s3cret"}},
		{name: "certificate", values: read(t, "testdata/certificate.yaml"), outside: with(map[string]string{"Secret/easyauth-certificate/tls.crt": pair.certificate, "Secret/easyauth-certificate/tls.key": pair.key})},
		{name: "workload-identity", values: read(t, "testdata/workload-identity.yaml"), outside: keys},
		{name: "several-tenants", values: read(t, "testdata/several-tenants.yaml"), outside: keys},
		{name: "redis", values: read(t, "testdata/redis.yaml"), outside: with(map[string]string{
			"Secret/easyauth-client/client-secret": "s3cret", "Secret/easyauth-redis/url": "rediss://easyauth:p@redis.example.com:6380/0", "ConfigMap/redis-ca/ca.crt": pair.certificate,
		})},
		{name: "revocation", values: minimal + secret + "revocation: redis\nredis: {urlRef: {name: easyauth-redis, key: address}}\n", outside: with(map[string]string{
			"Secret/easyauth-client/client-secret": "s3cret", "Secret/easyauth-redis/address": "rediss://easyauth:p@redis.example.com/0",
		})},
		{name: "postgres", values: read(t, "testdata/postgres.yaml"), outside: with(map[string]string{
			"Secret/easyauth-client/client-secret": "s3cret", "Secret/easyauth-postgres/url": "postgres://easyauth:p@db.example.com/easyauth?sslmode=verify-full", "Secret/db-ca/ca.crt": pair.certificate,
		})},
		{name: "roles-apart", values: read(t, "testdata/roles-apart.yaml"), keepNotes: true, outside: with(map[string]string{
			"Secret/easyauth-client/client-secret": "s3cret", "Secret/easyauth-assertion/assertion-keys.pem": aSigningKey(t), "Secret/easyauth-redis/url": "rediss://easyauth:p@redis.example.com:6379/0",
		})},
		{name: "roles-apart-cookies", values: minimal + secret + "roles: {separate: true}\n", outside: with(client)},
		{name: "config-file", values: read(t, "testdata/config-file.yaml"), outside: with(client)},
		{name: "other-provider", values: read(t, "testdata/other-provider.yaml"), outside: with(client)},
		{name: "profile-oauth2-proxy", values: read(t, "testdata/profile-oauth2-proxy.yaml"), outside: with(client), keepNotes: true},
		{name: "profile-pomerium", values: read(t, "testdata/profile-pomerium.yaml"), keepNotes: true, outside: with(map[string]string{
			"Secret/easyauth-client/client-secret": "s3cret", "Secret/easyauth-assertion/assertion-keys.pem": aSigningKey(t),
		})},
		{name: "profile-authentik", values: read(t, "testdata/profile-authentik.yaml"), outside: with(client), keepNotes: true},
		{name: "easyauthfork8s", values: read(t, "testdata/easyauthfork8s.yaml"), outside: keys, keepNotes: true},
		{name: "inline", values: read(t, "testdata/inline.yaml"), outside: keys, keepNotes: true},
		{name: "adapters", values: read(t, "testdata/adapters.yaml"), keepNotes: true, outside: with(map[string]string{
			"Secret/easyauth-client/client-secret": "s3cret", "Secret/easyauth-proxy/proxy-secret": "0123456789abcdef0123456789abcdef\n",
		})},
		{name: "traefik", values: minimal + secret + "adapters: [forward]\ningress: {enabled: false}\n", outside: with(client), keepNotes: true},
		{name: "full", values: read(t, "testdata/full.yaml"), keepNotes: true, outside: map[string]string{
			"Secret/easyauth-client/secret": "s3cret", "Secret/our-keys/keyring": aKey, "Secret/our-signing-keys/signing.pem": aSigningKey(t), "Secret/easyauth-redis/url": "rediss://easyauth:p@redis.example.com:6380/0",
			"Secret/redis-ca/ca.crt": pair.certificate, "ConfigMap/corporate-ca/bundle.pem": pair.certificate, "ConfigMap/brand/logo.png": aPicture(t),
			"Secret/easyauth-listener/tls.crt": pair.certificate, "Secret/easyauth-listener/tls.key": pair.key, "ConfigMap/our-settings/easyauth.yaml": "EASYAUTH_SESSION_IDLE: 1h\n",
			"Secret/otel/headers": "authorization=Bearer%20x", "PersistentVolumeClaim/audit": "",
		}},
	}
}

// rendering is a shape as Helm renders it, and as EasyAuth reads it.
type rendering struct {
	shape
	text    string // without a cluster
	all     []object
	configs map[string]*config.Config // by Deployment
	notes   string                    // with a cluster
}

// Every shape holds all that the tests of this package ask of a rendering.
func TestShapes(t *testing.T) {
	for _, s := range shapes(t) {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			r := rendering{shape: s, text: render(t, s.values)}
			r.all = objects(t, r.text)
			r.configs = load(t, s, r.all)
			r.notes = notes(t, s.values)
			for name, check := range map[string]func(*testing.T, rendering){
				"decodes": decodes, "is restricted": isRestricted, "selects": selects, "ports": leadsToPorts, "references": refers, "limits": limits,
				"configuration": configures, "notes": tells, "test pod": testsItself, "golden": asKept, "lint": lints,
			} {
				t.Run(name, func(t *testing.T) { check(t, r) })
			}
		})
	}
}

package config

import (
	"log/slog"
	"net/netip"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/secret"
)

const otherGUID = "5d0c8c2a-7a43-4c0f-9f2d-1e6b6a4f0c33"

// usage is a configuration and what comes of it.
type usage struct {
	name string
	vars map[string]string
	want *Config
}

// usages set every variable between them, in as few configurations as exclude
// nothing.
func usages(t *testing.T) []usage {
	t.Helper()
	dir := t.TempDir()
	path := func(name, content string) string {
		writeFile(t, filepath.Join(dir, name), content)
		return filepath.Join(dir, name)
	}
	secretFile, proxySecretFile, keysFile, logoFile := path("secret", "from-file\n"), path("proxy", "0123456789abcdef\n another-of-16-bytes\n"), path("keys", keyText(7)+"\n"+keyText(8)+"\nnext:"+keyText(9)+"\n"), path("logo", "a picture\n")
	assertionKeys := path("assertion-keys", "two keys\n")
	certificate, keyFile, token := path("certificate", "a certificate\n"), path("key", "a key\n"), path("token", "a token\n")
	noSecret := without("EASYAUTH_CLIENT_SECRET")
	changed := func(change func(*Config)) *Config {
		c := defaults()
		change(c)
		return c
	}
	redisFile, postgresFile, authorities := path("redis", "redis://redis.example.com\n"), path("postgres", "postgres://db.example.com/easyauth\n"), path("authorities", certificatePEM(t))
	vars, want := everything(secretFile, proxySecretFile, keysFile, logoFile, assertionKeys, authorities, path("settings.yaml", "EASYAUTH_LOG_LEVEL: warn\n"), listenerFiles(t))
	return []usage{
		{"everything", vars, want},
		{"another provider", with(without("EASYAUTH_TENANT_ID"), map[string]string{
			"EASYAUTH_ISSUER": "https://idp.example.org/realms/a/", "EASYAUTH_ROLES_CLAIM": "realm_access.roles",
			"EASYAUTH_GROUPS_CLAIM": "https://example.org/groups", "EASYAUTH_SCOPES_CLAIM": "scp",
		}), changed(func(c *Config) {
			c.Kind, c.Cloud, c.Instance, c.TenantID, c.V1Issuer = KindOIDC, "", "", "", ""
			c.Issuer, c.Groups, c.ReadRegistration = "https://idp.example.org/realms/a/", "claims", false
			c.RolesClaim, c.GroupsClaim, c.ScopesClaim = "realm_access.roles", "https://example.org/groups", "scp"
		})},
		{"B2C", with(map[string]string{
			"EASYAUTH_INSTANCE": "https://contoso.b2clogin.com", "EASYAUTH_TENANT_ID": "contoso.onmicrosoft.com", "EASYAUTH_SIGNUP_SIGNIN_POLICY": "B2C_1_susi",
		}), changed(func(c *Config) {
			c.Kind, c.Instance, c.TenantID, c.Policy, c.V1Issuer = KindB2C, "https://contoso.b2clogin.com", "contoso.onmicrosoft.com", "B2C_1_susi", ""
			c.Issuer, c.Groups, c.ReadRegistration = "https://contoso.b2clogin.com/contoso.onmicrosoft.com/B2C_1_susi/v2.0", "claims", false
		})},
		{"the headers of another product", with(map[string]string{"EASYAUTH_HEADER_PROFILE": "Authentik", "EASYAUTH_HEADER_MAP": "X-Dept=department none ,"}), changed(func(c *Config) {
			c.HeaderProfile, c.HeaderMap = "authentik", []HeaderMapping{{"X-Dept", "department", "None", ","}}
		})},
		{"a secret", with(map[string]string{"EASYAUTH_CLIENT_SECRET": "s", "EASYAUTH_KEYS": keyText(2)}), changed(func(c *Config) {
			c.Credential, c.Keys = Credential{Secret: secret.New("s")}, [][]byte{key(2)}
		})},
		{"a certificate and its key", with(noSecret, map[string]string{
			"EASYAUTH_CLIENT_CERTIFICATE_FILE": certificate, "EASYAUTH_CLIENT_KEY_FILE": keyFile,
		}), changed(func(c *Config) { c.Credential = Credential{CertificateFile: certificate, KeyFile: keyFile} })},
		{"workload identity", with(noSecret, map[string]string{"AZURE_FEDERATED_TOKEN_FILE": token}), changed(func(c *Config) {
			c.Credential = Credential{FederatedTokenFile: token}
		})},
		{"revocations", with(map[string]string{"EASYAUTH_REVOCATION": "Redis", "EASYAUTH_REDIS_URL_FILE": redisFile}), changed(func(c *Config) {
			c.Revocation, c.RedisURL = RevocationRedis, secret.New("redis://redis.example.com")
		})},
		{"PostgreSQL", with(map[string]string{"EASYAUTH_STORE": "postgres", "EASYAUTH_POSTGRES_URL": "host=/run/postgresql dbname=easyauth"}), changed(func(c *Config) {
			c.Store, c.PostgresURL = StorePostgres, secret.New("host=/run/postgresql dbname=easyauth")
		})},
		{"another receiver of traces", with(map[string]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "https://traces.example.com/v1/traces"}), changed(func(c *Config) { c.Tracing = true })},
		{"PostgreSQL from a file", with(map[string]string{"EASYAUTH_STORE": "postgres", "EASYAUTH_POSTGRES_URL_FILE": postgresFile}), changed(func(c *Config) {
			c.Store, c.PostgresURL = StorePostgres, secret.New("postgres://db.example.com/easyauth")
		})},
	}
}

func everything(secretFile, proxySecretFile, keysFile, logoFile, assertionKeys, authorities, configFile string, listener pairOfFiles) (vars map[string]string, want *Config) {
	vars = map[string]string{
		"EASYAUTH_CLOUD":                   "USGovDoD",
		"EASYAUTH_INSTANCE":                "https://idp.example.org/base/",
		"EASYAUTH_TENANT_ID":               "Organizations",
		"EASYAUTH_ALLOWED_TENANTS":         strings.ToUpper(tenantGUID) + ", " + otherGUID,
		"EASYAUTH_CLIENT_ID":               "client",
		"EASYAUTH_CLIENT_CAPABILITIES":     "cp1",
		"EASYAUTH_CLIENT_SECRET_FILE":      secretFile,
		"EASYAUTH_READ_REGISTRATION":       "false",
		"EASYAUTH_ALLOW_BEARER":            "true",
		"EASYAUTH_AUDIENCES":               "api://orders, https://orders.example.com/",
		"EASYAUTH_BEARER_FOREIGN_AUDIENCE": "Ignore",
		"EASYAUTH_BEARER_CACHE_MB":         "32",
		"EASYAUTH_CORS_ORIGINS":            "https://APP.example.com:443 http://localhost:3000",
		"EASYAUTH_TOKEN_API":               "true",
		"EASYAUTH_TOKEN_LIFETIME":          "15m",
		"EASYAUTH_EXCHANGE_AUDIENCES":      "api://shop, " + otherGUID,
		"EASYAUTH_EXCHANGE_CLIENTS":        tenantGUID,
		"EASYAUTH_EXCHANGE_ROLES":          "api://shop a:b=c,d Reader\n" + otherGUID + " x y",
		"EASYAUTH_PROGRAMMATIC_REDIRECTS":  "https://tools.example.com/back",
		"EASYAUTH_GROUPS":                  "ALWAYS",
		"EASYAUTH_GROUPS_KEEP":             strings.ToUpper(tenantGUID),
		"EASYAUTH_GROUPS_APP_ONLY":         "true",
		"EASYAUTH_RENEW_BEFORE":            "10m",
		"EASYAUTH_BRAND_NAME":              "Contoso & S\u00f6hne",
		"EASYAUTH_BRAND_COLOR":             "#0F6CBD",
		"EASYAUTH_BRAND_SUPPORT_URL":       "mailto:it@example.com",
		"EASYAUTH_BRAND_LOGO_FILE":         logoFile,
		"EASYAUTH_KEYS_FILE":               keysFile,
		"EASYAUTH_HOSTS":                   " a.example.com, *.apps.example.com:8443\nb.example.com c.example.com,, ",
		"EASYAUTH_CALLBACK_HOST":           "login.example.com",
		"EASYAUTH_COOKIE_DOMAIN":           "Example.com",
		"EASYAUTH_LISTEN":                  "127.0.0.1:0",
		"EASYAUTH_ADMIN_LISTEN":            "[::1]:0",
		"EASYAUTH_BASE_PATH":               "/sso",
		"EASYAUTH_AUTH_PATH":               "/check",
		"EASYAUTH_SIGNIN_PATH":             "/in",
		"EASYAUTH_CALLBACK_PATH":           "/back",
		"EASYAUTH_SIGNED_OUT_PATH":         "/out",
		"EASYAUTH_SCOPES":                  "User.Read openid,api://x/y",
		"EASYAUTH_DOMAIN_HINT":             "contoso.com",
		"EASYAUTH_DEFAULT_REDIRECT":        "/welcome/",
		"EASYAUTH_COMPRESS":                "false",
		"EASYAUTH_HEADER_PREFIX":           "X_Auth-",
		"EASYAUTH_CLAIM_HEADERS":           "upn https://x.example/claims/country",
		"EASYAUTH_CLAIM_ENCODING":          "nonewithREJECT",
		"EASYAUTH_HEADER_FORMAT":           "combined",
		"EASYAUTH_ASSERTION_KEYS_FILE":     assertionKeys,
		"EASYAUTH_ADAPTERS":                "Forward, envoy-GRPC",
		"EASYAUTH_UPSTREAMS":               "app.example.com=http://app auth=role=Admin\n*.apps.example.com/a=https://b preserve_host=false timeout=5s max_body=2k public=true",
		"EASYAUTH_PROXY_SECRET_FILE":       proxySecretFile,
		"EASYAUTH_TRUSTED_PROXIES":         "10.244.0.0/16",
		"EASYAUTH_EXPLAIN":                 "true",
		"EASYAUTH_ASSERTION_AUDIENCE":      "https://orders.example.com",
		"EASYAUTH_ASSERTION_ISSUER":        "https://sso.example.com",
		"EASYAUTH_ASSERTION_HEADER":        "X-Pomerium-JWT-Assertion",
		"EASYAUTH_GRAPH_URL":               "https://graph.example.org/",
		"EASYAUTH_GRAPH_VERSION":           "beta",
		"EASYAUTH_GRAPH_QUERIES":           "me=/me;boss=/me/manager",
		"EASYAUTH_SESSION_LIFETIME":        "12h",
		"EASYAUTH_SESSION_IDLE":            "30m",
		"EASYAUTH_STORE":                   "Redis",
		"EASYAUTH_REVOCATION":              "NONE",
		"EASYAUTH_REDIS_URL":               "rediss://u:p@redis.example.com:6380/1",
		"EASYAUTH_REDIS_CA_FILE":           authorities,
		"EASYAUTH_STALE_OK":                "1h",
		"EASYAUTH_SESSION_CACHE_MB":        "64",
		"EASYAUTH_PASS_ACCESS_TOKEN":       "true",
		"EASYAUTH_PASS_ID_TOKEN":           "1",
		"EASYAUTH_TLS_CERT_FILE":           listener.cert,
		"EASYAUTH_TLS_KEY_FILE":            listener.key,
		"EASYAUTH_LOG_ALLOWS":              "0.25",
		"EASYAUTH_AUDIT":                   "File",
		"EASYAUTH_AUDIT_FILE":              "/var/log/audit",
		"EASYAUTH_AUDIT_ALLOWS":            "false",
		"OTEL_EXPORTER_OTLP_ENDPOINT":      "http://collector:4318",
		"EASYAUTH_CONFIG_FILE":             configFile,
		"EASYAUTH_SUCCESS_STATUS":          "204",
		"EASYAUTH_SHUTDOWN_TIMEOUT":        "1m",
		"EASYAUTH_LOG_LEVEL":               "DEBUG",
		"EASYAUTH_LOG_FORMAT":              "text",
		"EASYAUTH_INSECURE_HTTP":           "true",
		"EASYAUTH_PPROF":                   "1",
	}
	want = &Config{
		Kind: KindMulti, Cloud: "usgovdod", Instance: "https://idp.example.org/base/", TenantID: "organizations",
		Issuer: "https://idp.example.org/base/organizations/v2.0", V1Issuer: "https://sts.windows.net/",
		AllowedTenants: []string{tenantGUID, otherGUID}, ClientCapabilities: []string{"cp1"},
		ClientID: "client", Credential: Credential{SecretFile: secretFile}, Keys: [][]byte{key(7), key(8)}, NextKeys: [][]byte{key(9)}, KeysFile: keysFile,
		AllowBearer: true, Audiences: []string{"api://orders", "https://orders.example.com/"}, IgnoreForeignAudience: true,
		BearerCacheBytes: 32 << 20, CORSOrigins: []string{"https://app.example.com", "http://localhost:3000"},
		Groups: "always", GroupsKeep: "list", GroupsKeepList: []string{tenantGUID}, GroupsAppOnly: true, RenewBefore: 10 * time.Minute,
		Brand:        Brand{Name: "Contoso & S\u00f6hne", Color: "#0f6cbd", SupportURL: "mailto:it@example.com", Logo: []byte("a picture\n")},
		Hosts:        []string{"a.example.com", "*.apps.example.com:8443", "b.example.com", "c.example.com", "login.example.com"},
		CallbackHost: "login.example.com", CookieDomain: "example.com",
		Listen: "127.0.0.1:0", AdminListen: "[::1]:0",
		BasePath: "/sso", AuthPath: "/check", ForwardPath: "/sso/auth/forward", EnvoyPath: "/sso/auth/envoy", SigninPath: "/in", CallbackPath: "/back", SignedOutPath: "/out", LogoutPath: "/sso/logout", MePath: "/sso/me", LogoPath: "/sso/logo", JWKSPath: "/sso/.well-known/jwks.json",
		ProgramPaths: ProgramPaths{"/sso/api/v1/token", "/sso/api/v1/revoke", "/sso/api/v1/session", "/sso/api/v1/login", "/sso/api/v1/authorize"},
		TokenAPI:     true, TokenLifetime: 15 * time.Minute, ExchangeAudiences: []string{"api://shop", otherGUID}, ExchangeClients: []string{tenantGUID},
		ExchangeRoles: []ExchangeRole{{"api://shop", "a:b=c,d", "Reader"}, {otherGUID, "x", "y"}}, ProgramRedirects: []string{"https://tools.example.com/back"},
		FrontChannelPath: "/sso/frontchannel-logout", BackChannelPath: "/sso/backchannel-logout",
		Roles: Roles{Auth: true, SignIn: true, Worker: true}, Store: "redis", Revocation: "none", RedisURL: secret.New("rediss://u:p@redis.example.com:6380/1"), RedisCAFile: authorities,
		StaleOK: time.Hour, SessionCacheBytes: 64 << 20, PassAccessToken: true, PassIDToken: true,
		Scopes: []string{"openid", "profile", "email", "User.Read", "api://x/y"}, DomainHint: "contoso.com", DefaultRedirect: "/welcome/",
		HeaderPrefix: "x-auth-", ClaimHeaders: []string{"upn", "https://x.example/claims/country"}, ClaimEncoding: "NoneWithReject", HeaderFormat: "Combined", HeaderProfile: "easyauth",
		Upstreams: []Upstream{
			{Host: "app.example.com", To: "http://app", Auth: "role=Admin", PreserveHost: true},
			{Host: "*.apps.example.com", Path: "/a", To: "https://b", Timeout: 5 * time.Second, MaxBody: 2048, Public: true},
		},
		Adapters: Adapters{Forward: true, EnvoyGRPC: true}, ProxySecrets: []secret.String{secret.New("0123456789abcdef"), secret.New("another-of-16-bytes")},
		TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.244.0.0/16")}, Explain: true,
		AssertionKeys: secret.New("two keys\n"), AssertionAudience: "https://orders.example.com", AssertionIssuer: "https://sso.example.com", AssertionHeader: "x-pomerium-jwt-assertion",
		GraphURL: "https://graph.example.org", GraphVersion: "beta", GraphQueries: map[string]string{"me": "/me", "boss": "/me/manager"},
		SessionLifetime: 12 * time.Hour, SessionIdle: 30 * time.Minute, ShutdownTimeout: time.Minute, SuccessStatus: 204,
		LogLevel: slog.LevelDebug, LogFormat: "text", InsecureHTTP: true, PProf: true,
		LogAllows: 0.25, Audit: AuditFile, AuditFile: "/var/log/audit", Tracing: true, TLSCertFile: listener.cert, TLSKeyFile: listener.key, ConfigFile: configFile,
	}
	return vars, want
}

func TestEveryVariableIsUsed(t *testing.T) {
	used := make(map[string]bool)
	for _, u := range usages(t) {
		t.Run(u.name, func(t *testing.T) {
			if got := good(t, u.vars); !reflect.DeepEqual(got, u.want) {
				differ(t, got, u.want)
			}
		})
		for name, value := range u.vars {
			used[name] = used[name] || value != ""
		}
	}
	for _, name := range variables() {
		if !used[name] {
			t.Errorf("%s is not in this test", name)
		}
	}
}

package config

func ofSessionsSettings() []Setting {
	return section(
		"Sessions",
		Setting{
			Name:     "EASYAUTH_KEYS",
			Required: "or the file",
			Meaning:  "List of 1 to 8 keys, each base64 of 32 random bytes. The first seals, all open; one with `next:` in front opens, and never seals. All replicas need the same.",
			Example:  "$(easyauth keygen)",
		},
		Setting{
			Name:    "EASYAUTH_KEYS_FILE",
			Meaning: "A file that holds the keys, one a line. It is read again when it changes, without a restart.",
			Example: "/run/secrets/easyauth/keys",
		},
		Setting{
			Name:    "EASYAUTH_SESSION_LIFETIME",
			Meaning: "How long a sign-in lasts at most: 1s to 720h (30 days).",
			Example: "12h",
		},
		Setting{
			Name:    "EASYAUTH_SESSION_IDLE",
			Meaning: "After how long without a request a new sign-in is needed: at least 1m and less than the lifetime; 0 is off.",
			Example: "30m",
		},
		Setting{
			Name:    "EASYAUTH_RENEW_BEFORE",
			Meaning: "How long before its end a session is renewed, silently, when a page is opened: at least 1m and less than half of the lifetime; 0 is off. Where the default does not fit it is a quarter of the lifetime.",
			Example: "10m",
		},
		Setting{
			Name:    "EASYAUTH_COMPRESS",
			Meaning: "Whether the session cookie is compressed when that makes it smaller.",
			Example: "false",
		},
	)
}

func ofStoreSettings() []Setting {
	return section(
		"Session store",
		Setting{
			Name:    "EASYAUTH_STORE",
			Meaning: "Where sessions are: `cookie`, `redis` or `postgres`.",
			Example: "redis",
		},
		Setting{
			Name:    "EASYAUTH_REVOCATION",
			Meaning: "With sessions in cookies: `redis` keeps a list there of those that ended before their time. `none`: a copy of a cookie passes until it expires. With a store `redis` is a fault, because an ended session is deleted.",
			Example: "redis",
		},
		Setting{ //nolint:gosec // an example, and no password of anybody's
			Name:    "EASYAUTH_REDIS_URL",
			Meaning: "Redis 6.2 or later, or Valkey: `redis://`, or `rediss://` for TLS; user, password (percent-encoded), port and number of the database as the example shows. Behind `?`: `master_set=NAME` for Sentinel, whose address it then is (`sentinel_username`, `sentinel_password`); `addr=host:port` for each further node. A Cluster is found by itself. Needed when Redis holds sessions or revocations, else a fault.",
			Example: "rediss://easyauth:password@redis.example.com:6380/0",
		},
		Setting{
			Name:    "EASYAUTH_REDIS_URL_FILE",
			Meaning: "A file that holds the address of Redis, on one line.",
			Example: "/run/secrets/easyauth/redis-url",
		},
		Setting{
			Name:    "EASYAUTH_REDIS_CA_FILE",
			Meaning: "A PEM file with the certificates of those who vouch for Redis, in place of the system's. Needs `rediss://`.",
			Example: "/etc/easyauth/redis-ca.crt",
		},
		Setting{ //nolint:gosec // an example, and no password of anybody's
			Name:    "EASYAUTH_POSTGRES_URL",
			Meaning: "PostgreSQL, as libpq writes it: a URL, or `host=… dbname=…`. Needed when PostgreSQL holds sessions, else a fault.",
			Example: "postgres://easyauth:password@db.example.com/easyauth?sslmode=verify-full",
		},
		Setting{
			Name:    "EASYAUTH_POSTGRES_URL_FILE",
			Meaning: "A file that holds the address of PostgreSQL, on one line.",
			Example: "/run/secrets/easyauth/postgres-url",
		},
		Setting{
			Name:    "EASYAUTH_STALE_OK",
			Meaning: "How long a session is still believed after its access token has ended, while the identity provider does not answer: 0 to 24h. Then nobody passes with it until the provider answers; it is not ended. Needs a store.",
			Example: "15m",
		},
		Setting{
			Name:    "EASYAUTH_SESSION_CACHE_MB",
			Meaning: "Most memory for session cookies that were opened before, or with a store for sessions that were read a moment ago, in megabytes: 1 to 1024. One of 20 claims takes about 6 KB.",
			Example: "64",
		},
		Setting{
			Name:    "EASYAUTH_PASS_ACCESS_TOKEN",
			Meaning: "Whether the application gets the access token, in the header `x-injected-access-token` (with the prefix that is set). Needs a store, and larger buffers in the proxy.",
			Example: "true",
		},
		Setting{
			Name:    "EASYAUTH_PASS_ID_TOKEN",
			Meaning: "Whether the application gets the ID token, in the header `x-injected-id-token` (with the prefix that is set). Needs a store, and larger buffers in the proxy.",
			Example: "true",
		},
	)
}

func ofPagesSettings() []Setting {
	return section(
		"Pages",
		Setting{
			Name:    "EASYAUTH_BRAND_NAME",
			Meaning: "Name that pages show: one line of at most 80 characters.",
			Example: "Contoso Portal",
		},
		Setting{
			Name:    "EASYAUTH_BRAND_LOGO_FILE",
			Meaning: "A PNG, JPEG, GIF or WebP image of at most 256 KB. It is read again when it changes.",
			Example: "/etc/easyauth/logo.png",
		},
		Setting{
			Name:    "EASYAUTH_BRAND_COLOR",
			Meaning: "Colour of buttons and links: `#` and six hexadecimal digits.",
			Example: "#0f6cbd",
		},
		Setting{
			Name:    "EASYAUTH_BRAND_SUPPORT_URL",
			Meaning: "Where people turn to: `https://…` or `mailto:…`.",
			Example: "mailto:it@example.com",
		},
	)
}

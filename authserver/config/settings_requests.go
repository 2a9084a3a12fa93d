package config

func ofHostsSettings() []Setting {
	return section(
		"Hosts and cookies",
		Setting{
			Name:     "EASYAUTH_HOSTS",
			Required: "always",
			Meaning:  "List of the hosts that are protected; a browser is returned to no other. `*.apps.example.com` stands for every name below; an entry may have a port; `http://` is for loopback names only. A public suffix such as `github.io`, and `*.` before one, is refused: strangers have names there.",
			Example:  "app.example.com, *.apps.example.com",
		},
		Setting{
			Name:    "EASYAUTH_CALLBACK_HOST",
			Meaning: "One host, with its port if it has one, on which everybody signs in, so that one redirect URI is registered for many hosts. It is served too and need not stand in the list of hosts. Needs a cookie domain.",
			Example: "login.example.com",
		},
		Setting{
			Name:    "EASYAUTH_COOKIE_DOMAIN",
			Meaning: "Domain of the session cookie, so that several hosts share one sign-in. All hosts must lie below it or be it; a public suffix such as `co.uk`, and what only public suffixes lie below, is refused. Every program on a host below it can read the cookie.",
			Example: "example.com",
		},
	)
}

func ofPathsSettings() []Setting {
	return section(
		"Paths",
		Setting{
			Name:    "EASYAUTH_BASE_PATH",
			Meaning: "What all paths lie below, unless one is moved.",
			Example: "/sso",
		},
		Setting{
			Name:    "EASYAUTH_AUTH_PATH",
			Default: "/easyauth/auth",
			Meaning: "What the proxy asks (auth-url).",
			Example: "/sso/auth",
		},
		Setting{
			Name:    "EASYAUTH_SIGNIN_PATH",
			Default: "/easyauth/login",
			Meaning: "Where a refused browser is sent (auth-signin).",
			Example: "/sso/login",
		},
		Setting{
			Name:    "EASYAUTH_CALLBACK_PATH",
			Default: "/easyauth/signin-oidc",
			Meaning: "Redirect URI: register `https://HOST` and this path for each host, or for the callback host alone.",
			Example: "/sso/signin-oidc",
		},
		Setting{
			Name:    "EASYAUTH_SIGNED_OUT_PATH",
			Default: "/easyauth/signout-callback-oidc",
			Meaning: "Where the identity provider returns to after sign-out: register it in the same way.",
			Example: "/sso/signout-callback-oidc",
		},
	)
}

func ofSignInSettings() []Setting {
	return section(
		"Sign-in",
		Setting{
			Name:    "EASYAUTH_SCOPES",
			Meaning: "List of the scopes that every sign-in asks for. `openid`, `profile` and `email` are always among them. What an auth-url asks for with `scope=` is added when it is needed.",
			Example: "User.Read",
		},
		Setting{
			Name:    "EASYAUTH_DOMAIN_HINT",
			Meaning: "Domain of the users, to spare them the choice of an account type.",
			Example: "contoso.com",
		},
		Setting{
			Name:    "EASYAUTH_DEFAULT_REDIRECT",
			Meaning: "Page after a sign-in that has no page to return to: a path on the same host.",
			Example: "/welcome",
		},
		Setting{
			Name:    "EASYAUTH_READ_REGISTRATION",
			Meaning: "Whether the app registration is read with Microsoft Graph: the scopes of the application's own API, and name, logo and links for the pages. Off with another provider and B2C, where `true` is a fault.",
			Example: "false",
		},
	)
}

func ofBearerSettings() []Setting {
	return section(
		"Bearer tokens and scripts",
		Setting{
			Name:    "EASYAUTH_ALLOW_BEARER",
			Meaning: "Whether an access token in the Authorization header is accepted in place of a session.",
			Example: "true",
		},
		Setting{
			Name:    "EASYAUTH_AUDIENCES",
			Meaning: "List of further identifiers of your own API (App ID URIs; at most 20, each at most 256 characters), beside the client ID and `api://` and the client ID: access tokens may be for them (compared as they stand: a slash at the end counts), and scopes that begin with them are your own. Those of Microsoft Graph and of other services of Microsoft (Azure Resource Manager, Key Vault, Storage, SQL) are a fault.",
			Example: "api://orders, https://orders.example.com/",
		},
		Setting{
			Name:    "EASYAUTH_BEARER_FOREIGN_AUDIENCE",
			Meaning: "What becomes of a token of our tenants for another audience: `refuse`, or `ignore`, so that the session decides (a page's script that sends its Microsoft Graph token along). Needs bearer tokens to be allowed.",
			Example: "ignore",
		},
		Setting{
			Name:    "EASYAUTH_BEARER_CACHE_MB",
			Meaning: "Most memory for verified tokens, in megabytes: 1 to 1024. Needs bearer tokens to be allowed.",
			Example: "64",
		},
		Setting{
			Name:    "EASYAUTH_CORS_ORIGINS",
			Meaning: "List of the origins (at most 50) whose scripts may read the answers of sign-in and `/me`: scheme and host, with the port if it has one, no path. https; http on loopback only. `*` and `null` are refused.",
			Example: "https://app.example.com, http://localhost:3000",
		},
	)
}

func ofGroupsSettings() []Setting {
	return section(
		"Groups",
		Setting{
			Name:    "EASYAUTH_GROUPS",
			Meaning: "Where groups come from: `claims`, the token alone; `auto`, Microsoft Graph when the token says that there are too many for it; `always`, Microsoft Graph at every sign-in. With another provider and B2C it is `claims`, and the others are a fault.",
			Example: "always",
		},
		Setting{
			Name:    "EASYAUTH_GROUPS_KEEP",
			Meaning: "Which groups a session keeps: `rules`, those that auth-urls ask for; `all`; or a list of object IDs (GUIDs, at most 200). With groups from claims alone `all` has no effect, and is a warning.",
			Example: "all",
		},
		Setting{
			Name:    "EASYAUTH_GROUPS_APP_ONLY",
			Meaning: "Whether the application's own permission is used to ask Microsoft Graph for the groups of a bearer token that has too many. Needs bearer tokens to be allowed, and groups that do not come from claims alone.",
			Example: "true",
		},
	)
}

func ofHeadersSettings() []Setting {
	return section(
		"Headers",
		Setting{
			Name:    "EASYAUTH_HEADER_PREFIX",
			Meaning: "What the names of identity headers begin with. Becomes lower case, and `_` becomes `-`. It must not be the beginning of a standard header's name.",
			Example: "x-auth-user-",
		},
		Setting{
			Name:    "EASYAUTH_CLAIM_HEADERS",
			Meaning: "List of further claims (at most 50) whose header is always sent, empty when the claim is absent, so that a client's own header never gets through.",
			Example: "upn, country",
		},
		Setting{
			Name:    "EASYAUTH_CLAIM_ENCODING",
			Meaning: "How values are encoded: `UrlEncode`, `Base64`, `None` or `NoneWithReject`.",
			Example: "Base64",
		},
		Setting{
			Name:    "EASYAUTH_HEADER_FORMAT",
			Meaning: "`Separate`: one header a claim; `Combined`: one header `userinfo` with JSON.",
			Example: "Combined",
		},
		Setting{
			Name:    "EASYAUTH_HEADER_PROFILE",
			Meaning: "Whose header names applications get: `easyauth`, or those of `oauth2-proxy`, `pomerium` or `authentik`, so that an application moves without a change. With another than `easyauth` there are no Graph results.",
			Example: "oauth2-proxy",
		},
		Setting{
			Name:    "EASYAUTH_HEADER_MAP",
			Meaning: "Further headers (at most 50), one a line: `HEADER=CLAIM`, and then, with blanks between, an encoding (as for `EASYAUTH_CLAIM_ENCODING`; `UrlEncode` when it is left out) and what stands between several values (a bar when it is left out). A value that the encoding cannot carry leaves the header empty.",
			Example: "X-Remote-User=preferred_username None",
		},
	)
}

func ofPolicySettings() []Setting {
	return section(
		"Policies",
		Setting{
			Name:    "EASYAUTH_ADAPTERS",
			Meaning: "List of the kinds of proxies that are answered, each at its own path: `nginx` (`/easyauth/auth`; HAProxy and F5's controller too), `forward` (`/easyauth/auth/forward`: Traefik, Caddy, APISIX), `envoy` (below `/easyauth/auth/envoy`) and `envoy-grpc`. Has no effect on `easyauth proxy`, which asks itself. [How each one asks](proxies/README.md).",
			Example: "nginx forward",
		},
		Setting{
			Name:    "EASYAUTH_PROXY_SECRET_FILE",
			Meaning: "File with a secret (16 to 200 printable characters of ASCII without blanks) that the proxy must send with every question as `X-EasyAuth-Proxy-Secret`. A question without it is refused (403, `proxy_secret`). While one secret replaces another, both count: one a line. For Envoy over gRPC it is metadata of that name.",
			Example: "/run/secrets/easyauth/proxy-secret",
		},
		Setting{
			Name:    "EASYAUTH_TRUSTED_PROXIES",
			Meaning: "List of the networks (at most 100) in which the proxies are that may say whose request they hand on ([in which header](proxies/README.md#the-clients-address)). Policies and the limits of the token endpoint ask for it. Without it the address of a client is not known to policies: a condition about it never holds in an allow rule, and always in a deny rule; and all programs behind one proxy share one limit.",
			Example: "10.244.0.0/16",
		},
		Setting{
			Name:    "EASYAUTH_EXPLAIN",
			Meaning: "Whether the page of somebody who may not tells which policy and which of its rules refused. It tells people how the rules are made.",
			Example: "true",
		},
	)
}

func ofAssertionSettings() []Setting {
	return section(
		"Signed identity",
		Setting{
			Name:    "EASYAUTH_ASSERTION_KEYS_FILE",
			Meaning: "File of 1 to 4 private keys (PEM, EC P-256) that identities are signed with: the first signs, all are published. Turns the signed identity on.",
			Example: "/etc/easyauth/assertion-keys.pem",
		},
		Setting{
			Name:    "EASYAUTH_ASSERTION_AUDIENCE",
			Meaning: "For whom an identity is signed where the auth-url does not say so with `app=`. Without both there is none, and the header is empty.",
			Example: "https://orders.example.com",
		},
		Setting{
			Name:    "EASYAUTH_ASSERTION_ISSUER",
			Meaning: "Who signed: the claim `iss`. By default `https://`, the callback host or else the first host without `*`, and the base path.",
			Example: "https://login.example.com/easyauth",
		},
		Setting{
			Name:    "EASYAUTH_ASSERTION_HEADER",
			Meaning: "Name of the header, whole.",
			Example: "X-Pomerium-Jwt-Assertion",
		},
	)
}

func ofGraphSettings() []Setting {
	return section(
		"Microsoft Graph",
		Setting{
			Name:    "EASYAUTH_GRAPH_URL",
			Default: "https://graph.microsoft.com",
			Meaning: "Base URL of Microsoft Graph. The default is that of the cloud to which the identity provider belongs. https; http on loopback only. Not with another provider or B2C.",
			Example: "https://dod-graph.microsoft.us",
		},
		Setting{
			Name:    "EASYAUTH_GRAPH_VERSION",
			Meaning: "`v1.0` or `beta`. EasyAuthForK8s asked beta. Not with another provider or B2C.",
			Example: "beta",
		},
		Setting{
			Name:    "EASYAUTH_GRAPH_QUERIES",
			Meaning: "Queries by name, `name=relative-url`, at most 100, one a line or with `;` between (inside parentheses a `;` is the query's own). An auth-url then asks `graph=name`. Not with another provider or B2C.",
			Example: "profile=/me?$select=displayName,department",
		},
	)
}

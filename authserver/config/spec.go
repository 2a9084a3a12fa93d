package config

import (
	"reflect"
	"strings"
	"time"
)

// spec is the environment as envconfig reads it: one field a variable, under its
// full name, because with a prefix envconfig would also read the bare names. The
// fields' types check what one variable alone can tell.
type spec struct {
	ConfigFile string `envconfig:"EASYAUTH_CONFIG_FILE"`

	Cloud              cloudName      `envconfig:"EASYAUTH_CLOUD" default:"public"`
	Instance           instance       `envconfig:"EASYAUTH_INSTANCE" default:"https://login.microsoftonline.com/"`
	TenantID           tenant         `envconfig:"EASYAUTH_TENANT_ID"`
	AllowedTenants     allowedTenants `envconfig:"EASYAUTH_ALLOWED_TENANTS"`
	Policy             policy         `envconfig:"EASYAUTH_SIGNUP_SIGNIN_POLICY"`
	Issuer             issuer         `envconfig:"EASYAUTH_ISSUER"`
	RolesClaim         claimPath      `envconfig:"EASYAUTH_ROLES_CLAIM" default:"roles"`
	GroupsClaim        claimPath      `envconfig:"EASYAUTH_GROUPS_CLAIM" default:"groups"`
	ScopesClaim        claimPath      `envconfig:"EASYAUTH_SCOPES_CLAIM" default:"scope"`
	ClientID           clientID       `envconfig:"EASYAUTH_CLIENT_ID"`
	ClientCapabilities capabilities   `envconfig:"EASYAUTH_CLIENT_CAPABILITIES"`

	ClientSecret          secretText `envconfig:"EASYAUTH_CLIENT_SECRET"`
	ClientSecretFile      string     `envconfig:"EASYAUTH_CLIENT_SECRET_FILE"`
	ClientCertificateFile string     `envconfig:"EASYAUTH_CLIENT_CERTIFICATE_FILE"`
	ClientKeyFile         string     `envconfig:"EASYAUTH_CLIENT_KEY_FILE"`
	FederatedTokenFile    string     `envconfig:"AZURE_FEDERATED_TOKEN_FILE"`

	DomainHint       domainHint `envconfig:"EASYAUTH_DOMAIN_HINT"`
	Scopes           scopes     `envconfig:"EASYAUTH_SCOPES" default:"openid profile email"`
	DefaultRedirect  landing    `envconfig:"EASYAUTH_DEFAULT_REDIRECT" default:"/"`
	ReadRegistration bool       `envconfig:"EASYAUTH_READ_REGISTRATION" default:"true"`

	AllowBearer           bool            `envconfig:"EASYAUTH_ALLOW_BEARER" default:"false"`
	Audiences             audiences       `envconfig:"EASYAUTH_AUDIENCES"`
	BearerForeignAudience foreignAudience `envconfig:"EASYAUTH_BEARER_FOREIGN_AUDIENCE" default:"refuse"`
	BearerCacheMB         megabytes       `envconfig:"EASYAUTH_BEARER_CACHE_MB" default:"16"`
	CORSOrigins           origins         `envconfig:"EASYAUTH_CORS_ORIGINS"`

	TokenAPI          bool          `envconfig:"EASYAUTH_TOKEN_API" default:"false"`
	TokenLifetime     time.Duration `envconfig:"EASYAUTH_TOKEN_LIFETIME" default:"1h"`
	ExchangeAudiences exchanged     `envconfig:"EASYAUTH_EXCHANGE_AUDIENCES"`
	ExchangeClients   exchanged     `envconfig:"EASYAUTH_EXCHANGE_CLIENTS"`
	ExchangeRoles     exchangeRoles `envconfig:"EASYAUTH_EXCHANGE_ROLES"`
	ProgramRedirects  redirectURIs  `envconfig:"EASYAUTH_PROGRAMMATIC_REDIRECTS"`

	Groups        groupSource `envconfig:"EASYAUTH_GROUPS" default:"auto"`
	GroupsKeep    groupsKeep  `envconfig:"EASYAUTH_GROUPS_KEEP" default:"rules"`
	GroupsAppOnly bool        `envconfig:"EASYAUTH_GROUPS_APP_ONLY" default:"false"`

	Hosts        list         `envconfig:"EASYAUTH_HOSTS"`
	CallbackHost callbackHost `envconfig:"EASYAUTH_CALLBACK_HOST"`
	CookieDomain cookieDomain `envconfig:"EASYAUTH_COOKIE_DOMAIN"`

	BasePath      urlPath `envconfig:"EASYAUTH_BASE_PATH" default:"/easyauth"`
	AuthPath      urlPath `envconfig:"EASYAUTH_AUTH_PATH"`
	SigninPath    urlPath `envconfig:"EASYAUTH_SIGNIN_PATH"`
	CallbackPath  urlPath `envconfig:"EASYAUTH_CALLBACK_PATH"`
	SignedOutPath urlPath `envconfig:"EASYAUTH_SIGNED_OUT_PATH"`

	HeaderPrefix  headerPrefix  `envconfig:"EASYAUTH_HEADER_PREFIX" default:"x-injected-"`
	ClaimHeaders  claims        `envconfig:"EASYAUTH_CLAIM_HEADERS"`
	ClaimEncoding encoding      `envconfig:"EASYAUTH_CLAIM_ENCODING" default:"UrlEncode"`
	HeaderFormat  headerFormat  `envconfig:"EASYAUTH_HEADER_FORMAT" default:"Separate"`
	HeaderProfile headerProfile `envconfig:"EASYAUTH_HEADER_PROFILE" default:"easyauth"`
	HeaderMap     headerMap     `envconfig:"EASYAUTH_HEADER_MAP"`

	Adapters        adapters `envconfig:"EASYAUTH_ADAPTERS" default:"nginx"`
	ProxySecretFile string   `envconfig:"EASYAUTH_PROXY_SECRET_FILE"`

	Upstreams upstreams `envconfig:"EASYAUTH_UPSTREAMS"`

	TrustedProxies proxies `envconfig:"EASYAUTH_TRUSTED_PROXIES"`
	Explain        bool    `envconfig:"EASYAUTH_EXPLAIN" default:"false"`

	AssertionKeysFile string        `envconfig:"EASYAUTH_ASSERTION_KEYS_FILE"`
	AssertionAudience assertionName `envconfig:"EASYAUTH_ASSERTION_AUDIENCE"`
	AssertionIssuer   assertionName `envconfig:"EASYAUTH_ASSERTION_ISSUER"`
	AssertionHeader   headerName    `envconfig:"EASYAUTH_ASSERTION_HEADER" default:"x-injected-assertion"`

	GraphURL     baseURL      `envconfig:"EASYAUTH_GRAPH_URL"`
	GraphVersion graphVersion `envconfig:"EASYAUTH_GRAPH_VERSION" default:"v1.0"`
	GraphQueries graphQueries `envconfig:"EASYAUTH_GRAPH_QUERIES"`

	Keys            secretText    `envconfig:"EASYAUTH_KEYS"`
	KeysFile        string        `envconfig:"EASYAUTH_KEYS_FILE"`
	SessionLifetime time.Duration `envconfig:"EASYAUTH_SESSION_LIFETIME" default:"8h"`
	SessionIdle     time.Duration `envconfig:"EASYAUTH_SESSION_IDLE" default:"0"`
	RenewBefore     time.Duration `envconfig:"EASYAUTH_RENEW_BEFORE" default:"5m"`
	Compress        bool          `envconfig:"EASYAUTH_COMPRESS" default:"true"`

	Store           storeKind      `envconfig:"EASYAUTH_STORE" default:"cookie"`
	Revocation      revocationKind `envconfig:"EASYAUTH_REVOCATION" default:"none"`
	RedisURL        secretText     `envconfig:"EASYAUTH_REDIS_URL"`
	RedisURLFile    string         `envconfig:"EASYAUTH_REDIS_URL_FILE"`
	RedisCAFile     string         `envconfig:"EASYAUTH_REDIS_CA_FILE"`
	PostgresURL     secretText     `envconfig:"EASYAUTH_POSTGRES_URL"`
	PostgresURLFile string         `envconfig:"EASYAUTH_POSTGRES_URL_FILE"`
	StaleOK         time.Duration  `envconfig:"EASYAUTH_STALE_OK" default:"5m"`
	SessionCacheMB  megabytes      `envconfig:"EASYAUTH_SESSION_CACHE_MB" default:"16"`
	PassAccessToken bool           `envconfig:"EASYAUTH_PASS_ACCESS_TOKEN" default:"false"`
	PassIDToken     bool           `envconfig:"EASYAUTH_PASS_ID_TOKEN" default:"false"`

	BrandName       brandName  `envconfig:"EASYAUTH_BRAND_NAME"`
	BrandLogoFile   string     `envconfig:"EASYAUTH_BRAND_LOGO_FILE"`
	BrandColor      color      `envconfig:"EASYAUTH_BRAND_COLOR"`
	BrandSupportURL supportURL `envconfig:"EASYAUTH_BRAND_SUPPORT_URL"`

	Listen          address       `envconfig:"EASYAUTH_LISTEN" default:":8080"`
	AdminListen     address       `envconfig:"EASYAUTH_ADMIN_LISTEN" default:":9090"`
	TLSCertFile     string        `envconfig:"EASYAUTH_TLS_CERT_FILE"`
	TLSKeyFile      string        `envconfig:"EASYAUTH_TLS_KEY_FILE"`
	SuccessStatus   successStatus `envconfig:"EASYAUTH_SUCCESS_STATUS" default:"202"`
	ShutdownTimeout time.Duration `envconfig:"EASYAUTH_SHUTDOWN_TIMEOUT" default:"20s"`
	InsecureHTTP    bool          `envconfig:"EASYAUTH_INSECURE_HTTP" default:"false"`
	PProf           bool          `envconfig:"EASYAUTH_PPROF" default:"false"`

	LogLevel           logLevel     `envconfig:"EASYAUTH_LOG_LEVEL" default:"info"`
	LogFormat          logFormat    `envconfig:"EASYAUTH_LOG_FORMAT" default:"json"`
	LogAllows          share        `envconfig:"EASYAUTH_LOG_ALLOWS" default:"0"`
	Audit              auditTarget  `envconfig:"EASYAUTH_AUDIT" default:"none"`
	AuditFile          string       `envconfig:"EASYAUTH_AUDIT_FILE"`
	AuditAllows        bool         `envconfig:"EASYAUTH_AUDIT_ALLOWS" default:"true"`
	OTLPEndpoint       otlpEndpoint `envconfig:"OTEL_EXPORTER_OTLP_ENDPOINT"`
	OTLPTracesEndpoint otlpEndpoint `envconfig:"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"`
}

// variables returns the name of every variable, in the order of the spec.
func variables() []string {
	t := reflect.TypeFor[spec]()
	names := make([]string, t.NumField())
	for i := range names {
		names[i] = t.Field(i).Tag.Get("envconfig")
	}
	return names
}

// list is a list of texts with commas, blanks or line breaks between them.
type list []string

// Decode implements envconfig.Decoder.
func (l *list) Decode(value string) error {
	*l = strings.FieldsFunc(value, func(r rune) bool { return strings.ContainsRune(", \t\r\n", r) })
	if len(*l) == 0 {
		return expect("must have at least one entry")
	}
	return nil
}

// choose finds value among the choices, whatever its case.
func choose(value string, choices ...string) (string, error) {
	for _, choice := range choices {
		if strings.EqualFold(value, choice) {
			return choice, nil
		}
	}
	last := len(choices) - 1
	return "", expect("must be %s or %s", strings.Join(choices[:last], ", "), choices[last])
}

// isToken reports whether s is a token of RFC 9110: what a header's name may be.
func isToken(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return !isLetterOrDigit(r) && !strings.ContainsRune("!#$%&'*+-.^_`|~", r)
	})
}

func isLetterOrDigit(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
}

// Package config reads the environment and the configuration file: every variable, its default and its
// check. It reports all faults at once and never shows a value. It knows nothing
// of what the packages it configures do with their settings; only cmd imports it.
//
// The way of a variable: environ.go reads the list, names.go refuses unknown
// names, alias.go translates those of EasyAuthForK8s, file.go takes what is in the
// configuration file where nothing is set, azure.go what AKS workload identity sets
// where still nothing is, process.go lets envconfig fill
// the spec (spec.go: one field a variable, each with its own check), and the files
// named after their subjects check what hangs together. roles.go says what a
// process needs that does a part of the work alone.
package config

import (
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/secret"
)

// Config is the checked configuration with all defaults filled in. Printed,
// logged or marshalled as a whole it shows nothing, because it holds keys.
type Config struct {
	Kind     string // KindEntra, KindMulti, KindB2C, KindExternal or KindOIDC
	Cloud    string // public, usgov, usgovdod or china; empty with KindOIDC
	Instance string // as given; empty with KindOIDC
	TenantID string // GUID or domain in lower case; organizations or common with KindMulti; empty with KindOIDC
	Issuer   string // below which discovery is read: Instance, TenantID, Policy and "/v2.0" joined, or what KindOIDC was given
	V1Issuer string // what issuers of version 1 tokens begin with; a tenant's GUID and "/" follow; with KindEntra and KindMulti only

	AllowedTenants []string // GUIDs in lower case, 1 to 100, with KindMulti only
	Policy         string   // B2C user flow, as given, with KindB2C only

	RolesClaim, GroupsClaim, ScopesClaim string // name or dotted path, with KindOIDC only

	ClientID           string
	Credential         Credential
	ClientCapabilities []string // cp1 or nothing

	Keys     [][]byte // 32 bytes each; the first seals, all open; 1 to 8 with NextKeys, all different
	NextKeys [][]byte // open, and do not seal yet
	KeysFile string   // where both come from; empty: from a variable

	Hosts        []string // as given, CallbackHost added when it is not among them; their syntax is not checked here
	CallbackHost string   // empty: every host has its own callback
	CookieDomain string   // lower case, punycode; it covers every host; empty: each host has its own ticket

	Listen, AdminListen string // host:port, different

	BasePath      string // the following lie below it unless they were moved; all are different
	AuthPath      string
	ForwardPath   string
	EnvoyPath     string // a rule and a path follow
	SigninPath    string
	CallbackPath  string
	SignedOutPath string // where the identity provider returns to after sign-out
	LogoutPath    string
	MePath        string
	LogoPath      string
	JWKSPath      string // public keys of signed identities
	ProgramPaths  ProgramPaths

	FrontChannelPath string // where the identity provider tells browsers to end a session
	BackChannelPath  string // where it tells us itself

	Scopes           []string // begins with openid, profile, email
	DomainHint       string
	DefaultRedirect  string // path that starts with one "/"
	ReadRegistration bool   // false without Graph: with KindOIDC and KindB2C
	Compress         bool

	AllowBearer           bool
	Audiences             []string // beyond those that the client ID gives; as given; at most 20
	IgnoreForeignAudience bool     // a token of ours for another audience is ignored, not refused
	BearerCacheBytes      int      // 1 MB to 1 GB
	CORSOrigins           []string // as browsers spell them; at most 50

	TokenAPI          bool           // programs are given tokens; without it what follows is empty
	TokenLifetime     time.Duration  // 1m to 24h, at most SessionLifetime
	ExchangeAudiences []string       // whose tokens may be exchanged, beside our own; not judged here; at most 100
	ExchangeClients   []string       // that may bring a token for another audience; at most 100
	ExchangeRoles     []ExchangeRole // whose audiences are among ExchangeAudiences; at most 100
	ProgramRedirects  []string       // not judged here; at most 50

	Groups         string   // claims, auto or always; claims without Graph
	GroupsKeep     string   // rules, all or list
	GroupsKeepList []string // GUIDs in lower case, 1 to 200, with list only
	GroupsAppOnly  bool

	HeaderPrefix  string // lower case
	ClaimHeaders  []string
	ClaimEncoding string          // UrlEncode, Base64, None or NoneWithReject
	HeaderFormat  string          // Separate or Combined
	HeaderProfile string          // easyauth, oauth2-proxy, pomerium or authentik; with Combined easyauth alone
	HeaderMap     []HeaderMapping // none with Combined

	Policies string // the configuration file, whose key policies is not checked here; empty: there is none
	Explain  bool   // a page tells which rule refused

	Adapters     Adapters        // at least one
	ProxySecrets []secret.String // of which every question of a proxy must bring one; at most 2; nil: none

	TrustedProxies []netip.Prefix // may say whose request they hand on

	Upstreams []Upstream // the applications behind easyauth proxy; hosts, addresses and rules are not judged here; at most 500

	AssertionKeys     secret.String // PEM, as it is in its file; empty: no identity is signed, and what follows is empty too
	AssertionAudience string        // where an auth-url names no application; empty: for none
	AssertionIssuer   string
	AssertionHeader   string // lower case

	GraphURL     string            // without a slash at the end
	GraphVersion string            // v1.0 or beta
	GraphQueries map[string]string // name → relative URL, checked

	Roles             Roles         // what this process does; at least one
	Store             string        // StoreCookie, StoreRedis or StorePostgres
	Revocation        string        // RevocationNone or RevocationRedis, which goes with StoreCookie alone
	RedisURL          secret.String // redis:// or rediss://; empty unless Redis is the store or holds revocations
	RedisCAFile       string        // PEM, can be read, with rediss:// only; empty: the system's authorities
	PostgresURL       secret.String // postgres:// or keyword=value; empty unless PostgreSQL is the store
	StaleOK           time.Duration // how long a session whose refresh does not succeed is kept: 0 to 24h
	SessionCacheBytes int           // 1 MB to 1 GB
	PassAccessToken   bool          // both need a store
	PassIDToken       bool

	SessionLifetime time.Duration
	SessionIdle     time.Duration // 0: off
	RenewBefore     time.Duration // 0: off; less than half of SessionLifetime
	ShutdownTimeout time.Duration
	SuccessStatus   int // 200, 202 or 204
	InsecureHTTP    bool
	PProf           bool // pprof on the admin listener
	Brand           Brand

	LogLevel    slog.Level
	LogFormat   string  // json or text
	LogAllows   float64 // share of the allowed requests whose decision is logged at info: 0 to 1
	Audit       string  // AuditNone, AuditStdout or AuditFile
	AuditFile   string  // with AuditFile only; whether it can be written is not checked here
	AuditAllows bool    // with an audit stream: what policies let pass is in it too
	Tracing     bool    // OpenTelemetry's variables name a receiver

	TLSCertFile, TLSKeyFile string // PEM, which belong together; of the public listener; both or none

	ConfigFile string // where settings were read beside the environment; may be empty

	source source
}

// Load reads the configuration of a process with these roles from environ, a list
// of "NAME=value" as os.Environ gives it; where a name comes twice the first counts. Blanks around
// values are cut and an empty value means unset. What is unset is taken from the file that
// EASYAUTH_CONFIG_FILE names. Variables that are not ours are
// ignored. The error is of type Faults and lists everything that is wrong;
// warnings come with a good and with a bad configuration.
//
// With an error the configuration is half read, so that a caller can look for
// further faults: what a fault is about holds its default, its zero value or what
// was given, and must not be used. It is nil only when the environment could not be
// read at all.
//
// envconfig reads nothing but the process environment. While it does, Load gives
// our variables in the process environment the values of environ, and then puts
// back what was there. Calls wait for one another; other code that reads an
// EASYAUTH_ variable, or starts a process, at that moment would see them.
// Called with os.Environ() it changes next to nothing.
func Load(environ []string, roles Roles) (*Config, []Warning, error) {
	r := &report{}
	roles = roles.orAll()
	vars := readEnviron(environ, r)
	refuseUnknown(vars, r)
	var values map[string]string
	if roles.workerAlone() {
		adoptFile(vars, r)
		values = ofWorker(vars, r)
	} else {
		values = adoptAliases(vars, r)
		adoptFile(values, r)
		adoptAzure(values, r)
	}
	r.given = make(map[string]bool)
	for name, value := range values {
		r.given[name] = value != ""
	}
	s, err := process(values, r)
	if err != nil {
		return nil, nil, Faults{{Name: "environment", Expected: fmt.Sprintf("could not be read: %v", err)}}
	}
	c := s.config(r, roles)
	if c.Tracing {
		openTelemetry(vars, r)
	}
	r.sort()
	if len(r.faults) > 0 {
		return c, r.warnings, r.faults
	}
	return c, r.warnings, nil
}

// config checks what needs more than one variable and builds the result.
func (s *spec) config(r *report, roles Roles) *Config {
	c := &Config{Roles: roles, PProf: s.PProf, ConfigFile: s.ConfigFile}
	s.listeners(r, c)
	s.observation(r, c)
	s.shutdown(r, c)
	s.stores(r, c)
	if !roles.workerAlone() {
		s.ofRequests(r, c)
	}
	c.source = source{spec: s, files: r.files, places: r.places, given: r.given}
	return c
}

// ofRequests sets all that a process needs which answers requests.
func (s *spec) ofRequests(r *report, c *Config) {
	c.DomainHint, c.DefaultRedirect, c.Compress = string(s.DomainHint), string(s.DefaultRedirect), s.Compress
	c.HeaderPrefix, c.ClaimHeaders = string(s.HeaderPrefix), s.ClaimHeaders
	c.ClaimEncoding, c.HeaderFormat = string(s.ClaimEncoding), string(s.HeaderFormat)
	c.HeaderProfile, c.HeaderMap = string(s.HeaderProfile), s.HeaderMap
	c.GraphVersion, c.GraphQueries = string(s.GraphVersion), s.GraphQueries
	c.SuccessStatus, c.InsecureHTTP = int(s.SuccessStatus), s.InsecureHTTP
	s.certificate(r, c)
	s.provider(r, c)
	s.credential(r, c)
	s.keys(r, c)
	s.bearer(r, c)
	s.directory(r, c)
	s.hosts(r, c)
	s.paths(r, c)
	s.headers(r)
	s.assertion(r, c)
	s.upstreams(r, c)
	s.adapters(r, c)
	s.deciding(r, c)
	s.times(r, c)
	s.exchange(r, c)
	s.sessions(r, c)
	s.brand(r, c)
	if s.InsecureHTTP {
		r.warn("EASYAUTH_INSECURE_HTTP", "is on: cookies travel in clear text and any program on the way can take over a session; for a laptop only")
	}
}

const hidden = "[configuration]"

// Format implements fmt.Formatter: a Config holds keys and never prints itself.
// With MarshalText it covers slog's handlers too.
func (c Config) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, hidden) }

// MarshalText implements encoding.TextMarshaler, also for encoding/json.
func (c Config) MarshalText() ([]byte, error) { return []byte(hidden), nil }

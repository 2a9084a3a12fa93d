// Package config reads the environment: every variable, its default and its
// check. It reports all faults at once and never shows a value. It knows nothing
// of what the packages it configures do with their settings; only cmd imports it.
//
// The way of a variable: environ.go reads the list, alias.go translates the
// names of EasyAuthForK8s, names.go refuses unknown ones, process.go lets
// envconfig fill the spec (spec.go: one field a variable, each with its own
// check), and the files after their subjects check what hangs together.
package config

import (
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/secret"
)

// Config is the checked configuration with all defaults filled in. Printed,
// logged or marshalled as a whole it shows nothing, because it holds keys.
type Config struct {
	Instance     string // as given; with TenantID empty it is the issuer
	TenantID     string // GUID or domain in lower case; empty: a plain OIDC provider
	Issuer       string // Instance, TenantID and "/v2.0" joined, or Instance as it stands
	ClientID     string
	ClientSecret secret.String
	Keys         [][]byte // 32 bytes each, newest first; 1 to 8, all different

	Hosts        []string // as given, CallbackHost added when it is not among them; their syntax is not checked here
	CallbackHost string   // empty: every host has its own callback
	CookieDomain string   // lower case, punycode; it covers every host; empty: each host has its own ticket

	Listen, AdminListen string // host:port, different

	BasePath      string // the following lie below it unless they were moved; all are different
	AuthPath      string
	SigninPath    string
	CallbackPath  string
	SignedOutPath string // where the identity provider returns to after sign-out
	LogoutPath    string
	MePath        string

	Scopes          []string // begins with openid, profile, email
	DomainHint      string
	DefaultRedirect string // path that starts with one "/"
	Compress        bool

	HeaderPrefix  string // lower case
	ClaimHeaders  []string
	ClaimEncoding string // UrlEncode, Base64, None or NoneWithReject
	HeaderFormat  string // Separate or Combined

	GraphURL     string            // without a slash at the end
	GraphVersion string            // v1.0 or beta
	GraphQueries map[string]string // name → relative URL, checked

	SessionLifetime time.Duration
	SessionIdle     time.Duration // 0: off
	ShutdownTimeout time.Duration
	SuccessStatus   int // 200, 202 or 204
	LogLevel        slog.Level
	LogFormat       string // json or text
	InsecureHTTP    bool
	PProf           bool // pprof on the admin listener
}

// Load reads the configuration from environ, a list of "NAME=value" as
// os.Environ gives it; where a name comes twice the first counts. Blanks around
// values are cut and an empty value means unset. Variables that are not ours are
// ignored. The error is of type Faults and lists everything that is wrong;
// warnings come with a good and with a bad configuration.
//
// envconfig reads nothing but the process environment. While it does, Load gives
// our variables in the process environment the values of environ, and then puts
// back what was there. Calls wait for one another; other code that reads an
// EASYAUTH_ variable, or starts a process, at that moment would see them.
// Called with os.Environ() it changes next to nothing.
func Load(environ []string) (*Config, []Warning, error) {
	r := &report{}
	vars := readEnviron(environ, r)
	refuseUnknown(vars, r)
	values := adoptAliases(vars, r)
	s, err := process(values, r)
	if err != nil {
		return nil, nil, Faults{{Name: "environment", Expected: fmt.Sprintf("could not be read: %v", err)}}
	}
	c := s.config(r)
	r.sort()
	if len(r.faults) > 0 {
		return nil, r.warnings, r.faults
	}
	return c, r.warnings, nil
}

// config checks what needs more than one variable and builds the result. It is
// used only when r has no faults in the end.
func (s *spec) config(r *report) *Config {
	c := &Config{
		DomainHint: string(s.DomainHint), DefaultRedirect: string(s.DefaultRedirect), Compress: s.Compress,
		HeaderPrefix: string(s.HeaderPrefix), ClaimHeaders: s.ClaimHeaders,
		ClaimEncoding: string(s.ClaimEncoding), HeaderFormat: string(s.HeaderFormat),
		GraphVersion: string(s.GraphVersion), GraphQueries: s.GraphQueries,
		SuccessStatus: int(s.SuccessStatus), LogLevel: slog.Level(s.LogLevel), LogFormat: string(s.LogFormat),
		InsecureHTTP: s.InsecureHTTP, PProf: s.PProf,
	}
	s.provider(r, c)
	s.secrets(r, c)
	s.hosts(r, c)
	s.paths(r, c)
	s.headers(r)
	s.times(r, c)
	s.listeners(r, c)
	if s.InsecureHTTP {
		r.warn("EASYAUTH_INSECURE_HTTP", "is on: cookies travel in clear text and any program on the way can take over a session; for a laptop only")
	}
	return c
}

const hidden = "[configuration]"

// Format implements fmt.Formatter: a Config holds keys and never prints itself.
// With MarshalText it covers slog's handlers too.
func (c Config) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, hidden) }

// MarshalText implements encoding.TextMarshaler, also for encoding/json.
func (c Config) MarshalText() ([]byte, error) { return []byte(hidden), nil }

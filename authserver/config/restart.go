package config

import (
	"crypto/sha256"
	"reflect"
	"slices"
)

// fixed are the variables that count from the start of a process to its end.
func fixed() []string {
	return []string{
		"EASYAUTH_CONFIG_FILE",
		// who it is: keys and stores belong to these
		"EASYAUTH_CLOUD", "EASYAUTH_INSTANCE", "EASYAUTH_TENANT_ID", "EASYAUTH_SIGNUP_SIGNIN_POLICY", "EASYAUTH_ISSUER", "EASYAUTH_CLIENT_ID", "EASYAUTH_BASE_PATH",
		// what is open
		"EASYAUTH_STORE", "EASYAUTH_REVOCATION", "EASYAUTH_REDIS_URL", "EASYAUTH_REDIS_URL_FILE", "EASYAUTH_REDIS_CA_FILE", "EASYAUTH_POSTGRES_URL", "EASYAUTH_POSTGRES_URL_FILE",
		"EASYAUTH_ADAPTERS", "EASYAUTH_LISTEN", "EASYAUTH_ADMIN_LISTEN", "EASYAUTH_SHUTDOWN_TIMEOUT", "EASYAUTH_INSECURE_HTTP", "EASYAUTH_PPROF",
		"EASYAUTH_LOG_FORMAT", "EASYAUTH_AUDIT", "EASYAUTH_AUDIT_FILE", "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
	}
}

// followed are the variables whose files others follow as long as they are in use: what
// is in these is no part of a configuration.
func followed() []string {
	return append(ownCredentials(), "EASYAUTH_CLIENT_KEY_FILE", "AZURE_FEDERATED_TOKEN_FILE", "EASYAUTH_KEYS_FILE", "EASYAUTH_TLS_CERT_FILE", "EASYAUTH_TLS_KEY_FILE", "EASYAUTH_AUDIT_FILE")
}

// source is what a Config was made of.
type source struct {
	spec  *spec
	files map[string][sha256.Size]byte // variable → what was in the file that it names

	places map[string]string // variable → where in the configuration file it is set
	given  map[string]bool   // variables that are set
}

// Given returns those of these variables that are set, in the environment or in the file.
func (c *Config) Given(names ...string) []string {
	return slices.DeleteFunc(names, func(name string) bool { return !c.source.given[name] })
}

// Locate adds to faults of variables where these are set, if that is not the environment.
func (c *Config) Locate(faults Faults) {
	for i := range faults {
		if faults[i].Place == "" {
			faults[i].Place = c.source.places[faults[i].Name]
		}
	}
}

// Changes returns the variables whose meaning differs between c and next, or what is in
// the file that they name, and those among them that count only after a restart. Files of
// keys that seal, of credentials and certificates are not compared: they may change at any time.
func (c *Config) Changes(next *Config) (changed, needRestart []string) {
	a, b := reflect.ValueOf(*c.source.spec), reflect.ValueOf(*next.source.spec)
	for i, name := range variables() {
		same := reflect.DeepEqual(a.Field(i).Interface(), b.Field(i).Interface()) && c.source.files[name] == next.source.files[name]
		if !same {
			changed = append(changed, name)
		}
	}
	if c.Policies != next.Policies && !slices.Contains(changed, policiesKey) {
		changed = append(changed, policiesKey)
	}
	if !slices.Contains(changed, upstreamsVariable) && !sameUpstreams(c.Upstreams, next.Upstreams) {
		changed = append(changed, upstreamsKey)
	}
	for _, name := range changed {
		tls := name == "EASYAUTH_TLS_CERT_FILE" && (c.TLSCertFile == "") != (next.TLSCertFile == "")
		if tls || slices.Contains(fixed(), name) {
			needRestart = append(needRestart, name)
		}
	}
	return changed, needRestart
}

// Files returns the files that are a part of the configuration, whether they can be read or
// not: when one changes it is to be loaded again. Files of keys that seal, of credentials and
// certificates are not among them.
func (c *Config) Files() []string {
	var paths []string
	v := reflect.ValueOf(*c.source.spec)
	for i, name := range variables() {
		if !isFile(name) || slices.Contains(followed(), name) {
			continue
		}
		if path := v.Field(i).String(); path != "" {
			paths = append(paths, path)
		}
	}
	for _, u := range c.Upstreams {
		if u.CAFile != "" {
			paths = append(paths, u.CAFile)
		}
	}
	return paths
}

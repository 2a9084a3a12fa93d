package config

import (
	"errors"
	"slices"
	"strings"
)

// Roles are what one process does. The zero value means everything.
type Roles struct {
	Auth   bool // answers the proxy
	SignIn bool // signs people in and out
	Worker bool // removes from the store what has expired
}

// ParseRoles reads a list such as "auth,signin,worker"; an empty text means
// everything. The error says what is expected, and not what was given.
func ParseRoles(text string) (Roles, error) {
	var r Roles
	if strings.TrimSpace(text) == "" {
		return r, nil
	}
	for name := range strings.SplitSeq(text, ",") {
		role := map[string]*bool{"auth": &r.Auth, "signin": &r.SignIn, "worker": &r.Worker}[strings.TrimSpace(name)]
		if role == nil || *role {
			return Roles{}, errors.New("must list auth, signin and worker, each at most once, with commas between them")
		}
		*role = true
	}
	return r, nil
}

// String returns what ParseRoles reads.
func (r Roles) String() string {
	r = r.orAll()
	var names []string
	for _, role := range []struct {
		has  bool
		name string
	}{{r.Auth, "auth"}, {r.SignIn, "signin"}, {r.Worker, "worker"}} {
		if role.has {
			names = append(names, role.name)
		}
	}
	return strings.Join(names, ",")
}

func (r Roles) orAll() Roles {
	if r == (Roles{}) {
		return Roles{Auth: true, SignIn: true, Worker: true}
	}
	return r
}

// workerAlone reports whether the process answers no requests, so that it needs
// no key, no credential and no host.
func (r Roles) workerAlone() bool { return r.Worker && !r.Auth && !r.SignIn }

// workerVariables are those that a worker alone reads.
func workerVariables() []string {
	return []string{
		"EASYAUTH_CONFIG_FILE", "EASYAUTH_STORE", "EASYAUTH_REDIS_URL", "EASYAUTH_REDIS_URL_FILE", "EASYAUTH_REDIS_CA_FILE", "EASYAUTH_POSTGRES_URL", "EASYAUTH_POSTGRES_URL_FILE",
		"EASYAUTH_LISTEN", "EASYAUTH_ADMIN_LISTEN", "EASYAUTH_SHUTDOWN_TIMEOUT", "EASYAUTH_LOG_LEVEL", "EASYAUTH_LOG_FORMAT", "EASYAUTH_PPROF",
	}
}

// ofWorker returns what a worker alone reads. It warns of secrets that it was
// given and does not need.
func ofWorker(vars map[string]string, r *report) map[string]string {
	secrets := append(ownCredentials(), "EASYAUTH_ASSERTION_KEYS_FILE", "EASYAUTH_CLIENT_KEY_FILE", "EASYAUTH_KEYS", "EASYAUTH_KEYS_FILE")
	values := make(map[string]string)
	for name, value := range vars {
		switch {
		case slices.Contains(workerVariables(), name):
			values[name] = value
		case value != "" && (slices.Contains(secrets, name) || strings.EqualFold(name, "AzureAd__ClientSecret")):
			r.warn(name, "is not read by a worker alone: do not give it a secret that it does not need")
		}
	}
	return values
}

package config

import (
	"errors"
	"os"
	"slices"
	"strings"
	"sync"
)

const prefix = "EASYAUTH_"

// readEnviron returns the variables of environ, trimmed, also empty ones. One
// with a NUL byte, which no process can be given, is a fault.
func readEnviron(environ []string, r *report) map[string]string {
	vars := make(map[string]string, len(environ))
	known := variables()
	for _, a := range azures() {
		known = append(known, a.name)
	}
	for _, entry := range environ {
		name, value, ok := strings.Cut(entry, "=")
		if _, twice := vars[name]; !ok || twice {
			continue
		}
		ours := hasFold(name, prefix) || isDotnet(name) || slices.Contains(known, name)
		if strings.Contains(entry, "\x00") && ours {
			r.fault(printable(name), "must not hold a NUL byte")
			continue
		}
		vars[name] = strings.TrimSpace(value)
	}
	return vars
}

// The process environment belongs to the whole process; so does its lock. It
// guards no state of this package.
var processEnvironment sync.Mutex

// withEnvironment calls do while each of these variables in the process
// environment has its value in values, or is unset, and restores them.
func withEnvironment(names []string, values map[string]string, do func() error) (err error) {
	processEnvironment.Lock()
	defer processEnvironment.Unlock()
	before := make(map[string]string, len(names))
	for _, name := range names {
		if value, ok := os.LookupEnv(name); ok {
			before[name] = value
		}
	}
	defer func() { err = errors.Join(err, setEnvironment(names, before)) }()
	if err := setEnvironment(names, values); err != nil {
		return err
	}
	return do()
}

// setEnvironment changes what differs and leaves the rest alone.
func setEnvironment(names []string, values map[string]string) error {
	var errs []error
	for _, name := range names {
		want, set := values[name]
		have, isSet := os.LookupEnv(name)
		switch {
		case set && (!isSet || have != want):
			errs = append(errs, os.Setenv(name, want))
		case !set && isSet:
			errs = append(errs, os.Unsetenv(name))
		}
	}
	return errors.Join(errs...)
}

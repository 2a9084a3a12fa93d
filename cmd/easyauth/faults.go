package main

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/easyauth-sidecar/easyauth/authserver/config"
	"github.com/easyauth-sidecar/easyauth/authserver/headers"
	"github.com/easyauth-sidecar/easyauth/authserver/hosts"
	"github.com/easyauth-sidecar/easyauth/authserver/seal"
)

// deepFaults returns what is wrong with values that config accepts: the
// grammar of hosts belongs to hosts and the names of headers to headers. No
// fault holds a value.
func deepFaults(cfg *config.Config) config.Faults {
	return slices.Concat(hostFaults(cfg), headerFaults(cfg))
}

func hostFaults(cfg *config.Config) config.Faults {
	var faults config.Faults
	listed := cfg.Hosts
	if cfg.CallbackHost != "" {
		if _, err := hosts.New(hosts.Config{Hosts: []string{cfg.CallbackHost}, InsecureHTTP: cfg.InsecureHTTP}); err != nil {
			faults = append(faults, config.Fault{
				Name: "EASYAUTH_CALLBACK_HOST", Expected: "must be one host, such as login.example.com or login.example.com:8443",
			})
		}
		if last := len(listed) - 1; last > 0 && listed[last] == cfg.CallbackHost { // config puts it there
			listed = listed[:last]
		}
	}
	_, err := hosts.New(hosts.Config{Hosts: listed, InsecureHTTP: cfg.InsecureHTTP})
	faults = append(faults, named("EASYAUTH_HOSTS", err)...)
	// Own paths keep to a stricter grammar in config, so it is the default page.
	_, err = hosts.New(hosts.Config{Hosts: []string{"localhost"}, OwnPaths: ownPaths(cfg), DefaultPath: cfg.DefaultRedirect})
	return append(faults, named("EASYAUTH_DEFAULT_REDIRECT", err)...)
}

// named returns a fault of a variable for each error that was joined into err.
func named(variable string, err error) config.Faults {
	if err == nil {
		return nil
	}
	var faults config.Faults
	for line := range strings.SplitSeq(err.Error(), "\n") { // errors.Join: one a line
		faults = append(faults, config.Fault{Name: variable, Expected: line})
	}
	return faults
}

// headerFaults tells claims by their place: what headers says holds their names.
func headerFaults(cfg *config.Config) config.Faults {
	accepted := func(claims []string) bool {
		_, err := headers.New(headers.Config{Prefix: cfg.HeaderPrefix, ClaimHeaders: claims})
		return err == nil
	}
	if !accepted(nil) {
		return config.Faults{{Name: "EASYAUTH_HEADER_PREFIX", Expected: "must not be the beginning of a header with a meaning of its own"}}
	}
	var faults config.Faults
	var good []string
	for i, claim := range cfg.ClaimHeaders {
		switch {
		case accepted(append(good, claim)):
			good = append(good, claim)
		case !accepted([]string{claim}):
			faults = append(faults, config.Fault{Name: "EASYAUTH_CLAIM_HEADERS", Expected: fmt.Sprintf("entry %d: its header has the name of one that is always sent", i+1)})
		case slices.ContainsFunc(good, func(g string) bool { return !accepted([]string{g, claim}) }):
			faults = append(faults, config.Fault{Name: "EASYAUTH_CLAIM_HEADERS", Expected: fmt.Sprintf("entry %d: its header has the name of another entry's", i+1)})
		default:
			return append(faults, config.Fault{
				Name: "EASYAUTH_CLAIM_HEADERS", Expected: fmt.Sprintf("entry %d and those after it leave too little room for values: list fewer claims, or use a shorter EASYAUTH_HEADER_PREFIX", i+1),
			})
		}
	}
	return faults
}

// maxMends bounds how often hiddenFaults loads a configuration.
const maxMends = 10

// hiddenFaults returns the deep faults of a configuration that config refused:
// each variable with a fault is taken away, and given a harmless value if it is
// required, until config accepts the rest. It returns nothing when that does
// not help, and nothing about the variables it replaced.
func hiddenFaults(environ []string, known config.Faults) config.Faults {
	environ = slices.Clone(environ)
	replaced := map[string]int{}
	harmless := map[string]string{
		"EASYAUTH_TENANT_ID": "00000000-0000-4000-8000-000000000000", "EASYAUTH_CLIENT_ID": "none", "EASYAUTH_CLIENT_SECRET": "none",
		"EASYAUTH_KEYS": base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{1}, seal.KeySize)), "EASYAUTH_HOSTS": "localhost",
	}
	faults := known
	for range maxMends {
		for _, f := range faults {
			environ = slices.DeleteFunc(environ, func(entry string) bool { return strings.HasPrefix(entry, f.Name+"=") })
			replaced[f.Name]++
			// Every other time, because a secret may come from a file instead.
			if value, required := harmless[f.Name]; required && replaced[f.Name]%2 == 1 {
				environ = append(environ, f.Name+"="+value)
			}
		}
		cfg, _, err := config.Load(environ)
		if err == nil {
			return slices.DeleteFunc(deepFaults(cfg), func(f config.Fault) bool {
				// Without this variable nobody knows which hosts may be http.
				return replaced[f.Name] > 0 || replaced["EASYAUTH_INSECURE_HTTP"] > 0 && f.Name == "EASYAUTH_HOSTS"
			})
		}
		faults = nil
		if !errors.As(err, &faults) {
			return nil
		}
	}
	return nil
}

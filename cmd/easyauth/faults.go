package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/easyauth-sidecar/easyauth/authserver/config"
	"github.com/easyauth-sidecar/easyauth/authserver/headers"
	"github.com/easyauth-sidecar/easyauth/authserver/hosts"
	"github.com/easyauth-sidecar/easyauth/authserver/pages"
)

// deepFaults returns what is wrong with values that config accepts: the
// grammar of hosts belongs to hosts, the names of headers to headers, and so on. The
// configuration may be half read; then known is what config found, and nothing is
// said twice of a variable. No fault holds a value.
func deepFaults(cfg *config.Config, known config.Faults) config.Faults {
	if !cfg.Roles.Auth && !cfg.Roles.SignIn {
		return nil // a worker alone answers nobody
	}
	faulty := map[string]bool{}
	for _, f := range known {
		faulty[f.Name] = true
	}
	if faulty["EASYAUTH_CONFIG_FILE"] {
		return nil // what is missing may be there
	}
	if faulty["EASYAUTH_INSECURE_HTTP"] {
		faulty["EASYAUTH_HOSTS"] = true // nobody knows which hosts may be http
	}
	faults := slices.Concat(hostFaults(cfg), headerFaults(cfg), mapFaults(cfg), brandFaults(cfg), credentialFaults(cfg), assertionFaults(cfg), programFaults(cfg), policiesFaults(cfg), upstreamFaults(cfg))
	return slices.DeleteFunc(faults, func(f config.Fault) bool { return faulty[f.Name] })
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

// headerConfig is what the configuration says of the names of headers.
func headerConfig(cfg *config.Config) headers.Config {
	return headers.Config{
		Prefix: cfg.HeaderPrefix, ClaimHeaders: cfg.ClaimHeaders, PassAccessToken: cfg.PassAccessToken, PassIDToken: cfg.PassIDToken, Assertion: cfg.AssertionHeader,
		Profile: profileOf(cfg), Mappings: mappingsOf(cfg),
	}
}

func accepts(of headers.Config) bool {
	_, err := headers.New(of)
	return err == nil
}

// headerProblem is what headers says of a fault.
func headerProblem(err error) string { return strings.TrimPrefix(err.Error(), "identity headers: ") }

// headerFaults tells claims by their place: what headers says holds their names.
func headerFaults(cfg *config.Config) config.Faults {
	accepted := func(claims []string) bool {
		of := headerConfig(cfg)
		of.ClaimHeaders, of.Assertion, of.Mappings = claims, "", nil
		return accepts(of)
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

// mapFaults tells mappings by their place among them, each beside the good ones before it.
func mapFaults(cfg *config.Config) config.Faults {
	var faults config.Faults
	of := headerConfig(cfg)
	of.Mappings, of.Assertion = nil, ""
	if !accepts(of) {
		return nil // something else is wrong with the headers
	}
	for i, m := range mappingsOf(cfg) {
		with := of
		with.Mappings = append(slices.Clip(of.Mappings), m)
		_, err := headers.New(with)
		var mapping *headers.MappingError
		switch {
		case err == nil:
			of = with
		case errors.As(err, &mapping):
			faults = append(faults, config.Fault{Name: "EASYAUTH_HEADER_MAP", Expected: fmt.Sprintf("mapping %d: %s", i+1, mapping.Problem)})
		default: // there is no room
			return append(faults, config.Fault{Name: "EASYAUTH_HEADER_MAP", Expected: fmt.Sprintf("mapping %d and those after it: %s", i+1, headerProblem(err))})
		}
	}
	return faults
}

// profileOf is EasyAuth's own where config found a fault.
func profileOf(cfg *config.Config) headers.Profile {
	profile, _ := headers.ParseProfile(cfg.HeaderProfile) // config has checked it
	return profile
}

func mappingsOf(cfg *config.Config) (list []headers.Mapping) {
	for _, m := range cfg.HeaderMap {
		encoding, _ := headers.ParseEncoding(m.Encoding) // config has checked it
		list = append(list, headers.Mapping{Header: m.Header, Claim: m.Claim, Encoding: encoding, Separator: m.Separator})
	}
	return list
}

// brandFaults looks at each part of the brand alone, to tell which one is wrong.
func brandFaults(cfg *config.Config) config.Faults {
	var faults config.Faults
	for variable, part := range map[string]pages.Brand{
		"EASYAUTH_BRAND_NAME":        {Name: cfg.Brand.Name},
		"EASYAUTH_BRAND_COLOR":       {Color: cfg.Brand.Color},
		"EASYAUTH_BRAND_SUPPORT_URL": {SupportURL: cfg.Brand.SupportURL},
		"EASYAUTH_BRAND_LOGO_FILE":   {Logo: cfg.Brand.Logo},
	} {
		if _, err := pages.New(pages.Config{Brand: part, LogoPath: cfg.LogoPath}); err != nil {
			faults = append(faults, config.Fault{Name: variable, Expected: strings.TrimPrefix(err.Error(), "pages: brand: ")})
		}
	}
	return faults
}

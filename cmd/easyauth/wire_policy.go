package main

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/config"
	"github.com/easyauth-sidecar/easyauth/authserver/policy"
	"github.com/easyauth-sidecar/easyauth/authserver/policy/celexpr"
)

// policies are the named policies of a configuration. The names of scopes in them are
// looked up when they are read: they are read again when the app registration has brought
// others.
type policies struct {
	text  string
	opts  policy.Options
	names *access.ScopeNames // nil: scopes have one spelling

	now   atomic.Pointer[policiesRead]
	again sync.Mutex
}

// policiesRead are the policies as they were read with a version of the names.
type policiesRead struct {
	set     *policy.Set
	version uint64
}

// newPolicies reads the policies of a configuration; nil when it has none. What is wrong
// with them are policy.Faults.
func newPolicies(cfg *config.Config, names *access.ScopeNames) (*policies, error) {
	if cfg.Policies == "" {
		return nil, nil
	}
	opts, err := policyOptions(cfg, names)
	if err != nil {
		return nil, err
	}
	p := &policies{text: cfg.Policies, opts: opts, names: names}
	_, err = p.read(names.Version())
	return p, err
}

// policyOptions say how policies are to be read.
func policyOptions(cfg *config.Config, names *access.ScopeNames) (policy.Options, error) {
	expressions, err := celexpr.New(celexpr.Config{Entra: cfg.Kind != config.KindOIDC})
	if err != nil {
		return policy.Options{}, fmt.Errorf("policies: %w", err)
	}
	opts := policy.Options{
		Expressions: expressions, Entra: cfg.Kind != config.KindOIDC,
		Beside: func(key string) bool { return strings.HasPrefix(key, "EASYAUTH_") || strings.HasPrefix(key, "OTEL_") },
	}
	if names != nil {
		opts.Scopes = names.Rule
	}
	return opts, nil
}

func (p *policies) read(version uint64) (*policiesRead, error) {
	set, err := policy.Parse([]byte(p.text), p.opts)
	if err != nil {
		return nil, err
	}
	now := &policiesRead{set: set, version: version}
	p.now.Store(now)
	return now, nil
}

// Find implements authserver.Policies. If the policies cannot be read again, which they
// could be with other names, there is none.
func (p *policies) Find(name string) *policy.Policy {
	now := p.now.Load()
	if version := p.names.Version(); now.version != version {
		p.again.Lock()
		defer p.again.Unlock()
		if now = p.now.Load(); now.version != version {
			var err error
			if now, err = p.read(version); err != nil {
				return nil
			}
		}
	}
	return now.set.Find(name)
}

// policyFaults tells what is wrong with policies, each fault with its line.
func policyFaults(err error) config.Faults {
	var list policy.Faults
	if !errors.As(err, &list) {
		return config.Faults{{Name: "policies", Expected: err.Error()}}
	}
	var faults config.Faults
	for _, f := range list {
		fault := config.Fault{Name: "policies", Expected: f.Problem}
		if f.Where != "" {
			fault.Name = f.Where
		}
		if f.Line > 0 {
			fault.Place = fmt.Sprintf("configuration file, line %d", f.Line)
		}
		faults = append(faults, fault)
	}
	return faults
}

// policiesFaults is what is wrong with the policies of a configuration.
func policiesFaults(cfg *config.Config) config.Faults {
	if _, err := newPolicies(cfg, nil); err != nil {
		return policyFaults(err)
	}
	return nil
}

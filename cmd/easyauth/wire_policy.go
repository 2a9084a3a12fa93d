package main

import (
	"errors"
	"fmt"
	"log/slog"
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
	log   *slog.Logger
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
func newPolicies(cfg *config.Config, names *access.ScopeNames, log *slog.Logger) (*policies, error) {
	if cfg.Policies == "" {
		return nil, nil
	}
	p := &policies{text: cfg.Policies, opts: policyOptions(cfg, names), log: log, names: names}
	version := names.Version()
	set, err := policy.Parse([]byte(p.text), p.opts)
	if err != nil {
		return nil, err
	}
	p.now.Store(&policiesRead{set: set, version: version})
	return p, nil
}

// policyOptions say how policies are to be read.
func policyOptions(cfg *config.Config, names *access.ScopeNames) policy.Options {
	opts := policy.Options{
		Expressions: newExpressions(celexpr.Config{Entra: cfg.Kind != config.KindOIDC, Mapped: mappedClaims(cfg)}), Entra: cfg.Kind != config.KindOIDC, Mapped: mappedClaims(cfg),
		Beside: func(key string) bool {
			return key == "upstreams" || strings.HasPrefix(key, "EASYAUTH_") || strings.HasPrefix(key, "OTEL_")
		},
	}
	if names != nil {
		opts.Scopes = names.Rule
	}
	return opts
}

// expressions is policy.Compiler. It sets CEL up when it is first needed: most policies
// have no expression, and CEL takes memory.
type expressions func() (*celexpr.Compiler, error)

func newExpressions(cfg celexpr.Config) expressions {
	return sync.OnceValues(func() (*celexpr.Compiler, error) { return celexpr.New(cfg) })
}

// Compile implements policy.Compiler.
func (e expressions) Compile(expr string) (policy.Program, error) {
	compiler, err := e()
	if err != nil {
		return nil, err
	}
	return compiler.Compile(expr)
}

// mappedClaims are the claims that another provider's roles, groups and scopes are read
// from: of a path, all that it may begin with.
func mappedClaims(cfg *config.Config) []string {
	if cfg.Kind != config.KindOIDC {
		return nil
	}
	var names []string
	for _, path := range []string{cfg.RolesClaim, cfg.GroupsClaim, cfg.ScopesClaim} {
		for i, c := range path {
			if c == '.' {
				names = append(names, path[:i])
			}
		}
		names = append(names, path)
	}
	return names
}

// Find implements authserver.Policies.
func (p *policies) Find(name string) *policy.Policy {
	now := p.now.Load()
	if version := p.names.Version(); now.version != version {
		now = p.readAgain(version)
	}
	return now.set.Find(name)
}

// readAgain reads the policies with a version of the names. If they cannot be read, which
// they could be with other names, they stay as they were, and nobody tries again before the
// names change.
func (p *policies) readAgain(version uint64) *policiesRead {
	p.again.Lock()
	defer p.again.Unlock()
	now := p.now.Load()
	if now.version == version {
		return now
	}
	set, err := policy.Parse([]byte(p.text), p.opts)
	if err != nil {
		p.log.Error("the policies cannot be read with the names of scopes of the app registration: they stay as they were", "error", err)
		set = now.set
	}
	now = &policiesRead{set: set, version: version}
	p.now.Store(now)
	return now
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
	if _, err := newPolicies(cfg, nil, nil); err != nil {
		return policyFaults(err)
	}
	return nil
}

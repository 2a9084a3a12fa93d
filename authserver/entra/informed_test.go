package entra

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// whole returns a relying party for these tenants that has found all of them, and what it
// was made of.
func whole(t *testing.T, allowed ...string) (*attempt, *RelyingParty) {
	t.Helper()
	a := newAttempt()
	manyTenants(a)
	a.cfg.AllowedTenants = allowed
	rp := must(New(a.cfg))
	rp.Examine(t.Context())
	if names := rp.Unknown(); names != nil {
		t.Fatalf("unknown: %q", names)
	}
	return a, rp
}

func TestUnknown(t *testing.T) {
	const first, second = "https://login.example/" + testTenant + "/v2.0", "https://login.example/" + otherTenant + "/v2.0"
	a := newAttempt()
	manyTenants(a)
	rp := must(New(a.cfg))
	check := func(when string, want ...string) {
		t.Helper()
		if got := rp.Unknown(); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", when, got, want)
		}
	}
	check("at first", a.cfg.Authority, first, second)
	rp.adopt(must(rp.discover(t.Context())))
	check("the authority alone", first, second)
	doc := must(rp.discoverTenant(t.Context(), rp.tenants.Load().all[0]))
	rp.tenants.Load().all[0].doc.Store(doc)
	check("a document without its keys", first, second)
	if err := doc.keys.refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	check("one tenant", second)
	a.clock.Advance(keyMaxAge + time.Second)
	check("keys that are too old", first, second)

	domain := newAttempt()
	domain.cfg.TenantID, domain.cfg.Authority = "contoso.example", "https://login.example/contoso.example/v2.0"
	rp = must(New(domain.cfg))
	check("a domain", domain.cfg.Authority)
	single := newAttempt()
	rp = must(New(single.cfg))
	check("one tenant and its issuer, once", single.cfg.Authority)
}

// Of the tenants that both accept all is known at once, of others nothing.
func TestInherit(t *testing.T) {
	a, old := whole(t, testTenant, otherTenant)
	cfg := a.cfg
	cfg.AllowedTenants = []string{otherTenant, consumers}
	var asked []string
	var mu sync.Mutex
	cfg.Client = &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		mu.Lock()
		defer mu.Unlock()
		asked = append(asked, r.URL.Path)
		return nil, errors.New("nobody answers")
	})}
	next := must(New(cfg))
	next.Inherit(old)
	if names := next.Unknown(); len(names) != 1 || !strings.Contains(names[0], consumers) || !next.Ready() {
		t.Errorf("unknown: %q", names)
	}
	if next.tenantOf("https://login.example/"+testTenant+"/v2.0") != nil || next.TenantAllowed(testTenant) {
		t.Error("a tenant that was removed is there")
	}
	of := func(rp *RelyingParty, id string) *keySet { return rp.tenants.Load().byID(id).doc.Load().keys }
	before, keys := of(old, otherTenant), of(next, otherTenant)
	if keys == before || keys.client != cfg.Client || keys.url != before.url || !keys.fetched.Equal(before.fetched) || len(byID(keys.current(), "o1")) != 1 || len(byID(keys.current(), "k1")) != 0 {
		t.Errorf("keys %+v", keys)
	}
	if err := keys.refresh(t.Context()); err == nil || len(keys.current()) != 1 || len(before.current()) != 1 {
		t.Errorf("after a fetch that failed: %v", err)
	}
	a.clock.Advance(keyMaxAge + time.Second)
	if len(keys.current()) != 0 {
		t.Error("inheriting has made keys younger")
	}

	// Its own Run asks for what is missing, and for keys; not for what is known.
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { next.Run(ctx); close(ended) }()
	eventually(t, func() bool { mu.Lock(); defer mu.Unlock(); return len(asked) >= 3 })
	cancel()
	<-ended
	for _, path := range asked {
		if strings.HasSuffix(path, documentPath) && !strings.Contains(path, consumers) {
			t.Errorf("%s was asked for", path)
		}
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

// RoundTrip implements http.RoundTripper.
func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// What one party knows is another's only if it would have asked the same.
func TestInheritRefuses(t *testing.T) {
	for name, tt := range map[string]struct {
		edit func(*Config)
		same bool
	}{
		"the same":         {func(*Config) {}, true},
		"another client":   {func(c *Config) { c.ClientID = "77777777-aaaa-4bbb-8ccc-dddddddddddd" }, true}, // documents and keys are the tenant's
		"another spelling": {func(c *Config) { c.TenantID = "Organizations" }, true},
		"another word":     {func(c *Config) { c.TenantID, c.Authority = "common", "https://login.example/common/v2.0" }, false},
		"one tenant": {func(c *Config) {
			c.Kind, c.TenantID, c.AllowedTenants, c.Authority = SingleTenant, testTenant, nil, testIssuer
		}, false},
		"another host, the same paths": {func(c *Config) { c.Authority = "https://login.other/organizations/v2.0" }, false},
	} {
		t.Run(name, func(t *testing.T) {
			a, old := whole(t, testTenant, otherTenant)
			tt.edit(&a.cfg)
			next, err := New(a.cfg)
			if err != nil {
				t.Fatal(err)
			}
			if next.Inherit(old); next.Ready() != tt.same || (next.Unknown() == nil) != tt.same {
				t.Errorf("ready %v, unknown %q", next.Ready(), next.Unknown())
			}
		})
	}
	// From one that knows nothing, nothing comes.
	a := newAttempt()
	manyTenants(a)
	next := must(New(a.cfg))
	if next.Inherit(must(New(a.cfg))); next.Ready() || len(next.Unknown()) != 3 {
		t.Errorf("unknown %q", next.Unknown())
	}
}

// A tenant that is configured by its domain is found through the old one, and only its
// tokens are accepted.
func TestInheritOfADomain(t *testing.T) {
	a := newAttempt()
	a.cfg.TenantID, a.cfg.Authority = "contoso.example", "https://login.example/contoso.example/v2.0"
	old, next := a.party(t), must(New(a.cfg))
	if !next.TenantAllowed(otherTenant) {
		t.Fatal("the tenant is known before discovery")
	}
	next.Inherit(old)
	if next.TenantAllowed(otherTenant) || !next.TenantAllowed(testTenant) || next.Unknown() != nil {
		t.Errorf("unknown %q", next.Unknown())
	}
}

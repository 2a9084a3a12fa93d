package main

import (
	"maps"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/test/entra"
)

const (
	secondTenant = "22222222-0000-4000-8000-00000000000b"
	thirdTenant  = "33333333-0000-4000-8000-00000000000c"
)

// severalTenants starts an Entra ID with three tenants and these faults, and a server
// whose file says set.
func severalTenants(t *testing.T, faults entra.Faults, vars map[string]string, set string) (*entra.Server, *changing) {
	t.Helper()
	idp := entra.New(entra.Config{
		Tenants: []string{secondTenant, thirdTenant}, KeysPerTenant: true,
		Clients: []entra.Client{{
			ID: clientID, Secret: "s3cret", RedirectURIs: []string{"http://" + host + "/easyauth/signin-oidc"},
			AppPermissions: map[string][]string{entra.GraphURI: {"Application.Read.All"}},
		}},
	})
	idp.SetFaults(faults)
	stop, err := idp.Start(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	all := map[string]string{
		"EASYAUTH_INSTANCE": idp.BaseURL(), "EASYAUTH_GRAPH_URL": idp.BaseURL(), "EASYAUTH_HOSTS": "",
		"EASYAUTH_TENANT_ID": "organizations", "EASYAUTH_READ_REGISTRATION": "false",
	}
	maps.Copy(all, vars)
	return idp, startChanging(t, all, set)
}

// without makes the documents of a tenant useless.
func without(tenant string) entra.Faults {
	return entra.Faults{DiscoveryEdit: func(document map[string]any) {
		if issuer, _ := document["issuer"].(string); strings.Contains(issuer, tenant) {
			document["issuer"] = "https://elsewhere.example"
		}
	}}
}

func allowing(tenants ...string) string {
	return "EASYAUTH_HOSTS: " + host + " old.example.com\nEASYAUTH_ALLOWED_TENANTS: " + strings.Join(tenants, " ") + "\nEASYAUTH_SESSION_LIFETIME: 8h\nEASYAUTH_ALLOW_BEARER: true\n"
}

// A change that narrows access is taken, whatever fails of what was known before.
func TestNarrowingNeedsNobodysAnswer(t *testing.T) {
	idp, c := severalTenants(t, entra.Faults{}, nil, allowing(entra.DefaultTenantID, secondTenant, thirdTenant))
	live := c.parts.live
	waitFor(t, "discovery", func() bool { return len(live.now.Load().provider.Unknown()) == 0 })
	documents := idp.Requests(entra.EndpointDiscovery)
	faults := without(secondTenant)
	faults.Endpoints = map[entra.Endpoint]entra.EndpointFault{entra.EndpointKeys: {Status: http.StatusInternalServerError}}
	idp.SetFaults(faults)
	two := allowing(entra.DefaultTenantID, secondTenant)
	for _, tt := range []struct {
		name, set string
		narrowed  func(*generation) bool
	}{
		{"a tenant", two, func(g *generation) bool {
			return !g.provider.TenantAllowed(thirdTenant) && g.provider.TenantAllowed(secondTenant)
		}},
		{"a host", strings.Replace(two, " old.example.com", "", 1), func(g *generation) bool { return len(g.cfg.Hosts) == 1 }},
		{"a lifetime", strings.Replace(two, "8h", "1h", 1), func(g *generation) bool { return g.cfg.SessionLifetime == time.Hour }},
		{"bearer tokens", strings.Replace(two, "_BEARER: true", "_BEARER: false", 1), func(g *generation) bool { return !g.cfg.AllowBearer }},
	} {
		c.change(tt.set, hasChanged)
		if g := live.now.Load(); !tt.narrowed(g) || len(g.provider.Unknown()) > 0 || !g.provider.Ready() {
			t.Errorf("%s: narrowed %v; unknown: %q", tt.name, tt.narrowed(g), g.provider.Unknown())
		}
	}
	if n := idp.Requests(entra.EndpointDiscovery); n != documents {
		t.Errorf("documents were read again: %d times", n-documents)
	}
}

// A tenant that could not be found before need not be found now.
func TestNarrowingWhileATenantIsUnknown(t *testing.T) {
	_, c := severalTenants(t, without(secondTenant), nil, allowing(entra.DefaultTenantID, secondTenant, thirdTenant))
	live := c.parts.live
	waitFor(t, "discovery", func() bool { return live.now.Load().provider.Ready() && len(live.now.Load().provider.Unknown()) == 1 })
	c.change(allowing(entra.DefaultTenantID, secondTenant), hasChanged)
	if g := live.now.Load(); g.provider.TenantAllowed(thirdTenant) || len(g.provider.Unknown()) != 1 || !strings.Contains(g.provider.Unknown()[0], secondTenant) {
		t.Errorf("unknown: %q", g.provider.Unknown())
	}
}

// The registration that was read counts until it is read again: nobody waits for Graph.
func TestNarrowingWhileTheRegistrationCannotBeRead(t *testing.T) {
	for name, fault := range map[string]entra.EndpointFault{
		"Graph is down": {Status: http.StatusInternalServerError}, "Graph hangs": {Delay: time.Hour}, "the permission was taken back": {Status: http.StatusForbidden},
	} {
		t.Run(name, func(t *testing.T) {
			idp, c := severalTenants(t, entra.Faults{}, map[string]string{"EASYAUTH_TENANT_ID": entra.DefaultTenantID, "EASYAUTH_READ_REGISTRATION": "true"}, "EASYAUTH_HOSTS: "+host+" old.example.com\n")
			first := c.parts.live.now.Load()
			waitFor(t, "the registration", first.registered.Known)
			idp.SetFaults(entra.Faults{Endpoints: map[entra.Endpoint]entra.EndpointFault{entra.EndpointGraph: fault}})
			c.change("EASYAUTH_HOSTS: "+host+"\n", hasChanged)
			second := c.parts.live.now.Load()
			if second == first || len(second.cfg.Hosts) != 1 || !second.registered.Known() {
				t.Errorf("hosts %q; the registration is known: %v", second.cfg.Hosts, second.registered.Known())
			}
		})
	}
}

// Of a tenant that is new all must be found out first; the one that lacks is named.
func TestNewTenantIsFoundFirst(t *testing.T) {
	const cannot = `msg="the configuration cannot be used: the one before stays in use"`
	idp, c := severalTenants(t, entra.Faults{}, nil, allowing(entra.DefaultTenantID))
	live := c.parts.live
	first := live.now.Load()
	waitFor(t, "discovery", func() bool { return len(first.provider.Unknown()) == 0 })
	idp.SetFaults(without(secondTenant))
	c.change(allowing(entra.DefaultTenantID, secondTenant, thirdTenant), cannot)
	if live.now.Load() != first || live.notInUse() == "" {
		t.Fatal("it is in use")
	}
	// A busy machine may not have read the other's keys either.
	if text := c.log.String(); !regexp.MustCompile(`within [0-9]s: [^"]*` + secondTenant + `/v2\.0[^"]*; it is tried again`).MatchString(text) {
		t.Errorf("the tenant is not named:\n%s", text)
	}
	c.change(allowing(entra.DefaultTenantID, thirdTenant), hasChanged) // this one answers
	if g := live.now.Load(); !g.provider.TenantAllowed(thirdTenant) || len(g.provider.Unknown()) > 0 || live.notInUse() != "" {
		t.Errorf("unknown: %q", g.provider.Unknown())
	}
	idp.ClearFaults()
	c.change(allowing(entra.DefaultTenantID, secondTenant), hasChanged)
	if g := live.now.Load(); !g.provider.TenantAllowed(secondTenant) || g.provider.TenantAllowed(thirdTenant) || len(g.provider.Unknown()) > 0 {
		t.Errorf("unknown: %q", g.provider.Unknown())
	}
}

// While the provider was never found, a change is not held up by that: it may be the
// change that mends it.
func TestChangeBeforeDiscovery(t *testing.T) {
	down := entra.Faults{Endpoints: map[entra.Endpoint]entra.EndpointFault{entra.EndpointDiscovery: {Status: http.StatusServiceUnavailable}}}
	_, c := severalTenants(t, down, nil, allowing(entra.DefaultTenantID))
	c.change(allowing(secondTenant), hasChanged)
	if g := c.parts.live.now.Load(); g.provider.Ready() || !g.provider.TenantAllowed(secondTenant) || g.provider.TenantAllowed(entra.DefaultTenantID) {
		t.Error("it is not in use")
	}
}

// What the operator is told of a configuration is told when it is taken, and once.
func TestWarningsOfWhatIsTaken(t *testing.T) {
	idp, c := severalTenants(t, entra.Faults{}, map[string]string{"EASYAUTH_GROUPS_KEEP": "all"}, allowing(entra.DefaultTenantID)+"EASYAUTH_GROUPS: auto\n")
	live := c.parts.live
	waitFor(t, "discovery", func() bool { return len(live.now.Load().provider.Unknown()) == 0 })
	idp.SetFaults(without(secondTenant))
	c.write(allowing(entra.DefaultTenantID, secondTenant) + "EASYAUTH_GROUPS: claims\nEASYAUTH_PASS_ACCESS_TOKEN: false\n")
	told := func() int { return strings.Count(c.log.String(), "EASYAUTH_GROUPS_KEEP") }
	for range 3 {
		live.files.Reload(t.Context())
	}
	if live.notInUse() == "" || told() != 0 {
		t.Fatalf("warned %d times of what is not in use", told())
	}
	idp.ClearFaults()
	live.files.Reload(t.Context())
	if live.notInUse() != "" || told() != 1 {
		t.Errorf("warned %d times of what is in use", told())
	}
	live.files.Reload(t.Context())
	if told() != 1 {
		t.Errorf("warned %d times", told())
	}
}

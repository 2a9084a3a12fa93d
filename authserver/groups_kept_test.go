package authserver_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/signin"
	emulator "github.com/easyauth-sidecar/easyauth/test/entra"
)

// keepsAll fetches all groups, which needs a permission of its own.
func keepsAll() options {
	o := asksOverage(func(g *signin.Groups) { g.KeepAll = true })
	o.scopes = []string{"openid", "profile", "email", "GroupMember.Read.All"}
	return o
}

// too long.
func TestAllGroupsKept(t *testing.T) {
	tests := []struct {
		name        string
		groups, max int
		urls        []string
	}{
		{"one list", 250, 0, []string{"POST /me/getMemberObjects"}},
		{"beyond its limit", 250, 249, []string{"POST /me/getMemberObjects", "GET /me/transitiveMemberOf?$select=id&$top=999"}},
		{"two pages", 1100, 1000, []string{
			"POST /me/getMemberObjects", "GET /me/transitiveMemberOf?$select=id&$top=999", "GET /me/transitiveMemberOf?%24select=id&%24skiptoken=999&%24top=999",
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := keepsAll()
			o.emulator = func(c *emulator.Config) { c.MaxMemberObjects = tt.max }
			k := newKit(t, o)
			b := k.withGroups(emulator.Grace, tt.groups)
			if resp := b.open(app+"/page", inAny(tt.groups)); resp.StatusCode != 202 {
				t.Fatalf("%d %s\n%s", resp.StatusCode, resp.text(), k.log)
			}
			if got := k.idp.GraphURLs(); !slices.Equal(got, tt.urls) {
				t.Errorf("asked %q, want %q", got, tt.urls)
			}
			if resp := b.open(app+"/other", inAny(tt.groups+1)); resp.StatusCode != 403 {
				t.Errorf("a group of others: %d\n%s", resp.StatusCode, resp.text())
			}
		})
	}
}

// All 250 fit into the ticket: a second rule needs no second sign-in.
func TestAllGroupsAreKnownAtOnce(t *testing.T) {
	k := newKit(t, keepsAll())
	b := k.browser(emulator.Grace)
	if resp := b.open(app+"/", ""); resp.StatusCode != 202 {
		t.Fatalf("%d %s\n%s", resp.StatusCode, resp.text(), k.log)
	}
	trips := k.idp.Requests(emulator.EndpointAuthorize)
	if resp := b.check(app+"/one", inAny(249)); resp.StatusCode != 202 {
		t.Errorf("a group that no rule had named: %d", resp.StatusCode)
	}
	if resp := b.open(app+"/two", inAny(251)); resp.StatusCode != 403 || k.idp.Requests(emulator.EndpointAuthorize) != trips {
		t.Errorf("a group of others: %d, %d more trips", resp.StatusCode, k.idp.Requests(emulator.EndpointAuthorize)-trips)
	}
}

// token, and the groups are not known.
func TestGroupPagesElsewhere(t *testing.T) {
	var followed atomic.Int32
	trap := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { followed.Add(1) }))
	defer trap.Close()
	o := keepsAll()
	o.emulator = func(c *emulator.Config) { c.MaxMemberObjects = 100 }
	for name, link := range map[string]func(base string) string{
		"another server": func(string) string { return trap.URL + "/v1.0/me/transitiveMemberOf?$skiptoken=1" },
		"another scheme": func(base string) string {
			return strings.Replace(base, "http:", "https:", 1) + "/v1.0/me/transitiveMemberOf"
		},
		"ours as a user":       func(base string) string { return base + "@" + strings.TrimPrefix(trap.URL, "http://") + "/v1.0/me" },
		"above the version":    func(base string) string { return base + "/v1.0/../common/oauth2/v2.0/token" },
		"another version":      func(base string) string { return base + "/beta/me/transitiveMemberOf" },
		"the same page again":  func(base string) string { return base + "/v1.0/me/transitiveMemberOf?$select=id&$top=999" },
		"a relative reference": func(string) string { return "/v1.0/me/transitiveMemberOf?$skiptoken=1" },
	} {
		t.Run(name, func(t *testing.T) {
			k := newKit(t, o)
			k.idp.SetFaults(emulator.Faults{NextLink: link(k.idp.BaseURL())})
			b := k.browser(emulator.Grace)
			resp := b.open(app+"/page", inAny(7))
			if resp.StatusCode != 503 || resp.Header.Get("Retry-After") == "" || followed.Load() != 0 {
				t.Errorf("%d, followed %d times\n%s", resp.StatusCode, followed.Load(), resp.text())
			}
			if n := len(k.idp.GraphCalls()); n != 2 {
				t.Errorf("asked %q", k.idp.GraphURLs())
			}
			k.idp.ClearFaults()
			k.advance(time.Minute)
			if resp := b.open(app+"/page", inAny(7)); resp.StatusCode != 202 {
				t.Errorf("with right links: %d", resp.StatusCode)
			}
		})
	}
}

// it is for, and no others.
func TestGroupsKeepList(t *testing.T) {
	o := asksOverage(func(g *signin.Groups) { g.Keep = groupIDs(1, 250, 251) })
	t.Run("asked for", func(t *testing.T) {
		k := newKit(t, o)
		b := k.browser(emulator.Grace)
		resp := b.open(app+"/", "")
		if want := strings.Join(groupIDs(1, 250), "|"); resp.StatusCode != 202 || resp.Header.Get("X-Injected-Groups") != want {
			t.Fatalf("%d, groups %q", resp.StatusCode, resp.Header.Get("X-Injected-Groups"))
		}
		if got := k.groupsAsked(); len(got) != 1 || !slices.Equal(got[0], groupIDs(1, 250, 251)) {
			t.Errorf("asked for %v", got)
		}
		for query, status := range map[string]int{inAny(1): 202, inAny(250): 202, inAny(251): 403} {
			if resp := b.open(app+"/page", query); resp.StatusCode != status {
				t.Errorf("%s: %d, want %d", query, resp.StatusCode, status)
			}
		}
		if n := k.idp.Requests(emulator.EndpointAuthorize); n != 1 {
			t.Errorf("%d trips", n)
		}
	})
	t.Run("others of the token are left out", func(t *testing.T) {
		k := newKit(t, o)
		b := k.browser(emulator.Adele) // in 1 and 2
		if resp := b.open(app+"/", ""); resp.StatusCode != 202 || resp.Header.Get("X-Injected-Groups") != emulator.GroupID(1) {
			t.Fatalf("%d, groups %q", resp.StatusCode, resp.Header.Get("X-Injected-Groups"))
		}
		if resp := b.open(app+"/page", inAny(2)); resp.StatusCode != 202 || k.idp.Requests(emulator.EndpointAuthorize) != 2 {
			t.Errorf("a group that a rule names: %d after %d trips", resp.StatusCode, k.idp.Requests(emulator.EndpointAuthorize))
		}
		if n := k.idp.Requests(emulator.EndpointGraph); n != 0 {
			t.Errorf("Graph was asked %d times for what the token has", n)
		}
	})
}

// has named: to those, the answer is still certain.
func TestGroupsThatDoNotFit(t *testing.T) {
	k := newKit(t, asksOverage())
	u, _ := k.idp.User(emulator.Max)
	for i := range 110 { // roles are never dropped, and do not compress
		u.Roles = append(u.Roles, strings.ReplaceAll(emulator.GroupID(1000+i), "-", ""))
	}
	k.idp.SetUser(u)
	b := k.browser(emulator.Max)
	resp := b.open(app+"/page", inAny(5))
	if resp.StatusCode != 202 || resp.Header.Get("X-Injected-Groups") != emulator.GroupID(5) {
		t.Fatalf("%d, groups %.100q\n%s", resp.StatusCode, resp.Header.Get("X-Injected-Groups"), resp.text())
	}
	for i, s := range []struct{ group, status, trips int }{{6, 202, 2}, {5, 202, 2}, {201, 403, 3}, {5, 202, 3}, {201, 403, 3}} {
		k.advance(time.Second)
		resp := b.open(app+"/page", inAny(s.group))
		if trips := k.idp.Requests(emulator.EndpointAuthorize); resp.StatusCode != s.status || trips != s.trips {
			t.Errorf("step %d: %d after %d trips, want %d after %d\n%s", i+1, resp.StatusCode, trips, s.status, s.trips, resp.text())
		}
	}
	if n := k.idp.Requests(emulator.EndpointGraph); n != 0 {
		t.Errorf("Graph was asked %d times for what the token has", n)
	}
}

package session_test

import (
	"slices"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/session"
)

// TestKeptPartsEnd: what an earlier sign-in brought lives no longer because a
// later one kept it, however often the session is renewed.
func TestKeptPartsEnd(t *testing.T) {
	start := time.Date(2030, 1, 2, 3, 0, 0, 0, time.UTC)
	now := start
	m, _ := manager(t, func(c *session.Config) {
		c.Lifetime, c.RenewBefore, c.Now = 8*time.Hour, 5*time.Minute, func() time.Time { return now }
	})
	issue := func(id access.Identity, old *session.Session) *session.Session {
		t.Helper()
		id.Tenant, id.Object = "t", "adele"
		s, _, _, err := m.Issue(t.Context(), nil, &id, old, nil, "")
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	first := issue(access.Identity{Contexts: []string{"c1"}, Scopes: []string{"A"}}, nil)
	tests := []struct {
		name string
		at   time.Duration // after the first sign-in
		kept bool
		ends time.Duration
	}{
		{"in the middle", 4 * time.Hour, true, 8 * time.Hour},
		{"before the last minutes", 8*time.Hour - 6*time.Minute, true, 8 * time.Hour},
		{"a renewal in the last minutes", 8*time.Hour - 5*time.Minute, false, 16*time.Hour - 5*time.Minute},
		{"after the end", 9 * time.Hour, false, 17 * time.Hour},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			now = start.Add(tt.at)
			s := issue(access.Identity{}, first)
			if kept := len(s.Identity.Contexts) == 1 && len(s.Identity.Scopes) == 1; kept != tt.kept {
				t.Errorf("contexts %q, scopes %q", s.Identity.Contexts, s.Identity.Scopes)
			}
			if ends := s.Expires.Sub(start); ends != tt.ends {
				t.Errorf("it ends after %v, want %v", ends, tt.ends)
			}
		})
	}
}

// TestContextsAreOfOneSignIn: a later proof of who the person is does not make an
// earlier, stronger one fresh.
func TestContextsAreOfOneSignIn(t *testing.T) {
	start := time.Date(2030, 1, 2, 3, 0, 0, 0, time.UTC)
	m, _ := manager(t, func(c *session.Config) { c.Now = func() time.Time { return start } })
	strong := access.Identity{Tenant: "t", Object: "adele", Contexts: []string{"c1"}, AuthTime: start.Add(-time.Hour)}
	old, _, _, err := m.Issue(t.Context(), nil, &strong, nil, nil, "")
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		authTime time.Time
		want     []string
	}{
		"the same sign-in at the provider": {strong.AuthTime, []string{"c1"}},
		"its time is not told":             {time.Time{}, []string{"c1"}},
		"a later one":                      {start, nil},
	} {
		s, _, _, err := m.Issue(t.Context(), nil, &access.Identity{Tenant: "t", Object: "adele", AuthTime: tt.authTime}, old, nil, "")
		if err != nil || !slices.Equal(s.Identity.Contexts, tt.want) {
			t.Errorf("%s: %q, %v; want %q", name, s.Identity.Contexts, err, tt.want)
		}
	}
}

package access_test

import (
	"slices"
	"testing"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
)

const (
	ownID    = "11111111-0000-4000-8000-000000000001"
	ownURI   = "https://contoso.example/orders"
	otherAPI = "api://22222222-0000-4000-8000-000000000002"
)

// names knows a registration that exposes Admin.Read and User.Read.
func names() *access.ScopeNames {
	n := access.NewScopeNames(ownID, []string{"api://audience/"}, "https://graph.microsoft.com/")
	n.Learn([]string{ownURI}, []string{"Admin.Read", "User.Read"})
	return n
}

func TestCanonicalScopes(t *testing.T) {
	tests := []struct{ name, scope, want string }{
		{"ours, by client id", ownID + "/Admin.Read", ownID + "/Admin.Read"},
		{"ours, by api://client id", "api://" + ownID + "/Admin.Read", ownID + "/Admin.Read"},
		{"ours, by App ID URI", ownURI + "/Admin.Read", ownID + "/Admin.Read"},
		{"ours, by a configured audience", "api://audience/Admin.Read", ownID + "/Admin.Read"},
		{"ours, all of them", "api://" + ownID + "/.default", ownID + "/.default"},
		{"Graph's, bare", "Mail.Read", "Mail.Read"},
		{"Graph's, in full", "https://graph.microsoft.com/Mail.Read", "Mail.Read"},
		{"Graph's, all of them, is no name", "https://graph.microsoft.com/.default", "https://graph.microsoft.com/.default"},
		{"another API's of the same name", otherAPI + "/Admin.Read", otherAPI + "/Admin.Read"},
		{"an API whose identifier begins like ours", ownURI + "/v2/Admin.Read", ownURI + "/v2/Admin.Read"},
		{"an API whose identifier continues ours", ownURI + "-evil/Admin.Read", ownURI + "-evil/Admin.Read"},
		{"a Graph that is not Graph", "https://graph.microsoft.com.evil.example/Mail.Read", "https://graph.microsoft.com.evil.example/Mail.Read"},
		{"our identifier alone", ownID + "/", ownID + "/"},
		{"OpenID Connect's", "openid", "openid"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := names().Canonical(tt.scope); got != tt.want {
				t.Errorf("%q is kept as %q, want %q", tt.scope, got, tt.want)
			}
			var none *access.ScopeNames
			if got := none.Canonical(tt.scope); got != tt.scope {
				t.Errorf("without names %q is kept as %q", tt.scope, got)
			}
		})
	}
}

func TestRuleScopes(t *testing.T) {
	unknown := access.NewScopeNames(ownID, nil, "https://graph.microsoft.com")
	tests := []struct {
		name  string
		names *access.ScopeNames
		rule  string
		want  []string
	}{
		{"a bare name that we expose means ours only", names(), "User.Read", []string{ownID + "/User.Read"}},
		{"a bare name that we do not expose is Graph's", names(), "Mail.Read", []string{"Mail.Read"}},
		{"in full it is Graph's", names(), "https://graph.microsoft.com/User.Read", []string{"User.Read"}},
		{"another API's stays its own", names(), otherAPI + "/Admin.Read", []string{otherAPI + "/Admin.Read"}},
		{"while the registration is not known: Graph's or ours", unknown, "User.Read", []string{"User.Read", ownID + "/User.Read"}},
		{"OpenID Connect's has no owner", unknown, "openid", []string{"openid"}},
		{"ours in full needs no registration", unknown, "api://" + ownID + "/Admin.Read", []string{ownID + "/Admin.Read"}},
		{"another provider", nil, "User.Read", []string{"User.Read"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.names.Rule(tt.rule); !slices.Equal(got, tt.want) {
				t.Errorf("scope=%s is met by %q, want %q", tt.rule, got, tt.want)
			}
		})
	}
}

// TestScopesOfOthers decides with what was granted: another API's scope, and
// Graph's of the same name, never satisfy a rule about ours.
func TestScopesOfOthers(t *testing.T) {
	n := names()
	tests := []struct {
		name, rule, granted string
		want                access.Outcome
	}{
		{"ours", "Admin.Read", ownURI + "/Admin.Read", access.Allow},
		{"ours, by another of its names", "api://" + ownID + "/Admin.Read", ownID + "/Admin.Read", access.Allow},
		{"another API's", "Admin.Read", otherAPI + "/Admin.Read", access.StepUp},
		{"Graph's of the same name", "User.Read", "User.Read", access.StepUp},
		{"Graph's of the same name, asked for in full", "https://graph.microsoft.com/User.Read", "User.Read", access.Allow},
		{"ours where Graph's is due", "https://graph.microsoft.com/User.Read", ownID + "/User.Read", access.StepUp},
		{"another case", "admin.read", ownID + "/Admin.Read", access.StepUp},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			req, err := access.NewParser(access.ParserConfig{Scopes: n}).Parse("scope=" + tt.rule)
			if err != nil {
				t.Fatal(err)
			}
			got := access.Decide(&access.Identity{Scopes: []string{n.Canonical(tt.granted)}}, req, now)
			if got.Outcome != tt.want {
				t.Errorf("scope=%s with %s: %v, want %v", tt.rule, tt.granted, got.Outcome, tt.want)
			}
		})
	}
}

func TestShownScopes(t *testing.T) {
	n := names()
	got := n.ShownAll([]string{ownID + "/Admin.Read", "Mail.Read", "User.Read", ownID + "/User.Read", otherAPI + "/Admin.Read", "Mail.Read"})
	want := []string{"Admin.Read", "Mail.Read", "https://graph.microsoft.com/User.Read", "User.Read", otherAPI + "/Admin.Read"}
	if !slices.Equal(got, want) {
		t.Errorf("shown are\n%q, want\n%q", got, want)
	}
	if !n.IsOwn(n.Own("Admin.Read")) || n.IsOwn("Mail.Read") || n.IsOwn(otherAPI+"/Admin.Read") {
		t.Error("IsOwn is wrong")
	}
}

func TestLearnNeverTakesGraph(t *testing.T) {
	n := access.NewScopeNames(ownID, nil, "https://graph.microsoft.com")
	n.Learn([]string{"https://graph.microsoft.com", "", "/", "api://good"}, nil)
	for scope, want := range map[string]string{
		"https://graph.microsoft.com/Mail.Read": "Mail.Read",
		"/Mail.Read":                            "/Mail.Read",
		"api://good/Orders.Read":                ownID + "/Orders.Read",
	} {
		if got := n.Canonical(scope); got != want {
			t.Errorf("%q is kept as %q, want %q", scope, got, want)
		}
	}
}

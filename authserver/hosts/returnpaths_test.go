package hosts

import (
	"errors"
	"testing"
)

// Row 9, for the one page of ours that a sign-in may come back to: it alone, and only as
// it is written.
func TestAttack09ReturnPaths(t *testing.T) {
	s := mustNew(t, Config{
		Hosts: []string{"app.example.com", "other.example.com"}, OwnPaths: []string{"/easyauth", "/Moved"}, ReturnPaths: []string{"/easyauth/api/v1/authorize"}, DefaultPath: "/welcome",
	})
	self, _ := s.Host("app.example.com")
	const app = "https://app.example.com"
	for _, good := range []string{"/easyauth/api/v1/authorize", "/easyauth/api/v1/authorize?request=abc", "/easyauth/api/v1/authorize#x"} {
		for _, raw := range []string{good, app + good} {
			if got, ok := s.ReturnURL(raw, self); !ok || got != app+good {
				t.Errorf("%s: %q, %v", raw, got, ok)
			}
		}
	}
	for name, raw := range map[string]string{
		"another endpoint":        "/easyauth/login?rd=/easyauth/api/v1/authorize",
		"its neighbour":           "/easyauth/api/v1/token",
		"its parent":              "/easyauth/api/v1",
		"the sign-out":            "/easyauth/logout",
		"below it":                "/easyauth/api/v1/authorize/x",
		"a slash behind":          "/easyauth/api/v1/authorize/",
		"longer":                  "/easyauth/api/v1/authorized",
		"another case":            "/easyauth/api/v1/Authorize",
		"another case in front":   "/EasyAuth/api/v1/authorize",
		"an escaped letter":       "/easyauth/api/v1/%61uthorize",
		"an escaped slash":        "/easyauth/api/v1%2Fauthorize",
		"an escaped, empty one":   "/easyauth/api/v1/%2Fauthorize",
		"an empty segment":        "/easyauth//api/v1/authorize",
		"a dot segment":           "/easyauth/api/./v1/authorize",
		"out of it and elsewhere": "/easyauth/api/v1/authorize/../../../logout",
		"a folded letter":         "/ea\u017fyauth/api/v1/authorize",
		"parameters of a path":    "/easyauth/api/v1/authorize;x",
		"another own path":        "/moved/api/v1/authorize",
		"another host":            "https://evil.test/easyauth/api/v1/authorize",
	} {
		if got, ok := s.ReturnURL(raw, self); ok || got != app+"/welcome" {
			t.Errorf("%s: %s gives %q, %v", name, raw, got, ok)
		}
	}
	// The sibling: without it nothing of ours is allowed.
	without, self := house(t)
	if got, ok := without.ReturnURL("/easyauth/api/v1/authorize", self); ok {
		t.Errorf("not allowed: %q", got)
	}
}

func TestNewRefusesReturnPaths(t *testing.T) {
	for name, path := range map[string]string{"empty": "", "no slash": "easyauth/a", "the root": "/", "an escape": "/easyauth/%61", "a query": "/easyauth/a?b", "a dot segment": "/easyauth/../a"} {
		if _, err := New(Config{Hosts: []string{"app.example.com"}, OwnPaths: []string{"/easyauth"}, ReturnPaths: []string{path}}); err == nil {
			t.Errorf("%s: %q is taken", name, path)
		}
	}
	if _, err := New(Config{Hosts: []string{"app.example.com"}, OwnPaths: []string{"/easyauth"}, ReturnPaths: []string{"/easyauth/a"}}); err != nil {
		t.Error(err)
	}
	if _, err := New(Config{Hosts: []string{"app.example.com"}, OwnPaths: []string{"/easyauth"}, ReturnPaths: []string{"/easyauth/a"}, DefaultPath: "/easyauth/b"}); !errors.Is(err, errOwnPath) {
		t.Errorf("a default page of ours: %v", err)
	}
}

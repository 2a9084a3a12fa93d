package access_test

import (
	"reflect"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
)

func TestQueriesAreParsedOnce(t *testing.T) {
	p := access.NewParser(access.ParserConfig{Entra: true})
	if known := p.Parsed(); known.Len() != 0 || known.Bytes() != 0 {
		t.Fatalf("%d queries, %d bytes from the start", known.Len(), known.Bytes())
	}
	first, err := p.Parse("role=Admin|Owner&scope=User.Read")
	if err != nil {
		t.Fatal(err)
	}
	again, err := p.Parse(strings.Clone("role=Admin|Owner&scope=User.Read"))
	if err != nil || again != first {
		t.Errorf("parsed twice: %v", err)
	}
	other, err := p.Parse("role=Admin|Owner&scope=User.Rea")
	if err != nil || other == first || reflect.DeepEqual(other, first) {
		t.Errorf("another query gives %+v, %v", other, err)
	}
	if n := p.Parsed().Len(); n != 2 {
		t.Errorf("%d queries are remembered", n)
	}
	for _, bad := range []string{"roles=Admin", "role=", "role=A||B", "role=%zz", "graph=https://x"} {
		for range 2 {
			if _, err := p.Parse(bad); err == nil {
				t.Errorf("%s is taken", bad)
			}
		}
	}
	if n := p.Parsed().Len(); n != 2 {
		t.Errorf("%d queries are remembered with those that cannot be read", n)
	}
}

// What the registration says of scopes counts for rules that were parsed before.
func TestKnownQueriesFollowTheRegistration(t *testing.T) {
	names := access.NewScopeNames("client", nil, "https://graph.microsoft.com")
	p := access.NewParser(access.ParserConfig{Scopes: names, Entra: true})
	for _, step := range []struct {
		learn []string
		want  access.Clause
	}{
		{nil, access.Clause{"Orders.Read", "client/Orders.Read"}},
		{[]string{"Orders.Read"}, access.Clause{"client/Orders.Read"}},
		{[]string{"Orders.Read"}, access.Clause{"client/Orders.Read"}},
		{[]string{"Orders.Write"}, access.Clause{"Orders.Read"}},
	} {
		if step.learn != nil {
			names.Learn(nil, step.learn)
		}
		for range 2 {
			req, err := p.Parse("scope=Orders.Read")
			if err != nil || len(req.Scopes) != 1 || !reflect.DeepEqual(req.Scopes[0], step.want) {
				t.Errorf("after %q: %+v, %v; want %q", step.learn, req, err, step.want)
			}
		}
	}
	version := names.Version()
	if names.Learn(nil, []string{"Orders.Write"}); names.Version() != version {
		t.Error("the same again is something new")
	}
	if names.Learn([]string{"api://other"}, []string{"Orders.Write"}); names.Version() == version {
		t.Error("another spelling is nothing new")
	}
}

// Random queries, as from a proxy that hands on its clients', take no more than the
// bound, whatever their form, and the others are still answered rightly.
func TestKnownQueriesAreBounded(t *testing.T) {
	forms := map[string]func(n int) string{
		"short":             func(n int) string { return "role=r" + strconv.Itoa(n) },
		"long":              func(n int) string { return "role=" + strings.Repeat("r", 4000) + strconv.Itoa(n) },
		"many alternatives": func(n int) string { return "scope=" + strconv.Itoa(n) + strings.Repeat("|a", 255) },
		"the most":          func(n int) string { return strings.Repeat("scope=a|b|c|d&", 63) + "scope=" + strconv.Itoa(n) },
	}
	for name, form := range forms {
		t.Run(name, func(t *testing.T) {
			p := access.NewParser(access.ParserConfig{Scopes: access.NewScopeNames("11111111-0000-4000-8000-000000000001", nil, "https://graph.microsoft.com"), Entra: true})
			full := int64(0)
			var running sync.WaitGroup
			for worker := range 2 {
				running.Go(func() {
					for n := range 3000 {
						if _, err := p.Parse(form(n*2 + worker)); err != nil {
							t.Error(err)
							return
						}
					}
				})
			}
			for range 3000 {
				req, err := p.Parse("role=Admin")
				if err != nil || len(req.Roles) != 1 || req.Roles[0][0] != "Admin" {
					t.Fatalf("%+v, %v", req, err)
				}
				full = max(full, p.Parsed().Bytes())
			}
			running.Wait()
			if limit := p.Parsed().Limit(); full > limit || p.Parsed().Bytes() > limit || p.Parsed().Len() == 0 {
				t.Errorf("%d bytes, the bound is %d", full, limit)
			}
		})
	}
}

package access_test

import (
	"errors"
	"fmt"
	"net/url"
	"path"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
)

// FuzzParse reads any query, as with Entra ID and with another provider. What is
// accepted is a rule that only a user who has something passes; it holds no empty
// name, keeps to the bounds, and written again it reads the same.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"", "role=A|B&role=C", "role-any=A,B&scope-any=C", "scope=https://graph.microsoft.com/User.Read", "graph=/me|profile&graph=/me/manager?$select=id,mail",
		"group=8F2A5C1E-9B3D-4E6F-A1B2-C3D4E5F60718|x&group-any=a,b", "acr=c1|c25", "acr=c01", "acr=urn:x&amr=mfa|hwk", "max_age=15m", "max_age=3600&max_age=1h30m", "max_age=59",
		"max_age=-1h", "max_age=1e9", "roles=A", "role=", "role=|", "role=%zz", "role=A%7C%7CB", "role=A, B", "graph=/me/%2e%2e/x", "&", "=", "role=%00", "role=\xff",
		"role=A;scope=B", "app=https://orders.example.com", "app=a&role=A", "app=a&app=b", "ROLE=A", "scope=a+b", "graph=/me?$orderby=name%20desc", "role" + strings.Repeat("=a&role", 70), "role=a" + strings.Repeat("|a", 300),
	} {
		f.Add(seed)
	}
	names := access.NewScopeNames("client", nil, graphPrefix)
	entra := access.NewParser(access.ParserConfig{Queries: map[string]string{"profile": "/me?$select=displayName", "broken": "me"}, Scopes: names, Entra: true})
	other := access.NewParser(access.ParserConfig{NoGraph: true, Apps: true})
	f.Fuzz(func(t *testing.T, query string) {
		for _, p := range []*access.Parser{entra, other} {
			req, err := p.Parse(query)
			if err != nil {
				checkRefusal(t, req, err)
				continue
			}
			first := fmt.Sprintf("%q", req)
			checkRequirement(t, req)
			checkNarrows(t, query, req)
			if again, err := p.Parse(query); err != nil || fmt.Sprintf("%q", again) != first {
				t.Errorf("%q is %s, and asked for again %q, %v", query, first, again, err) // it may be remembered, and deciding changes nothing
			}
			rest := *req
			rest.Scopes = nil
			text := written(&rest)
			if len(text) > access.MaxQuery {
				continue // escapes made it longer
			}
			if again, err := p.Parse(text); err != nil || fmt.Sprintf("%q", again) != fmt.Sprintf("%q", &rest) {
				t.Errorf("%q is %+v, written again %+v, %v", query, rest, again, err)
			}
		}
	})
}

func checkRefusal(t *testing.T, req *access.Requirement, err error) {
	t.Helper()
	var refusal *access.QueryError
	if !errors.As(err, &refusal) || req != nil {
		t.Fatalf("refused with %v and %v", req, err)
	}
	if len(refusal.Param) > 40 || strings.ContainsFunc(refusal.Param, func(r rune) bool { return r < ' ' || r > '~' }) {
		t.Errorf("parameter %q in an error", refusal.Param)
	}
}

// clausesOf are all clauses of a requirement.
func clausesOf(req *access.Requirement) []access.Clause {
	return slices.Concat(req.Roles, req.Groups, req.Scopes, req.Contexts, req.Methods)
}

func checkRequirement(t *testing.T, req *access.Requirement) {
	t.Helper()
	all := clausesOf(req)
	for _, name := range append(slices.Concat(all...), req.Graph...) {
		if strings.TrimSpace(name) != name || name == "" || !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl) {
			t.Errorf("name %q", name)
		}
	}
	if slices.ContainsFunc(all, func(c access.Clause) bool { return len(c) == 0 }) || len(all) > 64 || len(req.Graph) > access.MaxGraphQueries {
		t.Errorf("%d clauses, %d graph queries: %q", len(all), len(req.Graph), all)
	}
	for _, q := range req.Graph {
		if err := access.CheckGraphURL(q); err != nil {
			t.Errorf("graph query %q: %v", q, err)
		}
	}
	if len(req.App) > 200 || strings.ContainsFunc(req.App, func(r rune) bool { return r <= ' ' || r > '~' }) {
		t.Errorf("app %q", req.App)
	}
	if req.MaxAge != 0 && (req.MaxAge < time.Minute || req.MaxAge > 720*time.Hour) {
		t.Errorf("max_age %v", req.MaxAge)
	}
}

// checkNarrows proves that only the empty query asks for nothing, and that each part
// of a requirement counts.
func checkNarrows(t *testing.T, query string, req *access.Requirement) {
	t.Helper()
	now := time.Unix(1_795_000_000, 0)
	bare := &access.Identity{Tenant: "t", Object: "o"}
	widest := query == "" || req.App != "" && !strings.Contains(query, "&") // for whom it is narrows nothing
	if got := access.Decide(bare, req, now).Outcome; (got == access.Allow) != widest {
		t.Errorf("%q: a user who has nothing: %s", query, got)
	}
	whole := access.Identity{
		Roles: slices.Concat(req.Roles...), Groups: slices.Concat(req.Groups...), Scopes: slices.Concat(req.Scopes...),
		Contexts: slices.Concat(req.Contexts...), Methods: slices.Concat(req.Methods...), AuthTime: now,
	}
	for _, q := range req.Graph {
		whole.Graph = append(whole.Graph, access.GraphResult{Query: q})
	}
	if got := access.Decide(&whole, req, now).Outcome; got != access.Allow {
		t.Errorf("%q: a user who has everything: %s", query, got)
	}
	for what, without := range map[string]func(*access.Identity) bool{
		"roles":    func(id *access.Identity) bool { id.Roles = nil; return len(req.Roles) > 0 },
		"groups":   func(id *access.Identity) bool { id.Groups = nil; return len(req.Groups) > 0 },
		"scopes":   func(id *access.Identity) bool { id.Scopes = nil; return len(req.Scopes) > 0 },
		"contexts": func(id *access.Identity) bool { id.Contexts = nil; return len(req.Contexts) > 0 },
		"methods":  func(id *access.Identity) bool { id.Methods = nil; return len(req.Methods) > 0 },
		"graph":    func(id *access.Identity) bool { id.Graph = nil; return len(req.Graph) > 0 },
		"max_age":  func(id *access.Identity) bool { id.AuthTime = now.Add(-req.MaxAge - 1); return req.MaxAge > 0 },
	} {
		id := whole
		if asked := without(&id); asked == (access.Decide(&id, req, now).Outcome == access.Allow) {
			t.Errorf("%q: without %s", query, what)
		}
	}
}

// written is a query that asks for the same but for scopes, which are kept under
// other names.
func written(req *access.Requirement) string {
	var parts []string
	add := func(name string, clauses []access.Clause) {
		for _, c := range clauses {
			parameter, separator := name, "|"
			if slices.ContainsFunc(c, func(s string) bool { return strings.Contains(s, "|") }) { // of role-any, group-any
				parameter, separator = name+"-any", ","
			}
			parts = append(parts, parameter+"="+url.QueryEscape(strings.Join(c, separator)))
		}
	}
	add("role", req.Roles)
	add("group", req.Groups)
	add("acr", req.Contexts)
	add("amr", req.Methods)
	for _, q := range req.Graph {
		parts = append(parts, "graph="+url.QueryEscape(q))
	}
	if req.MaxAge > 0 {
		parts = append(parts, "max_age="+req.MaxAge.String())
	}
	if req.App != "" {
		parts = append(parts, "app="+url.QueryEscape(req.App))
	}
	return strings.Join(parts, "&")
}

// FuzzGraphURL judges any text as a relative Graph URL. What is accepted names,
// behind the version of the API, exactly the path that it shows.
func FuzzGraphURL(f *testing.F) {
	for _, seed := range []string{
		"/me", "/me?$select=displayName,jobTitle", "/users/a%40contoso.example", "/me/photo/$value", "/me/a..b/...", "/me?x=../../y//z", "/", "//evil.example/me",
		"/me/%2e%2E/users", "/me%2fmessages", "/me%5c..", "/me/%252e%252e/users", `/me\..\users`, "/me#x", "/me\r\nHost: x", "/me%zz", "/me/?x", "/" + strings.Repeat("a", 1024),
	} {
		f.Add(seed)
	}
	const base = "https://graph.microsoft.com/v1.0"
	f.Fuzz(func(t *testing.T, raw string) {
		if access.CheckGraphURL(raw) != nil {
			return
		}
		u, err := url.Parse(base + raw)
		if err != nil {
			t.Fatalf("%q is accepted, and no URL: %v", raw, err)
		}
		plain, _, _ := strings.Cut(raw, "?")
		if u.Host != "graph.microsoft.com" || u.User != nil || u.Fragment != "" || !strings.HasPrefix(u.Path, "/v1.0/") || path.Clean(u.Path) != u.Path ||
			strings.Count(u.Path, "/") != strings.Count(plain, "/")+1 || len(raw) > 1024 || strings.ContainsAny(raw, " \\#\r\n\x00") {
			t.Errorf("%q leads to %q", raw, u)
		}
	})
}

// FuzzScopes names any scope. A name that is kept is kept under itself, and no scope
// of another API becomes one of ours.
func FuzzScopes(f *testing.F) {
	for _, seed := range [][2]string{
		{"User.Read", "Orders.Read"},
		{graphPrefix + "User.Read", "client/Orders.Read"},
		{"api://client/Orders.Read", "https://orders.example/Orders.Read"},
		{"https://orders.example/a/b", "client/"},
		{graphPrefix + ".default", graphPrefix},
		{"openid", "api://client/api://client/x"},
	} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, scope, name string) {
		unknown, known := access.NewScopeNames("client", []string{"api://other"}, graphPrefix), access.NewScopeNames("client", nil, graphPrefix)
		known.Learn([]string{"https://orders.example"}, []string{name})
		for _, n := range []*access.ScopeNames{nil, unknown, known} {
			kept := n.Canonical(scope)
			ours := false
			for _, prefix := range []string{"client/", "api://client/", "api://other/", "https://orders.example/"} {
				rest, is := strings.CutPrefix(strings.TrimPrefix(scope, graphPrefix), prefix)
				ours = ours || is && rest != ""
			}
			if n.IsOwn(kept) && !ours {
				t.Errorf("%q became %q, one of ours", scope, kept)
			}
			if n == nil && kept != scope || n.IsOwn(kept) && n.Canonical(kept) != kept {
				t.Errorf("%q is kept as %q, and that as %q", scope, kept, n.Canonical(kept))
			}
			for _, rule := range n.Rule(scope) {
				if strings.Contains(scope, "/") && rule != kept {
					t.Errorf("a rule's %q is %q, and granted %q", scope, rule, kept)
				}
			}
			if n != nil && !slices.Contains(n.Rule(name), n.Canonical(name)) && !strings.Contains(name, "/") && n == unknown {
				t.Errorf("a rule's %q is never met by what is granted under its name, %q", name, n.Canonical(name))
			}
		}
	})
}

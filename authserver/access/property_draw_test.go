package access_test

import (
	"slices"
	"strings"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/test/property"
)

// world is a deployment, and somebody who asks: a random one.
type world struct {
	parser *access.Parser
	entra  bool
	id     access.Identity
	now    time.Time
}

// Names that a rule and an identity may have in common, or almost.
func roleNames() []string {
	return []string{"Admin", "admin", "Owner", "a,b", "a|b", "Pr\u00fcfer", "A B", "x&y", "100%"}
}

func groupNames() []string {
	return []string{"6a1fdb14-0000-4000-8000-00000000000a", "6A1FDB14-0000-4000-8000-00000000000A", "6a1fdb14-0000-4000-8000-00000000000b", "Finance", "finance"}
}

func scopeNames() []string {
	return []string{"Mail.Read", graphPrefix + "Mail.Read", "api://client/Orders.Read", "client/Orders.Read", "Orders.Read", "api://other/Mail.Read", "openid"}
}

func graphURLs() []string {
	return []string{"/me", "/me/manager", "/me?$select=id,mail", "/users?$top=1"}
}

func contextNames() []string { return []string{"c1", "c2", "c25", "c99"} }

func methodNames() []string { return []string{"pwd", "mfa", "otp"} }

func ages() []string { return []string{"1m", "15m", "900", "3600", "720h", "1h30m"} }

func drawWorld(r *property.Rand) *world {
	w := &world{entra: r.Chance(2), now: time.Unix(1_790_000_000, 0)}
	names := access.NewScopeNames("client", nil, graphPrefix)
	if r.Chance(2) {
		names.Learn([]string{"api://ours"}, []string{"Orders.Read"})
	}
	if r.Chance(4) {
		names = nil
	}
	w.parser = access.NewParser(access.ParserConfig{
		Queries: map[string]string{"profile": "/me", "boss": "/me/manager"}, Scopes: names, NoGraph: r.Chance(8), Entra: w.entra,
	})
	w.id = access.Identity{
		Tenant: "t", Object: "o", Roles: property.Some(r, roleNames()), Groups: property.Some(r, groupNames()),
		Contexts: property.Some(r, contextNames()), Methods: property.Some(r, methodNames()),
		GroupsUnknown: r.Chance(3), GroupsFailed: r.Chance(3), GroupsChecked: property.Some(r, groupNames()),
	}
	for _, s := range property.Some(r, scopeNames()) {
		w.id.Scopes = append(w.id.Scopes, names.Canonical(s))
	}
	for _, q := range property.Some(r, graphURLs()) {
		w.id.Graph = append(w.id.Graph, access.GraphResult{Query: q, JSON: "{}", Dropped: r.Chance(4)})
	}
	if !r.Chance(4) {
		w.id.AuthTime = w.now.Add(-time.Duration(r.IntN(40*24*3600)) * time.Second)
	}
	return w
}

// drawPiece is one parameter that can mostly be read.
func drawPiece(r *property.Rand) string {
	kinds := map[string][]string{
		"role": roleNames(), "role-any": roleNames(), "group": groupNames(), "group-any": groupNames(), "scope": scopeNames(), "scope-any": scopeNames(),
		"graph": append(graphURLs(), "profile", "boss"), "acr": contextNames(), "amr": methodNames(), "max_age": ages(),
	}
	name := property.One(r, []string{"role", "role-any", "group", "group-any", "scope", "scope-any", "graph", "acr", "amr", "max_age"})
	separator := "|"
	if strings.HasSuffix(name, "-any") {
		separator = ","
	}
	values := []string{property.One(r, kinds[name])}
	for name != "max_age" && r.Chance(2) && len(values) < 4 {
		values = append(values, property.One(r, kinds[name]))
	}
	return name + "=" + escaped(r, strings.Join(values, separator))
}

// escaped writes a value as one of the spellings that mean it.
func escaped(r *property.Rand, value string) string {
	const must = "%&+# "
	var b strings.Builder
	for _, c := range []byte(value) {
		switch {
		case c == ' ' && r.Chance(2):
			b.WriteByte('+')
		case strings.IndexByte(must, c) >= 0 || c >= 0x80 && r.Chance(2) || r.Chance(12):
			text := "%" + string("0123456789ABCDEF"[c>>4]) + string("0123456789ABCDEF"[c&15])
			if r.Chance(3) {
				text = strings.ToLower(text)
			}
			b.WriteString(text)
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// unreadable are parameters that no deployment can read.
func unreadable() []string {
	return []string{
		"", "role", "role=", "=", "=Admin", "Role=Admin", "ROLE-ANY=Admin", "roles=Admin", "role%3DAdmin", "r%6fle=Admin", "role =Admin", " role=Admin",
		"role=|", "role=Admin|", "role=|Admin", "role=Admin||Owner", "role-any=Admin,", "role-any=,", "role=%", "role=%zz", "role=%4", "role=%00", "role=%0a",
		"role=%ff", "role=%c3", "role=+Admin", "role=Admin%20", "role-any=Admin, Owner", "group=", "group-any=,", "scope=", "scope=Mail.Read Mail.Send", "scope=%22",
		"scope=\u00e9", "graph=", "graph=nope", "graph=/", "graph=//me", "graph=/me/../users", "graph=/me/%2e%2e/users", "graph=/me%252fmanager", "graph=/me%5cx", "graph=/me%23x", "graph=/me/%252e%252e/x",
		"graph=/me|", "graph=https://evil.example/me", "acr=", "amr=", "max_age=", "max_age=0", "max_age=59", "max_age=-1h", "max_age=721h", "max_age=x",
		"max_age=1h|2h", "max_age=15", "group_any=x", "app=", "app=a b", "app=+a", "app=%0a", "app=%c3%b6", "App=a", "apps=a", "user=adele", "email=adele@contoso.com", "allow=true", "x",
	}
}

// mutated changes some bytes of a query, mostly none.
func mutated(r *property.Rand, query string) string {
	const bytes = "&=|,%+ -_/?#abcAZ09\x00\xff;"
	b := []byte(query)
	for r.Chance(3) && len(b) > 0 {
		at := r.IntN(len(b))
		switch r.IntN(3) {
		case 0:
			b[at] = bytes[r.IntN(len(bytes))]
		case 1:
			b = slices.Delete(b, at, at+1)
		default:
			b = slices.Insert(b, at, bytes[r.IntN(len(bytes))])
		}
	}
	return string(b)
}

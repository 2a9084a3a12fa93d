package e2e

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/test/entra"
	"github.com/easyauth-sidecar/easyauth/test/stand"
)

// underlined are spellings of a header's name that applications read as the same.
func underlined(name string) []string {
	list := []string{name, strings.ToLower(name), strings.ToUpper(name), strings.ReplaceAll(name, "-", "_"), strings.ToUpper(strings.ReplaceAll(name, "-", "_")), strings.Replace(name, "-", "_", 1)}
	slices.Sort(list)
	return slices.Compact(list)
}

// told are the headers that an application reads under one of these names, spelled in any way.
func (e echoed) told(names []string) map[string]string {
	found := map[string]string{}
	for name, values := range e.Headers {
		plain := strings.ReplaceAll(strings.ToLower(name), "_", "-")
		if slices.ContainsFunc(names, func(known string) bool { return strings.ToLower(known) == plain }) {
			found[name] = strings.Join(values, " AND ")
		}
	}
	return found
}

// Under each profile the application gets the names that it knows, said by us alone: what a
// client sends under such a name does not arrive, in whatever spelling, also where we have
// nothing to say.
func TestProfilesThroughNginx(t *testing.T) {
	t.Parallel()
	groups := []string{entra.GroupID(1), entra.GroupID(2)}
	for profile, want := range map[string]map[string]string{
		"oauth2-proxy": {
			"X-Auth-Request-User": "*", "X-Auth-Request-Email": "adele.vance@contoso.example", "X-Auth-Request-Preferred-Username": "adele@contoso.example",
			"X-Auth-Request-Groups": strings.Join(groups, ","), "X-Remote-Roles": "Admin;Orders.Write",
		},
		"pomerium": {
			"X-Pomerium-Claim-Sub": entra.AdeleOID, "X-Pomerium-Claim-User": entra.AdeleOID, "X-Pomerium-Claim-Email": "adele.vance@contoso.example",
			"X-Pomerium-Claim-Name": "Adele Vance", "X-Pomerium-Claim-Groups": strings.Join(groups, ","), "X-Remote-Roles": "Admin;Orders.Write",
		},
		"authentik": {
			"X-Authentik-Uid": entra.AdeleOID, "X-Authentik-Username": "adele@contoso.example", "X-Authentik-Email": "adele.vance@contoso.example",
			"X-Authentik-Name": "Adele Vance", "X-Authentik-Groups": strings.Join(groups, "|"), "X-Authentik-Entitlements": "Admin|Orders.Write", "X-Remote-Roles": "Admin;Orders.Write",
		},
	} {
		t.Run(profile, func(t *testing.T) {
			t.Parallel()
			names := slices.Collect(maps.Keys(want))
			cfg := oneHost()
			cfg.Env = map[string]string{"EASYAUTH_HEADER_PROFILE": profile, "EASYAUTH_HEADER_MAP": "X-Remote-Roles=roles None ;", "EASYAUTH_READ_REGISTRATION": "false"}
			cfg.Headers = names
			s := start(t, cfg)
			profileTells(t, s, names, want)
			if e := newVisitor(t, s, "").do(http.MethodGet, "/public/echo", http.Header{"X-Other": {"forged"}}).echo(t); e.Headers.Get("X-Other") != "forged" {
				t.Error("an ordinary header did not arrive: the test proves nothing")
			}
		})
	}
}

func profileTells(t *testing.T, s *stand.Stand, names []string, want map[string]string) {
	t.Helper()
	adele, nobody, stranger := signedIn(t, s, entra.Adele), signedIn(t, s, entra.NoMail), newVisitor(t, s, "")
	same := func(who string, got, want map[string]string) {
		t.Helper()
		if !maps.Equal(got, want) {
			t.Errorf("%s: the application saw\n%q\nwant\n%q", who, got, want)
		}
	}
	plain := adele.get("/echo").echo(t)
	if subject := plain.Headers.Get("X-Auth-Request-User"); want["X-Auth-Request-User"] == "*" && subject != "" && subject != entra.AdeleOID {
		want["X-Auth-Request-User"] = subject // pairwise: nobody knows it beforehand
	}
	same("Adele", plain.told(names), want)
	if list := plain.identity(); len(list) > 0 {
		t.Errorf("Adele: under names of EasyAuth's own %q", list)
	}
	little := nobody.get("/echo").echo(t).told(names)
	for _, name := range []string{"X-Auth-Request-Email", "X-Pomerium-Claim-Email", "X-Authentik-Email", "X-Remote-Roles"} {
		if value, there := little[name]; there {
			t.Errorf("who has no email address and no role: %s %q", name, value)
		}
	}
	var lines []string
	for _, name := range names {
		for _, spelling := range underlined(name) {
			lines = append(lines, spelling+": forged", spelling+":", spelling+": forged-again")
		}
	}
	for _, row := range []struct {
		who, path string
		v         *visitor
		want      map[string]string
	}{
		{"Adele", "/echo", adele, want},
		{"Adele at an API", "/api/x", adele, want},
		{"who has little", "/echo", nobody, little},
		{"where nobody is asked for", "/public/echo", adele, nil},
		{"a stranger there", "/public/echo", stranger, nil},
	} {
		for part := range slices.Chunk(lines, 50) {
			r := row.v.raw(row.v.request("GET "+row.path+" HTTP/1.1", append(slices.Clone(part), "Cookie: "+row.v.cookies())...))
			same(row.who+", with forged ones", r.echo(t).told(names), row.want)
			if strings.Contains(r.body, "forged") {
				t.Errorf("%s: what the client sent arrived:\n%s", row.who, r.body)
			}
		}
	}
}

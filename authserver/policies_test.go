package authserver_test

import (
	"encoding/json"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/audit"
	emulator "github.com/easyauth-sidecar/easyauth/test/entra"
)

const somePolicies = `
policies:
  admins:
    allow:
      - {name: admins, role: {is: Admin}}
  office:
    deny:
      - {name: outside, none: [{source: {in: [10.0.0.0/8]}}]}
    allow:
      - {name: everybody, signed_in: {is: true}}
  strong:
    allow:
      - {name: strong, acr: {is: c1}}
  paths:
    allow:
      - {name: public, path: {starts_with: /public}}
      - {name: writers, all: [{method: {is: POST}}, {role: {is: Writer}}]}
  group:
    allow:
      - {name: members, group: {is: 11111111-2222-4333-8444-555555555555}}
  robots:
    allow:
      - {name: robots, app_only: {is: true}}
  people:
    deny:
      - {name: robots, app_only: {is: true}}
    allow:
      - {name: people, app_only: {is: false}}
  unblocked:
    deny:
      - {name: blocked, role: {is: Blocked}}
    allow:
      - {name: everybody, signed_in: {is: true}}
  desktop:
    allow:
      - {name: desktop, client: {is: ` + nativeClient + `}}
`

const nativeClient = "33333333-0000-4000-8000-000000000003"

// Both must let pass, the query and the policy, whichever refuses.
func TestPolicies(t *testing.T) {
	k := newKit(t, options{policies: somePolicies, proxies: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}})
	at := func(path string, more ...string) []string {
		return append([]string{"X-Original-Url", app + path}, more...)
	}
	admin, writer, reader := access.Identity{Roles: []string{"Admin"}}, access.Identity{Roles: []string{"Writer"}}, access.Identity{Roles: []string{"Reader"}}
	strong := access.Identity{Contexts: []string{"c1"}}
	for _, row := range []struct {
		name, query string
		id          *access.Identity
		header      []string
		want        int
		reason      access.Reason
	}{
		{"the role of the policy", "policy=admins", &admin, nil, 202, access.ReasonOK},
		{"another role", "policy=admins", &reader, nil, 401, access.ReasonPolicyUnmatched},
		{"the query refuses", "policy=admins&role=Owner", &admin, nil, 401, access.ReasonRoleMissing},
		{"both are met", "policy=admins&role=Admin", &admin, nil, 202, access.ReasonOK},
		{"nobody", "policy=admins", nil, nil, 401, access.ReasonNoTicket},
		{"nobody, of a policy for everybody", "policy=office", nil, []string{"X-Real-Ip", "10.1.2.3"}, 401, access.ReasonNoTicket},
		{"no such policy", "policy=admin", &admin, nil, 403, access.ReasonPolicyUnknown},
		{"its name in another case", "policy=Admins", &admin, nil, 403, access.ReasonPolicyUnknown},
		{"two policies", "policy=admins&policy=office", &admin, nil, 403, access.ReasonBadQuery},
		{"no name", "policy=", &admin, nil, 403, access.ReasonBadQuery},
		{"a list of names", "policy=admins|office", &admin, nil, 403, access.ReasonBadQuery},

		{"from the office", "policy=office", &reader, []string{"X-Real-Ip", "10.1.2.3"}, 202, access.ReasonOK},
		{"from the office, as IPv6 writes it", "policy=office", &reader, []string{"X-Real-Ip", "::ffff:10.1.2.3"}, 202, access.ReasonOK},
		{"from elsewhere", "policy=office", &reader, []string{"X-Real-Ip", "11.1.2.3"}, 401, access.ReasonPolicyDenied},
		{"from nobody knows where", "policy=office", &reader, nil, 401, access.ReasonPolicyDenied},
		{"two addresses", "policy=office", &reader, []string{"X-Real-Ip", "10.1.2.3", "X-Real-Ip", "10.1.2.3"}, 401, access.ReasonPolicyDenied},
		{"a list of addresses", "policy=office", &reader, []string{"X-Real-Ip", "10.1.2.3, 10.1.2.3"}, 401, access.ReasonPolicyDenied},
		{"what the client says", "policy=office", &reader, []string{"X-Forwarded-For", "10.1.2.3", "Forwarded", "for=10.1.2.3"}, 401, access.ReasonPolicyDenied},

		{"signed in well", "policy=strong", &strong, nil, 202, access.ReasonOK},
		{"not well enough", "policy=strong", &reader, nil, 401, access.ReasonPolicyStepUp},
		{"not well enough, and the role is missing too", "policy=strong&role=Admin", &reader, nil, 401, access.ReasonRoleMissing},
		{"groups that nobody asked for", "policy=group", &access.Identity{GroupsUnknown: true}, nil, 401, access.ReasonPolicyStepUp},
		{"groups that could not be asked for", "policy=group", &access.Identity{GroupsUnknown: true, GroupsFailed: true}, nil, 401, access.ReasonGroupsUnknown},

		{"a public path", "policy=paths", &reader, at("/public/x?a=//b"), 202, access.ReasonOK},
		{"the path is told by nginx alone", "policy=paths", &reader, at("/private", "X-Forwarded-Uri", "/public", "X-Original-Uri", "/public"), 401, access.ReasonPolicyUnmatched},
		{"a path that only begins alike", "policy=paths", &reader, at("/publicity"), 401, access.ReasonPolicyUnmatched},
		{"a path of two readings", "policy=paths", &reader, at("/public/..%2fprivate"), 401, access.ReasonPolicyPath},
		{"a path of two readings, of whoever may do all", "policy=paths", &writer, at("/public//x", "X-Original-Method", "POST"), 401, access.ReasonPolicyPath},
		{"writing", "policy=paths", &writer, []string{"X-Original-Url", app + "/x", "X-Original-Method", "POST"}, 202, access.ReasonOK},
		{"writing, and nginx does not say so", "policy=paths", &writer, []string{"X-Original-Url", app + "/x", "X-Original-Method", ""}, 401, access.ReasonPolicyUnmatched},
		{"writing, and it is said twice", "policy=paths", &writer, []string{"X-Original-Url", app + "/x", "X-Original-Method", "POST", "X-Original-Method", "POST"}, 401, access.ReasonPolicyUnmatched},
		{"a host that ends in a question mark, for a public path", "policy=paths", &reader, []string{"X-Original-Url", app + "?/../public"}, 403, access.ReasonBadOriginalURL},
		{"no path", "policy=paths", &reader, []string{"X-Original-Url", app}, 403, access.ReasonBadOriginalURL},
		{"reading what is to be written", "policy=paths", &writer, at("/x"), 401, access.ReasonPolicyUnmatched},
		{"writing without the role", "policy=paths", &reader, []string{"X-Original-Url", app + "/x", "X-Original-Method", "POST"}, 401, access.ReasonPolicyUnmatched},

		{"a person where robots may", "policy=robots", &admin, nil, 401, access.ReasonPolicyUnmatched},
		{"a session that is none of a person's", "policy=robots", &access.Identity{Tenant: emulator.DefaultTenantID, Object: "o", Subject: "o"}, nil, 401, access.ReasonPolicyUnmatched},
		{"by the program", "policy=desktop", &access.Identity{Claims: []access.Claim{{Name: "azp", Values: []string{nativeClient}}}}, nil, 202, access.ReasonOK},
		{"by another program", "policy=desktop", &access.Identity{Claims: []access.Claim{{Name: "azp", Values: []string{clientID}}}}, nil, 401, access.ReasonPolicyUnmatched},
		{"by two programs, and by another claim", "policy=desktop", &access.Identity{Claims: []access.Claim{{Name: "appid", Values: []string{nativeClient}}, {Name: "azp", Values: []string{nativeClient, clientID}}}}, nil, 401, access.ReasonPolicyUnmatched},
		{"by another program, and by another claim", "policy=desktop", &access.Identity{Claims: []access.Claim{{Name: "azp", Values: []string{clientID}}, {Name: "client_id", Values: []string{nativeClient}}}}, nil, 401, access.ReasonPolicyUnmatched},
		{"by a program that was left out, and by another claim", "policy=desktop", &access.Identity{Claims: []access.Claim{{Name: "client_id", Values: []string{nativeClient}}}, Dropped: []string{"azp"}}, nil, 401, access.ReasonPolicyUnmatched},
		{"by the program, in a v1 token", "policy=desktop", &access.Identity{Claims: []access.Claim{{Name: "appid", Values: []string{nativeClient}}}}, nil, 202, access.ReasonOK},
		{"by two programs", "policy=desktop", &access.Identity{Claims: []access.Claim{{Name: "azp", Values: []string{nativeClient, clientID}}}}, nil, 401, access.ReasonPolicyUnmatched},
	} {
		t.Run(row.name, func(t *testing.T) {
			cookies := ""
			if row.id != nil {
				cookies = k.issue(*row.id)
			}
			h := nginx(cookies)
			for i := 0; i < len(row.header); i += 2 {
				name := http.CanonicalHeaderKey(row.header[i])
				if strings.HasPrefix(name, "X-Original-") && !slices.Contains(row.header[:i], row.header[i]) {
					h.Del(name)
				}
				h[name] = append(h[name], row.header[i+1])
			}
			resp := k.ask(http.MethodGet, row.query, h)
			wellAnswered(t, resp)
			if reason := k.lastReason(); resp.StatusCode != row.want || reason != string(row.reason) {
				t.Errorf("%d %s, want %d %s", resp.StatusCode, reason, row.want, row.reason)
			}
		})
	}
}

// Where no policies are configured, none is known; and where no proxy is trusted, no
// address is.
func TestPoliciesAbsent(t *testing.T) {
	k := newKit(t, options{})
	good := k.issue(access.Identity{Roles: []string{"Admin"}})
	if resp := k.ask(http.MethodGet, "policy=admins", nginx(good)); resp.StatusCode != http.StatusForbidden || k.lastReason() != string(access.ReasonPolicyUnknown) {
		t.Errorf("%d, %s", resp.StatusCode, k.lastReason())
	}
	if line := k.log.String(); !strings.Contains(line, `there is no policy \"admins\"`) {
		t.Errorf("the log does not name the policy: %s", line)
	}
	if n := k.count("easyauth_configuration_errors_total", "kind", "policy_unknown"); n != 1 {
		t.Errorf("counted %v", n)
	}
	for _, proxies := range [][]netip.Prefix{nil, {netip.MustParsePrefix("198.51.100.0/24")}} {
		k = newKit(t, options{policies: somePolicies, proxies: proxies})
		good = k.issue(access.Identity{Roles: []string{"Admin"}})
		if resp := k.ask(http.MethodGet, "policy=office", nginx(good, "X-Real-Ip", "10.1.2.3")); resp.StatusCode != http.StatusUnauthorized || k.lastReason() != string(access.ReasonPolicyDenied) {
			t.Errorf("trusting %v: %d, %s", proxies, resp.StatusCode, k.lastReason())
		}
		if resp := k.ask(http.MethodGet, "policy=admins", nginx(good, "X-Real-Ip", "10.1.2.3")); resp.StatusCode != http.StatusAccepted {
			t.Errorf("a policy that asks for no address: %d", resp.StatusCode)
		}
	}
}

// A denial tells the audit stream which rule it was, and a person only where that is
// wanted.
func TestPolicyIsTold(t *testing.T) {
	for _, explain := range []bool{false, true} {
		events := &lockedBuffer{}
		k := newKit(t, options{policies: somePolicies, explain: explain, audited: events})
		b := k.signedIn(emulator.Bob)
		page := app + "/x"
		shown := b.open(page, "policy=office")
		if shown.StatusCode != http.StatusForbidden || !strings.Contains(shown.body, "the rules of this page do not let you in") {
			t.Fatalf("%d\n%s", shown.StatusCode, shown.body)
		}
		for _, row := range []string{`<dt dir="auto">Policy</dt><dd><ul class="chips"><li dir="auto">office</li>`, `<dt dir="auto">Rule</dt><dd><ul class="chips"><li dir="auto">outside</li>`, `<dt dir="auto">Reason</dt><dd><ul class="chips"><li dir="auto">policy_denied, source_unknown</li>`} {
			if strings.Contains(shown.body, row) != explain || strings.Contains(shown.body, "source") != explain {
				t.Errorf("explain %v, %s:\n%s", explain, row, shown.body)
			}
		}
		unmatched := b.open(app+"/y", "policy=admins")
		for _, row := range []string{`<dt dir="auto">Policy</dt><dd><ul class="chips"><li dir="auto">admins</li>`, `<dt dir="auto">Reason</dt><dd><ul class="chips"><li dir="auto">policy_unmatched</li>`} {
			if strings.Contains(unmatched.body, row) != explain || strings.Contains(unmatched.body, `<dt dir="auto">Rule</dt>`) {
				t.Errorf("explain %v, no rule, %s:\n%s", explain, row, unmatched.body)
			}
		}
		if role := b.open(app+"/z", "policy=group&role=Owner"); !strings.Contains(role.body, "does not have the role") || strings.Contains(role.body, "group: ") {
			t.Errorf("explain %v, the query refuses:\n%s", explain, role.body)
		}
		var found bool
		for line := range strings.Lines(events.String()) {
			var e audit.Event
			if err := json.Unmarshal([]byte(line), &e); err != nil {
				t.Fatal(err)
			}
			found = found || e.Event == audit.Denied && e.Policy == "office" && e.Rule == "outside" && e.Why == "source_unknown" && e.Reason == "policy_denied"
		}
		if !found {
			t.Errorf("not recorded:\n%s", events.String())
		}
		if log := k.log.String(); !strings.Contains(log, `"policy":"office","rule":"outside","why":"source_unknown"`) {
			t.Error("not in the log")
		}
	}
}

// What a policy lets pass is in the audit stream too, with its rule, unless that is too
// much; requests without a policy are not.
func TestPolicyAllowsAreRecorded(t *testing.T) {
	for _, allows := range []bool{true, false} {
		events := &lockedBuffer{}
		k := newKit(t, options{policies: somePolicies, audited: events, auditAllows: allows})
		good, other := k.issue(access.Identity{Roles: []string{"Admin"}}), k.issue(access.Identity{GroupsUnknown: true, GroupsFailed: true})
		for _, query := range []string{"", "role=Admin", "policy=admins"} {
			if resp := k.ask(http.MethodGet, query, nginx(good)); resp.StatusCode != http.StatusAccepted {
				t.Fatalf("%q: %d", query, resp.StatusCode)
			}
		}
		k.ask(http.MethodGet, "policy=group", nginx(other))
		k.ask(http.MethodGet, "policy=admins", nginx(""))
		if got := strings.Count(events.String(), `"event":"allowed","outcome":"allow","reason":"ok"`); got != map[bool]int{true: 1}[allows] {
			t.Errorf("recorded %v: %d\n%s", allows, got, events.String())
		}
		if allows != strings.Contains(events.String(), `"policy":"admins","rule":"admins"`) {
			t.Errorf("the rule:\n%s", events.String())
		}
		if got := strings.Count(events.String(), `"event":"denied","outcome":"unsure","reason":"groups_unknown"`); got != 1 || strings.Count(events.String(), "\n") != 1+strings.Count(events.String(), `"allowed"`) {
			t.Errorf("could not tell:\n%s", events.String())
		}
	}
}

// What a policy misses and a sign-in can bring is asked for there, and then it passes.
func TestPolicyStepUp(t *testing.T) {
	k := newKit(t, options{policies: somePolicies})
	b := k.signedIn(emulator.Adele)
	if resp := b.check(app+"/x", "policy=strong"); resp.StatusCode != http.StatusUnauthorized {
		t.Fatalf("%d", resp.StatusCode)
	}
	if resp := b.open(app+"/x", "policy=strong"); resp.StatusCode != http.StatusAccepted {
		t.Fatalf("%d\n%s", resp.StatusCode, resp.body)
	}
	if !strings.Contains(k.claimsAsked(), "c1") {
		t.Errorf("asked for %s", k.claimsAsked())
	}
	fresh := k.browser(emulator.Adele)
	if resp := fresh.open(app+"/x", "policy=strong"); resp.StatusCode != http.StatusAccepted {
		t.Fatalf("without a session: %d\n%s", resp.StatusCode, resp.body)
	}
}

// A program is told what its token lacks; an application's own token is one.
func TestPolicyBearer(t *testing.T) {
	k := newKit(t, options{policies: somePolicies, bearer: true, emulator: func(c *emulator.Config) {
		c.Clients = append(c.Clients, emulator.Client{
			ID: daemonID, Secret: "s3cret", Name: "Daemon", AppPermissions: map[string][]string{"api://" + clientID: {"Orders.Process"}},
		})
	}})
	token, err := k.idp.AppToken(daemonID, "api://"+clientID+"/.default")
	if err != nil {
		t.Fatal(err)
	}
	daemon := nginx("", "Authorization", "Bearer "+token)
	for _, row := range []struct {
		name, query string
		h           http.Header
		want        int
		reason      access.Reason
	}{
		{"an application", "policy=robots", daemon, 202, access.ReasonOK},
		{"a person", "policy=robots", k.bearerOf(emulator.Adele), 401, access.ReasonPolicyUnmatched},
		{"a person, without a policy", "", k.bearerOf(emulator.Adele), 202, access.ReasonOK},
		{"another application", "policy=desktop", daemon, 401, access.ReasonPolicyUnmatched},
		{"an application that is not signed in well", "policy=strong", daemon, 401, access.ReasonPolicyStepUp},
	} {
		resp := k.ask(http.MethodGet, row.query, row.h)
		if resp.StatusCode != row.want || k.lastReason() != string(row.reason) {
			t.Errorf("%s: %d %s, want %d %s", row.name, resp.StatusCode, k.lastReason(), row.want, row.reason)
		}
		if challenge := resp.Header.Get("Www-Authenticate"); (row.reason == access.ReasonPolicyUnmatched) != strings.Contains(challenge, "insufficient_scope") {
			t.Errorf("%s: %q", row.name, challenge)
		}
	}
}

// What a token that was exchanged does not say is not known: it opens nothing that a
// policy closes, and an application is no person because nobody says what it is.
func TestPolicyOfExchangedTokens(t *testing.T) {
	k := newKit(t, options{policies: somePolicies, programs: true})
	person := access.Identity{Tenant: emulator.DefaultTenantID, Object: emulator.AdeleOID, Issuer: "https://i", Subject: "s"}
	with := func(edit func(*access.Identity)) access.Identity {
		id := person
		edit(&id)
		return id
	}
	foreign := with(func(id *access.Identity) { id.Subject, id.Elsewhere = "", true })
	for _, row := range []struct {
		name, query string
		id          access.Identity
		want        int
		reason      access.Reason
		why         string
	}{
		{"a person of ours", "policy=people", person, 202, access.ReasonOK, ""},
		{"an application of ours, by its subject", "policy=people", with(func(id *access.Identity) { id.Subject = id.Object }), 401, access.ReasonPolicyDenied, ""},
		{"an application of ours, by idtyp", "policy=people", with(func(id *access.Identity) { id.Claims = []access.Claim{{Name: "idtyp", Values: []string{"app"}}} }), 401, access.ReasonPolicyDenied, ""},
		{"a person, by idtyp", "policy=people", with(func(id *access.Identity) {
			id.Subject, id.Claims = id.Object, []access.Claim{{Name: "idtyp", Values: []string{"user"}}}
		}), 202, access.ReasonOK, ""},
		{"idtyp was left out", "policy=people", with(func(id *access.Identity) { id.Dropped = []string{"idtyp"} }), 401, access.ReasonPolicyDenied, "app_unknown"},
		{"a person of another application", "policy=people", foreign, 202, access.ReasonOK, ""},
		{"an application of another one, with a mapped role", "policy=people", with(func(id *access.Identity) {
			id.Subject, id.Elsewhere, id.Roles, id.Claims = "", true, []string{"Robot"}, []access.Claim{{Name: "idtyp", Values: []string{"app"}}}
		}), 401, access.ReasonPolicyDenied, ""},
		{"perhaps an application, where robots may", "policy=robots", with(func(id *access.Identity) { id.Dropped = []string{"claims"} }), 401, access.ReasonPolicyUnmatched, "app_unknown"},
		{"of a provider without object ids", "policy=people", with(func(id *access.Identity) { id.Object = "" }), 401, access.ReasonPolicyDenied, "app_unknown"},

		{"a role that denies", "policy=unblocked", with(func(id *access.Identity) { id.Roles = []string{"Blocked"} }), 401, access.ReasonPolicyDenied, ""},
		{"without that role", "policy=unblocked", person, 202, access.ReasonOK, ""},
		{"of another application, which does not know it", "policy=unblocked", foreign, 401, access.ReasonPolicyDenied, "other_application"},
		{"of ours, without a subject", "policy=unblocked", with(func(id *access.Identity) { id.Subject = "" }), 202, access.ReasonOK, ""},
		{"a role that was mapped", "policy=admins", with(func(id *access.Identity) { id.Subject, id.Elsewhere, id.Roles = "", true, []string{"Admin"} }), 202, access.ReasonOK, ""},
		{"without a policy", "", foreign, 202, access.ReasonOK, ""},
	} {
		issued := k.token(row.id, time.Hour)
		resp := k.ask(http.MethodGet, row.query, asProgram("", "Bearer "+issued.Access.Reveal()))
		wellAnswered(t, resp)
		if resp.StatusCode != row.want || k.lastReason() != string(row.reason) {
			t.Errorf("%s: %d %s, want %d %s", row.name, resp.StatusCode, k.lastReason(), row.want, row.reason)
		}
		if log := k.log.String(); row.why != "" && !strings.Contains(log[strings.LastIndex(strings.TrimSpace(log), "\n")+1:], `"why":"`+row.why+`"`) {
			t.Errorf("%s: the log does not say %s", row.name, row.why)
		}
	}
}

package main

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/config"
	"github.com/easyauth-sidecar/easyauth/authserver/session"
	emulator "github.com/easyauth-sidecar/easyauth/test/entra"
)

func TestUserKey(t *testing.T) {
	const tid, oid, issuer = emulator.DefaultTenantID, "44444444-0000-4000-8000-00000000000a", "https://contoso.b2clogin.com/tid/v2.0/"
	one := config.Config{Kind: config.KindEntra, TenantID: tid}
	domain := config.Config{Kind: config.KindEntra, TenantID: "contoso.example"}
	many := config.Config{Kind: config.KindMulti, TenantID: "organizations"}
	external := config.Config{Kind: config.KindExternal, TenantID: tid}
	b2c := config.Config{Kind: config.KindB2C, TenantID: tid}
	other := config.Config{Kind: config.KindOIDC, Issuer: "https://idp.example/"}
	for _, tt := range []struct {
		name  string
		cfg   config.Config
		user  string
		want  access.Key // zero: refused
		fault string
	}{
		{"one tenant", one, oid, access.Key{Authority: tid, ID: oid}, ""},
		{"one tenant, in full", one, tid + "/" + oid, access.Key{Authority: tid, ID: oid}, ""},
		{"in capitals", one, strings.ToUpper(tid + "/" + oid), access.Key{Authority: tid, ID: oid}, ""},
		{"of another tenant", one, wiredTenant + "/" + oid, access.Key{Authority: wiredTenant, ID: oid}, ""},
		{"External ID", external, oid, access.Key{Authority: tid, ID: oid}, ""},
		{"no id", one, marker, access.Key{}, "must be the object id"},
		{"a name", one, "adele@contoso.example", access.Key{}, "must be the object id"},
		{"half an id", one, tid + "/", access.Key{}, "must be the object id"},
		{"three", one, tid + "/" + oid + "/" + oid, access.Key{}, "must be the object id"},
		{"a tenant by its domain", domain, oid, access.Key{}, "must be TENANT/OBJECT"},
		{"a tenant by its domain, in full", domain, tid + "/" + oid, access.Key{Authority: tid, ID: oid}, ""},
		{"several tenants", many, oid, access.Key{}, "must be TENANT/OBJECT"},
		{"several tenants, in full", many, tid + "/" + oid, access.Key{Authority: tid, ID: oid}, ""},
		{"B2C", b2c, oid, access.Key{Authority: issuer, ID: oid}, ""},
		{"B2C, in full", b2c, tid + "/" + oid, access.Key{Authority: tid, ID: oid}, ""},
		{"another provider", other, "auth0|Ab/c", access.Key{Authority: "https://idp.example/", ID: "auth0|Ab/c"}, ""},
		{"another provider, ids as sub", other, tid + "/" + oid, access.Key{Authority: "https://idp.example/", ID: tid + "/" + oid}, ""},
	} {
		got, err := userKey(&tt.cfg, tt.user, func() ([]string, error) { return []string{issuer}, nil })
		if got != tt.want || (err == nil) != (tt.fault == "") || err != nil && (!strings.Contains(err.Error(), tt.fault) || strings.Contains(err.Error(), tt.user)) {
			t.Errorf("%s: got %+v, %v", tt.name, got, err)
		}
	}
	unknown := errors.New("unknown")
	if _, err := userKey(&b2c, oid, func() ([]string, error) { return nil, unknown }); !errors.Is(err, unknown) {
		t.Errorf("B2C whose issuer nobody knows: %v", err)
	}
}

func TestSessionsArguments(t *testing.T) {
	stored := with(t, map[string]string{"EASYAUTH_STORE": "redis", "EASYAUTH_REDIS_URL": "redis://" + freeAddress(t)})
	cookies := minimal(t)
	for _, tt := range []struct {
		name  string
		vars  map[string]string
		args  []string
		fault string
	}{
		{"no command", stored, nil, "easyauth sessions: one of its commands must follow: list or revoke\n"},
		{"another", stored, []string{"delete", "--all"}, "easyauth sessions: \"delete\" is not one of its commands, which are list and revoke\n"},
		{"almost one", stored, []string{"revok", "--all"}, "list and revoke; did you mean revoke?\n"},
		{"a flag first", stored, []string{"--all", "revoke"}, "one of its commands must follow: list or revoke\n"},
		{"nobody", stored, []string{"list"}, "say whose: --user USER, --sid SID or --all"},
		{"nobody, in JSON", stored, []string{"revoke", "--json"}, "say whose"},
		{"two", stored, []string{"revoke", "--all", "--user", "x"}, "say whose"},
		{"not all", stored, []string{"revoke", "--all=false"}, "say whose"},
		{"an empty user", stored, []string{"revoke", "--user", ""}, "say whose"},
		{"an empty sid", stored, []string{"revoke", "--sid="}, "say whose"},
		{"an argument", stored, []string{"revoke", "--all", "now"}, "takes no arguments"},
		{"no such user", stored, []string{"revoke", "--user", marker}, "--user: must be the object id"},
		{"cookies alone, list", cookies, []string{"list", "--all"}, "in the browsers' cookies alone"},
		{"cookies alone, revoke", cookies, []string{"revoke", "--all"}, "in the browsers' cookies alone"},
		{"a wrong configuration", with(t, stored, map[string]string{"EASYAUTH_KEYS": marker}), []string{"list", "--all"}, "EASYAUTH_KEYS: entry 1"},
	} {
		code, stdout, stderr := execute(t, tt.vars, append([]string{"sessions"}, tt.args...)...)
		if code != exitUsage || stdout != "" || !strings.Contains(stderr, tt.fault) || strings.Contains(stderr, marker) {
			t.Errorf("%s: exit code %d\nstdout: %s\nstderr: %s", tt.name, code, stdout, stderr)
		}
	}
	if code, stdout, _ := execute(t, nil, "sessions", "--help"); code != exitOK || !strings.Contains(stdout, "sessions list ") || strings.Contains(stdout, "keygen") {
		t.Errorf("help: exit code %d\n%s", code, stdout)
	}
}

// Nothing that is printed tells who it is.
func TestSessionsArePrinted(t *testing.T) {
	at := time.Date(2026, 3, 1, 8, 30, 0, 0, time.FixedZone("", 3600))
	list := []session.Info{
		{ID: "0123456789ab", User: "ba9876543210", Issued: at, Seen: at.Add(time.Minute), Expires: at.Add(8 * time.Hour), Label: "Firefox on Linux"},
		{ID: "ab0123456789", User: "ba9876543210", Issued: at, Seen: at, Expires: at},
	}
	for _, tt := range []struct {
		name string
		json bool
		do   func(printer) error
		want string
	}{
		{"a list", false, func(p printer) error { return p.sessions(list) }, "" +
			"ID            USER          SIGNED IN             LAST USED             ENDS\n" +
			"0123456789ab  ba9876543210  2026-03-01 07:30:00Z  2026-03-01 07:31:00Z  2026-03-01 15:30:00Z\n" +
			"ab0123456789  ba9876543210  2026-03-01 07:30:00Z  2026-03-01 07:30:00Z  2026-03-01 07:30:00Z\n"},
		{"nothing", false, func(p printer) error { return p.sessions(nil) }, "No sessions.\n"},
		{"a list in JSON", true, func(p printer) error { return p.sessions(list[:1]) }, `[
  {
    "id": "0123456789ab",
    "user": "ba9876543210",
    "issued": "2026-03-01T07:30:00Z",
    "seen": "2026-03-01T07:31:00Z",
    "expires": "2026-03-01T15:30:00Z"
  }
]
`},
		{"nothing in JSON", true, func(p printer) error { return p.sessions(nil) }, "[]\n"},
		{"three", false, func(p printer) error { return p.revoked(3) }, "Revoked 3 sessions.\n"},
		{"one", false, func(p printer) error { return p.revoked(1) }, "Revoked 1 session.\n"},
		{"none", false, func(p printer) error { return p.revoked(0) }, "Revoked 0 sessions.\n"},
		{"nobody knows", false, func(p printer) error { return p.revoked(-1) }, "Revoked: what was signed in until now passes no more. How many that are nobody knows.\n"},
		{"three in JSON", true, func(p printer) error { return p.revoked(3) }, "{\n  \"revoked\": 3\n}\n"},
		{"nobody knows, in JSON", true, func(p printer) error { return p.revoked(-1) }, "{\n  \"revoked\": null\n}\n"},
	} {
		var out strings.Builder
		if err := tt.do(printer{to: &out, json: tt.json}); err != nil || out.String() != tt.want {
			t.Errorf("%s: %v\n%s", tt.name, err, out.String())
		}
	}
}

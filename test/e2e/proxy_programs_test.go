package e2e

import (
	"net/http"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/test/entra"
	"github.com/easyauth-sidecar/easyauth/test/stand"
)

// A program brings a token of Entra ID's, gets one of ours, and calls an API with it: the
// application is told who it is, as of a browser.
func TestProgramsExchange(t *testing.T) {
	t.Parallel()
	cfg := withPrograms(withBearer(), nil)
	delete(cfg.Env, "EASYAUTH_ALLOW_BEARER")
	s := start(t, cfg)
	v := program(t, s)
	for what, g := range map[string]*grant{
		"an ID token":       v.exchange(idType, idToken(t, s, "n-0S6")),
		"an access token":   v.exchange(accessType, userToken(t, s, entra.Adele)),
		"the classic form":  v.form("token", "id_token", idToken(t, s, "")),
		"an ID token alone": v.exchange(idType, idToken(t, s, "")),
	} {
		token := g.good(t, what).Access
		if (what == "the classic form") != (g.Token == token && g.Expiry != "") {
			t.Errorf("%s: Token %v, Expiry %q", what, g.Token != "", g.Expiry)
		}
		r := v.call("/api/x", token)
		r.tells(t, what, map[string]string{"oid": entra.AdeleOID, "tid": s.Entra.TenantID(), "name": "Adele+Vance", "roles": "Admin|Orders.Write"})
		if len(r.header["Set-Cookie"]) > 0 {
			t.Errorf("%s: a cookie", what)
		}
		if r := v.call("/api/admin/x", token); r.status != http.StatusOK {
			t.Errorf("%s at an administrator's page: %d", what, r.status)
		}
		if r := v.call("/api/process", token); r.status != http.StatusUnauthorized || r.challenge(t)["error"] != "insufficient_scope" {
			t.Errorf("%s without the role: %d %v", what, r.status, r.challenge(t))
		}
		if r := v.call(programsAPI+"session", token); r.status != http.StatusOK {
			t.Errorf("%s: session: %d\n%s", what, r.status, r.body)
		}
	}
	if r := v.call("/api/x", userToken(t, s, entra.Adele)); r.status != http.StatusUnauthorized {
		t.Errorf("the provider's own token, without EASYAUTH_ALLOW_BEARER: %d", r.status)
	}
}

// What is not for us, not of our tenant, or not signed by it, is worth nothing.
func TestProgramsExchangeRefusals(t *testing.T) {
	t.Parallel()
	s := start(t, withPrograms(withBearer(), nil))
	v := program(t, s)
	id, user := func() string { return idToken(t, s, "") }, func() string { return userToken(t, s, entra.Adele) }
	for _, row := range []struct {
		name, kind string
		faults     entra.Faults
		mint       func() string
		reason     string
	}{
		{"another audience", accessType, entra.Faults{AccessToken: entra.WrongAudience}, user, "audience_mismatch"},
		{"an ID token of another client", idType, entra.Faults{}, func() string {
			token, err := s.Entra.IDToken(entra.Adele, callerID, "")
			if err != nil {
				t.Fatal(err)
			}
			return token
		}, "audience_mismatch"},
		{"another tenant, which is its issuer", accessType, entra.Faults{AccessToken: entra.OtherTenant}, user, "issuer_mismatch"},
		{"an ID token of another tenant", idType, entra.Faults{IDToken: entra.OtherTenant}, id, "issuer_mismatch"},
		{"another tenant, of our issuer", accessType, entra.Faults{EditAccess: inTenant}, user, "tenant_mismatch"},
		{"an ID token of another tenant, of our issuer", idType, entra.Faults{EditClaims: inTenant}, id, "tenant_mismatch"},
		{"forged", accessType, entra.Faults{AccessToken: entra.WrongSignature}, user, "token_invalid"},
		{"alg none", accessType, entra.Faults{AccessToken: entra.AlgNone}, user, "token_invalid"},
		{"expired", accessType, entra.Faults{AccessToken: entra.Expired}, user, "token_expired"},
		{"an ID token as an access token", accessType, entra.Faults{}, id, "token_invalid"},
		{"an access token as an ID token", idType, entra.Faults{}, user, "audience_mismatch"},
	} {
		kind, mint := idType, id
		if row.kind == accessType {
			kind, mint = accessType, user
		}
		v.exchange(kind, mint()).good(t, row.name+", the sibling")
		v.exchange(row.kind, faulty(s, row.faults, row.mint)).bad(t, row.name, "invalid_request", row.reason)
	}
}

// inTenant moves a token's person to another tenant.
func inTenant(claims map[string]any) { claims["tid"] = "99999999-2222-4333-8444-555555555555" }

// A token of another application counts once it is listed, and its roles, which nothing
// maps, do not.
func TestProgramsOfAnotherApplication(t *testing.T) {
	t.Parallel()
	s := start(t, withPrograms(withBearer(), map[string]string{"EASYAUTH_EXCHANGE_AUDIENCES": callerID}))
	v := program(t, s)
	token, err := s.Entra.IDToken(entra.Adele, callerID, "")
	if err != nil {
		t.Fatal(err)
	}
	ours := v.exchange(idType, token).good(t, "listed").Access
	v.call("/api/x", ours).tells(t, "listed", map[string]string{"oid": entra.AdeleOID, "tid": s.Entra.TenantID(), "roles": "", "groups": "", "scp": ""})
	if r := v.call("/api/admin/x", ours); r.status != http.StatusUnauthorized {
		t.Errorf("with a role of another application: %d", r.status)
	}
}

// An access token for another application counts when its client is listed. Of its roles
// those that are mapped become roles here, and no others.
func TestProgramsOfAnotherClient(t *testing.T) {
	t.Parallel()
	const apiID, strangerID = "33333333-2222-4333-8444-555555555555", "44444444-2222-4333-8444-555555555555"
	cfg := withPrograms(withBearer(), map[string]string{
		"EASYAUTH_EXCHANGE_AUDIENCES": apiID, "EASYAUTH_EXCHANGE_CLIENTS": callerID,
		"EASYAUTH_EXCHANGE_ROLES": apiID + " Orders.Write Orders.Process " + apiID + " Owner Admin",
	})
	usual := cfg.Emulator
	cfg.Emulator = func(c *entra.Config) {
		usual(c)
		c.Clients = append(c.Clients,
			entra.Client{ID: apiID, Secret: "the-api's", Name: "Orders", API: entra.API{Scopes: []string{"Orders.Read"}}},
			entra.Client{ID: strangerID, Secret: "the-stranger's", Name: "Unknown program"})
	}
	s := start(t, cfg)
	v := program(t, s)
	of := func(user, client string) string {
		token, err := s.Entra.UserToken(user, client, "api://"+apiID+"/Orders.Read")
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	ours := v.exchange(accessType, of(entra.Adele, callerID)).good(t, "a listed client").Access
	v.call("/api/x", ours).tells(t, "a listed client", map[string]string{"oid": entra.AdeleOID, "tid": s.Entra.TenantID(), "roles": "Orders.Process", "groups": "", "scp": ""})
	if r := v.call("/api/process", ours); r.status != http.StatusOK {
		t.Errorf("at what the mapped role opens: %d", r.status)
	}
	// At the other application she is Admin, too.
	if r := v.call("/api/admin/x", ours); r.status != http.StatusUnauthorized || r.challenge(t)["error"] != "insufficient_scope" {
		t.Errorf("at what her own role there would open: %d", r.status)
	}
	bob := v.exchange(accessType, of(entra.Bob, callerID)).good(t, "who has no roles").Access
	v.call("/api/x", bob).tells(t, "who has no roles", map[string]string{"oid": entra.BobOID, "roles": ""})
	v.exchange(accessType, of(entra.Adele, strangerID)).bad(t, "a client that is not listed", "invalid_request", "audience_mismatch")
	v.exchange(accessType, userTokenOf(t, s, strangerID)).good(t, "the same client, with a token for us")
}

// userTokenOf is an access token of Adele's for our API that any client got.
func userTokenOf(t *testing.T, s *stand.Stand, client string) string {
	t.Helper()
	token, err := s.Entra.UserToken(entra.Adele, client, ownScope)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// A token that has run out says so, and nothing else brings it back.
func TestProgramsExpire(t *testing.T) {
	t.Parallel()
	s := start(t, withPrograms(withBearer(), map[string]string{"EASYAUTH_SESSION_LIFETIME": "3s", "EASYAUTH_RENEW_BEFORE": "0"}))
	v := program(t, s)
	g := v.exchange(idType, idToken(t, s, "")).good(t, "short")
	if r := v.call("/api/x", g.Access); r.status != http.StatusOK || g.ExpiresIn > 3 {
		t.Errorf("%d, good for %d s", r.status, g.ExpiresIn)
	}
	waitUntil(t, "its end", func() bool { return v.call("/api/x", g.Access).status == http.StatusUnauthorized })
	if c := v.call("/api/x", g.Access).challenge(t); c["error"] != "invalid_token" || c["error_description"] != "expired" {
		t.Errorf("%v", c)
	}
	if c := v.call(programsAPI+"session", g.Access).challenge(t); c["error"] != "invalid_token" {
		t.Errorf("session: %v", c)
	}
}

// Refresh tokens are good once, on whichever replica. One that comes again ends all of it.
func TestProgramsRefresh(t *testing.T) {
	t.Parallel()
	eachStore(t, func(t *testing.T, k *keeper) {
		cfg := k.replicas(map[string]string{"EASYAUTH_TOKEN_API": "true"})
		s := start(t, cfg)
		v := program(t, s)
		first := v.exchange(idType, idToken(t, s, "")).good(t, "exchange")
		second := v.refresh(first.Refresh).good(t, "refresh")
		for range 2 { // both replicas
			if r := v.call("/api/x", second.Access); r.status != http.StatusOK {
				t.Errorf("after a refresh: %d", r.status)
			}
		}
		other := v.exchange(idType, idToken(t, s, "")).good(t, "another program")
		v.refresh(first.Refresh).bad(t, "replayed", "invalid_grant", "token_reused")
		v.gone(second.Access, "the family")
		v.refresh(second.Refresh).bad(t, "the family's last", "invalid_grant", "session_ended")
		if r := v.call("/api/x", other.Access); r.status != http.StatusOK {
			t.Errorf("another program: %d", r.status)
		}
		// Revoked, with either token.
		if g := v.form("revoke", "token", other.Refresh); g.status != http.StatusOK {
			t.Errorf("revoke: %d %s", g.status, g.Error)
		}
		v.gone(other.Access, "revoked")
		if g := v.form("revoke", "token", "ea_unknown"); g.status != http.StatusOK {
			t.Errorf("revoke what there is not: %d %s", g.status, g.Error)
		}
	})
}

// gone waits until a token is refused, by law.
func (v *visitor) gone(token, what string) {
	v.t.Helper()
	since := time.Now()
	for refusals := 0; refusals < 4; { // of both replicas
		if v.call("/api/x", token).status == http.StatusUnauthorized {
			refusals++
			continue
		}
		if refusals = 0; time.Since(since) > law {
			v.t.Errorf("%s: it goes on", what)
			return
		}
	}
}

// Without a store a token ends by itself alone, which is said; with a list it is revoked.
func TestProgramsRevokeWithoutAStore(t *testing.T) {
	t.Parallel()
	s := start(t, withPrograms(withBearer(), nil))
	v := program(t, s)
	token := v.exchange(idType, idToken(t, s, "")).good(t, "cookies").Access
	v.form("revoke", "token", token).bad(t, "cookies", "unsupported_token_type", "cannot_end")
	s = start(t, noteRevoked(t).replicas(map[string]string{"EASYAUTH_TOKEN_API": "true"}))
	v = program(t, s)
	token = v.exchange(idType, idToken(t, s, "")).good(t, "a list").Access
	if r := v.call("/api/x", token); r.status != http.StatusOK {
		t.Errorf("before: %d", r.status)
	}
	if g := v.form("revoke", "token", token); g.status != http.StatusOK {
		t.Errorf("revoke: %d %s %s", g.status, g.Error, g.Description)
	}
	v.gone(token, "revoked in a list")
}

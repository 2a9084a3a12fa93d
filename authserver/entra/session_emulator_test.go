package entra

import (
	"slices"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/secret"
	emulator "github.com/easyauth-sidecar/easyauth/test/entra"
)

// A session at Entra ID: signed in, refreshed as the person changes, and ended.
func TestSessionAtEntra(t *testing.T) {
	c := newClock()
	idp, rp := startEmulator(t, c, &logBuffer{})
	tokens, person, err := signIn(t, rp, emulator.Adele, rp.Plan(nil, access.Missing{}, PlanOptions{Offline: true}))
	if err != nil || tokens.Refresh.Empty() || !tokens.Expires.After(c.Now()) || !slices.Contains(tokens.RefreshScopes, offlineAccess) {
		t.Fatalf("%+v, %v", tokens, err)
	}
	sid := claim(person, "sid")
	if len(sid) != 1 || sid[0] == "" {
		t.Errorf("claims %v", person.Claims)
	}

	c.Advance(time.Hour)
	idp.ChangeUser(emulator.Adele, func(u *emulator.User) { u.Roles, u.Name = []string{"Reader"}, "Adele Married" })
	again, id, err := rp.Refresh(t.Context(), tokens.Refresh, tokens.RefreshScopes, *person)
	if err != nil {
		t.Fatal(err)
	}
	if id.Name != "Adele Married" || !slices.Equal(id.Roles, []string{"Reader"}) || id.Key() != person.Key() || !slices.Equal(claim(id, "sid"), sid) {
		t.Errorf("%+v", id)
	}
	if !again.Expires.After(tokens.Expires) || again.AccessToken.Reveal() == tokens.AccessToken.Reveal() || !slices.Equal(again.Scopes, tokens.Scopes) {
		t.Errorf("%+v", again)
	}

	bob, somebody, err := signIn(t, rp, emulator.Bob, rp.Plan(nil, access.Missing{}, PlanOptions{Offline: true}))
	if err != nil {
		t.Fatal(err)
	}
	if none, _, err := rp.Refresh(t.Context(), bob.Refresh, bob.RefreshScopes, *person); reasonOf(t, err) != ReasonCode || none != nil {
		t.Errorf("the refresh token of another person: %v", err)
	}
	idp.RevokeSessions(emulator.Adele)
	_, _, err = rp.Refresh(t.Context(), again.Refresh, again.RefreshScopes, *person)
	if reasonOf(t, err) != ReasonCode {
		t.Errorf("revoked: %v", err)
	}
	if _, _, err := rp.Refresh(t.Context(), bob.Refresh, bob.RefreshScopes, *somebody); err != nil {
		t.Errorf("of the other person, still: %v", err)
	}
}

// What the emulator can do wrong to a refresh ends the session, or keeps it.
func TestRefreshFaultsAtEntra(t *testing.T) {
	idp, rp := startEmulator(t, newClock(), &logBuffer{})
	tokens, person, err := signIn(t, rp, emulator.Adele, rp.Plan(nil, access.Missing{}, PlanOptions{Offline: true}))
	if err != nil {
		t.Fatal(err)
	}
	type fault struct {
		name string
		emulator.RefreshFault
		ends bool
		want Reason // "": whatever
	}
	faults := []fault{
		{"throttled", emulator.RefreshFault{EndpointFault: emulator.EndpointFault{Status: 429, RetryAfter: 20}}, false, ReasonUnavailable},
		{"500", emulator.RefreshFault{EndpointFault: emulator.EndpointFault{Status: 500}}, false, ReasonIDPError},
		{"garbage", emulator.RefreshFault{EndpointFault: emulator.EndpointFault{Garbage: true}}, false, ReasonIDPError},
		{"the answer is lost", emulator.RefreshFault{Lost: true}, false, ReasonUnavailable},
	}
	for _, r := range emulator.Refusals() {
		faults = append(faults, fault{string(r), emulator.RefreshFault{Refuse: r}, true, ""})
	}
	for _, f := range faults {
		idp.SetFaults(emulator.Faults{Refresh: []emulator.RefreshFault{f.RefreshFault}})
		got, _, err := rp.Refresh(t.Context(), tokens.Refresh, tokens.RefreshScopes, *person)
		reason := reasonOf(t, err)
		if refuse(reason, "x").Ends() != f.ends || f.want != "" && reason != f.want || got != nil {
			t.Errorf("%s: %v", f.name, err)
		}
		idp.ClearFaults()
		if _, _, err := rp.Refresh(t.Context(), tokens.Refresh, tokens.RefreshScopes, *person); err != nil {
			t.Errorf("after %s: %v", f.name, err)
		}
	}
}

func TestLogoutTokenOfTheEmulator(t *testing.T) {
	idp, rp := startEmulator(t, newClock(), &logBuffer{})
	send := func() (*Logout, error) {
		return rp.LogoutToken(t.Context(), secret.New(must(idp.LogoutToken(emulator.Adele, testClient, "the-sid"))))
	}
	got, err := send()
	if err != nil || got.Issuer != idp.Issuer() || got.SID != "the-sid" || got.Subject == "" || got.JTI == "" {
		t.Fatalf("%+v, %v", got, err)
	}
	for _, fault := range emulator.LogoutTokenFaults() {
		idp.SetFaults(emulator.Faults{LogoutToken: fault})
		if got, err := send(); reasonOf(t, err) == "" || got != nil {
			t.Errorf("%v: accepted", fault)
		}
		idp.ClearFaults()
		if _, err := send(); err != nil {
			t.Errorf("after %v: %v", fault, err)
		}
	}
}

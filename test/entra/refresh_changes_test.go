package entra_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/test/entra"
)

func TestRefreshedTokensFollowTheUser(t *testing.T) {
	w := start(t)
	tok := w.tokens(entra.Adele, lasting)
	before := idClaims(t, tok)
	w.clock.add(time.Minute)
	w.ChangeUser(entra.Adele, func(u *entra.User) {
		u.Roles, u.Groups, u.Name, u.Email = []string{"Auditor"}, []string{entra.GroupID(7)}, "Adele Miller", "adele.miller@contoso.example"
	})
	after := decode(t, text(t, w.refresh(tok.RefreshToken), "id_token"))
	if list(after["roles"]) != "Auditor" || list(after["groups"]) != entra.GroupID(7) || after["name"] != "Adele Miller" || after["email"] != "adele.miller@contoso.example" {
		t.Errorf("claims %v", after)
	}
	for _, name := range []string{"iss", "sub", "aud", "tid", "oid", "sid", "auth_time", "login_hint"} {
		if before[name] == nil || before[name] != after[name] {
			t.Errorf("%s: %v, then %v", name, before[name], after[name])
		}
	}
	if _, ok := after["nonce"]; ok || before["nonce"] != "the-nonce" {
		t.Errorf("nonce %v, then %v", before["nonce"], after["nonce"])
	}
	w.ChangeUser(entra.AdeleOID, func(u *entra.User) { u.Roles, u.Groups = nil, nil })
	none := decode(t, text(t, w.refresh(tok.RefreshToken), "id_token"))
	if none["roles"] != nil || none["groups"] != nil {
		t.Errorf("claims %v", none)
	}
	w.ChangeUser(entra.Adele, func(u *entra.User) { u.Disabled = true })
	refused(t, w.refresh(tok.RefreshToken), 400, "invalid_grant", "AADSTS50057")
	w.ChangeUser(entra.Adele, func(u *entra.User) { u.Disabled = false })
	if got := w.refresh(tok.RefreshToken); got.status != http.StatusOK {
		t.Errorf("enabled again: %d", got.status)
	}
}

func TestChangeUserRefuses(t *testing.T) {
	w := start(t)
	for name, change := range map[string]func(){
		"nobody":       func() { w.ChangeUser("nobody", func(*entra.User) {}) },
		"another id":   func() { w.ChangeUser(entra.Bob, func(u *entra.User) { u.ID = "rob" }) },
		"no username":  func() { w.ChangeUser(entra.Bob, func(u *entra.User) { u.Username = "" }) },
		"no object id": func() { w.ChangeUser(entra.Bob, func(u *entra.User) { u.ObjectID = "" }) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: accepted", name)
				}
			}()
			change()
		}()
	}
	if bob, _ := w.User(entra.Bob); bob.Username != "bob@contoso.example" {
		t.Errorf("Bob %+v", bob)
	}
	w.ChangeUser(entra.Bob, func(u *entra.User) { u.Name = "Rob" })
	if bob, _ := w.User(entra.Bob); bob.Name != "Rob" {
		t.Errorf("Bob %+v", bob)
	}
}

func TestRefreshCounts(t *testing.T) {
	w := start(t)
	adele := w.tokens(entra.Adele, lasting)
	w.browser = browser(t)
	again := w.tokens(entra.Adele, lasting)
	w.browser = browser(t)
	bob := w.tokens(entra.Bob, lasting)
	sid, sid2 := idClaims(t, adele)["sid"].(string), idClaims(t, again)["sid"].(string)
	if sid == sid2 {
		t.Fatal("two browsers share a session")
	}
	next := text(t, w.refresh(adele.RefreshToken), "refresh_token")
	w.refresh(next, "scope", "Usr.Read")
	w.refresh(again.RefreshToken)
	w.refresh(bob.RefreshToken)
	w.refresh("1.unknown")
	w.refresh(bob.RefreshToken, "client_secret", "wrong") // never came so far
	for of, want := range map[string]int{sid: 2, sid2: 1, entra.Adele: 3, entra.AdeleOID: 3, entra.Bob: 1, entra.Zoe: 0, "": 5} {
		if got := w.Refreshes(of); got != want {
			t.Errorf("%q: %d, want %d", of, got, want)
		}
	}
	calls := w.RefreshCalls()
	if len(calls) != 5 || calls[0] != (entra.RefreshCall{ClientID: webID, User: entra.AdeleOID, SID: sid, Status: 200}) || calls[1].Status != 400 || calls[1].Scope != "Usr.Read" || calls[4].User != "" {
		t.Errorf("calls %+v", calls)
	}
	w.ResetCounts()
	if w.Refreshes("") != 0 || w.Refreshes(sid) != 0 || w.RefreshCalls() != nil {
		t.Error("counts are not reset")
	}
}

package exchange

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
)

// RFC 7009, section 2.2.1. Every row is a form that is answered 200 as it was.
func TestRevokeRefusals(t *testing.T) {
	for _, row := range []struct {
		name   string
		edit   func(*call)
		status int
		code   string
		word   string
	}{
		{"no token", without("token"), 400, codeInvalidRequest, "bad_request"},
		{"an empty token", set("token", ""), 400, codeInvalidRequest, "bad_request"},
		{"two tokens", func(c *call) { c.form.Add("token", "x") }, 400, codeInvalidRequest, "bad_request"},
		{"two hints", set("token_type_hint", "access_token", "access_token"), 400, codeInvalidRequest, "bad_request"},
		{"a token with a line break", set("token", "ea_\n"), 400, codeInvalidRequest, "bad_request"},
		{"a token in the URL", func(c *call) { c.target += "?token=ea_x" }, 400, codeInvalidRequest, "bad_request"},
		{"GET", func(c *call) { c.method = http.MethodGet }, 405, codeInvalidRequest, "method_not_allowed"},
		{"JSON", header("Content-Type", "application/json"), 400, codeInvalidRequest, "bad_request"},
		{"Basic credentials", header("Authorization", "Basic YTpi"), 401, codeInvalidClient, "client_credentials"},
		{"a secret", set("client_secret", "x"), 401, codeInvalidClient, "client_credentials"},
		{"a page", header("Origin", app), 403, codeInvalidRequest, "cross_origin"},
		{"cross-site", header("Sec-Fetch-Site", "cross-site"), 403, codeInvalidRequest, "cross_origin"},
		{"another host", func(c *call) { c.target = "https://elsewhere.example.com" + paths().Revoke }, 421, codeInvalidRequest, "host_not_served"},
	} {
		k := newKit(t, inStore)
		issued := k.mustPass("exchange", k.exchange("good"))
		c := k.revoke(issued.Access)
		row.edit(c)
		k.mustFail(row.name, c, row.status, row.code, row.word)
		if a := k.send(k.whoami(issued.Access)); !a.Active {
			t.Errorf("%s: the token is gone", row.name)
		}
		if w := k.revoke(issued.Access).do(); w.Code != 200 {
			t.Errorf("%s: as it was: %d", row.name, w.Code)
		}
	}
}

func TestRevoke(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, row := range []struct {
			name  string
			where place
			pick  func(*reply) string
			hint  string
		}{
			{"an access token in a store", inStore, func(a *reply) string { return a.Access }, ""},
			{"with its hint", inStore, func(a *reply) string { return a.Access }, "access_token"},
			{"with the other's", inStore, func(a *reply) string { return a.Access }, "refresh_token"},
			{"with one that nobody knows", inStore, func(a *reply) string { return a.Access }, "magic"},
			{"a refresh token", inStore, func(a *reply) string { return a.Refresh }, "refresh_token"},
			{"an access token with a list", inCookies, func(a *reply) string { return a.Access }, ""},
		} {
			k := newKit(t, row.where)
			stop := k.run()
			synctest.Wait()
			issued, other := k.mustPass(row.name, k.exchange("good:adele")), k.mustPass(row.name, k.exchange("good:megan"))
			for range 2 { // the second time it is unknown
				c := k.revoke(row.pick(issued))
				c.form.Set("token_type_hint", row.hint)
				if w := c.do(); w.Code != 200 || w.Body.Len() != 0 || w.Header().Get("Cache-Control") != "no-store" {
					t.Errorf("%s: %d %q", row.name, w.Code, w.Body)
				}
				synctest.Wait()
			}
			if a := k.send(k.whoami(issued.Access)); a.status != 401 || a.Error != codeInvalidToken {
				t.Errorf("%s: still good: %+v", row.name, a)
			}
			if issued.Refresh != "" {
				k.mustFail(row.name, k.refresh(issued.Refresh), 400, codeInvalidGrant, "session_ended")
			}
			if a := k.send(k.whoami(other.Access)); !a.Active {
				t.Errorf("%s: another person's is gone", row.name)
			}
			stop()
		}
	})
}

func TestRevokeUnknown(t *testing.T) {
	k := newKit(t, inStore)
	issued := k.mustPass("exchange", k.exchange("good"))
	for name, token := range map[string]string{
		"none": "x", "a prefix": "ea_", "both prefixes": "ea_ear_x", "a JWT": "eyJhbGciOiJSUzI1NiJ9.e30.AA", "cut": issued.Access[:len(issued.Access)-1],
		"very long": "ea_" + strings.Repeat("A", 20_000), "a code": k.code(ask(), k.signIn(person())),
	} {
		if w := k.revoke(token).do(); w.Code != 200 {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}
	if a := k.send(k.whoami(issued.Access)); !a.Active {
		t.Error("something was ended")
	}
}

func TestRevokeCannot(t *testing.T) {
	k := newKit(t, alone)
	issued := k.mustPass("exchange", k.exchange("good"))
	k.mustFail("without a store and a list", k.revoke(issued.Access), 400, codeUnsupportedToken, "cannot_end")
	if a := k.send(k.whoami(issued.Access)); !a.Active {
		t.Error("it was ended")
	}
}

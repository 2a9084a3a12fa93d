package client

import (
	"net/http"
	"testing"
	"time"
)

// What the server may say to a sign-out.
func TestLogout(t *testing.T) {
	for _, row := range []struct {
		name     string
		left     time.Duration
		refresh  string
		handler  http.HandlerFunc
		sent     string
		revoked  bool
		never    bool
		whyHolds string
	}{
		{"ended", time.Hour, "ear_old", func(http.ResponseWriter, *http.Request) {}, "ear_old", true, false, ""},
		{"the access token alone", time.Hour, "", func(http.ResponseWriter, *http.Request) {}, "ea_abc", true, false, ""},
		{"the access token has run out", -time.Hour, "ear_old", func(http.ResponseWriter, *http.Request) {}, "ear_old", true, false, ""},
		{"nothing is left to end", -time.Hour, "", nil, "", true, false, ""},
		{"the server ends none", time.Hour, "", says(400, `{"error":"unsupported_token_type","error_description":"cannot_end"}`), "ea_abc", false, true, "cannot_end"},
		{"not now", time.Hour, "ear_old", says(503, `{"error":"temporarily_unavailable"}`), "ear_old", false, false, "temporarily_unavailable"},
		{"not there", time.Hour, "ear_old", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(404) }, "ear_old", false, false, "EASYAUTH_TOKEN_API"},
		{"a page that says nothing", time.Hour, "ear_old", says(200, "<html>"), "ear_old", false, false, "nothing should be"},
		{"breaking off", time.Hour, "ear_old", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "ear_old", false, false, "cannot be reached"},
	} {
		sent := make(chan string, 8)
		c := to(t, serve(t, func(w http.ResponseWriter, r *http.Request) {
			if err := r.ParseForm(); err != nil || r.URL.Path != "/easyauth/api/v1/revoke" {
				t.Errorf("%s: %v %s", row.name, err, r.URL)
			}
			sent <- r.PostForm.Get("token")
			row.handler(w, r)
		}))
		c.keep(t, row.left, 2*time.Hour, row.refresh)
		e, err := c.Logout(t.Context(), "")
		if err != nil || !e.Kept || e.Revoked != row.revoked || e.Never != row.never || (e.Why == nil) != row.revoked || e.Renewable != (row.refresh != "") || e.Page != c.Server.Origin()+"/easyauth/me" {
			t.Errorf("%s: %+v, %v", row.name, e, err)
			continue
		}
		if !row.revoked {
			mustFail(t, row.name, e.Why, row.whyHolds)
		}
		if n := len(sent); n != min(len(row.sent), 1) || n == 1 && <-sent != row.sent {
			t.Errorf("%s: sent %d times", row.name, n)
		}
		if c.has(t) != errNotKept.Error() {
			t.Errorf("%s: still there", row.name)
		}
		if e, err := c.Logout(t.Context(), ""); err != nil || e.Kept {
			t.Errorf("%s, again: %+v, %v", row.name, e, err)
		}
	}
}

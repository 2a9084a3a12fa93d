package entra_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/test/entra"
)

// heardToken is the only logout token that was posted to an application.
func (e *ears) heardToken(t *testing.T) string {
	t.Helper()
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.heard) != 1 || e.heard[0].Method != http.MethodPost || len(e.heard[0].PostForm) != 1 || len(e.heard[0].Cookies()) != 0 {
		t.Fatalf("heard %+v", e.heard)
	}
	return e.heard[0].PostForm.Get("logout_token")
}

func TestBackChannelLogout(t *testing.T) {
	app := listen(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = w.Write([]byte(`{"error":"invalid_request"}`))
	})
	w := startWith(t, func(c *entra.Config) {
		c.Plain, c.Clients[0].BackChannelLogoutURI = true, app.URL+"/back"
		c.Clients[1].BackChannelLogoutURI = "http://127.0.0.1:1/closed"
	})
	raw, sid := w.signInToBoth(entra.Adele)
	id := decode(t, raw)
	if back, err := entra.SignOut(t.Context(), w.browser, w.endSession("id_token_hint", raw)); err != nil || back != goodbyeWithState {
		t.Errorf("%q %v", back, err)
	}
	token := app.heardToken(t)
	claims, header := decode(t, token), decodePart(t, token, 0)
	now := float64(w.clock.now().Unix())
	events, _ := claims["events"].(map[string]any)
	event, _ := events["http://schemas.openid.net/event/backchannel-logout"].(map[string]any)
	if claims["iss"] != id["iss"] || claims["aud"] != id["aud"] || claims["sub"] != id["sub"] || claims["sid"] != sid || claims["iat"] != now || claims["exp"] != now+120 ||
		claims["jti"] == nil || len(events) != 1 || event == nil || len(event) != 0 || len(claims) != 8 || header["typ"] != "logout+jwt" || header["alg"] != "RS256" {
		t.Errorf("header %v, claims %v", header, claims)
	}
	set, _ := w.keySet()
	if !verifies(t, set, token) {
		t.Error("the token does not verify")
	}
	calls := w.LogoutCalls()
	slices.SortFunc(calls, func(a, b entra.LogoutCall) int { return strings.Compare(a.ClientID, b.ClientID) })
	if len(calls) != 2 || calls[0].ClientID != webID || calls[0].Token != token || calls[0].Status != 400 || calls[0].Body != `{"error":"invalid_request"}` || calls[0].Err != nil ||
		calls[1].ClientID != otherID || calls[1].Status != 0 || calls[1].Err == nil {
		t.Errorf("calls %+v", calls)
	}
	// Nobody is signed in any more.
	app.forget()
	w.ResetCounts()
	if _, err := entra.SignOut(t.Context(), w.browser, w.endSession()); err != nil || len(app.urls()) != 0 || w.LogoutCalls() != nil || w.LastLogout().User != "" {
		t.Errorf("%v, heard %q", err, app.urls())
	}
}

func TestBackChannelDoesNotFollowRedirects(t *testing.T) {
	app := listen(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
	})
	w := startWith(t, func(c *entra.Config) { c.Plain = true })
	w.RegisterBackChannelLogoutURI(webID, app.URL+"/back")
	w.tokens(entra.Adele, lasting)
	w.get(w.endSession())
	if calls := w.LogoutCalls(); len(calls) != 1 || calls[0].Status != 307 || len(app.urls()) != 1 {
		t.Errorf("calls %+v, heard %q", calls, app.urls())
	}
	// A client of one's own decides that, and how long it waits.
	w = startWith(t, func(c *entra.Config) {
		c.Plain, c.Clients[0].BackChannelLogoutURI = true, app.URL+"/slow"
		c.Sessions.BackChannelClient = &http.Client{Timeout: time.Nanosecond}
	})
	w.tokens(entra.Adele, lasting)
	if got := w.get(w.endSession()); got.header.Get("Location") != goodbyeWithState {
		t.Errorf("%d %s", got.status, got.body)
	}
	if calls := w.LogoutCalls(); len(calls) != 1 || calls[0].Err == nil {
		t.Errorf("calls %+v", calls)
	}
}

func TestLogOutUser(t *testing.T) {
	app := listen(t, ok)
	w := startWith(t, func(c *entra.Config) { c.Plain, c.Clients[0].BackChannelLogoutURI = true, app.URL+"/back" })
	var tokens []string
	for range 2 {
		w.browser = browser(t)
		tokens = append(tokens, w.tokens(entra.Adele, lasting).RefreshToken)
	}
	here := w.browser
	w.browser = browser(t)
	bob := w.tokens(entra.Bob, lasting).RefreshToken
	w.LogOutUser(t.Context(), "nobody")
	w.LogOutUser(t.Context(), entra.Adele)
	claims := decode(t, app.heardToken(t))
	if _, ok := claims["sid"]; ok || claims["sub"] == nil || claims["aud"] != webID {
		t.Errorf("claims %v", claims)
	}
	for _, token := range tokens {
		if got := w.refresh(token); got.status != 400 || got.json(t)["error"] != "invalid_grant" {
			t.Errorf("%d %s", got.status, got.body)
		}
	}
	if got := w.refresh(bob); got.status != http.StatusOK || w.step(w.authorizeURL(oidcScopes, "prompt", "none")) != "code" {
		t.Errorf("Bob's: %d", got.status)
	}
	w.browser = here
	if got := w.step(w.authorizeURL(oidcScopes, "prompt", "none")); got != "login_required" {
		t.Errorf("Adele's session: %s", got)
	}
}

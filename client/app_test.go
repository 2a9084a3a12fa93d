package client

import (
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
)

// An application's token is kept for what it was asked for with, and asked for anew.
func TestAppToken(t *testing.T) {
	var theirs, ours atomic.Int64
	provider := serve(t, func(w http.ResponseWriter, r *http.Request) {
		theirs.Add(1)
		if r.FormValue("client_secret") != marker || r.FormValue("grant_type") != "client_credentials" || r.FormValue("scope") == "" {
			t.Errorf("%v", r.Form)
		}
		says(http.StatusOK, `{"access_token":"a.b.c","token_type":"Bearer","expires_in":3599}`)(w, r)
	})
	c := to(t, serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.FormValue("subject_token") != "a.b.c" || r.FormValue("subject_token_type") != typeAccess || r.FormValue("grant_type") != grantExchange || r.FormValue("client_secret") != "" {
			t.Errorf("%v", r.Form)
		}
		gives(&ours)(w, r)
	}))
	at, err := EntraTenant(provider, "t")
	if err != nil {
		t.Fatal(err)
	}
	app := App{Provider: at, ClientID: "x", Scope: "api://a/.default", Proof: proved{}}
	for _, row := range []struct {
		name   string
		change func(*App)
		want   string
		asked  int64
	}{
		{"first", func(*App) {}, "ea_new1", 1},
		{"again", func(*App) {}, "ea_new1", 1},
		{"another proof", func(a *App) { a.Proof = &proved{} }, "ea_new1", 1},
		{"another scope", func(a *App) { a.Scope = "api://b/.default" }, "ea_new2", 2},
		{"the scope of before: one is kept", func(*App) {}, "ea_new3", 3},
		{"another client", func(a *App) { a.ClientID = "y" }, "ea_new4", 4},
		{"both are kept", func(*App) {}, "ea_new3", 4},
		{"another tenant", func(a *App) { a.Provider.endpoint = provider + "/u/oauth2/v2.0/token" }, "ea_new5", 5},
	} {
		a := app
		row.change(&a)
		token, err := c.AppToken(t.Context(), a)
		if err != nil || token.Access.Reveal() != row.want || token.Renewable || theirs.Load() != row.asked {
			t.Errorf("%s: %v, asked %d times", row.name, err, theirs.Load())
		}
	}
	if _, err := c.Token(t.Context()); !errors.Is(err, ErrSignIn) {
		t.Errorf("a person's: %v", err)
	}
	app.ClientID, app.Proof = "z", proved{errors.New("no file")}
	_, err = c.AppToken(t.Context(), app)
	mustFail(t, "no proof", err, "no file")
	for name, change := range map[string]func(*App){
		"no client": func(a *App) { a.ClientID = "" }, "no scope": func(a *App) { a.Scope = "" }, "no proof": func(a *App) { a.Proof = nil }, "no provider": func(a *App) { a.Provider = Provider{} },
	} {
		a := app
		change(&a)
		_, err := c.AppToken(t.Context(), a)
		mustFail(t, name, err, "missing")
	}
}

// What the identity provider may answer, in its discovery document and to the application.
func TestAppTokenRefusals(t *testing.T) {
	const good = `{"access_token":"a.b.c","token_type":"Bearer"}`
	for _, row := range []struct {
		name, document string
		answer         http.HandlerFunc
		want           string
	}{
		{"good", `{"issuer":"SELF/x","token_endpoint":"SELF/token"}`, says(200, good), ""},
		{"another issuer", `{"issuer":"SELF/y","token_endpoint":"SELF/token"}`, says(200, good), "of another issuer"},
		{"an endpoint over http", `{"issuer":"SELF/x","token_endpoint":"http://idp.example.com/token"}`, says(200, good), "token_endpoint must be an https URL"},
		{"no endpoint", `{"issuer":"SELF/x"}`, says(200, good), "token_endpoint must be an https URL"},
		{"a page", `<html>`, says(200, good), "not the JSON"},
		{"refused", `{"issuer":"SELF/x","token_endpoint":"SELF/token"}`, says(401, `{"error":"invalid_client","error_description":"AADSTS7000215: wrong\r\nTrace: 1"}`), `refused: invalid_client: AADSTS7000215: wrong\r\nTrace: 1`},
		{"no error", `{"issuer":"SELF/x","token_endpoint":"SELF/token"}`, says(500, `{}`), "refused: status 500"},
		{"a redirect", `{"issuer":"SELF/x","token_endpoint":"SELF/token"}`, http.RedirectHandler("/token2", http.StatusTemporaryRedirect).ServeHTTP, "refused: status 307"},
		{"no token", `{"issuer":"SELF/x","token_endpoint":"SELF/token"}`, says(200, `{"token_type":"Bearer"}`), "no access token"},
		{"another type", `{"issuer":"SELF/x","token_endpoint":"SELF/token"}`, says(200, strings.Replace(good, "Bearer", "pop", 1)), "no access token"},
		{"a line break", `{"issuer":"SELF/x","token_endpoint":"SELF/token"}`, says(200, strings.Replace(good, "a.b.c", `a\nb`, 1)), "no access token"},
	} {
		var self string
		self = serve(t, func(w http.ResponseWriter, r *http.Request) {
			switch r.URL.Path {
			case "/x/.well-known/openid-configuration":
				says(200, strings.ReplaceAll(row.document, "SELF", self))(w, r)
			case "/token":
				row.answer(w, r)
			default:
				t.Errorf("%s: %s", row.name, r.URL)
			}
		})
		var calls atomic.Int64
		c := to(t, serve(t, gives(&calls)))
		provider, err := Issuer(self + "/x")
		if err != nil {
			t.Fatal(err)
		}
		_, err = c.AppToken(t.Context(), App{Provider: provider, ClientID: "x", Scope: "s", Proof: proved{}})
		if row.want == "" && err != nil {
			t.Errorf("%s: %v", row.name, err)
		}
		if row.want != "" {
			mustFail(t, row.name, err, row.want)
		}
		if (calls.Load() == 1) != (row.want == "") {
			t.Errorf("%s: EasyAuth was asked %d times", row.name, calls.Load())
		}
	}
}

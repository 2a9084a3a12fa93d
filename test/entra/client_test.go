package entra_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/test/entra"
)

func TestClientAuthentication(t *testing.T) {
	w := start(t)
	basic := func(id, secret string) string {
		r := http.Request{Header: http.Header{}}
		r.SetBasicAuth(url.QueryEscape(id), url.QueryEscape(secret))
		return r.Header.Get("Authorization")
	}
	form := func(pairs ...string) url.Values {
		v := url.Values{"grant_type": {"client_credentials"}, "scope": {"https://graph.microsoft.com/.default"}}
		for i := 0; i+1 < len(pairs); i += 2 {
			v.Set(pairs[i], pairs[i+1])
		}
		return v
	}
	for _, row := range []struct {
		name          string
		form          url.Values
		authorization string
		status        int
		err, aadsts   string
	}{
		{"secret in the body", form("client_id", webID, "client_secret", webSecret), "", 200, "", ""},
		{"basic", form(), basic(webID, webSecret), 200, "", ""},
		{"basic and the id", form("client_id", webID), basic(webID, webSecret), 200, "", ""},
		{"basic, another id", form("client_id", otherID), basic(webID, webSecret), 400, "invalid_request", "AADSTS9002313"},
		{"both", form("client_id", webID, "client_secret", webSecret), basic(webID, webSecret), 400, "invalid_request", "AADSTS9002313"},
		{"basic, wrong", form(), basic(webID, "wrong"), 401, "invalid_client", "AADSTS7000215"},
		{"wrong secret", form("client_id", webID, "client_secret", "wrong"), "", 401, "invalid_client", "AADSTS7000215"},
		{"no secret", form("client_id", webID), "", 401, "invalid_client", "AADSTS7000218"},
		{"no client", form(), "", 400, "invalid_request", "AADSTS900144"},
		{"unknown client", form("client_id", "nobody", "client_secret", "x"), "", 400, "unauthorized_client", "AADSTS700016"},
		{"public client with a secret", form("client_id", spaID, "client_secret", "x"), "", 401, "invalid_client", "AADSTS700025"},
		{"public client", form("client_id", spaID), "", 400, "invalid_client", "AADSTS700025"},
		{"assertion that is no JWT", form("client_id", webID, "client_assertion", "x", "client_assertion_type", entra.AssertionType), "", 401, "invalid_client", "AADSTS50027"},
		{"assertion without type", form("client_id", webID, "client_assertion", "x"), "", 400, "invalid_request", "AADSTS900144"},
		{"assertion of another type", form("client_id", webID, "client_assertion", "x", "client_assertion_type", "saml"), "", 400, "invalid_request", "AADSTS90023"},
		{"assertion and secret", form("client_id", webID, "client_secret", webSecret, "client_assertion", "x", "client_assertion_type", entra.AssertionType), "", 400, "invalid_request", "AADSTS9002313"},
		{"a parameter twice", url.Values{"client_id": {webID, webID}}, "", 400, "invalid_request", "AADSTS9002313"},
	} {
		t.Run(row.name, func(t *testing.T) {
			var header []string
			if row.authorization != "" {
				header = []string{"Authorization", row.authorization}
			}
			got := w.post(w.Authority()+"/oauth2/v2.0/token", row.form, header...)
			if row.aadsts == "" {
				if got.status != http.StatusOK {
					t.Errorf("got %d %s", got.status, got.body)
				}
				return
			}
			refused(t, got, row.status, row.err, row.aadsts)
			if strings.HasPrefix(row.name, "basic") != (got.header.Get("WWW-Authenticate") != "") && row.name != "both" {
				t.Errorf("WWW-Authenticate %q", got.header.Get("WWW-Authenticate"))
			}
		})
	}
	if got := w.get(w.Authority() + "/oauth2/v2.0/token"); got.status != http.StatusMethodNotAllowed || got.header.Get("Allow") != "POST" {
		t.Errorf("GET: %d", got.status)
	}
}

func TestPublicClient(t *testing.T) {
	w := start(t)
	code := w.signIn(entra.Bob, w.authorizeURL(oidcScopes+" "+apiScope, "client_id", spaID, "redirect_uri", "http://localhost/cb")).Get("code")
	body := w.tokenForm("client_id", spaID, "client_secret", "", "grant_type", "authorization_code", "code", code, "redirect_uri", "http://localhost/cb", "code_verifier", verifier).json(t)
	access, _ := body["access_token"].(string)
	if claims := decode(t, access); claims["azp"] != spaID || claims["azpacr"] != "0" || claims["aud"] != webID {
		t.Errorf("claims %v", claims)
	}
	if w.LastToken().ClientAuth != "none" {
		t.Errorf("client authentication %q", w.LastToken().ClientAuth)
	}
}

func TestUnreadableForms(t *testing.T) {
	w := start(t)
	for _, path := range []string{"/oauth2/v2.0/token", "/oauth2/v2.0/authorize", "/login", "/oauth2/v2.0/logout"} {
		for _, body := range []string{"a=%zz", "a=" + strings.Repeat("x", 2<<20)} {
			got, err := do(t.Context(), t, w.browser, http.MethodPost, w.Authority()+path, body, "Content-Type", "application/x-www-form-urlencoded")
			if err != nil || got.status != http.StatusBadRequest || !strings.Contains(got.body, "AADSTS9002313") {
				t.Errorf("%s with %.5s: %d %.200s %v", path, body, got.status, got.body, err)
			}
		}
	}
}

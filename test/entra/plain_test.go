package entra_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/test/entra"
)

func TestPlainProvider(t *testing.T) {
	w := startWith(t, func(c *entra.Config) { c.Plain = true })
	doc := w.get(w.Issuer() + "/.well-known/openid-configuration").json(t)
	for _, name := range []string{"frontchannel_logout_supported", "frontchannel_logout_session_supported", "backchannel_logout_supported", "backchannel_logout_session_supported"} {
		if doc[name] != true {
			t.Errorf("%s = %v", name, doc[name])
		}
	}
	if doc["issuer"] != w.Issuer() || doc["end_session_endpoint"] != w.Authority()+"/oauth2/v2.0/logout" || doc["cloud_instance_name"] != nil || list(doc["code_challenge_methods_supported"]) != "S256 plain" {
		t.Errorf("document %v", doc)
	}
	claims := idClaims(t, w.tokens(entra.Grace, lasting))
	now := float64(w.clock.now().Unix())
	groups, _ := claims["groups"].([]any)
	if claims["iat"] != now || claims["exp"] != now+3600 || claims["auth_time"] != now || claims["email_verified"] != true || claims["sid"] == nil || claims["login_hint"] == nil ||
		claims["nonce"] != "the-nonce" || claims["preferred_username"] != "grace@contoso.example" || list(claims["roles"]) != "Auditor" || len(groups) != 250 {
		t.Errorf("claims %v", claims)
	}
	for _, name := range []string{"tid", "oid", "ver", "aio", "rh", "uti", "nbf", "_claim_names"} {
		if _, ok := claims[name]; ok {
			t.Errorf("claim %s", name)
		}
	}
	w.SetFaults(entra.Faults{Roles: []string{"Other"}})
	w.browser = browser(t)
	mallory := idClaims(t, w.redeem(w.signIn(entra.Mallory, w.authorizeURL("openid"))))
	if list(mallory["roles"]) != "Other" || mallory["ROLES"] == nil || mallory["name"] != nil || mallory["email"] != nil {
		t.Errorf("claims %v", mallory["roles"])
	}
}

func TestPlainErrors(t *testing.T) {
	w := startWith(t, func(c *entra.Config) { c.Plain = true })
	token := w.tokens(entra.Adele, lasting).RefreshToken
	w.SetFaults(entra.Faults{Refresh: []entra.RefreshFault{
		{Refuse: entra.RefuseInteraction, EndpointFault: entra.EndpointFault{Times: 1}}, {EndpointFault: entra.EndpointFault{Status: 429, Times: 1}},
	}})
	for _, want := range []struct {
		status int
		err    string
	}{{400, "interaction_required"}, {429, "temporarily_unavailable"}} {
		got := w.refresh(token)
		body := got.json(t)
		if got.status != want.status || body["error"] != want.err || len(body) != 2 || strings.Contains(got.body, "AADSTS") {
			t.Errorf("%d %s", got.status, got.body)
		}
	}
	if got := w.refresh(token); got.status != http.StatusOK {
		t.Errorf("%d %s", got.status, got.body)
	}
	back, err := entra.Cancel(t.Context(), nil, w.authorizeURL(oidcScopes), "")
	if v := query(t, back); err != nil || v.Get("error") != "access_denied" || v.Has("error_subcode") || v.Has("error_uri") || strings.Contains(v.Get("error_description"), "AADSTS") {
		t.Errorf("%q %v", back, err)
	}
}

func TestRegisteringLogoutURIs(t *testing.T) {
	for name, row := range map[string]struct {
		plain    bool
		register func(*world)
		panics   bool
	}{
		"front-channel":               {false, func(w *world) { w.RegisterFrontChannelLogoutURI(webID, "https://app.test/out") }, false},
		"front-channel, no address":   {false, func(w *world) { w.RegisterFrontChannelLogoutURI(webID, "/out") }, true},
		"front-channel, no client":    {false, func(w *world) { w.RegisterFrontChannelLogoutURI("nobody", "https://app.test/out") }, true},
		"back-channel":                {true, func(w *world) { w.RegisterBackChannelLogoutURI(webID, "http://127.0.0.1:1/out") }, false},
		"back-channel of Entra":       {false, func(w *world) { w.RegisterBackChannelLogoutURI(webID, "http://127.0.0.1:1/out") }, true},
		"back-channel, other scheme":  {true, func(w *world) { w.RegisterBackChannelLogoutURI(webID, "ftp://127.0.0.1/out") }, true},
		"back-channel, with fragment": {true, func(w *world) { w.RegisterBackChannelLogoutURI(webID, "https://app.test/out#x") }, true},
	} {
		t.Run(name, func(t *testing.T) {
			w := startWith(t, func(c *entra.Config) { c.Plain = row.plain })
			defer func() {
				if (recover() != nil) != row.panics {
					t.Errorf("panics: %v", !row.panics)
				}
				w.RegisterPostLogoutURI(webID, "https://late.test/") // a panic leaves no lock behind
			}()
			row.register(w)
		})
	}
}

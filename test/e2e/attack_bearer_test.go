package e2e

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/test/entra"
)

// A good access token counts in Authorization alone, in its one form: not in an
// address, a body, a cookie, or a header that another server understands.
func TestAttack42TokensElsewhere(t *testing.T) {
	t.Parallel()
	s := start(t, withBearer())
	v := program(t, s)
	token := userToken(t, s, entra.Adele)
	refused := func(what string, r *reply, err error) {
		t.Helper()
		if err != nil || r.status != http.StatusUnauthorized {
			t.Errorf("%s: %v %v", what, r, err)
		}
	}
	for what, path := range map[string]string{
		"in the query": "/api/x?access_token=" + token, "as a fragment would be": "/api/x?%23access_token=" + token, "as id_token": "/api/x?id_token=" + token, "in the path": "/api/Bearer%20" + token[:40],
	} {
		r, err := v.ask(http.MethodGet, path, nil, "")
		refused(what, r, err)
	}
	r, err := v.ask(http.MethodPost, "/api/x", http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, "access_token="+token)
	refused("in a form", r, err)
	for _, name := range []string{"Proxy-Authorization", "X-Authorization", "X-Forwarded-Authorization", "X-Forwarded-Access-Token", "X-Auth-Request-Access-Token", "X-Ms-Token-Aad-Access-Token", "X-Ms-Client-Principal", "X-Injected-Access-Token", "Authorization2", "Authentication", "Www-Authenticate", "Sec-Websocket-Protocol", "Dpop"} {
		for _, value := range []string{"Bearer " + token, token} {
			r, err := v.ask(http.MethodGet, "/api/x", http.Header{name: {value}}, "")
			refused(name, r, err)
		}
	}
	for _, name := range []string{"access_token", "Authorization", "token", ticketCookie, "__Host-easyauth-token", "AppServiceAuthSession"} {
		r, err := v.ask(http.MethodGet, "/api/x", http.Header{"Cookie": {name + "=" + token}}, "")
		refused("cookie "+name, r, err)
	}
	for _, value := range []string{
		token, "Token " + token, "JWT " + token, "DPoP " + token, "PoP " + token, "BearerX " + token, "Bearer" + token, "Bearer=" + token, "Bearer: " + token, "Bearer Bearer " + token, "Bearer " + token + " x", "Bearer " + token + ", Basic eDp5",
		`Bearer "` + token + `"`, "Bearer " + token + "=", "Bearer " + token + ".", "Bearer ." + token, "Bearer " + strings.Replace(token, ".", "..", 1), "Bearer " + strings.Replace(token, ".", ". ", 1), "Bearer " + token[:len(token)-2],
		"Bearer\u00a0" + token, "Basic " + base64.StdEncoding.EncodeToString([]byte(":"+token)), "Bearer " + base64.StdEncoding.EncodeToString([]byte(token)), "Bearer " + strings.ToUpper(token),
	} {
		r, err := v.ask(http.MethodGet, "/api/x", http.Header{"Authorization": {value}}, "")
		refused("Authorization: "+strings.ReplaceAll(value, token, "…"), r, err)
	}
	for _, name := range []string{"X_Authorization", "Authorization_", "authorization\x00", "Authorization "} {
		r := v.raw(v.request("GET /api/x HTTP/1.1", name+": Bearer "+token))
		if r.status != http.StatusUnauthorized && r.status != http.StatusBadRequest {
			t.Errorf("%q: %d", name, r.status)
		}
	}
	for _, value := range []string{"Bearer " + token, "bearer " + token, "BEARER " + token} {
		v.do(http.MethodGet, "/api/x", http.Header{"Authorization": {value}}).tells(t, value[:6], map[string]string{"oid": entra.AdeleOID})
	}
}

// The identity provider's documents and keys are away, slow or garbage: a sign-in
// ends on a page, whoever is signed in goes on, nobody else gets in.
func TestAttack22DocumentsAndKeys(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]entra.EndpointFault{
		"garbage": {Garbage: true}, "500": {Status: http.StatusInternalServerError}, "dropped": {Drop: true}, "huge": {HugeBytes: 64 << 20},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t, withBearer())
			in := signedIn(t, s, entra.Adele)
			ticket := in.cookie(ticketCookie)
			a := begin(t, s, entra.Bob, "/page")
			s.Entra.SetFaults(entra.Faults{
				IDToken: entra.UnknownKid, AccessToken: entra.UnknownKid,
				Endpoints: map[entra.Endpoint]entra.EndpointFault{entra.EndpointKeys: fault, entra.EndpointDiscovery: fault},
			})
			if r := a.v.get(a.target("")); r.status < http.StatusBadRequest || a.v.cookie(ticketCookie) != "" {
				t.Errorf("a sign-in with a key that cannot be fetched: %d", r.status)
			}
			token := userToken(t, s, entra.Adele)
			if r := program(t, s).call("/api/x", token); r.status != http.StatusUnauthorized {
				t.Errorf("a token with a key that cannot be fetched: %d", r.status)
			}
			if r := in.get("/api/admin/x"); r.status != http.StatusOK || in.cookie(ticketCookie) != ticket {
				t.Errorf("a session of before: %d", r.status)
			}
			s.Entra.ClearFaults()
			if r := newVisitor(t, s, entra.Bob).open("/echo"); r.status != http.StatusOK {
				t.Errorf("afterwards: %d\n%.300s", r.status, r.body)
			}
			if r := program(t, s).call("/api/x", userToken(t, s, entra.Adele)); r.status != http.StatusOK {
				t.Errorf("a token afterwards: %d", r.status)
			}
		})
	}
}

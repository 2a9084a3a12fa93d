package e2e

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/test/entra"
	"github.com/easyauth-sidecar/easyauth/test/stand"
)

// same wants exactly these identity headers, all of them.
func (r *reply) same(t *testing.T, what string, want []string) {
	t.Helper()
	if got := r.echo(t).identity(); !slices.Equal(got, want) {
		t.Errorf("%s: the application saw\n%s\nwant\n%s", what, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// A cookie of one user and a token of another: one identity, the token's.
func TestAttack21TwoIdentities(t *testing.T) {
	t.Parallel()
	s := start(t, withBearer())
	alone := program(t, s)
	for cookieOf, tokenOf := range map[string]string{entra.Bob: entra.Adele, entra.Adele: entra.Bob, entra.Grace: entra.NoMail} {
		what := "cookie of " + cookieOf + ", token of " + tokenOf
		v, token := signedIn(t, s, cookieOf), userToken(t, s, tokenOf)
		want, byCookie := alone.call("/api/x", token).echo(t).identity(), v.get("/api/x").echo(t).identity()
		if slices.Equal(want, byCookie) {
			t.Fatalf("%s: the two do not differ: the test proves nothing", what)
		}
		for _, h := range []http.Header{bearing(token), joined(page(), bearing(token)), joined(bearing(token), http.Header{"Cookie": {"other=1"}})} {
			v.do(http.MethodGet, "/api/x", h).same(t, what, want)
		}
		v.get("/api/x").same(t, what+", and without the token again", byCookie)
		// A role of the cookie's is no help to the token, nor the other way round.
		wantAdmin := map[string]int{entra.Adele: http.StatusOK}[tokenOf]
		if wantAdmin == 0 {
			wantAdmin = http.StatusUnauthorized
		}
		if r := v.call("/api/admin/x", token); r.status != wantAdmin {
			t.Errorf("%s at a page for administrators: %d, want %d", what, r.status, wantAdmin)
		}
		// An application's token beside a person's cookie: the application.
		app := appToken(t, s)
		v.call("/api/x", app).same(t, what, alone.call("/api/x", app).echo(t).identity())
	}
}

// badTokens are ours, and no good.
func badTokens(t *testing.T, s *stand.Stand) map[string]string {
	t.Helper()
	adele := func() string { return userToken(t, s, entra.Adele) }
	bad := map[string]string{"an ID token": idToken(t, s, "")}
	for _, fault := range []entra.TokenFault{entra.Expired, entra.WrongAudience, entra.WrongSignature, entra.AlgNone, entra.MissingExpiry, entra.WrongTenant} {
		bad[string(fault)] = faulty(s, entra.Faults{AccessToken: fault}, adele)
	}
	return bad
}

// A bad token of ours beside a good cookie is refused: it decides alone.
func TestAttack21BadTokenGoodCookie(t *testing.T) {
	t.Parallel()
	s := start(t, withBearer())
	v := signedIn(t, s, entra.Adele)
	ticket := v.cookie(ticketCookie)
	for name, token := range badTokens(t, s) {
		v.call("/api/x", token).refuses(t, name)
		if r := v.do(http.MethodGet, "/echo", joined(page(), bearing(token))); r.status != http.StatusFound || !strings.HasPrefix(r.header.Get("Location"), v.url("/easyauth/login?rd=")) {
			t.Errorf("%s, as a page: %d %q", name, r.status, r.header.Get("Location"))
		}
		if r := v.get("/api/x"); r.status != http.StatusOK || v.cookie(ticketCookie) != ticket {
			t.Errorf("%s: the session afterwards: %d", name, r.status)
		}
	}
}

// Whatever is not ours beside a good cookie: the cookie decides.
func TestAttack21ForeignTokenGoodCookie(t *testing.T) {
	t.Parallel()
	s := start(t, withBearer())
	v := signedIn(t, s, entra.Bob)
	want := v.get("/api/x").echo(t).identity()
	adele := func() string { return userToken(t, s, entra.Adele) }
	for name, line := range map[string]string{
		"another issuer": "Bearer " + faulty(s, entra.Faults{AccessToken: entra.WrongIssuer}, adele),
		"another tenant": "Bearer " + faulty(s, entra.Faults{AccessToken: entra.OtherTenant}, adele),
		"opaque":         "Bearer s3cret-of-another-system", "Basic": "Basic YWRlbGU6ZGVtbw==", "five parts": "Bearer a.b.c.d.e", "nothing": "", "a comma": "Digest a=1, b=2",
	} {
		v.do(http.MethodGet, "/api/x", http.Header{"Authorization": {line}}).same(t, name, want)
	}
}

// BEARER_FOREIGN_AUDIENCE=ignore: a page's own token for another API beside the
// cookie does no harm; a token for us that is bad is refused all the same.
func TestAttack21IgnoreForeignAudience(t *testing.T) {
	t.Parallel()
	cfg := withBearer()
	cfg.Env["EASYAUTH_BEARER_FOREIGN_AUDIENCE"] = "ignore"
	s := start(t, cfg)
	v := signedIn(t, s, entra.Bob)
	want := v.get("/api/x").echo(t).identity()
	graph, err := s.Entra.UserToken(entra.Adele, callerID, "User.Read")
	if err != nil {
		t.Fatal(err)
	}
	bad := badTokens(t, s)
	v.call("/api/x", bad[string(entra.WrongAudience)]).same(t, "another API's", want)
	v.call("/api/x", graph).same(t, "Graph's", want)
	if r := program(t, s).call("/api/x", graph); r.status != http.StatusUnauthorized || r.challenge(t)["error"] != "" {
		t.Errorf("without a cookie: %d %v", r.status, r.challenge(t))
	}
	for name, token := range bad {
		if name != string(entra.WrongAudience) {
			v.call("/api/x", token).refuses(t, name)
		}
	}
	v.call("/api/x", userToken(t, s, entra.Adele)).tells(t, "ours", map[string]string{"oid": entra.AdeleOID})
}

// Two Authorization headers are never taken as one of them.
func TestAttack21TwoAuthorizationHeaders(t *testing.T) {
	t.Parallel()
	s := start(t, withBearer())
	v := signedIn(t, s, entra.Bob)
	adele, grace := "Bearer "+userToken(t, s, entra.Adele), "Bearer "+userToken(t, s, entra.Grace)
	for name, lines := range map[string][]string{
		"two good ones":     {adele, grace},
		"the same twice":    {adele, adele},
		"and another kind":  {adele, "Basic YWRlbGU6ZGVtbw=="},
		"behind another":    {"Basic YWRlbGU6ZGVtbw==", adele},
		"and an empty one":  {adele, ""},
		"joined":            {adele + ", " + grace},
		"joined to another": {"Basic YWRlbGU6ZGVtbw==, " + adele},
	} {
		for cookies, header := range map[string]string{"without": "", "with": "Cookie: " + v.cookies()} {
			var request []string
			for _, line := range lines {
				request = append(request, "Authorization: "+line)
			}
			if header != "" {
				request = append(request, header)
			}
			// nginx from 1.23 on refuses several lines itself.
			if r := v.raw(v.request("GET /api/x HTTP/1.1", request...)); r.status != http.StatusUnauthorized && r.status != http.StatusBadRequest {
				t.Errorf("%s, %s a cookie: %d", name, cookies, r.status)
			}
		}
	}
	if r := v.raw(v.request("GET /api/x HTTP/1.1", "Authorization: "+adele)); r.echo(t).Headers.Get("X-Injected-Oid") != entra.AdeleOID {
		t.Error("one alone")
	}
}

// What a client claims to be is replaced with a token as with a cookie.
func TestAttack05WithBearer(t *testing.T) {
	t.Parallel()
	s := start(t, withBearer())
	v := program(t, s)
	for who, token := range map[string]string{"a user": userToken(t, s, entra.Adele), "no mail": userToken(t, s, entra.NoMail), "an application": appToken(t, s)} {
		want := v.call("/api/x", token).echo(t).identity()
		for _, name := range identityNames() {
			var lines []string
			for _, spelling := range spellings(name) {
				if !strings.HasSuffix(spelling, " ") { // nginx refuses it itself
					lines = append(lines, spelling+": forged", spelling+":", spelling+":\tforged|forged")
				}
			}
			r := v.raw(v.request("GET /api/x HTTP/1.1", append(lines, "Authorization: Bearer "+token)...))
			r.same(t, fmt.Sprintf("%s, forged %s", who, name), want)
		}
	}
}

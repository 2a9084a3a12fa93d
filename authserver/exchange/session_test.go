package exchange

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKit(t, inStore)
		cookies := k.signIn(person())
		issued := k.mustPass("exchange", k.exchange("good:megan"))
		other, refresh := issued.Access, issued.Refresh
		bearer := func(c *call) { c.header.Set("Authorization", "Bearer "+other) }
		cookie := func(c *call) { c.header.Set("Cookie", cookies) }
		for _, row := range []struct {
			name      string
			edit      func(*call)
			status    int
			who, via  string
			word      string // of error_description
			challenge string
		}{
			{"a token", bearer, 200, "megan", "token", "", ""},
			{"a cookie", cookie, 200, "adele", "cookie", "", ""},
			{"both: the token decides", both(cookie, bearer), 200, "megan", "token", "", ""},
			{"a scheme in upper case", header("Authorization", "BEARER "+other), 200, "megan", "token", "", ""},
			{"HEAD is answered like GET", both(bearer, func(c *call) { c.method = http.MethodHead }), 200, "megan", "token", "", ""},
			{"another scheme is not ours", both(cookie, header("Authorization", "Basic YTpi")), 200, "adele", "cookie", "", ""},
			{"nothing", func(*call) {}, 401, "", "", "login_required", `Bearer realm="easyauth"`},
			{"another scheme alone", header("Authorization", "Basic YTpi"), 401, "", "", "login_required", `Bearer realm="easyauth"`},
			{"a bad token, and a cookie", both(cookie, header("Authorization", "Bearer ea_x")), 401, "", "", "token_invalid", `Bearer realm="easyauth", error="invalid_token", error_description="token_invalid"`},
			{"another's token, and a cookie", both(cookie, header("Authorization", "Bearer eyJhbGciOiJSUzI1NiJ9.e30.AA")), 401, "", "", "token_invalid", `Bearer realm="easyauth", error="invalid_token", error_description="token_invalid"`},
			{"an empty token, and a cookie", both(cookie, header("Authorization", "Bearer")), 401, "", "", "token_invalid", `Bearer realm="easyauth", error="invalid_token", error_description="token_invalid"`},
			{"a refresh token, and a cookie", both(cookie, header("Authorization", "Bearer "+refresh)), 401, "", "", "token_invalid", `Bearer realm="easyauth", error="invalid_token", error_description="token_invalid"`},
			{"two blanks, as an application might read it", both(cookie, header("Authorization", "Bearer  "+other)), 401, "", "", "token_invalid", `Bearer realm="easyauth", error="invalid_token", error_description="token_invalid"`},
			{"a tab", both(cookie, header("Authorization", "Bearer\t"+other)), 401, "", "", "token_invalid", `Bearer realm="easyauth", error="invalid_token", error_description="token_invalid"`},
			{"joined behind another scheme", both(cookie, header("Authorization", "Basic YTpi, Bearer "+other)), 400, "", "", "bad_request", `Bearer realm="easyauth", error="invalid_request"`},
			{"joined with another's", both(cookie, header("Authorization", "Bearer "+other+",Bearer x")), 400, "", "", "bad_request", `Bearer realm="easyauth", error="invalid_request"`},
			{"two headers, neither ours, and a cookie", both(cookie, header("Authorization", "Basic YTpi", "Basic YTpi")), 400, "", "", "bad_request", `Bearer realm="easyauth", error="invalid_request"`},
			{"two Authorization headers", header("Authorization", "Bearer "+other, "Basic YTpi"), 400, "", "", "bad_request", `Bearer realm="easyauth", error="invalid_request"`},
			{"two cookies", header("Cookie", cookies+"; "+cookies), 401, "", "", "ticket_ambiguous", `Bearer realm="easyauth", error="invalid_token", error_description="ticket_ambiguous"`},
			{"a cookie that is none", header("Cookie", "__Host-easyauth=x"), 401, "", "", "token_invalid", `Bearer realm="easyauth", error="invalid_token", error_description="token_invalid"`},
			{"POST", both(bearer, func(c *call) { c.method = http.MethodPost }), 405, "", "", "method_not_allowed", ""},
		} {
			c := k.whoami("")
			row.edit(c)
			a := k.send(c)
			word, _, _ := strings.Cut(a.Description, ":")
			if a.status != row.status || a.Object != row.who || a.Via != row.via || word != row.word || a.header.Get("WWW-Authenticate") != row.challenge || a.Active != (row.status == 200) {
				t.Errorf("%s: %d %s %s %q, challenge %q", row.name, a.status, a.Object, a.Via, a.Description, a.header.Get("WWW-Authenticate"))
			}
		}
	})
}

// What has expired says so, in words that a program can tell.
func TestSessionExpired(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for name, where := range map[string]place{"store": inStore, "alone": alone} {
			k := newKit(t, where, func(c *Config) { c.Life = 10 * time.Minute })
			token := k.mustPass(name, k.exchange("good")).Access
			a := k.send(k.whoami(token))
			if at, err := time.Parse(time.RFC3339, a.Expires); err != nil || time.Until(at) > 10*time.Minute || time.Until(at) < 9*time.Minute || a.ExpiresIn < 590 {
				t.Errorf("%s: expires %s, in %d s", name, a.Expires, a.ExpiresIn)
			}
			time.Sleep(10*time.Minute - 2*time.Second)
			if a := k.send(k.whoami(token)); !a.Active {
				t.Errorf("%s: ended early: %+v", name, a)
			}
			time.Sleep(2 * time.Second)
			a = k.mustFail(name, k.whoami(token), 401, codeInvalidToken, "expired")
			if got := a.header.Get("WWW-Authenticate"); got != `Bearer realm="easyauth", error="invalid_token", error_description="expired"` || a.Description != "expired" {
				t.Errorf("%s: %s", name, got)
			}
		}
	})
}

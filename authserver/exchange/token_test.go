package exchange

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/entra"
)

// form makes the call that a row of a table changes. Each is new: codes and refresh
// tokens are good once.
func (k *kit) form(from string) *call {
	switch from {
	case "exchange":
		return k.exchange("good")
	case "classic":
		return k.classic("good")
	case "refresh":
		return k.refresh(k.mustPass("for a refresh token", k.exchange("good")).Refresh)
	case "code":
		return k.redeem(k.code(ask(), k.signIn(person())))
	case "revoke":
		return k.revoke(k.mustPass("for a token", k.exchange("good")).Access)
	}
	k.t.Fatalf("no form %q", from)
	return nil
}

func set(name string, values ...string) func(*call) {
	return func(c *call) { c.form[name] = values }
}

func without(name string) func(*call) { return func(c *call) { delete(c.form, name) } }

func header(name string, values ...string) func(*call) {
	return func(c *call) { c.header[name] = values }
}

func both(changes ...func(*call)) func(*call) {
	return func(c *call) {
		for _, change := range changes {
			change(c)
		}
	}
}

// Every row is a form that passes with one thing changed, which is refused. The form as
// it was passes, in the same test.
func TestTokenRefusals(t *testing.T) {
	const bad, grant, once = codeInvalidRequest, codeInvalidGrant, 400
	for _, row := range []struct {
		name   string
		from   string
		edit   func(*call)
		status int
		code   string
		word   string
	}{
		// RFC 6749, section 5.2: the request.
		{"no grant_type", "exchange", without("grant_type"), once, bad, "bad_request"},
		{"an empty grant_type counts as none", "exchange", set("grant_type", ""), once, bad, "bad_request"},
		{"an unknown grant_type", "exchange", set("grant_type", "magic"), once, codeUnsupportedGrant, "unsupported_grant"},
		{"a grant_type in upper case", "refresh", set("grant_type", "REFRESH_TOKEN"), once, codeUnsupportedGrant, "unsupported_grant"},
		{"client credentials", "exchange", set("grant_type", "client_credentials"), once, codeUnsupportedGrant, "unsupported_grant"},
		{"a password", "exchange", set("grant_type", "password"), once, codeUnsupportedGrant, "unsupported_grant"},
		{"a grant_type beside id_token is what counts", "classic", set("grant_type", "magic"), once, codeUnsupportedGrant, "unsupported_grant"},
		{"a doubled grant_type", "exchange", set("grant_type", grantExchange, grantExchange), once, bad, "bad_request"},
		{"a doubled subject_token", "exchange", set("subject_token", "good", "good"), once, bad, "bad_request"},
		{"a doubled one, of which one is empty", "exchange", set("subject_token", "good", ""), once, bad, "bad_request"},
		{"a doubled refresh_token", "refresh", func(c *call) { c.form.Add("refresh_token", "x") }, once, bad, "bad_request"},
		{"a doubled code", "code", func(c *call) { c.form.Add("code", "x") }, once, bad, "bad_request"},
		{"a doubled id_token", "classic", set("id_token", "good", "good"), once, bad, "bad_request"},
		{"a doubled parameter that nobody knows", "exchange", set("x", "1", "2"), once, bad, "bad_request"},
		{"parameters in the URL", "exchange", func(c *call) { c.target += "?grant_type=x" }, once, bad, "bad_request"},
		{"a token in the URL", "classic", func(c *call) { c.target += "?id_token=good"; c.form.Del("id_token") }, once, bad, "bad_request"},
		{"GET", "exchange", func(c *call) { c.method = http.MethodGet }, 405, bad, "method_not_allowed"},
		{"PUT", "exchange", func(c *call) { c.method = http.MethodPut }, 405, bad, "method_not_allowed"},
		{"a method that nobody knows", "exchange", func(c *call) { c.method = "MAGIC" }, 405, bad, "method_not_allowed"},
		{"no content type", "exchange", func(c *call) { c.header.Del("Content-Type") }, once, bad, "bad_request"},
		{"JSON", "exchange", header("Content-Type", "application/json"), once, bad, "bad_request"},
		{"a multipart form", "exchange", header("Content-Type", "multipart/form-data; boundary=x"), once, bad, "bad_request"},
		{"plain text, as a simple request of a page could have", "exchange", header("Content-Type", "text/plain"), once, bad, "bad_request"},
		{"another charset", "exchange", header("Content-Type", "application/x-www-form-urlencoded; charset=iso-8859-1"), once, bad, "bad_request"},
		{"UTF-16", "exchange", header("Content-Type", "application/x-www-form-urlencoded; charset=utf-16"), once, bad, "bad_request"},
		{"another parameter of the type", "exchange", header("Content-Type", "application/x-www-form-urlencoded; x=y"), once, bad, "bad_request"},
		{"a malformed content type", "exchange", header("Content-Type", "application/x-www-form-urlencoded;;=;"), once, bad, "bad_request"},
		{"two content types", "exchange", header("Content-Type", "application/x-www-form-urlencoded", "application/x-www-form-urlencoded"), once, bad, "bad_request"},
		{"a compressed body", "exchange", header("Content-Encoding", "gzip"), once, bad, "bad_request"},
		{"a body above 32 KB", "exchange", func(c *call) { c.body = c.form.Encode() + "&x=" + strings.Repeat("a", maxForm) }, 413, bad, "bad_request"},
		{"a malformed escape", "exchange", func(c *call) { c.body = c.form.Encode() + "&x=%zz" }, once, bad, "bad_request"},
		{"a semicolon between parameters", "exchange", func(c *call) { c.body = strings.ReplaceAll(c.form.Encode(), "&", ";") }, once, bad, "bad_request"},
		{"a token with a line break", "exchange", set("subject_token", "good\n"), once, bad, "bad_request"},
		{"a token beyond ASCII", "exchange", set("subject_token", "gööd"), once, bad, "bad_request"},
		{"a token with a zero byte", "exchange", set("subject_token", "good\x00"), once, bad, "bad_request"},
		{"a zero byte behind a name", "exchange", func(c *call) { c.body = strings.Replace(c.form.Encode(), "subject_token=", "subject_token%00=", 1) }, once, bad, "bad_request"},
		{"a name in upper case", "exchange", func(c *call) { c.form["SUBJECT_TOKEN"] = c.form["subject_token"]; delete(c.form, "subject_token") }, once, bad, "bad_request"},
		{"a name as a list", "exchange", func(c *call) { c.form["subject_token[]"] = c.form["subject_token"]; delete(c.form, "subject_token") }, once, bad, "bad_request"},
		{"an empty body", "exchange", func(c *call) { c.form = nil }, once, bad, "bad_request"},
		{"two encodings", "exchange", header("Content-Encoding", "identity", "gzip"), once, bad, "bad_request"},
		{"encodings in one line", "exchange", header("Content-Encoding", "identity, gzip"), once, bad, "bad_request"},
		{"an empty query, whose parameters could be read instead", "classic", func(c *call) { c.target += "?&" }, once, bad, "bad_request"},
		{"a host that is not served", "exchange", func(c *call) { c.target = "https://elsewhere.example.com" + paths().Token }, 421, bad, "host_not_served"},

		// RFC 6749, section 5.2: the client.
		{"Basic credentials", "exchange", header("Authorization", "Basic YTpi"), 401, codeInvalidClient, "client_credentials"},
		{"a bearer token for a client", "refresh", header("Authorization", "Bearer ea_x"), 401, codeInvalidClient, "client_credentials"},
		{"an empty Authorization header", "code", header("Authorization", ""), 401, codeInvalidClient, "client_credentials"},
		{"client_secret", "code", set("client_secret", "x"), 401, codeInvalidClient, "client_credentials"},
		{"client_assertion", "refresh", set("client_assertion", "x"), 401, codeInvalidClient, "client_credentials"},
		{"client_assertion_type", "exchange", set("client_assertion_type", "x"), 401, codeInvalidClient, "client_credentials"},

		// Pages in a browser.
		{"a page of another site", "exchange", header("Origin", "https://evil.example"), 403, bad, "cross_origin"},
		{"a page of our own", "exchange", header("Origin", app), 403, bad, "cross_origin"},
		{"a page without an origin", "exchange", header("Origin", "null"), 403, bad, "cross_origin"},
		{"cross-site", "classic", header("Sec-Fetch-Site", "cross-site"), 403, bad, "cross_origin"},
		{"same-site", "code", header("Sec-Fetch-Site", "same-site"), 403, bad, "cross_origin"},
		{"an unknown site", "refresh", header("Sec-Fetch-Site", ""), 403, bad, "cross_origin"},
		{"two sites", "refresh", header("Sec-Fetch-Site", "none", "cross-site"), 403, bad, "cross_origin"},

		// RFC 8693, section 2.2.2.
		{"no subject_token", "exchange", without("subject_token"), once, bad, "bad_request"},
		{"no subject_token_type", "exchange", without("subject_token_type"), once, bad, "bad_request"},
		{"a JWT of any kind", "exchange", set("subject_token_type", "urn:ietf:params:oauth:token-type:jwt"), once, bad, "bad_request"},
		{"a refresh token as subject", "exchange", set("subject_token_type", "urn:ietf:params:oauth:token-type:refresh_token"), once, bad, "bad_request"},
		{"SAML", "exchange", set("subject_token_type", "urn:ietf:params:oauth:token-type:saml2"), once, bad, "bad_request"},
		{"a short name of a type", "exchange", set("subject_token_type", "id_token"), once, bad, "bad_request"},
		{"actor_token", "exchange", set("actor_token", "good"), once, bad, "bad_request"},
		{"actor_token_type alone", "exchange", set("actor_token_type", typeID), once, bad, "bad_request"},
		{"another requested_token_type", "exchange", set("requested_token_type", typeID), once, bad, "bad_request"},
		{"an audience that is another's", "exchange", set("audience", "22222222-0000-4000-8000-000000000002"), once, codeInvalidTarget, "unknown_target"},
		{"an audience that begins like ours", "exchange", set("audience", clientID+"x"), once, codeInvalidTarget, "unknown_target"},
		{"a resource elsewhere", "exchange", set("resource", "https://elsewhere.example.com/"), once, codeInvalidTarget, "unknown_target"},
		{"a resource with a fragment", "exchange", set("resource", app+"/#x"), once, codeInvalidTarget, "unknown_target"},
		{"a resource that is no URL", "exchange", set("resource", "/x"), once, codeInvalidTarget, "unknown_target"},
		{"two resources", "exchange", set("resource", app, app), once, bad, "bad_request"},
		{"a scope", "exchange", set("scope", "read"), once, codeInvalidScope, "unsupported_scope"},
		{"an expired token", "exchange", set("subject_token", "token_expired"), once, bad, "token_expired"},
		{"a token for another audience", "exchange", set("subject_token", "audience_mismatch"), once, bad, "audience_mismatch"},
		{"a token of another tenant", "exchange", set("subject_token", "tenant_mismatch"), once, bad, "tenant_mismatch"},
		{"a token of another issuer", "exchange", set("subject_token", "issuer_mismatch"), once, bad, "issuer_mismatch"},
		{"a forged token", "exchange", set("subject_token", "token_invalid"), once, bad, "token_invalid"},
		{"a token of another policy", "exchange", set("subject_token", "policy_mismatch"), once, bad, "policy_mismatch"},
		{"the provider cannot be asked", "exchange", set("subject_token", "idp_unavailable"), 503, codeUnavailable, "idp_unavailable"},
		{"the provider answers nonsense", "exchange", set("subject_token", "idp_error"), 503, codeUnavailable, "idp_error"},
		{"a token of nobody", "exchange", set("subject_token", "nobody"), 500, codeServerError, "internal"},
		{"no answer at all", "exchange", set("subject_token", "nothing"), 500, codeServerError, "internal"},
		{"a fault of ours", "exchange", set("subject_token", "broken"), 500, codeServerError, "internal"},
		{"a panic", "exchange", set("subject_token", "panic"), 500, codeServerError, "internal"},

		// The classic form.
		{"an empty id_token", "classic", set("id_token", ""), once, bad, "bad_request"},
		{"an expired id_token", "classic", set("id_token", "token_expired"), once, bad, "token_expired"},
		{"an id_token for another audience", "classic", set("id_token", "audience_mismatch"), once, bad, "audience_mismatch"},
		{"a forged id_token", "classic", set("id_token", "token_invalid"), once, bad, "token_invalid"},
		{"an id_token beyond ASCII", "classic", set("id_token", "gööd"), once, bad, "bad_request"},
		{"a scope for the classic form", "classic", set("scope", "read"), once, codeInvalidScope, "unsupported_scope"},
		{"an audience for the classic form", "classic", set("audience", "x"), once, codeInvalidTarget, "unknown_target"},
		{"a resource elsewhere for the classic form", "classic", set("resource", "https://elsewhere.example.com/"), once, codeInvalidTarget, "unknown_target"},
		{"an actor for the classic form", "classic", set("actor_token", "good"), once, bad, "bad_request"},
		{"another requested_token_type for the classic form", "classic", set("requested_token_type", typeID), once, bad, "bad_request"},
		{"an access_token alone", "classic", both(without("id_token"), set("access_token", "good")), once, bad, "bad_request"},

		// RFC 6749, section 6.
		{"no refresh_token", "refresh", without("refresh_token"), once, bad, "bad_request"},
		{"a refresh token that is none", "refresh", set("refresh_token", "ear_x"), once, grant, "token_invalid"},
		{"a refresh token without its prefix", "refresh", func(c *call) { c.form.Set("refresh_token", c.form.Get("refresh_token")[4:]) }, once, grant, "token_invalid"},
		{"a refresh token that was cut", "refresh", func(c *call) { t := c.form.Get("refresh_token"); c.form.Set("refresh_token", t[:len(t)-2]) }, once, grant, "token_invalid"},
		{"another scope", "refresh", set("scope", "more"), once, codeInvalidScope, "unsupported_scope"},
		{"another audience", "refresh", set("audience", "x"), once, codeInvalidTarget, "unknown_target"},
		{"another resource", "refresh", set("resource", "https://elsewhere.example.com/"), once, codeInvalidTarget, "unknown_target"},
		{"an access token as refresh token", "refresh", func(c *call) { c.form.Set("refresh_token", "ea_"+c.form.Get("refresh_token")[4:]) }, once, grant, "token_invalid"},

		// RFC 6749, section 4.1.3, RFC 7636, section 4.6.
		{"no code", "code", without("code"), once, bad, "bad_request"},
		{"no redirect_uri", "code", without("redirect_uri"), once, bad, "bad_request"},
		{"no code_verifier", "code", without("code_verifier"), once, bad, "bad_request"},
		{"a code_verifier of 42 characters", "code", set("code_verifier", verifier[1:]), once, bad, "bad_request"},
		{"a code_verifier of 129 characters", "code", set("code_verifier", strings.Repeat("a", 129)), once, bad, "bad_request"},
		{"a code_verifier with a plus", "code", set("code_verifier", "+"+verifier[1:]), once, bad, "bad_request"},
		{"another code_verifier", "code", set("code_verifier", "x"+verifier[1:]), once, grant, "code_invalid"},
		{"the challenge as the verifier, as plain would have it", "code", set("code_verifier", challengeOf(verifier)), once, grant, "code_invalid"},
		{"a scope with a code", "code", set("scope", "read"), once, codeInvalidScope, "unsupported_scope"},
		{"an audience with a code", "code", set("audience", "x"), once, codeInvalidTarget, "unknown_target"},
		{"a resource elsewhere with a code", "code", set("resource", "https://elsewhere.example.com/"), once, codeInvalidTarget, "unknown_target"},
		{"an empty code", "code", set("code", ""), once, bad, "bad_request"},
		{"a doubled code_verifier", "code", set("code_verifier", verifier, verifier), once, bad, "bad_request"},
		{"a code_verifier with padding", "code", set("code_verifier", verifier+"="), once, bad, "bad_request"},
		{"a code_verifier with a line break", "code", set("code_verifier", verifier+"\n"), once, bad, "bad_request"},
		{"a redirect URI in other letters", "code", set("redirect_uri", "http://127.0.0.1:8123/BACK"), once, grant, "code_invalid"},
		{"a redirect URI with an escape", "code", set("redirect_uri", "http://127.0.0.1:8123/%62ack"), once, grant, "code_invalid"},
		{"another redirect URI", "code", set("redirect_uri", tool), once, grant, "code_invalid"},
		{"another port", "code", set("redirect_uri", "http://127.0.0.1:8124/back"), once, grant, "code_invalid"},
		{"another path", "code", set("redirect_uri", loopback+"/"), once, grant, "code_invalid"},
		{"a code that is none", "code", set("code", "x"), once, grant, "code_invalid"},
		{"a code that was cut", "code", func(c *call) { t := c.form.Get("code"); c.form.Set("code", t[:len(t)-2]) }, once, grant, "code_invalid"},
		{"a code of any length", "code", set("code", strings.Repeat("A", 20_000)), once, grant, "code_invalid"},
	} {
		t.Run(row.name, func(t *testing.T) {
			k := newKit(t, inStore)
			k.mustPass("as it was", k.form(row.from))
			changed := k.form(row.from)
			row.edit(changed)
			a := k.mustFail(row.name, changed, row.status, row.code, row.word)
			if (a.header.Get("Retry-After") != "") != (row.status == 503) || (a.header.Get("WWW-Authenticate") != "") != (row.status == 401) || (a.header.Get("Allow") == http.MethodPost) != (row.status == 405) {
				t.Errorf("headers %v", a.header)
			}
		})
	}
}

// What need not be there may be, and changes nothing.
func TestTokenTolerances(t *testing.T) {
	for _, row := range []struct {
		name string
		from string
		edit func(*call)
	}{
		{"a charset", "exchange", header("Content-Type", "application/x-www-form-urlencoded; charset=UTF-8")},
		{"a charset in quotes", "exchange", header("Content-Type", `application/x-www-form-urlencoded;charset="utf-8"`)},
		{"a type in upper case", "exchange", header("Content-Type", "Application/X-WWW-Form-URLencoded")},
		{"identity as encoding", "exchange", header("Content-Encoding", "identity")},
		{"an access token as subject", "exchange", set("subject_token_type", typeAccess)},
		{"the requested type that there is", "exchange", set("requested_token_type", typeAccess)},
		{"our client id as audience", "exchange", set("audience", clientID)},
		{"one of our hosts as resource", "exchange", set("resource", "https://other.example.com/x")},
		{"an actor without a value", "exchange", set("actor_token", "")},
		{"a scope without a value", "refresh", set("scope", "")},
		{"a client_id", "code", set("client_id", "my-script")},
		{"an empty client_secret", "code", set("client_secret", "")},
		{"a parameter that nobody knows, beyond ASCII", "exchange", set("x", "é")},
		{"no site", "exchange", header("Sec-Fetch-Site", "none")},
		{"a program in a browser's tab of ours", "exchange", header("Sec-Fetch-Site", "same-origin")},
		{"a session cookie, which nobody reads", "exchange", header("Cookie", "__Host-easyauth=x")},
		{"a body of nearly 32 KB", "exchange", func(c *call) { c.body = c.form.Encode(); c.body += "&x=" + strings.Repeat("a", maxForm-len(c.body)-3) }},
	} {
		t.Run(row.name, func(t *testing.T) {
			k := newKit(t, inStore)
			c := k.form(row.from)
			row.edit(c)
			k.mustPass(row.name, c)
		})
	}
}

func TestExchangeAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for name, where := range everyPlace() {
			k := newKit(t, where)
			stop := k.run()
			synctest.Wait()
			a := k.mustPass(name, k.exchange("good"))
			if a.IssuedType != typeAccess || a.Token != "" || a.Expiry != "" || a.ExpiresIn > 3600 || a.ExpiresIn < 3590 {
				t.Errorf("%s: %+v", name, a)
			}
			c := k.exchange("good")
			c.form.Set("subject_token_type", typeAccess)
			k.mustPass(name, c)
			classic := k.mustPass(name, k.classic("good"))
			expiry, err := time.Parse(time.RFC3339, classic.Expiry)
			if classic.Token != classic.Access || err != nil || time.Until(expiry) > time.Hour || time.Until(expiry) < 59*time.Minute || !strings.HasSuffix(classic.Expiry, "Z") {
				t.Errorf("%s: %q %v", name, classic.Expiry, err)
			}
			if want := []entra.SubjectKind{entra.SubjectID, entra.SubjectAccess, entra.SubjectID}; !slices.Equal(k.provider.kinds, want) {
				t.Errorf("%s: kinds %v, want %v", name, k.provider.kinds, want)
			}
			if a := k.send(k.whoami(classic.Access)); !a.Active || a.Object != "adele" || a.Via != "token" {
				t.Errorf("%s: %+v", name, a)
			}
			stop()
		}
	})
}

func TestIdentityTooLarge(t *testing.T) {
	k := newKit(t, alone)
	k.mustPass("a good one", k.exchange("good"))
	k.mustFail("a large one", k.exchange("large"), 400, codeInvalidRequest, "ticket_too_large")
	roomy := newKit(t, inStore)
	roomy.mustPass("where there is room", roomy.exchange("large"))
}

// A refresh token is good once; when it comes again everything of its session ends.
func TestRefreshReplayed(t *testing.T) {
	k := newKit(t, inStore)
	first := k.mustPass("exchange", k.exchange("good"))
	second := k.mustPass("refresh", k.refresh(first.Refresh))
	if second.Refresh == first.Refresh || second.IssuedType != "" {
		t.Errorf("%+v", second)
	}
	k.mustPass("the new one", k.refresh(second.Refresh))
	other := k.mustPass("another session", k.exchange("good"))
	k.mustFail("the first again", k.refresh(first.Refresh), 400, codeInvalidGrant, "token_reused")
	k.mustFail("its access token", k.whoami(second.Access), 401, codeInvalidToken, "session_ended")
	k.mustPass("the other session", k.refresh(other.Refresh))
}

// Each of our texts is good for one thing.
func TestNothingIsAnythingElse(t *testing.T) {
	for name, where := range map[string]place{"store": inStore, "alone": alone} {
		k := newKit(t, where)
		cookies := k.signIn(person())
		issued := k.mustPass("exchange", k.exchange("good"))
		texts := map[string]string{
			"code": k.code(ask(), cookies), "access": issued.Access, "bare access": strings.TrimPrefix(issued.Access, "ea_"),
			"cookie": strings.TrimPrefix(cookies, "__Host-easyauth="), "request": linkRequest(t, k.link(ask())),
			"proof": k.confirmation(k.link(ask()), cookies).form.Get("token"),
		}
		if issued.Refresh != "" {
			texts["refresh"], texts["bare refresh"] = issued.Refresh, strings.TrimPrefix(issued.Refresh, "ear_")
		}
		for kind, text := range texts {
			what := name + ": " + kind
			if kind != "code" {
				k.mustFail(what+" as a code", k.redeem(text), 400, codeInvalidGrant, "code_invalid")
			}
			if kind != "bare refresh" {
				k.mustFail(what+" as a refresh token", k.refresh("ear_"+text), 400, codeInvalidGrant, "token_invalid")
			}
			if kind != "refresh" {
				k.mustFail(what+" as a refresh token, as it is", k.refresh(text), 400, codeInvalidGrant, "token_invalid")
			}
			if kind != "access" {
				k.mustFail(what+" as an access token, as it is", k.whoami(text), 401, codeInvalidToken, "token_invalid")
			}
			if kind != "bare access" {
				k.mustFail(what+" as an access token", k.whoami("ea_"+text), 401, codeInvalidToken, "token_invalid")
			}
			if kind != "request" {
				if w := k.open(app+paths().Authorize+"?request="+url.QueryEscape(text), cookies).do(); w.Code != 400 {
					t.Errorf("%s as a request: %d", what, w.Code)
				}
			}
		}
		k.mustPass("the code as a code", k.redeem(texts["code"]))
	}
}

func linkRequest(t testing.TB, link string) string {
	t.Helper()
	u, err := url.Parse(link)
	if err != nil {
		t.Fatal(err)
	}
	return u.Query().Get("request")
}

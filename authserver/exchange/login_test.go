package exchange

import (
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// Every row is a request that passes with one thing changed: RFC 6749, section 4.1.2.1,
// RFC 7636, section 4.4.1, and RFC 8252, sections 7.3 and 8.3.
func TestLoginRefusals(t *testing.T) {
	k := newKit(t, inStore)
	challenge := challengeOf(verifier)
	for _, row := range []struct {
		name   string
		param  string
		values []string
	}{
		{"no redirect_uri", "redirect_uri", nil},
		{"an empty redirect_uri", "redirect_uri", []string{""}},
		{"two redirect_uri", "redirect_uri", []string{loopback, loopback}},
		{"no code_challenge", "code_challenge", nil},
		{"two challenges", "code_challenge", []string{challenge, challenge}},
		{"no method, which would be plain", "code_challenge_method", nil},
		{"plain", "code_challenge_method", []string{"plain"}},
		{"s256", "code_challenge_method", []string{"s256"}},
		{"S512", "code_challenge_method", []string{"S512"}},
		{"a short challenge", "code_challenge", []string{challenge[1:]}},
		{"a long challenge", "code_challenge", []string{challenge + "A"}},
		{"a challenge with padding", "code_challenge", []string{challenge[1:] + "="}},
		{"a challenge in base64, not base64url", "code_challenge", []string{"+" + challenge[1:]}},
		{"a challenge with a dot", "code_challenge", []string{"." + challenge[1:]}},
		{"the implicit flow", "response_type", []string{"token"}},
		{"a state of 513 characters", "state", []string{strings.Repeat("a", 513)}},
		{"a state with a line break", "state", []string{"a\nb"}},
		{"a state with a zero byte", "state", []string{"a\x00"}},
		{"a state beyond ASCII", "state", []string{"é"}},
		{"two states", "state", []string{"a", "b"}},
		{"localhost", "redirect_uri", []string{"http://localhost:8123/back"}},
		{"https on loopback", "redirect_uri", []string{"https://127.0.0.1:8123/back"}},
		{"another host", "redirect_uri", []string{"http://evil.example/back"}},
		{"https elsewhere", "redirect_uri", []string{"https://evil.example/back"}},
		{"the configured one with another query", "redirect_uri", []string{tool + "2"}},
		{"the configured one below", "redirect_uri", []string{"https://tool.example.com/back/x"}},
		{"the configured one in upper case", "redirect_uri", []string{"https://TOOL.example.com/back?x=1"}},
		{"a private scheme", "redirect_uri", []string{"com.example.app:/back"}},
		{"script", "redirect_uri", []string{"javascript:alert(1)"}},
		{"a path of ours", "redirect_uri", []string{"/back"}},
		{"our own host", "redirect_uri", []string{app + "/back"}},
	} {
		query := ask()
		if delete(query, row.param); row.values != nil {
			query[row.param] = row.values
		}
		k.mustFail(row.name, k.login(query), 400, codeInvalidRequest, "bad_request")
		k.link(ask())
	}
	for name, code := range map[string]string{"scope": codeInvalidScope, "audience": codeInvalidTarget, "resource": codeInvalidTarget} {
		query := ask()
		query.Set(name, "https://elsewhere.example.com/")
		if a := k.send(k.login(query)); a.status != 400 || a.Error != code || a.LoginURL != "" {
			t.Errorf("%s, which nobody would hold to: %+v", name, a)
		}
		query.Set(name, "")
		k.link(query)
	}
	for name, c := range map[string]*call{
		"POST":                post(k.h.Login(), paths().Login, ask()),
		"a malformed query":   get(k.h.Login(), app+paths().Login+"?"+ask().Encode()+"&%zz"),
		"a host of elsewhere": get(k.h.Login(), "https://elsewhere.example.com"+paths().Login+"?"+ask().Encode()),
	} {
		if a := k.send(c); a.status < 400 || a.Error != codeInvalidRequest || a.LoginURL != "" {
			t.Errorf("%s: %+v", name, a)
		}
	}
}

func TestLoginAnswers(t *testing.T) {
	k := newKit(t, inStore)
	for name, query := range map[string]url.Values{
		"a program":           ask(),
		"without a state":     {"redirect_uri": {loopback}, "code_challenge": {challengeOf(verifier)}, "code_challenge_method": {"S256"}},
		"with response_type":  {"redirect_uri": {loopback}, "code_challenge": {challengeOf(verifier)}, "code_challenge_method": {"S256"}, "response_type": {"code"}},
		"at a configured URI": {"redirect_uri": {tool}, "code_challenge": {challengeOf(verifier)}, "code_challenge_method": {"S256"}},
		"as long as it may be": {
			"redirect_uri":   {"http://127.0.0.1/" + strings.Repeat("a", maxRedirect-len("http://127.0.0.1/"))},
			"code_challenge": {challengeOf(verifier)}, "code_challenge_method": {"S256"}, "state": {strings.Repeat("~", maxReturned-maxRedirect)},
		},
		"with the longest state": {
			"redirect_uri": {loopback}, "code_challenge": {challengeOf(verifier)}, "code_challenge_method": {"S256"}, "state": {strings.Repeat("~", maxClientState)},
		},
	} {
		link := k.link(query)
		if !strings.HasPrefix(link, app+paths().Authorize+"?request=") || len(linkRequest(t, link)) > maxRequest {
			t.Errorf("%s: %d characters, %.80s", name, len(link), link)
		}
		for _, secret := range []string{url.QueryEscape(loopback), "127.0.0.1", challengeOf(verifier)} {
			if strings.Contains(link, secret) {
				t.Errorf("%s: the link shows %s", name, secret)
			}
		}
	}
}

// A link is good for ten minutes, at its own host, as it is.
func TestLinks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKit(t, inStore)
		cookies := k.signIn(person())
		link := k.link(ask())
		sealed := linkRequest(t, link)
		for name, bad := range map[string]string{
			"none": app + paths().Authorize, "empty": app + paths().Authorize + "?request=", "cut": link[:len(link)-1], "longer": link + "A",
			"flipped": strings.Replace(link, sealed[40:44], "AAAA", 1), "twice": link + "&request=" + sealed, "at another host": strings.Replace(link, appHost, "other.example.com", 1),
			"a malformed query": link + "&%zz",
		} {
			if w := k.open(bad, cookies).do(); w.Code != 400 || strings.Contains(w.Body.String(), "<form") {
				t.Errorf("%s: %d", name, w.Code)
			}
			k.confirmation(link, cookies)
		}
		time.Sleep(requestLifetime - time.Second)
		page := k.confirmation(link, cookies)
		time.Sleep(time.Second)
		if w := k.open(link, cookies).do(); w.Code != 400 || !strings.Contains(w.Body.String(), "10 minutes") {
			t.Errorf("after ten minutes: %d", w.Code)
		}
		if w := k.press(page, decisionAllow, cookies).do(); w.Code != 400 {
			t.Errorf("a page of a link that is old: %d", w.Code)
		}
		time.Sleep(3 * time.Hour) // beyond the hour of the key
		if w := k.open(link, cookies).do(); w.Code != 400 || !strings.Contains(w.Body.String(), "10 minutes") {
			t.Errorf("after hours: %d", w.Code)
		}
	})
}

package main

import (
	"net/http"
	"net/url"
	"strings"
)

const (
	loginPath    = "/easyauth/login"
	callbackPath = "/easyauth/signin-oidc"
	logoutPath   = "/easyauth/logout"
	mePath       = "/easyauth/me"
	browserName  = "__Host-easyauth-browser"
)

// visit is a request of a browser that opens a page.
func (m *maker) visit(method, target string, header ...string) *request {
	lines := append([]string{"Accept: text/html", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Site: same-origin", "Sec-Fetch-User: ?1", "Sec-Fetch-Dest: document"}, header...)
	return &request{method: method, target: target, host: host, header: lines}
}

// rd is a page to return to, or what somebody would like to be one.
func (m *maker) rd() string {
	return "?rd=" + url.QueryEscape(of(m, "/", "https://"+host+"/", "https://evil.example/", "//", `\`, "javascript:", "https://"+host+".evil.example/", "/easyauth/login?rd=/", "%2e%2e/")+m.text(m.one(of(m, 20, 20, 3000))))
}

func signInKinds() []kind {
	k := func(name string, weight, want int, of func(m *maker) *request) kind {
		return kind{name: name, weight: weight, want: []int{want}, make: of}
	}
	login := k("login", 15, http.StatusFound, func(m *maker) *request { return m.visit("GET", loginPath+m.rd()) })
	login.learn = begun
	redeem := k("callback with a made-up code", 5, http.StatusBadRequest, ended)
	redeem.want = append(redeem.want, http.StatusForbidden) // the provider's no
	redeem.code = true
	return []kind{
		login,
		redeem,
		k("login by a script", 10, http.StatusUnauthorized, func(m *maker) *request {
			r := m.visit("GET", loginPath+m.rd())
			r.header = []string{"Accept: application/json", "Sec-Fetch-Mode: cors", "Cookie: " + m.state()}
			return r
		}),
		k("login on a host that is not served", 5, http.StatusMisdirectedRequest, func(m *maker) *request {
			r := m.visit("GET", loginPath+m.rd())
			r.host = m.domain()
			return r
		}),
		k("login by another method", 5, http.StatusMethodNotAllowed, func(m *maker) *request {
			return m.visit(of(m, "POST", "PUT", "PROPFIND"), loginPath+m.rd())
		}),
		k("callback with a made-up state", 10, http.StatusBadRequest, func(m *maker) *request {
			return m.visit("GET", callbackPath+"?code="+m.text(m.one(900))+"&state="+m.text(m.one(1200)), "Cookie: "+browserName+"="+m.text(m.one(500)))
		}),
		k("callback with an error", 5, http.StatusBadRequest, func(m *maker) *request {
			return m.visit("GET", callbackPath+"?error="+m.text(m.one(60))+"&error_description="+m.text(m.one(900))+"&state="+m.text(m.one(1200)))
		}),
		k("logout", 5, http.StatusFound, func(m *maker) *request {
			return m.visit(of(m, "GET", "POST"), logoutPath+m.rd(), m.recent().cookie())
		}),
		k("logout by another site", 5, http.StatusForbidden, func(m *maker) *request {
			r := m.visit("POST", logoutPath, m.recent().cookie(), "Origin: https://"+m.text(m.one(30))+".example", "Content-Type: application/x-www-form-urlencoded")
			r.header[2] = "Sec-Fetch-Site: cross-site"
			r.body = "rd=" + m.text(m.one(4000))
			return r
		}),
		k("signed out, with a made-up state", 5, http.StatusOK, func(m *maker) *request {
			return m.visit("GET", "/easyauth/signout-callback-oidc?state="+m.text(m.one(1200)))
		}),
		k("me", 10, http.StatusOK, func(m *maker) *request {
			return m.visit("GET", mePath+"?"+m.text(20), of(m, m.fresh, m.recent)().cookie())
		}),
		k("me, not signed in", 5, http.StatusUnauthorized, func(m *maker) *request {
			return m.visit("GET", mePath+"?"+m.text(m.one(300)), m.changed().cookie())
		}),
		k("an address that does not exist", 5, http.StatusNotFound, func(m *maker) *request {
			return m.visit("GET", "/"+m.text(m.one(300)), m.recent().cookie())
		}),
	}
}

// begun keeps a sign-in that login began.
func begun(m *maker, a *answer) {
	to, err := url.Parse(a.header.Get("Location"))
	if err != nil {
		return
	}
	for _, line := range a.header["Set-Cookie"] {
		if c, err := http.ParseSetCookie(line); err == nil && c.Name == browserName {
			m.logins = keep(m.logins, login{cookie: c.Value, state: to.Query().Get("state")})
		}
	}
}

// ended is the callback of a sign-in that was begun, once, or of none.
func ended(m *maker) *request {
	l := login{cookie: m.text(40), state: m.text(40)}
	if last := len(m.logins) - 1; last >= 0 {
		l, m.logins = m.logins[last], m.logins[:last]
	}
	return m.visit("GET", callbackPath+"?code="+m.text(m.one(900))+"&state="+url.QueryEscape(l.state), "Cookie: "+strings.Join([]string{browserName + "=" + l.cookie, m.state()}, "; "))
}

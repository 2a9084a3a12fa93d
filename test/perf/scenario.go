package main

import (
	"maps"
	"net/http"
	"slices"
	"strings"
)

// presents is what a request has to show for itself.
type presents int

const (
	nothing presents = iota
	ticketSeen
	ticketsUnseen // another one each time
	ticketsTwice  // another one each second time
	tokenSeen
	tokensUnseen
)

// scenario is one kind of question. It is asked of EasyAuth and of the bare
// handler, in the same bytes.
type scenario struct {
	name     string
	what     string // for the table, and for the plot, which has room for 38 characters
	presents presents
	status   int               // that EasyAuth has to answer
	env      map[string]string // of EasyAuth, beside what it always has
	files    []string          // more of them, which name a file: see files.go
	more     string            // of the query
	target   float64           // of EasyAuth's CPU time by the bare handler's; 0: there is none
	reuse    bool              // connections; else a new one for each request
	control  bool              // measure the bare handler against itself
	inline   bool              // easyauth proxy, beside a bare reverse proxy
}

func (s scenario) id() string {
	if s.reuse {
		return s.name + "/keep-alive"
	}
	return s.name + "/new-connection"
}

func (s scenario) refused() bool { return s.status >= http.StatusBadRequest }

// scenarios are all of them, in the order of the table.
func scenarios() []scenario {
	bearer := map[string]string{"EASYAUTH_ALLOW_BEARER": "true"}
	small := map[string]string{"EASYAUTH_ALLOW_BEARER": "true", "EASYAUTH_BEARER_CACHE_MB": "1"}
	logging := map[string]string{"EASYAUTH_LOG_LEVEL": "debug"}
	logged := func(env map[string]string) map[string]string {
		env = maps.Clone(env)
		maps.Copy(env, logging)
		return env
	}
	collector := map[string]string{"GOGC": "100"}                            // Go's own value, in place of ours
	proxied := map[string]string{"EASYAUTH_TRUSTED_PROXIES": "127.0.0.1/32"} // policies look at the client's address
	const pass, refuse = http.StatusAccepted, http.StatusUnauthorized
	both := []scenario{
		{name: "hit", what: "a ticket seen before", presents: ticketSeen, status: pass, target: 1.05},
		{name: "miss", what: "a ticket not seen before", presents: ticketsUnseen, status: pass, target: 1.5},
		{name: "401", what: "no cookie", presents: nothing, status: refuse, target: 1.15},
		{name: "bearer-hit", what: "a bearer token seen before", presents: tokenSeen, status: pass, env: bearer},
		{name: "bearer-miss", what: "a bearer token not seen before", presents: tokensUnseen, status: pass, env: small},
	}
	var list []scenario
	for _, s := range both {
		s.reuse = true
		list = append(list, s)
		s.reuse = false
		list = append(list, s)
	}
	return append(list,
		scenario{name: "miss-kept", what: "tickets not seen before, each twice", presents: ticketsTwice, status: pass, reuse: true},
		scenario{name: "hit-policy", what: "a ticket seen before, ten rules", presents: ticketSeen, status: pass, env: proxied, files: []string{configFile}, more: "&policy=ten", reuse: true},
		scenario{name: "hit-expression", what: "a ticket seen before, an expression", presents: ticketSeen, status: pass, env: proxied, files: []string{configFile}, more: "&policy=expression", reuse: true},
		scenario{name: "hit-assertion", what: "a ticket seen before, signed", presents: ticketSeen, status: pass, files: []string{signingKey}, more: "&app=orders", reuse: true},
		scenario{name: "miss-assertion", what: "a ticket not seen before, signed", presents: ticketsUnseen, status: pass, files: []string{signingKey}, more: "&app=orders", reuse: true},
		scenario{name: "hit-logged", what: "a ticket seen before, logged", presents: ticketSeen, status: pass, env: logging, reuse: true},
		scenario{name: "miss-logged", what: "a ticket not seen before, logged", presents: ticketsUnseen, status: pass, env: logging, reuse: true},
		scenario{name: "401-logged", what: "no cookie, logged", presents: nothing, status: refuse, env: logging, reuse: true},
		scenario{name: "bearer-hit-logged", what: "a bearer token seen before, logged", presents: tokenSeen, status: pass, env: logged(bearer), reuse: true},
		scenario{name: "bearer-miss-logged", what: "a bearer token not seen before, logged", presents: tokensUnseen, status: pass, env: logged(small), reuse: true},
		scenario{name: "hit-gogc", what: "a ticket seen before, GOGC=100", presents: ticketSeen, status: pass, env: collector, reuse: true},
		scenario{name: "miss-gogc", what: "a ticket not seen before, GOGC=100", presents: ticketsUnseen, status: pass, env: collector, reuse: true},
		scenario{name: "401-gogc", what: "no cookie, GOGC=100", presents: nothing, status: refuse, env: collector, reuse: true},
		scenario{name: "inline-hit", what: "easyauth proxy, a ticket seen before", presents: ticketSeen, status: http.StatusOK, target: 1.25, reuse: true, inline: true},
		scenario{name: "inline-miss", what: "easyauth proxy, a ticket not seen", presents: ticketsUnseen, status: http.StatusOK, reuse: true, inline: true},
		scenario{name: "control", what: "the bare handler against itself", presents: ticketSeen, status: pass, reuse: true, control: true},
	)
}

const (
	authPath    = basePath + "/auth"
	placeholder = "@@" // load.lua puts a line of a file there
	ownScope    = "api://" + clientID + "/Orders.Read"
)

// request is what nginx sends in this scenario, byte by byte: its own headers
// first, then the client's. secret is the ticket or token.
func (s scenario) request(secret string) []byte {
	if s.inline { // … or a gateway
		return message(append([]string{"GET " + pagePath + "?page=2 HTTP/1.1", "Host: " + host, "X-Forwarded-For: 192.0.2.17", "X-Forwarded-Proto: https"}, s.client(secret)...))
	}
	lines := []string{
		"GET " + authPath + "?" + s.query() + " HTTP/1.1",
		"X-Request-ID: 4c1e9a573b7d0c9a1e112f1c6f0e0d5b",
		"Host: auth.test",
		"X-Original-URL: https://" + host + "/orders?page=2",
		"X-Original-Method: GET",
		"X-Sent-From: nginx-ingress-controller",
		"X-Real-IP: 192.0.2.17",
		"X-Forwarded-For: 192.0.2.17",
		"X-Auth-Request-Redirect: /orders?page=2",
	}
	if !s.reuse {
		lines = append(lines, "Connection: close")
	}
	return message(append(lines, s.client(secret)...))
}

// query is the auth-url's.
func (s scenario) query() string {
	if s.presents == tokenSeen || s.presents == tokensUnseen {
		return "scope=" + ownScope
	}
	return "role=Orders.Read" + s.more
}

const assertionHeader = "X-Injected-Assertion"

// signed reports whether the answer has a signed identity.
func (s scenario) signed() bool { return slices.Contains(s.files, signingKey) }

// client are the headers of a browser, or of a program that has a token.
func (s scenario) client(secret string) []string {
	browser := []string{
		"User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
		"Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
		"Accept-Language: en-GB,en;q=0.9",
		"Accept-Encoding: gzip, deflate, br",
		"Upgrade-Insecure-Requests: 1",
		"Sec-Fetch-Site: same-origin", "Sec-Fetch-Mode: navigate", "Sec-Fetch-User: ?1", "Sec-Fetch-Dest: document",
	}
	switch s.presents {
	case nothing:
	case ticketSeen, ticketsUnseen, ticketsTwice:
		return append(browser, "Cookie: "+ticketCookie()+"="+secret)
	case tokenSeen, tokensUnseen:
		return []string{"User-Agent: nightly-import/1.0", "Accept: application/json", "Authorization: Bearer " + secret}
	}
	return browser
}

// page is what a browser asks nginx for in this scenario: a page below a location.
func (s scenario) page(location, secret string) []byte {
	return message(append([]string{"GET /" + location + "/orders?page=2 HTTP/1.1", "Host: " + host}, s.client(secret)...))
}

func message(lines []string) []byte { return []byte(strings.Join(lines, "\r\n") + "\r\n\r\n") }

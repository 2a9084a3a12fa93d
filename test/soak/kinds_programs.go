package main

import (
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/ticket"
)

const (
	tokenPath  = "/easyauth/api/v1/token"
	revokePath = "/easyauth/api/v1/revoke"

	tokenPrefix = "ea_"
	tokenName   = "access token" // that texts are sealed for: authserver/session/token.go

	grantExchange = "urn:ietf:params:oauth:grant-type:token-exchange"
	typeIDToken   = "urn:ietf:params:oauth:token-type:id_token"
)

// assertionKinds are applications that nobody has asked for before: each identity is signed
// for each of them.
func assertionKinds() []kind {
	return []kind{
		{name: "ticket, application never seen", fills: "assertions", weight: 400, want: []int{pass}, make: func(m *maker) *request {
			return m.ask("?app="+of(m, "", "https://")+m.text(m.one(60)), m.recent().cookie())
		}},
		{name: "ticket, application seen before", weight: 20, want: []int{pass}, make: func(m *maker) *request {
			return m.ask("?app=orders", m.recent().cookie())
		}},
		{name: "application that cannot be read", weight: 10, want: []int{broken}, make: func(m *maker) *request {
			return m.ask("?app="+of(m, "", "a%20b"+m.text(9), m.text(200), "x&app="+m.text(9)), m.recent().cookie())
		}},
	}
}

// policyKinds are questions with a policy, for all kinds of paths.
func policyKinds() []kind {
	at := func(m *maker, policy, path string) *request {
		r := m.ask("?policy="+policy, m.recent().cookie())
		r.header[0] = "X-Original-URL: https://" + host + path
		return r
	}
	return []kind{
		{name: "policy, a page that it allows", weight: 40, want: []int{pass}, make: func(m *maker) *request {
			return at(m, of(m, "readers", "expressions"), "/read/"+of(m, m.text(m.one(200)), m.text(9)+"%20"+m.text(9), m.text(9)+"/?"+m.text(m.one(500))))
		}},
		{name: "policy, a page that no rule allows", weight: 20, want: []int{refuse}, learn: denied, make: func(m *maker) *request {
			return at(m, of(m, "readers", "expressions"), "/"+m.text(m.one(of(m, 20, 2000))))
		}},
		{name: "policy, a path with several readings", weight: 40, want: []int{refuse}, learn: denied, make: func(m *maker) *request {
			odd := of(m, "/", "%2f", "%2F", "%5c", "%252f", "%2e%2e/", "%2E/", "./", "../", "..;/", ";"+m.text(9), "%3b", "%00", "%0a", "%c3%28", "%ff")
			return at(m, of(m, "readers", "expressions"), "/read/"+odd+m.text(m.one(of(m, 20, 1000))))
		}},
		{name: "policy that is unknown", weight: 10, want: []int{broken}, make: func(m *maker) *request {
			return at(m, m.text(m.one(50)), "/read/")
		}},
		{name: "policy that cannot be read", weight: 5, want: []int{broken}, make: func(m *maker) *request {
			return at(m, of(m, "", m.text(80), m.text(9)+"/", "readers&policy=readers"), "/read/")
		}},
	}
}

// tokenKinds are tokens of ours: good ones, and what looks like them.
func tokenKinds() []kind {
	k := func(name string, weight, want int, token func(m *maker) string) kind {
		return kind{name: name, weight: weight, want: []int{want}, make: func(m *maker) *request {
			return m.ask("", "Authorization: Bearer "+token(m))
		}}
	}
	return []kind{
		k("token of ours, never seen", 20, pass, func(m *maker) string { return m.ourToken(m.own, 0) }),
		k("token of ours, made up", 60, refuse, func(m *maker) string {
			return tokenPrefix + m.textOf(letters, len(m.ourToken(m.own, 0))-len(tokenPrefix)-len(mark))
		}),
		k("token of ours, a character changed", 20, refuse, func(m *maker) string {
			text := []byte(m.ourToken(m.own, 0))
			at := len(tokenPrefix) + m.random.IntN(len(text)-len(tokenPrefix)-1) // the last one has bits that say nothing
			letter := letters[m.random.IntN(len(letters))]
			if letter == text[at] {
				letter = '.'
			}
			text[at] = letter
			return string(text)
		}),
		k("token of ours, of another deployment", 10, refuse, func(m *maker) string { return m.ourToken(m.foreign, 0) }),
		k("token of ours, expired", 10, refuse, func(m *maker) string { return m.ourToken(m.own, lifetime+time.Minute) }),
		k("token of ours, for another purpose", 10, refuse, func(m *maker) string { return tokenPrefix + m.recent()[0] }),
	}
}

// ourToken is an access token of EasyAuth's for an identity that nobody had before.
func (m *maker) ourToken(codec *ticket.Codec, age time.Duration) string {
	issued := time.Now().Add(-age)
	text, _, err := codec.SealText(tokenName, &ticket.Ticket{ID: ticket.NewID(), Issued: issued, Expires: issued.Add(lifetime), Identity: m.identity()})
	if err != nil {
		panic(fmt.Sprintf("seal a token: %v", err)) // it is our own
	}
	return tokenPrefix + text
}

// programKinds ask the endpoints of programs: each address and each person has a bucket.
func programKinds() []kind {
	const limited = http.StatusTooManyRequests
	k := func(name string, weight int, of func(m *maker) *request, want ...int) kind {
		return kind{name: name, weight: weight, want: want, make: of}
	}
	never := k("token endpoint, address never seen", 120, func(m *maker) *request {
		return m.post(m.address(), of(m, tokenPath, revokePath), m.badForm())
	}, http.StatusBadRequest)
	never.passes = "rate_limits"
	return []kind{
		never,
		k("token endpoint, one address", 20, func(m *maker) *request {
			return m.post("192.0.2.1", tokenPath, m.badForm())
		}, http.StatusBadRequest, limited),
		k("token endpoint, a person's token", 20, func(m *maker) *request {
			token, err := m.idp.IDToken(personID(m.random.IntN(people)), clientID, "")
			if err != nil {
				panic(fmt.Sprintf("make an ID token: %v", err))
			}
			return m.post(m.address(), tokenPath, url.Values{"grant_type": {grantExchange}, "subject_token": {token}, "subject_token_type": {typeIDToken}}.Encode())
		}, http.StatusOK, limited),
		k("token endpoint, a token that is forged", 20, func(m *maker) *request {
			token := m.forged(1, map[string]any{"oid": m.guid()})
			return m.post(m.address(), tokenPath, url.Values{"grant_type": {grantExchange}, "subject_token": {token}, "subject_token_type": {typeIDToken}}.Encode())
		}, http.StatusBadRequest),
		k("token endpoint, a form that is too long", 5, func(m *maker) *request {
			return m.post(m.address(), tokenPath, "id_token="+strings.Repeat(m.text(60), 40<<10/64))
		}, http.StatusBadRequest, http.StatusRequestEntityTooLarge),
	}
}

// people is how many persons the identity provider knows beside its own.
const people = 100

func personID(n int) string { return fmt.Sprintf("person-%d", n) }

// address is one that nobody had before, or hardly ever.
func (m *maker) address() string {
	var b [16]byte
	for i := range b {
		b[i] = byte(m.random.IntN(256)) //nolint:gosec // below 256
	}
	if m.random.IntN(2) == 0 {
		return netip.AddrFrom4([4]byte(b[:4])).String()
	}
	b[0] = 0x20 // a global one
	return netip.AddrFrom16(b).String()
}

// badForm is a form of which no token can come.
func (m *maker) badForm() string {
	return of(m, "", "x="+m.text(9), "grant_type="+m.text(m.one(60)), "grant_type=refresh_token&refresh_token=ear_"+m.text(m.one(600)),
		"grant_type=authorization_code&code="+m.text(600)+"&redirect_uri=http://127.0.0.1:1/&code_verifier="+m.text(60),
		"id_token="+m.text(m.one(900)), "id_token=a&id_token="+m.text(9), "token=")
}

// post is a form of a program that nobody knows, as the proxy hands it over.
func (m *maker) post(from, target, body string) *request {
	return &request{
		method: http.MethodPost, target: target, host: host, body: body,
		header: []string{"Accept: application/json", "Content-Type: application/x-www-form-urlencoded", "X-Real-IP: " + from, "User-Agent: " + m.text(9)},
	}
}

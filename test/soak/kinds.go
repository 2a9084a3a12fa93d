package main

import (
	"net/http"
	"slices"
)

// kind is one way of using, or misusing, the server.
type kind struct {
	name   string
	weight int   // how often among the others
	want   []int // the statuses that are right; any other ends the run

	make  func(m *maker) *request
	learn func(m *maker, a *answer) // what the client keeps of the answer; may be nil

	fills      string // the cache that it offers something new; "" for none
	passes     string // the same, where each thing leaves by itself after a moment
	twice      bool   // each is sent twice in a row: what comes once is not cached
	unknownKey bool   // it names a key of the provider's that does not exist
	code       bool   // it may make the server redeem a code
}

func (k *kind) wants(status int) bool { return slices.Contains(k.want, status) }

// times is how often each request is sent.
func (k *kind) times() int {
	if k.twice {
		return 2
	}
	return 1
}

// kinds is all of them: what may pass, and what must not.
func kinds() []kind {
	return slices.Concat(ticketKinds(), assertionKinds(), policyKinds(), cookieKinds(), bearerKinds(), tokenKinds(), ruleKinds(), signInKinds(), programKinds())
}

// Statuses of the auth endpoint.
const (
	pass   = http.StatusAccepted
	refuse = http.StatusUnauthorized
	broken = http.StatusForbidden // the proxy's configuration
)

func ticketKinds() []kind {
	return []kind{
		{name: "ticket, never seen", fills: "tickets", twice: true, weight: 240, want: []int{pass}, make: func(m *maker) *request {
			return m.ask("", m.fresh().cookie())
		}},
		{name: "ticket, seen before", weight: 100, want: []int{pass}, make: func(m *maker) *request {
			return m.ask(of(m, "", "?role=Reader", "?role=Reader|Writer"), m.recent().cookie("theme="+m.text(20)))
		}},
		{name: "ticket, rule never seen", fills: "queries", weight: 120, want: []int{pass}, make: func(m *maker) *request {
			return m.ask(of(m, "?role=Reader|", "?role-any=Reader,")+m.text(m.one(of(m, 20, 4000))), m.recent().cookie())
		}},
		{name: "ticket, without the role", weight: 40, want: []int{refuse}, learn: denied, make: func(m *maker) *request {
			return m.ask("?role="+m.text(m.one(40)), m.recent().cookie(m.state()))
		}},
		{name: "ticket, without what a sign-in brings", weight: 20, want: []int{refuse}, learn: denied, make: func(m *maker) *request {
			return m.ask(of(m, "?scope=", "?group=", "?graph=/me/")+m.text(m.one(20)), m.recent().cookie(m.state()))
		}},
		{name: "ticket, any method, host and address", weight: 40, want: []int{pass}, make: anywhere},
	}
}

// anywhere is a page of a host that nobody knows.
func anywhere(m *maker) *request {
	r := m.ask("", m.recent().cookie())
	r.host = m.domain()
	r.method = of(m, "GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND", "M"+letters[26:26+m.one(26)])
	address := "https://" + m.domain() + ":" + of(m, "1", "443", "8443", "65535") + "/" + m.text(m.one(of(m, 50, 2000)))
	if m.random.IntN(2) == 0 {
		address += "?" + m.text(m.one(300)) + "=%" + m.text(m.one(300))
	}
	r.header[0], r.header[1] = "X-Original-URL: "+address, "X-Original-Method: "+m.text(m.one(20))
	r.header = append(r.header, "X-Forwarded-For: "+m.text(9), "User-Agent: "+m.text(m.one(200)), "Referer: https://"+m.domain()+"/"+m.text(m.one(200)), m.text(m.one(60))+": "+m.text(m.one(60)))
	return r
}

// denied keeps the denial cookie of a refusal, to send it with the next request.
func denied(m *maker, a *answer) {
	for _, line := range a.header["Set-Cookie"] {
		if c, err := http.ParseSetCookie(line); err == nil && c.Name == stateName {
			m.states = keep(m.states, c.Value)
		}
	}
}

// state is a denial cookie: one of ours, or nobody's.
func (m *maker) state() string {
	if len(m.states) == 0 || m.random.IntN(8) == 0 {
		return stateName + "=" + m.text(m.one(1400))
	}
	return stateName + "=" + of(m, m.states...)
}

// ruleKinds are questions that cannot be read: a proxy's configuration that is
// broken, or a client that reached the server past it.
func ruleKinds() []kind {
	return []kind{
		{name: "rule that is unknown", weight: 20, want: []int{broken}, make: func(m *maker) *request {
			return m.ask("?"+m.text(m.one(60))+"="+m.text(m.one(60)), m.recent().cookie())
		}},
		{name: "rule that cannot be read", weight: 20, want: []int{broken}, make: func(m *maker) *request {
			text := m.text(m.one(60))
			return m.ask(of(m, "?role=", "?role="+text+"||", "?role=%zz"+text, "?scope="+text+"%20x", "?group=%00"+text, "?graph=//"+text, "?max_age="+text, "?acr="+text), m.recent().cookie())
		}},
		{name: "rule that is too long", weight: 5, want: []int{broken}, make: func(m *maker) *request {
			return m.ask("?role="+m.text(8<<10+m.one(8<<10)), m.recent().cookie())
		}},
		{name: "address that cannot be read", weight: 20, want: []int{broken}, make: func(m *maker) *request {
			r := m.ask("", m.recent().cookie())
			text := m.text(m.one(60))
			r.header[0] = of(m, "X-Nothing: ", "X-Original-URL: ", "X-Original-URL: //"+text, "X-Original-URL: ftp://"+text, "X-Original-URL: https://u:p@"+text,
				"X-Original-URL: https://"+host+"/%zz"+text, "X-Original-URL: https://"+host+"/\xff"+text, "X-Original-URL: https://"+host+"/"+m.text(8<<10),
				"X-Original-URL: https://"+text+"\r\nX-Original-URL: https://"+host+"/")
			return r
		}},
	}
}

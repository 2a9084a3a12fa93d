package main

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// cookieKinds are cookies that nobody was given.
func cookieKinds() []kind {
	k := func(name string, weight int, cookie func(m *maker) string) kind {
		return kind{name: name, weight: weight, want: []int{refuse}, learn: denied, make: func(m *maker) *request {
			return m.ask("", cookie(m))
		}}
	}
	return []kind{
		{name: "no cookie", weight: 40, want: []int{refuse}, learn: denied, make: func(m *maker) *request { return m.ask("") }},
		k("cookie, made up", 30, func(m *maker) string {
			return carried{of(m, "", "0", "1", "2", "9") + m.text(m.one(4000))}.cookie(m.state())
		}),
		k("cookie, a character changed", 30, func(m *maker) string { return m.changed().cookie() }),
		k("cookie, cut short", 20, func(m *maker) string {
			c := m.recent()
			return carried{c[0][:m.random.IntN(len(c[0]))]}.cookie()
		}),
		k("cookie, of a key that is unknown", 20, func(m *maker) string {
			c := m.recent()
			return append(carried{c[0][:1] + m.text(6)[len(mark):] + c[0][7:]}, c[1:]...).cookie() // the id is 4 bytes: not quite 6 characters
		}),
		k("cookie, of another deployment", 10, func(m *maker) string { return m.sealed(m.foreign, 0).cookie() }),
		k("cookie, expired", 10, func(m *maker) string { return m.sealed(m.own, lifetime+time.Minute).cookie() }),
		k("cookie, sealed for another purpose", 10, func(m *maker) string {
			return carried{"1" + strings.TrimPrefix(m.state(), stateName+"=")}.cookie()
		}),
		k("cookie, chunks of several", 20, func(m *maker) string {
			a, b := m.long()
			return of(m, carried{a[0], b[1]}, carried{a[1], a[0]}, carried{a[0]}, carried{"1" + a[0][1:], a[1]}, carried{a[0], a[0]}).cookie()
		}),
		k("cookie, chunks of other numbers", 10, func(m *maker) string {
			a, _ := m.long()
			return "Cookie: " + ticketName + "=" + a[0] + "; " + ticketName + of(m, "--1", "-2", "-01", "-999999999", "-"+m.text(9)) + "=" + a[1]
		}),
		k("cookie, several of one name", 10, func(m *maker) string {
			return m.recent().cookie(ticketName + "=" + of(m, m.recent()[0], m.text(40)))
		}),
		k("cookies, 200", 10, func(m *maker) string {
			pairs := make([]string, 0, 200)
			for n := range cap(pairs) {
				pairs = append(pairs, ticketName+"-"+strconv.Itoa(n)+"="+m.text(m.one(60)))
			}
			return "Cookie: " + ticketName + "=2" + m.text(100) + "; " + strings.Join(pairs, "; ")
		}),
		k("cookies, 60 KB", 5, func(m *maker) string {
			var lines []string
			for range 15 {
				lines = append(lines, "Cookie: "+ticketName+"="+m.long4k())
			}
			return strings.Join(lines, "\r\n")
		}),
		{name: "headers, 90 KB", weight: 5, want: []int{http.StatusRequestHeaderFieldsTooLarge}, make: func(m *maker) *request {
			return m.ask("", "Cookie: "+ticketName+"="+strings.Repeat(m.text(40), 90<<10/44))
		}},
	}
}

// changed is a ticket with another character somewhere.
func (m *maker) changed() carried {
	c := append(carried(nil), m.recent()...)
	part := m.random.IntN(len(c))
	at := m.random.IntN(len(c[part]))
	letter := letters[m.random.IntN(len(letters))]
	if letter == c[part][at] {
		letter = '.'
	}
	c[part] = c[part][:at] + string(letter) + c[part][at+1:]
	return c
}

// long are two tickets, of two cookies each.
func (m *maker) long() (a, b carried) {
	var found []carried
	for _, c := range m.tickets {
		if len(c) > 1 {
			found = append(found, c)
		}
	}
	for len(found) < 2 {
		if c := m.fresh(); len(c) > 1 {
			found = append(found, c)
		}
	}
	return found[0], found[len(found)-1]
}

// long4k is 4 KB that cost little to make up.
func (m *maker) long4k() string { return strings.Repeat(m.text(60), 4<<10/64) }

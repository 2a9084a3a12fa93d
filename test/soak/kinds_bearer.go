package main

import "strings"

// The application's own API, and the client that asks for tokens of it.
const (
	clientID = "11111111-2222-4333-8444-555555555555"
	callerID = "22222222-2222-4333-8444-555555555555"
	ownAPI   = "api://" + clientID
	ownScope = ownAPI + "/Orders.Read"
)

// bearerKinds are access tokens: good ones, and what looks like them.
func bearerKinds() []kind {
	k := func(name string, weight, want int, header func(m *maker) string) kind {
		return kind{name: name, weight: weight, want: []int{want}, make: func(m *maker) *request {
			return m.ask("", header(m))
		}}
	}
	const bearer = "Authorization: Bearer "
	unknown := k("token, of a key that is unknown", 40, refuse, func(m *maker) string {
		return bearer + m.forged(0, map[string]any{"kid": m.text(m.one(60))})
	})
	unknown.unknownKey = true
	fresh := k("token, never seen", 25, pass, func(m *maker) string { return bearer + m.token() })
	fresh.fills = "bearer"
	return []kind{
		fresh,
		k("token, seen before", 30, pass, func(m *maker) string { return bearer + m.knownToken() }),
		unknown,
		k("token, for another audience", 10, refuse, func(m *maker) string {
			return bearer + m.forged(1, map[string]any{"aud": "api://" + m.text(m.one(300))})
		}),
		k("token, with other claims", 10, refuse, func(m *maker) string {
			return bearer + m.forged(1, map[string]any{m.text(m.one(30)): m.text(m.one(300))})
		}),
		k("token, of an algorithm that is none", 5, refuse, func(m *maker) string {
			return bearer + m.forged(0, map[string]any{"alg": of(m, "none", "HS256", m.text(5))})
		}),
		k("token, made up", 10, refuse, func(m *maker) string {
			return "Authorization: " + of(m, "Bearer ", "bearer  ", "Basic ", m.text(9)+" ") + m.text(m.one(300)) + "." + m.text(m.one(2000)) + "." + m.text(m.one(300))
		}),
		k("token, too long", 5, refuse, func(m *maker) string {
			return bearer + m.knownToken() + strings.Repeat(m.text(60), 17<<10/64)
		}),
		k("tokens, two", 5, refuse, func(m *maker) string {
			return bearer + m.knownToken() + "\r\n" + bearer + m.knownToken()
		}),
	}
}

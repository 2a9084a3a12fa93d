package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/seal"
	"github.com/easyauth-sidecar/easyauth/authserver/ticket"
	"github.com/easyauth-sidecar/easyauth/test/entra"
)

const (
	host     = "app.test"
	authPath = "/easyauth/auth"

	// mark is in every text that clients make up, so that it is found where it must not be.
	mark = "s0ak"

	ticketName  = "__Host-easyauth"
	ticketName1 = "__Host-easyauth-1"
	stateName   = "__Host-easyauth-state"
)

// mint makes what only those can make who have the keys: tickets of this
// deployment and of another one, and access tokens.
type mint struct {
	own, packed *ticket.Codec // of this deployment: packed compresses, which costs more than all else here
	foreign     *ticket.Codec
	issuer      string
	idp         *entra.Server
	groups      []string // GUIDs
}

func newMint(key []byte, idp *entra.Server) (*mint, error) {
	m := &mint{issuer: idp.Authority() + "/v2.0", idp: idp}
	domain := seal.Domain{BasePath: "/easyauth", Authority: m.issuer, ClientID: clientID}
	var err error
	if m.own, err = m.codec(key, domain, false); err != nil {
		return nil, err
	}
	if m.packed, err = m.codec(key, domain, true); err != nil {
		return nil, err
	}
	domain.ClientID = "99999999-2222-4333-8444-555555555555"
	if m.foreign, err = m.codec(key, domain, false); err != nil {
		return nil, err
	}
	for n := range 200 {
		m.groups = append(m.groups, entra.GroupID(n+1))
	}
	return m, nil
}

func (m *mint) codec(key []byte, domain seal.Domain, compress bool) (*ticket.Codec, error) {
	ring, err := seal.NewRing([][]byte{key}, domain)
	if err != nil {
		return nil, err
	}
	return ticket.New(ticket.Config{Ring: ring, Issuer: m.issuer, NoCompression: !compress})
}

// maker makes the requests of one client. What it remembers is bounded.
type maker struct {
	*mint

	random  *rand.Rand
	tickets []carried // the last ones that it was given
	tokens  []string
	states  []string // values of denial cookies
	logins  []login
}

// carried is a ticket's cookies.
type carried []string

// login is a sign-in that was begun.
type login struct{ cookie, state string }

// memory is how many of each a client remembers.
const memory = 64

func keep[T any](list []T, one T) []T {
	if len(list) >= memory {
		list = slices.Delete(list, 0, memory/2)
	}
	return append(list, one)
}

func newMaker(m *mint, seed uint64) *maker {
	return &maker{mint: m, random: rand.New(rand.NewPCG(seed, seed))}
}

func (m *maker) one(n int) int { return 1 + m.random.IntN(n) }

// of picks one of several.
func of[T any](m *maker, list ...T) T { return list[m.random.IntN(len(list))] }

const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"

// text is a new one of n letters and the mark.
func (m *maker) text(n int) string { return m.textOf(letters, n) }

// domain is a new one of two labels.
func (m *maker) domain() string { return m.textOf(letters[:26], m.one(40)) + ".example" }

func (m *maker) textOf(letters string, n int) string {
	b := append(make([]byte, 0, len(mark)+n), mark...)
	for range n {
		b = append(b, letters[m.random.IntN(len(letters))])
	}
	return string(b)
}

// guid is a new one.
func (m *maker) guid() string {
	return fmt.Sprintf("%08x-%04x-4%03x-8%03x-%012x", m.random.Uint32(), m.random.Uint32()&0xffff, m.random.Uint32()&0xfff, m.random.Uint32()&0xfff, m.random.Uint64()&0xffffffffffff)
}

// identity is one that nobody had before: mostly small, some that need two cookies.
func (m *maker) identity() access.Identity {
	id := access.Identity{
		Tenant: m.idp.TenantID(), Object: m.guid(), Issuer: m.issuer, Subject: m.text(30),
		Name: m.text(12), PreferredUsername: m.text(8) + "@contoso.example", Email: m.text(8) + "@contoso.example",
		Roles: []string{"Reader"}, Scopes: []string{"openid", "profile", "email"}, AuthTime: time.Now(),
	}
	switch m.random.IntN(10) {
	case 0:
		id.Groups = m.groups
	case 1, 2:
		for range m.one(20) {
			id.Claims = append(id.Claims, access.Claim{Name: m.text(6), Values: []string{m.text(m.one(40))}})
		}
		slices.SortFunc(id.Claims, func(a, b access.Claim) int { return strings.Compare(a.Name, b.Name) })
	}
	return id
}

// sealed seals a ticket for an identity, issued that long ago.
func (m *maker) sealed(codec *ticket.Codec, age time.Duration) carried {
	issued := time.Now().Add(-age)
	chunks, _, err := codec.Seal(&ticket.Ticket{ID: ticket.NewID(), Issued: issued, Expires: issued.Add(lifetime), Identity: m.identity()})
	if err != nil {
		panic(fmt.Sprintf("seal a ticket: %v", err)) // it is our own
	}
	return chunks
}

const lifetime = 8 * time.Hour // EasyAuth's default

// fresh is a ticket that was never seen.
func (m *maker) fresh() carried {
	c := m.sealed(of(m, m.own, m.own, m.own, m.own, m.own, m.own, m.own, m.packed), time.Duration(m.random.IntN(3600))*time.Second)
	m.tickets = keep(m.tickets, c)
	return c
}

// recent is one of the last tickets.
func (m *maker) recent() carried {
	if len(m.tickets) == 0 {
		return m.fresh()
	}
	return of(m, m.tickets...)
}

// cookie is the header line of a ticket, with other cookies.
func (c carried) cookie(others ...string) string {
	pairs := []string{ticketName + "=" + c[0]}
	if len(c) > 1 {
		pairs = append(pairs, ticketName1+"="+c[1])
	}
	return "Cookie: " + strings.Join(append(pairs, others...), "; ")
}

// ask is a question about a page of the application, as nginx puts it.
func (m *maker) ask(query string, header ...string) *request {
	lines := append([]string{
		"X-Original-URL: https://" + host + "/" + m.text(m.one(16)), "X-Original-Method: GET", "X-Real-IP: 192.0.2.1", "Connection: keep-alive",
		of(m, "Sec-Fetch-Mode: navigate", "Sec-Fetch-Mode: cors", "Accept: text/html"),
	}, header...)
	return &request{method: "GET", target: authPath + query, host: host, header: lines}
}

// token is an access token for the application that was never seen.
func (m *maker) token() string {
	token, err := m.idp.UserToken(of(m, entra.Adele, entra.Max), callerID, ownScope)
	if err != nil {
		panic(fmt.Sprintf("make an access token: %v", err))
	}
	m.tokens = keep(m.tokens, token)
	return token
}

// knownToken is one of the last.
func (m *maker) knownToken() string {
	if len(m.tokens) == 0 {
		return m.token()
	}
	return of(m, m.tokens...)
}

// forged changes one part (0: header, 1: claims) of a token that was good.
func (m *maker) forged(part int, changes map[string]any) string {
	parts := strings.Split(m.knownToken(), ".")
	raw, err := base64.RawURLEncoding.DecodeString(parts[part])
	members := map[string]any{}
	if err == nil {
		err = json.Unmarshal(raw, &members)
	}
	if err != nil {
		panic(fmt.Sprintf("read an access token: %v", err))
	}
	for name, value := range changes {
		members[name] = value
	}
	text, err := json.Marshal(members)
	if err != nil {
		panic(fmt.Sprintf("write an access token: %v", err))
	}
	parts[part] = base64.RawURLEncoding.EncodeToString(text)
	return strings.Join(parts, ".")
}

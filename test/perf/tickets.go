package main

import (
	"crypto/sha256"
	"fmt"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/cookie"
	"github.com/easyauth-sidecar/easyauth/authserver/seal"
	"github.com/easyauth-sidecar/easyauth/authserver/ticket"
	"github.com/easyauth-sidecar/easyauth/test/entra"
)

// The registration and the host that everything is measured with.
const (
	clientID     = "11111111-2222-4333-8444-555555555555"
	clientSecret = "a-secret-of-the-measurement"
	ringKey      = "01234567890123456789012345678901"
	basePath     = "/easyauth"
	host         = "app.test"
)

// ticketCookie is the name of the cookie that carries a ticket.
func ticketCookie() string {
	return cookie.New(cookie.Config{BasePath: basePath, ClientID: clientID}).Ticket.Name
}

// person has 20 claims, as an ID token of Entra ID with the usual optional ones.
// Each i is another person, whose values are as long.
func person(idp *entra.Server, i int) access.Identity {
	hex := fmt.Sprintf("%x", sha256.Sum256(fmt.Append(nil, i)))
	id := access.Identity{
		Tenant: idp.TenantID(), Issuer: authority(idp),
		Object:  fmt.Sprintf("%s-%s-4%s-8%s-%s", hex[:8], hex[8:12], hex[12:15], hex[15:18], hex[18:30]),
		Subject: hex[:43],
		Name:    fmt.Sprintf("Adele Vance %06d", i), PreferredUsername: fmt.Sprintf("adele.%06d@contoso.example", i),
		Email: fmt.Sprintf("adele.vance.%06d@contoso.example", i),
		Roles: []string{"Orders.Read", "Orders.Write"}, Scopes: []string{"openid", "profile", "email", "User.Read"},
		AuthTime: time.Now().Add(-time.Minute),
	}
	for _, claim := range [][2]string{
		{"acct", "0"},
		{"city", "Oslo"},
		{"country", "Norway"},
		{"ctry", "NO"},
		{"department", "Retail"},
		{"family_name", "Vance"},
		{"given_name", "Adele"},
		{"jobTitle", "Retail Manager"},
		{"tenant_region_scope", "EU"},
		{"upn", id.PreferredUsername},
	} {
		id.Claims = append(id.Claims, access.Claim{Name: claim[0], Values: []string{claim[1]}})
	}
	return id
}

// authority is the issuer, as EasyAuth is configured with it.
func authority(idp *entra.Server) string { return idp.Authority() + "/v2.0" }

// sealTickets writes n tickets of different persons, a line each, sealed under
// EasyAuth's own key.
func sealTickets(idp *entra.Server, path string, n int) (*rotation, error) {
	ring, err := seal.NewRing([][]byte{[]byte(ringKey)}, seal.Domain{BasePath: basePath, Authority: authority(idp), ClientID: clientID})
	if err != nil {
		return nil, err
	}
	codec, err := ticket.New(ticket.Config{Ring: ring, Issuer: authority(idp)})
	if err != nil {
		return nil, err
	}
	now := time.Now()
	return writeRotation(path, n, func(i int) (string, error) {
		chunks, dropped, err := codec.Seal(&ticket.Ticket{ID: ticket.NewID(), Issued: now, Expires: now.Add(8 * time.Hour), Identity: person(idp, i)})
		if err == nil && (len(chunks) != 1 || len(dropped) > 0) {
			err = fmt.Errorf("a ticket takes %d cookies, and lost %v", len(chunks), dropped)
		}
		if err != nil {
			return "", err
		}
		return chunks[0], nil
	})
}

package entra

import (
	"errors"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/secret"
)

// What is taken of a token for another audience, and nothing else.
func TestSubjectOfAnotherAudience(t *testing.T) {
	person := access.Identity{
		Tenant: testTenant, Object: testObject, Issuer: testIssuer, Name: "Ann", PreferredUsername: "ann@example.test", Email: "ann@mail.example",
	}
	with := func(edit func(*access.Identity)) access.Identity {
		id := person
		edit(&id)
		return id
	}
	chief := set(map[string]any{"roles": []string{"Chief", "Admin", "CHIEF"}})
	v1 := func(id *access.Identity) { id.Issuer = testV1 }
	for _, tt := range []struct {
		name string
		kind SubjectKind
		edit func(*call)
		want Subject
		id   access.Identity
	}{
		{"ID token", SubjectID, forNeighbour, Subject{Client: testNeighbour}, person},
		{"ID token without nonce", SubjectID, all(forNeighbour, set(map[string]any{"nonce": nil})), Subject{Client: testNeighbour}, person},
		{"ID token that names its client", SubjectID, all(forNeighbour, set(map[string]any{"azp": testCaller})), Subject{Client: testCaller}, person},
		{"ID token that names its audience", SubjectID, all(forNeighbour, set(map[string]any{"azp": testNeighbour})), Subject{Client: testNeighbour}, person},
		{"ID token that names us", SubjectID, all(forNeighbour, set(map[string]any{"azp": testClient})), Subject{Client: testClient}, person},
		{"ID token with a list of one audience", SubjectID, all(forNeighbour, set(map[string]any{"aud": []string{testNeighbour}})), Subject{Client: testNeighbour}, person},
		{"ID token with a role that is worth two", SubjectID, all(forNeighbour, chief), Subject{Client: testNeighbour}, with(func(id *access.Identity) { id.Roles = []string{"Boss", "Reader"} })},
		{"access token", SubjectAccess, forNeighbour, Subject{Client: testCaller}, person},
		{"access token with a list of one audience", SubjectAccess, all(forNeighbour, set(map[string]any{"aud": []string{testNeighbour}})), Subject{Client: testCaller}, person},
		{"access token with a role", SubjectAccess, all(forNeighbour, chief), Subject{Client: testCaller}, with(func(id *access.Identity) { id.Roles = []string{"Boss", "Reader"} })},
		{"access token with the role of another audience", SubjectAccess, all(forNeighbour, set(map[string]any{"roles": []string{"Clerk"}})), Subject{Client: testCaller}, person},
		{"access token of v1 for an API", SubjectAccess, all(forNeighbour, asV1, set(map[string]any{"aud": testBilling, "roles": []string{"Clerk", "Chief"}})), Subject{Client: testCaller}, with(func(id *access.Identity) { v1(id); id.Roles = []string{"Payer"} })},
		{"access token that says so by its typ", SubjectAccess, all(forNeighbour, edit(withHeader("typ", "at+jwt"))), Subject{Client: testCaller}, person},
		{"access token of an application", SubjectAccess, asNeighbourApp, Subject{Client: testCaller, App: true}, access.Identity{Tenant: testTenant, Object: testObject, Issuer: testIssuer, Name: testCaller, Roles: []string{"Boss", "Reader"}, Claims: []access.Claim{{Name: "idtyp", Values: []string{"app"}}}}},
		{"access token of an application that says so", SubjectAccess, all(asNeighbourApp, set(map[string]any{"idtyp": "app"})), Subject{Client: testCaller, App: true}, access.Identity{Tenant: testTenant, Object: testObject, Issuer: testIssuer, Name: testCaller, Roles: []string{"Boss", "Reader"}, Claims: []access.Claim{{Name: "idtyp", Values: []string{"app"}}}}},
		{"a name that is too large", SubjectID, all(forNeighbour, set(map[string]any{"email": 5})), Subject{Client: testNeighbour}, with(func(id *access.Identity) { id.Email = ""; id.Dropped = []string{"email"} })},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := bringAccess()
			if tt.kind == SubjectID {
				c = bringID()
			}
			tt.edit(c)
			got, err := c.bring(t, tt.kind)
			if err != nil {
				t.Fatal(err)
			}
			tt.id.Elsewhere = true
			tt.want.Identity, tt.want.Expires = &tt.id, startTime.Add(time.Hour)
			if !got.Expires.Equal(tt.want.Expires) {
				t.Errorf("expires %v", got.Expires)
			}
			got.Expires = tt.want.Expires
			if !reflect.DeepEqual(got, &tt.want) {
				t.Errorf("%+v of %+v, want %+v of %+v", got, got.Identity, tt.want, tt.id)
			}
			if got.Identity.Key() != (access.Key{Authority: testTenant, ID: testObject}) {
				t.Errorf("key %+v", got.Identity.Key())
			}
		})
	}
}

// Of a token of ours Subject says what Verify and Bearer say.
func TestSubjectOfOurs(t *testing.T) {
	more := set(map[string]any{"groups": []string{"0a0a0a0a-0b0b-4c0c-8d0d-0e0e0e0e0e0e"}, "hasgroups": true, "acrs": []string{"c1"}, "dept": "x", "auth_time": startTime.Unix()})
	alone := func(c *call) { c.cfg.ExchangeAudiences, c.cfg.ExchangeRoles = nil, nil } // as B2C and plain providers need it
	kinds := map[string]func(*call){
		"one tenant": func(*call) {}, "organizations": inOrganizations, "External ID": asExternal,
		"B2C": all(alone, edit(b2cAttempt)), "plain": all(alone, asPlain, set(map[string]any{"aud": testClient, "scope": nil, "azp": testCaller})),
	}
	for name, as := range kinds {
		t.Run("ID token/"+name, func(t *testing.T) {
			c := bringID()
			all(more, as)(c)
			got, err := c.bring(t, SubjectID)
			if err != nil {
				t.Fatal(err)
			}
			client := testClient
			if azp := c.claims["azp"]; azp != nil {
				client = testCaller
				delete(c.claims, "azp") // not ours: Verify refuses it
				got.Identity.Claims = slices.DeleteFunc(got.Identity.Claims, func(claim access.Claim) bool { return claim.Name == "azp" })
			}
			want, err := c.run(t)
			if err != nil || !got.Own || got.App || got.Client != client || !reflect.DeepEqual(got.Identity, want) || !got.Expires.Equal(startTime.Add(time.Hour)) {
				t.Errorf("%+v of %+v, want %+v, %v", got, got.Identity, want, err)
			}
		})
	}
	kinds["B2C"], kinds["plain"] = all(alone, asB2C), all(alone, asPlain)
	maps.Copy(kinds, map[string]func(*call){"v1": asV1, "application": asApp, "API": set(map[string]any{"aud": testAPI}), "client that is not listed": set(map[string]any{"azp": testStranger})})
	for name, as := range kinds {
		t.Run("access token/"+name, func(t *testing.T) {
			c := bringAccess()
			all(more, as)(c)
			got, err := c.bring(t, SubjectAccess)
			if err != nil {
				t.Fatal(err)
			}
			c.cfg.AcceptBearer = true
			want := c.party(t).Bearer(t.Context(), c.sends())
			client := testCaller
			if name == "client that is not listed" {
				client = testStranger
			}
			if want.Err != nil || !got.Own || got.App != (name == "application") || got.Client != client || !got.Expires.Equal(want.Expires) || !reflect.DeepEqual(got.Identity, want.Identity) {
				t.Errorf("%+v of %+v, want %+v of %+v", got, got.Identity, want, want.Identity)
			}
		})
	}
}

// Before discovery, and without keys, it cannot be told whether a token is good: that
// is no refusal.
func TestSubjectCannotTell(t *testing.T) {
	for name, c := range map[string]*call{"ID token": bringID(), "access token": bringAccess()} {
		kind := map[string]SubjectKind{"ID token": SubjectID, "access token": SubjectAccess}[name]
		for _, other := range []bool{false, true} {
			if other {
				forNeighbour(c)
			}
			got, err := must(New(c.cfg)).Subject(t.Context(), kind, secret.New(c.jwt()))
			if !errors.Is(err, ErrNotReady) || got != nil || reasonOf(t, err) != ReasonUnavailable {
				t.Errorf("%s before discovery: %+v, %v", name, got, err)
			}
		}
		if got, err := c.bring(t, kind); err != nil || got.Own || !got.Identity.Elsewhere {
			t.Errorf("%s afterwards: %+v, %v", name, got, err)
		}
		c.header["kid"] = "k0"
		laterKeys(http.StatusServiceUnavailable, "leaked")(c)
		if got, err := c.bring(t, kind); (reasonOf(t, err) != ReasonUnavailable && reasonOf(t, err) != ReasonIDPError) || got != nil {
			t.Errorf("%s while keys cannot be read: %+v, %v", name, got, err)
		}
	}
	// A tenant of organizations whose document has not been read.
	for _, kind := range []SubjectKind{SubjectID, SubjectAccess} {
		c := bringID()
		if kind == SubjectAccess {
			c = bringAccess()
		}
		inOrganizations(c)
		rp := must(New(c.cfg))
		rp.adopt(must(rp.discover(t.Context())))
		if got, err := rp.Subject(t.Context(), kind, secret.New(c.jwt())); reasonOf(t, err) != ReasonUnavailable || got != nil {
			t.Errorf("kind %d, before its tenant's document: %+v, %v", kind, got, err)
		}
		if got, err := c.bring(t, kind); err != nil || !got.Own || got.Identity.Elsewhere {
			t.Errorf("kind %d, afterwards: %+v, %v", kind, got, err)
		}
	}
}

// A token is the kind that it is, whatever is said of it.
func TestSubjectKinds(t *testing.T) {
	for _, tt := range []struct {
		name  string
		token *call
		kind  SubjectKind
	}{{"ID token", bringID(), SubjectID}, {"access token", bringAccess(), SubjectAccess}} {
		for _, edit := range []func(*call){func(*call) {}, forNeighbour} {
			edit(tt.token)
			for kind := range SubjectKind(4) {
				got, err := tt.token.bring(t, kind)
				if kind == tt.kind {
					if err != nil || got == nil {
						t.Errorf("%s: %v", tt.name, err)
					}
				} else if reasonOf(t, err) != ReasonToken || got != nil {
					t.Errorf("%s as kind %d: %+v, %v", tt.name, kind, got, err)
				}
			}
		}
	}
}

// New refuses Microsoft's own audiences. Should one get in all the same, its tokens
// still do not count.
func TestAttack20MicrosoftsTokensEvenWhenListed(t *testing.T) {
	for _, aud := range []string{
		"00000003-0000-0000-c000-000000000000", "https://graph.microsoft.com", "https://graph.microsoft.com/", "https://management.azure.com/",
		"https://management.core.windows.net/", "797f4846-ba00-4fd7-ba43-dac1f8f63013", "api://AzureADTokenExchange", "https://vault.azure.net",
	} {
		for _, kind := range []SubjectKind{SubjectID, SubjectAccess} {
			c := bringID()
			if kind == SubjectAccess {
				c = bringAccess()
			}
			forNeighbour(c)
			rp := c.party(t)
			rp.cfg.ExchangeAudiences = []string{aud, testNeighbour}
			if got, err := rp.Subject(t.Context(), kind, secret.New(c.jwt())); err != nil || got == nil {
				t.Errorf("the neighbour's: %v", err)
			}
			if got, err := rp.Subject(t.Context(), kind, secret.New(c.jwtWith("aud", aud))); reasonOf(t, err) != ReasonAudience || got != nil {
				t.Errorf("%s, kind %d: %+v, %v", aud, kind, got, err)
			}
		}
	}
}

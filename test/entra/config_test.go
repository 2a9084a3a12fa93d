package entra_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"math/big"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/test/entra"
)

func TestNewRefuses(t *testing.T) {
	for _, row := range []struct {
		name string
		edit func(*entra.Config)
		want string // "" means accepted
	}{
		{"nothing wrong", func(*entra.Config) {}, ""},
		{"tenant id in upper case", func(c *entra.Config) { c.TenantID = strings.ToUpper(entra.DefaultTenantID) }, "tenant id"},
		{"tenant by name", func(c *entra.Config) { c.TenantID = "contoso.example" }, "tenant id"},
		{"no client", func(c *entra.Config) { c.Clients = nil }, "no client"},
		{"client without id", func(c *entra.Config) { c.Clients[0].ID = "" }, "client id"},
		{"client twice", func(c *entra.Config) { c.Clients[1].ID = c.Clients[0].ID }, "twice"},
		{"unknown optional claim", func(c *entra.Config) { c.Clients[0].OptionalClaims = []string{"amr"} }, "optional claim"},
		{"unknown admin consent", func(c *entra.Config) { c.Clients[0].AdminConsent = []string{"Usr.Read"} }, "admin consent"},
		{"app permission of nobody", func(c *entra.Config) { c.Clients[0].AppPermissions = map[string][]string{"api://x": {"A"}} }, "app permissions"},
		{"negative lifetime", func(c *entra.Config) { c.TokenLifetime = -time.Second }, "negative"},
		{"small key", func(c *entra.Config) {
			c.SigningKey = &rsa.PrivateKey{PublicKey: rsa.PublicKey{N: new(big.Int).Lsh(big.NewInt(1), 1023), E: 3}}
		}, "1024 bits"},
		{"user without object id", func(c *entra.Config) { c.Users = []entra.User{{ID: "x", Username: "x"}} }, "object id"},
		{"user without name", func(c *entra.Config) { c.Users = []entra.User{{ID: "x", ObjectID: entra.BobOID}} }, "username"},
		{"user with a strange id", func(c *entra.Config) { c.Users = []entra.User{{ID: "x y", ObjectID: entra.BobOID, Username: "x"}} }, "letters"},
		{"user with a strange tenant", func(c *entra.Config) {
			c.Users = []entra.User{{ID: "x", ObjectID: entra.BobOID, Username: "x", TenantID: "common"}}
		}, "tenant id"},
		{"tenant of no GUID", func(c *entra.Config) { c.Tenants = []string{"contoso.example"} }, "tenants"},
		{"domain of no GUID", func(c *entra.Config) { c.Domains = map[string]string{"contoso.example": "contoso"} }, "domains"},
		{"domain without dot", func(c *entra.Config) { c.Domains = map[string]string{"contoso": entra.DefaultTenantID} }, "domains"},
		{"policy with a slash", func(c *entra.Config) { c.B2C.Policies = []string{"B2C_1/x"} }, "policy"},
		{"unknown scope for administrators", func(c *entra.Config) { c.Clients[0].AdminOnly = []string{"Usr.Read"} }, "administrators"},
		{"certificate without an RSA key", func(c *entra.Config) {
			c.Clients[0].Certificates = []*x509.Certificate{{PublicKey: ed25519.PublicKey{}}}
		}, "certificate"},
		{"negative access token lifetime", func(c *entra.Config) { c.Sessions.AccessTokenLifetime = -1 }, "access token lifetime"},
		{"negative wait", func(c *entra.Config) { c.Sessions.LogoutWait = -1 }, "wait for frames"},
		{"reuse without rotation", func(c *entra.Config) { c.Sessions.RevokeReused = true }, "RotateRefreshTokens"},
		{"reuse with rotation", func(c *entra.Config) { c.Sessions.RevokeReused, c.Sessions.RotateRefreshTokens = true, true }, ""},
		{"front-channel path", func(c *entra.Config) { c.Clients[0].FrontChannelLogoutURI = "/out" }, "front-channel logout URI"},
		{"front-channel script", func(c *entra.Config) { c.Clients[0].FrontChannelLogoutURI = "javascript:alert(1)" }, "front-channel logout URI"},
		{"front-channel", func(c *entra.Config) { c.Clients[0].FrontChannelLogoutURI = "https://app.test/out" }, ""},
		{"back-channel at Entra", func(c *entra.Config) { c.Clients[0].BackChannelLogoutURI = "https://app.test/out" }, "no back-channel"},
		{"back-channel, plain", func(c *entra.Config) { c.Plain, c.Clients[0].BackChannelLogoutURI = true, "https://app.test/out" }, ""},
		{"back-channel fragment", func(c *entra.Config) { c.Plain, c.Clients[0].BackChannelLogoutURI = true, "https://app.test/#out" }, "back-channel logout URI"},
		{"plain External ID", func(c *entra.Config) { c.Plain, c.ExternalID = true, true }, "neither"},
		{"plain B2C", func(c *entra.Config) { c.Plain, c.B2C.Policies = true, []string{"B2C_1"} }, "neither"},
		{"object id twice", func(c *entra.Config) {
			c.Users = []entra.User{{ID: "x", ObjectID: entra.BobOID, Username: "x"}, {ID: "y", ObjectID: entra.BobOID, Username: "y"}}
		}, "second user"},
	} {
		t.Run(row.name, func(t *testing.T) {
			cfg := config(newClock())
			row.edit(&cfg)
			defer func() {
				got, _ := recover().(string)
				if (row.want == "") != (got == "") || !strings.Contains(got, row.want) {
					t.Errorf("panic %q, want %q", got, row.want)
				}
			}()
			entra.New(cfg)
		})
	}
}

func TestZeroConfigAndGeneratedKey(t *testing.T) {
	s := entra.StartTest(t, entra.Config{Clients: []entra.Client{{ID: webID}}})
	raw, err := s.IDToken(entra.Adele, webID, "n")
	if err != nil {
		t.Fatal(err)
	}
	claims := decode(t, raw)
	if claims["tid"] != entra.DefaultTenantID || claims["sid"] == nil {
		t.Errorf("claims %v", claims)
	}
	if exp, _ := claims["exp"].(float64); time.Until(time.Unix(int64(exp), 0)) < 59*time.Minute {
		t.Errorf("exp %v", claims["exp"])
	}
}

func TestStartAndStop(t *testing.T) {
	s := entra.New(config(newClock()))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	stop, err := s.Start(ctx, "")
	if err != nil || !strings.HasPrefix(s.BaseURL(), "http://127.0.0.1:") {
		t.Fatalf("%q %v", s.BaseURL(), err)
	}
	well := s.Issuer() + "/.well-known/openid-configuration"
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	if got, err := do(t.Context(), t, client, http.MethodGet, well, ""); err != nil || got.status != http.StatusOK {
		t.Errorf("%d %v", got.status, err)
	}
	s.SetFaults(entra.Faults{Endpoints: map[entra.Endpoint]entra.EndpointFault{entra.EndpointDiscovery: {Delay: time.Hour}}})
	slow := make(chan error, 1)
	go func() {
		_, err := do(context.WithoutCancel(t.Context()), t, client, http.MethodGet, well, "")
		slow <- err
	}()
	for s.Requests(entra.EndpointDiscovery) < 2 {
		time.Sleep(time.Millisecond)
	}
	stop()
	stop()
	if err := <-slow; err == nil {
		t.Error("the request in flight got an answer")
	}
	if _, err := do(t.Context(), t, client, http.MethodGet, well, ""); err == nil {
		t.Error("it answers after stop")
	}
	if _, err := s.Start(t.Context(), "256.0.0.1:1"); err == nil {
		t.Error("an impossible address is accepted")
	}
	again := entra.New(config(newClock()))
	again.SetBaseURL("http://idp.test")
	byContext, end := context.WithCancel(t.Context())
	stop, err = again.Start(byContext, "127.0.0.1:0")
	if err != nil || again.BaseURL() != "http://idp.test" {
		t.Errorf("%q %v", again.BaseURL(), err)
	}
	end()
	stop()
}

func TestMintRefuses(t *testing.T) {
	w := start(t)
	mint := func(name string, err error) {
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	_, err := w.UserToken("nobody", webID, "User.Read")
	mint("unknown user", err)
	_, err = w.UserToken(entra.Bob, "nobody", "User.Read")
	mint("unknown client", err)
	_, err = w.UserToken(entra.Bob, webID, "Usr.Read")
	mint("unknown scope", err)
	_, err = w.UserToken(entra.Bob, webID, "openid")
	mint("no resource", err)
	_, err = w.UserToken(entra.Bob, webID, "User.Read "+apiScope)
	mint("two resources", err)
	_, err = w.AppToken("nobody", "https://graph.microsoft.com/.default")
	mint("unknown app", err)
	_, err = w.AppToken(webID, "User.Read")
	mint("app without default", err)
	_, err = w.IDToken("nobody", webID, "")
	mint("ID token of nobody", err)
	if raw, err := w.AppToken(webID, "api://"+webID+"/.default"); err != nil || decode(t, raw)["idtyp"] != "app" {
		t.Errorf("app token: %v", err)
	}
	if raw, err := w.IDToken(entra.Bob, webID, "n1"); err != nil || decode(t, raw)["nonce"] != "n1" {
		t.Errorf("ID token: %v", err)
	}
}

package entra

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/secret"
	emulator "github.com/easyauth-sidecar/easyauth/test/entra"
)

const callbackURI = "https://app.test/easyauth/signin-oidc"

// startEmulator returns Entra ID and a relying party whose Run has found it.
func startEmulator(t *testing.T, c *clock, log *logBuffer) (*emulator.Server, *RelyingParty) {
	t.Helper()
	idp := emulator.StartTest(t, emulator.Config{
		SigningKey: rsaKey(), Now: c.Now,
		Clients: []emulator.Client{{
			ID: testClient, Secret: testSecret, RedirectURIs: []string{callbackURI}, PostLogoutURIs: []string{"https://app.test/out"},
			API: emulator.API{Scopes: []string{"access_as_user"}},
		}},
	})
	rp := must(New(Config{
		Kind: SingleTenant, Authority: idp.Issuer(), TenantID: idp.TenantID(), V1Issuer: "https://sts.windows.net/", ClientID: testClient, Credential: testCredential(testSecret),
		Scopes: access.NewScopeNames(testClient, nil, defaultGraphURL),
		Client: NewHTTPClient(2*time.Second, 0), Log: log.logger(), Now: c.Now,
	}))
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); rp.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-ended })
	eventually(t, func() bool { return rp.Ready() && len(keysOf(rp).current()) > 0 })
	return idp, rp
}

func eventually(t *testing.T, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it did not happen within 20 s")
		}
	}
}

// signIn makes a whole trip as a browser and the callback would.
func signIn(t *testing.T, rp *RelyingParty, user string, plan Plan) (*Tokens, *access.Identity, error) {
	t.Helper()
	browser := &http.Client{Jar: must(cookiejar.New(nil)), Timeout: 10 * time.Second}
	verifier := oauth2.GenerateVerifier()
	authorize, err := rp.AuthorizationURL(AuthRequest{
		State: "sealed-attempt", Nonce: "nonce-" + verifier[:20], Verifier: verifier, RedirectURI: callbackURI, Scopes: plan.Scopes,
	})
	if err != nil {
		t.Fatal(err)
	}
	back, err := emulator.SignIn(t.Context(), browser, authorize, user)
	if err != nil {
		t.Fatal(err)
	}
	q := must(url.Parse(back)).Query()
	if err := rp.CheckIssuerParam(q.Get("iss")); err != nil {
		return nil, nil, err
	}
	tokens, err := rp.Redeem(t.Context(), secret.New(q.Get("code")), verifier, callbackURI, plan)
	if err != nil {
		return nil, nil, err
	}
	id, err := rp.Verify(t.Context(), tokens.IDToken, "nonce-"+verifier[:20], tokens.AccessToken)
	return tokens, id, err
}

func TestSignInAtEntra(t *testing.T) {
	log := &logBuffer{}
	idp, rp := startEmulator(t, newClock(), log)
	plain := rp.Plan(nil, access.Missing{}, PlanOptions{})

	t.Run("adele", func(t *testing.T) {
		tokens, id, err := signIn(t, rp, emulator.Adele, rp.Plan(nil, access.Missing{}, PlanOptions{Graph: true}))
		if err != nil {
			t.Fatal(err)
		}
		if id.Tenant != idp.TenantID() || id.Object != emulator.AdeleOID || id.Issuer != idp.Issuer() || id.Name != "Adele Vance" ||
			!slices.Equal(id.Roles, []string{"Admin", "Orders.Write"}) || len(id.Groups) != 2 || id.GroupsUnknown {
			t.Errorf("identity %+v", id)
		}
		if !slices.Contains(tokens.Scopes, "User.Read") || tokens.AccessToken.Empty() {
			t.Errorf("scopes %q", tokens.Scopes)
		}
		if got := idp.LastToken(); got.ClientAuth != "client_secret_post" || got.Form.Get("scope") != "openid profile email User.Read" {
			t.Errorf("token request %+v", got)
		}
	})
	own := testClient + "/access_as_user"
	t.Run("our own API and Graph", func(t *testing.T) {
		plan := rp.Plan([]string{"User.Read"}, access.Missing{Scopes: []access.Clause{{own}}}, PlanOptions{Graph: true})
		tokens, _, err := signIn(t, rp, emulator.Bob, plan)
		if err != nil || tokens.Failed != nil || tokens.Graph.Empty() || tokens.Graph.Reveal() == tokens.AccessToken.Reveal() ||
			!slices.Contains(tokens.Scopes, own) || !slices.Contains(tokens.Scopes, "User.Read") {
			t.Errorf("scopes %+v, %v", tokens, err)
		}
		if got := idp.LastToken().Form; got.Get("grant_type") != "refresh_token" || got.Get("scope") != "User.Read" {
			t.Errorf("last token request %v", got)
		}
	})
	t.Run("our own API, and Graph on demand", func(t *testing.T) {
		tokens, _, err := signIn(t, rp, emulator.Bob, rp.Plan([]string{own}, access.Missing{}, PlanOptions{Groups: true}))
		if err != nil || !tokens.Graph.Empty() {
			t.Fatalf("%+v, %v", tokens, err)
		}
		if token, err := rp.GraphToken(t.Context(), tokens); err != nil || token.Empty() || !slices.Contains(tokens.Scopes, "User.Read") {
			t.Errorf("%+v, %v", tokens, err)
		}
	})
	t.Run("two resources in one token request", func(t *testing.T) {
		scopes := append(slices.Clone(plain.Scopes), "User.Read", own)
		_, _, err := signIn(t, rp, emulator.Bob, Plan{Scopes: scopes, Resources: []Resource{{Scopes: scopes}}})
		var e *Error
		if got := reasonOf(t, err); got != ReasonScope || !errors.As(err, &e) || e.Code() != "AADSTS28000" {
			t.Errorf("reason %q: %v", got, err)
		}
	})
	t.Run("250 groups", func(t *testing.T) {
		_, id, err := signIn(t, rp, emulator.Grace, plain)
		if err != nil || !id.GroupsUnknown || len(id.Groups) != 0 || !slices.Equal(id.Roles, []string{"Auditor"}) {
			t.Errorf("identity %+v, %v", id, err)
		}
	})
	t.Run("200 groups", func(t *testing.T) {
		_, id, err := signIn(t, rp, emulator.Max, plain)
		if err != nil || id.GroupsUnknown || len(id.Groups) != 200 {
			t.Errorf("%d groups, unknown %v, %v", len(id.Groups), id.GroupsUnknown, err)
		}
	})
	t.Run("beyond ASCII", func(t *testing.T) {
		_, id, err := signIn(t, rp, emulator.Zoe, plain)
		if err != nil || id.Name != emulator.ZoeName || !slices.Equal(id.Roles, []string{"Lesen.Größe"}) {
			t.Errorf("identity %+v, %v", id, err)
		}
	})
	t.Run("without email and name", func(t *testing.T) {
		_, id, err := signIn(t, rp, emulator.NoMail, plain)
		if err != nil || id.Email != "" || id.Name != "" || id.Object != emulator.NoMailOID {
			t.Errorf("identity %+v, %v", id, err)
		}
	})
	t.Run("mallory", func(t *testing.T) {
		_, id, err := signIn(t, rp, emulator.Mallory, plain)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(id.Roles, []string{"Guest"}) || id.Object != emulator.MalloryOID || id.Name != emulator.MalloryName {
			t.Errorf("identity %+v", id)
		}
		for _, name := range []string{"ROLES", "Roles", "https://evil.example/roles", "sub ", "nested"} {
			if len(claim(id, name)) == 0 {
				t.Errorf("claim %q is not among the other claims", name)
			}
		}
		if claim(id, "bloat") != nil || !slices.Equal(id.Dropped, []string{"bloat"}) || !strings.Contains(log.String(), `"claims":["bloat"]`) {
			t.Errorf("the claim of 64 KB is there, or no line says that it is not: %s", log)
		}
	})
	if strings.Contains(log.String(), testSecret) {
		t.Error("the secret is in the log")
	}
}

func TestEntraMisbehaves(t *testing.T) {
	want := map[emulator.TokenFault]Reason{
		emulator.WrongNonce: ReasonNonce, emulator.MissingNonce: ReasonNonce, emulator.WrongAudience: ReasonAudience,
		emulator.WrongIssuer: ReasonIssuer, emulator.WrongTenant: ReasonTenant, emulator.OtherTenant: ReasonIssuer,
		emulator.MissingTenant: ReasonTenant, emulator.Expired: ReasonExpired, emulator.FutureNotBefore: ReasonExpired,
	}
	idp, rp := startEmulator(t, newClock(), &logBuffer{})
	plain := rp.Plan(nil, access.Missing{}, PlanOptions{})
	for _, fault := range emulator.TokenFaults() {
		t.Run(string(fault), func(t *testing.T) {
			idp.SetFaults(emulator.Faults{IDToken: fault})
			expected, ok := want[fault]
			if !ok {
				expected = ReasonToken
			}
			if _, id, err := signIn(t, rp, emulator.Adele, plain); reasonOf(t, err) != expected || id != nil {
				t.Errorf("%v, %+v; want %q", err, id, expected)
			}
			idp.ClearFaults()
			if _, _, err := signIn(t, rp, emulator.Adele, plain); err != nil {
				t.Errorf("without the fault: %v", err)
			}
		})
	}
	endpoint := func(f emulator.EndpointFault) emulator.Faults {
		return emulator.Faults{Endpoints: map[emulator.Endpoint]emulator.EndpointFault{emulator.EndpointToken: f}}
	}
	for name, tt := range map[string]struct {
		faults emulator.Faults
		want   Reason
	}{
		"no id_token":   {emulator.Faults{OmitIDToken: true}, ReasonToken},
		"other issuer":  {emulator.Faults{CallbackIssuer: "https://evil.example"}, ReasonIssuer},
		"right issuer":  {emulator.Faults{CallbackIssuer: idp.Issuer()}, ""},
		"500":           {endpoint(emulator.EndpointFault{Status: 500}), ReasonIDPError},
		"garbage":       {endpoint(emulator.EndpointFault{Garbage: true}), ReasonIDPError},
		"huge":          {endpoint(emulator.EndpointFault{HugeBytes: 64 << 20}), ReasonIDPError},
		"dropped":       {endpoint(emulator.EndpointFault{Drop: true}), ReasonUnavailable},
		"slow":          {endpoint(emulator.EndpointFault{Delay: time.Minute}), ReasonUnavailable},
		"a little slow": {endpoint(emulator.EndpointFault{Delay: 50 * time.Millisecond}), ""},
		"huge claim": {emulator.Faults{EditClaims: func(c map[string]any) {
			c["escapes"] = strings.Repeat("\x01", 64<<9) // six bytes each in JSON
		}}, ReasonToken},
	} {
		t.Run(name, func(t *testing.T) {
			idp.SetFaults(tt.faults)
			defer idp.ClearFaults()
			if _, _, err := signIn(t, rp, emulator.Adele, plain); reasonOf(t, err) != tt.want {
				t.Errorf("%v, want %q", err, tt.want)
			}
		})
	}
}

func TestEntraRotatesKeys(t *testing.T) {
	c := newClock()
	idp, rp := startEmulator(t, c, &logBuffer{})
	plain := rp.Plan(nil, access.Missing{}, PlanOptions{})
	idp.SetFaults(emulator.Faults{IDToken: emulator.UnknownKid})
	c.Advance(keyCoolDown)
	before := idp.Requests(emulator.EndpointKeys)
	for range 5 {
		if _, _, err := signIn(t, rp, emulator.Adele, plain); reasonOf(t, err) != ReasonToken {
			t.Errorf("unknown kid: %v", err)
		}
	}
	if n := idp.Requests(emulator.EndpointKeys) - before; n != 1 {
		t.Errorf("%d fetches, want 1", n)
	}
	idp.ClearFaults()
	idp.RotateKeys()
	idp.DropOldKeys()
	c.Advance(keyCoolDown)
	if _, _, err := signIn(t, rp, emulator.Adele, plain); err != nil {
		t.Errorf("after the roll-over: %v", err)
	}
}

func TestEntraComesBack(t *testing.T) {
	log := &logBuffer{}
	idp := emulator.New(emulator.Config{SigningKey: rsaKey(), Clients: []emulator.Client{{ID: testClient, Secret: testSecret, RedirectURIs: []string{callbackURI}}}})
	stop, err := idp.Start(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	stop() // the address is known, and nobody is there
	rp := must(New(Config{
		Kind: SingleTenant, Authority: idp.Issuer(), TenantID: idp.TenantID(), V1Issuer: "https://sts.windows.net/", ClientID: testClient, Credential: testCredential(testSecret),
		Scopes: access.NewScopeNames(testClient, nil, defaultGraphURL),
		Client: NewHTTPClient(2*time.Second, 0), Log: log.logger(),
	}))
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); rp.Run(ctx) }()
	defer func() { cancel(); <-ended }()
	eventually(t, func() bool { return strings.Contains(log.String(), "discovery could not be read") })
	if _, err := rp.AuthorizationURL(goodRequest()); reasonOf(t, err) != ReasonUnavailable {
		t.Errorf("while it is away: %v", err)
	}
	stop, err = idp.Start(t.Context(), strings.TrimPrefix(idp.BaseURL(), "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	eventually(t, rp.Ready)
	if _, _, err := signIn(t, rp, emulator.Adele, rp.Plan(nil, access.Missing{}, PlanOptions{})); err != nil {
		t.Errorf("after it came back: %v", err)
	}
	if s := log.String(); strings.Contains(s, testSecret) || strings.Count(s, "discovery read") != 1 {
		t.Error(fmt.Sprint("log: ", s))
	}
}

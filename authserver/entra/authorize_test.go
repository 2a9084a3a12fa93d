package entra

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"golang.org/x/oauth2"
)

func goodRequest() AuthRequest {
	return AuthRequest{
		State: "state value&x=1", Nonce: testNonce, Verifier: strings.Repeat("v", 43),
		RedirectURI: "https://app.example/easyauth/signin-oidc", Scopes: []string{"openid", "profile", "User.Read"},
	}
}

func TestAuthorizationURL(t *testing.T) {
	idp := newIDP()
	idp.metadata[authorizeMember] = "https://login.example/authorize?p=policy&state=evil&response_mode=form_post&scope=evil&prompt=none&claims=evil&max_age=0"
	cfg := testConfig(idp, nil)
	cfg.DomainHint = "contoso.example"
	rp := must(New(cfg))
	rp.provider.Store(must(rp.discover(t.Context())))
	r := goodRequest()
	r.LoginHint = "ann@example.test"
	raw, err := rp.AuthorizationURL(r)
	if err != nil {
		t.Fatal(err)
	}
	u := must(url.Parse(raw))
	if got := u.Scheme + "://" + u.Host + u.Path; got != "https://login.example/authorize" {
		t.Errorf("address %s", got)
	}
	want := map[string]string{
		"p": "policy", "response_type": "code", "response_mode": "query", "client_id": testClient, "redirect_uri": r.RedirectURI,
		"scope": "openid profile User.Read", "state": r.State, "nonce": testNonce,
		"code_challenge": oauth2.S256ChallengeFromVerifier(r.Verifier), "code_challenge_method": "S256",
		"domain_hint": "contoso.example", "login_hint": "ann@example.test",
	}
	q := u.Query()
	for name, value := range want {
		if len(q[name]) != 1 || q.Get(name) != value {
			t.Errorf("%s is %q, want once %q", name, q[name], value)
		}
	}
	if len(q) != len(want) {
		t.Errorf("%d parameters in %s, want %d", len(q), raw, len(want))
	}
	for _, prompt := range []string{"none", "login", "select_account"} {
		r.Prompt, r.MaxAge = prompt, 15*time.Minute+300*time.Millisecond
		again := must(url.Parse(must(rp.AuthorizationURL(r)))).Query()
		if again.Get("prompt") != prompt || again.Get("max_age") != "900" {
			t.Errorf("prompt %q, max_age %q", again["prompt"], again["max_age"])
		}
	}
}

func TestAuthorizationURLNeedsItsParts(t *testing.T) {
	rp := must(New(testConfig(newIDP(), nil)))
	rp.provider.Store(must(rp.discover(t.Context())))
	for name, edit := range map[string]func(*AuthRequest){
		"state":          func(r *AuthRequest) { r.State = "" },
		"nonce":          func(r *AuthRequest) { r.Nonce = "" },
		"redirect URI":   func(r *AuthRequest) { r.RedirectURI = "" },
		"scopes":         func(r *AuthRequest) { r.Scopes = nil },
		"verifier":       func(r *AuthRequest) { r.Verifier = "" },
		"short verifier": func(r *AuthRequest) { r.Verifier = strings.Repeat("v", 42) },
		"long verifier":  func(r *AuthRequest) { r.Verifier = strings.Repeat("v", 129) },
		"prompt":         func(r *AuthRequest) { r.Prompt = "consent" },
		"method":         func(r *AuthRequest) { r.Methods = []string{"mfa"} },
		"max_age":        func(r *AuthRequest) { r.MaxAge = -time.Second },
		"short max_age":  func(r *AuthRequest) { r.MaxAge = time.Millisecond },
		"challenge":      func(r *AuthRequest) { r.Claims = `{"id_token":` },
	} {
		r := goodRequest()
		if _, err := rp.AuthorizationURL(r); err != nil {
			t.Fatalf("complete: %v", err)
		}
		edit(&r)
		if u, err := rp.AuthorizationURL(r); err == nil {
			t.Errorf("%s: accepted, %s", name, u)
		}
	}
}

func TestCheckIssuerParam(t *testing.T) {
	for _, tt := range []struct {
		name     string
		promised any
		iss      string
		want     Reason
	}{
		{"absent", nil, "", ""},
		{"absent, not promised", false, "", ""},
		{"absent though promised", true, "", ReasonIssuer},
		{"ours", nil, testIssuer, ""},
		{"ours, promised", true, testIssuer, ""},
		{"another", nil, "https://evil.example", ReasonIssuer},
		{"ours with a slash", nil, testIssuer + "/", ReasonIssuer},
		{"ours in upper case", nil, strings.ToUpper(testIssuer), ReasonIssuer},
	} {
		t.Run(tt.name, func(t *testing.T) {
			idp := newIDP()
			if tt.promised != nil {
				idp.metadata["authorization_response_iss_parameter_supported"] = tt.promised
			}
			rp := must(New(testConfig(idp, nil)))
			rp.provider.Store(must(rp.discover(t.Context())))
			if err := rp.CheckIssuerParam(tt.iss); reasonOf(t, err) != tt.want {
				t.Errorf("%v, want %q", err, tt.want)
			}
		})
	}
}

package entra

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/secret"
)

// refreshServer is a token endpoint that gives a new refresh token each time and
// tells scopes as they were asked, but refuses those that a test names.
type refreshServer struct {
	refuse  map[string]string // scope → JSON of the answer
	asked   []url.Values
	without bool // no refresh tokens
}

func (s *refreshServer) serve(w http.ResponseWriter, r *http.Request) {
	s.asked = append(s.asked, r.PostForm)
	scope := r.PostForm.Get("scope")
	for name, body := range s.refuse {
		if slices.Contains(strings.Fields(scope), name) {
			answerJSON(http.StatusBadRequest, body)(w, r)
			return
		}
	}
	n := len(s.asked)
	refresh := fmt.Sprintf(`,"refresh_token":"rt%d"`, n)
	if s.without {
		refresh = ""
	}
	answerJSON(http.StatusOK, fmt.Sprintf(`{"access_token":"at%d","id_token":"idt%d","scope":%q%s}`, n, n, scope, refresh))(w, r)
}

// ask gives what the n-th request said: the grant, what it presented, and the scopes.
func (s *refreshServer) ask(n int) string {
	f := s.asked[n]
	return f.Get("grant_type") + " " + f.Get("code") + f.Get("refresh_token") + ": " + f.Get("scope")
}

func resourceParty(t *testing.T, s *refreshServer) *RelyingParty {
	t.Helper()
	rp := tokenServer(t, s.serve)
	rp.cfg.Scopes = access.NewScopeNames(testClient, nil, defaultGraphURL)
	return rp
}

func redeemPlan(t *testing.T, rp *RelyingParty, plan Plan) *Tokens {
	t.Helper()
	tokens, err := rp.Redeem(t.Context(), secret.New("code"), "v", "https://app.example/cb", plan)
	if err != nil {
		t.Fatal(err)
	}
	return tokens
}

func TestSeveralResources(t *testing.T) {
	s := &refreshServer{}
	rp := resourceParty(t, s)
	plan := rp.Plan([]string{"User.Read", "api://b/x"}, access.Missing{Scopes: []access.Clause{{testClient + "/a"}}}, PlanOptions{})
	tokens := redeemPlan(t, rp, plan)
	for n, want := range []string{
		"authorization_code code: openid profile email offline_access " + testClient + "/a",
		"refresh_token rt1: User.Read", "refresh_token rt2: api://b/x",
	} {
		if got := s.ask(n); got != want {
			t.Errorf("request %d: %s, want %s", n, got, want)
		}
	}
	if f := s.asked[1]; f.Has("redirect_uri") || f.Has("code_verifier") || f.Get("client_secret") != testSecret {
		t.Errorf("refresh request: %v", f)
	}
	if tokens.IDToken.Reveal() != "idt1" || tokens.AccessToken.Reveal() != "at1" || tokens.Graph.Reveal() != "at2" || tokens.Failed != nil {
		t.Errorf("%s %s %s %v", tokens.IDToken.Reveal(), tokens.AccessToken.Reveal(), tokens.Graph.Reveal(), tokens.Failed)
	}
	if want := []string{"openid", "profile", "email", testClient + "/a", "User.Read", "api://b/x"}; !slices.Equal(tokens.Scopes, want) {
		t.Errorf("scopes %q", tokens.Scopes)
	}
	if got, err := rp.GraphToken(t.Context(), tokens); err != nil || got.Reveal() != "at2" || len(s.asked) != 3 {
		t.Errorf("GraphToken asks again: %v, %d requests", err, len(s.asked))
	}
	if s := fmt.Sprintf("%v %+v %#v", tokens, *tokens, *tokens); strings.Contains(s, "rt") || strings.Contains(s, "at2") {
		t.Errorf("tokens print themselves: %s", s)
	}
}

func TestAResourceThatFails(t *testing.T) {
	consent := `{"error":"invalid_grant","error_description":"AADSTS65001: leaked-body"}`
	for _, tt := range []struct {
		name    string
		s       *refreshServer
		graph   string
		reasons []Reason
		scopes  string
	}{
		{"none", &refreshServer{}, "at2", nil, "openid profile email " + testClient + "/a User.Read api://b/x"},
		{"Graph", &refreshServer{refuse: map[string]string{"User.Read": consent}}, "", []Reason{ReasonConsent}, "openid profile email " + testClient + "/a api://b/x"},
		{"the last", &refreshServer{refuse: map[string]string{"api://b/x": consent}}, "at2", []Reason{ReasonConsent}, "openid profile email " + testClient + "/a User.Read"},
		{"both", &refreshServer{refuse: map[string]string{"User.Read": consent, "api://b/x": `{"error":"invalid_scope"}`}}, "", []Reason{ReasonConsent, ReasonScope}, "openid profile email " + testClient + "/a"},
		{"no refresh token", &refreshServer{without: true}, "", []Reason{ReasonScope, ReasonScope}, "openid profile email " + testClient + "/a"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			rp := resourceParty(t, tt.s)
			tokens := redeemPlan(t, rp, rp.Plan([]string{testClient + "/a", "api://b/x"}, access.Missing{}, PlanOptions{Graph: true}))
			if tokens.Graph.Reveal() != tt.graph || strings.Join(tokens.Scopes, " ") != tt.scopes || tokens.AccessToken.Reveal() != "at1" {
				t.Errorf("Graph %q, scopes %q", tokens.Graph.Reveal(), tokens.Scopes)
			}
			if got := reasonsOf(tokens.Failed); !slices.Equal(got, tt.reasons) || strings.Contains(fmt.Sprint(tokens.Failed), "leaked") {
				t.Errorf("failed with %q: %v", got, tokens.Failed)
			}
			requests := len(tt.s.asked)
			_, err := rp.GraphToken(t.Context(), tokens)
			if (err == nil) != (tt.graph != "") || len(tt.s.asked) != requests {
				t.Errorf("GraphToken: %v, %d requests more", err, len(tt.s.asked)-requests)
			}
		})
	}
}

// reasonsOf are the reasons of joined errors.
func reasonsOf(err error) []Reason {
	var joined interface{ Unwrap() []error }
	if !errors.As(err, &joined) {
		return nil
	}
	var out []Reason
	for _, e := range joined.Unwrap() {
		var one *Error
		if errors.As(e, &one) {
			out = append(out, one.Reason)
		}
	}
	return out
}

func TestGraphTokenOnDemand(t *testing.T) {
	own := []string{testClient + "/a"}
	for _, tt := range []struct {
		name     string
		s        *refreshServer
		base     []string
		o        PlanOptions
		requests int // of GraphToken
		want     Reason
	}{
		{"with a refresh token", &refreshServer{}, own, PlanOptions{Groups: true}, 1, ""},
		{"no need: the code's own token", &refreshServer{}, nil, PlanOptions{}, 0, ""},
		{"no need: User.Read came along", &refreshServer{}, nil, PlanOptions{Groups: true}, 0, ""},
		{"another resource's refresh token", &refreshServer{}, []string{testClient + "/a", "api://b/x"}, PlanOptions{}, 1, ""},
		{"not planned", &refreshServer{without: true}, own, PlanOptions{}, 0, ReasonScope},
		{"planned, not granted", &refreshServer{without: true}, own, PlanOptions{Groups: true}, 0, ReasonScope},
		{"refused", &refreshServer{refuse: map[string]string{"User.Read": `{"error":"interaction_required","error_description":"AADSTS50076: x"}`}}, own, PlanOptions{Groups: true}, 1, ReasonInteraction},
	} {
		t.Run(tt.name, func(t *testing.T) {
			rp := resourceParty(t, tt.s)
			tokens := redeemPlan(t, rp, rp.Plan(tt.base, access.Missing{}, tt.o))
			before := len(tt.s.asked)
			for range 2 {
				got, err := rp.GraphToken(t.Context(), tokens)
				if reasonOf(t, err) != tt.want || got.Empty() != (err != nil) {
					t.Errorf("%v, want %q", err, tt.want)
				}
			}
			if got := len(tt.s.asked) - before; got != tt.requests {
				t.Errorf("%d requests, want %d", got, tt.requests)
			}
			if tt.want == "" && !slices.Contains(tokens.Scopes, "User.Read") && tt.requests > 0 {
				t.Errorf("scopes %q", tokens.Scopes)
			}
		})
	}
	rp := resourceParty(t, &refreshServer{})
	rp.cfg.Kind = B2C
	tokens := redeemPlan(t, rp, rp.Plan(own, access.Missing{}, PlanOptions{}))
	if _, err := rp.GraphToken(t.Context(), tokens); reasonOf(t, err) != ReasonScope {
		t.Errorf("B2C: %v", err)
	}
	if _, err := must(New(testConfig(http.DefaultTransport, nil))).GraphToken(t.Context(), tokens); !errors.Is(err, ErrNotReady) {
		t.Errorf("before discovery: %v", err)
	}
}

// Azure AD B2C gives no access token when no API was asked for.
func TestAnswerWithoutAccessToken(t *testing.T) {
	for _, tt := range []struct {
		name, body string
		kind       Kind
		want       Reason
	}{
		{"B2C", `{"id_token":"idt","token_type":"Bearer","scope":"openid"}`, B2C, ""},
		{"B2C without scope", `{"id_token":"idt"}`, B2C, ""},
		{"B2C, nothing", `{"scope":"openid"}`, B2C, ReasonIDPError},
		{"B2C, id_token is no text", `{"id_token":["idt"]}`, B2C, ReasonIDPError},
		{"B2C, an empty access token", `{"id_token":"idt","access_token":""}`, B2C, ReasonIDPError},
		{"B2C, an error too", `{"id_token":"idt","error":"invalid_grant"}`, B2C, ReasonCode},
		{"B2C, garbage", `{"id_token":"idt"`, B2C, ReasonIDPError},
		{"one tenant", `{"id_token":"idt"}`, SingleTenant, ReasonIDPError},
		{"another provider", `{"id_token":"idt"}`, Plain, ReasonIDPError},
		{"another provider, complete", `{"id_token":"idt","access_token":"at"}`, Plain, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			rp := tokenServer(t, answerJSON(http.StatusOK, tt.body))
			rp.cfg.Kind = tt.kind
			tokens, err := rp.Redeem(t.Context(), secret.New("c"), "v", "r", rp.Plan(nil, access.Missing{}, PlanOptions{}))
			if got := reasonOf(t, err); got != tt.want {
				t.Fatalf("%q: %v", got, err)
			}
			if err == nil && (tokens.IDToken.Reveal() != "idt" || tt.kind == B2C && !tokens.AccessToken.Empty() || !tokens.Graph.Empty()) {
				t.Errorf("%+v", tokens)
			}
		})
	}
}

package entra

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	emulator "github.com/easyauth-sidecar/easyauth/test/entra"
)

func TestAppTokenAtEntra(t *testing.T) {
	c := newClock()
	idp, rp := startEmulator(t, c, &logBuffer{})
	for range 2 {
		token, err := rp.AppToken(t.Context(), idp.TenantID(), testGraph)
		if err != nil || token.Empty() {
			t.Fatal(err)
		}
	}
	if n := idp.Grants("client_credentials"); n != 1 {
		t.Errorf("%d requests, want 1", n)
	}
	if _, err := rp.AppToken(t.Context(), "", "api://nobody"); reasonOf(t, err) != ReasonScope {
		t.Errorf("an unknown resource: %v", err)
	}
	c.Advance(2 * time.Hour)
	rp.cfg.Credential = testCredential("wrong")
	_, err := rp.AppToken(t.Context(), "", testGraph)
	var e *Error
	if !errors.As(err, &e) || e.Reason != ReasonClient || e.Code() != "AADSTS7000215" {
		t.Errorf("a wrong secret: %v", err)
	}
	rp.cfg.Credential = testCredential(testSecret)
	c.Advance(appTokenPause)
	if _, err := rp.AppToken(t.Context(), "", testGraph); err != nil {
		t.Errorf("the right secret again: %v", err)
	}
}

// Nothing is repeated within a request: whoever is throttled is told for how long.
func TestThrottledSignIn(t *testing.T) {
	idp, rp := startEmulator(t, newClock(), &logBuffer{})
	plain := rp.Plan(nil, access.Missing{}, PlanOptions{})
	idp.SetFaults(emulator.Faults{Endpoints: map[emulator.Endpoint]emulator.EndpointFault{
		emulator.EndpointToken: {Status: http.StatusTooManyRequests, RetryAfter: 7, Times: 1},
	}})
	_, _, err := signIn(t, rp, emulator.Adele, plain)
	var e *Error
	if !errors.As(err, &e) || e.Reason != ReasonUnavailable || e.RetryAfter != 7*time.Second || idp.Requests(emulator.EndpointToken) != 1 {
		t.Errorf("%v after %d requests", err, idp.Requests(emulator.EndpointToken))
	}
	if _, _, err := signIn(t, rp, emulator.Adele, plain); err != nil {
		t.Errorf("once the fault is over: %v", err)
	}
}

// The second of two resources may fail; the sign-in is good without.
func TestGraphThrottledAfterOurAPI(t *testing.T) {
	idp, rp := startEmulator(t, newClock(), &logBuffer{})
	plan := rp.Plan([]string{testClient + "/access_as_user"}, access.Missing{}, PlanOptions{Groups: true})
	tokens, id, err := signIn(t, rp, emulator.Adele, plan)
	if err != nil || id.Object != emulator.AdeleOID {
		t.Fatal(err)
	}
	idp.SetFaults(emulator.Faults{Endpoints: map[emulator.Endpoint]emulator.EndpointFault{
		emulator.EndpointToken: {Status: http.StatusTooManyRequests, RetryAfter: 7},
	}})
	if _, err := rp.GraphToken(t.Context(), tokens); reasonOf(t, err) != ReasonUnavailable {
		t.Errorf("%v", err)
	}
	idp.ClearFaults()
	tokens, _, err = signIn(t, rp, emulator.Adele, plan)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := rp.GraphToken(t.Context(), tokens); err != nil {
		t.Errorf("once the fault is over: %v", err)
	}
}

func TestClaimsReachEntra(t *testing.T) {
	idp, rp := startEmulator(t, newClock(), &logBuffer{})
	rp.cfg.Capabilities = []string{"cp1"}
	plan := rp.Plan(nil, access.Missing{}, PlanOptions{})
	if _, _, err := signIn(t, rp, emulator.Adele, plan); err != nil {
		t.Fatal(err)
	}
	const want = `{"access_token":{"xms_cc":{"values":["cp1"]}}}`
	if got := idp.LastAuthorize().Get("claims"); got != want {
		t.Errorf("authorization request: %s", got)
	}
	if got := idp.LastToken().Form.Get("claims"); got != want {
		t.Errorf("token request: %s", got)
	}
	r := goodRequest()
	r.Contexts, r.MaxAge, r.RedirectURI, r.Scopes = []string{"c1"}, 15*time.Minute, callbackURI, slices.Clone(plan.Scopes)
	where, err := rp.AuthorizationURL(r)
	if err != nil || !strings.Contains(where, "max_age=900") {
		t.Fatalf("%s, %v", where, err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, where, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if got := idp.LastAuthorize(); resp.StatusCode != http.StatusOK || !strings.Contains(got.Get("claims"), `"acrs":{"essential":true,"value":"c1"}`) {
		t.Errorf("status %d, claims %s", resp.StatusCode, got.Get("claims"))
	}
}

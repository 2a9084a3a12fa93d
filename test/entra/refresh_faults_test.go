package entra_test

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/test/entra"
)

const lasting = oidcScopes + " offline_access User.Read"

// refresh asks for new tokens; edits as in tokenForm.
func (w *world) refresh(token string, edits ...string) reply {
	w.t.Helper()
	return w.tokenForm(append([]string{"grant_type", "refresh_token", "refresh_token", token}, edits...)...)
}

// tryRefresh is refresh where no answer may come.
func (w *world) tryRefresh(client *http.Client, token string) (reply, error) {
	form := "client_id=" + webID + "&client_secret=s3cr%3Aet%2B%25%2F%C3%BC&grant_type=refresh_token&refresh_token=" + token
	return do(w.t.Context(), w.t, client, http.MethodPost, w.Authority()+"/oauth2/v2.0/token", form, "Content-Type", "application/x-www-form-urlencoded")
}

func TestRefusals(t *testing.T) {
	w := start(t)
	token := w.tokens(entra.Adele, lasting).RefreshToken
	for refusal, want := range map[entra.Refusal]struct{ err, aadsts, suberror string }{
		entra.RefuseRevoked:         {"invalid_grant", "AADSTS50173", ""},
		entra.RefuseExpired:         {"invalid_grant", "AADSTS700082", ""},
		entra.RefuseSignInFrequency: {"invalid_grant", "AADSTS70043", "token_expired"},
		entra.RefuseDisabled:        {"invalid_grant", "AADSTS50057", ""},
		entra.RefuseConsent:         {"invalid_grant", "AADSTS65001", "consent_required"},
		entra.RefuseMFA:             {"invalid_grant", "AADSTS50076", "basic_action"},
		entra.RefuseBlocked:         {"invalid_grant", "AADSTS53003", "message_only"},
		entra.RefuseInteraction:     {"interaction_required", "AADSTS50079", "basic_action"},
	} {
		t.Run(string(refusal), func(t *testing.T) {
			if !slices.Contains(entra.Refusals(), refusal) {
				t.Error("Refusals does not list it")
			}
			w.SetFaults(entra.Faults{Refresh: []entra.RefreshFault{{Refuse: refusal, EndpointFault: entra.EndpointFault{Times: 1}}}})
			got := w.refresh(token)
			refused(t, got, http.StatusBadRequest, want.err, want.aadsts)
			suberror, _ := got.json(t)["suberror"].(string)
			_, claims := got.json(t)["claims"]
			if suberror != want.suberror || claims != (refusal == entra.RefuseInteraction) {
				t.Errorf("suberror %q, claims %v", suberror, claims)
			}
			if again := w.refresh(token); again.status != http.StatusOK {
				t.Errorf("once only: %d %s", again.status, again.body)
			}
		})
	}
	if len(entra.Refusals()) != 8 {
		t.Errorf("%d refusals", len(entra.Refusals()))
	}
	defer func() {
		if recover() == nil {
			t.Error("a refusal that does not exist is accepted")
		}
	}()
	w.SetFaults(entra.Faults{Refresh: []entra.RefreshFault{{Refuse: "weather"}}})
}

func TestRefreshFaultsInOrder(t *testing.T) {
	w := start(t)
	adele := w.tokens(entra.Adele, lasting).RefreshToken
	w.browser = browser(t)
	bob := w.tokens(entra.Bob, lasting).RefreshToken
	w.SetFaults(entra.Faults{Refresh: []entra.RefreshFault{
		{EndpointFault: entra.EndpointFault{Status: 429, RetryAfter: 7, Times: 2}, User: entra.Adele},
		{EndpointFault: entra.EndpointFault{Status: 500, Times: 1}, User: entra.AdeleOID},
		{EndpointFault: entra.EndpointFault{Garbage: true, Times: 1}},
		{EndpointFault: entra.EndpointFault{Body: `{"error":"invalid_grant"}`, Status: 400, Times: 1}},
		{Refuse: entra.RefuseInteraction, User: "nobody"},
	}})
	for i, want := range []struct {
		token  string
		status int
	}{{adele, 429}, {bob, 200}, {adele, 429}, {adele, 500}, {adele, 400}, {adele, 200}, {bob, 200}} {
		got := w.refresh(want.token)
		if got.status != want.status || got.status == 429 && got.header.Get("Retry-After") != "7" {
			t.Errorf("%d: %d %s", i, got.status, got.body)
		}
		if i == 1 && got.body[:8] != `{"keys":` {
			t.Errorf("Bob's was to be garbage: %s", got.body)
		}
	}
	// Codes and applications are not refreshes.
	w.SetFaults(entra.Faults{Refresh: []entra.RefreshFault{{EndpointFault: entra.EndpointFault{Status: 500}}}})
	if w.tokens(entra.Bob, lasting).AccessToken == "" || w.tokenForm("grant_type", "client_credentials", "scope", "https://graph.microsoft.com/.default").status != http.StatusOK {
		t.Error("another grant failed")
	}
	if got := w.refresh("1.unknown"); got.status != 500 {
		t.Errorf("an unknown token: %d", got.status)
	}
}

func TestRefreshWithoutAnswer(t *testing.T) {
	for name, row := range map[string]struct {
		fault entra.RefreshFault
		spent bool // the old token is used up
	}{
		"closed": {entra.RefreshFault{EndpointFault: entra.EndpointFault{Drop: true, Times: 1}}, false},
		"lost":   {entra.RefreshFault{EndpointFault: entra.EndpointFault{Times: 1}, Lost: true}, true},
		"hangs":  {entra.RefreshFault{EndpointFault: entra.EndpointFault{Delay: time.Hour, Times: 1}}, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := startWith(t, func(c *entra.Config) { c.Sessions.RotateRefreshTokens = true })
			token := w.tokens(entra.Adele, lasting).RefreshToken
			w.SetFaults(entra.Faults{Refresh: []entra.RefreshFault{row.fault}})
			client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}} // which repeats nothing by itself
			if row.fault.Delay > 0 {
				client.Timeout = 50 * time.Millisecond
			}
			if got, err := w.tryRefresh(client, token); err == nil {
				t.Fatalf("an answer: %d %s", got.status, got.body)
			}
			calls := w.RefreshCalls()
			if len(calls) != 1 || calls[0].Status != 0 || calls[0].User != entra.AdeleOID {
				t.Errorf("calls %+v", calls)
			}
			client.Timeout = 0 // it was for the answer that does not come
			got, err := w.tryRefresh(client, token)
			if err != nil || (got.status == http.StatusOK) == row.spent {
				t.Errorf("the token afterwards: %d %s %v", got.status, got.body, err)
			}
		})
	}
}

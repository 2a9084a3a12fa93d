package entra

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/secret"
)

// FuzzTokenAnswer lets the token endpoint answer anything: to a code, to a refresh
// token, and to the client itself. There are tokens of a good answer only, a life
// that is bounded, and in an error nothing of the body.
func FuzzTokenAnswer(f *testing.F) {
	f.Add(200, "application/json", goodAnswer, "")
	f.Add(200, "", `{"access_token":"at","id_token":"`+fixedIDToken()+`","refresh_token":"r2","token_type":"bearer","expires_in":"3599","scope":"openid profile"}`, "")
	f.Add(200, "application/json", `{"id_token":"`+fixedIDToken()+`","id_token_expires_in":600,"scope":"","not_before":1}`, "")
	f.Add(200, "text/plain", "access_token=a&expires_in=1e300&id_token=b", "")
	f.Add(400, "application/json", `{"error":"invalid_grant","error_description":"AADSTS700082: gone","error_codes":[1]}`, "")
	f.Add(401, "application/json", `{"error":"invalid_client","error_description":"AADB2C90091"}`, "")
	f.Add(429, "application/json", `{"error":5}`, "120")
	f.Add(503, "text/html", `<html>`, "Wed, 02 Jan 2030 03:05:05 GMT")
	f.Add(204, "", "", "-1")
	var status int
	var contentType, body, retry string
	usual := newAttempt()
	published(public(fixedKey().Public(), "f1"))(usual)
	b2c := newAttempt()
	b2cAttempt(b2c)
	published(public(fixedKey().Public(), "f1"))(b2c)
	parties := []*RelyingParty{usual.party(f), b2c.party(f)}
	for _, a := range []*attempt{usual, b2c} {
		a.idp.set(func(idp *fakeIDP) {
			idp.answer = func(*http.Request) (*http.Response, error) {
				resp := reply(status, body)
				resp.Header = http.Header{"Content-Type": {contentType}, "Retry-After": {retry}}
				return resp, nil
			}
		})
	}
	plan := Plan{Resources: []Resource{{Scopes: []string{"openid", "offline_access", "User.Read"}, Graph: true}, {Scopes: []string{"api://x/Read"}}}}
	status, contentType, body = 200, "application/json", goodAnswer
	if tokens, err := parties[0].Redeem(f.Context(), secret.New("code"), "v", "https://app.test/cb", plan); err != nil || tokens.IDToken.Empty() || tokens.Graph.Empty() {
		f.Fatal(err) // the seed must get as far as it can
	}
	person := access.Identity{Issuer: testIssuer, Tenant: testTenant, Object: "object", Subject: "subject"}
	body = `{"access_token":"at","id_token":"` + fixedIDToken() + `"}`
	if _, id, err := parties[0].Refresh(f.Context(), secret.New("refresh"), nil, person); err != nil || id == nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, answered int, media, text, after string) {
		if status = answered; status < 200 || status > 599 || status >= 300 && status < 400 {
			status = 200
		}
		contentType, body, retry = media, text, after
		for _, rp := range parties {
			tokens, err := rp.Redeem(t.Context(), secret.New("code-of-ours"), "verifier-of-ours", "https://app.test/cb", plan)
			checkTokens(t, tokens, err)
			if tokens != nil && tokens.IDToken.Empty() {
				t.Fatalf("a sign-in without an ID token: %q", body)
			}
			tokens, id, err := rp.Refresh(t.Context(), secret.New("refresh-of-ours"), []string{"openid", "User.Read"}, person)
			if tokens != nil && tokens.Refresh.Empty() || id != nil && id.Key() != person.Key() || err != nil && id != nil {
				t.Fatalf("%+v, %+v, %v", tokens, id, err)
			}
			checkTokens(t, tokens, nil)
			checkExchange(t, err)
		}
	})
}

func checkTokens(t *testing.T, tokens *Tokens, err error) {
	t.Helper()
	checkExchange(t, err)
	if tokens == nil {
		return
	}
	checkExchange(t, errors.Unwrap(tokens.Failed))
	if !tokens.Expires.IsZero() && (!tokens.Expires.After(startTime) || tokens.Expires.After(startTime.Add(maxTokenLife))) {
		t.Fatalf("tokens until %v", tokens.Expires)
	}
	if slices.Contains(tokens.Scopes, "offline_access") || slices.ContainsFunc(tokens.Scopes, func(s string) bool { return s == "" || strings.ContainsAny(s, " \t\r\n") }) {
		t.Fatalf("scopes %q", tokens.Scopes)
	}
}

// checkExchange holds for every error of an exchange with the provider.
func checkExchange(t *testing.T, err error) {
	t.Helper()
	var e *Error
	switch {
	case err == nil:
	case !errors.As(err, &e):
		t.Fatalf("error %v is no *Error", err)
	case e.RetryAfter < 0 || e.RetryAfter > maxRetryAfter || len(err.Error()) > 500 || strings.Contains(err.Error(), "-of-ours") || strings.Contains(err.Error(), testSecret):
		t.Fatalf("%v, %v", err, e.RetryAfter)
	}
}

// fixedIDToken is the same in every run.
func fixedIDToken() string {
	return es256([]byte(fuzzHeader), must(json.Marshal(map[string]any{
		"iss": testIssuer, "aud": testClient, "sub": "subject", "tid": testTenant, "oid": "object", "exp": startTime.Add(time.Hour).Unix(), "iat": startTime.Unix(), "tfp": "B2C_1_signin",
	})), fixedKey())
}

// FuzzAnswerError reads the error of an authorization response, which anybody may
// have written. Nothing of it is in the text but what is on our lists.
func FuzzAnswerError(f *testing.F) {
	f.Add("access_denied", "AADSTS65004: User declined")
	f.Add("login_required", "")
	f.Add("<script>", "AADSTS53000")
	f.Add("invalid_request", "AADSTS5300099999999\nX: y")
	f.Add("", "AADB2C90091: gone\r\n")
	f.Fuzz(func(t *testing.T, name, description string) {
		e := AnswerError(name, description)
		rest := strings.TrimPrefix(e.Error(), string(e.Reason)+": authorization response: ")
		if _, known := protocolErrors()[name]; known {
			rest = strings.TrimPrefix(rest, name)
		} else if after, ok := strings.CutPrefix(rest, "an unknown error"); ok {
			rest = after
		}
		if code := e.Code(); code != "" {
			digits := strings.TrimPrefix(strings.TrimPrefix(code, "AADSTS"), "AADB2C")
			if !strings.HasPrefix(description, code) || strings.Trim(digits, "0123456789") != "" || len(digits) > 10 {
				t.Fatalf("code %q of %q", code, description)
			}
			rest = strings.TrimPrefix(rest, ", "+code)
		}
		if strings.ContainsAny(rest, "<>\r\n\"") || len(rest) > 200 || e.Reason == "" || rest != "" && !strings.HasPrefix(rest, ": ") {
			t.Fatalf("%q and %q became %q", name, description, e.Error())
		}
	})
}

package entra

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/secret"
)

// tokenServer returns a relying party whose token endpoint is serve, on a real
// connection with the real client.
func tokenServer(t *testing.T, serve http.HandlerFunc) *RelyingParty {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm() // an unread body would hide from the handler that the client went away
		serve(w, r)
	}))
	t.Cleanup(srv.Close)
	cfg := testConfig(http.DefaultTransport, nil)
	cfg.Client = NewHTTPClient(300*time.Millisecond, 100<<10)
	rp := must(New(cfg))
	rp.provider.Store(&provider{issuer: testIssuer, tenant: testTenant, token: srv.URL + "/token"})
	return rp
}

func answerJSON(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = fmt.Fprint(w, body)
	}
}

func TestRedeemSendsEverythingOnce(t *testing.T) {
	var (
		form  url.Values
		auth  string
		count int
	)
	rp := tokenServer(t, func(w http.ResponseWriter, r *http.Request) {
		count++
		_ = r.ParseForm()
		form, auth = r.PostForm, r.Header.Get("Authorization")
		answerJSON(http.StatusOK, `{"access_token":"at","id_token":"idt","token_type":"Bearer","expires_in":3600}`)(w, r)
	})
	tokens, err := rp.Redeem(t.Context(), secret.New("the-code"), "the-verifier", "https://app.example/cb", []string{"openid", "User.Read"})
	if err != nil {
		t.Fatal(err)
	}
	want := url.Values{
		"grant_type": {"authorization_code"}, "code": {"the-code"}, "code_verifier": {"the-verifier"}, "redirect_uri": {"https://app.example/cb"},
		"client_id": {testClient}, "client_secret": {testSecret}, "scope": {"openid User.Read"},
	}
	if form.Encode() != want.Encode() || auth != "" || count != 1 {
		t.Errorf("form %v, Authorization %q, %d requests", form, auth, count)
	}
	if tokens.IDToken.Reveal() != "idt" || tokens.AccessToken.Reveal() != "at" || !slices.Equal(tokens.Scopes, []string{"openid", "User.Read"}) {
		t.Errorf("tokens %+v", tokens)
	}
	if s := fmt.Sprintf("%+v", *tokens); strings.Contains(s, "idt") || strings.Contains(s, "at}") {
		t.Errorf("tokens print themselves: %s", s)
	}
}

func TestGrantedScopes(t *testing.T) {
	asked := []string{"openid", "https://graph.microsoft.com/Mail.Read"}
	for name, tt := range map[string]struct {
		member string
		want   []string
	}{
		"absent: what was asked": {``, []string{"openid", "Mail.Read"}},
		"fewer":                  {`,"scope":"openid"`, []string{"openid"}},
		"none":                   {`,"scope":""`, nil},
		"no text":                {`,"scope":["openid"]`, nil},
		"prefixes": {
			`,"scope":"https://graph.microsoft.com/User.Read User.Read api://` + testClient + `/a ` + testClient + `/b api://other/c"`,
			[]string{"User.Read", "api://" + testClient + "/a", testClient + "/b", "api://other/c"},
		},
	} {
		rp := tokenServer(t, answerJSON(http.StatusOK, `{"access_token":"at","id_token":"idt"`+tt.member+`}`))
		tokens, err := rp.Redeem(t.Context(), secret.New("c"), "v", "r", asked)
		if err != nil || !slices.Equal(tokens.Scopes, tt.want) {
			t.Errorf("%s: %v, %v; want %q", name, tokens, err, tt.want)
		}
	}
}

func TestRedeemRefusals(t *testing.T) {
	refusal := func(status int, code, text string) http.HandlerFunc {
		return answerJSON(status, fmt.Sprintf(`{"error":%q,"error_description":%q}`, code, text))
	}
	drop := func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }
	tests := []struct {
		name  string
		serve http.HandlerFunc
		want  Reason
		text  string // in the error
	}{
		{"good", answerJSON(200, `{"access_token":"at","id_token":"idt"}`), "", ""},
		{"used code", refusal(400, "invalid_grant", "AADSTS54005: leaked-body"), ReasonCode, "AADSTS54005"},
		{"no consent", refusal(400, "invalid_grant", "AADSTS65001: leaked-body"), ReasonScope, "AADSTS65001"},
		{"wrong secret", refusal(401, "invalid_client", "AADSTS7000215: leaked-body"), ReasonClient, "AADSTS7000215"},
		{"unknown client", refusal(400, "unauthorized_client", "leaked-body"), ReasonClient, "unauthorized_client"},
		{"unknown scope", refusal(400, "invalid_scope", "leaked-body"), ReasonScope, "invalid_scope"},
		{"two resources", refusal(400, "invalid_request", "AADSTS28000: leaked-body"), ReasonScope, "AADSTS28000"},
		{"refusal with status 200", refusal(200, "invalid_grant", "leaked-body"), ReasonCode, "invalid_grant"},
		{"an error that is not known", refusal(400, "leaked-body", "leaked-body"), ReasonIDPError, "an unknown error"},
		{"a number that is none", refusal(400, "invalid_grant", "AADSTSleaked-body"), ReasonCode, "(invalid_grant)"},
		{"busy", refusal(400, "temporarily_unavailable", "leaked-body"), ReasonUnavailable, ""},
		{"throttled", answerJSON(429, `leaked-body`), ReasonUnavailable, "429"},
		{"500 with JSON", refusal(500, "invalid_grant", "leaked-body"), ReasonIDPError, "500"},
		{"503 with a page", answerJSON(503, `<html>leaked-body`), ReasonIDPError, "503"},
		{"no id_token", answerJSON(200, `{"access_token":"leaked-body"}`), ReasonToken, ""},
		{"id_token is no text", answerJSON(200, `{"access_token":"leaked-body","id_token":{"a":1}}`), ReasonToken, ""},
		{"no access_token", answerJSON(200, `{"id_token":"leaked-body"}`), ReasonIDPError, ""},
		{"garbage", answerJSON(200, `{"leaked-body": <<<`), ReasonIDPError, ""},
		{"an array", answerJSON(200, `["leaked-body"]`), ReasonIDPError, ""},
		{"empty", answerJSON(200, ``), ReasonIDPError, ""},
		{"a form", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/plain")
			_, _ = fmt.Fprint(w, "leaked-body=%zz")
		}, ReasonIDPError, ""},
		{"huge, announced", answerJSON(200, `{"access_token":"`+strings.Repeat("A", 200<<10)+`"}`), ReasonIDPError, ErrBodyTooLarge.Error()},
		{"huge, in pieces", func(w http.ResponseWriter, _ *http.Request) {
			for range 200 {
				_, _ = fmt.Fprint(w, strings.Repeat(" ", 1<<10))
				w.(http.Flusher).Flush()
			}
		}, ReasonIDPError, ErrBodyTooLarge.Error()},
		{"slow to answer", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, ReasonUnavailable, "in time"},
		{"slow to finish", func(w http.ResponseWriter, r *http.Request) {
			_, _ = fmt.Fprint(w, `{"access_token":"leaked-body`)
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		}, ReasonUnavailable, "in time"},
		{"dropped at once", drop, ReasonUnavailable, "closed"},
		{"dropped in the middle", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "1000")
			_, _ = fmt.Fprint(w, `{"access_token":"leaked-body`)
			w.(http.Flusher).Flush()
			drop(w, r)
		}, ReasonUnavailable, "closed"},
		{"no HTTP", func(w http.ResponseWriter, _ *http.Request) {
			conn, _, _ := w.(http.Hijacker).Hijack()
			_, _ = fmt.Fprint(conn, "leaked-body: SSH-2.0\r\n\r\n")
			_ = conn.Close()
		}, ReasonIDPError, "not valid HTTP"},
		{"sent elsewhere", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "https://evil.example/?leaked-body")
			w.WriteHeader(http.StatusTemporaryRedirect)
		}, ReasonIDPError, "redirect"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			rp := tokenServer(t, tt.serve)
			begun := time.Now()
			tokens, err := rp.Redeem(t.Context(), secret.New("the-code"), "the-verifier", "https://app.example/cb", []string{"openid"})
			if got := reasonOf(t, err); got != tt.want || (err == nil) != (tokens != nil) {
				t.Fatalf("reason %q (%v), want %q", got, err, tt.want)
			}
			if took := time.Since(begun); took > 2*time.Second {
				t.Errorf("took %v", took)
			}
			if err == nil {
				return
			}
			for _, leak := range []string{"leaked", "the-code", "the-verifier", testSecret} {
				if strings.Contains(fmt.Sprintf("%v %+v %#v", err, err, err), leak) {
					t.Errorf("%q is in the error: %#v", leak, err)
				}
			}
			if !strings.Contains(err.Error(), tt.text) || len(err.Error()) > 300 {
				t.Errorf("error %q, want %q in it", err, tt.text)
			}
		})
	}
}

func TestRedeemWithoutAServer(t *testing.T) {
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	rp := must(New(testConfig(http.DefaultTransport, nil)))
	rp.client = NewHTTPClient(time.Second, 0)
	rp.provider.Store(&provider{token: "http://" + l.Addr().String() + "/token"})
	_ = l.Close()
	if _, err := rp.Redeem(t.Context(), secret.New("c"), "v", "r", nil); reasonOf(t, err) != ReasonUnavailable || !strings.Contains(err.Error(), "refused") {
		t.Errorf("connection refused: %v", err)
	}
	if _, err := rp.Redeem(canceled(), secret.New("c"), "v", "r", nil); reasonOf(t, err) != ReasonUnavailable {
		t.Errorf("canceled: %v", err)
	}
	if _, err := rp.Redeem(t.Context(), secret.String{}, "v", "r", nil); reasonOf(t, err) != ReasonCode {
		t.Errorf("no code: %v", err)
	}
}

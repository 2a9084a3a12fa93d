package entra

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/secret"
)

// inTime is in the errors of an answer that comes too late.
const inTime = "no complete answer in time"

// goodAnswer is right for each kind of token request.
const goodAnswer = `{"access_token":"at","id_token":"idt","refresh_token":"rt","token_type":"Bearer","expires_in":3600,"scope":"openid User.Read"}`

// withoutIDToken is right for a session.
const withoutIDToken = `{"access_token":"at","refresh_token":"rt","token_type":"Bearer","expires_in":3600,"scope":"openid User.Read"}`

// tokenFault is one thing that a token endpoint does wrong.
type tokenFault struct {
	name  string
	serve http.HandlerFunc
	want  Reason
	text  string        // in the error
	wait  time.Duration // RetryAfter
}

func refusal(status int, code, text string) http.HandlerFunc {
	return answerJSON(status, fmt.Sprintf(`{"error":%q,"error_description":%q}`, code, text))
}

func tokenRefusals() []tokenFault {
	return []tokenFault{
		{"used code", refusal(400, "invalid_grant", "AADSTS54005: leaked-body"), ReasonCode, "AADSTS54005", 0},
		{"expired code", refusal(400, "invalid_grant", "AADSTS70008: leaked-body"), ReasonCode, "AADSTS70008", 0},
		{"wrong verifier", refusal(400, "invalid_grant", "AADSTS501481: leaked-body"), ReasonCode, "AADSTS501481", 0},
		{"revoked", refusal(400, "invalid_grant", "AADSTS50173: leaked-body"), ReasonCode, "AADSTS50173", 0},
		{"no consent", refusal(400, "invalid_grant", "AADSTS65001: leaked-body"), ReasonConsent, "agreed", 0},
		{"consent of an administrator", refusal(400, "invalid_grant", "AADSTS90094: leaked-body"), ReasonConsent, "administrator", 0},
		{"consent of an administrator, asked for", refusal(400, "invalid_grant", "AADSTS90095: leaked-body"), ReasonConsent, "administrator", 0},
		{"not assigned", refusal(400, "invalid_grant", "AADSTS50105: leaked-body"), ReasonNotAssigned, "assigned", 0},
		{"wrong secret", refusal(401, "invalid_client", "AADSTS7000215: leaked-body"), ReasonClient, "AADSTS7000215", 0},
		{"expired secret", refusal(401, "invalid_client", "AADSTS7000222: leaked-body"), ReasonClient, "has expired", 0},
		{"unknown certificate", refusal(401, "invalid_client", "AADSTS700027: leaked-body"), ReasonClient, "certificate", 0},
		{"an assertion out of its time", refusal(401, "invalid_client", "AADSTS700024: leaked-body"), ReasonClient, "clock", 0},
		{"federated credential", refusal(400, "invalid_request", "AADSTS70021: leaked-body"), ReasonClient, "federated", 0},
		{"federated subject", refusal(400, "invalid_request", "AADSTS700213: leaked-body"), ReasonClient, "subject", 0},
		{"one tenant only", refusal(400, "invalid_request", "AADSTS50194: leaked-body"), ReasonClient, "one tenant", 0},
		{"unknown client", refusal(400, "unauthorized_client", "leaked-body"), ReasonClient, "unauthorized_client", 0},
		{"unknown scope", refusal(400, "invalid_scope", "leaked-body"), ReasonScope, "invalid_scope", 0},
		{"two resources", refusal(400, "invalid_request", "AADSTS28000: leaked-body"), ReasonScope, "AADSTS28000", 0},
		{"second factor", refusal(400, "interaction_required", "AADSTS50076: leaked-body"), ReasonInteraction, "second factor", 0},
		{"second factor to be set up", refusal(400, "invalid_grant", "AADSTS50079: leaked-body"), ReasonInteraction, "set up", 0},
		{"another provider first", refusal(400, "invalid_grant", "AADSTS50158: leaked-body"), ReasonInteraction, "another provider", 0},
		{"conditional access", refusal(400, "invalid_grant", "AADSTS53003: leaked-body"), ReasonInteraction, "conditional access", 0},
		{"refusal with status 200", refusal(200, "invalid_grant", "leaked-body"), ReasonCode, "invalid_grant", 0},
		{"an error that is not known", refusal(400, "leaked-body", "leaked-body"), ReasonIDPError, "an unknown error", 0},
		{"a number that is none", refusal(400, "invalid_grant", "AADSTSleaked-body"), ReasonCode, "(invalid_grant)", 0},
		{"busy", refusal(400, "temporarily_unavailable", "leaked-body"), ReasonUnavailable, "", 0},
		{"500 with JSON", refusal(500, "invalid_grant", "leaked-body"), ReasonIDPError, "500", 0},
		{"503 with a page", answerJSON(503, `<html>leaked-body`), ReasonIDPError, "503", 0},
		{"503 for two minutes", after("120", answerJSON(503, `<html>leaked-body`)), ReasonUnavailable, "503", 2 * time.Minute},
		{"throttled", answerJSON(429, `leaked-body`), ReasonUnavailable, "429", 0},
		{"throttled for a minute", after("60", refusal(429, "invalid_request", "AADSTS90033: leaked-body")), ReasonUnavailable, "429", time.Minute},
		{"throttled for a week", after("604800", answerJSON(429, ``)), ReasonUnavailable, "429", 5 * time.Minute},
		{"throttled by a text that leaks", after("leaked-body", answerJSON(429, ``)), ReasonUnavailable, "429", 0},
		{"refused, with a Retry-After that means nothing", after("60", refusal(400, "invalid_grant", "leaked-body")), ReasonCode, "", 0},
	}
}

func after(seconds string, serve http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Retry-After", seconds)
		serve(w, r)
	}
}

func brokenAnswers() []tokenFault {
	drop := func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }
	return []tokenFault{
		{"no access_token", answerJSON(200, `{"id_token":"leaked-body"}`), ReasonIDPError, "", 0},
		{"access_token is a number", answerJSON(200, `{"access_token":5,"id_token":"leaked-body"}`), ReasonIDPError, "", 0},
		{"expires_in is a list", answerJSON(200, `{"access_token":"leaked-body","id_token":"i","expires_in":[1]}`), ReasonIDPError, "", 0},
		{"garbage", answerJSON(200, `{"leaked-body": <<<`), ReasonIDPError, "", 0},
		{"an array", answerJSON(200, `["leaked-body"]`), ReasonIDPError, "", 0},
		{"empty", answerJSON(200, ``), ReasonIDPError, "", 0},
		{"no content", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }, ReasonIDPError, "", 0},
		{"a form", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/plain")
			_, _ = fmt.Fprint(w, "leaked-body=%zz")
		}, ReasonIDPError, "", 0},
		{"huge, announced", answerJSON(200, `{"access_token":"`+strings.Repeat("A", 200<<10)+`"}`), ReasonIDPError, ErrBodyTooLarge.Error(), 0},
		{"huge, in pieces", func(w http.ResponseWriter, _ *http.Request) {
			for range 200 {
				_, _ = fmt.Fprint(w, strings.Repeat(" ", 1<<10))
				_ = http.NewResponseController(w).Flush()
			}
		}, ReasonIDPError, ErrBodyTooLarge.Error(), 0},
		{"slow to answer", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, ReasonUnavailable, inTime, 0},
		{"slow to finish", func(w http.ResponseWriter, r *http.Request) {
			_, _ = fmt.Fprint(w, `{"access_token":"leaked-body`)
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		}, ReasonUnavailable, inTime, 0},
		{"dropped at once", drop, ReasonUnavailable, "closed", 0},
		{"dropped in the middle", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "1000")
			_, _ = fmt.Fprint(w, `{"access_token":"leaked-body`)
			_ = http.NewResponseController(w).Flush()
			drop(w, r)
		}, ReasonUnavailable, "closed", 0},
		{"no HTTP", func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				return
			}
			_, _ = fmt.Fprint(conn, "leaked-body: SSH-2.0\r\n\r\n")
			_ = conn.Close()
		}, ReasonIDPError, "not valid HTTP", 0},
		{"sent elsewhere", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "https://evil.example/?leaked-body")
			w.WriteHeader(http.StatusTemporaryRedirect)
		}, ReasonIDPError, "redirect", 0},
	}
}

// idTokenFaults are wrong for a code only.
func idTokenFaults() []tokenFault {
	return []tokenFault{
		{"no id_token", answerJSON(200, `{"access_token":"leaked-body"}`), ReasonToken, "", 0},
		{"id_token is no text", answerJSON(200, `{"access_token":"leaked-body","id_token":{"a":1}}`), ReasonToken, "", 0},
		{"id_token is empty", answerJSON(200, `{"access_token":"leaked-body","id_token":""}`), ReasonToken, "", 0},
		{"id_token in another case", answerJSON(200, `{"access_token":"leaked-body","ID_TOKEN":"idt"}`), ReasonToken, "", 0},
	}
}

// tokenCall is one of the calls that end at the token endpoint. Each asks anew.
type tokenCall struct {
	name   string
	faults []tokenFault
	good   string // the answer before and after
	run    func(ctx context.Context, rp *RelyingParty, n int) error
}

func tokenCalls() []tokenCall {
	common := slices.Concat(tokenRefusals(), brokenAnswers())
	return []tokenCall{
		{"code", slices.Concat(common, idTokenFaults()), goodAnswer, func(ctx context.Context, rp *RelyingParty, _ int) error {
			tokens, err := rp.Redeem(ctx, secret.New("the-code"), "the-verifier", "https://app.example/cb", planOf("openid"))
			if (err == nil) != (tokens != nil) {
				return fmt.Errorf("tokens %v and error %w", tokens != nil, err)
			}
			return err
		}},
		{"refresh token", common, goodAnswer, func(ctx context.Context, rp *RelyingParty, _ int) error {
			_, err := rp.GraphToken(ctx, &Tokens{Refresh: secret.New("the-refresh-token")})
			return err
		}},
		{"client credentials", common, goodAnswer, func(ctx context.Context, rp *RelyingParty, n int) error {
			_, err := rp.AppToken(ctx, "", "https://api.test/"+strconv.Itoa(n))
			return err
		}},
		{"session", common, withoutIDToken, func(ctx context.Context, rp *RelyingParty, _ int) error {
			tokens, id, err := rp.Refresh(ctx, secret.New("the-refresh-token"), []string{"openid"}, access.Identity{})
			var e *Error
			switch ends := []Reason{ReasonCode, ReasonInteraction, ReasonConsent, ReasonNotAssigned}; {
			case (err == nil) != (tokens != nil), id != nil:
				return fmt.Errorf("tokens %v, identity %v and error %w", tokens != nil, id != nil, err)
			case errors.As(err, &e) && e.Ends() != slices.Contains(ends, e.Reason):
				return fmt.Errorf("the session ends: %v, for %q", e.Ends(), e.Reason)
			}
			return err
		}},
	}
}

// Whatever the token endpoint does, there is one request, a reason,
// and nothing of the answer or of what was sent in the error. The
// same call passes before and after.
func TestAdversarialTokenEndpoint(t *testing.T) {
	cases := 0
	for _, call := range tokenCalls() {
		for _, fault := range call.faults {
			cases++
			t.Run(call.name+"/"+fault.name, func(t *testing.T) {
				t.Parallel()
				var broken atomic.Bool
				var requests atomic.Int32
				rp := tokenServer(t, func(w http.ResponseWriter, r *http.Request) {
					requests.Add(1)
					if broken.Load() {
						fault.serve(w, r)
						return
					}
					answerJSON(http.StatusOK, call.good)(w, r)
				})
				if err := call.run(t.Context(), rp, 1); err != nil {
					t.Fatalf("before: %v", err)
				}
				broken.Store(true)
				requests.Store(0)
				patient := rp.cfg.Client
				if fault.text == inTime {
					rp.cfg.Client = NewHTTPClient(300*time.Millisecond, 0)
				}
				fault.judge(t, call.run(t.Context(), rp, 2))
				if n := requests.Load(); n != 1 {
					t.Errorf("%d requests", n)
				}
				broken.Store(false)
				rp.cfg.Client = patient
				if err := call.run(t.Context(), rp, 3); err != nil {
					t.Errorf("after: %v", err)
				}
			})
		}
	}
	t.Attr("cases", strconv.Itoa(cases))
}

func (f tokenFault) judge(t *testing.T, err error) {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) || e.Reason != f.want || e.RetryAfter != f.wait {
		t.Fatalf("%v, want %q and RetryAfter %v", err, f.want, f.wait)
	}
	for _, leak := range []string{"leaked", "the-code", "the-verifier", "the-refresh-token", testSecret} {
		if strings.Contains(fmt.Sprintf("%v %+v %#v %s", err, err, err, e.Code()), leak) {
			t.Errorf("%q is in the error: %#v", leak, err)
		}
	}
	if !strings.Contains(err.Error(), f.text) || len(err.Error()) > 300 {
		t.Errorf("error %q, want %q in it", err, f.text)
	}
}

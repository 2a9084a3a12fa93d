package entra

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"github.com/easyauth-sidecar/easyauth/authserver/metrics"
)

const (
	maxTokenResponse = 1 << 20 // bytes, what x/oauth2 reads too
	maxRetryAfter    = 5 * time.Minute
	maxTokenLife     = 366 * 24 * time.Hour // of any token; what says more is cut
)

// requestToken makes every request to a token endpoint: for a code, a refresh
// token or the client itself. form holds grant_type and what belongs to it; the
// client's proof and capabilities are added. It is sent once, whatever comes
// back. Errors are *Error; none holds anything of what was sent or answered but
// the error code of a known list and the provider's number of it.
//
// x/oauth2's client credentials flow is the one of its flows that lets all
// parameters be given, which Entra ID needs (scope with a code, an assertion
// with a refresh token).
func (rp *RelyingParty) requestToken(ctx context.Context, doing, endpoint string, form url.Values) (*oauth2.Token, error) {
	asking := rp.counted.token.Begin()
	token, err := rp.exchange(ctx, doing, endpoint, form)
	asking.End(resultOf(err))
	return token, err
}

// exchange is requestToken without the counting.
func (rp *RelyingParty) exchange(ctx context.Context, doing, endpoint string, form url.Values) (*oauth2.Token, error) {
	claims, err := rp.claimsParam("", nil, nil)
	if err != nil {
		return nil, refuse(ReasonClient, "%s: %w", doing, err).as(metrics.ResultNotSent)
	}
	if claims != "" {
		form.Set("claims", claims)
	}
	if err := rp.cfg.Credential.Add(form, endpoint); err != nil {
		return nil, refuse(ReasonClient, "%s: client credential: %w", doing, err).as(metrics.ResultNotSent)
	}
	conf := clientcredentials.Config{TokenURL: endpoint, AuthStyle: oauth2.AuthStyleInParams, EndpointParams: form}
	exchange := &eagerTransport{next: rp.cfg.Client.Transport}
	client := *rp.cfg.Client
	client.Transport = exchange
	token, err := conf.Token(context.WithValue(ctx, oauth2.HTTPClient, &client))
	if err == nil {
		return token, nil
	}
	if token := rp.onlyIDToken(err, exchange.body); token != nil {
		return token, nil
	}
	return nil, rp.tokenError(doing, err)
}

// onlyIDToken reads an answer without access token. Azure AD B2C gives such a
// one when no scope of an API was asked for, which x/oauth2 takes for a fault.
func (rp *RelyingParty) onlyIDToken(err error, body []byte) *oauth2.Token {
	if rp.cfg.Kind != B2C || isRefusal(err) || body == nil {
		return nil
	}
	answer, err := parseObject(body)
	if err != nil {
		return nil
	}
	_, hasAccess := answer.values["access_token"]
	_, hasError := answer.values["error"]
	idToken, err := answer.text("id_token")
	if err != nil || idToken == "" || hasAccess || hasError {
		return nil
	}
	scope, err := answer.text("scope")
	if err != nil {
		return nil
	}
	refresh, err := answer.text("refresh_token")
	if err != nil {
		return nil
	}
	// Without a token there is nothing that scopes could have been granted to: no
	// scope member does not mean "as asked for" here.
	extra := map[string]any{"id_token": idToken, "scope": scope}
	for _, name := range []string{"expires_in", idTokenLife} {
		var value any
		if json.Unmarshal(answer.values[name], &value) == nil {
			extra[name] = value
		}
	}
	token := &oauth2.Token{RefreshToken: refresh}
	return token.WithExtra(extra)
}

// idTokenLife is Azure AD B2C's expires_in of an answer without access token.
const idTokenLife = "id_token_expires_in"

// expiry is when the token of an answer to a request that was sent at asked ends,
// zero if the answer does not say. The time of the request, not of the answer:
// too early does no harm.
func expiry(asked time.Time, answer *oauth2.Token) time.Time {
	life := lifeIn(answer, "expires_in")
	if life == 0 && answer.AccessToken == "" {
		life = lifeIn(answer, idTokenLife)
	}
	if life == 0 {
		return time.Time{}
	}
	return asked.Add(life)
}

// lifeIn reads seconds, also such as are written as text; 0 when there are none.
func lifeIn(answer *oauth2.Token, member string) time.Duration {
	var seconds float64
	switch v := answer.Extra(member).(type) {
	case float64:
		seconds = v
	case string:
		seconds, _ = strconv.ParseFloat(v, 64) // 0 when it is no number
	}
	if !(seconds > 0) { // nor NaN
		return 0
	}
	return time.Duration(min(seconds, maxTokenLife.Seconds()) * float64(time.Second))
}

func isRefusal(err error) bool {
	var refused *oauth2.RetrieveError
	return errors.As(err, &refused)
}

// tokenError keeps what is known not to be secret. The text of an error of
// x/oauth2 can hold the whole body.
func (rp *RelyingParty) tokenError(doing string, err error) error {
	var refused *oauth2.RetrieveError
	if !errors.As(err, &refused) {
		var sent *url.Error // what http.Client makes of every error
		if errors.As(err, &sent) {
			return exchangeError(doing, err)
		}
		return refuse(ReasonIDPError, "%s: the answer is no token response", doing)
	}
	status, wait := refused.Response.StatusCode, time.Duration(0)
	if status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable {
		wait = retryAfter(refused.Response.Header, rp.cfg.Now())
	}
	a := readAnswer(refused.ErrorCode, refused.ErrorDescription)
	switch {
	case status == http.StatusTooManyRequests, wait > 0:
		a.reason = ReasonUnavailable
	case status >= http.StatusInternalServerError:
		a.reason = ReasonIDPError
	}
	e := refuse(a.reason, "%s: answered with status %d (%s)", doing, status, a.text).as(tokenResult(status, a.reason))
	e.code, e.RetryAfter = a.number, wait
	return e
}

// retryAfter reads the header: seconds or a date, at most 5 minutes; 0 when
// there is none.
func retryAfter(h http.Header, now time.Time) time.Duration {
	text := strings.TrimSpace(h.Get("Retry-After"))
	if seconds, err := strconv.ParseUint(text, 10, 32); err == nil {
		return min(time.Duration(seconds)*time.Second, maxRetryAfter)
	}
	date, err := http.ParseTime(text)
	if err != nil {
		return 0
	}
	return min(max(date.Sub(now), 0), maxRetryAfter)
}

// eagerTransport reads bodies inside of the exchange: x/oauth2 turns an error
// while reading the body into text, so that a connection that broke could not be
// told from an answer that makes no sense. It serves one request.
type eagerTransport struct {
	next http.RoundTripper
	body []byte // of the last answer
}

// RoundTrip implements http.RoundTripper.
func (t *eagerTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	next := t.next
	if next == nil {
		next = http.DefaultTransport
	}
	resp, err := next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxTokenResponse+1))
	_ = resp.Body.Close() // everything that is wanted was read
	switch {
	case err != nil:
		return nil, err
	case len(body) > maxTokenResponse:
		return nil, ErrBodyTooLarge
	}
	t.body = body
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return resp, nil
}

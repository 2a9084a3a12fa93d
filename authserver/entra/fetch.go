package entra

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/metrics"
)

// fetchTimeout bounds one fetch of a document, and one request for a token of the
// client itself, whatever the HTTP client's own bound is.
const fetchTimeout = 15 * time.Second

// recovered calls fn and turns a panic into an error: fn runs in a goroutine of its
// own, where a panic would end the process, and nobody would be told.
func recovered[T any](doing string, fn func() (T, error)) (v T, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = refuse(ReasonUnavailable, "%s: panic: %v", doing, p)
		}
	}()
	return fn()
}

// fetch gets one document of at most limit bytes. Discovery and keys are not
// left to go-oidc, whose errors hold the whole body of an answer.
func fetch(ctx context.Context, client *http.Client, url string, limit int64) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	doing := "get " + capped(url)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, refuse(ReasonIDPError, "%s: no valid URL", doing)
	}
	req.Header.Set("Accept", "application/json")
	resp, err := client.Do(req)
	if err != nil {
		return nil, exchangeError(doing, err)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, limit+1))
	_ = resp.Body.Close() // everything that is wanted was read
	switch {
	case err != nil:
		return nil, exchangeError(doing, err)
	case resp.StatusCode == http.StatusTooManyRequests:
		return nil, refuse(ReasonUnavailable, "%s: answered with status %d", doing, resp.StatusCode).as(metrics.ResultThrottled)
	case resp.StatusCode >= http.StatusBadRequest:
		return nil, documentError(doing, resp.StatusCode, body)
	case resp.StatusCode != http.StatusOK:
		return nil, refuse(ReasonIDPError, "%s: answered with status %d", doing, resp.StatusCode)
	case int64(len(body)) > limit:
		return nil, refuse(ReasonIDPError, "%s: %w", doing, ErrBodyTooLarge).as(metrics.ResultTooLarge)
	}
	return body, nil
}

// documentError is the error of an answer that is none: of its body the provider's own
// number is kept, and nothing else.
func documentError(doing string, status int, body []byte) *Error {
	number, said := numberIn(body), ""
	if number != "" {
		said = " (" + number + ")"
	}
	e := refuse(ReasonIDPError, "%s: answered with status %d%s", doing, status, said).as(metrics.OfStatus(status))
	e.code = number
	return e
}

// numberIn returns the provider's number in the JSON of an error, "AADSTS90002"; "" if
// there is none.
func numberIn(body []byte) string {
	answer, err := parseObject(body)
	if err != nil {
		return ""
	}
	if description, err := answer.text("error_description"); err == nil {
		if number := answerNumber.FindString(description); number != "" {
			return number
		}
	}
	var codes []uint32
	if json.Unmarshal(answer.values["error_codes"], &codes) != nil || len(codes) == 0 {
		return ""
	}
	return answerNumber.FindString(fmt.Sprintf("AADSTS%d", codes[0]))
}

package graph

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"testing"

	"github.com/microsoftgraph/msgraph-sdk-go/models/odataerrors"

	"github.com/easyauth-sidecar/easyauth/authserver/metrics"
)

func odata(code string) error {
	inner := odataerrors.NewMainError()
	inner.SetCode(&code)
	err := odataerrors.NewODataError()
	err.SetErrorEscaped(inner)
	return err
}

func TestResultOf(t *testing.T) {
	sent := func(status int, err error) error {
		return &sendError{status, &url.Error{Op: "Get", URL: "https://graph.example/secret", Err: err}}
	}
	for _, tt := range []struct {
		name   string
		status int
		err    error
		want   metrics.Result
	}{
		{"nothing wrong", 200, nil, metrics.ResultOK},
		{"no token", 0, errNoToken, metrics.ResultNotSent},
		{"whoever waited has gone", 0, sent(0, context.Canceled), metrics.ResultCancelled},
		{"the time is over", 0, sent(0, context.DeadlineExceeded), metrics.ResultTimeout},
		{"and in the middle of the answer", 200, sent(200, context.DeadlineExceeded), metrics.ResultTimeout},
		{"nobody listens", 0, sent(0, &net.OpError{Op: "dial", Err: errors.New("refused")}), metrics.ResultUnreachable},
		{"a certificate", 0, sent(0, &tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}), metrics.ResultUntrusted},
		{"too large", 200, sent(200, errTooLarge), metrics.ResultTooLarge},
		{"the connection broke", 200, sent(200, io.ErrUnexpectedEOF), metrics.ResultUnreachable},
		{"an error of Graph's", 403, &sendError{403, odata("Authorization_RequestDenied")}, metrics.ResultHTTP4xx},
		{"throttled", 429, &sendError{429, odata("TooManyRequests")}, metrics.ResultThrottled},
		{"it fails", 503, &sendError{503, errors.New("no JSON")}, metrics.ResultHTTP5xx},
		{"too many for one answer, which is asked otherwise", 400, &sendError{400, odata("Directory_ResultSizeLimitExceeded")}, metrics.ResultOK},
		{"not what was asked for", 200, errUnreadable, metrics.ResultBadAnswer},
		{"a redirect", 302, &statusError{302, ""}, metrics.ResultBadAnswer},
		{"a panic", 200, &sendError{200, &panicError{}}, metrics.ResultBadAnswer},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := resultOf(tt.status, tt.err); got != tt.want {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
}

func TestResultOfAnItem(t *testing.T) {
	for _, tt := range []struct {
		name   string
		item   item
		failed *failure
		want   metrics.Result
	}{
		{"answered", item{Status: 200, times: 1}, nil, metrics.ResultOK},
		{"refused", item{Status: 403, times: 1}, &failure{Status: 403}, metrics.ResultHTTP4xx},
		{"throttled", item{Status: 429, times: 1}, &failure{Status: 429}, metrics.ResultThrottled},
		{"it fails", item{Status: 502, times: 1}, &failure{Status: 502}, metrics.ResultHTTP5xx},
		{"not answered", item{}, &failure{Status: http.StatusBadGateway}, metrics.ResultBadAnswer},
		{"answered twice", item{Status: 500, times: 2}, &failure{Status: http.StatusBadGateway}, metrics.ResultBadAnswer},
		{"no status", item{Status: 7, times: 1}, &failure{Status: http.StatusBadGateway}, metrics.ResultBadAnswer},
		{"too large", item{Status: 200, times: 1}, &failure{Status: http.StatusRequestEntityTooLarge}, metrics.ResultTooLarge},
	} {
		if got := tt.item.counted(tt.failed); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

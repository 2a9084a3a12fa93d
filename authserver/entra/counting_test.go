package entra

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"testing"

	"github.com/easyauth-sidecar/easyauth/authserver/metrics"
)

type late struct{ error }

func (late) Timeout() bool { return true }

func TestResultOf(t *testing.T) {
	asked := func(err error) error {
		return exchangeError("ask", &url.Error{Op: "Get", URL: "https://idp.example/secret", Err: err})
	}
	for _, tt := range []struct {
		name string
		err  error
		want metrics.Result
	}{
		{"nothing wrong", nil, metrics.ResultOK},
		{"whoever waited has gone", asked(context.Canceled), metrics.ResultCancelled},
		{"the time is over", asked(context.DeadlineExceeded), metrics.ResultTimeout},
		{"the client's time is over", asked(late{errors.New("slow")}), metrics.ResultTimeout},
		{"nobody listens", asked(&net.OpError{Op: "dial", Err: errors.New("refused")}), metrics.ResultUnreachable},
		{"no such host", asked(&net.OpError{Op: "dial", Err: &net.DNSError{Name: "idp.example"}}), metrics.ResultUnreachable},
		{"the connection broke", asked(io.ErrUnexpectedEOF), metrics.ResultUnreachable},
		{"and before anything came", asked(io.EOF), metrics.ResultUnreachable},
		{"a certificate", asked(&tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}), metrics.ResultUntrusted},
		{"too large", asked(ErrBodyTooLarge), metrics.ResultTooLarge},
		{"a redirect", asked(errRedirect), metrics.ResultBadAnswer},
		{"no HTTP", asked(errors.New("malformed")), metrics.ResultBadAnswer},
		{"what was read is no document", refuse(ReasonIDPError, "no issuer"), metrics.ResultBadAnswer},
		{"another's error", errors.New("another"), metrics.ResultBadAnswer},
		{"wrapped", fmt.Errorf("outside: %w", asked(context.DeadlineExceeded)), metrics.ResultTimeout},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := resultOf(tt.err); got != tt.want {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
}

func TestTokenResult(t *testing.T) {
	for _, tt := range []struct {
		status int
		reason Reason
		want   metrics.Result
	}{
		{400, ReasonCode, metrics.ResultRefused},
		{400, ReasonInteraction, metrics.ResultRefused},
		{400, ReasonScope, metrics.ResultRefused},
		{400, ReasonClient, metrics.ResultClientRefused},
		{401, ReasonClient, metrics.ResultClientRefused},
		{400, ReasonIDPError, metrics.ResultHTTP4xx},
		{400, ReasonUnavailable, metrics.ResultHTTP4xx},
		{429, ReasonUnavailable, metrics.ResultThrottled},
		{429, ReasonClient, metrics.ResultThrottled},
		{500, ReasonClient, metrics.ResultHTTP5xx},
		{503, ReasonUnavailable, metrics.ResultHTTP5xx},
	} {
		if got := tokenResult(tt.status, tt.reason); got != tt.want {
			t.Errorf("%d, %s: %q, want %q", tt.status, tt.reason, got, tt.want)
		}
	}
}

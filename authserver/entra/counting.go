package entra

import (
	"errors"
	"net/http"

	"github.com/easyauth-sidecar/easyauth/authserver/metrics"
)

// counted are the counters of what the provider is asked.
type counted struct{ discovery, keys, token *metrics.Remote }

func newCounted(m *metrics.Metrics) counted {
	return counted{m.Remote(metrics.TargetDiscovery), m.Remote(metrics.TargetKeys), m.Remote(metrics.TargetToken)}
}

// as gives the error a result for the metrics.
func (e *Error) as(result metrics.Result) *Error {
	e.result = result
	return e
}

// resultOf is what became of an exchange that ended with err: what was said on the
// way or, where nothing was, that the answer is not what was asked for.
func resultOf(err error) metrics.Result {
	var e *Error
	switch {
	case err == nil:
		return metrics.ResultOK
	case errors.As(err, &e) && e.result != "":
		return e.result
	}
	return metrics.ResultBadAnswer
}

// tokenResult is the result of an answer of a token endpoint that refuses.
func tokenResult(status int, reason Reason) metrics.Result {
	switch {
	case status == http.StatusTooManyRequests, status >= http.StatusInternalServerError:
		return metrics.OfStatus(status)
	case reason == ReasonClient:
		return metrics.ResultClientRefused
	case reason == ReasonIDPError, reason == ReasonUnavailable: // not in the words of the protocol, or not about the request
		return metrics.OfStatus(status)
	}
	return metrics.ResultRefused
}

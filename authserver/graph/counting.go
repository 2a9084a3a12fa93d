package graph

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"

	"github.com/easyauth-sidecar/easyauth/authserver/metrics"
)

// counted are the counters of what Graph is asked.
type counted struct{ queries, groups, names, app, logo *metrics.Remote }

func newCounted(m *metrics.Metrics) counted {
	return counted{
		queries: m.Remote(metrics.TargetGraphQueries), groups: m.Remote(metrics.TargetGraphGroups), names: m.Remote(metrics.TargetGraphNames),
		app: m.Remote(metrics.TargetGraphApp), logo: m.Remote(metrics.TargetGraphLogo),
	}
}

// ask sends a call, whose answer must have the status 200, and reads the answer. What
// becomes of it is counted under a target.
func ask[T any](ctx context.Context, c *Client, target *metrics.Remote, call *call, read func(answer []byte) (T, error)) (value T, err error) {
	asking := target.Begin()
	answer, err := c.fetch(ctx, call)
	if err == nil {
		value, err = read(answer)
	}
	asking.End(resultOf(call.status, err))
	return value, err
}

// resultOf is what became of a request whose answer had a status (0: there was none),
// and that ended with err.
func resultOf(status int, err error) metrics.Result {
	timeout, isNet := errors.AsType[net.Error](err)
	_, isCert := errors.AsType[*tls.CertificateVerificationError](err)
	_, panicked := errors.AsType[*panicError](err)
	switch {
	case err == nil, exceeds(err): // the latter says how to ask instead
		return metrics.ResultOK
	case errors.Is(err, errNoToken):
		return metrics.ResultNotSent
	case errors.Is(err, context.Canceled):
		return metrics.ResultCancelled
	case errors.Is(err, context.DeadlineExceeded) || isNet && timeout.Timeout():
		return metrics.ResultTimeout
	case errors.Is(err, errTooLarge):
		return metrics.ResultTooLarge
	case panicked:
		return metrics.ResultBadAnswer
	case isCert:
		return metrics.ResultUntrusted
	case status >= 400:
		return metrics.OfStatus(status)
	case status == 0 || isNet || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		return metrics.ResultUnreachable
	}
	return metrics.ResultBadAnswer
}

// counted is the result of one item of a batch that failed with f, or did not.
func (it *item) counted(f *failure) metrics.Result {
	switch {
	case f == nil:
		return metrics.ResultOK
	case it.times == 1 && it.Status >= 400:
		return metrics.OfStatus(it.Status)
	case f.Status == http.StatusRequestEntityTooLarge: // what it says is true, but there is too much of it
		return metrics.ResultTooLarge
	}
	return metrics.ResultBadAnswer
}

package inline

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"

	"github.com/easyauth-sidecar/easyauth/authserver/metrics"
)

// fail answers a request that an application did not answer.
func (p *passage) fail(w http.ResponseWriter, r *http.Request, err error) {
	reason, status := judge(r.Context(), err)
	if reason == metrics.InlineClientGone {
		p.proxy.Metrics.Count(reason)
		return
	}
	p.note(r, reason, err)
	// What the answer of the application had in it is not the client's.
	clear(w.Header())
	switch status {
	case http.StatusRequestEntityTooLarge:
		w.Header().Set("Connection", "close") // nobody reads the rest
		tell(p.pages, w, r, status, "This is too large", "The application takes no request of this size.")
	case http.StatusGatewayTimeout:
		tell(p.pages, w, r, status, "The application takes too long", "It did not answer in time. Please try again.")
	default:
		tell(p.pages, w, r, status, "The application does not answer", "It cannot be reached right now. Please try again.")
	}
}

// judge says what a failure is called, and how it is answered.
func judge(ctx context.Context, err error) (metrics.InlineFailure, int) {
	var tooLarge *http.MaxBytesError
	var operation *net.OpError
	switch {
	case errors.As(err, &tooLarge):
		return metrics.InlineTooLarge, http.StatusRequestEntityTooLarge
	case ctx.Err() != nil:
		return metrics.InlineClientGone, 0
	case errors.As(err, &operation) && operation.Op == "dial":
		if operation.Timeout() {
			return metrics.InlineTimeout, http.StatusGatewayTimeout
		}
		return metrics.InlineUnreachable, http.StatusBadGateway
	case isTimeout(err):
		return metrics.InlineTimeout, http.StatusGatewayTimeout
	}
	return metrics.InlineBroken, http.StatusBadGateway
}

func isTimeout(err error) bool {
	var t interface{ Timeout() bool }
	return errors.Is(err, os.ErrDeadlineExceeded) || errors.As(err, &t) && t.Timeout()
}

// noteCut, deferred, tells of an answer that ended before its end: the client's connection is closed, so that it
// does not take a part for the whole.
func (p *passage) noteCut(r *http.Request) {
	if p.cut != nil && r.Context().Err() == nil {
		p.note(r, metrics.InlineCut, p.cut)
	}
}

func (p *passage) note(r *http.Request, reason metrics.InlineFailure, err error) {
	p.proxy.Metrics.Count(reason)
	p.proxy.Log.WarnContext(r.Context(), "an application could not be asked", "reason", string(reason), "host", p.host.Name, "upstream", p.route.label, "error", err)
}

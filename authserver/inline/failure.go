package inline

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"os"

	"github.com/easyauth-sidecar/easyauth/authserver/metrics"
)

// fail answers a request that an application did not answer. It answers a client that seems to be gone too:
// one that has only ended its side of the connection would be sent an empty 200 by net/http.
func (p *passage) fail(w http.ResponseWriter, r *http.Request, err error) {
	reason, status := p.judge(r.Context(), err)
	p.note(r, reason, err)
	// What the answer of the application had in it is not the client's.
	clear(w.Header())
	if r.ProtoMajor == 1 && r.ContentLength != 0 {
		w.Header().Set("Connection", "close") // nobody reads the rest of the body, or knows where it ends
	}
	switch status {
	case http.StatusRequestTimeout:
		tell(p.pages, w, r, status, "This takes too long", "The rest of the request did not arrive. Please try again.")
	case http.StatusBadRequest:
		tell(p.pages, w, r, status, "This request cannot be read", "Its body is not what its headers say.")
	case http.StatusRequestEntityTooLarge:
		tell(p.pages, w, r, status, "This is too large", "The application takes no request of this size.")
	case http.StatusGatewayTimeout:
		tell(p.pages, w, r, status, "The application takes too long", "It did not answer in time. Please try again.")
	default:
		tell(p.pages, w, r, status, "The application does not answer", "It cannot be reached right now. Please try again.")
	}
}

// judge says what a failure is called, and how it is answered.
func (p *passage) judge(ctx context.Context, err error) (metrics.InlineFailure, int) {
	var tooLarge *http.MaxBytesError
	var operation *net.OpError
	switch {
	case p.patience.ended():
		return metrics.InlineClientSlow, http.StatusRequestTimeout
	case errors.As(err, &tooLarge):
		return metrics.InlineTooLarge, http.StatusRequestEntityTooLarge
	case errors.Is(context.Cause(ctx), context.DeadlineExceeded): // see upgraded.begin
		return metrics.InlineTimeout, http.StatusGatewayTimeout
	case ctx.Err() != nil:
		return metrics.InlineClientGone, http.StatusBadGateway
	case p.body.broken.Load():
		return metrics.InlineBadBody, http.StatusBadRequest
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

// noteCut, deferred, tells of an answer that ended before its end: the client's connection is closed, so that
// it does not take a part for the whole.
func (p *passage) noteCut(r *http.Request) {
	switch {
	case p.told:
	case p.patience.ended():
		p.note(r, metrics.InlineClientSlow, p.cut)
	case p.cut == nil || r.Context().Err() != nil:
	case p.byClient:
		p.note(r, metrics.InlineBadBody, p.cut)
	default:
		p.note(r, metrics.InlineCut, p.cut)
	}
}

// note counts a failure, and logs it. What a client can bring about at will is not worth a warning.
func (p *passage) note(r *http.Request, reason metrics.InlineFailure, err error) {
	p.told = true
	p.proxy.Metrics.Count(reason)
	switch reason {
	case metrics.InlineClientGone:
	case metrics.InlineClientSlow:
		p.proxy.Log.DebugContext(r.Context(), "a client has paused for too long in its request or an answer", "host", p.host.Name)
	case metrics.InlineBadBody:
		p.proxy.Log.DebugContext(r.Context(), "the body of a request cannot be read", "host", p.host.Name)
	default:
		p.proxy.Log.WarnContext(r.Context(), "an application could not be asked", "reason", string(reason), "host", p.host.Name, "upstream", p.route.label, "error", cause(err))
	}
}

// cause is what the log may hold of an error. net/http quotes what it could not read, and that may be a
// secret of the application's: only errors that quote nothing are told, without what they are wrapped in.
func cause(err error) string {
	var tooLarge *http.MaxBytesError
	var operation *net.OpError
	var certificate *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	var timeout interface {
		error
		Timeout() bool
	}
	for _, known := range []error{errSwitched, errStatus, io.ErrUnexpectedEOF, io.EOF} {
		if errors.Is(err, known) {
			return known.Error()
		}
	}
	switch {
	case errors.As(err, &tooLarge):
		return tooLarge.Error()
	case errors.As(err, &operation):
		return operation.Error()
	case errors.As(err, &certificate):
		return certificate.Error()
	case errors.As(err, &record):
		return record.Error()
	case errors.As(err, &timeout) && timeout.Timeout():
		return timeout.Error()
	}
	return "what it sent cannot be read"
}

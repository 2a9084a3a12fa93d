package authserver

import (
	"errors"
	"net/http"

	"github.com/easyauth-sidecar/easyauth/authserver/assertion"
	"github.com/easyauth-sidecar/easyauth/authserver/headers"
	"github.com/easyauth-sidecar/easyauth/authserver/metrics"
)

// assert adds the signed identity for the application that the auth-url names. Without a
// name there is none, and the header stays empty, as it does when none can be made: an
// application that checks it then lets nobody in. It reports whether something is named in
// the overflow header.
func (s *Server) assert(h http.Header, rendered *headers.Rendered, v *verdict) (overflow bool) {
	audience := v.app
	if audience == "" {
		audience = s.AssertionAudience
	}
	if audience == "" {
		s.asserted.Count(metrics.AssertionNoAudience)
		return false
	}
	mark := v.mark
	if v.session != nil && !v.bearer {
		mark = v.session.Mark()
	}
	jwt, complete, err := s.Assertion.Assertion(mark, v.identity, audience, headers.AssertionRoom)
	result := metrics.AssertionOK
	switch {
	case errors.Is(err, assertion.ErrTooLong):
		result = metrics.AssertionTooLong
	case err != nil:
		result, v.err = metrics.AssertionFailed, errors.Join(v.err, err)
	case !complete:
		result = metrics.AssertionIncomplete
	}
	s.asserted.Count(result)
	return rendered.WriteAssertion(h, jwt, complete)
}

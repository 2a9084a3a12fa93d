package authserver

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/netip"
	"runtime/debug"
	"slices"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/ingress"
	"github.com/easyauth-sidecar/easyauth/ingress/extauthz"
)

// ruleExtension is the key of context_extensions under which Envoy's configuration says the rule of a route.
const ruleExtension = "query"

// envoyGRPC answers Envoy's ext_authz over gRPC. What a client of Envoy's may have a hand in is refused within the protocol,
// as is what goes wrong here: a call that fails is a pass for an Envoy with failure_mode_allow.
func (s *Server) envoyGRPC(w http.ResponseWriter, r *http.Request) {
	call, ok := extauthz.Accept(w, r)
	if !ok {
		return
	}
	ctx, done := call.Context()
	defer done()
	r = r.WithContext(ctx)
	if !s.fromProxy(r) { // of anybody else nothing is read
		call.Reply(s.answerCheck(r, nil, question{fault: access.ReasonProxySecret, err: errNoSecret}))
		return
	}
	message, err := call.Message()
	switch {
	case errors.Is(err, extauthz.ErrTooLarge):
		call.Reply(s.answerCheck(r, nil, question{fault: access.ReasonBadOriginalURL, err: err}))
	case err == nil:
		call.Reply(s.answerCheck(r, message, question{}))
	}
}

// answerCheck answers a question of Envoy's, or one whose fault is known already.
func (s *Server) answerCheck(r *http.Request, message []byte, q question) (answer []byte) {
	defer func() {
		if p := recover(); p != nil {
			v := broken(fmt.Errorf("panic: %v\n%s", p, debug.Stack()))
			s.note(http.Header{}, r, &v)
			answer = extauthz.Refusal{}.Encode()
		}
	}()
	if q.fault == access.ReasonNone {
		r, q = s.readCheck(r, message)
	}
	told := &toldAnswer{header: http.Header{}}
	identity := make(http.Header, 24)
	if !s.decideDirect(told, r, identity, q) {
		return told.refusal().Encode()
	}
	pass := extauthz.Pass{Remove: s.unwanted(r.Header, identity)}
	for _, key := range slices.Sorted(maps.Keys(identity)) {
		for _, value := range identity[key] {
			if key == "Set-Cookie" {
				pass.Answer = append(pass.Answer, extauthz.Line{Name: key, Value: value})
			} else {
				pass.Set = append(pass.Set, extauthz.Line{Name: key, Value: value})
			}
		}
	}
	answer, err := pass.Encode()
	if err != nil {
		v := broken(err)
		s.note(http.Header{}, r, &v)
		return extauthz.Refusal{}.Encode()
	}
	return answer
}

// broken is the verdict where an answer could not be made.
func broken(err error) verdict {
	return verdict{decision: access.Decision{Outcome: access.Deny, Reason: access.ReasonInternal}, err: err}
}

// readCheck reads a question of Envoy's, and makes the client's request from it. If the question cannot be read,
// the request is Envoy's.
func (s *Server) readCheck(r *http.Request, message []byte) (*http.Request, question) {
	unusable := func(err error) (*http.Request, question) {
		return r, question{fault: access.ReasonBadOriginalURL, err: err}
	}
	c, err := extauthz.Decode(message)
	if err != nil {
		return unusable(err)
	}
	client, err := c.Request(r.Context())
	if err != nil {
		return unusable(err)
	}
	ask, err := ingress.Told(c.Method, c.Host, c.Path, client.Header, c.Extensions[ruleExtension])
	if err != nil {
		return unusable(err)
	}
	client.RemoteAddr = r.RemoteAddr
	client.Header.Del(ProxySecretHeader)
	// Who the client is Envoy says, not a header: Envoy passes on what the client says there.
	client.Header.Del("X-Real-Ip")
	if from, err := netip.ParseAddr(c.Source); err == nil {
		client.Header.Set("X-Real-Ip", from.Unmap().WithZone("").String())
		if ingress.Contains(s.TrustedProxies, ingress.PeerAddress(r)) {
			ask = ask.WithClient(from)
		}
	}
	for key := range c.Extensions {
		if key != ruleExtension { // a rule under another name would be none
			return client, question{ask: ask, fault: access.ReasonBadQuery, err: fmt.Errorf("context_extensions: unknown key %.60q; the rule is under %q", key, ruleExtension)}
		}
	}
	return client, s.served(question{ask: ask})
}

// toldAnswer keeps what the client is to be told.
type toldAnswer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (a *toldAnswer) Header() http.Header { return a.header }

func (a *toldAnswer) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
}

func (a *toldAnswer) Write(p []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	return a.body.Write(p)
}

// refusal is the answer for Envoy, which makes the length and the date itself.
func (a *toldAnswer) refusal() extauthz.Refusal {
	out := extauthz.Refusal{Status: a.status, Body: a.body.String()}
	for _, key := range slices.Sorted(maps.Keys(a.header)) {
		if key == "Content-Length" || key == "Date" {
			continue
		}
		for _, value := range a.header[key] {
			out.Headers = append(out.Headers, extauthz.Line{Name: key, Value: value})
		}
	}
	return out
}

package authserver

import (
	"crypto/subtle"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/pages"
	"github.com/easyauth-sidecar/easyauth/authserver/signin"
	"github.com/easyauth-sidecar/easyauth/authserver/tracing"
	"github.com/easyauth-sidecar/easyauth/ingress"
	"github.com/easyauth-sidecar/easyauth/ingress/extauthz"
)

// Adapters are the kinds of proxies that a server answers. The zero value is nginx alone.
type Adapters struct {
	Nginx     bool // at AuthPath; HAProxy and F5's controller too
	Forward   bool // at ForwardPath: Traefik, Caddy, APISIX
	Envoy     bool // below EnvoyPath
	EnvoyGRPC bool // at the path of its protocol
}

// ProxySecretHeader is where a proxy says the secret that only it and EasyAuth know.
const ProxySecretHeader = "X-Easyauth-Proxy-Secret" //nolint:gosec // a name, in the form of http.Header's keys

// question is what a proxy asks, or why it cannot be read.
type question struct {
	ask   ingress.Ask
	fault access.Reason // none: it can be answered
	err   error         // a detail for the log
}

// adapter returns what answers a proxy's question at the path of this request; nil: no proxy asks there. Adapters are
// chosen by path alone.
func (s *Server) adapter(r *http.Request) http.Handler {
	a := s.Adapters
	switch path := r.URL.Path; {
	case path == s.AuthPath && a.Nginx:
		return s.traced.nginx
	case path == s.ForwardPath && a.Forward:
		return s.traced.forward
	case a.Envoy && len(path) > len(s.EnvoyPath) && path[len(s.EnvoyPath)] == '/' && strings.HasPrefix(path, s.EnvoyPath):
		return s.traced.envoy
	case path == extauthz.Path && a.EnvoyGRPC:
		return s.traced.grpc
	}
	return nil
}

// answerProxy answers a question and takes its time.
func (s *Server) answerProxy(h http.Handler, w http.ResponseWriter, r *http.Request) {
	began := time.Now()
	h.ServeHTTP(w, r)
	s.authTimes.Since(began)
}

// forward answers Traefik, Caddy and APISIX: 200 with identity headers, or what the client is to be told.
func (s *Server) forward(w http.ResponseWriter, r *http.Request) {
	s.direct(w, r, s.served(s.read(r, ingress.Forward)))
}

// envoy answers Envoy's ext_authz over HTTP, for which only exactly 200 passes.
func (s *Server) envoy(w http.ResponseWriter, r *http.Request) {
	read := func(r *http.Request) (ingress.Ask, error) { return ingress.Envoy(r, s.EnvoyPath) }
	s.direct(w, r, s.served(s.read(r, read)))
}

// direct answers a proxy that hands every refusal to the client as it is.
func (s *Server) direct(w http.ResponseWriter, r *http.Request, q question) {
	if s.decideDirect(w, r, w.Header(), q) {
		w.Header()["Cache-Control"] = []string{"no-store"}
		w.WriteHeader(http.StatusOK)
	}
}

// Ask decides about one request for who sits in this process, as easyauth proxy does. Of r the headers, the
// context and the peer's address are read, never the URL or the body: q says where it goes. If it may pass,
// the identity headers are returned (all of them, also those that are empty, under the keys of http.Header),
// with the lines for the client's answer under Set-Cookie, and w is untouched. Else w has been answered.
func (s *Server) Ask(w http.ResponseWriter, r *http.Request, q ingress.Ask) (http.Header, bool) {
	began := time.Now()
	defer func() { s.authTimes.Since(began) }()
	identity := make(http.Header, 40) // and the client's beside them
	if !s.decideDirect(w, r, identity, s.served(question{ask: q})) {
		return nil, false
	}
	return identity, true
}

// decideDirect decides about a question. If the request may pass, it writes the identity into h and reports true; else
// it answers, with the denial cookie, what the client is to be told.
func (s *Server) decideDirect(w http.ResponseWriter, r *http.Request, h http.Header, q question) bool {
	v := s.judge(r, q)
	if v.decision.Outcome == access.Allow {
		s.allow(h, r, &v)
	}
	if v.decision.Outcome == access.Allow { // allow may have taken it back
		s.note(h, r, &v)
		return true
	}
	if v.refused() {
		s.deny(w.Header(), r, &v)
	}
	s.note(w.Header(), r, &v)
	if v.refused() {
		s.SignIn.Refuse(w, r, signin.Refused{Original: v.ask.Original, Navigation: v.ask.Navigation, Decision: v.decision})
		return false
	}
	s.refuseBroken(w, r, &v)
	return false
}

// refuseBroken tells that the configuration of the proxy, or ours, does not fit: what is wrong stands in the log.
func (s *Server) refuseBroken(w http.ResponseWriter, r *http.Request, v *verdict) {
	const text = "The sign-in of this page is not set up correctly. An administrator finds the reason in the log of EasyAuth."
	id := tracing.OriginOf(r).RequestID
	if v.ask.Navigation {
		s.Pages.Message(w, pages.Message{Status: http.StatusForbidden, Title: "This page cannot be opened", Text: text, Correlation: id})
		return
	}
	pages.WriteJSON(w, http.StatusForbidden, struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
		Correlation string `json:"correlation_id"`
	}{v.decision.Reason.String(), text, id})
}

// read reads a question as an adapter does, if its proxy has said the secret.
func (s *Server) read(r *http.Request, adapter func(*http.Request) (ingress.Ask, error)) question {
	if !s.fromProxy(r) {
		return question{fault: access.ReasonProxySecret, err: errNoSecret}
	}
	ask, err := adapter(r)
	if err != nil {
		return question{fault: access.ReasonBadOriginalURL, err: err}
	}
	return question{ask: ask}
}

var (
	errNoSecret  = errors.New("the header " + ProxySecretHeader + " is absent, is there twice, or says something else")
	errNotServed = errors.New("the host of the request is not in EASYAUTH_HOSTS")
)

// fromProxy reports whether a question comes from our proxy, as far as its secret tells.
func (s *Server) fromProxy(r *http.Request) bool {
	if len(s.ProxySecrets) == 0 {
		return true
	}
	told := r.Header[ProxySecretHeader]
	if len(told) != 1 {
		return false
	}
	same := 0
	for _, secret := range s.ProxySecrets {
		same |= subtle.ConstantTimeCompare([]byte(told[0]), []byte(secret.Reveal()))
	}
	return same == 1
}

// served refuses a question about a host on which nobody could be sent to a sign-in: its name would become a part of
// the answer.
func (s *Server) served(q question) question {
	if q.fault != access.ReasonNone {
		return q
	}
	if _, ok := s.SignIn.Hosts.Host(q.ask.Original.Host); !ok {
		q.fault, q.err = access.ReasonHostNotServed, errNotServed
	}
	return q
}

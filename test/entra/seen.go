package entra

import (
	"maps"
	"net/url"
	"sync"
)

// graphLogLimit bounds how many Graph URLs a Server remembers.
const graphLogLimit = 1000

// TokenRequest is a request that the token endpoint saw.
type TokenRequest struct {
	Form       url.Values // without client_secret, client_assertion and password
	ClientAuth string     // one of the Auth… constants: what the request tried, also when it was refused

	AssertionHeader, AssertionClaims map[string]any // of a client assertion that could be decoded
}

type seen struct {
	mu        sync.Mutex
	counts    map[Endpoint]int
	grants    map[string]int
	authorize url.Values
	token     TokenRequest
	graph     []GraphCall
	refreshes []RefreshCall
	refreshed map[string]int // refreshes by sid, by object id, and under "" all
	logout    LogoutRequest
	logouts   []LogoutCall

	generation int // how often ResetCounts was called
}

func newSeen() *seen {
	return &seen{counts: map[Endpoint]int{}, grants: map[string]int{}, refreshed: map[string]int{}}
}

func (s *seen) count(e Endpoint) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counts[e]++
}

func (s *seen) sawAuthorize(v url.Values) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.authorize = maps.Clone(v)
}

func (s *seen) sawToken(t TokenRequest) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.token = t
	s.grants[t.Form.Get("grant_type")]++
}

// Requests returns how many requests an endpoint received since the start or
// the last ResetCounts, those that a fault answered included.
func (s *Server) Requests(e Endpoint) int {
	s.seen.mu.Lock()
	defer s.seen.mu.Unlock()
	return s.seen.counts[e]
}

// Grants returns how many token requests named this grant_type.
func (s *Server) Grants(grantType string) int {
	s.seen.mu.Lock()
	defer s.seen.mu.Unlock()
	return s.seen.grants[grantType]
}

// LastAuthorize returns a copy of the parameters of the last authorization
// request, also of one that was refused; nil when there was none.
func (s *Server) LastAuthorize() url.Values {
	s.seen.mu.Lock()
	defer s.seen.mu.Unlock()
	return maps.Clone(s.seen.authorize)
}

// LastToken returns the last token request that could be parsed.
func (s *Server) LastToken() TokenRequest {
	s.seen.mu.Lock()
	defer s.seen.mu.Unlock()
	last := s.seen.token
	last.Form = maps.Clone(last.Form)
	last.AssertionHeader, last.AssertionClaims = maps.Clone(last.AssertionHeader), maps.Clone(last.AssertionClaims)
	return last
}

// ResetCounts forgets all that Requests, Grants, Refreshes, the …Calls and the Last… functions tell.
func (s *Server) ResetCounts() {
	s.seen.mu.Lock()
	defer s.seen.mu.Unlock()
	fresh := newSeen()
	s.seen.counts, s.seen.grants, s.seen.authorize, s.seen.token, s.seen.graph = fresh.counts, fresh.grants, nil, TokenRequest{}, nil
	s.seen.refreshes, s.seen.refreshed, s.seen.logout, s.seen.logouts = nil, fresh.refreshed, LogoutRequest{}, nil
	s.seen.generation++
}

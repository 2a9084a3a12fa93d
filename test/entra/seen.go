package entra

import (
	"maps"
	"net/url"
	"slices"
	"sync"
)

// graphLogLimit bounds how many Graph URLs a Server remembers.
const graphLogLimit = 1000

// TokenRequest is a request that the token endpoint saw.
type TokenRequest struct {
	Form       url.Values // without client_secret and password
	ClientAuth string     // "client_secret_post", "client_secret_basic" or "none"
}

type seen struct {
	mu        sync.Mutex
	counts    map[Endpoint]int
	grants    map[string]int
	authorize url.Values
	token     TokenRequest
	graph     []string
}

func newSeen() *seen { return &seen{counts: map[Endpoint]int{}, grants: map[string]int{}} }

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

func (s *seen) sawToken(form url.Values, clientAuth string) {
	form = maps.Clone(form)
	form.Del("client_secret")
	form.Del("password")
	s.mu.Lock()
	defer s.mu.Unlock()
	s.token = TokenRequest{Form: form, ClientAuth: clientAuth}
	s.grants[form.Get("grant_type")]++
}

func (s *seen) sawGraph(target string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.graph) < graphLogLimit {
		s.graph = append(s.graph, target)
	}
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
	return TokenRequest{Form: maps.Clone(s.seen.token.Form), ClientAuth: s.seen.token.ClientAuth}
}

// GraphURLs returns the method and URL below the version of each Graph request
// ("GET /me?$select=id"), in order, items of a batch one by one; the first 1000.
func (s *Server) GraphURLs() []string {
	s.seen.mu.Lock()
	defer s.seen.mu.Unlock()
	return slices.Clone(s.seen.graph)
}

// ResetCounts forgets all that Requests, Grants and the Last… functions tell.
func (s *Server) ResetCounts() {
	s.seen.mu.Lock()
	defer s.seen.mu.Unlock()
	fresh := newSeen()
	s.seen.counts, s.seen.grants, s.seen.authorize, s.seen.token, s.seen.graph = fresh.counts, fresh.grants, nil, TokenRequest{}, nil
}

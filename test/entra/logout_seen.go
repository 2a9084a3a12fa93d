package entra

import (
	"maps"
	"net/url"
	"slices"
)

// LogoutRequest is a request to sign out that a Server received.
type LogoutRequest struct {
	Form        url.Values // all of its parameters
	User        string     // object id of whom the browser was signed in as; "" for nobody
	Hinted      string     // object id of whom logout_hint, else a good id_token_hint, names; "" for nobody who exists
	HintProblem string     // what is wrong with the ID token of id_token_hint; "" when it is good or there is none
	Asked       bool       // it was answered by the question which account, and ended nothing
	Frames      []string   // front-channel addresses in the page that answered it
	Returned    string     // where the browser was sent, with state; "" for a page that stays
}

// LastLogout returns the last request to sign out, of those that could be read.
func (s *Server) LastLogout() LogoutRequest {
	s.seen.mu.Lock()
	defer s.seen.mu.Unlock()
	last := s.seen.logout
	last.Form, last.Frames = maps.Clone(last.Form), slices.Clone(last.Frames)
	return last
}

func (s *seen) sawLogout(r LogoutRequest) {
	r.Form = maps.Clone(r.Form)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.logout = r
}

package entra

import (
	"net/http"
	"slices"
)

// refreshLogLimit bounds how many refreshes a Server remembers one by one.
const refreshLogLimit = 10_000

// RefreshCall is a request with a refresh token, by a client that proved itself.
type RefreshCall struct {
	ClientID string
	User     string // object id of the token's user; "" for an unknown token
	SID      string // claim sid of the session that the token came of; "" for an unknown token
	Scope    string // as asked
	Status   int    // what it was answered; 0 while it waits, or when it got no answer
}

// RefreshCalls returns the requests with a refresh token in order, whatever their
// answer was; the first 10,000. Those that EndpointFault answered are not among them.
func (s *Server) RefreshCalls() []RefreshCall {
	s.seen.mu.Lock()
	defer s.seen.mu.Unlock()
	return slices.Clone(s.seen.refreshes)
}

// Refreshes returns how many requests with a refresh token came since the start or
// the last ResetCounts: of one session (claim sid), of one user (id or object id),
// or of all for "". A request counts when it comes, also while it is held.
func (s *Server) Refreshes(of string) int {
	if u, ok := s.User(of); ok {
		of = u.ObjectID
	}
	s.seen.mu.Lock()
	defer s.seen.mu.Unlock()
	return s.seen.refreshed[of]
}

// sawRefresh remembers a refresh when it comes and returns what notes its answer.
func (s *seen) sawRefresh(c RefreshCall) func(status int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refreshed[""]++
	for _, of := range []string{c.User, c.SID} {
		if of != "" {
			s.refreshed[of]++
		}
	}
	if len(s.refreshes) >= refreshLogLimit {
		return func(int) {}
	}
	s.refreshes = append(s.refreshes, c)
	at, generation := len(s.refreshes)-1, s.generation
	return func(status int) {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.generation == generation {
			s.refreshes[at].Status = status
		}
	}
}

// statusWriter tells the status of an answer, before any of it is sent.
type statusWriter struct {
	http.ResponseWriter
	told func(status int)
}

func (s *statusWriter) WriteHeader(status int) {
	s.told(status)
	s.ResponseWriter.WriteHeader(status)
}

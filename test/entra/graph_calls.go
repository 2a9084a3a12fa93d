package entra

import "slices"

// maxSeenBody is how much of a Graph request's body a Server remembers.
const maxSeenBody = 8 << 10

// GraphCall is a Graph request that a Server received, alone or as an item of a batch.
type GraphCall struct {
	Method  string
	URL     string // path below the version, decoded, and query as sent: "/me?$select=id"
	Body    string // the first 8 KB, for an item as JSON; "" when there is none
	Batched bool   // an item of a batch
	App     bool   // with an app-only token
	User    string // object id of the token's user; "" with an app-only token
	Status  int    // what it was answered
}

// GraphCalls returns the Graph requests in order, those that Faults.Graph or a
// challenge of their URL answered included; the first 1000. A batch's items stand
// there one by one, the batch itself does not. A request that was answered as a
// whole before it was read (EndpointFault, a token that is no good, a challenge
// without GraphChallengeItems) counts in Requests alone.
func (s *Server) GraphCalls() []GraphCall {
	s.seen.mu.Lock()
	defer s.seen.mu.Unlock()
	return slices.Clone(s.seen.graph)
}

// GraphURLs returns method and URL of GraphCalls: "GET /me?$select=id".
func (s *Server) GraphURLs() []string {
	var urls []string
	for _, c := range s.GraphCalls() {
		urls = append(urls, c.Method+" "+c.URL)
	}
	return urls
}

// sawGraph remembers a call when it comes and returns what notes its answer.
// Two steps, because a delayed call must be seen while it waits.
func (s *seen) sawGraph(c graphCall, target string) func(status int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.graph) >= graphLogLimit {
		return func(int) {}
	}
	s.graph = append(s.graph, GraphCall{
		Method: c.method, URL: target, Body: string(c.body[:min(len(c.body), maxSeenBody)]),
		Batched: c.batched, App: c.caller.app, User: c.caller.user.ObjectID,
	})
	at, generation := len(s.graph)-1, s.generation
	return func(status int) {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.generation == generation {
			s.graph[at].Status = status
		}
	}
}

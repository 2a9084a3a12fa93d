package entra

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// item returns the fault for one request of a Graph URL, and counts it. The URL
// with its query goes before the path alone.
func (b *faultBox) item(target, path string) ItemFault {
	b.mu.Lock()
	defer b.mu.Unlock()
	name := target
	f, ok := b.f.Graph[target]
	if !ok {
		name, f = path, b.f.Graph[path]
	}
	if f.Times > 0 {
		if b.gone[name] >= f.Times {
			return ItemFault{}
		}
		b.gone[name]++
	}
	return f
}

// faultyAnswer answers one call with the faults of its URL, else as it should.
func (s *Server) faultyAnswer(ctx context.Context, c graphCall, target string) graphReply {
	f := s.faults.item(target, c.path)
	pause(ctx, f.Delay)
	var reply graphReply
	if f.Status != 0 {
		reply = graphFailure(f.Status)
		if f.Body != nil {
			reply.body = f.Body
		}
	} else {
		reply = s.challengedAnswer(c, target)
	}
	header := maps.Clone(reply.header)
	if header == nil {
		header = map[string]string{}
	}
	if f.Status != 0 && f.RetryAfter > 0 {
		header["Retry-After"] = strconv.Itoa(f.RetryAfter)
	}
	maps.Copy(header, f.Header)
	reply.header = header
	return reply
}

// challengedAnswer answers one call with the challenge of its URL, if there is
// one and the token does not satisfy it.
func (s *Server) challengedAnswer(c graphCall, target string) graphReply {
	f := s.faults.get()
	asked := slices.Contains(f.GraphChallengeItems, target) || slices.Contains(f.GraphChallengeItems, c.path)
	if asked && c.caller.mustAnswer(f.GraphChallenge) {
		return s.insufficientClaims(f.GraphChallenge)
	}
	return s.answerResource(c)
}

// pause waits for d, or until the client is gone; nobody reads what comes then.
func pause(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// graphFailure is Graph's error object for a status.
func graphFailure(status int) graphReply {
	switch status {
	case http.StatusTooManyRequests:
		return graphError(status, "TooManyRequests", "Too many requests.")
	case http.StatusUnauthorized:
		return graphError(status, "InvalidAuthenticationToken", "Access token has expired or is not yet valid.")
	case http.StatusForbidden:
		return forbidden()
	case http.StatusNotFound:
		return graphError(status, "Request_ResourceNotFound", "Resource does not exist.")
	case http.StatusServiceUnavailable:
		return graphError(status, "serviceNotAvailable", "The service is temporarily unavailable.")
	}
	return graphError(status, "generalException", "General exception while processing.")
}

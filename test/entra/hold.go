package entra

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync"
)

// Hold keeps requests of the token endpoint waiting: a slow provider whose
// slowness a test decides. Make it with HoldTokens.
type Hold struct {
	server    *Server
	grantType string
	released  chan struct{}

	mu      sync.Mutex // guards what follows
	waiting int
	changed chan struct{} // closed at each change of waiting
}

// HoldTokens holds every token request of a grant type ("" means all) from now on,
// before anything is done for it: until Release, or until its client goes away,
// when nothing is done for it at all. Requests that fail to prove their client are
// not held. Several holds may be at work at once. A Hold that is not released
// keeps httptest.Server.Close waiting; Start's stop breaks it off.
func (s *Server) HoldTokens(grantType string) *Hold {
	h := &Hold{server: s, grantType: grantType, released: make(chan struct{}), changed: make(chan struct{})}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.holds = append(slices.Clone(s.holds), h) // readers may hold the old slice
	return h
}

// Waiting returns how many requests wait now.
func (h *Hold) Waiting() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.waiting
}

// Wait returns when n requests or more wait at the same time. It returns an error
// when ctx ends first.
func (h *Hold) Wait(ctx context.Context, n int) error {
	for {
		h.mu.Lock()
		have, changed := h.waiting, h.changed
		h.mu.Unlock()
		if have >= n {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("wait for %d token requests, have %d: %w", n, have, ctx.Err())
		}
	}
}

// Release lets all requests that wait go on, and holds no more. It may be called more than once.
func (h *Hold) Release() {
	s := h.server
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.Index(s.holds, h)
	if i < 0 {
		return
	}
	s.holds = slices.Concat(s.holds[:i], s.holds[i+1:])
	close(h.released)
}

func (h *Hold) add(n int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.waiting += n
	close(h.changed)
	h.changed = make(chan struct{})
}

// hold keeps a token request waiting as long as it must. The body of r was read,
// so that net/http notices when its client goes away.
func (s *Server) hold(r *http.Request, grantType string) {
	s.mu.Lock()
	holds := s.holds
	s.mu.Unlock()
	for _, h := range holds {
		if h.grantType != "" && h.grantType != grantType {
			continue
		}
		h.add(1)
		select {
		case <-h.released:
			h.add(-1)
		case <-r.Context().Done():
			h.add(-1)
			panic(http.ErrAbortHandler) // nobody is there to read an answer
		}
	}
}

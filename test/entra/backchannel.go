package entra

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
)

// LogoutCall is a logout token that a Server posted to a client.
type LogoutCall struct {
	ClientID string
	URL      string
	Token    string
	Status   int    // of the answer; 0 without one
	Body     string // the first 8 KB of the answer
	Err      error  // why there was none
}

// LogoutCalls returns the logout tokens that were posted, in order. It is there
// before the answer to whoever signed out.
func (s *Server) LogoutCalls() []LogoutCall {
	s.seen.mu.Lock()
	defer s.seen.mu.Unlock()
	return slices.Clone(s.seen.logouts)
}

// LogOutUser is what an administrator of a plain provider does: it ends all sessions
// of a user as RevokeSessions does, and posts a logout token with sub and without sid
// to each client that the user signed in to, one after the other. It returns when all
// have answered or ctx has ended; LogoutCalls tells what they said. Without
// Config.Plain nobody is told.
func (s *Server) LogOutUser(ctx context.Context, userID string) {
	u, ok := s.User(userID)
	if !ok {
		return
	}
	var clients []string
	s.sessions.each(func(v *session) {
		for _, m := range v.members {
			if v.oid == u.ObjectID {
				clients = appendNew(clients, m.clientID)
			}
		}
	})
	s.RevokeSessions(userID)
	slices.Sort(clients)
	for _, id := range clients {
		s.postLogout(ctx, id, func() string { return s.logoutToken(id, s.home(u), pairwise(s.home(u), u.ObjectID, id), "") })
	}
}

// backChannel tells the clients of a session that it has ended, all at the same time.
func (s *Server) backChannel(ctx context.Context, have session) {
	var all sync.WaitGroup
	for _, m := range have.members {
		all.Go(func() {
			s.postLogout(ctx, m.clientID, func() string {
				return s.logoutToken(m.clientID, m.tenant, pairwise(m.tenant, have.oid, m.clientID), m.sid)
			})
		})
	}
	all.Wait()
}

// postLogout posts a logout token to a client that wants them.
func (s *Server) postLogout(ctx context.Context, clientID string, token func() string) {
	client, _ := s.client(clientID)
	if !s.plain || client.BackChannelLogoutURI == "" {
		return
	}
	call := LogoutCall{ClientID: clientID, URL: client.BackChannelLogoutURI, Token: token()}
	call.Status, call.Body, call.Err = s.post(ctx, call.URL, url.Values{"logout_token": {call.Token}})
	s.seen.mu.Lock()
	defer s.seen.mu.Unlock()
	s.seen.logouts = append(s.seen.logouts, call)
}

func (s *Server) post(ctx context.Context, target string, form url.Values) (int, string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target, strings.NewReader(form.Encode()))
	if err != nil {
		return 0, "", fmt.Errorf("back-channel logout: %w", err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res, err := s.ends.BackChannelClient.Do(req)
	if err != nil {
		return 0, "", fmt.Errorf("back-channel logout: %w", err)
	}
	defer func() { _ = res.Body.Close() }() // read to its end or given up
	body, err := io.ReadAll(io.LimitReader(res.Body, maxSeenBody))
	if err != nil {
		return res.StatusCode, "", fmt.Errorf("read the answer to a back-channel logout: %w", err)
	}
	return res.StatusCode, string(body), nil
}

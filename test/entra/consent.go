package entra

import (
	"slices"
	"strings"
	"sync"
)

// consents holds which scopes a user granted to a client.
type consents struct {
	mu   sync.Mutex
	full map[string][]string
}

func newConsents() *consents { return &consents{full: map[string][]string{}} }

func (c *consents) add(clientID, oid string, scopes []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	key := clientID + " " + oid
	c.full[key] = appendNew(slices.Clone(c.full[key]), scopes...)
}

func (c *consents) of(clientID, oid string) []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.full[clientID+" "+oid]
}

func (c *consents) clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.full = map[string][]string{}
}

// consented returns every scope that user or administrator granted, in full form.
func (s *Server) consented(c Client, oid string) []string {
	admin, _ := s.parseScopes(strings.Join(c.AdminConsent, " ")) // New checked it
	return appendNew(slices.Clone(s.consents.of(c.ID, oid)), admin.full()...)
}

// missingConsent returns the scopes, in full form, that nobody granted yet.
func (s *Server) missingConsent(c Client, oid string, asked askedScopes) []string {
	have := s.consented(c, oid)
	return slices.DeleteFunc(asked.full(), func(name string) bool { return slices.Contains(have, name) })
}

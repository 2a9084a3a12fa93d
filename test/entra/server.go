package entra

import (
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// Server is one tenant of Entra ID and its Microsoft Graph behind one address.
// It is an http.Handler and safe for concurrent use. Make it with New.
type Server struct {
	now      func() time.Time
	tenant   string
	orgName  string
	lifetime time.Duration
	keys     *keys
	pages    *template.Template

	flows     *table[flow]
	sessions  *table[session]
	codes     *table[code]
	refreshes *table[refresh]
	consents  *consents
	seen      *seen
	faults    *faultBox

	mu      sync.Mutex // guards what follows
	base    string
	clients []Client
	users   []User
}

// New returns a Server for cfg. It panics when cfg cannot be used: no client, two
// clients or users of one id, a tenant id that is no GUID, an unknown scope in
// AdminConsent; each is a mistake in the test that calls it.
// Until a base URL is known (Config.BaseURL or SetBaseURL) every request is
// answered 503.
func New(cfg Config) *Server {
	cfg = cfg.withDefaults()
	if err := cfg.check(); err != nil {
		panic("entra: " + err.Error())
	}
	s := &Server{
		now: cfg.Now, tenant: cfg.TenantID, orgName: cfg.Organization, lifetime: cfg.TokenLifetime,
		keys: newKeys(cfg.SigningKey, cfg.Now), pages: parsePages(),
		flows: newTable[flow](), sessions: newTable[session](), codes: newTable[code](), refreshes: newTable[refresh](),
		consents: newConsents(), seen: newSeen(), faults: &faultBox{},
		users: cfg.Users,
	}
	s.SetBaseURL(cfg.BaseURL)
	for _, c := range cfg.Clients {
		if err := s.addClient(c); err != nil {
			panic("entra: " + err.Error())
		}
	}
	for _, c := range s.allClients() {
		if err := s.checkScopes(c); err != nil {
			panic("entra: " + err.Error())
		}
	}
	return s
}

// SetBaseURL tells the server under which scheme and host it is reached, for
// example https://127.0.0.1:8443. A path is not supported; a final slash is dropped.
// Issuer, discovery and Graph's links follow it at once.
func (s *Server) SetBaseURL(base string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.base = strings.TrimSuffix(base, "/")
}

// BaseURL returns scheme and host of the server, "" when not yet known.
// Microsoft Graph answers there under /v1.0 and /beta.
func (s *Server) BaseURL() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.base
}

// Authority returns the address of the tenant without the version, as
// https://login.microsoftonline.com/<tenant> would be.
func (s *Server) Authority() string { return s.BaseURL() + "/" + s.tenant }

// Issuer returns the issuer of v2 tokens of the server's tenant.
func (s *Server) Issuer() string { return s.issuer(s.tenant) }

// TenantID returns the GUID of the server's tenant.
func (s *Server) TenantID() string { return s.tenant }

func (s *Server) issuer(tenant string) string { return s.BaseURL() + "/" + tenant + "/v2.0" }

// RegisterRedirectURI adds a redirect URI to a client.
// It panics when there is no such client.
func (s *Server) RegisterRedirectURI(clientID, redirectURI string) {
	s.editClient(clientID, func(c *Client) { c.RedirectURIs = append(c.RedirectURIs, redirectURI) })
}

// RegisterPostLogoutURI adds an address to which a client's users may be sent
// after signing out. It panics when there is no such client.
func (s *Server) RegisterPostLogoutURI(clientID, uri string) {
	s.editClient(clientID, func(c *Client) { c.PostLogoutURIs = append(c.PostLogoutURIs, uri) })
}

func (s *Server) editClient(id string, edit func(*Client)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.clients, func(c Client) bool { return c.ID == id })
	if i < 0 {
		panic(fmt.Sprintf("entra: no client %q", id))
	}
	c, _ := s.clients[i].normalised() // copies the slices that readers may hold
	edit(&c)
	s.clients[i] = c
}

func (s *Server) addClient(c Client) error {
	c, err := c.normalised()
	if err != nil {
		return err
	}
	if _, ok := s.client(c.ID); ok {
		return fmt.Errorf("client %q: registered twice", c.ID)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clients = append(s.clients, c)
	return nil
}

func (s *Server) client(id string) (Client, bool) {
	for _, c := range s.allClients() {
		if c.ID == id {
			return c, true
		}
	}
	return Client{}, false
}

func (s *Server) allClients() []Client {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.clients)
}

// RotateKeys makes a new signing key, which signs from now on, and returns its
// kid. The keys before it stay published, as in an ordinary roll-over at Entra.
func (s *Server) RotateKeys() string { return s.keys.rotate() }

// DropOldKeys publishes the current signing key alone (and the key that is not
// for signing), as after an emergency roll-over.
func (s *Server) DropOldKeys() { s.keys.dropOld() }

// RevokeSessions ends all sign-in sessions and refresh tokens of a user: the
// next silent sign-in needs interaction, the next refresh is invalid_grant
// (AADSTS50173). Access tokens and codes that are out stay good.
func (s *Server) RevokeSessions(userID string) {
	u, ok := s.User(userID)
	if !ok {
		return
	}
	s.sessions.deleteFunc(func(v session) bool { return v.oid == u.ObjectID })
	s.refreshes.each(func(v *refresh) {
		if v.grant.oid == u.ObjectID {
			v.revoked = true
		}
	})
}

// ForgetConsents drops what users consented to. Admin consent stays.
func (s *Server) ForgetConsents() { s.consents.clear() }

// ServeHTTP answers every address of login.microsoftonline.com and
// graph.microsoft.com that doc.go lists. Where EndpointFault.Drop says so it
// panics with http.ErrAbortHandler, which net/http turns into a closed connection.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s.BaseURL() == "" {
		http.Error(w, "the emulator's base URL is not set", http.StatusServiceUnavailable)
		return
	}
	endpoint, serve := s.route(r.URL.Path)
	if endpoint == "" {
		http.NotFound(w, r)
		return
	}
	s.seen.count(endpoint)
	if w, ok := s.misbehave(w, r, endpoint); ok {
		serve(w, r)
	}
}

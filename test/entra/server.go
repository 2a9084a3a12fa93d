package entra

import (
	"crypto/rsa"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// Server is Entra ID, with one tenant or several, and Microsoft Graph behind one address.
// It is an http.Handler and safe for concurrent use. Make it with New.
type Server struct {
	now      func() time.Time
	tenant   string
	orgName  string
	lifetime time.Duration
	keys     *keyring
	attacker func() *rsa.PrivateKey // a key that is nobody's
	pages    *template.Template

	more     []string          // tenants beside tenant
	domains  map[string]string // domain name to tenant
	v1Issuer string            // prefix
	external bool              // External ID
	b2c      B2C

	maxMembers int // of getMemberObjects
	groupNames map[string]string
	plain      bool
	ends       Sessions

	flows     *table[flow]
	sessions  *table[session]
	codes     *table[code]
	refreshes *table[refresh]
	deadLines *table[struct{}] // of refresh tokens: see Sessions.RevokeReused

	assertions *table[struct{}] // client id and jti of those that were used
	consents   *consents
	seen       *seen
	faults     *faultBox

	mu      sync.Mutex // guards what follows
	base    string
	clients []Client
	users   []User

	accessLifetime time.Duration
	holds          []*Hold
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
		keys: newKeyring(cfg), attacker: sync.OnceValue(newPrivateKey), pages: parsePages(),
		flows: newTable[flow](), sessions: newTable[session](), codes: newTable[code](), refreshes: newTableOf[refresh](maxRefreshes), deadLines: newTable[struct{}](), assertions: newTable[struct{}](),
		consents: newConsents(), seen: newSeen(), faults: &faultBox{},
		users: cfg.Users,
		more:  cfg.Tenants, domains: cfg.Domains, v1Issuer: cfg.V1Issuer, external: cfg.ExternalID, b2c: cfg.B2C,
		maxMembers: cfg.MaxMemberObjects, groupNames: cfg.GroupNames, plain: cfg.Plain, ends: cfg.Sessions, accessLifetime: cfg.Sessions.AccessTokenLifetime,
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

// SetSecrets replaces a client's secret. The other one, unless it is empty, is taken too,
// as Entra ID takes both while a secret is replaced. It panics when there is no such client.
func (s *Server) SetSecrets(clientID, secret, other string) {
	s.editClient(clientID, func(c *Client) { c.Secret, c.OtherSecret = secret, other })
}

func (s *Server) editClient(id string, edit func(*Client)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.clients, func(c Client) bool { return c.ID == id })
	if i < 0 {
		panic(fmt.Sprintf("entra: no client %q", id))
	}
	c, _ := s.clients[i].normalised() // checked before; copies the slices that readers may hold
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

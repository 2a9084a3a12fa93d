package authserver_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/easyauth-sidecar/easyauth/authserver"
	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/audit"
	"github.com/easyauth-sidecar/easyauth/authserver/cookie"
	"github.com/easyauth-sidecar/easyauth/authserver/credential"
	"github.com/easyauth-sidecar/easyauth/authserver/entra"
	"github.com/easyauth-sidecar/easyauth/authserver/exchange"
	"github.com/easyauth-sidecar/easyauth/authserver/graph"
	"github.com/easyauth-sidecar/easyauth/authserver/headers"
	"github.com/easyauth-sidecar/easyauth/authserver/hosts"
	"github.com/easyauth-sidecar/easyauth/authserver/metrics"
	"github.com/easyauth-sidecar/easyauth/authserver/pages"
	"github.com/easyauth-sidecar/easyauth/authserver/policy"
	"github.com/easyauth-sidecar/easyauth/authserver/seal"
	"github.com/easyauth-sidecar/easyauth/authserver/secret"
	"github.com/easyauth-sidecar/easyauth/authserver/session"
	"github.com/easyauth-sidecar/easyauth/authserver/signin"
	"github.com/easyauth-sidecar/easyauth/authserver/ticket"
	"github.com/easyauth-sidecar/easyauth/authserver/tracing"
	emulator "github.com/easyauth-sidecar/easyauth/test/entra"
)

const (
	clientID = "11111111-0000-4000-8000-000000000001"
	app      = "https://app.example.com"
	basePath = "/easyauth"
	authPath = basePath + "/auth"
)

// options of a kit; the zero value is one host without extras.
type options struct {
	hosts        []string
	callbackHost string
	cookieDomain string
	clientID     string
	basePath     string
	keys         [][]byte
	idle         time.Duration
	lifetime     time.Duration
	idp          *emulator.Server // nil: one of its own
	issuer       string           // instead of the emulator's
	noDiscovery  bool
	success      int
	queries      map[string]string
	scopes       []string
	renewBefore  time.Duration
	graphTimeout time.Duration
	groups       signin.Groups
	appMembers   bool
	members      authserver.Members // instead
	bearer       bool
	audiences    []string
	ignoreOther  bool // tokens of ours for another audience
	capabilities []string
	corsOrigins  []string
	names        *access.ScopeNames // nil: of a registration that exposes nothing
	credential   entra.Credential   // nil: the client secret
	edit         func(*entra.Config)
	emulator     func(*emulator.Config)

	store   session.Store         // nil: sessions are in cookies
	revoked session.RevocationLog // a list of revoked tickets
	staleOK time.Duration
	pass    bool // hand tokens over
	roles   authserver.Roles
	clock   func() time.Time // instead of the kit's own
	noCache bool             // of stored sessions
	faulty  *faultyStore     // stands between the first replica of a pair and its store

	programs bool // get tokens of ours

	signing  *ecdsa.PrivateKey // nil: identities are not signed
	audience string            // for whom they are where the auth-url does not say it

	policies    string // YAML
	explain     bool
	auditAllows bool
	proxies     []netip.Prefix

	profile      headers.Profile
	adapters     authserver.Adapters
	proxySecrets []secret.String

	audited   *lockedBuffer // gets the audit stream
	logAllows float64
	random    func() float64
}

// kit is a whole server on a clock that the test sets, with an emulated Entra ID.
type kit struct {
	t        testing.TB
	idp      *emulator.Server
	server   *authserver.Server
	admin    *authserver.Admin
	provider *entra.RelyingParty
	graph    *graph.Client
	pages    *pages.Pages
	cookies  cookie.Set
	sessions *session.Manager
	ring     *seal.Ring
	registry *prometheus.Registry
	metrics  *metrics.Metrics
	log      *lockedBuffer

	mu     sync.Mutex
	now    time.Time
	shared func() time.Time // another kit's clock
	// clockFails makes the next reads of the clock panic: a fault in the middle
	// of a decision.
	clockFails int
	// clockFailsAt makes the n-th read from now panic.
	clockFailsAt int
}

func (k *kit) clock() time.Time {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.clockFailsAt > 0 {
		if k.clockFailsAt--; k.clockFailsAt == 0 {
			panic("the clock is broken")
		}
	}
	if k.clockFails > 0 {
		k.clockFails--
		panic("the clock is broken")
	}
	if k.shared != nil {
		return k.shared()
	}
	return k.now
}

func (k *kit) advance(d time.Duration) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.now = k.now.Add(d)
}

func key(b byte) []byte { return bytes.Repeat([]byte{b}, seal.KeySize) }

func newKit(t testing.TB, o options) *kit {
	t.Helper()
	if o.hosts == nil {
		o.hosts = []string{"app.example.com"}
	}
	if o.clientID == "" {
		o.clientID = clientID
	}
	if o.basePath == "" {
		o.basePath = basePath
	}
	if o.keys == nil {
		o.keys = [][]byte{key(1)}
	}
	if o.lifetime == 0 {
		o.lifetime = 8 * time.Hour
	}
	if o.success == 0 {
		o.success = http.StatusAccepted
	}
	if o.graphTimeout == 0 {
		o.graphTimeout = 30 * time.Second
	}
	if o.scopes == nil {
		o.scopes = []string{"openid", "profile", "email"}
	}
	k := &kit{t: t, now: time.Now().UTC().Truncate(time.Second), registry: prometheus.NewRegistry(), log: &lockedBuffer{}, idp: o.idp, shared: o.clock}
	if k.idp == nil {
		k.idp = startEntra(t, k.clock, o.emulator)
	}
	if o.issuer == "" {
		o.issuer = k.idp.BaseURL() + "/" + emulator.DefaultTenantID + "/v2.0"
	}
	k.wire(o)
	k.run(k.sessions.Run)
	if !o.noDiscovery {
		k.run(k.provider.Run)
		waitFor(t, "discovery", k.provider.Ready)
	}
	return k
}

// run runs something beside the test until its end.
func (k *kit) run(task func(context.Context)) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); task(ctx) }()
	k.t.Cleanup(func() { cancel(); <-done })
}

// signingKey is made once for all tests: it takes the longest of all.
var signingKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

func startEntra(t testing.TB, now func() time.Time, edits ...func(*emulator.Config)) *emulator.Server {
	redirects, signouts := []string{}, []string{}
	for _, host := range []string{"app.example.com", "other.example.com", "login.example.com"} {
		redirects = append(redirects, "https://"+host+basePath+"/signin-oidc")
		signouts = append(signouts, "https://"+host+basePath+"/signout-callback-oidc")
	}
	cfg := emulator.Config{Now: now, SigningKey: signingKey(), Clients: []emulator.Client{{
		ID: clientID, Secret: "s3cret", Name: "Test", RedirectURIs: redirects, PostLogoutURIs: signouts,
		API: emulator.API{Scopes: []string{"Orders.Read"}},
	}}}
	for _, edit := range edits {
		if edit != nil {
			edit(&cfg)
		}
	}
	return emulator.StartTest(t, cfg)
}

func (k *kit) wire(o options) {
	k.t.Helper()
	must := func(err error) {
		k.t.Helper()
		if err != nil {
			k.t.Fatal(err)
		}
	}
	log := slog.New(tracing.Lines(audit.Lines(slog.NewJSONHandler(k.log, &slog.HandlerOptions{Level: slog.LevelDebug}))))
	var events *audit.Stream
	if o.audited != nil {
		var err error
		events, err = audit.New(audit.Config{Writer: o.audited, Log: log, Now: k.clock})
		must(err)
	}
	ring, err := seal.NewRing(o.keys, seal.Domain{BasePath: o.basePath, Authority: o.issuer, ClientID: o.clientID})
	must(err)
	k.ring = ring
	counters := metrics.New(k.registry, "test")
	k.metrics = counters
	paths := signin.Paths{
		Login: o.basePath + "/login", Callback: o.basePath + "/signin-oidc", Logout: o.basePath + "/logout",
		SignedOut: o.basePath + "/signout-callback-oidc", Me: o.basePath + "/me",
		FrontChannel: o.basePath + "/frontchannel-logout", BackChannel: o.basePath + "/backchannel-logout",
	}
	k.cookies = cookie.New(cookie.Config{Domain: o.cookieDomain, BasePath: o.basePath, ClientID: o.clientID, CallbackPath: paths.Callback})
	served, err := hosts.New(hosts.Config{Hosts: o.hosts, OwnPaths: []string{o.basePath}, ReturnPaths: o.returnPaths()})
	must(err)
	codec, err := ticket.New(ticket.Config{Ring: ring, Issuer: o.issuer})
	must(err)
	sessions := session.Config{
		Codec: codec, Ring: ring, Cookies: k.cookies, Shared: o.cookieDomain != "", Lifetime: o.lifetime, Idle: o.idle, Now: k.clock,
		RenewBefore: o.renewBefore, Allowed: func(tenant string) bool { return k.provider.TenantAllowed(tenant) },
		Store: o.store, StaleOK: o.staleOK, CacheBytes: 16 << 20, Metrics: counters, Log: log,
	}
	if o.noCache {
		sessions.CacheBytes = 0
	}
	if o.revoked != nil {
		sessions.Revoked, err = session.NewRevoked(session.RevokedConfig{Log: o.revoked, Now: k.clock, Metrics: counters, Logger: log})
		must(err)
	}
	denials, err := signin.NewDenials(ring, k.cookies.Denial, o.queries, k.clock)
	must(err)
	k.pages, err = pages.New(pages.Config{LogoPath: o.basePath + "/logo"})
	must(err)
	client := entra.NewHTTPClient(30*time.Second, 4<<20) // no test waits for it
	names := o.scopeNames()
	signer, assertionHeader := k.signer(o)
	renderer, err := headers.New(headers.Config{Prefix: "x-injected-", Scopes: names, Log: log, PassAccessToken: o.pass, PassIDToken: o.pass, Assertion: assertionHeader, Profile: o.profile})
	must(err)
	if o.credential == nil {
		o.credential, err = credential.New(credential.Config{ClientID: o.clientID, Secret: secret.New("s3cret")})
		must(err)
	}
	config := entra.Config{
		Kind: entra.SingleTenant, Authority: o.issuer, TenantID: emulator.DefaultTenantID, V1Issuer: "https://sts.windows.net/",
		ClientID: o.clientID, Credential: o.credential, Audiences: o.audiences, AcceptBearer: o.bearer, IgnoreForeignAudience: o.ignoreOther,
		Scopes: names, Capabilities: o.capabilities, GraphURL: graphURL, Headers: renderer, Client: client, Log: log, Now: k.clock, Metrics: counters,
	}
	sessions.Headers = renderer
	if o.edit != nil {
		o.edit(&config)
	}
	k.provider, err = entra.New(config)
	must(err)
	k.graph, err = graph.New(graph.Config{BaseURL: k.idp.BaseURL(), Version: "v1.0", Client: client, Timeout: o.graphTimeout, Log: log, Metrics: counters})
	must(err)
	sessions.Refresher, err = signin.NewRefresher(signin.RefresherConfig{Provider: k.provider, Graph: k.graph, Groups: o.groups, Log: log, Now: k.clock})
	must(err)
	k.sessions, err = session.New(sessions)
	must(err)
	var callbackHost hosts.Host
	if o.callbackHost != "" {
		callbackHost, _ = served.Host(o.callbackHost)
	}
	signIn, err := signin.New(signin.Config{
		Provider: k.provider, Graph: k.graph, Sessions: k.sessions, Denials: denials, Hosts: served, Pages: k.pages, Ring: ring,
		Cookies: k.cookies, Metrics: counters, Log: log, Audit: events, Scopes: o.scopes, GraphQueries: o.queries, CallbackHost: callbackHost, Now: k.clock, Paths: paths,
		Groups: o.groups, ScopeNames: names, AcceptBearer: o.bearer, AcceptTokens: o.programs, SubjectIsKey: config.Kind == entra.Plain,
		GroupNames: signin.NewGroupNames(k.provider, k.graph, log, k.clock),
	})
	must(err)
	server := authserver.Config{
		Roles: o.roles, AuthPath: o.basePath + "/auth", Adapters: o.adapters, ForwardPath: o.basePath + "/auth/forward", EnvoyPath: o.basePath + "/auth/envoy",
		ProxySecrets: o.proxySecrets, Paths: paths, SuccessStatus: o.success,
		Parser:   access.NewParser(access.ParserConfig{Queries: o.queries, Scopes: names, Entra: config.Kind != entra.Plain, NoGraph: config.Kind == entra.Plain || config.Kind == entra.B2C, Apps: signer != nil}),
		Sessions: k.sessions, Denials: denials, SignIn: signIn, Headers: renderer, Pages: k.pages, Metrics: counters, Log: log,
		CORSOrigins: o.corsOrigins, LogoPath: o.basePath + "/logo",
		Assertion: signer, AssertionAudience: o.audience, JWKSPath: o.basePath + "/.well-known/jwks.json",
		LogAllows: o.logAllows, Random: o.random, Audit: events, AuditAllows: o.auditAllows,
	}
	if o.policies != "" {
		set, err := policy.Parse([]byte(o.policies), policy.Options{Entra: config.Kind != entra.Plain})
		must(err)
		server.Policies, server.Explain, server.TrustedProxies = set, o.explain, o.proxies
	}
	if o.programs {
		server.ProgramPaths = o.programPaths()
		server.Programs, err = exchange.New(exchange.Config{
			Provider: k.provider, Sessions: k.sessions, Codec: codec, Ring: ring, Hosts: served, Pages: k.pages, Log: log, Metrics: counters, Audit: events,
			Paths: server.ProgramPaths, Audiences: []string{o.clientID}, Now: k.clock,
			SignIn: func(w http.ResponseWriter, _ *http.Request, returnTo string) {
				w.Header().Set("Location", paths.Login+"?rd="+url.QueryEscape(returnTo))
				w.WriteHeader(http.StatusFound)
			},
		})
		must(err)
	}
	if o.bearer {
		server.Bearer = k.provider
	}
	if o.appMembers {
		server.Members = authserver.NewAppMembers(k.provider, k.graph, k.clock)
	}
	if o.members != nil {
		server.Members = o.members
	}
	k.server, err = authserver.New(server)
	must(err)
	k.admin, err = authserver.NewAdmin(authserver.AdminConfig{Version: "test", Gatherer: k.registry})
	must(err)
}

func waitFor(t testing.TB, what string, ready func() bool) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for !ready() {
		if time.Now().After(deadline) {
			t.Fatalf("waited 30 s for %s", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// browser keeps cookies as a browser does and follows redirects one by one. Its
// requests to our hosts are answered by the kit's server in the process; the
// auth endpoint is asked as nginx asks.
type browser struct {
	k      *kit
	client *http.Client
	user   string // whom the emulator signs in
	cancel bool   // cancels at the emulator instead
}

func (k *kit) browser(user string) *browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		k.t.Fatal(err)
	}
	return &browser{k: k, user: user, client: &http.Client{
		Jar: jar, Transport: inProcess{k}, Timeout: time.Minute,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

type inProcess struct{ k *kit }

func (p inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	if !strings.HasSuffix(r.URL.Hostname(), ".example.com") {
		return http.DefaultTransport.RoundTrip(r)
	}
	in := httptest.NewRequestWithContext(r.Context(), r.Method, r.URL.String(), r.Body)
	in.Header, in.Host = r.Header.Clone(), r.URL.Host
	rec := httptest.NewRecorder()
	p.k.server.ServeHTTP(rec, in)
	resp := rec.Result()
	resp.Request = r
	return resp, nil
}

// response is an answer whose body was read.
type response struct {
	*http.Response

	body string
}

func (b *browser) do(method, target string, h http.Header, body io.Reader) *response {
	b.k.t.Helper()
	r, err := http.NewRequestWithContext(b.k.t.Context(), method, target, body)
	if err != nil {
		b.k.t.Fatal(err)
	}
	for name, values := range h {
		r.Header[name] = values
	}
	resp, err := b.client.Do(r)
	if err != nil {
		b.k.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		b.k.t.Fatal(err)
	}
	return &response{resp, string(text)}
}

func navigation() http.Header {
	return http.Header{"Accept": {"text/html"}, "Sec-Fetch-Mode": {"navigate"}, "Sec-Fetch-Dest": {"document"}}
}

// get opens a URL as a page.
func (b *browser) get(target string) *response {
	b.k.t.Helper()
	return b.do(http.MethodGet, target, navigation(), nil)
}

// check asks the auth endpoint about a page, as nginx does with this browser's
// cookies, and keeps the cookie that comes back.
func (b *browser) check(page, query string, more ...http.Header) *response {
	b.k.t.Helper()
	u, err := url.Parse(page)
	if err != nil {
		b.k.t.Fatal(err)
	}
	h := navigation()
	h["X-Original-Url"] = []string{page}
	h["X-Original-Method"] = []string{http.MethodGet}
	for _, m := range more {
		for name, values := range m {
			h[name] = values
		}
	}
	target := u.Scheme + "://" + u.Host + authPath
	if query != "" {
		target += "?" + query
	}
	return b.do(http.MethodGet, target, h, nil)
}

// maxTrips bounds open: more redirects than this are a loop.
const maxTrips = 12

// open does what nginx and a browser do with a protected page until it opens
// (the 202 is returned) or a page of ours is shown.
func (b *browser) open(page, query string) *response {
	b.k.t.Helper()
	if resp := b.check(page, query); resp.StatusCode != http.StatusUnauthorized {
		return resp
	}
	target := loginURL(page)
	for range maxTrips {
		resp := b.get(target)
		if resp.StatusCode != http.StatusFound {
			return resp
		}
		target = resp.Header.Get("Location")
		if strings.HasPrefix(target, b.k.idp.BaseURL()) {
			target = b.atEntra(target)
		}
		if target == page {
			if resp := b.check(page, query); resp.StatusCode != http.StatusUnauthorized {
				return resp
			}
			target = loginURL(page)
		}
	}
	b.k.t.Fatalf("%s: more than %d redirects", page, maxTrips)
	return nil
}

func loginURL(page string) string {
	u, _ := url.Parse(page)
	return u.Scheme + "://" + u.Host + basePath + "/login?rd=" + url.QueryEscape(page)
}

// atEntra signs the user in at the emulator and returns where it redirects to.
func (b *browser) atEntra(authorizeURL string) string {
	b.k.t.Helper()
	walk := emulator.SignIn
	if b.cancel {
		walk = emulator.Cancel
	}
	back, err := walk(b.k.t.Context(), b.client, authorizeURL, b.user)
	if err != nil {
		b.k.t.Fatalf("sign in %q at the emulator: %v", b.user, err)
	}
	return back
}

// toEntra opens login and returns the authorization URL.
func (b *browser) toEntra(page string) string {
	b.k.t.Helper()
	resp := b.get(loginURL(page))
	target := resp.Header.Get("Location")
	if resp.StatusCode != http.StatusFound || !strings.HasPrefix(target, b.k.idp.BaseURL()) {
		b.k.t.Fatalf("login answered %d, Location %q\n%s", resp.StatusCode, target, resp.body)
	}
	return target
}

// cookie returns the browser's value of a cookie of the application's host.
func (b *browser) cookie(name string) string {
	u, _ := url.Parse(app + basePath + "/signin-oidc")
	for _, c := range b.client.Jar.Cookies(u) {
		if c.Name == name {
			return c.Value
		}
	}
	return ""
}

// lockedBuffer is a log that may be written and read at once.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// scopeNames are those of a registration that exposes nothing, unless said otherwise.
func (o options) scopeNames() *access.ScopeNames {
	if o.names != nil {
		return o.names
	}
	n := access.NewScopeNames(clientID, nil, graphURL)
	n.Learn(nil, nil)
	return n
}

const graphURL = "https://graph.microsoft.com"

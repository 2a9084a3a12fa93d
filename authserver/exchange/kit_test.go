package exchange

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/audit"
	"github.com/easyauth-sidecar/easyauth/authserver/cookie"
	"github.com/easyauth-sidecar/easyauth/authserver/entra"
	"github.com/easyauth-sidecar/easyauth/authserver/hosts"
	"github.com/easyauth-sidecar/easyauth/authserver/metrics"
	"github.com/easyauth-sidecar/easyauth/authserver/pages"
	"github.com/easyauth-sidecar/easyauth/authserver/seal"
	"github.com/easyauth-sidecar/easyauth/authserver/secret"
	"github.com/easyauth-sidecar/easyauth/authserver/session"
	"github.com/easyauth-sidecar/easyauth/authserver/session/memstore"
	"github.com/easyauth-sidecar/easyauth/authserver/ticket"
)

const (
	appHost  = "app.example.com"
	app      = "https://" + appHost
	clientID = "11111111-0000-4000-8000-000000000001"
	loopback = "http://127.0.0.1:8123/back"
	tool     = "https://tool.example.com/back?x=1"
	state    = `a b+c/"'?&=#%`
	verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk" // of RFC 7636, appendix B
	peer     = "192.0.2.1:4711"
)

// paths of a server with the default base path.
func paths() Paths {
	const api = "/easyauth/api/v1/"
	return Paths{Token: api + "token", Revoke: api + "revoke", Session: api + "session", Login: api + "login", Authorize: api + "authorize"}
}

// said is what package entra says of a token.
type said struct {
	reason     entra.Reason
	retryAfter time.Duration
}

func (s said) Error() string { return "made up: " + string(s.reason) }

func (s said) Unwrap() error { return &entra.Error{Reason: s.reason, RetryAfter: s.retryAfter} }

// provider knows tokens by their texts.
type provider struct {
	mu    sync.Mutex
	kinds []entra.SubjectKind
}

func (p *provider) Subject(_ context.Context, kind entra.SubjectKind, token secret.String) (*entra.Subject, error) {
	p.mu.Lock()
	p.kinds = append(p.kinds, kind)
	p.mu.Unlock()
	word, rest, _ := strings.Cut(token.Reveal(), ":")
	switch word {
	case "good":
		id := person()
		if rest != "" {
			id.Object = rest
		}
		return &entra.Subject{Identity: &id, Own: true, Client: "cli-1", Expires: time.Now().Add(time.Hour)}, nil
	case "nobody":
		return &entra.Subject{Identity: &access.Identity{}}, nil
	case "nothing":
		return nil, nil
	case "panic":
		panic("a bug")
	case "large":
		id := person()
		id.Name = incompressible(8000)
		return &entra.Subject{Identity: &id}, nil
	case "broken":
		return nil, errors.New("no error of package entra")
	case "busy":
		return nil, said{entra.ReasonUnavailable, 17 * time.Second}
	}
	reason := entra.Reason(word)
	switch reason {
	case entra.ReasonUnavailable, entra.ReasonIDPError, entra.ReasonExpired, entra.ReasonAudience, entra.ReasonIssuer, entra.ReasonTenant, entra.ReasonPolicy:
		return nil, said{reason: reason}
	}
	return nil, said{reason: entra.ReasonToken}
}

func incompressible(n int) string {
	var b strings.Builder
	for i := 0; b.Len() < n; i++ {
		sum := challengeOf(strings.Repeat("x", i))
		b.WriteString(sum)
	}
	return b.String()[:n]
}

func person() access.Identity {
	return access.Identity{
		Issuer: "https://i", Tenant: "t", Object: "adele", Subject: "s", Name: "Adele Vance", PreferredUsername: "adele@example.com",
		Email: "mail@example.com", Roles: []string{"Admin"},
	}
}

// kit is a handler, its sessions, and what came of them.
type kit struct {
	t        testing.TB
	h        *Handler
	sessions *session.Manager
	cookies  cookie.Set
	provider *provider
	store    *memstore.Store // nil: sessions are in cookies
	list     *memstore.Log   // nil: there is no list of revoked tickets
	registry *prometheus.Registry
	signIns  []string // where sign-ins were to return to
	logs     *buffer
	audited  *buffer
}

// buffer may be written and read at once.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *buffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *buffer) reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.b.Reset()
}

func (l *buffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// place is where sessions are.
type place int

const (
	inStore   place = iota
	inCookies       // with a list of revoked tickets
	alone           // in cookies, without a list
)

func everyPlace() map[string]place {
	return map[string]place{"store": inStore, "list": inCookies, "alone": alone}
}

func newKit(t testing.TB, where place, changes ...func(*Config)) *kit {
	t.Helper()
	k := &kit{t: t, provider: &provider{}, cookies: cookie.New(cookie.Config{}), logs: &buffer{}, audited: &buffer{}, registry: prometheus.NewRegistry()}
	ring, err := seal.NewRing([][]byte{bytes.Repeat([]byte{1}, seal.KeySize)}, seal.Domain{BasePath: "/easyauth"})
	k.must(err)
	codec, err := ticket.New(ticket.Config{Ring: ring, Issuer: "https://i"})
	k.must(err)
	log := slog.New(slog.NewJSONHandler(k.logs, nil))
	cfg := session.Config{Codec: codec, Ring: ring, Cookies: k.cookies, Lifetime: 8 * time.Hour, CacheBytes: 1 << 20}
	switch where {
	case inStore:
		k.store = memstore.New("r", nil)
		cfg.Store = k.store
	case inCookies:
		k.list = memstore.NewLog(nil)
		cfg.Revoked, err = session.NewRevoked(session.RevokedConfig{Log: k.list})
		k.must(err)
	case alone:
	}
	k.sessions, err = session.New(cfg)
	k.must(err)
	served, err := hosts.New(hosts.Config{Hosts: []string{appHost, "other.example.com"}})
	k.must(err)
	pp, err := pages.New(pages.Config{})
	k.must(err)
	stream, err := audit.New(audit.Config{Writer: k.audited})
	k.must(err)
	hc := Config{
		Provider: k.provider, Sessions: k.sessions, Codec: codec, Ring: ring, Hosts: served, Pages: pp, Log: log, Audit: stream,
		Metrics: metrics.New(k.registry, "v1"), Paths: paths(), Audiences: []string{clientID}, Redirects: []string{tool},
		SignIn: func(w http.ResponseWriter, _ *http.Request, returnTo string) {
			k.signIns = append(k.signIns, returnTo)
			w.Header().Set("Location", "https://login.example.com/")
			w.WriteHeader(http.StatusFound)
		},
	}
	for _, change := range changes {
		change(&hc)
	}
	k.h, err = New(hc)
	k.must(err)
	return k
}

// run hears the list of revoked tickets until the returned function is called.
func (k *kit) run() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { k.sessions.Run(ctx) })
	return func() { cancel(); running.Wait() }
}

func (k *kit) must(err error) {
	k.t.Helper()
	if err != nil {
		k.t.Fatal(err)
	}
}

// signIn is the Cookie header of a browser with a session.
func (k *kit) signIn(id access.Identity) string {
	k.t.Helper()
	_, lines, _, err := k.sessions.Issue(context.Background(), nil, &id, nil, nil, "Firefox on Linux")
	k.must(err)
	var pairs []string
	for _, line := range lines {
		pair, _, _ := strings.Cut(line, ";")
		pairs = append(pairs, pair)
	}
	return strings.Join(pairs, "; ")
}

// call is a request that a test can change.
type call struct {
	handler http.Handler
	method  string
	target  string
	header  http.Header
	form    url.Values // becomes the body, unless there is one
	body    string
	peer    string
}

func post(handler http.Handler, path string, form url.Values) *call {
	return &call{
		handler: handler, method: http.MethodPost, target: app + path, form: form, peer: peer,
		header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}},
	}
}

func get(handler http.Handler, target string) *call {
	return &call{handler: handler, method: http.MethodGet, target: target, header: http.Header{}, peer: peer}
}

func (c *call) do() *httptest.ResponseRecorder {
	var body io.Reader
	switch {
	case c.body != "":
		body = strings.NewReader(c.body)
	case c.form != nil:
		body = strings.NewReader(c.form.Encode())
	}
	r := httptest.NewRequestWithContext(context.Background(), c.method, c.target, body)
	r.Header, r.RemoteAddr = c.header, c.peer
	w := httptest.NewRecorder()
	c.handler.ServeHTTP(w, r)
	return w
}

// reply is any JSON answer of this package.
type reply struct {
	status int
	header http.Header

	Access     string `json:"access_token"`
	Type       string `json:"token_type"`
	ExpiresIn  int64  `json:"expires_in"`
	IssuedType string `json:"issued_token_type"`
	Refresh    string `json:"refresh_token"`
	Token      string `json:"Token"`
	Expiry     string `json:"Expiry"`

	Error       string `json:"error"`
	Description string `json:"error_description"`

	LoginURL string `json:"login_url"`
	Active   bool   `json:"active"`
	Via      string `json:"via"`
	Object   string `json:"oid"`
	Expires  string `json:"expires_at"`
}

func read(t testing.TB, w *httptest.ResponseRecorder) *reply {
	t.Helper()
	a := &reply{status: w.Code, header: w.Header()}
	if err := json.Unmarshal(w.Body.Bytes(), a); err != nil {
		t.Fatalf("%d, no JSON: %v %.200q", w.Code, err, w.Body)
	}
	for name, want := range map[string]string{"Cache-Control": "no-store", "Content-Type": "application/json", "X-Content-Type-Options": "nosniff"} {
		if got := w.Header().Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	for _, name := range []string{"Set-Cookie", "Access-Control-Allow-Origin"} {
		if w.Header().Values(name) != nil {
			t.Errorf("the answer has %s", name)
		}
	}
	return a
}

func (k *kit) send(c *call) *reply {
	k.t.Helper()
	return read(k.t, c.do())
}

// mustFail fails the test unless a call is refused so.
func (k *kit) mustFail(what string, c *call, status int, code, word string) *reply {
	k.t.Helper()
	a := k.send(c)
	got, _, _ := strings.Cut(a.Description, ":")
	if a.status != status || a.Error != code || got != word || a.Access != "" || a.Refresh != "" {
		k.t.Errorf("%s: %d %s %q, want %d %s %s", what, a.status, a.Error, a.Description, status, code, word)
	}
	if descriptive(a.Description) != a.Description {
		k.t.Errorf("%s: error_description %q has characters that RFC 6749 has no place for", what, a.Description)
	}
	return a
}

// mustPass fails the test unless a call gives a token that is a session.
func (k *kit) mustPass(what string, c *call) *reply {
	k.t.Helper()
	a := k.send(c)
	if a.status != http.StatusOK || a.Error != "" {
		k.t.Fatalf("%s: %d %s %q", what, a.status, a.Error, a.Description)
	}
	if a.Type != "Bearer" || !strings.HasPrefix(a.Access, "ea_") || a.ExpiresIn < 1 || a.header.Get("Pragma") != "no-cache" || (a.Refresh == "") != (k.store == nil) {
		k.t.Errorf("%s: type %q, %d s, refresh %v", what, a.Type, a.ExpiresIn, a.Refresh != "")
	}
	if s, _, reason, err := k.sessions.ReadToken(context.Background(), a.Access); s == nil {
		k.t.Errorf("%s: the token is no session: %s %v", what, reason, err)
	}
	return a
}

// The forms that pass.

func (k *kit) exchange(token string) *call {
	return post(k.h.Token(), paths().Token, url.Values{"grant_type": {grantExchange}, "subject_token": {token}, "subject_token_type": {typeID}})
}

func (k *kit) classic(token string) *call {
	return post(k.h.Token(), paths().Token, url.Values{"id_token": {token}})
}

func (k *kit) refresh(token string) *call {
	return post(k.h.Token(), paths().Token, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}})
}

func (k *kit) redeem(code string) *call {
	return post(k.h.Token(), paths().Token, url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {loopback}, "code_verifier": {verifier},
	})
}

// redeemOf has another value in one parameter.
func (k *kit) redeemOf(code, parameter, value string) *call {
	c := k.redeem(code)
	c.form.Set(parameter, value)
	return c
}

func (k *kit) revoke(token string) *call {
	return post(k.h.Revoke(), paths().Revoke, url.Values{"token": {token}})
}

func (k *kit) whoami(token string) *call {
	c := get(k.h.Session(), app+paths().Session)
	if token != "" {
		c.header.Set("Authorization", "Bearer "+token)
	}
	return c
}

// ask is what a program asks login for.
func ask() url.Values {
	return url.Values{"redirect_uri": {loopback}, "state": {"st 1"}, "code_challenge": {challengeOf(verifier)}, "code_challenge_method": {"S256"}}
}

func (k *kit) login(query url.Values) *call {
	return get(k.h.Login(), app+paths().Login+"?"+query.Encode())
}

// link is the address that a person opens.
func (k *kit) link(query url.Values) string {
	k.t.Helper()
	a := k.send(k.login(query))
	if a.status != http.StatusOK || a.LoginURL == "" || a.ExpiresIn != 600 {
		k.t.Fatalf("login: %d %s %q", a.status, a.Error, a.Description)
	}
	return a.LoginURL
}

// open is the navigation to an address.
func (k *kit) open(link, cookies string) *call {
	c := get(k.h.Authorize(), link)
	c.header.Set("Accept", "text/html")
	if cookies != "" {
		c.header.Set("Cookie", cookies)
	}
	return c
}

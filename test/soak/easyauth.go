package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/easyauth-sidecar/easyauth/test/entra"
)

const (
	clientSecret = "a-secret-of-the-soak"

	// Caches are as small as they can be, so that they are filled again and again.
	cacheMB = 1

	// keyCoolDown is what EasyAuth lets pass between two fetches of keys.
	keyCoolDown = time.Minute
	// namesPause is what it lets pass after Microsoft Graph has refused names of groups.
	namesPause = 10 * time.Minute
)

// easyauth starts an emulated identity provider and EasyAuth, and returns the plan
// to soak it. stop ends both.
func easyauth(ctx context.Context, program string) (s *server, p *plan, stop func() error, err error) {
	idp, stopIDP, err := emulate(ctx)
	if err != nil {
		return nil, nil, nil, err
	}
	defer func() {
		if err != nil {
			stopIDP()
		}
	}()
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails
	m, err := newMint(key, idp)
	if err != nil {
		return nil, nil, nil, err
	}
	files, err := writeFiles(filepath.Dir(program))
	if err != nil {
		return nil, nil, nil, err
	}
	begun := time.Now()
	if s, err = start(ctx, program, append(environ(idp, key), files...)); err != nil {
		return nil, nil, nil, err
	}
	stop = func() error { defer stopIDP(); return s.stop() }
	if err = discovered(ctx, idp); err != nil {
		return nil, nil, nil, errors.Join(err, s.stop())
	}
	idle, err := newMeter(s.pid(), s.admin).take(ctx)
	if err != nil {
		return nil, nil, nil, errors.Join(err, s.stop())
	}
	clients := crowd{keeping: 12, opening: 4, leaving: 2, slow: 32, cutOff: time.Minute}
	p = &plan{
		crowd: clients,
		kinds: kinds(), mint: m, seed: uint64(begun.UnixNano()), begun: begun,
		provider: func() providerCalls { return calls(idp, clients.all()) },
		every:    time.Second, warmUp: 2 * time.Minute, settle: 30 * time.Second,
		limits: limits{caches: filledCaches(), passing: passingCaches(), part: 0.08, bytes: 4 << 20, turnover: 10, series: 8, rest: 8},
	}
	p.limits.ceiling = ceiling(idle, clients)
	return s, p, stop, nil
}

// emulate starts an identity provider that knows the application.
func emulate(ctx context.Context) (idp *entra.Server, stop func(), err error) {
	users := entra.DefaultUsers()
	for n := range people {
		users = append(users, entra.User{
			ID: personID(n), ObjectID: fmt.Sprintf("50a4%04x-0000-4000-8000-000000000000", n), Username: personID(n) + "@contoso.example", Name: "Person " + strconv.Itoa(n),
		})
	}
	idp = entra.New(entra.Config{Users: users, Clients: []entra.Client{
		{
			ID: clientID, Secret: clientSecret, Name: "Sample application", API: entra.API{Scopes: []string{"Orders.Read"}},
			RedirectURIs: []string{"https://" + host + callbackPath}, PostLogoutURIs: []string{"https://" + host + "/easyauth/signout-callback-oidc"},
		},
		{ID: callerID, Secret: "the-caller's", Name: "Nightly import"},
	}})
	stop, err = idp.Start(context.WithoutCancel(ctx), "")
	return idp, stop, err
}

// filledCaches are those that the kinds of requests fill.
func filledCaches() []string { return []string{"tickets", "queries", "bearer", "assertions"} }

// passingCaches are those that they offer something new too, and that nobody can fill: a bucket
// of the rate limiter is gone when it is full again, a second after one request.
func passingCaches() []string { return []string{"rate_limits"} }

// ceiling is how much memory a server may take at any time: its program's file; the
// heap in which garbage may gather, or, where that is more, twice the limits of all
// caches and what its clients may make it hold, because without room for more Go
// collects garbage when the heap has doubled; and some for what the collector leaves
// between.
func ceiling(idle sample, c crowd) float64 {
	const (
		room    = 96 << 20 // cmd/easyauth/collector.go
		request = 96 << 10 // header (64 KB and what is read ahead), stacks and buffers
		spare   = 16 << 20
	)
	live := float64(c.all() * request)
	for _, cache := range idle.caches {
		live += cache.limit
	}
	return idle.rss - idle.anon + max(room, idle.anon+2*live) + spare
}

func environ(idp *entra.Server, key []byte) []string {
	return []string{
		"EASYAUTH_INSTANCE=" + idp.BaseURL() + "/", "EASYAUTH_GRAPH_URL=" + idp.BaseURL(), "EASYAUTH_TENANT_ID=" + idp.TenantID(),
		"EASYAUTH_CLIENT_ID=" + clientID, "EASYAUTH_CLIENT_SECRET=" + clientSecret, "EASYAUTH_READ_REGISTRATION=false",
		"EASYAUTH_KEYS=" + base64.StdEncoding.EncodeToString(key), "EASYAUTH_HOSTS=" + host,
		"EASYAUTH_LISTEN=127.0.0.1:0", "EASYAUTH_ADMIN_LISTEN=127.0.0.1:0",
		"EASYAUTH_TOKEN_API=true", "EASYAUTH_TRUSTED_PROXIES=127.0.0.1/32",
		"EASYAUTH_ALLOW_BEARER=true", fmt.Sprintf("EASYAUTH_BEARER_CACHE_MB=%d", cacheMB), fmt.Sprintf("EASYAUTH_SESSION_CACHE_MB=%d", cacheMB),
	}
}

// policies are those that policyKinds name: both let read what is below /read.
const policies = `
policies:
  readers:
    deny:
      - {name: scripts, all: [{method: {is: DELETE}}, {role: {is: Robot}}]}
    allow:
      - {name: read, all: [{role: {is: Reader}}, {path: {starts_with: /read}}]}
  expressions:
    allow:
      - {name: read, expr: '"Reader" in identity.roles && request.path.startsWith("/read/")'}
`

// writeFiles writes what EasyAuth reads from files, and returns the variables that name them.
func writeFiles(dir string) ([]string, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	var names []string
	for variable, text := range map[string]string{
		"EASYAUTH_ASSERTION_KEYS_FILE": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})), "EASYAUTH_CONFIG_FILE": policies,
	} {
		file := filepath.Join(dir, variable)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			return nil, err
		}
		names = append(names, variable+"="+file)
	}
	return names, nil
}

// discovered waits until EasyAuth has read the provider's documents.
func discovered(ctx context.Context, idp *entra.Server) error {
	for deadline := time.Now().Add(patience); idp.Requests(entra.EndpointKeys) == 0; {
		if time.Now().After(deadline) || !wait(ctx, 20*time.Millisecond) {
			return errors.New("the server does not ask for the keys of the identity provider")
		}
	}
	return nil
}

func calls(idp *entra.Server, clients int) providerCalls {
	p := providerCalls{
		keys: idp.Requests(entra.EndpointKeys), coolDown: keyCoolDown, redeemed: idp.Grants("authorization_code"),
		names: idp.Requests(entra.EndpointGraph), pause: namesPause, onlookers: clients,
	}
	for _, e := range []entra.Endpoint{entra.EndpointAuthorize, entra.EndpointSignIn, entra.EndpointLogout, entra.EndpointUserInfo, entra.EndpointError, entra.EndpointLogo} {
		p.others += idp.Requests(e)
	}
	return p
}

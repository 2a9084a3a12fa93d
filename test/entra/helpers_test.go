package entra_test

import (
	"crypto/rand"
	"crypto/rsa"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"github.com/easyauth-sidecar/easyauth/test/entra"
)

const (
	webID     = "11111111-0000-4000-8000-000000000001"
	webSecret = "s3cr:et+%/ü"
	otherID   = "22222222-0000-4000-8000-000000000002"
	spaID     = "33333333-0000-4000-8000-000000000003"
	callback  = "https://app.test/easyauth/signin-oidc"
	goodbye   = "https://app.test/easyauth/signout-callback-oidc"
	apiScope  = "api://" + webID + "/access_as_user"
	v1Scope   = "https://orders.contoso.example/orders.read"
	verifier  = "a-verifier-of-at-least-forty-three-characters-0123456789"
)

// clock is a time that a test sets.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

func newClock() *clock { return &clock{t: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)} }

// signingKey is made once for all tests.
var signingKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

func config(now *clock) entra.Config {
	return entra.Config{
		Now: now.now, SigningKey: signingKey(),
		Clients: []entra.Client{
			{
				ID: webID, Secret: webSecret, Name: "Web", RedirectURIs: []string{callback, callback + "?keep=1"}, PostLogoutURIs: []string{goodbye},
				API:            entra.API{Scopes: []string{"access_as_user", "orders.write"}},
				AppPermissions: map[string][]string{"api://" + webID: {"Orders.Process"}, entra.GraphURI: {"Directory.Read.All"}},
				OptionalClaims: []string{entra.ClaimAuthTime, entra.ClaimSessionID, entra.ClaimLoginHint, entra.ClaimEmailOwn, entra.ClaimAppType},
			},
			{
				ID: otherID, Secret: "other", RedirectURIs: []string{"https://other.test/cb"}, PostLogoutURIs: []string{"https://other.test/bye"},
				API:      entra.API{URI: "https://orders.contoso.example", Scopes: []string{"orders.read"}, V1Tokens: true},
				AppRoles: []string{"Admin"}, OptionalClaims: []string{}, NoGroups: true,
				AdminConsent: []string{"openid", "profile"},
			},
			{ID: spaID, RedirectURIs: []string{"http://localhost/cb"}},
		},
	}
}

// world is a running emulator with a browser.
type world struct {
	*entra.Server
	t       *testing.T
	clock   *clock
	browser *http.Client
}

func start(t *testing.T) *world {
	t.Helper()
	c := newClock()
	return &world{Server: entra.StartTest(t, config(c)), t: t, clock: c, browser: browser(t)}
}

func browser(t *testing.T) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &http.Client{Jar: jar, Timeout: 30 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// oauth is the web application as an x/oauth2 client.
func (w *world) oauth(scopes ...string) *oauth2.Config {
	at := w.Authority() + "/oauth2/v2.0"
	return &oauth2.Config{
		ClientID: webID, ClientSecret: webSecret, RedirectURL: callback, Scopes: scopes,
		Endpoint: oauth2.Endpoint{AuthURL: at + "/authorize", TokenURL: at + "/token", AuthStyle: oauth2.AuthStyleInParams},
	}
}

// authorizeURL is a good request; edits are name, value pairs, and "" removes the parameter.
func (w *world) authorizeURL(scope string, edits ...string) string {
	cfg := w.oauth(strings.Fields(scope)...)
	u, err := url.Parse(cfg.AuthCodeURL("the-state", oauth2.S256ChallengeOption(verifier), oauth2.SetAuthURLParam("nonce", "the-nonce")))
	if err != nil {
		w.t.Fatal(err)
	}
	q := u.Query()
	for i := 0; i+1 < len(edits); i += 2 {
		q.Set(edits[i], edits[i+1])
		if edits[i+1] == "" {
			q.Del(edits[i])
		}
	}
	u.RawQuery = q.Encode()
	return u.String()
}

// signIn returns the parameters of the redirect URI.
func (w *world) signIn(user, authorizeURL string) url.Values {
	w.t.Helper()
	back, err := entra.SignIn(w.t.Context(), w.browser, authorizeURL, user)
	if err != nil {
		w.t.Fatal(err)
	}
	return query(w.t, back)
}

func query(t *testing.T, raw string) url.Values {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return u.Query()
}

// tokens signs in and redeems the code.
func (w *world) tokens(user, scope string) *oauth2.Token {
	w.t.Helper()
	got := w.signIn(user, w.authorizeURL(scope))
	tok, err := w.oauth().Exchange(w.t.Context(), got.Get("code"), oauth2.VerifierOption(verifier))
	if err != nil {
		w.t.Fatal(err)
	}
	return tok
}

// refused checks a token endpoint's error.
func refused(t *testing.T, got reply, status int, oauthError, aadsts string) {
	t.Helper()
	body := got.json(t)
	description, _ := body["error_description"].(string)
	if got.status != status || body["error"] != oauthError || !strings.HasPrefix(description, aadsts+": ") {
		t.Errorf("got %d %v %q, want %d %s %s", got.status, body["error"], description, status, oauthError, aadsts)
	}
}

// redeem exchanges the code of a callback.
func (w *world) redeem(back url.Values) *oauth2.Token {
	w.t.Helper()
	tok, err := w.oauth().Exchange(w.t.Context(), back.Get("code"), oauth2.VerifierOption(verifier))
	if err != nil {
		w.t.Fatal(err)
	}
	return tok
}

// list writes a JSON list of strings as words.
func list(v any) string {
	items, _ := v.([]any)
	words := make([]string, len(items))
	for i, item := range items {
		words[i], _ = item.(string)
	}
	return strings.Join(words, " ")
}
